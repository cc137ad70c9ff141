/* SPDX-License-Identifier: Apache-2.0 */
#include "look/state.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { PROBES = 100, STORM_GAP = 750000 }; /* ns from one program of a storm to the next */

#define BEGIN     (1000 * NS_PER_S)
#define PER_CPU   200 /* all probes together may take one part in so many of a CPU */
#define FETCH_NS  50000000
#define SECOND_NS ((uint64_t)NS_PER_S)

static struct probed_file *add_file(struct native_watch *n, const char *key, double rate)
{
        struct probed_file *f = calloc(1, sizeof(*f));
        assert_non_null(f);
        *f = (struct probed_file){.key = (char *)key, .fd = -1, .resolved = true, .rate = rate};
        for (int i = 0; i < PROBES; i++) {
                struct probed_function *p = vec_add(&f->functions);
                assert_non_null(p);
                *p = (struct probed_function){.found.site_count = 1};
        }
        assert_int_equal(map_put_str(&n->files, key, f), 0);
        struct probed_file **watched = vec_add(&n->watched);
        assert_non_null(watched);
        *watched = f;
        return f;
}

static void add_programs(program_list *to, size_t count)
{
        for (size_t i = 0; i < count; i++)
                assert_non_null(vec_add(to));
}

static void free_files(struct native_watch *n)
{
        struct probed_file *f;
        for (size_t i = 0; (f = functions_next(n, &i));) {
                vec_done(&f->functions);
                vec_done(&f->programs);
                free(f);
        }
        vec_done(&n->programs);
        map_done(&n->files);
        vec_done(&n->watched);
}

static void test_cost(void **state)
{
        (void)state;
        assert_int_equal(function_budget_cost(0, 0), 0);
        assert_true(function_budget_cost(1, 2) < function_budget_cost(2, 2));
        assert_true(function_budget_cost(1, 1) < function_budget_cost(1, 2));
        /* The first one of a file is much dearer than another one on its page. */
        assert_true(function_budget_cost(1, 1) >
                    5 * (function_budget_cost(1, 2) - function_budget_cost(1, 1)));
}

static void test_share(void **state)
{
        (void)state;
        struct native_watch n = {};
        struct probed_file *quiet = add_file(&n, "quiet", 0), *busy = add_file(&n, "busy", 100);
        function_budget_share(&n);
        assert_true(quiet->most_ns == UINT64_MAX);
        /* All of it, since the other one needs nothing. */
        assert_in_range(busy->most_ns, SECOND_NS / PER_CPU / 100 - 1, SECOND_NS / PER_CPU / 100);
        free_files(&n);
}

/* A file that everybody maps is mapped by every storm that may come. */
static void test_everywhere(void **state)
{
        (void)state;
        struct native_watch n = {};
        struct probed_file *libc = add_file(&n, "libc", 0), *other = add_file(&n, "other", 0);
        add_programs(&n.programs, 20);
        add_programs(&libc->programs, 18);
        add_programs(&other->programs, 8);
        function_budget_share(&n);
        assert_true(libc->most_ns < function_budget_cost(PROBES, PROBES));
        assert_true(libc->most_ns > function_budget_cost(PROBES / 10, PROBES / 10));
        assert_true(other->most_ns == UINT64_MAX);
        free_files(&n);
}

/* What is too busy for a single probe gets none, and takes nothing from the other one. */
static void test_storm_gets_nothing(void **state)
{
        (void)state;
        struct native_watch n = {};
        struct probed_file *storm = add_file(&n, "storm", 1300), *busy = add_file(&n, "busy", 100);
        function_budget_share(&n);
        assert_int_equal(storm->most_ns, 0);
        assert_in_range(busy->most_ns, SECOND_NS / PER_CPU / 100 - 1, SECOND_NS / PER_CPU / 100);
        free_files(&n);
}

static bool look_now(struct native_watch *n, struct probed_file *f, bool alarmed, uint64_t now)
{
        bool shed = function_budget_spend(n, alarmed, now);
        if (shed || n->replan) {
                n->replan = false;
                function_budget_share(n);
                f->mapping_ns = f->most_ns == UINT64_MAX ? function_budget_cost(PROBES, PROBES) : f->most_ns;
        }
        return shed;
}

/* Programs that map the file, or do not, start for so long; looked at when so many have, or in time. ns that
 * its probes have taken. */
