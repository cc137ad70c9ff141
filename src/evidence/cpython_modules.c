/* SPDX-License-Identifier: Apache-2.0 */

/* Each interpreter has one module `sys`, and its attribute `modules` is the list of what is imported. This
 * way needs no offset in the state of the interpreter, which moves with every version. */

#include "base/str.h"
#include "evidence/cpython_object.h"
#include "evidence/cpython_steps.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
        MOST_MODULES = 100000,
        FIRST_ATTRIBUTES = 64,
        SYS_ATTRIBUTES = 256,
        TYPE_BASE = 256, /* tp_base; tp_dict is behind it */
        TYPE_DICT = 264,
        MOST_SYSTEMS = 64,
        MOST_ATTRIBUTES = 1 << 20, /* of all modules */
        NAME_SIZE = 1024,
        PATH_SIZE = 4 * 4096
};

struct reading {
        struct cpython *c;
        struct image *i;
        char *text; /* PATH_SIZE */
        uint64_t wanted, wanted_key;
        const char *key;
        size_t taken;     /* entries of all lists */
        size_t next;      /* module that is likely to come: the list keeps its order */
        uint32_t *places; /* where each known module is */
        size_t place_count;
        struct cpython_order order;
};

/* ---- attributes of a module -------------------------------------------------------------------------- */

static int match_key(void *context, uint32_t place _unused_, uint64_t key, uint64_t value)
{
        struct reading *r = context;
        char name[32];
        if (cpython_text(r->i, &r->c->layout, key, name, sizeof(name)) < 0 || strcmp(name, r->key) != 0)
                return 0;
        r->wanted = value;
        r->wanted_key = key;
        return 1;
}

/* The object under the key in the module's dict, or 0. */
static uint64_t attribute(struct reading *r, uint64_t module, const char *key, size_t within)
{
        const struct cpython_layout *l = &r->c->layout;
        r->key = key;
        r->wanted = 0;
        uint64_t dict = image_u64(r->i, module + l->head);
        return cpython_dict_each(r->i, l, dict, within, match_key, r) == 1 ? r->wanted : 0;
}

static const char *text_of(struct reading *r, uint64_t object)
{
        if (!object || cpython_text(r->i, &r->c->layout, object, r->text, PATH_SIZE) < 0)
                return NULL;
        return cpython_intern(r->c, r->text);
}

/* ---- the list ---------------------------------------------------------------------------------------- */

static bool is_module(const struct cpython_module *m, const char *name, uint64_t object)
{
        return m->object == object && !strcmp(m->name, name);
}

/* Where the number of this module, plus 1, is or would be. */
static uint32_t *place_of(const struct reading *r, const char *name, uint64_t object)
{
        uint64_t at = map_hash(name, strlen(name)) ^ map_hash(&object, sizeof(object));
        for (;; at++) {
                uint32_t *place = &r->places[at & (r->place_count - 1)];
                if (!*place || is_module(&r->c->modules.items[*place - 1], name, object))
                        return place;
        }
}

/* Twice as many places as there are modules, or more: a program may put as many into the list as it wants. */
static int index_modules(struct reading *r)
{
        const struct cpython *c = r->c;
        if (r->place_count > 2 * c->modules.count)
                return 0;
        size_t count = 1024;
        while (count <= 4 * c->modules.count)
                count *= 2;
        uint32_t *places = calloc(count, sizeof(*places));
        if (!places)
                return -ENOMEM;
        free(r->places);
        r->places = places;
        r->place_count = count;
        for (uint32_t n = 0; n < c->modules.count; n++)
                *place_of(r, c->modules.items[n].name, c->modules.items[n].object) = n + 1;
        return 0;
}

/* 1: it is known; 0: it is to be, in `*ret_place`; -ENOMEM. */
static int find_known(struct reading *r, const char *name, uint64_t object, uint32_t **ret_place)
{
        const struct cpython *c = r->c;
        if (r->next < c->modules.count && is_module(&c->modules.items[r->next], name, object)) {
                r->next++;
                return 1;
        }
        int failed = index_modules(r);
        if (failed < 0)
                return failed;
        *ret_place = place_of(r, name, object);
        if (**ret_place)
                r->next = **ret_place;
        return **ret_place != 0;
}

/* Some tools replace how frames are evaluated: code runs in their copies of it then. Their name, or NULL. */
static const char *evaluator_of(const char *name)
{
        static const char *const evaluators[] = {
                "torch._dynamo.eval_frame", "torch._C._dynamo", "_pydevd_frame_eval.pydevd_frame_evaluator",
                "_pydevd_frame_eval",       "pyjion",           "pydevd_frame_evaluator"};
        for (size_t n = 0; n < ARRAY_SIZE(evaluators); n++)
                if (str_starts(name, evaluators[n]))
                        return evaluators[n];
        return NULL;
}

