/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "host/runtime.h"
#include "verdict/verdict.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* One test a rule of honesty, on small worlds that are built in a few lines. */

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

static struct world *world_new(void)
{
        struct world *w = calloc(1, sizeof(*w));
        w->arena = ARENA_INIT(64 << 20);
        w->mission = MISSION_MEDIUM;
        return w;
}

static void world_free(struct world *w)
{
        vec_done(&w->evidence);
        vec_done(&w->coverage);
        vec_done(&w->doubts);
        arena_done(&w->arena);
        free(w);
}

static size_t add_package(struct world *w, const char *name, const char *source, uint32_t runtimes)
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

static struct workload *add_workload(struct world *w, const char *id)
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
static void cover(struct world *w, const char *workload, uint32_t runtimes, int64_t since)
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

static struct evidence *see(struct world *w, size_t package, const char *workload, enum evidence_kind kind,
                            const char *subject)
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

static const struct verdict *judge(struct world *w)
{
        struct verdict_input in = {.packages = w->packages,
                                   .package_count = w->package_count,
                                   .matches = w->matches,
                                   .workloads = w->workloads,
                                   .workload_count = w->workload_count,
                                   .evidence = &w->evidence,
                                   .coverage = &w->coverage,
                                   .mission = w->mission,
                                   .doubts = &w->doubts};
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

/* ---- three answers ------------------------------------------------------------------------------------ */

static void covered_everywhere_gives_a_negative(void **state _unused_)
{
        struct world *w = world_new();
        add_package(w, "libx1", "x", RUNTIME_NATIVE);
        add_workload(w, "systemd:a.service");
        add_workload(w, "systemd:b.service");
        cover(w, "systemd:a.service", RUNTIME_NATIVE, 2000);
        cover(w, "systemd:b.service", RUNTIME_NATIVE, 3000);
        const struct verdict *v = judge(w);
        assert_int_equal(v->finding_count, 1);
        const struct finding *f = v->findings;
        assert_null(f->workload);
        assert_int_equal(f->loaded.value, ANSWER_NOT_OBSERVED);
        assert_string_equal(f->loaded.engine, "mapped");
        assert_int_equal(f->loaded.since, 3000); /* from here on both were watched */
        assert_int_equal(f->loaded.after, 3000);
        /* What is not loaded does not run. */
        assert_int_equal(f->executed.value, ANSWER_NOT_OBSERVED);
        assert_int_equal(f->reached.value, ANSWER_NOT_OBSERVED);
        assert_int_equal(f->exposed.value, ANSWER_NOT_OBSERVED);
        assert_int_equal(f->level_possible, LEVEL_PRESENT);
        assert_int_equal(f->decision, DECISION_TRACK);
        assert_false(f->decision_unknown);
        assert_string_equal(f->why, "not seen loaded since 1970-01-01");
        world_free(w);
}

/* A file that may be its own, and could not be told: no negative for the time in which it was mapped. */
static void a_doubt_makes_it_unknown(void **state _unused_)
{
        for (int late = 0; late < 2; late++) {
                struct world *w = world_new();
                size_t x = add_package(w, "libx1", "x", RUNTIME_NATIVE);
                add_package(w, "libx-dev", "x", 0);
                size_t other = add_package(w, "liby1", "y", RUNTIME_NATIVE);
                add_workload(w, "systemd:a.service");
                cover(w, "systemd:a.service", RUNTIME_NATIVE, 2000);
                *vec_add(&w->doubts) = (struct doubt){.workload = "systemd:a.service",
                                                      .package = package_key(&w->packages[x], &w->arena),
                                                      .subject = "/srv/x.so",
                                                      .reason = "/srv/x.so may be its file",
                                                      .first = 1500,
                                                      .last = late ? 2500 : 1900};
                const struct verdict *v = judge(w);
                assert_int_equal(v->finding_count, 2);
                for (size_t i = 0; i < v->finding_count; i++) {
                        const struct finding *f = &v->findings[i];
                        bool doubted = late && f->package != &w->packages[other];
                        assert_int_equal(f->loaded.value, doubted ? ANSWER_UNKNOWN : ANSWER_NOT_OBSERVED);
                        if (doubted)
                                assert_string_equal(f->loaded.reason, "/srv/x.so may be its file");
                }
                assert_int_equal(v->packages.unknown, late);
                assert_int_equal(v->vulnerabilities.unknown, late);
                world_free(w);
        }
}

/* A container that stopped yesterday: what it was seen to load cannot wait, and what nobody knows neither. */
static void what_can_wait_was_never_seen(void **state _unused_)
{
        enum { SEEN, UNSEEN, BLIND };
        for (int how = SEEN; how <= BLIND; how++) {
                struct world *w = world_new();
                size_t x = add_package(w, "libx1", "x", RUNTIME_NATIVE);
                add_workload(w, "container:a")->running = false;
                cover(w, "container:a", how == BLIND ? 0 : RUNTIME_NATIVE, 2000);
                if (how == SEEN)
                        see(w, x, "container:a", EVIDENCE_LOADED, "/lib/x.so");
                const struct verdict *v = judge(w);
                assert_int_equal(v->vulnerabilities.installed, 1);
                assert_int_equal(v->vulnerabilities.present, 0);
                assert_int_equal(v->waiting, how == UNSEEN);
                world_free(w);
        }
}

struct blind_case {
        const char *what;
        uint32_t package_runtimes, covered_a, covered_b;
        bool record_b; /* b has coverage at all */
        enum answer_value expected;
        const char *reason; /* part of it */
};

static void one_blind_spot_makes_it_unknown(void **state _unused_)
{
        static const struct blind_case cases[] = {
                {"all seen", RUNTIME_NATIVE, RUNTIME_NATIVE, RUNTIME_NATIVE, true, ANSWER_NOT_OBSERVED, NULL},
                {"one workload blind", RUNTIME_NATIVE, RUNTIME_NATIVE, 0, true, ANSWER_UNKNOWN, "native"},
                {"one workload not looked at", RUNTIME_NATIVE, RUNTIME_NATIVE, 0, false, ANSWER_UNKNOWN,
                 "not looked at (b)"},
                {"extension module and Python, Python blind", RUNTIME_NATIVE | RUNTIME_PYTHON, RUNTIME_NATIVE,
                 RUNTIME_NATIVE, true, ANSWER_UNKNOWN, "no CPython engine yet"},
                {"Python blind in one only", RUNTIME_PYTHON, RUNTIME_PYTHON, 0, true, ANSWER_UNKNOWN,
                 "no CPython engine yet"},
                {"Python seen in all", RUNTIME_PYTHON, RUNTIME_PYTHON, RUNTIME_PYTHON, true,
                 ANSWER_NOT_OBSERVED, NULL},
                {"files of unknown kind", RUNTIME_NATIVE | RUNTIME_UNKNOWN, RUNTIME_NATIVE, RUNTIME_NATIVE,
                 true, ANSWER_UNKNOWN, "engine"},
                {"a kind that this version does not know", 1u << 20, _RUNTIME_ALL, _RUNTIME_ALL, true,
                 ANSWER_UNKNOWN, "unknown kind"},
                {"no code, native seen", 0, RUNTIME_NATIVE, RUNTIME_NATIVE, true, ANSWER_NOT_OBSERVED, NULL},
                {"no code, nothing seen", 0, 0, 0, true, ANSWER_UNKNOWN, "native"},
                {"Java with seen natives", RUNTIME_JAVA, RUNTIME_NATIVE, RUNTIME_NATIVE, true, ANSWER_UNKNOWN,
                 "engine yet"},
        };
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const struct blind_case *c = &cases[i];
                struct world *w = world_new();
                add_package(w, "p", "p", c->package_runtimes);
                add_workload(w, "a");
                add_workload(w, "b");
                cover(w, "a", c->covered_a, START);
                if (c->record_b)
                        cover(w, "b", c->covered_b, START);
                const struct finding *f = judge(w)->findings;
                if (f->loaded.value != c->expected || (c->reason && !strstr(f->loaded.reason, c->reason)))
                        fail_msg("%s: %s, %s", c->what, answer_name(f->loaded.value),
                                 f->loaded.reason ? f->loaded.reason : "-");
                if (c->expected == ANSWER_UNKNOWN) {
                        assert_int_equal(f->level, LEVEL_PRESENT);
                        assert_int_equal(f->level_possible, LEVEL_REACHED);
                        assert_int_equal(f->executed.value, ANSWER_UNKNOWN);
                        assert_int_equal(w->verdict.packages.unknown, 1);
                }
                world_free(w);
        }
}

