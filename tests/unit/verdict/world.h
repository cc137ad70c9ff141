/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Small worlds that are built in a few lines, and what is judged of them. */

#include "host/runtime.h"
#include "verdict/verdict.h"

#include <stdio.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { START = 1000, NOW = 5000 };

struct world {
        struct arena arena;
        struct package packages[8];
        struct match matches[8];
        size_t package_count;
        struct workload workloads[8];
        size_t workload_count;
        evidence_list evidence;
        coverage_list coverage;
        doubt_list doubts;
        enum mission mission;
        struct verdict verdict;
};

static struct bug remote_bug = {
        .id = "CVE-2024-0001",
        .severity = {"critical", 9.8, "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "CVE-2024-0001"},
        .epss = -1,
};

static inline struct world *world_new(void)
{
        struct world *w = calloc(1, sizeof(*w));
        w->arena = ARENA_INIT(64 << 20);
        w->mission = MISSION_MEDIUM;
        return w;
}

static inline void world_free(struct world *w)
{
        vec_done(&w->evidence);
        vec_done(&w->coverage);
        vec_done(&w->doubts);
        arena_done(&w->arena);
        free(w);
}

static inline size_t add_package(struct world *w, const char *name, const char *source, uint32_t runtimes)
{
        w->packages[w->package_count] = (struct package){
                .root = "host",
                .ecosystem = "Debian",
                .release = "12",
                .name = name,
                .version = "1.0-1",
                .arch = "amd64",
                .source = source,
                .source_version = "1.0-1",
                .runtimes = runtimes,
        };
        w->matches[w->package_count] = (struct match){.compared = 3, .bugs = &remote_bug, .bug_count = 1};
        return w->package_count++;
}

static inline struct workload *add_workload(struct world *w, const char *id)
{
        struct workload *to = &w->workloads[w->workload_count++];
        *to = (struct workload){
                .id = id,
                .name = id,
                .root = "host",
                .running = true,
                .processes = 1,
                .last_seen = NOW,
                .exposed = {ANSWER_NOT_OBSERVED, NOW, NOW, "sockets", NULL},
                .privileged = {ANSWER_NOT_OBSERVED, NOW, NOW, "procfs", NULL},
        };
        return to;
}

/* Cover these runtimes of the workload, the others are blind. */
static inline void cover(struct world *w, const char *workload, uint32_t runtimes, int64_t since)
{
        for (uint32_t bit = 1; bit & _RUNTIME_ALL; bit <<= 1) {
                struct coverage *c = vec_add(&w->coverage);
                bool seen = runtimes & bit;
                *c = (struct coverage){
                        .workload = workload,
                        .root = "host",
                        .runtime = bit,
                        .engine = seen ? "mapped" : NULL,
                        .reason =
                                seen ? NULL : arena_printf(&w->arena, "no %s engine yet", runtime_name(bit)),
                        .since = since,
                        .until = NOW,
                };
        }
}

static inline struct evidence *see(struct world *w, size_t package, const char *workload,
                                   enum evidence_kind kind, const char *subject)
{
        struct evidence *e = vec_add(&w->evidence);
        *e = (struct evidence){
                .workload = workload,
                .package = package_key(&w->packages[package], &w->arena),
                .subject = subject,
                .kind = kind,
                .engine = "mapped",
                .pid = 7,
                .first = NOW - 10,
                .last = NOW,
                .after = START,
        };
        return e;
}

static inline struct verdict_input world_input(const struct world *w)
{
        return (struct verdict_input){.packages = w->packages,
                                      .package_count = w->package_count,
                                      .matches = w->matches,
                                      .workloads = w->workloads,
                                      .workload_count = w->workload_count,
                                      .evidence = &w->evidence,
                                      .coverage = &w->coverage,
                                      .mission = w->mission,
                                      .doubts = &w->doubts};
}

static inline const struct verdict *judge(struct world *w)
{
        const struct verdict_input in = world_input(w);
        assert_int_equal(verdict_compute(&in, &w->arena, &w->verdict), 0);
        for (size_t i = 0; i < w->verdict.finding_count; i++) {
                const struct finding *f = &w->verdict.findings[i];
                const struct answer *answers[] = {&f->loaded,  &f->executed,   &f->reached,
                                                  &f->exposed, &f->privileged, &f->restart_needed};
                for (size_t k = 0; k < ARRAY_SIZE(answers); k++) {
                        /* No negative without an engine, no unknown without a reason. */
                        if (answers[k]->value == ANSWER_UNKNOWN)
                                assert_non_null(answers[k]->reason);
                        else
                                assert_non_null(answers[k]->engine);
                }
                assert_true(f->level <= f->level_possible);
                assert_true(f->decision_proven <= f->decision);
                assert_non_null(f->why);
        }
        return &w->verdict;
}