static uint64_t run_storm(struct native_watch *n, struct probed_file *f, bool maps, uint64_t *now,
                          uint64_t ns, size_t *ret_alarms)
{
        uint64_t cost = 0, fetched = *now, alarm = function_budget_alarm(n);
        for (uint64_t end = *now + ns; *now < end; *now += STORM_GAP) {
                cost += maps ? f->mapping_ns : 0;
                f->seen_mapped += maps;
                bool alarmed = alarm && !--alarm;
                if (!alarmed && *now < fetched + FETCH_NS)
                        continue;
                *ret_alarms += alarmed;
                fetched = *now;
                look_now(n, f, alarmed, *now);
                alarm = function_budget_alarm(n);
        }
        return cost;
}

static struct probed_file *add_armed(struct native_watch *n, uint64_t *ret_now)
{
        struct probed_file *f = add_file(n, "libc", 0);
        *ret_now = BEGIN;
        add_programs(&n->programs, 20);
        add_programs(&f->programs, 18);
        function_budget_begin(n, f, 0, *ret_now);
        function_budget_share(n);
        f->mapping_ns = f->most_ns;
        for (; *ret_now < BEGIN + SECOND_NS; *ret_now += FETCH_NS) /* something is saved meanwhile */
                assert_false(look_now(n, f, false, *ret_now));
        return f;
}

static void test_first_second_of_a_storm(void **state)
{
        (void)state;
        struct native_watch n = {.began = BEGIN};
        uint64_t now;
        size_t alarms = 0;
        struct probed_file *f = add_armed(&n, &now);
        uint64_t before = f->mapping_ns, cost = run_storm(&n, f, true, &now, SECOND_NS, &alarms);
        assert_true(cost > 0 && cost < SECOND_NS / 100);
        assert_int_equal(f->mapping_ns, 0);
        assert_in_range(alarms, 1, 3);
        /* It stays so as long as it lasts … */
        assert_int_equal(run_storm(&n, f, true, &now, 60 * SECOND_NS, &alarms), 0);
        /* … and behind it they come back. */
        for (uint64_t end = now + 60 * SECOND_NS; now < end; now += FETCH_NS)
                assert_false(look_now(&n, f, false, now));
        assert_int_equal(f->mapping_ns, before);
        free_files(&n);
}

/* Each start is paid for as if it mapped the file, until it turns out that it does not. */
static void test_storm_of_others(void **state)
{
        (void)state;
        struct native_watch n = {.began = BEGIN};
        uint64_t now;
        size_t alarms = 0;
        struct probed_file *f = add_armed(&n, &now);
        uint64_t before = f->mapping_ns;
        assert_int_equal(run_storm(&n, f, false, &now, 10 * SECOND_NS, &alarms), 0);
        assert_in_range(alarms, 1, 20);
        assert_int_equal(f->mapping_ns, before);
        free_files(&n);
}

/* It is not known in advance how often a file will be mapped; how often it was, is. */
static void test_begins_with_what_was(void **state)
{
        (void)state;
        struct native_watch n = {.began = BEGIN};
        struct probed_file *f = add_file(&n, "libc", 0);
        function_budget_begin(&n, f, 2600, BEGIN + 2 * SECOND_NS);
        function_budget_share(&n);
        assert_int_equal(f->most_ns, 0);
        free_files(&n);
}

/* A service that has just started is not one that starts often, and bears all its probes at once, whatever
 * others want. */
static void test_began_once(void **state)
{
        (void)state;
        struct native_watch n = {.began = BEGIN};
        static const char keys[][2] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "k", "l", "m"};
        struct probed_file *libc = add_file(&n, "libc", 0), *services[ARRAY_SIZE(keys)];
        for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
                services[i] = add_file(&n, keys[i], 0);
        add_programs(&n.programs, 20);
        add_programs(&libc->programs, 18);
        function_budget_begin(&n, libc, 40, BEGIN + SECOND_NS / 2);
        for (size_t i = 0; i < ARRAY_SIZE(services); i++)
                function_budget_begin(&n, services[i], 1, BEGIN + SECOND_NS / 2);
        function_budget_share(&n);
        for (size_t i = 0; i < ARRAY_SIZE(services); i++)
                assert_true(services[i]->most_ns == UINT64_MAX);
        assert_true(libc->most_ns < function_budget_cost(PROBES, PROBES));
        free_files(&n);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_cost),
                cmocka_unit_test(test_share),
                cmocka_unit_test(test_everywhere),
                cmocka_unit_test(test_storm_gets_nothing),
                cmocka_unit_test(test_first_second_of_a_storm),
                cmocka_unit_test(test_storm_of_others),
                cmocka_unit_test(test_begins_with_what_was),
                cmocka_unit_test(test_began_once),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
