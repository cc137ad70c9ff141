/* SPDX-License-Identifier: Apache-2.0 */

/* The engine "cpython": which functions of a running interpreter have run since it started. The first look
 * goes through all of its memory; later ones look at code that had not run, and through a part of the memory
 * for what is new: new modules, or other code that stays, ask for all of it again. */

#include "evidence/cpython_bytecode.h"
#include "evidence/cpython_object.h"
#include "evidence/cpython_steps.h"

#include "host/runtime.h"

#include <errno.h>
#include <stdio.h>

enum {
        SESSION_MEMORY = 64 << 20, /* names of one process */
        LEAST_JUDGED = 20,
};

static int cpython_open(struct image *i, void **ret_state)
{
        struct cpython *c = calloc(1, sizeof(*c));
        if (!c)
                return -ENOMEM;
        c->arena = ARENA_INIT(SESSION_MEMORY);
        c->modules_unknown = "not looked at yet";
        int r = cpython_recognise(i, &c->layout);
        if (r < 0) {
                free(c);
                return r;
        }
        *ret_state = c;
        return 0;
}

static void drop_record(struct cpython *c)
{
        cpython_found_free(c->found);
        c->found = NULL;
        map_done(&c->strings);
        free(c->places);
        c->places = NULL;
        c->place_count = 0;
        vec_done(&c->sites);
        vec_done(&c->codes);
        vec_done(&c->before);
        vec_done(&c->suspects);
        vec_done(&c->known);
        vec_done(&c->news);
        vec_done(&c->callees);
        vec_done(&c->modules);
        vec_done(&c->systems);
        vec_done(&c->aliases);
        vec_done(&c->moved);
        arena_done(&c->arena);
}

static void cpython_close(void *state)
{
        struct cpython *c = state;
        if (!c)
                return;
        drop_record(c);
        vec_done(&c->past);
        vec_done(&c->doubts);
        vec_done(&c->kept);
        vec_done(&c->lists);
        free(c);
}

static void cpython_let_go(void *state, bool all)
{
        struct cpython *c = state;
        bool kept = all || !c->scanned || cpython_order_keep(c) == 0;
        cpython_keep_past(c, all || !kept);
        drop_record(c);
        cpython_browse_anew(c);
        c->arena = ARENA_INIT(SESSION_MEMORY);
        c->cursor = c->scanned_modules = c->judged = c->odd = 0;
        c->scanned = c->whole = c->unheld = c->unseen = c->names_missing = false;
        c->modules_unknown = "not looked at yet";
}

/* importlib.reload, and what imp.load_source and others run to load a module once more into the same object.
 */
static bool is_reload(const struct cpython_site *s)
{
        return s->ran && ((!strcmp(s->name, "reload") && s->module && !strcmp(s->module, "importlib")) ||
                          (!strcmp(s->name, "_exec") && !strcmp(s->file, "<frozen importlib._bootstrap>")));
}

/* It may have run what the others have not. */
static bool has_unseen(const struct cpython *c, struct image *i)
{
        return c->scanned && !c->replaces && !c->layout.free_threaded && c->layout.minor >= CPYTHON_OLDEST &&
               c->layout.minor <= CPYTHON_NEWEST && cpython_had_other_interpreters(c, i);
}

static int cpython_look(void *state, struct image *i, uint64_t now)
{
        struct cpython *c = state;
        int r = 0;
        c->lost = 0;
        c->looks++;
        if (!c->layout.minor)
                return 0;
        if (!cpython_is_there(i, &c->layout))
                return i->failed ? i->failed : -ESTALE;
        if (c->scanned && !c->found) {
                r = cpython_poll(c, i, now);
                if (r == 0)
                        r = cpython_read_modules(c, i);
                if (r < 0)
                        return r;
        }
        c->unseen = has_unseen(c, i);
        bool scan = !c->scanned || c->found || c->modules.count != c->scanned_modules || c->modules_unknown ||
                    c->unheld || c->unseen;
        if (!scan && cpython_is_browsable(c)) {
                r = cpython_browse(c, i);
                if (r < 0)
                        return r;
                scan = r > 0;
        } else if (!scan) {
                scan = c->looks - c->last_scan >= CPYTHON_SCAN_EVERY;
        }
        if (scan)
                r = cpython_scan(c, i, now);
        c->unseen = c->unseen && has_unseen(c, i);
        vec_each (site, &c->sites) {
                c->reloaded |= is_reload(site);
                c->shadowed |= c->believed && site->ran && cpython_is_believed(c->believed, site->name);
        }
        cpython_rest(c);
        return r;
}

/* ---- what it tells ----------------------------------------------------------------------------------- */

static const char *functions_unknown(const struct cpython *c)
{
        if (!c->layout.minor)
                return "its structures are not those of a CPython that is known";
        if (c->layout.free_threaded)
                return "free-threaded CPython leaves no trace of what ran";
        if (c->layout.minor < CPYTHON_OLDEST)
                return "CPython before 3.7 is not supported";
        if (c->layout.minor > CPYTHON_NEWEST)
                return "this version of CPython is newer than this program";
        if (c->judged >= LEAST_JUDGED && c->odd * 50 > c->judged)
                return "its code objects are not as this version of CPython makes them";
        return NULL;
}

