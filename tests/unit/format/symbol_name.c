/* SPDX-License-Identifier: Apache-2.0 */
#include "format/symbol_name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void test_fold(void **state)
{
        (void)state;
        static const struct {
                const char *name, *whole;
                enum symbol_clone clone;
        } rows[] = {
                {"XML_Parse", "XML_Parse", SYMBOL_WHOLE},
                {"memcpy@@GLIBC_2.14", "memcpy", SYMBOL_WHOLE},
                {"f.isra.0", "f", SYMBOL_WHOLE},
                {"f.constprop.0.isra.1", "f", SYMBOL_WHOLE},
                {"f.lto_priv.3", "f", SYMBOL_WHOLE},
                {"f.llvm.1234567890", "f", SYMBOL_WHOLE},
                {"f.part.2", "f", SYMBOL_PART},
                {"f.part.2.isra.0", "f", SYMBOL_PART},
                {"f.isra.0.cold", "f", SYMBOL_COLD},
                {"f._omp_fn.0", "f", SYMBOL_OUTLINED},
                {".hidden", ".hidden", SYMBOL_WHOLE},
                {"", "", SYMBOL_WHOLE},
                {"_ZGVbN2v_f", "f", SYMBOL_WHOLE},
                {"_ZGVdM4vl8_f.part.0", "f", SYMBOL_PART},
                {"_ZGVeN8v__Z1fd", "_Z1fd", SYMBOL_WHOLE},
                {"_ZGVN2ns5valueE", "_ZGVN2ns5valueE", SYMBOL_WHOLE},
                {"_ZGTt4safe", "safe", SYMBOL_WHOLE},
                {"_ZGTt4safe.isra.0", "safe", SYMBOL_WHOLE},
                {"_ZGTtN1C1gEv", "_ZGTtN1C1gEv", SYMBOL_WHOLE},
                {"_ZN33_$LT$b..Foo$u20$as$u20$a..Bar$GT$3run17h0123456789abcdefE",
                 "_ZN33_$LT$b..Foo$u20$as$u20$a..Bar$GT$3run17h0123456789abcdefE", SYMBOL_WHOLE},
                {"_ZN33_$LT$b..Foo$u20$as$u20$a..Bar$GT$3run17h0123456789abcdefE.llvm.42",
                 "_ZN33_$LT$b..Foo$u20$as$u20$a..Bar$GT$3run17h0123456789abcdefE", SYMBOL_WHOLE},
                {"_ZN1a3f17h0123456789abcdeE.part.0", "_ZN1a3f17h0123456789abcdeE", SYMBOL_PART},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                enum symbol_clone clone;
                struct span whole = symbol_fold(rows[i].name, &clone);
                assert_true(span_equal(whole, rows[i].whole));
                assert_int_equal(clone, rows[i].clone);
        }
}