static int take_module(void *context, uint32_t at, uint64_t key, uint64_t value)
{
        struct reading *r = context;
        struct cpython *c = r->c;
        /* Lists that are forged may be many. */
        if (++r->taken > MOST_MODULES) {
                c->lost++;
                return 1;
        }
        if (cpython_text(r->i, &c->layout, key, r->text, NAME_SIZE) < 0)
                return 0;
        uint32_t *place;
        int known = find_known(r, r->text, value, &place);
        if (known)
                return known < 0 ? known
                                 : cpython_order_take(c, &r->order, &c->modules.items[r->next - 1], at);
        const char *name = cpython_intern(c, r->text);
        if (!name)
                return -ENOMEM;
        if (c->modules.count >= MOST_MODULES) {
                c->lost++;
                return 0;
        }
        /* Something else than a module may stand in the list, and counts as one without a file. */
        const char *file = NULL;
        uint64_t type = image_u64(r->i, value + c->layout.type);
        if (type == c->layout.module || image_u64(r->i, type + TYPE_BASE) == c->layout.module)
                file = text_of(r, attribute(r, value, "__file__", FIRST_ATTRIBUTES));
        struct cpython_module *m = vec_add(&c->modules);
        if (!m)
                return -ENOMEM;
        *m = (struct cpython_module){.name = name, .file = file, .object = value, .key = key};
        *place = (uint32_t)c->modules.count;
        if (!c->evaluator)
                c->evaluator = evaluator_of(name);
        return cpython_order_take(c, &r->order, m, at);
}

static void read_micro(struct reading *r, uint64_t sys)
{
        unsigned minor, micro;
        uint64_t text = attribute(r, sys, "version", SYS_ATTRIBUTES);
        if (r->c->layout.micro_known || !text ||
            cpython_text(r->i, &r->c->layout, text, r->text, PATH_SIZE) < 0 ||
            sscanf(r->text, "3.%u.%u", &minor, &micro) != 2 || minor > 99 || micro > 99)
                return;
        /* What the members of code objects say does not tell 3.6 from 3.7 nor 3.8 from 3.9; else both must
         * agree. */
        bool alike = (minor <= 7 && r->c->layout.minor <= 7) ||
                     (minor - 8 <= 1 && r->c->layout.minor - 8 <= 1) || minor == r->c->layout.minor;
        r->c->layout.minor = alike ? minor : 0;
        r->c->layout.micro = micro;
        r->c->layout.micro_known = true;
}

static int read_sys(struct reading *r, uint64_t sys)
{
        uint64_t modules = attribute(r, sys, "modules", SYS_ATTRIBUTES);
        int done = modules ? cpython_order_begin(r->c, r->i, sys, modules, &r->order) : -EBADMSG;
        if (done == 0)
                done = cpython_dict_each(r->i, &r->c->layout, modules, MOST_MODULES, take_module, r);
        if (done < 0)
                return done;
        read_micro(r, sys);
        return 0;
}

static bool is_system(struct reading *r, uint64_t module)
{
        const struct cpython_layout *l = &r->c->layout;
        char name[16];
        return cpython_alive(r->i, l, module, l->module) &&
               cpython_text(r->i, l, attribute(r, module, "__name__", FIRST_ATTRIBUTES), name,
                            sizeof(name)) >= 0 &&
               !strcmp(name, "sys");
}

int cpython_find_systems(struct cpython *c, struct image *i, const uint64_t *module_objects, size_t count)
{
        struct reading r = {.c = c, .i = i};
        c->systems.count = 0;
        for (size_t n = 0; n < count && c->systems.count < MOST_SYSTEMS; n++) {
                if (!is_system(&r, module_objects[n]))
                        continue;
                uint64_t *slot = vec_add(&c->systems);
                if (!slot)
                        return -ENOMEM;
                *slot = module_objects[n];
        }
        return 0;
}

bool cpython_is_system(struct cpython *c, struct image *i, uint64_t module)
{
        struct reading r = {.c = c, .i = i};
        return is_system(&r, module);
}

static uint64_t key_of(struct reading *r, uint64_t module, const char *name)
{
        return attribute(r, module, name, SYS_ATTRIBUTES) ? r->wanted_key : 0;
}

struct alias_search {
        struct cpython *c;
        size_t seen;
};