static const char *negatives_unknown(const struct cpython *c)
{
        if (!c->scanned)
                return "not all of its memory was looked at yet";
        if (c->names_missing)
                return "its names are more than is kept of one process";
        if (c->unseen)
                return "another interpreter of it was not looked into yet";
        if (c->traced)
                return "a tracer, profiler or debugger instruments its code";
        if (c->evaluator)
                return "a module replaces how code is run";
        if (c->reloaded)
                return "modules were reloaded, their earlier code is gone";
        if (c->shadowed)
                return "its code hands sys.modules to a function that is named as one of Python's own";
        if (c->held_looks)
                return "something else holds sys.modules: modules may have been taken out of it";
        if (c->forgotten)
                return "what was known of it had to be let go for want of memory";
        return c->replaces;
}

static void cpython_about(const void *state, struct engine_about *ret)
{
        const struct cpython *c = state;
        *ret = (struct engine_about){
                .runtime = "CPython",
                .flavour = c->layout.free_threaded ? "free-threaded" : NULL,
                .functions_unknown = functions_unknown(c),
                .negatives_unknown = negatives_unknown(c),
                .modules_unknown = c->layout.minor
                                           ? c->modules_unknown
                                           : "its structures are not those of a CPython that is known",
                .lost = c->lost ? "objects that could not be read" : NULL,
        };
        if (c->layout.minor && c->layout.micro_known)
                snprintf(ret->version, sizeof(ret->version), "3.%u.%u", c->layout.minor, c->layout.micro);
        else if (c->layout.minor)
                snprintf(ret->version, sizeof(ret->version), "3.%u", c->layout.minor);
}

static int cpython_each_module(const void *state, int (*each)(void *context, const struct engine_module *m),
                               void *context)
{
        const struct cpython *c = state;
        int r = 0;
        for (size_t n = 0; r == 0 && n < c->modules.count; n++) {
                struct engine_module m = {c->modules.items[n].name, c->modules.items[n].file};
                r = each(context, &m);
        }
        return r;
}

static const char *unknown_reason(const struct cpython_site *s, const char *general)
{
        return !s->codes                ? "its code is no longer in memory"
               : general                ? general
               : !s->claimed            ? "no function of the program owns its code"
               : s->gone || s->replaced ? "its code was replaced: what ran of the earlier is not known"
               : s->earlier             ? "code of its file went after what was known of it had been let go"
               : !s->imported ? "its code was made at run time: there may have been other code before"
               : s->unsure    ? "this version of CPython leaves no trace where such code returns early"
               : s->unread    ? "its memory could not be read in the last look"
                              : NULL;
}

static int cpython_each_function(const void *state,
                                 int (*each)(void *context, const struct engine_function *f), void *context)
{
        const struct cpython *c = state;
        const char *negatives = negatives_unknown(c);
        int r = 0;
        if (functions_unknown(c))
                return 0;
        for (size_t n = 0; r == 0 && n < c->sites.count; n++) {
                const struct cpython_site *s = &c->sites.items[n];
                if (s->body)
                        continue;
                const char *reason = s->ran ? NULL : unknown_reason(s, negatives);
                struct engine_function f = {
                        .module = s->module,
                        .name = s->name,
                        .file = s->file,
                        .line = s->line,
                        .answer = s->ran   ? ANSWER_YES
                                  : reason ? ANSWER_UNKNOWN
                                           : ANSWER_NOT_OBSERVED,
                        .reason = reason,
                        .first = s->first,
                };
                r = each(context, &f);
        }
        return r;
}

static size_t cpython_size(const void *state)
{
        const struct cpython *c = state;
        const struct cpython_found *f = c->found;
        return sizeof(*c) + c->arena.used + c->sites.allocated * sizeof(*c->sites.items) +
               (c->codes.allocated + c->before.allocated + c->suspects.allocated) * sizeof(*c->codes.items) +
               c->known.allocated * sizeof(*c->known.items) + c->news.allocated * sizeof(*c->news.items) +
               c->callees.allocated * sizeof(*c->callees.items) + c->past.allocated * sizeof(*c->past.items) +
               c->doubts.allocated * sizeof(*c->doubts.items) + c->kept.allocated * sizeof(*c->kept.items) +
               c->modules.allocated * sizeof(*c->modules.items) + (f ? cpython_found_size(f) : 0);
}

const struct engine cpython_engine = {
        .name = "cpython",
        .runtime = RUNTIME_PYTHON,
        .open = cpython_open,
        .look = cpython_look,
        .about = cpython_about,
        .modules = cpython_each_module,
        .functions = cpython_each_function,
        .size = cpython_size,
        .rest = cpython_let_go,
        .close = cpython_close,
};