static void test_names_of_other_languages(void **state)
{
        (void)state;
        static const struct {
                const char *symbol, *wanted;
                bool is;
        } rows[] = {
                {"_ZN2ns5Thing3runEi", "ns::Thing::run", true},
                {"_ZN2ns5Thing3runEi", "ns::Thing::ru", false},
                {"_ZN2ns5Thing3runEi", "Thing::run", false},
                {"_ZNK2ns5TableIiSsE4findERKi", "ns::Table::find", true},
                {"_ZN4core3fmt9Formatter3pad17h0123456789abcdefE", "core::fmt::Formatter::pad", true},
                {"_ZN4core3fmt9Formatter3pad17h0123456789abcdefE", "core::fmt::Formatter", false},
                {"_ZN63_$LT$alloc..vec..Vec$LT$T$GT$$u20$as$u20$core..clone..Clone$GT$"
                 "5clone17h0123456789abcdefE",
                 "alloc::vec::Vec::clone", true},
                {"_RNvNtCs1234_7mycrate3foo3bar", "mycrate::foo::bar", true},
                {"_ZThn16_N1C1gEv", "C::g", true},
                {"_ZTv0_n24_N1C1gEv", "C::g", true},
                {"_ZTch0_h16_N1C1gEv", "C::g", true},
                {"_ZThn16_N1C1gEv", "C::h", false},
                {"_ZGTtN1C1gEv", "C::g", true},
                {"_ZGTtN1C1gEv", "_ZN1C1gEv", true},
                {"_ZGTtN1C1gEv", "_ZN1C1hEv", false},
                {"_ZThn16_N1C1gEv", "_ZN1C1gEv", true},
                {"_ZThn16_N1C1gEv", "_ZN1C1gEi", false},
                {"_ZN1CC2Ev", "_ZN1CC1Ev", true},
                {"_ZN1CC2Ev", "_ZN1CD1Ev", false},
                {"plain", "plain", true},
                {"plain", "plai", false},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                if (symbol_is(span_of(rows[i].symbol), rows[i].wanted) != rows[i].is)
                        fail_msg("%s / %s", rows[i].symbol, rows[i].wanted);
}

/* Each level doubles the text. */
static void test_exponential_names_end(void **state)
{
        (void)state;
        char name[2048], text[SYMBOL_DEMANGLED];
        size_t size = 0;
        size += (size_t)snprintf(name, sizeof(name), "_Z1f1AIiiE");
        for (int i = 0; i < 60; i++)
                size += (size_t)snprintf(name + size, sizeof(name) - size, "S_IS%c_S%c_E",
                                         i < 10 ? '0' + i : 'A' + i % 26, i < 10 ? '0' + i : 'A' + i % 26);
        symbol_demangle(span_of(name), text); /* ends, and stays within the bounds */
        memset(name, 'P', sizeof(name) - 1);
        memcpy(name, "_Z1f", 4);
        name[sizeof(name) - 1] = 0;
        symbol_demangle(span_of(name), text);
        assert_false(symbol_demangle(SPAN("main"), text));
}

static void test_behind_thunks(void **state)
{
        (void)state;
        static const char *const rows[][2] = {
                {"_ZThn16_N1C1gEv", "_ZN1C1gEv"},
                {"_ZTv0_n24_N1C1gEv", "_ZN1C1gEv"},
                {"_ZTch0_h16_N1C1gEv", "_ZN1C1gEv"},
                {"_ZTcv0_n24_h16_N1C1gEv", "_ZN1C1gEv"},
                {"_ZN1C1gEv", ""},
                {"_ZThn16", ""},
                {"_ZTh", ""},
                {"_ZTv0_", ""},
                {"_ZThn16_", ""},
                {"_ZTch0_", ""},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                char to[SYMBOL_MANGLED] = "";
                size_t size = symbol_behind_thunk(span_of(rows[i][0]), to);
                assert_string_equal(to, rows[i][1]);
                assert_int_equal(size, strlen(rows[i][1]));
        }
        _cleanup_free_ char *large = malloc(SYMBOL_MANGLED + 16);
        char to[SYMBOL_MANGLED];
        memset(large, 'a', SYMBOL_MANGLED + 16);
        memcpy(large, "_ZTh0_", 6);
        assert_int_equal(symbol_behind_thunk((struct span){large, SYMBOL_MANGLED + 16}, to), 0);
        assert_int_equal(symbol_behind_thunk((struct span){large, SYMBOL_MANGLED + 3}, to),
                         SYMBOL_MANGLED - 1);
}

static void test_crates(void **state)
{
        (void)state;
        static const struct {
                const char *symbol;
                bool std;
        } rows[] = {
                {"_ZN4core3fmt9Formatter3pad17h0123456789abcdefE", true},
                {"_ZN63_$LT$alloc..vec..Vec$LT$T$GT$$u20$as$u20$core..clone..Clone$GT$"
                 "5clone17h0123456789abcdefE",
                 true},
                {"_ZN3mid3mid17h0123456789abcdefE", false},
                {"_ZN3mid4core3mid17h0123456789abcdefE", false},
                {"_RNvNtCs1234_7mycrate3foo3bar", false},
                /* <str>::trim_start_matches::<&str>, of core */
                {"_RINvMNtCsgEmfK2I1SDS_4core3stre18trim_start_matchesReECsgY6Mt91CT9J_14rustc_demangle",
                 true},
                {"_ZN2ns5Thing3runEi", false},
                {"main", false},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                if (symbol_is_rust_std(span_of(rows[i].symbol)) != rows[i].std)
                        fail_msg("%s", rows[i].symbol);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_fold),
                cmocka_unit_test(test_names_of_other_languages),
                cmocka_unit_test(test_behind_thunks),
                cmocka_unit_test(test_crates),
                cmocka_unit_test(test_exponential_names_end),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