static void a_root_without_workloads_is_unknown(void **state _unused_)
{
        struct world *w = world_new();
        add_package(w, "p", "p", RUNTIME_NATIVE);
        const struct verdict *v = judge(w);
        assert_int_equal(v->findings[0].loaded.value, ANSWER_UNKNOWN);
        assert_int_equal(v->packages.installed, 1);
        assert_int_equal(v->packages.present, 0);
        world_free(w);
}

static void a_workload_that_ended_still_counts(void **state _unused_)
{
        struct world *w = world_new();
        size_t p = add_package(w, "p", "p", RUNTIME_NATIVE);
        add_workload(w, "a");
        add_workload(w, "gone")->running = false;
        cover(w, "a", RUNTIME_NATIVE, START);
        cover(w, "gone", 0, START);
        assert_int_equal(judge(w)->findings[0].loaded.value, ANSWER_UNKNOWN);
        /* What it used stays used. */
        see(w, p, "gone", EVIDENCE_LOADED, "/lib/x");
        const struct verdict *v = judge(w);
        assert_int_equal(v->findings[0].level, LEVEL_LOADED);
        assert_string_equal(v->findings[0].workload->id, "gone");
        world_free(w);
}

/* ---- yes ---------------------------------------------------------------------------------------------- */

static void loaded_is_not_executed(void **state _unused_)
{
        struct world *w = world_new();
        size_t p = add_package(w, "libx1", "x", RUNTIME_NATIVE);
        add_workload(w, "a");
        cover(w, "a", RUNTIME_NATIVE, START);
        see(w, p, "a", EVIDENCE_LOADED, "/usr/lib/libx.so.1");
        const struct finding *f = judge(w)->findings;
        assert_int_equal(f->loaded.value, ANSWER_YES);
        assert_int_equal(f->loaded.after, START);
        assert_int_equal(f->loaded.since, NOW - 10);
        assert_int_equal(f->executed.value, ANSWER_UNKNOWN);
        assert_string_equal(f->executed.reason, "not caught running; samples cannot tell that it did not");
        assert_int_equal(f->reached.value, ANSWER_UNKNOWN);
        assert_int_equal(f->level, LEVEL_LOADED);
        assert_int_equal(f->level_possible, LEVEL_REACHED);
        assert_int_equal(f->restart_needed.value, ANSWER_NOT_OBSERVED);
        assert_string_equal(f->why, "libx.so.1 loaded");
        world_free(w);
}

