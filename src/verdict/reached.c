/* SPDX-License-Identifier: Apache-2.0 */

/* One hit is enough for yes. A negative needs every function that the advisories name, in every file that
 * holds it, watched up to the last look; one that is not makes it unknown, and is named. */

#include "verdict/compute.h"

#include <errno.h>

/* Callers of a vulnerable function are not the vulnerable function, and what a fix touched need not be it. */
static bool is_root(const struct symbol *s)
{
        return s->function && !str_equal(s->kind, "derived") && !str_equal(s->kind, "entry") &&
               !str_equal(s->kind, "fix");
}

/* An engine names a function alone or behind its container. */
static bool symbol_is(const struct symbol *s, const char *subject)
{
        if (!subject)
                return false;
        if (!strcmp(subject, s->function))
                return true;
        size_t size = s->container ? strlen(s->container) : 0;
        return size && !strncmp(subject, s->container, size) && subject[size] &&
               !strcmp(subject + size + 1, s->function);
}

static bool reaches(const struct evidence *e, const struct bug *b)
{
        for (size_t i = 0; e->kind == EVIDENCE_REACHED && i < b->symbol_count; i++)
                if (is_root(&b->symbols[i]) && symbol_is(&b->symbols[i], e->subject))
                        return true;
        return false;
}

enum evidence_kind finding_evidence_kind(const struct finding *f, const struct evidence *e)
{
        return e->kind == EVIDENCE_REACHED && !reaches(e, f->bug) ? EVIDENCE_EXECUTED : e->kind;
}

static const struct watched_function *watched(const struct index *x, const struct finding *f,
                                              const struct package_entry *p)
{
        _cleanup_arena_ struct arena scratch = ARENA_INIT(1 << 20);
        const char *key = arena_printf(&scratch, "%s\n%s", f->workload ? f->workload->id : "", p->key);
        return key ? map_get_str(&x->functions, key) : NULL;
}

struct silence {
        bool any; /* some function of the package is watched in this workload */
        struct answer answer;
        int error;
};

/* Take in what is known of one function in one file. */
static void hear(const struct index *x, const struct finding *f, const struct function_coverage *c,
                 struct silence *s)
{
        struct answer *a = &s->answer;
        const char *why = c->reason                           ? c->reason
                          : c->until < f->workload->last_seen ? "not watched up to the last look"
                                                              : NULL;
        if (why && !a->reason) {
                a->value = ANSWER_UNKNOWN;
                a->reason = arena_printf(x->arena, "%s: %s", c->subject, why);
                s->error = a->reason ? 0 : -ENOMEM;
        }
        a->engine = c->engine;
        a->since = a->after = MAX(a->since, c->since);
}

static void hear_symbol(const struct index *x, const struct group *g, const struct finding *f,
                        const struct symbol *symbol, struct silence *s)
{
        bool found = false;
        for (size_t i = 0; i < g->member_count; i++)
                for (const struct watched_function *w = watched(x, f, &x->packages[g->members[i]]); w;
                     w = w->next) {
                        s->any = true;
                        if (!symbol_is(symbol, w->coverage->subject))
                                continue;
                        found = true;
                        hear(x, f, w->coverage, s);
                }
        if (found || s->answer.reason)
                return;
        s->answer.reason = arena_printf(x->arena, "%s is not watched", symbol->function);
        s->error = s->answer.reason ? 0 : -ENOMEM;
}

/* Whether all functions that count were watched and none was seen. */
static int judge_silence(const struct index *x, const struct group *g, struct finding *f)
{
        struct silence s = {};
        size_t roots = 0;
        if (!f->workload) {
                f->reached.reason = "the workload that used it is no longer known";
                return 0;
        }
        for (size_t i = 0; s.error == 0 && i < f->bug->symbol_count; i++)
                if (is_root(&f->bug->symbols[i])) {
                        roots++;
                        hear_symbol(x, g, f, &f->bug->symbols[i], &s);
                }
        if (s.error < 0)
                return s.error;
        if (!roots)
                f->reached.reason = "its advisories name only callers, or what the fix touched";
        else if (!s.any)
                f->reached.reason = f->executed.value == ANSWER_YES ? "no engine looks for its functions yet"
                                                                    : f->executed.reason;
        else if (s.answer.reason)
                f->reached = (struct answer){.reason = s.answer.reason, .engine = s.answer.engine};
        else if (f->bug->roots_gap)
                f->reached = (struct answer){.reason = f->bug->roots_gap, .engine = s.answer.engine};
        else if (f->workload->unreadable)
                f->reached.reason = "not every process of the workload could be read";
        else {
                f->reached = s.answer;
                f->reached.value = ANSWER_NOT_OBSERVED;
        }
        return 0;
}

int judge_reached(const struct index *x, const struct group *g, struct finding *f)
{
        if (f->level == LEVEL_PRESENT)
                return 0; /* follows from `loaded` */
        for (size_t i = 0; i < f->evidence_count; i++) {
                const struct evidence *e = f->evidence[i];
                if (!reaches(e, f->bug))
                        continue;
                f->reached = (struct answer){.value = ANSWER_YES,
                                             .after = e->after,
                                             .since = e->first,
                                             .engine = e->engine,
                                             .reason = e->subject};
                f->level = LEVEL_REACHED;
                return 0;
        }
        if (!f->bug->symbol_count) {
                f->reached.reason = "its advisories name no function";
                return 0;
        }
        return judge_silence(x, g, f);
}
