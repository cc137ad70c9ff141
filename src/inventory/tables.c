/* SPDX-License-Identifier: Apache-2.0 */
#include "inventory/tables.h"

enum { TABLES_MEMORY = 16 << 20 };

extern const char signatures_java[], signatures_native[], signatures_javascript[], signatures_end[];

static struct span between(const char *from, const char *to)
{
        return (struct span){from, (size_t)(to - from)};
}

const struct tables *inventory_tables(struct inventory *inv)
{
        if (inv->tables)
                return inv->tables;
        struct tables *t = calloc(1, sizeof(*t));
        if (!t)
                return NULL;
        t->arena = ARENA_INIT(TABLES_MEMORY);
        if (java_prints_parse(between(signatures_java, signatures_native), &t->arena, &t->java) < 0 ||
            signatures_parse(between(signatures_native, signatures_javascript), &t->arena, &t->native) < 0 ||
            signatures_parse(between(signatures_javascript, signatures_end), &t->arena, &t->javascript) < 0) {
                tables_free(t);
                return NULL;
        }
        return inv->tables = t;
}

struct tables *tables_free(struct tables *t)
{
        if (!t)
                return NULL;
        java_prints_free(t->java);
        signatures_free(t->native);
        signatures_free(t->javascript);
        arena_done(&t->arena);
        free(t);
        return NULL;
}