static void a_guess_says_so(void **state _unused_)
{
        struct world *w = world_new();
        size_t p = add_package(w, "libx1", "x", RUNTIME_NATIVE);
        w->packages[p].confidence = 60;
        add_workload(w, "a");
        cover(w, "a", RUNTIME_NATIVE, START);
        see(w, p, "a", EVIDENCE_LOADED, "/usr/lib/libx.so.1");
        assert_string_equal(judge(w)->findings[0].why, "package guessed, 60 %; libx.so.1 loaded");
        world_free(w);
}

static void an_extension_module_proves_its_python_package(void **state _unused_)
{
        struct world *w = world_new();
        size_t p = add_package(w, "yaml", "yaml", RUNTIME_NATIVE | RUNTIME_PYTHON);
        add_workload(w, "a");
        cover(w, "a", RUNTIME_NATIVE, START); /* Python is blind */
        see(w, p, "a", EVIDENCE_LOADED, "/opt/_yaml.so");
        const struct finding *f = judge(w)->findings;
        assert_int_equal(f->loaded.value, ANSWER_YES);
        assert_string_equal(f->executed.reason, "its functions were not looked into");
        world_free(w);
}

static void each_workload_that_uses_it_is_a_finding(void **state _unused_)
{
        struct world *w = world_new();
        size_t lib = add_package(w, "libx1", "x", RUNTIME_NATIVE);
        add_package(w, "x-bin", "x", RUNTIME_NATIVE);
        size_t other = add_package(w, "x-tools", "x", RUNTIME_NATIVE);
        add_workload(w, "a")->exposed = (struct answer){ANSWER_YES, NOW, NOW, "sockets", "tcp 0.0.0.0:80"};
        add_workload(w, "b");
        add_workload(w, "c");
        see(w, lib, "a", EVIDENCE_LOADED, "/lib/x");
        see(w, other, "b", EVIDENCE_LOADED, "/usr/bin/x");
        see(w, lib, "b", EVIDENCE_EXECUTED, "x_init");
        const struct verdict *v = judge(w);
        assert_int_equal(v->finding_count, 2);
        const struct finding *first = &v->findings[0], *second = &v->findings[1];
        assert_string_equal(first->workload->id, "a"); /* exposed: worse */
        assert_string_equal(first->why, "x loaded; exposed: tcp 0.0.0.0:80");
        assert_string_equal(second->workload->id, "b");
        assert_int_equal(second->level, LEVEL_EXECUTED);
        assert_string_equal(second->package->name, "libx1"); /* the binary with the highest level */
        assert_int_equal(second->binary_count, 2);
        assert_int_equal(second->evidence_count, 2);
        assert_string_equal(first->key, second->key);
        assert_string_equal(first->key, "Debian:12|x|1.0-1||CVE-2024-0001");
        assert_int_equal(v->vulnerabilities.installed, 1);
        assert_int_equal(v->vulnerabilities.loaded, 1);
        assert_int_equal(v->vulnerabilities.executed, 1);
        assert_int_equal(v->packages.installed, 3);
        assert_int_equal(v->packages.loaded, 2);
        assert_int_equal(v->packages.executed, 1);
        assert_int_equal(v->packages.unknown, 1); /* x-bin: no coverage at all */
        world_free(w);
}

