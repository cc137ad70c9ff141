/* SPDX-License-Identifier: Apache-2.0 */

/* A module goes, and its code with it, only by way of the list of modules. Most code that has the list in its
 * hands asks it or puts into it, at once; to see that, the values on the stack are followed from instruction
 * to instruction, as far as the list is among them. Code that takes out of it, or hands it on to where that
 * cannot be followed, may have made any code go. */

#include "evidence/cpython_bytecode.h"

#include <string.h>

enum {
        MOST_VALUES = 64,
        MOST_LOCALS = 256,
        WITH_SPEC = 4, /* of FORMAT_VALUE */
};

enum kind { ANYTHING, MODULES, NAMED, ATTRIBUTE };

struct value {
        enum kind kind;
        int name;
};

struct walk {
        const struct cpython *c;
        struct image *i;
        const struct cpython_names *names;
        unsigned minor;
        struct value values[MOST_VALUES];
        size_t count;
        uint8_t locals[MOST_LOCALS / 8]; /* variables that hold the list */
        const char *found;
};

static const char *const takes = "its code takes modules out of sys.modules: what ran may be gone";
static const char *const gives = "its code hands sys.modules on: modules may have been taken out of it";

static bool is_one_of(const struct walk *w, int name, const char *const *texts, size_t count)
{
        char text[32];
        if (name < 0 || (size_t)name >= w->names->count ||
            cpython_text(w->i, &w->c->layout, w->names->items[name], text, sizeof(text)) < 0)
                return false;
        for (size_t n = 0; n < count; n++)
                if (!strcmp(text, texts[n]))
                        return true;
        return false;
}

static bool is_taker(const struct walk *w, int name)
{
        static const char *const takers[] = {"pop", "clear", "popitem", "__delitem__"};
        return is_one_of(w, name, takers, ARRAY_SIZE(takers));
}

/* What takes the list as an argument and only reads it. A program may have a function of its own by the name
 * of a method: only what is loaded as an attribute is taken for one. */
static bool is_reader(const struct walk *w, const struct value *called)
{
        static const char *const builtins[] = {
                "list",      "dict",    "set",    "len",  "sorted",  "tuple",      "frozenset", "iter",
                "id",        "bool",    "type",   "repr", "str",     "isinstance", "any",       "all",
                "enumerate", "filter",  "min",    "max",  "sum",     "map",        "zip",       "reversed",
                "print",     "hasattr", "format", "vars", "callable"};
        static const char *const methods[] = {"issubset", "union",  "update",  "intersection", "difference",
                                              "copy",     "pprint", "pformat", "format"};
        if (called->kind == NAMED)
                return is_one_of(w, called->name, builtins, ARRAY_SIZE(builtins));
        return called->kind == ATTRIBUTE && is_one_of(w, called->name, methods, ARRAY_SIZE(methods));
}

static void put(struct walk *w, enum kind kind, int name)
{
        if (w->count == MOST_VALUES) {
                if (w->values[0].kind == MODULES)
                        w->found = gives;
                memmove(w->values, w->values + 1, sizeof(w->values) - sizeof(w->values[0]));
                w->count--;
        }
        w->values[w->count++] = (struct value){kind, name};
}

static struct value take(struct walk *w)
{
        return w->count ? w->values[--w->count] : (struct value){};
}

/* True: the list was among them. */
static bool take_many(struct walk *w, uint32_t count)
{
        bool modules = false;
        for (; count && w->count; count--)
                modules |= take(w).kind == MODULES;
        return modules;
}

static void forget(struct walk *w)
{
        if (take_many(w, MOST_VALUES))
                w->found = gives;
}

static void load_local(struct walk *w, uint32_t n)
{
        bool modules = n < MOST_LOCALS && w->locals[n / 8] >> n % 8 & 1;
        put(w, modules ? MODULES : ANYTHING, 0);
}

/* What held the list once is taken to hold it ever after. */
static void store_local(struct walk *w, uint32_t n)
{
        if (take(w).kind != MODULES)
                return;
        if (n >= MOST_LOCALS)
                w->found = gives;
        else
                w->locals[n / 8] |= (uint8_t)(1u << n % 8);
}

static void load_named(struct walk *w, const struct cpython_instruction *t)
{
        int name = cpython_named(w->minor, t);
        bool call = cpython_is_for_call(w->minor, t), attribute = t->meaning == CPYTHON_LOAD_ATTRIBUTE;
        bool global = t->meaning == CPYTHON_LOAD_GLOBAL;
        bool method = t->meaning == CPYTHON_LOAD_METHOD;
        if (attribute || method)
                if (take(w).kind == MODULES && is_taker(w, name))
                        w->found = takes;
        bool modules = (attribute || t->meaning == CPYTHON_IMPORT_FROM) && !call && name >= 0 &&
                       (size_t)name < w->names->count && w->names->items[name] == w->c->key_modules &&
                       cpython_may_have_run(w->minor, t);
        if (call && global && w->minor <= 12)
                put(w, ANYTHING, 0);
        put(w, modules ? MODULES : attribute || method ? ATTRIBUTE : NAMED, name);
        if (call && !(global && w->minor <= 12))
                put(w, ANYTHING, 0);
}

static void call(struct walk *w, uint32_t arguments, unsigned places)
{
        bool modules = take_many(w, arguments), reader = false;
        for (unsigned n = 0; n < places; n++) {
                struct value called = take(w);
                reader |= modules && is_reader(w, &called);
        }
        if (modules && !reader)
                w->found = gives;
        put(w, ANYTHING, 0);
}

