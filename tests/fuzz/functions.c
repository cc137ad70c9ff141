/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/native_find.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Symbol tables, .gnu_debugdata, DWARF, .gopclntab, USDT notes and the code that they lead to. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const struct native_query queries[] = {
                {"", "shown"},
                {"", "hidden"},
                {"", "twin_a"},
                {"", "ns::Thing::run"},
                {"main", "main"},
                {"runtime", "mallocgc"},
                {"", "inlined"},
                {"", "host"},
                {"", "plain", "victim"},
                {"main", "small"},
                {"example.com/lib", "T.Host"},
                {"", "0x1e0"},
                {"", "_ZN1C1gEv"},
                {"", "both@V_1"},
                {"", "ns::Thing::run@@V_2"},
        };
        struct arena a = ARENA_INIT(64 << 20);
        struct native_function f[ARRAY_SIZE(queries)];
        struct native_file file = {.bytes = {(const char *)data, size}};
        native_find(&file, queries, ARRAY_SIZE(queries), &a, f);
        arena_done(&a);
        return 0;
}