static void only_root_symbols_reach(void **state _unused_)
{
        static struct symbol symbols[] = {
                {"golang.org/x/text/language", "Parse", NULL, "root", "GO-1"},
                {"golang.org/x/text/language", "Make", NULL, "derived", "GO-1"},
        };
        struct bug bug = remote_bug;
        bug.symbols = symbols;
        bug.symbol_count = 2;
        const struct {
                const char *subject;
                enum level level;
        } cases[] = {
                {"golang.org/x/text/language.Parse", LEVEL_REACHED},
                {"Parse", LEVEL_REACHED},
                {"golang.org/x/text/language.Make", LEVEL_EXECUTED},
                {"golang.org/x/text/language.ParseAcceptLanguage", LEVEL_EXECUTED},
                {"other.Parse", LEVEL_EXECUTED},
        };
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct world *w = world_new();
                size_t p = add_package(w, "golang.org/x/text", "golang.org/x/text", RUNTIME_NATIVE);
                w->matches[p].bugs = &bug;
                add_workload(w, "a");
                see(w, p, "a", EVIDENCE_REACHED, cases[i].subject);
                const struct finding *f = judge(w)->findings;
                assert_int_equal(f->level, cases[i].level);
                assert_int_equal(f->executed.value, ANSWER_YES);
                assert_int_equal(f->loaded.value, ANSWER_YES);
                if (cases[i].level == LEVEL_REACHED)
                        assert_non_null(strstr(f->why, " ran"));
                world_free(w);
        }
}

