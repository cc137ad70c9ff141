/* SPDX-License-Identifier: Apache-2.0 */

/* No way through the code is taken for its own: instructions are read in a row, so a value may seem to lie
 * where another way left it. That is why variables only gain. */

#include "evidence/cpython_values.h"

#include <string.h>

static bool must_not_be_lost(enum cpython_kind kind)
{
        return kind >= CPYTHON_SPACE;
}

void cpython_put(struct cpython_values *v, enum cpython_kind kind, int name)
{
        if (v->count == CPYTHON_VALUES) {
                v->lost |= must_not_be_lost(v->items[0].kind);
                memmove(v->items, v->items + 1, sizeof(v->items) - sizeof(v->items[0]));
                v->count--;
        }
        v->items[v->count++] = (struct cpython_value){kind, name};
}

struct cpython_value cpython_take(struct cpython_values *v)
{
        return v->count ? v->items[--v->count] : (struct cpython_value){};
}

struct cpython_value cpython_argument(const struct cpython_values *v, uint32_t count, uint32_t number)
{
        return number < count && count <= v->count ? v->items[v->count - count + number]
                                                   : (struct cpython_value){};
}

enum cpython_kind cpython_take_many(struct cpython_values *v, uint32_t count)
{
        enum cpython_kind most = CPYTHON_ANYTHING;
        for (; count && v->count; count--) {
                enum cpython_kind kind = cpython_take(v).kind;
                most = kind > most ? kind : most;
        }
        return most;
}

void cpython_forget(struct cpython_values *v)
{
        v->lost |= must_not_be_lost(cpython_take_many(v, CPYTHON_VALUES));
}

static void load_local(struct cpython_values *v, uint32_t number)
{
        cpython_put(v, number < CPYTHON_LOCALS ? v->locals[number] : CPYTHON_ANYTHING, 0);
}

static void store_local(struct cpython_values *v, uint32_t number)
{
        enum cpython_kind kind = cpython_take(v).kind;
        if (kind < CPYTHON_SYSTEM)
                return;
        if (number >= CPYTHON_LOCALS)
                v->lost = true;
        else if (kind > v->locals[number])
                v->locals[number] = (uint8_t)kind;
}

void cpython_follow_local(struct cpython_values *v, const struct cpython_instruction *t)
{
        uint32_t first = t->argument >> 4, second = t->argument & 15;
        switch (t->meaning) {
        case CPYTHON_LOAD_LOCALS:
                load_local(v, first);
                load_local(v, second);
                break;
        case CPYTHON_LOAD_LOCAL:
                load_local(v, t->argument);
                break;
        case CPYTHON_STORE_LOCALS:
                store_local(v, first);
                store_local(v, second);
                break;
        case CPYTHON_STORE_LOCAL:
                store_local(v, t->argument);
                break;
        default: /* CPYTHON_STORE_AND_LOAD */
                store_local(v, first);
                load_local(v, second);
                break;
        }
}

void cpython_copy(struct cpython_values *v, uint32_t from_top)
{
        struct cpython_value copied =
                from_top && from_top <= v->count ? v->items[v->count - from_top] : (struct cpython_value){};
        cpython_put(v, copied.kind, copied.name);
}

void cpython_swap(struct cpython_values *v, uint32_t from_top)
{
        if (from_top < 2 || from_top > CPYTHON_VALUES) {
                cpython_forget(v);
                return;
        }
        struct cpython_value top = cpython_take(v), other = {};
        if (from_top - 1 <= v->count) {
                other = v->items[v->count - (from_top - 1)];
                v->items[v->count - (from_top - 1)] = top;
        } else {
                v->lost |= must_not_be_lost(top.kind);
        }
        cpython_put(v, other.kind, other.name);
}
