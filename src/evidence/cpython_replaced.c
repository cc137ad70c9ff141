/* SPDX-License-Identifier: Apache-2.0 */

/* Code that has not run may be the successor of code that has, and is gone: then it may not be said that the
 * function has not run. Three things tell of it. A module that was loaded twice has code of two loads in
 * memory, unless nothing holds the earlier. Functions that were given other code know it (from 3.12 on). And
 * code that ran and takes modules out of sys.modules, or gives functions other code, may have done so to any.
 */

#include "evidence/cpython_look.h"

#include "base/str.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
        MOST_NAMES = 4096,
        BYTES_DATA = 32, /* of a bytes object */
        SIZE = 16,       /* ob_size: of a tuple, of bytes, and from 3.11 on of a code object */
        /* Opcodes (Include/opcode.h), in 3.11 with those that they are replaced by */
        LOAD_ATTR = 106,
        LOAD_GLOBAL = 116,
        LOAD_METHOD = 160,
        LOAD_ATTR_13 = 82,
        LOAD_ATTR_14 = 80,
        LOAD_ATTR_15 = 79,
        FRESH = 17, /* counters of instructions that have not run */
        FRESH_15 = 9,
        NO_NAME = -1,
        DELETE_SUBSCR = 61,
        DELETE_SUBSCR_13 = 9,
        DELETE_SUBSCR_14 = 8,
        STORE_ATTR = 95,
        STORE_ATTR_ADAPTIVE = 153,
        STORE_ATTR_INSTANCE = 154,
        STORE_ATTR_SLOT = 158,
        STORE_ATTR_HINT = 159,
};

/* ---- loads ------------------------------------------------------------------------------------------ */

static int compare_versions(const void *a, const void *b)
{
        const struct seen_code *x = *(struct seen_code *const *)a, *y = *(struct seen_code *const *)b;
        return (x->version > y->version) - (x->version < y->version);
}

static int compare_files(const void *a, const void *b)
{
        const struct seen_code *x = *(struct seen_code *const *)a, *y = *(struct seen_code *const *)b;
        int d = (x->file_text > y->file_text) - (x->file_text < y->file_text);
        return d ? d : (x->load > y->load) - (x->load < y->load);
}

/* Whether this load has had a function of that place before. */
static int is_again(struct look *k, struct map *places, const struct seen_code *s, uint64_t load)
{
        struct {
                const char *file, *name;
                int64_t line;
        } key = {s->file_text, s->name_text, s->line}, *kept;
        uintptr_t last = (uintptr_t)map_get(places, &key, sizeof(key));
        /* Of these several may be in one line. */
        if (s->name_text[0] == '<' || !strcmp(s->name_text, "__annotate__"))
                return 0;
        if (!(kept = arena_alloc(&k->arena, sizeof(*kept))))
                return -ENOMEM;
        *kept = key;
        int r = map_put(places, kept, sizeof(*kept), (void *)(uintptr_t)(load + 1));
        return r < 0 ? r : last == load + 1;
}

/* All code of a load shares one str with the name of its file; from 3.13 on all loads do, but the code of one
 * is numbered in a row. */
static int number_loads(struct look *k, struct seen_code **codes, size_t count)
{
        struct map places = {};
        uint64_t load = 0;
        int r = 0;
        if (k->c->layout.minor <= 12) {
                for (size_t n = 0; n < count; n++)
                        codes[n]->load = codes[n]->file;
                return 0;
        }
        qsort(codes, count, sizeof(*codes), compare_versions);
        for (size_t n = 0; r >= 0 && n < count; n++) {
                load += n && codes[n]->file_text != codes[n - 1]->file_text;
                r = is_again(k, &places, codes[n], load);
                if (r > 0)
                        r = is_again(k, &places, codes[n], ++load);
                codes[n]->load = load;
        }
        map_done(&places);
        return MIN(r, 0);
}

static int count_loads(struct look *k)
{
        _cleanup_free_ struct seen_code **codes =
                malloc(MAX(k->count, (size_t)1) * sizeof(struct seen_code *));
        size_t count = 0;
        if (!codes)
                return -ENOMEM;
        for (size_t n = 0; n < k->count; n++)
                if (k->codes[n].valid && !k->codes[n].modified)
                        codes[count++] = &k->codes[n];
        int r = number_loads(k, codes, count);
        if (r < 0)
                return r;
        qsort(codes, count, sizeof(*codes), compare_files);
        for (size_t begin = 0, end; begin < count; begin = end) {
                uint32_t loads = 1;
                for (end = begin + 1; end < count && codes[end]->file_text == codes[begin]->file_text; end++)
                        loads += codes[end]->load != codes[end - 1]->load;
                for (size_t n = begin; n < end; n++)
                        codes[n]->loads = loads;
        }
        return 0;
}

