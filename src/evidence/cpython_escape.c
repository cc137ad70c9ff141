/* SPDX-License-Identifier: Apache-2.0 */

/* A module goes, and its code with it, only by way of the list of modules. Most code that has the list in its
 * hands asks it or puts into it, at once; to see that, the values on the stack are followed from instruction
 * to instruction, as far as the list, or the module that holds it, is among them. Code that takes out of it,
 * or hands it on to where that cannot be followed, may have made any code go. */

#include "evidence/cpython_bytecode.h"
#include "evidence/cpython_object.h"
#include "evidence/cpython_values.h"

#include <string.h>

enum { WITH_SPEC = 4 /* of FORMAT_VALUE */ };

struct walk {
        const struct cpython *c;
        struct image *i;
        const struct cpython_names *names;
        uint64_t code;
        unsigned minor;
        struct cpython_values values;
        uint32_t believed; /* bits: functions of this name were taken for Python's own */
        const char *found;
};

static const char *const takes = "its code takes modules out of sys.modules: what ran may be gone";
static const char *const gives = "its code hands sys.modules on: modules may have been taken out of it";

static bool is_one_of(const struct walk *w, uint64_t str, const char *const *texts, size_t count)
{
        char text[32];
        if (cpython_text(w->i, &w->c->layout, str, text, sizeof(text)) < 0)
                return false;
        for (size_t n = 0; n < count; n++)
                if (!strcmp(text, texts[n]))
                        return true;
        return false;
}

static uint64_t name_of(const struct walk *w, int name)
{
        return name >= 0 && (size_t)name < w->names->count ? w->names->items[name] : 0;
}

static bool is_called(const struct walk *w, const struct cpython_value *v, enum cpython_kind kind,
                      const char *text)
{
        return v->kind == kind && is_one_of(w, name_of(w, v->name), &text, 1);
}

static bool is_taker(const struct walk *w, uint64_t str)
{
        static const char *const takers[] = {"pop", "clear", "popitem", "__delitem__"};
        return is_one_of(w, str, takers, ARRAY_SIZE(takers));
}

/* What takes the list as an argument and only reads it. */
static const char *const readers[] = {
        "list", "dict", "set", "len",        "sorted", "tuple",   "frozenset", "iter",   "id",      "bool",
        "type", "repr", "str", "isinstance", "any",    "all",     "enumerate", "filter", "min",     "max",
        "sum",  "map",  "zip", "reversed",   "print",  "hasattr", "format",    "vars",   "callable"};
_Static_assert(ARRAY_SIZE(readers) <= 32, "one bit each");

/* A class of the program may have a method by the name of one of these: only those of objects that were made
 * here are taken for it. */
static bool is_reading_method(const struct walk *w, const struct cpython_value *called)
{
        static const char *const methods[] = {"issubset",     "union",      "update",
                                              "intersection", "difference", "copy"};
        return called->kind == CPYTHON_METHOD &&
               is_one_of(w, name_of(w, called->name), methods, ARRAY_SIZE(methods));
}

static bool is_reader(struct walk *w, const struct cpython_value *called)
{
        if (called->kind != CPYTHON_GLOBAL)
                return is_reading_method(w, called);
        for (size_t n = 0; n < ARRAY_SIZE(readers); n++)
                if (is_one_of(w, name_of(w, called->name), &readers[n], 1)) {
                        w->believed |= 1u << n;
                        return true;
                }
        return false;
}

bool cpython_is_believed(uint32_t believed, const char *name)
{
        size_t length = strcspn(name, "."); /* a class, and its methods, as well as a function */
        for (size_t n = 0; believed && n < ARRAY_SIZE(readers); n++)
                if (believed >> n & 1 && strlen(readers[n]) == length && !strncmp(readers[n], name, length))
                        return true;
        return false;
}

/* Where it can be held, but not be used: who holds the list is counted. */
static bool is_keeper(const struct walk *w, const struct cpython_value *called)
{
        return is_called(w, called, CPYTHON_ATTRIBUTE, "append") ||
               is_called(w, called, CPYTHON_METHOD, "append") ||
               is_called(w, called, CPYTHON_GLOBAL, "setattr");
}

static bool is_builder(const struct walk *w, const struct cpython_value *called)
{
        static const char *const builders[] = {"set", "frozenset", "dict", "list", "tuple", "sorted"};
        return called->kind == CPYTHON_GLOBAL &&
               is_one_of(w, name_of(w, called->name), builders, ARRAY_SIZE(builders));
}

/* What an attribute of sys, or of what it holds, is. */
static enum cpython_kind attribute_of(struct walk *w, const struct cpython_value *owner, uint64_t str,
                                      bool may_have_run)
{
        static const char *const harmless[] = {"setdefault", "keys", "__contains__"}, *space = "__dict__";
        static const char *const ways[] = {"__getattribute__", "__getattr__"};
        if (owner->kind >= CPYTHON_MAYBE && is_taker(w, str))
                w->found = takes;
        if (owner->kind == CPYTHON_SPACE && !is_one_of(w, str, harmless, ARRAY_SIZE(harmless)))
                w->found = gives;
        if (owner->kind == CPYTHON_SYSTEM && may_have_run && is_one_of(w, str, ways, ARRAY_SIZE(ways)))
                w->found = gives;
        if (owner->kind == CPYTHON_SYSTEM && may_have_run && is_one_of(w, str, &space, 1))
                return CPYTHON_SPACE;
        return owner->kind == CPYTHON_BUILT ? CPYTHON_METHOD : CPYTHON_ATTRIBUTE;
}

