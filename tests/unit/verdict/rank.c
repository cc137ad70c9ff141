/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

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

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(unknown_ranks_right_behind_the_proven),
                cmocka_unit_test(who_might_use_it_decides_its_exposure),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