/* ---- code that replaces other code ------------------------------------------------------------------ */

struct names {
        uint64_t items[MOST_NAMES];
        size_t count;
};

static bool read_names(const struct cpython *c, struct image *i, uint64_t code, struct names *n)
{
        const struct cpython_layout *l = &c->layout;
        uint64_t tuple = image_u64(i, code + l->names);
        n->count = image_u64(i, tuple + SIZE);
        return n->count && n->count <= MOST_NAMES && image_u64(i, tuple + l->type) == l->tuple &&
               image_read(i, tuple + cpython_tuple_items(l), n->items, 8 * n->count) == 0;
}

/* The index of that name, or NO_NAME. */
static int name_index(const struct cpython *c, struct image *i, const struct names *n, const char *wanted)
{
        char text[32];
        for (size_t at = 0; at < n->count; at++)
                if (cpython_text(i, &c->layout, n->items[at], text, sizeof(text)) >= 0 &&
                    !strcmp(text, wanted))
                        return (int)at;
        return NO_NAME;
}

struct instruction {
        uint8_t op, argument;
        uint16_t counter; /* the first unit of its room, or 0 */
        unsigned room;
};

/* Call for each instruction until it returns true. */
static bool any_instruction(const struct cpython *c, struct image *i, uint64_t code,
                            bool (*wants)(void *context, const struct instruction *t), void *context)
{
        const struct cpython_layout *l = &c->layout;
        bool within = l->minor >= 11; /* the code object itself holds them */
        uint64_t bytes = within ? code : image_u64(i, code + l->bytecode);
        uint64_t at = bytes + (within ? l->code_size : BYTES_DATA);
        uint64_t count = image_u64(i, bytes + SIZE) / (within ? 1 : 2);
        for (uint64_t n = 0; n < MIN(count, (uint64_t)CPYTHON_UNITS);) {
                struct instruction t = {};
                if (image_read(i, at + 2 * n, &t, 2) < 0)
                        return false;
                t.room = cpython_room(l->minor, t.op);
                if (t.room && image_read(i, at + 2 * n + 2, &t.counter, 2) < 0)
                        return false;
                if (wants(context, &t))
                        return true;
                n += 1 + t.room;
        }
        return false;
}

/* Methods that take things out of a dict. */
static const char *const takers[] = {"pop", "clear", "popitem", "__delitem__"};

struct deletion {
        unsigned minor;
        int modules, takers[ARRAY_SIZE(takers)]; /* indices of names, or NO_NAME */
        bool loaded;                             /* sys.modules was loaded … */
        bool at_once;                            /* … by the instruction before this one */
        bool kept;                               /* … and kept in a variable */
};

/* An attribute, method or global of that name is loaded. From 3.12 on the last bit says more of it. */
static bool loads(unsigned minor, const struct instruction *t, int name)
{
        bool any = minor <= 10   ? t->op == LOAD_ATTR || t->op == LOAD_METHOD || t->op == LOAD_GLOBAL
                   : minor == 11 ? t->room == 4 || t->room == 5 || t->room == 10
                                 : t->room == 4 || t->room == 9;
        uint8_t plain = (uint8_t)name, shifted = (uint8_t)((unsigned)name << 1);
        return any && name != NO_NAME &&
               (t->argument == plain ||
                (minor >= 11 && (t->argument == shifted || t->argument == (shifted | 1))));
}

/* A local variable is set, alone or together with what the next instruction does. */
static bool stores_local(unsigned minor, uint8_t op)
{
        static const uint8_t alone[] = {125, 110, 112, 111}; /* up to 3.12, then version by version */
        static const uint8_t pairs_11[] = {161, 167}, pairs_12[] = {154, 158};
        if (op == alone[minor <= 12 ? 0 : MIN(minor, 15u) - 12])
                return true;
        if (minor >= 13) /* STORE_FAST_LOAD_FAST, STORE_FAST_STORE_FAST */
                return op == alone[MIN(minor, 15u) - 12] + 1 || op == alone[MIN(minor, 15u) - 12] + 2;
        return (minor == 11 && memchr(pairs_11, op, sizeof(pairs_11))) ||
               (minor == 12 && memchr(pairs_12, op, sizeof(pairs_12)));
}