static void stale_code_needs_a_restart(void **state _unused_)
{
        struct world *w = world_new();
        size_t old = add_package(w, "libx1", "x", RUNTIME_NATIVE),
               new = add_package(w, "libx1", "x", RUNTIME_NATIVE);
        w->packages[old].stale = true;
        w->packages[new].version = w->packages[new].source_version = "1.0-2";
        w->matches[new].bug_count = 0;
        add_workload(w, "a");
        see(w, old, "a", EVIDENCE_LOADED, "/usr/lib/libx.so.1")->stale = STALE_YES;
        const struct verdict *v = judge(w);
        assert_int_equal(v->finding_count, 1);
        assert_true(v->findings[0].stale);
        assert_int_equal(v->findings[0].restart_needed.value, ANSWER_YES);
        assert_string_equal(v->findings[0].why, "old libx.so.1 still mapped: restart");
        assert_int_equal(v->packages_clean, 1);
        world_free(w);
}

static void a_file_that_was_not_compared_leaves_restart_open(void **state _unused_)
{
        struct world *w = world_new();
        size_t p = add_package(w, "libx1", "x", RUNTIME_NATIVE);
        add_workload(w, "a");
        see(w, p, "a", EVIDENCE_LOADED, "/usr/lib/libx.so.1")->stale = STALE_UNKNOWN;
        const struct finding *f = &judge(w)->findings[0];
        assert_int_equal(f->restart_needed.value, ANSWER_UNKNOWN);
        assert_false(f->stale);
        world_free(w);
}

static void an_unreadable_process_leaves_restart_open(void **state _unused_)
{
        struct world *w = world_new();
        size_t p = add_package(w, "libx1", "x", RUNTIME_NATIVE);
        add_workload(w, "a")->unreadable = 1;
        see(w, p, "a", EVIDENCE_LOADED, "/usr/lib/libx.so.1");
        assert_int_equal(judge(w)->findings[0].restart_needed.value, ANSWER_UNKNOWN);
        world_free(w);
}

static void evidence_of_a_forgotten_workload_stays_a_yes(void **state _unused_)
{
        struct world *w = world_new();
        size_t p = add_package(w, "libx1", "x", RUNTIME_NATIVE);
        add_workload(w, "a");
        cover(w, "a", RUNTIME_NATIVE, START);
        see(w, p, "no longer known", EVIDENCE_LOADED, "/usr/lib/libx.so.1");
        const struct finding *f = judge(w)->findings;
        assert_null(f->workload);
        assert_int_equal(f->loaded.value, ANSWER_YES);
        assert_int_equal(f->level, LEVEL_LOADED);
        world_free(w);
}

/* ---- roots, names, not evaluated ------------------------------------------------------------------------
 */

static void roots_do_not_speak_for_each_other(void **state _unused_)
{
        struct world *w = world_new();
        size_t here = add_package(w, "libx1", "x", RUNTIME_NATIVE),
               there = add_package(w, "libx1", "x", RUNTIME_NATIVE);
        w->packages[there].root = "image:sha256:1";
        add_workload(w, "a");
        add_workload(w, "c")->root = "image:sha256:1";
        cover(w, "a", RUNTIME_NATIVE, START);
        see(w, here, "a", EVIDENCE_LOADED, "/lib/x");
        const struct verdict *v = judge(w);
        assert_int_equal(v->finding_count, 2);
        for (size_t i = 0; i < 2; i++)
                assert_int_equal(v->findings[i].loaded.value,
                                 v->findings[i].package == &w->packages[here] ? ANSWER_YES : ANSWER_UNKNOWN);
        assert_int_equal(v->vulnerabilities.installed, 2);
        assert_string_equal(v->findings[0].key, v->findings[1].key);
        world_free(w);
}

