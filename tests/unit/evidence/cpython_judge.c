/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/cpython_judge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static enum cpython_ran judge(unsigned minor, uint64_t evidence, size_t width)
{
        struct cpython_layout l = {.minor = minor, .evidence = 64, .code_size = 128, .instrumented = 96};
        char code[CPYTHON_CODE] = "";
        bool traced = false;
        memcpy(code + 64, &evidence, width);
        return cpython_judge(&l, code, NULL, 0, &traced);
}

static void counters_tell_what_ran(void **state _unused_)
{
        assert_int_equal(judge(7, 0, 8), CPYTHON_NOT_RUN);
        assert_int_equal(judge(7, 0x7f0000001000, 8), CPYTHON_RAN);
        for (unsigned minor = 8; minor <= 10; minor++) {
                assert_int_equal(judge(minor, 0, 4), CPYTHON_NOT_RUN);
                assert_int_equal(judge(minor, 1, 4), CPYTHON_RAN);
                assert_int_equal(judge(minor, 1024, 4), CPYTHON_RAN);
                assert_int_equal(judge(minor, 1025, 4), CPYTHON_ODD);
                assert_int_equal(judge(minor, UINT32_MAX, 4), CPYTHON_ODD);
        }
        assert_int_equal(judge(11, (uint16_t)-8, 2), CPYTHON_NOT_RUN);
        assert_int_equal(judge(11, (uint16_t)-7, 2), CPYTHON_RAN);
        assert_int_equal(judge(11, 0, 2), CPYTHON_RAN);
        assert_int_equal(judge(11, 1, 2), CPYTHON_ODD);
        assert_int_equal(judge(11, (uint16_t)-9, 2), CPYTHON_ODD);
}

static void first_instruction_tells_what_ran(void **state _unused_)
{
        static const struct {
                unsigned minor;
                uint8_t op;
                bool instrumented;
                enum cpython_ran ran;
                bool traced;
        } cases[] = {
                {13, 149, false, CPYTHON_NOT_RUN, false}, {13, 207, false, CPYTHON_RAN, false},
                {13, 236, false, CPYTHON_RAN, true},      {13, 149, true, CPYTHON_RAN, true},
                {13, 9, false, CPYTHON_ODD, false},       {14, 128, false, CPYTHON_NOT_RUN, false},
                {14, 196, false, CPYTHON_RAN, false},     {14, 254, false, CPYTHON_RAN, true},
                {15, 128, false, CPYTHON_NOT_RUN, false}, {15, 200, false, CPYTHON_RAN, false},
                {15, 201, false, CPYTHON_RAN, false},     {15, 207, false, CPYTHON_ODD, false},
        };
        for (size_t n = 0; n < ARRAY_SIZE(cases); n++) {
                struct cpython_layout l = {.minor = cases[n].minor, .code_size = 208, .instrumented = 168};
                char code[CPYTHON_CODE] = "";
                const uint8_t units[] = {1, 0, cases[n].op, 0};
                bool traced = false;
                code[168] = cases[n].instrumented;
                assert_int_equal(cpython_judge(&l, code, units, 2, &traced), cases[n].ran);
                assert_int_equal(traced, cases[n].traced);
        }
}

/* RESUME, LOAD_GLOBAL with its cache, RETURN_VALUE */
#define RESUME 151, 0
#define FRESH  17, 0
static const uint8_t loads_global[] = {RESUME, 116, 0, FRESH, 0, 0, 0, 0, 0, 0, 83, 0};

static void caches_of_312_tell_what_ran(void **state _unused_)
{
        uint8_t units[sizeof(loads_global)];
        bool traced = false;
        const size_t count = sizeof(units) / 2;
        memcpy(units, loads_global, sizeof(units));
        assert_int_equal(cpython_312_judge(units, count, &traced), CPYTHON_NOT_RUN);
        units[4] = 1; /* counted */
        assert_int_equal(cpython_312_judge(units, count, &traced), CPYTHON_RAN);
        units[4] = 17; /* came back to where it began, but the cache holds something */
        units[8] = 5;
        assert_int_equal(cpython_312_judge(units, count, &traced), CPYTHON_RAN);
        memcpy(units, loads_global, sizeof(units));
        units[2] = 111; /* LOAD_GLOBAL_BUILTIN */
        assert_int_equal(cpython_312_judge(units, count, &traced), CPYTHON_RAN);
        assert_false(traced);
        units[0] = 240; /* INSTRUMENTED_RESUME */
        assert_int_equal(cpython_312_judge(units, count, &traced), CPYTHON_RAN);
        assert_true(traced);
        assert_int_equal(cpython_312_judge(loads_global, 3, &traced), CPYTHON_ODD); /* cut in the cache */
}

static void silence_of_312_needs_every_way(void **state _unused_)
{
        static const struct {
                const char *what;
                uint8_t units[32];
                size_t count;
                bool sound;
        } cases[] = {
                {"loads a global first", {RESUME, 116, 0, FRESH, 0, 0, 0, 0, 0, 0, 83, 0}, 7, true},
                {"returns a constant", {RESUME, 121, 0}, 2, false},
                {"an addition counts", {RESUME, 124, 0, 124, 1, 122, 0, FRESH, 83, 0}, 6, true},
                {"an import may fail",
                 {RESUME, 100, 0, 100, 1, 108, 0, 124, 0, 124, 1, 122, 0, FRESH, 83, 0},
                 9,
                 false},
                {"identity is a truth value",
                 {RESUME, 124, 0, 124, 1, 117, 0, 114, 0, 122, 0, FRESH, 83, 0},
                 8,
                 true},
                {"but not on every way to the jump",
                 {RESUME, 124, 0, 129, 3, 124, 0, 124, 1, 117, 0, 114, 0, 122, 0, FRESH, 83, 0},
                 10,
                 false},
                {"a list of constants", {RESUME, 103, 0, 100, 1, 162, 1, 122, 0, FRESH, 83, 0}, 7, true},
                {"one way returns early",
                 {RESUME, 124, 0, 129, 1, 121, 0, 116, 0, FRESH, 0, 0, 0, 0, 0, 0, 83, 0},
                 10,
                 false},
                {"both ways load", {RESUME, 124, 0, 129, 0, 116, 0, FRESH, 0, 0, 0, 0, 0, 0, 83, 0}, 9, true},
                {"a jump out of the code", {RESUME, 110, 200}, 2, false},
                {"truth of an object may raise",
                 {RESUME, 124, 0, 114, 0, 116, 0, FRESH, 0, 0, 0, 0, 0, 0},
                 8,
                 false},
                {"nothing at all", {0}, 0, false},
        };
        for (size_t n = 0; n < ARRAY_SIZE(cases); n++)
                if (cpython_312_is_sound(cases[n].units, cases[n].count) != cases[n].sound)
                        fail_msg("%s", cases[n].what);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(counters_tell_what_ran),
                cmocka_unit_test(first_instruction_tells_what_ran),
                cmocka_unit_test(caches_of_312_tell_what_ran),
                cmocka_unit_test(silence_of_312_needs_every_way),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