static bool is_system(const struct cpython *c, uint64_t str)
{
        if (str && (str == c->key_sys || str == c->key_other_sys))
                return true;
        vec_each (alias, &c->aliases)
                if (*alias == str)
                        return true;
        return false;
}

static void load_named(struct walk *w, const struct cpython_instruction *t)
{
        struct cpython_values *v = &w->values;
        int name = cpython_named(w->minor, t);
        uint64_t str = name_of(w, name);
        bool call = cpython_is_for_call(w->minor, t), global = t->meaning == CPYTHON_LOAD_GLOBAL;
        bool ran = cpython_may_have_run(w->minor, t);
        bool of_an_object = t->meaning == CPYTHON_LOAD_ATTRIBUTE || t->meaning == CPYTHON_LOAD_METHOD;
        enum cpython_kind kind = CPYTHON_GLOBAL;
        if (of_an_object) {
                struct cpython_value owner = cpython_take(v);
                kind = attribute_of(w, &owner, str, ran);
        }
        if (is_system(w->c, str) && (!of_an_object || kind == CPYTHON_ATTRIBUTE))
                kind = CPYTHON_SYSTEM;
        if ((t->meaning == CPYTHON_LOAD_ATTRIBUTE || t->meaning == CPYTHON_IMPORT_FROM) && !call &&
            str == w->c->key_modules && ran)
                kind = CPYTHON_LIST;
        if (call && global && w->minor <= 12)
                cpython_put(v, CPYTHON_ANYTHING, 0);
        cpython_put(v, kind, name);
        if (call && !(global && w->minor <= 12))
                cpython_put(v, CPYTHON_ANYTHING, 0);
}

/* What is found under that name among what sys holds. */
static enum cpython_kind held_as(const struct walk *w, const struct cpython_value *name)
{
        if (name->kind != CPYTHON_CONSTANT)
                return CPYTHON_MAYBE;
        uint64_t str = cpython_constant(w->c, w->i, w->code, (uint64_t)name->name);
        return str == w->c->key_modules ? CPYTHON_LIST : CPYTHON_ANYTHING;
}

static bool is_harmless_constant(const struct walk *w, const struct cpython_value *name)
{
        return name->kind == CPYTHON_CONSTANT &&
               !is_taker(w, cpython_constant(w->c, w->i, w->code, (uint64_t)name->name));
}

static void call(struct walk *w, uint32_t arguments, unsigned places)
{
        struct cpython_values *v = &w->values;
        struct cpython_value first = cpython_argument(v, arguments, 0);
        struct cpython_value second = cpython_argument(v, arguments, 1);
        enum cpython_kind most = cpython_take_many(v, arguments), result = CPYTHON_ANYTHING;
        bool follows = most < CPYTHON_SPACE;
        for (unsigned n = 0; n < places; n++) {
                struct cpython_value called = cpython_take(v);
                bool asks = is_called(w, &called, CPYTHON_GLOBAL, "getattr");
                if (first.kind == CPYTHON_SYSTEM && asks)
                        result = held_as(w, &second);
                else if (first.kind == CPYTHON_SYSTEM && is_called(w, &called, CPYTHON_GLOBAL, "vars"))
                        result = CPYTHON_SPACE;
                else if (is_builder(w, &called))
                        result = CPYTHON_BUILT;
                follows |= most >= CPYTHON_MAYBE && is_reader(w, &called);
                follows |= most == CPYTHON_MAYBE && is_keeper(w, &called);
                follows |= first.kind >= CPYTHON_MAYBE && asks && is_harmless_constant(w, &second);
        }
        if (!follows)
                w->found = gives;
        cpython_put(v, result, 0);
}

static void read_many(struct walk *w, uint32_t count)
{
        cpython_take_many(&w->values, count);
        cpython_put(&w->values, CPYTHON_ANYTHING, 0);
}

static void read_item(struct walk *w)
{
        struct cpython_value key = cpython_take(&w->values), owner = cpython_take(&w->values);
        cpython_put(&w->values, owner.kind == CPYTHON_SPACE ? held_as(w, &key) : CPYTHON_ANYTHING, 0);
}

static void import(struct walk *w, const struct cpython_instruction *t)
{
        uint64_t str = name_of(w, cpython_named(w->minor, t));
        cpython_take_many(&w->values, 2);
        cpython_put(&w->values, str && str == w->c->key_sys ? CPYTHON_SYSTEM : CPYTHON_ANYTHING, 0);
}

/* To where others see it. */
static void store(struct walk *w)
{
        if (cpython_take(&w->values).kind >= CPYTHON_SPACE)
                w->found = gives;
}

