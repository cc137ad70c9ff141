/* SPDX-License-Identifier: Apache-2.0 */

/* Code that has not run may be the successor of code that has, and is gone: then it may not be said that the
 * function has not run. Three things tell of it. A module that was loaded twice has code of two loads in
 * memory (cpython_loads.c). Functions that were given other code know it (from 3.12 on). And code that ran
 * and takes modules out of sys.modules, loads files by itself or gives functions other code, may have done so
 * to any.
 */

#include "evidence/cpython_bytecode.h"
#include "evidence/cpython_look.h"
#include "evidence/cpython_steps.h"

#include "base/str.h"

#include <string.h>

static const char *const other_code = "its code gives functions other code: what ran may be gone";
static const char *const finds_it =
        "its code goes through all objects, sys.modules among them: what ran may be gone";
static const char *const runs_text =
        "its code runs text that names modules: they may have been taken out of sys.modules";
static const char *const loads_itself = "its code loads files by itself: what ran may be gone";

/* ---- code that replaces other code ------------------------------------------------------------------ */

/* `setattr(f, "__code__", …)`. */
static bool sets_code(const struct cpython *c, struct image *i, const struct cpython_names *n, uint64_t code)
{
        static const char *const setters[] = {"setattr", "__setattr__", "__set__"};
        if (!cpython_has_constant(c, i, code, c->key_code))
                return false;
        for (size_t s = 0; s < ARRAY_SIZE(setters); s++)
                if (cpython_name_index(c, i, n, setters[s]) != CPYTHON_NO_NAME)
                        return true;
        return false;
}

struct wanted {
        unsigned minor;
        char meaning; /* or 0: any load */
        int name;
};

static bool does(void *context, const struct cpython_instruction *t)
{
        const struct wanted *w = context;
        if (cpython_named(w->minor, t) != w->name)
                return false;
        if (w->meaning)
                return t->meaning == w->meaning;
        return t->meaning != CPYTHON_STORE_ATTRIBUTE && cpython_may_have_run(w->minor, t);
}

/* It stores to `__code__`, has it set by its descriptor, or makes functions of code. */
static bool gives_code(const struct cpython *c, struct image *i, const struct cpython_names *n, uint64_t code)
{
        for (size_t at = 0; c->key_code && at < n->count; at++) {
                struct wanted store = {c->layout.minor, CPYTHON_STORE_ATTRIBUTE, (int)at};
                if (n->items[at] == c->key_code && (cpython_any_instruction(c, i, code, does, &store) ||
                                                    cpython_name_index(c, i, n, "__set__") >= 0 ||
                                                    cpython_name_index(c, i, n, "FunctionType") >= 0))
                        return true;
        }
        return false;
}

/* ---- code that loads files by itself --------------------------------------------------------------- */

static bool is_named(const struct cpython_names *n, uint64_t key)
{
        for (size_t at = 0; key && at < n->count; at++)
                if (n->items[at] == key)
                        return true;
        return false;
}

/* `gc.get_referrers` of what the list holds, or the list among all objects. */
static bool finds_objects(const struct cpython *c, const struct cpython_names *n)
{
        return is_named(n, c->key_referrers) || (is_named(n, c->key_objects) && is_named(n, c->key_gc));
}