/* From 3.12 on an instruction that has not run has not counted. */
static bool has_run(unsigned minor, const struct instruction *t)
{
        bool fresh = minor == 12   ? t->op == LOAD_ATTR && t->counter == FRESH
                     : minor == 13 ? t->op == LOAD_ATTR_13 && t->counter == FRESH
                     : minor == 14 ? t->op == LOAD_ATTR_14 && t->counter == FRESH
                     : minor == 15 ? t->op == LOAD_ATTR_15 && t->counter == FRESH_15
                                   : false;
        return !fresh;
}

/* `del sys.modules[…]` or `sys.modules.pop(…)`, or the same of a variable that it was put into. What is
 * deleted behind sys.modules may be of another dict: then more is unknown than need be. */
static bool takes_out(void *context, const struct instruction *t)
{
        struct deletion *d = context;
        uint8_t deletes = d->minor <= 12   ? DELETE_SUBSCR
                          : d->minor == 13 ? DELETE_SUBSCR_13
                                           : DELETE_SUBSCR_14;
        if (d->loaded && t->op == deletes)
                return true;
        for (size_t n = 0; n < ARRAY_SIZE(takers); n++)
                if ((d->at_once || d->kept) && loads(d->minor, t, d->takers[n]))
                        return true;
        d->kept |= d->at_once && stores_local(d->minor, t->op);
        d->at_once = loads(d->minor, t, d->modules) && has_run(d->minor, t);
        d->loaded |= d->at_once;
        return false;
}

/* `setattr(f, "__code__", …)`: names in code are one object with the constants that look like names. */
static bool sets_code(const struct cpython *c, struct image *i, const struct names *n, uint64_t code)
{
        static const char *const setters[] = {"setattr", "__setattr__", "__set__"};
        const struct cpython_layout *l = &c->layout;
        uint64_t tuple = image_u64(i, code + l->consts), count = image_u64(i, tuple + SIZE);
        bool named = false, sets = false;
        if (!c->key_code || image_u64(i, tuple + l->type) != l->tuple)
                return false;
        for (uint64_t at = 0; !named && at < MIN(count, (uint64_t)MOST_NAMES); at++)
                named = image_u64(i, tuple + cpython_tuple_items(l) + 8 * at) == c->key_code;
        for (size_t s = 0; named && s < ARRAY_SIZE(setters); s++)
                sets |= name_index(c, i, n, setters[s]) != NO_NAME;
        return sets;
}

struct store {
        unsigned minor;
        size_t name;
};

static bool stores_attribute(void *context, const struct instruction *t)
{
        const struct store *s = context;
        bool stores = t->op == STORE_ATTR ||
                      (s->minor == 11 && (t->op == STORE_ATTR_ADAPTIVE || t->op == STORE_ATTR_INSTANCE ||
                                          t->op == STORE_ATTR_SLOT || t->op == STORE_ATTR_HINT));
        return stores && t->argument == (s->name & 255);
}

/* ---- code that loads files by itself --------------------------------------------------------------- */

struct load {
        unsigned minor;
        int name;
};

static bool loads_and_ran(void *context, const struct instruction *t)
{
        const struct load *l = context;
        return loads(l->minor, t, l->name) && has_run(l->minor, t);
}

static bool is_named(const struct names *n, uint64_t key)
{
        for (size_t at = 0; key && at < n->count; at++)
                if (n->items[at] == key)
                        return true;
        return false;
}

/* A loader that hands on to another one is called by what imports; a configuration is no module. */
static bool may_load(const char *file, const char *name)
{
        const char *dot = strrchr(name, '.'); /* some callers know the qualified name */
        name = dot ? dot + 1 : name;
        return !strcmp(name, "exec_module") || !strcmp(name, "_exec_module") ||
               str_ends(file, "/importlib/util.py") ||
               (str_ends(file, "/flask/config.py") && !strcmp(name, "from_pyfile")) ||
               (str_ends(file, "/gunicorn/app/base.py") && !strcmp(name, "get_config_from_filename"));
}

/* `loader.exec_module(…)`, or what is compiled from a file and executed: the file may have been loaded
 * before, and what ran then went with the first load. */
