/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/probe_links.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

enum { MOST = 4 };

/* Probes `first` to `last`, in the wrong order; numbers are those of their places. */
static size_t probes(size_t first, size_t last, struct function_probe *to)
{
        size_t count = 0;
        for (size_t i = last + 1; i-- > first;)
                to[count++] = (struct function_probe){.offset = 16 * i, .number = (uint32_t)i};
        return count;
}

/* Links as they come from a plan. */
static void attach(const struct probe_change *c, probe_link_list *to)
{
        size_t kept = 0, held = to->count;
        for (size_t i = 0; i < held; i++)
                if (c->kept[i])
                        to->items[kept++] = to->items[i];
                else
                        probe_link_free(to->items[i]);
        to->count = kept;
        for (size_t i = 0; i < c->count; i += MOST) {
                struct probe_link **slot = vec_add(to);
                assert_non_null(slot);
                *slot = probe_link_new(&c->probes[i], MIN((size_t)MOST, c->count - i));
                assert_non_null(*slot);
        }
}

static size_t set(const struct function_probe *wanted, size_t count, probe_link_list *links)
{
        struct probe_change c;
        assert_int_equal(probe_change_plan(links, wanted, count, MOST, &c), 0);
        size_t added = c.count, there = 0;
        attach(&c, links);
        probe_change_done(&c);
        /* Each once, and nothing else. */
        vec_each (link, links)
                for (size_t i = 0; i < (*link)->count; i++) {
                        size_t found = 0;
                        for (size_t k = 0; k < count; k++)
                                found += wanted[k].offset == (*link)->probes[i].offset &&
                                         wanted[k].number == (*link)->probes[i].number;
                        assert_int_equal(found, 1);
                        there++;
                }
        assert_int_equal(there, count);
        return added;
}

static void done(probe_link_list *links)
{
        vec_each (link, links)
                probe_link_free(*link);
        vec_done(links);
}

static void test_what_does_not_change_stays(void **state)
{
        (void)state;
        probe_link_list links = {};
        struct function_probe wanted[16];
        assert_int_equal(set(wanted, probes(0, 11, wanted), &links), 12);
        assert_int_equal(links.count, 3);
        assert_int_equal(set(wanted, probes(0, 11, wanted), &links), 0);
        /* One less: what shares a link with it is set anew. */
        struct function_probe fewer[16];
        size_t count = probes(0, 11, fewer);
        fewer[5] = fewer[--count];
        assert_int_equal(set(fewer, count, &links), 3);
        assert_int_equal(links.count, 3);
        /* One more. */
        assert_int_equal(set(wanted, probes(0, 11, wanted), &links), 1);
        assert_int_equal(links.count, 4);
        assert_int_equal(set(NULL, 0, &links), 0);
        assert_int_equal(links.count, 0);
        done(&links);
}

/* Two functions may share a place: they are two probes. */
static void test_places_are_shared(void **state)
{
        (void)state;
        probe_link_list links = {};
        const struct function_probe two[] = {{.offset = 16, .number = 2}, {.offset = 16, .number = 1}};
        assert_int_equal(set(two, 2, &links), 2);
        assert_int_equal(set(two, 1, &links), 1);
        assert_int_equal(links.items[0]->probes[0].number, 2);
        done(&links);
}

static void test_many_small_links_become_few(void **state)
{
        (void)state;
        probe_link_list links = {};
        struct function_probe wanted[64];
        size_t most = 0;
        for (size_t last = 0; last < 64; last++) {
                set(wanted, probes(0, last, wanted), &links);
                most = MAX(most, links.count);
        }
        assert_in_range(most, 9, 41);
        done(&links);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_what_does_not_change_stays),
                cmocka_unit_test(test_places_are_shared),
                cmocka_unit_test(test_many_small_links_become_few),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