/* `eval("sys.modules")`, and what pickle and marshal take for names or code, while the text is there. */
static bool runs_text_of_modules(const struct cpython *c, struct image *i, const struct cpython_names *n,
                                 uint64_t code)
{
        static const char *const parts[] = {"sys.modules", "import modules"};
        static const char *const packed[] = {"sys", "modules"};
        return ((is_named(n, c->key_eval) || is_named(n, c->key_exec)) &&
                cpython_has_text(c, i, code, parts, ARRAY_SIZE(parts))) ||
               (is_named(n, c->key_loads) && cpython_has_bytes(c, i, code, packed, ARRAY_SIZE(packed)));
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
static bool loads_files(const struct cpython *c, struct image *i, const struct cpython_names *n,
                        uint64_t code)
{
        for (size_t at = 0; c->key_load && at < n->count; at++) {
                struct wanted load = {c->layout.minor, 0, (int)at};
                if (n->items[at] == c->key_load && cpython_any_instruction(c, i, code, does, &load))
                        return true;
        }
        return is_named(n, c->key_exec) && is_named(n, c->key_compile) && is_named(n, c->key_open);
}

/* All names of one text are one object: what imports calls exec_module as well. */
static void find_load_key(struct look *k)
{
        struct cpython_names n;
        k->c->key_load = 0;
        for (size_t at = 0; at < k->count && !k->c->key_load; at++) {
                const struct seen_code *s = &k->codes[at];
                if (!s->valid || strcmp(s->name_text, "_load_unlocked") != 0 ||
                    !str_starts(s->file_text, "<frozen importlib") ||
                    !cpython_names_read(k->c, k->i, s->address, &n))
                        continue;
                int index = cpython_name_index(k->c, k->i, &n, "exec_module");
                k->c->key_load = index != CPYTHON_NO_NAME ? n.items[index] : 0;
        }
}

/* runpy.run_path and runpy.run_module: what they ran is gone with its names. */
static bool runs_files(const char *file, const char *name)
{
        return (str_ends(file, "/runpy.py") || !strcmp(file, "<frozen runpy>")) &&
               (!strcmp(name, "run_path") || !strcmp(name, "run_module"));
}

/* The code of an interpreter goes with it, and the same files are loaded by others. They are numbered, and
 * each that is there has its module `sys`. */
bool cpython_had_other_interpreters(const struct cpython *c, struct image *i)
{
        if (c->layout.interpreters)
                return image_u64(i, c->layout.interpreters) > c->systems.count;
        vec_each (m, &c->modules)
                if (!strcmp(m->name, "_xxsubinterpreters") || !strcmp(m->name, "_interpreters"))
                        return true;
        return false;
}

/* ---- all of it -------------------------------------------------------------------------------------- */

/* What imports takes a module out of the list when it fails to load; types.coroutine changes a flag of
 * functions that have just been made; a warning that nobody gave is taken for one of sys; setuptools puts its
 * own distutils, which are other files, in the place of the library's. */
static bool may_replace(const char *file, const char *name)
{
        return str_starts(file, "<frozen importlib") || str_starts(file, "<frozen zipimport") ||
               (str_ends(file, "/types.py") && !strcmp(name, "coroutine")) ||
               (str_ends(file, "/warnings.py") && !strcmp(name, "warn")) ||
               (str_ends(file, "/_distutils_hack/__init__.py") && !strcmp(name, "clear_distutils"));
}

void cpython_note_replacing(struct cpython *c, struct image *i, const char *file, const char *name,
                            uint64_t code)
{
        struct cpython_names n;
        if (c->replaces || may_replace(file, name) || !cpython_names_read(c, i, code, &n))
                return;
        if ((!may_load(file, name) && loads_files(c, i, &n, code)) || runs_files(file, name))
                c->replaces = loads_itself;
        /* unittest.mock.patch.dict, of whatever dict: it may be sys.modules. */
        if (str_ends(file, "/mock.py") && !strcmp(name, "_clear_dict"))
                c->replaces = "its code puts back what a dict held, maybe sys.modules: what ran may be gone";
        /* six mentions both in its body, to other ends. */
        if ((!str_ends(file, "/six.py") && sets_code(c, i, &n, code)) || gives_code(c, i, &n, code))
                c->replaces = other_code;
        if (finds_objects(c, &n))
                c->replaces = finds_it;
        if (runs_text_of_modules(c, i, &n, code))
                c->replaces = runs_text;
        if (!c->replaces)
                c->replaces = cpython_modules_escape(c, i, &n, code, &c->believed);
}

int look_find_replaced(struct look *k, bool all)
{
        cpython_find_keys(k->c, k->i);
        find_load_key(k);
        if (all && !k->c->replaces && cpython_had_other_interpreters(k->c, k->i))
                k->c->replaces = "it had other interpreters: what ran in them may be gone";
        for (size_t n = 0; n < k->count && !k->c->replaces; n++) {
                const struct seen_code *s = &k->codes[n];
                if (s->valid && s->ran)
                        cpython_note_replacing(k->c, k->i, s->file_text, s->name_text, s->address);
        }
        return look_count_loads(k);
}
