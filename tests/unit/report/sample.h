/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A report made by hand that the tests of src/report share: two bugs, one used and one that nobody uses. */

#include "report/report.h"

struct sample {
        struct report report;
        struct verdict verdict;
        struct package packages[2];
        struct bug bugs[2];
        struct workload workload;
        struct finding findings[2];
        struct evidence evidence;
        const struct evidence *proof[1];
        struct not_evaluated missing[1];
        struct advisory_source sources[1];
        advisory_source_list advisories;
        coverage_list coverage;
        loss_list losses;
        const char *limits[1];
};

enum { SAMPLE_NOW = 1795509840 }; /* 2026-11-24T08:44:00Z */

static inline struct bug sample_bug(const char *id, const char *vector, double score)
{
        return (struct bug){.id = id,
                            .severity = {"critical", score, vector, "NVD"},
                            .epss = -1,
                            .epss_percentile = -1,
                            .fixed_version = "2.15.0",
                            .fix_state = FIX_FIXED};
}

static inline void sample_fill(struct sample *s)
{
        static const char *aliases[] = {"GHSA-jfh8-c2jp-5v3q"};
        const struct answer unknown = {.reason = "no JVM engine yet"};
        const struct answer never = {ANSWER_NOT_OBSERVED, SAMPLE_NOW - 60, SAMPLE_NOW - 60, "sockets", NULL};
        const struct answer yes = {ANSWER_YES, SAMPLE_NOW - 90, SAMPLE_NOW - 90, "mapped", "0.0.0.0:8080"};
        *s = (struct sample){};
        s->packages[0] = (struct package){.root = "host",
                                          .ecosystem = "Maven",
                                          .name = "org.apache.logging.log4j:log4j-core",
                                          .version = "2.14.1",
                                          .source = "org.apache.logging.log4j:log4j-core",
                                          .path = "/srv/search/app.jar"};
        s->packages[1] = (struct package){.root = "host",
                                          .ecosystem = "PyPI",
                                          .name = "jinja2",
                                          .version = "2.11.2",
                                          .source = "jinja2"};
        s->bugs[0] = sample_bug("CVE-2021-44228", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", 10);
        s->bugs[0].aliases = aliases;
        s->bugs[0].alias_count = 1;
        s->bugs[0].kev_added = "2021-12-10";
        s->bugs[0].epss = 0.944;
        s->bugs[0].epss_percentile = 0.999;
        s->bugs[0].epss_date = "2026-11-23";
        s->bugs[1] = sample_bug("CVE-2020-28493", "CVSS:3.1/AV:L/AC:H/PR:L/UI:R/S:U/C:N/I:N/A:L", 2.1);
        s->bugs[1].fixed_version = NULL;
        s->bugs[1].fix_state = FIX_WONT_FIX;
        s->workload = (struct workload){.id = "systemd:search.service",
                                        .name = "search.service",
                                        .root = "host",
                                        .kind = WORKLOAD_SYSTEMD,
                                        .running = true,
                                        .processes = 1};
        s->evidence = (struct evidence){.workload = s->workload.id,
                                        .package = "p",
                                        .subject = "/srv/search/app.jar",
                                        .kind = EVIDENCE_LOADED,
                                        .engine = "mapped",
                                        .pid = 812,
                                        .first = SAMPLE_NOW - 90,
                                        .last = SAMPLE_NOW,
                                        .after = SAMPLE_NOW - 90};
        s->proof[0] = &s->evidence;
        s->findings[0] = (struct finding){.key = "Maven|log4j|CVE-2021-44228",
                                          .bug = &s->bugs[0],
                                          .package = &s->packages[0],
                                          .workload = &s->workload,
                                          .level = LEVEL_LOADED,
                                          .level_possible = LEVEL_REACHED,
                                          .loaded = yes,
                                          .executed = unknown,
                                          .reached = unknown,
                                          .exposed = yes,
                                          .privileged = never,
                                          .restart_needed = never,
                                          .decision = DECISION_ACT,
                                          .decision_proven = DECISION_ACT,
                                          .why = "loaded and open to the network; in KEV",
                                          .evidence = s->proof,
                                          .evidence_count = 1};
        s->findings[1] = (struct finding){.key = "PyPI|jinja2|CVE-2020-28493",
                                          .bug = &s->bugs[1],
                                          .package = &s->packages[1],
                                          .level = LEVEL_PRESENT,
                                          .level_possible = LEVEL_PRESENT,
                                          .loaded = never,
                                          .executed = never,
                                          .reached = never,
                                          .exposed = never,
                                          .privileged = never,
                                          .restart_needed = never,
                                          .decision = DECISION_TRACK,
                                          .decision_proven = DECISION_TRACK,
                                          .why = "not seen loaded"};
        s->missing[0] = (struct not_evaluated){"Debian:12", 1402, "no advisories of Debian:12 here",
                                               "usewear db import Debian/all.zip"};
        s->verdict = (struct verdict){.findings = s->findings,
                                      .finding_count = 2,
                                      .packages = {3212, 1204, 388, 171, 0, 42},
                                      .vulnerabilities = {1870, 96, 21, 9, 3, 14},
                                      .waiting = 1835,
                                      .packages_clean = 1808,
                                      .not_evaluated = s->missing,
                                      .not_evaluated_count = 1};
        s->sources[0] =
                (struct advisory_source){"PyPI", 17204, SAMPLE_NOW - 95 * 86400, SAMPLE_NOW, "starter"};
        s->advisories.items = s->sources;
        s->advisories.count = 1;
        s->limits[0] = "3 processes could not be read: no CAP_SYS_PTRACE";
        s->report = (struct report){
                .host = {"abc", "web01", "Debian GNU/Linux 12 (bookworm)", "6.1.0-50", "boot"},
                .time = SAMPLE_NOW,
                .now = SAMPLE_NOW,
                .processes = 1214,
                .workloads = 31,
                .look_seconds = 1.2,
                .advisories = &s->advisories,
                .coverage = &s->coverage,
                .losses = &s->losses,
                .limits = s->limits,
                .limit_count = 1,
                .verdict = &s->verdict,
                .mission = MISSION_MEDIUM};
}

/* Every name that comes from outside becomes this one. */
static inline void sample_poison(struct sample *s, const char *name)
{
        for (int i = 0; i < 2; i++) {
                s->packages[i].name = s->packages[i].version = s->packages[i].path = name;
                s->packages[i].source = s->packages[i].root = name;
                s->bugs[i].fixed_version = name;
                s->bugs[i].severity.source = s->bugs[i].severity.vector = name;
                s->findings[i].why = name;
        }
        s->workload.id = s->workload.name = s->evidence.subject = name;
        s->report.host.name = s->report.host.os = s->report.host.kernel = name;
        s->limits[0] = s->missing[0].ecosystem = s->missing[0].reason = name;
        s->sources[0].ecosystem = s->sources[0].source = name;
}

static inline bool sample_is_harmless(const struct buf *text)
{
        for (size_t i = 0; i < text->size;) {
                unsigned char c = (unsigned char)text->data[i];
                size_t size = c < 0x80 ? (c == '\n' || (c >= 0x20 && c != 0x7f)) : utf8_size(text->data + i);
                if (!size || (c == 0xc2 && (unsigned char)text->data[i + 1] < 0xa0))
                        return false;
                i += size;
        }
        return true;
}