static int take_alias(void *context, uint32_t place _unused_, uint64_t key, uint64_t value)
{
        struct alias_search *s = context;
        struct cpython *c = s->c;
        if (++s->seen > MOST_ATTRIBUTES)
                return 1;
        if (key == c->key_sys || key == c->key_other_sys || c->aliases.count == MOST_SYSTEMS)
                return 0;
        vec_each (alias, &c->aliases)
                if (*alias == key)
                        return 0;
        vec_each (sys, &c->systems)
                if (*sys == value) {
                        uint64_t *slot = vec_add(&c->aliases);
                        if (slot)
                                *slot = key;
                        break;
                }
        return 0;
}

/* `import sys as system`, whose code is gone. */
static void find_aliases(struct cpython *c, struct image *i)
{
        struct alias_search s = {.c = c};
        c->aliases.count = 0;
        vec_each (m, &c->modules)
                if (s.seen < MOST_ATTRIBUTES && image_u64(i, m->object + c->layout.type) == c->layout.module)
                        cpython_dict_each(i, &c->layout, image_u64(i, m->object + c->layout.head),
                                          MOST_ATTRIBUTES, take_alias, &s);
}

/* Names in code and the keys of dicts are the same str objects. */
void cpython_find_keys(struct cpython *c, struct image *i)
{
        struct reading r = {.c = c, .i = i};
        const struct cpython_layout *l = &c->layout;
        c->key_modules = c->key_code = c->key_other_sys = 0;
        if (c->systems.count && attribute(&r, c->systems.items[0], "modules", SYS_ATTRIBUTES))
                c->key_modules = r.wanted_key;
        vec_each (m, &c->modules) {
                if (!strcmp(m->name, "builtins")) {
                        c->key_exec = key_of(&r, m->object, "exec");
                        c->key_eval = key_of(&r, m->object, "eval");
                        c->key_compile = key_of(&r, m->object, "compile");
                        c->key_open = key_of(&r, m->object, "open");
                } else if (!strcmp(m->name, "sys")) {
                        c->key_sys = m->key;
                } else if (!strcmp(m->name, "gc")) {
                        c->key_gc = m->key;
                        c->key_referrers = key_of(&r, m->object, "get_referrers");
                        c->key_objects = key_of(&r, m->object, "get_objects");
                } else if (!strcmp(m->name, "_pickle") || !strcmp(m->name, "marshal")) {
                        c->key_loads = key_of(&r, m->object, "loads");
                } else if (!strcmp(m->name, "collections") || !strcmp(m->name, "threading")) {
                        uint64_t other = key_of(&r, m->object, "_sys"); /* as both have imported it */
                        c->key_other_sys = other ? other : c->key_other_sys;
                }
        }
        find_aliases(c, i);
        /* Later versions tell by the function itself whether it was given other code. */
        r.key = "__code__";
        if (l->minor <= 11 && cpython_dict_each(i, l, image_u64(i, l->function + TYPE_DICT), SYS_ATTRIBUTES,
                                                match_key, &r) == 1)
                c->key_code = r.wanted_key;
}

int cpython_read_modules(struct cpython *c, struct image *i)
{
        struct reading r = {.c = c, .i = i, .text = malloc(PATH_SIZE)};
        _cleanup_free_ char *text = r.text;
        if (!r.text)
                return -ENOMEM;
        c->modules_unknown = c->systems.count ? NULL : "the list of modules was not found";
        vec_each (sys, &c->systems) {
                int failed = is_system(&r, *sys) ? read_sys(&r, *sys) : -ESTALE;
                if (failed == -ENOMEM) {
                        free(r.places);
                        return failed;
                }
                if (failed < 0)
                        c->modules_unknown = "the list of modules changed while it was read";
        }
        cpython_order_end(c);
        free(r.places);
        return 0;
}

/* The interpreter and the module `sys` hold the list, and up to 3.11 a copy of what `sys` held at first.
 * While code that uses it runs the stack does, too. */
bool cpython_modules_are_held(struct cpython *c, struct image *i)
{
        const struct cpython_layout *l = &c->layout;
        struct reading r = {.c = c, .i = i};
        bool held = false;
        vec_each (sys, &c->systems) {
                uint64_t modules = attribute(&r, *sys, "modules", SYS_ATTRIBUTES);
                uint32_t count = 0; /* now, not when its page was read first */
                struct remote_piece piece = {modules, &count, sizeof(count), 0};
                if (modules && image_read_pieces(i, &piece, 1) == 0 && piece.got == sizeof(count))
                        held |= count > (l->minor >= 12 ? 2 : 3);
        }
        return held && !l->free_threaded;
}

/* A use that passes is not one that stays; what stayed for two looks did. */
void cpython_note_held(struct cpython *c, struct image *i, bool held)
{
        held = held && cpython_modules_are_held(c, i);
        c->held_looks = held || c->held_looks > 1 ? c->held_looks + 1 : 0;
        c->last_held = c->looks;
}