static bool loads_files(const struct cpython *c, struct image *i, const struct names *n, uint64_t code)
{
        for (size_t at = 0; c->key_load && at < n->count; at++) {
                struct load load = {c->layout.minor, (int)at};
                if (n->items[at] == c->key_load && any_instruction(c, i, code, loads_and_ran, &load))
                        return true;
        }
        return is_named(n, c->key_exec) && is_named(n, c->key_compile) && is_named(n, c->key_open);
}

/* All names of one text are one object: what imports calls exec_module as well. */
static void find_load_key(struct look *k)
{
        struct names n;
        k->c->key_load = 0;
        for (size_t at = 0; at < k->count && !k->c->key_load; at++) {
                const struct seen_code *s = &k->codes[at];
                if (!s->valid || strcmp(s->name_text, "_load_unlocked") != 0 ||
                    !str_starts(s->file_text, "<frozen importlib") || !read_names(k->c, k->i, s->address, &n))
                        continue;
                int index = name_index(k->c, k->i, &n, "exec_module");
                k->c->key_load = index != NO_NAME ? n.items[index] : 0;
        }
}

/* The code of an interpreter goes with it, and the same files are loaded by others. */
static bool has_interpreters(const struct cpython *c)
{
        vec_each (m, &c->modules)
                if (!strcmp(m->name, "_xxsubinterpreters") || !strcmp(m->name, "_interpreters"))
                        return true;
        return false;
}

/* ---- all of it -------------------------------------------------------------------------------------- */

/* What imports takes a module out of the list when it fails to load; types.coroutine changes a flag of
 * functions that have just been made; setuptools puts its own distutils, which are other files, in the place
 * of the library's. */
static bool may_replace(const char *file, const char *name)
{
        return str_starts(file, "<frozen importlib") || str_starts(file, "<frozen zipimport") ||
               (str_ends(file, "/types.py") && !strcmp(name, "coroutine")) ||
               (str_ends(file, "/_distutils_hack/__init__.py") && !strcmp(name, "clear_distutils"));
}

void cpython_note_replacing(struct cpython *c, struct image *i, const char *file, const char *name,
                            uint64_t code)
{
        struct names n;
        static const char *const loads_itself = "its code loads files by itself: what ran may be gone";
        if (c->replaces || may_replace(file, name) || !read_names(c, i, code, &n))
                return;
        if (!may_load(file, name) && loads_files(c, i, &n, code))
                c->replaces = loads_itself;
        static const char *const other_code = "its code gives functions other code: what ran may be gone";
        /* unittest.mock.patch.dict, of whatever dict: it may be sys.modules. */
        if (str_ends(file, "/mock.py") && !strcmp(name, "_clear_dict"))
                c->replaces = "its code puts back what a dict held, maybe sys.modules: what ran may be gone";
        /* six mentions both in its body, to other ends. */
        if (!str_ends(file, "/six.py") && sets_code(c, i, &n, code))
                c->replaces = other_code;
        for (size_t at = 0; at < n.count && !c->replaces; at++) {
                struct store store = {c->layout.minor, at};
                struct deletion deletion = {.minor = c->layout.minor, .modules = (int)at};
                if (c->key_modules && n.items[at] == c->key_modules) {
                        for (size_t k = 0; k < ARRAY_SIZE(takers); k++)
                                deletion.takers[k] = name_index(c, i, &n, takers[k]);
                        if (any_instruction(c, i, code, takes_out, &deletion))
                                c->replaces =
                                        "its code takes modules out of sys.modules: what ran may be gone";
                }
                if (c->key_code && n.items[at] == c->key_code &&
                    (any_instruction(c, i, code, stores_attribute, &store) ||
                     name_index(c, i, &n, "__set__") != NO_NAME))
                        c->replaces = other_code;
        }
}

int look_find_replaced(struct look *k)
{
        cpython_find_keys(k->c, k->i);
        find_load_key(k);
        if (!k->c->replaces && has_interpreters(k->c))
                k->c->replaces = "it may have had other interpreters: what ran in them may be gone";
        for (size_t n = 0; n < k->count && !k->c->replaces; n++) {
                const struct seen_code *s = &k->codes[n];
                if (s->valid && s->ran)
                        cpython_note_replacing(k->c, k->i, s->file_text, s->name_text, s->address);
        }
        return count_loads(k);
}
