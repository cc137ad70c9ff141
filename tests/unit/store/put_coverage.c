/* SPDX-License-Identifier: Apache-2.0 */
#include "past.h"

static void windows_of_coverage(void **state _unused_)
{
        static const struct {
                const char *what;
                struct {
                        const char *engine;
                        int64_t since, until;
                        const char *gaps;
                } put[4];
                const char *engine;
                int64_t since, until;
                const char *gaps; /* part of it */
        } cases[] = {
                {"a single look", {{"mapped", 500, 500, NULL}}, "mapped", 500, 500, NULL},
                {"two single looks: the later one",
                 {{"mapped", 500, 500, NULL}, {"mapped", 600, 600, NULL}},
                 "mapped",
                 600,
                 600,
                 NULL},
                {"a watch grows",
                 {{"mapped", 500, 510, NULL}, {"mapped", 500, 520, NULL}, {"mapped", 500, 530, NULL}},
                 "mapped",
                 500,
                 530,
                 NULL},
                {"a new watch begins a window",
                 {{"mapped", 500, 510, NULL}, {"mapped", 600, 610, NULL}},
                 "mapped",
                 600,
                 610,
                 "not watched from"},
                {"what was missed stays missed",
                 {{"mapped", 500, 510, "lost 3"}, {"mapped", 500, 520, NULL}},
                 "mapped",
                 500,
                 520,
                 "lost 3"},
                {"a look beside the watch",
                 {{"mapped", 500, 510, NULL}, {"mapped", 505, 505, NULL}},
                 "mapped",
                 500,
                 510,
                 NULL},
                {"a look between two commits of the watch",
                 {{"mapped", 500, 510, NULL}, {"mapped", 515, 515, "x"}, {"mapped", 500, 520, NULL}},
                 "mapped",
                 500,
                 520,
                 NULL},
                {"becoming blind",
                 {{"mapped", 500, 510, NULL}, {NULL, 500, 520, NULL}},
                 NULL,
                 500,
                 520,
                 NULL},
                {"blind time is never claimed afterwards",
                 {{NULL, 500, 520, NULL}, {"mapped", 500, 530, NULL}},
                 "mapped",
                 520,
                 530,
                 NULL},
                {"nor by what follows",
                 {{NULL, 500, 520, NULL}, {"mapped", 500, 530, NULL}, {"mapped", 500, 540, NULL}},
                 "mapped",
                 520,
                 540,
                 NULL},
        };
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_arena_ struct arena a = ARENA_INIT(16 << 20);
                struct history h;
                remove_all();
                struct store *s = open_store(STORE_WRITE);
                for (size_t k = 0; k < 4 && cases[i].put[k].until; k++) {
                        coverage_list list = {};
                        *vec_add(&list) = (struct coverage){"a",
                                                            "host",
                                                            RUNTIME_NATIVE,
                                                            cases[i].put[k].engine,
                                                            NULL,
                                                            cases[i].put[k].since,
                                                            cases[i].put[k].until,
                                                            cases[i].put[k].gaps};
                        must(store_begin(s, &error));
                        must(store_put_coverage(s, &list, &error));
                        must(store_commit(s, &error));
                        vec_done(&list);
                }
                load(s, &a, &h);
                assert_int_equal(h.coverage.count, 1);
                const struct coverage *c = h.coverage.items;
                if (!str_equal(c->engine, cases[i].engine) || c->since != cases[i].since ||
                    c->until != cases[i].until ||
                    (cases[i].gaps ? !c->gaps || !strstr(c->gaps, cases[i].gaps) : c->gaps != NULL))
                        fail_msg("%s: %s %lld-%lld %s", cases[i].what, c->engine ? c->engine : "blind",
                                 (long long)c->since, (long long)c->until, c->gaps ? c->gaps : "-");
                history_done(&h);
                store_close(s);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                store_test(windows_of_coverage),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