static void store_item(struct walk *w)
{
        take_many(w, 2);
        if (take(w).kind == MODULES)
                w->found = gives;
}

static void delete_item(struct walk *w)
{
        take(w);
        if (take(w).kind == MODULES)
                w->found = takes;
}

static void read_many(struct walk *w, uint32_t count)
{
        take_many(w, count);
        put(w, ANYTHING, 0);
}

static void copy(struct walk *w, uint32_t from_top)
{
        struct value v = from_top && from_top <= w->count ? w->values[w->count - from_top] : (struct value){};
        put(w, v.kind, v.name);
}

/* What lies below all that is known may be anything. */
static void swap(struct walk *w, uint32_t from_top)
{
        struct value top = take(w), other = {};
        if (from_top < 2 || from_top > MOST_VALUES)
                return forget(w);
        if (from_top - 1 <= w->count) {
                other = w->values[w->count - (from_top - 1)];
                w->values[w->count - (from_top - 1)] = top;
        } else if (top.kind == MODULES) {
                w->found = gives;
        }
        put(w, other.kind, other.name);
}

static bool follow(void *context, const struct cpython_instruction *t)
{
        struct walk *w = context;
        uint32_t argument = t->argument;
        switch (t->meaning) {
        case CPYTHON_NOTHING:
        case CPYTHON_EXTENDED:
                break;
        case CPYTHON_LOAD:
                put(w, ANYTHING, 0);
                break;
        case CPYTHON_LOAD_LOCALS:
                load_local(w, argument >> 4);
                load_local(w, argument & 15);
                break;
        case CPYTHON_LOAD_LOCAL:
                load_local(w, argument);
                break;
        case CPYTHON_STORE_LOCALS:
                store_local(w, argument >> 4);
                store_local(w, argument & 15);
                break;
        case CPYTHON_STORE_LOCAL:
                store_local(w, argument);
                break;
        case CPYTHON_STORE_AND_LOAD:
                store_local(w, argument >> 4);
                load_local(w, argument & 15);
                break;
        case CPYTHON_LOAD_GLOBAL:
        case CPYTHON_LOAD_NAME:
        case CPYTHON_LOAD_ATTRIBUTE:
        case CPYTHON_LOAD_METHOD:
        case CPYTHON_IMPORT_FROM:
                load_named(w, t);
                break;
        case CPYTHON_STORE_ATTRIBUTE:
                take(w);
                if (take(w).kind == MODULES)
                        w->found = gives;
                break;
        case CPYTHON_SUBSCRIPT:
        case CPYTHON_BINARY:
        case CPYTHON_BINARY_OR_ITEM:
                read_many(w, 2);
                break;
        case CPYTHON_SLICE:
                read_many(w, 3);
                break;
        case CPYTHON_UNARY:
                read_many(w, 1);
                break;
        case CPYTHON_FORMAT:
                read_many(w, argument & WITH_SPEC ? 2 : 1);
                break;
        case CPYTHON_STORE_ITEM:
                store_item(w);
                break;
        case CPYTHON_DELETE_ITEM:
                delete_item(w);
                break;
        case CPYTHON_BUILD:
                if (take_many(w, argument))
                        w->found = gives;
                put(w, ANYTHING, 0);
                break;
        case CPYTHON_CALL_FUNCTION:
                call(w, argument, 1);
                break;
        case CPYTHON_CALL:
                call(w, argument, 2);
                break;
        case CPYTHON_CALL_NAMED:
                call(w, argument + 1, 1);
                break;
        case CPYTHON_CALL_KEYWORDS:
                call(w, argument + 1, 2);
                break;
        case CPYTHON_POP:
        case CPYTHON_JUMP_IF:
                take(w);
                break;
        case CPYTHON_DUPLICATE:
                copy(w, 1);
                break;
        case CPYTHON_COPY:
                copy(w, argument);
                break;
        case CPYTHON_SWAP_TWO:
                swap(w, 2);
                break;
        case CPYTHON_SWAP:
                swap(w, argument);
                break;
        case CPYTHON_READ_MANY:
                read_many(w, argument);
                break;
        case CPYTHON_STORE:
                if (take(w).kind == MODULES)
                        w->found = gives;
                break;
        default: /* CPYTHON_RETURN among them */
                forget(w);
                break;
        }
        return w->found != NULL;
}

/* `getattr(sys, "modules")`, `vars(sys)["modules"]` and the like. */
static bool asks_by_text(const struct cpython *c, struct image *i, const struct cpython_names *n,
                         uint64_t code)
{
        static const char *const ways[] = {"getattr", "vars", "__dict__", "attrgetter", "__getattribute__"};
        if (!cpython_has_constant(c, i, code, c->key_modules))
                return false;
        for (size_t w = 0; w < ARRAY_SIZE(ways); w++)
                if (cpython_name_index(c, i, n, ways[w]) != CPYTHON_NO_NAME)
                        return true;
        return false;
}

const char *cpython_modules_escape(const struct cpython *c, struct image *i, const struct cpython_names *n,
                                   uint64_t code)
{
        struct walk w = {.c = c, .i = i, .names = n, .minor = c->layout.minor};
        bool named = false;
        if (!c->key_modules)
                return NULL;
        if (asks_by_text(c, i, n, code))
                return gives;
        for (size_t at = 0; !named && at < n->count; at++)
                named = n->items[at] == c->key_modules;
        /* A loop may use what a later line puts into a variable. */
        for (unsigned pass = 0; named && pass < 2 && !w.found; pass++) {
                w.count = 0;
                cpython_any_instruction(c, i, code, follow, &w);
        }
        return w.found;
}
