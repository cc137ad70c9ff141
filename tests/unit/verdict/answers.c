/* SPDX-License-Identifier: Apache-2.0 */
/* One test a rule of honesty. */
#include "world.h"

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

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(covered_everywhere_gives_a_negative),
                cmocka_unit_test(a_doubt_makes_it_unknown),
                cmocka_unit_test(what_can_wait_was_never_seen),
                cmocka_unit_test(one_blind_spot_makes_it_unknown),
                cmocka_unit_test(a_root_without_workloads_is_unknown),
                cmocka_unit_test(a_workload_that_ended_still_counts),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