static void store_attribute(struct walk *w)
{
        cpython_take(&w->values); /* of what */
        enum cpython_kind kind = cpython_take(&w->values).kind;
        if (kind >= CPYTHON_SPACE && kind != CPYTHON_MAYBE) /* who holds the list is counted */
                w->found = gives;
}

static bool follow(void *context, const struct cpython_instruction *t)
{
        struct walk *w = context;
        struct cpython_values *v = &w->values;
        uint32_t argument = t->argument;
        switch (t->meaning) {
        case CPYTHON_NOTHING:
        case CPYTHON_EXTENDED:
                break;
        case CPYTHON_LOAD:
                cpython_put(v, CPYTHON_ANYTHING, 0);
                break;
        case CPYTHON_LOAD_CONSTANT:
                cpython_put(v, CPYTHON_CONSTANT, (int)argument);
                break;
        case CPYTHON_LOAD_LOCALS:
        case CPYTHON_LOAD_LOCAL:
        case CPYTHON_STORE_LOCALS:
        case CPYTHON_STORE_LOCAL:
        case CPYTHON_STORE_AND_LOAD:
                cpython_follow_local(v, t);
                break;
        case CPYTHON_LOAD_GLOBAL:
        case CPYTHON_LOAD_NAME:
        case CPYTHON_LOAD_ATTRIBUTE:
        case CPYTHON_LOAD_METHOD:
        case CPYTHON_IMPORT_FROM:
                load_named(w, t);
                break;
        case CPYTHON_IMPORT:
                import(w, t);
                break;
        case CPYTHON_SUBSCRIPT:
        case CPYTHON_BINARY_OR_ITEM:
                read_item(w);
                break;
        case CPYTHON_BINARY:
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
        case CPYTHON_READ_MANY:
                read_many(w, argument);
                break;
        case CPYTHON_STORE:
                store(w);
                break;
        case CPYTHON_STORE_ATTRIBUTE:
                store_attribute(w);
                break;
        case CPYTHON_STORE_ITEM:
                cpython_take_many(v, 2);
                store(w);
                break;
        case CPYTHON_DELETE_ITEM:
                cpython_take(v);
                if (cpython_take(v).kind >= CPYTHON_MAYBE)
                        w->found = takes;
                break;
        case CPYTHON_BUILD:
                if (cpython_take_many(v, argument) >= CPYTHON_SPACE)
                        w->found = gives;
                cpython_put(v, CPYTHON_BUILT, 0);
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
                cpython_take(v);
                break;
        case CPYTHON_DUPLICATE:
                cpython_copy(v, 1);
                break;
        case CPYTHON_COPY:
                cpython_copy(v, argument);
                break;
        case CPYTHON_SWAP_TWO:
                cpython_swap(v, 2);
                break;
        case CPYTHON_SWAP:
                cpython_swap(v, argument);
                break;
        default: /* CPYTHON_RETURN among them */
                cpython_forget(v);
                break;
        }
        if (!w->found && v->lost)
                w->found = gives;
        return w->found != NULL;
}

static bool has_name(const struct cpython *c, struct image *i, const struct cpython_names *n,
                     const char *const *names, size_t count)
{
        for (size_t w = 0; w < count; w++)
                if (cpython_name_index(c, i, n, names[w]) != CPYTHON_NO_NAME)
                        return true;
        return false;
}

/* `getattr(sys, "modules")`, `vars(sys)["modules"]` and the like. */
static bool asks_by_text(const struct cpython *c, struct image *i, const struct cpython_names *n,
                         uint64_t code)
{
        static const char *const ways[] = {"getattr", "vars", "__dict__", "attrgetter", "__getattribute__"};
        return cpython_has_constant(c, i, code, c->key_modules) && has_name(c, i, n, ways, ARRAY_SIZE(ways));
}

/* Whether it may come to the list: by its name, or to the module sys and to what that holds by any name. */
static bool may_ask(const struct cpython *c, struct image *i, const struct cpython_names *n)
{
        static const char *const ways[] = {"getattr", "vars", "__dict__", "__getattribute__", "__getattr__"};
        bool modules = false, system = false;
        for (size_t at = 0; at < n->count; at++) {
                modules |= n->items[at] == c->key_modules;
                system |= is_system(c, n->items[at]);
        }
        return modules || (system && has_name(c, i, n, ways, ARRAY_SIZE(ways)));
}

const char *cpython_modules_escape(const struct cpython *c, struct image *i, const struct cpython_names *n,
                                   uint64_t code, uint32_t *believed)
{
        struct walk w = {.c = c, .i = i, .names = n, .code = code, .minor = c->layout.minor};
        if (!c->key_modules)
                return NULL;
        if (asks_by_text(c, i, n, code))
                return gives;
        if (!may_ask(c, i, n))
                return NULL;
        /* A loop may use what a later line puts into a variable. */
        for (unsigned pass = 0; pass < 2 && !w.found; pass++) {
                w.values.count = 0;
                cpython_any_instruction(c, i, code, follow, &w);
        }
        *believed |= w.believed;
        return w.found;
}