static void no_data_is_not_clean(void **state _unused_)
{
        struct world *w = world_new();
        for (size_t i = 0; i < 3; i++) {
                size_t p = add_package(w, i == 0 ? "a" : i == 1 ? "b" : "c", NULL, RUNTIME_NATIVE);
                w->matches[p].bug_count = 0;
                if (i < 2)
                        w->matches[p] = (struct match){.outcome = MATCH_NOT_EVALUATED,
                                                       .reason = "no advisories here",
                                                       .mend = "usewear db import DIR"};
        }
        const struct verdict *v = judge(w);
        assert_int_equal(v->packages_clean, 1);
        assert_int_equal(v->not_evaluated_count, 1);
        assert_int_equal(v->not_evaluated[0].packages, 2);
        assert_string_equal(v->not_evaluated[0].ecosystem, "Debian:12");
        assert_int_equal(v->finding_count, 0);
        world_free(w);
}

/* ---- unknowns in the rank ---------------------------------------------------------------------------------
 */

static void unknown_ranks_right_behind_the_proven(void **state _unused_)
{
        struct world *w = world_new();
        size_t proven = add_package(w, "a-proven", "a-proven", RUNTIME_NATIVE);
        add_package(w, "b-unknown", "b-unknown", RUNTIME_PYTHON);
        add_package(w, "c-unused", "c-unused", RUNTIME_NATIVE);
        struct bug known = remote_bug;
        static struct symbol symbol = {"", "f", NULL, "root", "X"};
        known.symbols = &symbol;
        known.symbol_count = 1;
        for (size_t i = 0; i < 3; i++)
                w->matches[i].bugs = &known;
        add_workload(w, "a")->exposed = (struct answer){ANSWER_YES, NOW, NOW, "sockets", "tcp 0.0.0.0:80"};
        cover(w, "a", RUNTIME_NATIVE, START);
        see(w, proven, "a", EVIDENCE_REACHED, "f");
        const struct verdict *v = judge(w);
        assert_string_equal(v->findings[0].package->name, "a-proven");
        assert_int_equal(v->findings[0].decision, DECISION_ACT);
        assert_false(v->findings[0].decision_unknown);
        assert_string_equal(v->findings[1].package->name, "b-unknown");
        assert_int_equal(v->findings[1].decision, DECISION_ACT);
        assert_true(v->findings[1].decision_unknown);
        assert_int_equal(v->findings[1].exposed.value, ANSWER_YES); /* the only one that could use it is */
        assert_string_equal(v->findings[2].package->name, "c-unused");
        assert_int_equal(v->findings[2].decision, DECISION_TRACK);
        world_free(w);
}

static void who_might_use_it_decides_its_exposure(void **state _unused_)
{
        for (int closed = 0; closed < 3; closed++) {
                struct world *w = world_new();
                add_package(w, "p", "p", RUNTIME_PYTHON);
                struct answer yes = {ANSWER_YES, NOW, NOW, "sockets", "tcp 0.0.0.0:80"};
                struct workload *a = add_workload(w, "a"), *b = add_workload(w, "b"),
                                *c = add_workload(w, "c");
                if (closed < 2)
                        a->exposed = yes;
                if (closed < 1)
                        b->exposed = yes;
                c->exposed = yes; /* holds no Python: does not matter */
                cover(w, "a", RUNTIME_NATIVE, START);
                cover(w, "b", RUNTIME_NATIVE, START);
                cover(w, "c", RUNTIME_NATIVE | RUNTIME_PYTHON, START);
                static const enum answer_value expected[] = {ANSWER_YES, ANSWER_UNKNOWN, ANSWER_NOT_OBSERVED};
                const struct finding *f = judge(w)->findings;
                assert_int_equal(f->exposed.value, expected[closed]);
                assert_int_equal(f->decision, closed < 2 ? DECISION_ACT : DECISION_TRACK_STAR);
                assert_true(f->decision_unknown);
                world_free(w);
        }
}

/* ---- order ------------------------------------------------------------------------------------------------
 */

static void print_verdict(const struct verdict *v, struct buf *to)
{
        for (size_t i = 0; i < v->finding_count; i++) {
                const struct finding *f = &v->findings[i];
                buf_addf(to, "%s %s %s %d %d %d %s %zu %zu %s\n", f->key, f->package->name,
                         f->workload ? f->workload->id : "-", f->level, f->decision, f->loaded.value, f->why,
                         f->evidence_count, f->binary_count, f->loaded.reason ? f->loaded.reason : "-");
                for (size_t k = 0; k < f->evidence_count; k++)
                        buf_addf(to, "  %s %s\n", f->evidence[k]->package, f->evidence[k]->subject);
        }
        buf_addf(to, "%zu %zu %zu %zu\n", v->packages.loaded, v->packages.unknown, v->vulnerabilities.loaded,
                 v->packages_clean);
}

/* Calls must not stand in the arguments: each is used more than once. */
#define SHUFFLE(items, count)                          \
        for (size_t _i = (count); _i-- > 1;) {         \
                size_t _k = (size_t)rand() % (_i + 1); \
                __auto_type _t = (items)[_i];          \
                (items)[_i] = (items)[_k];             \
                (items)[_k] = _t;                      \
        }

static void shuffle(struct world *w)
{
        for (size_t i = w->package_count; i-- > 1;) {
                size_t k = (size_t)rand() % (i + 1);
                struct package package = w->packages[i];
                struct match match = w->matches[i];
                w->packages[i] = w->packages[k];
                w->matches[i] = w->matches[k];
                w->packages[k] = package;
                w->matches[k] = match;
        }
        SHUFFLE(w->workloads, w->workload_count);
        SHUFFLE(w->evidence.items, w->evidence.count);
        SHUFFLE(w->coverage.items, w->coverage.count);
}

static void the_order_of_the_input_does_not_show(void **state _unused_)
{
        struct world *w = world_new();
        struct bug bugs[2] = {remote_bug, remote_bug};
        bugs[1].id = "CVE-2024-0002";
        const char *names[] = {"libx1", "x-bin", "liby", "z", "q"};
        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                size_t p = add_package(w, names[i], i < 2 ? "x" : names[i],
                                       i == 3 ? RUNTIME_PYTHON : RUNTIME_NATIVE);
                w->matches[p] = (struct match){.bugs = bugs, .bug_count = i == 4 ? 0 : 2};
        }
        add_workload(w, "a");
        add_workload(w, "b");
        add_workload(w, "c")->exposed = (struct answer){ANSWER_YES, NOW, NOW, "sockets", "tcp"};
        cover(w, "a", RUNTIME_NATIVE, 100);
        cover(w, "b", RUNTIME_NATIVE, 200);
        cover(w, "c", RUNTIME_NATIVE | RUNTIME_PYTHON, 300);
        cover(w, "c", RUNTIME_NATIVE, 300); /* twice, and they disagree */
        see(w, 0, "a", EVIDENCE_LOADED, "/lib/x");
        see(w, 0, "a", EVIDENCE_LOADED, "/lib/x2");
        see(w, 1, "a", EVIDENCE_LOADED, "/bin/x");
        see(w, 1, "c", EVIDENCE_LOADED, "/bin/x");
        _cleanup_buf_ struct buf first = BUF_INIT(1 << 20);
        print_verdict(judge(w), &first);
        srand(1);
        for (int round = 0; round < 200; round++) {
                _cleanup_buf_ struct buf again = BUF_INIT(1 << 20);
                shuffle(w);
                print_verdict(judge(w), &again);
                assert_string_equal(first.data, again.data);
        }
        world_free(w);
}

/* ---- hostile and large -------------------------------------------------------------------------------- */

static void hostile_names_stay_one_line(void **state _unused_)
{
        struct world *w = world_new();
        size_t p = add_package(w, "libx1", "x", RUNTIME_NATIVE);
        char path[400];
        memset(path, 'a', sizeof(path) - 1);
        path[sizeof(path) - 1] = 0;
        memcpy(path, "\x1b[31m\n\xff", 7);
        for (size_t i = 50; i + 3 < 200; i += 3)
                memcpy(path + i, "\xe2\x82\xac", 3);
        add_workload(w, "a");
        see(w, p, "a", EVIDENCE_LOADED, path);
        const char *why = judge(w)->findings[0].why;
        size_t columns = 0;
        for (const char *c = why; *c; c++) {
                assert_true((unsigned char)*c >= ' ');
                columns += ((unsigned char)*c & 0xc0) != 0x80;
        }
        assert_true(columns > 20 && columns <= 60);
        world_free(w);
}

static void too_little_memory_is_an_error(void **state _unused_)
{
        struct world *w = world_new();
        size_t p = add_package(w, "libx1", "x", RUNTIME_NATIVE);
        add_workload(w, "a");
        see(w, p, "a", EVIDENCE_LOADED, "/lib/x");
        struct verdict_input in = {.packages = w->packages,
                                   .package_count = w->package_count,
                                   .matches = w->matches,
                                   .workloads = w->workloads,
                                   .workload_count = w->workload_count,
                                   .evidence = &w->evidence,
                                   .coverage = &w->coverage,
                                   .mission = w->mission,
                                   .doubts = &w->doubts};
        bool succeeded = false;
        for (size_t limit = 64; limit < 1 << 20 && !succeeded; limit += 64) {
                _cleanup_arena_ struct arena a = ARENA_INIT(limit);
                struct verdict v = {.finding_count = 77};
                int r = verdict_compute(&in, &a, &v);
                succeeded = r == 0;
                if (!succeeded) {
                        assert_int_equal(r, -ENOMEM);
                        assert_int_equal(v.finding_count, 77);
                }
        }
        assert_true(succeeded);
        world_free(w);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(covered_everywhere_gives_a_negative),
                cmocka_unit_test(a_doubt_makes_it_unknown),
                cmocka_unit_test(what_can_wait_was_never_seen),
                cmocka_unit_test(one_blind_spot_makes_it_unknown),
                cmocka_unit_test(a_root_without_workloads_is_unknown),
                cmocka_unit_test(a_workload_that_ended_still_counts),
                cmocka_unit_test(loaded_is_not_executed),
                cmocka_unit_test(a_guess_says_so),
                cmocka_unit_test(an_extension_module_proves_its_python_package),
                cmocka_unit_test(each_workload_that_uses_it_is_a_finding),
                cmocka_unit_test(only_root_symbols_reach),
                cmocka_unit_test(stale_code_needs_a_restart),
                cmocka_unit_test(a_file_that_was_not_compared_leaves_restart_open),
                cmocka_unit_test(an_unreadable_process_leaves_restart_open),
                cmocka_unit_test(evidence_of_a_forgotten_workload_stays_a_yes),
                cmocka_unit_test(roots_do_not_speak_for_each_other),
                cmocka_unit_test(no_data_is_not_clean),
                cmocka_unit_test(unknown_ranks_right_behind_the_proven),
                cmocka_unit_test(who_might_use_it_decides_its_exposure),
                cmocka_unit_test(the_order_of_the_input_does_not_show),
                cmocka_unit_test(hostile_names_stay_one_line),
                cmocka_unit_test(too_little_memory_is_an_error),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
