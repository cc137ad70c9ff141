/* SPDX-License-Identifier: Apache-2.0 */

/* One process that ran a function is enough for its workload; that none did needs an answer from each
 * process that could have. */

#include "look/state.h"

#include "base/clock.h"

#include <errno.h>

/* ---- evidence ---------------------------------------------------------------------------------------- */

struct telling {
        struct look *look;
        int64_t now;
        struct arena *a;
        struct joined *to;
        struct map silences; /* workload, package → struct silence */
        bool only_new;       /* leave out what an earlier commit has put */
};

static int put(struct telling *t, const struct entry *e, const struct runtime_look *look, const char *package,
               enum evidence_kind kind, const char *subject, uint64_t first)
{
        struct evidence *slot = vec_add(&t->to->evidence);
        if (!slot)
                return -ENOMEM;
        *slot = (struct evidence){
                .workload = e->process.workload_id,
                .package = package,
                .subject = subject,
                .kind = kind,
                .engine = look->engine,
                .pid = e->pid,
                .first = first ? clock_wall_of(first) : t->now,
                .last = t->now,
                .after = clock_wall_of(look->program_start ? MIN(look->program_start, e->process.start)
                                                           : e->process.start),
        };
        return 0;
}

/* Functions that an engine saw without their module being listed were imported as well. */
static bool is_loaded(const struct runtime_package *p)
{
        return p->modules || p->executed || p->silent;
}

/* A module is of this package or of another one that lists the same file. */
static int put_shared(struct telling *t, const struct entry *e, const char *key,
                      const struct runtime_package *p)
{
        struct doubt *d = vec_add(&t->to->doubts);
        const char *reason = arena_printf(t->a, "%s belongs to several packages with equal right", p->shared);
        if (!d || !reason)
                return -ENOMEM;
        *d = (struct doubt){.workload = e->process.workload_id,
                            .package = key,
                            .subject = p->shared,
                            .reason = reason,
                            .first = t->now,
                            .last = t->now};
        return 0;
}

static int put_packages(struct telling *t, const struct runtime_process *p, const struct entry *e)
{
        size_t n = 0;
        vec_each (look, &p->reply.looks)
                vec_each (package, &look->packages) {
                        const char *key = p->keys[n++];
                        const char *module = package->module ? package->module : package->package.name;
                        int r = is_loaded(package) ? put(t, e, look, key, EVIDENCE_LOADED, module, 0)
                                : package->shared  ? put_shared(t, e, key, package)
                                                   : 0;
                        if (r == 0 && package->executed && package->function)
                                r = put(t, e, look, key, EVIDENCE_EXECUTED, package->function,
                                        package->first);
                        if (r < 0)
                                return r;
                }
        return 0;
}

/* ---- silence ----------------------------------------------------------------------------------------- */

struct silent_symbol {
        const struct wanted_symbol *symbol; /* NULL: any function of the package */
        bool ran;
        const char *reason; /* NULL: silent in every process */
        size_t found;       /* processes that hold it */
};

/* What all processes of a workload say of a package. */
struct silence {
        const char *workload, *package, *engine;
        int64_t since, until;
        const char *gaps;
        VEC(struct silent_symbol) symbols; /* [0]: any function */
};

static struct silence *silence_of(struct telling *t, const struct entry *e, const char *key,
                                  const struct runtime_look *look)
{
        const char *name = arena_printf(t->a, "%s\n%s\n%s", e->process.workload_id, key, look->engine);
        struct silence *s = name ? map_get_str(&t->silences, name) : NULL;
        if (s || !name)
                return s;
        const struct wanted_package *w = map_get_str(&t->look->runtimes.packages, key);
        s = arena_alloc(t->a, sizeof(*s));
        struct silent_symbol *any = s ? vec_add(&s->symbols) : NULL;
        if (!any || map_put_str(&t->silences, name, s) < 0)
                return NULL;
        *s = (struct silence){.workload = e->process.workload_id,
                              .package = key,
                              .engine = look->engine,
                              .symbols = s->symbols,
                              .since = t->now,
                              .until = t->now};
        for (size_t i = 0; w && i < w->symbols.count; i++) {
                struct silent_symbol *slot = vec_add(&s->symbols);
                if (!slot)
                        return NULL;
                slot->symbol = &w->symbols.items[i];
        }
        return s;
}

static void note_reason(struct silent_symbol *s, const char *reason)
{
        if (!s->reason)
                s->reason = reason;
}

/* What this process says of one function: several pieces of code may have its name. */
static int hear_symbol(struct telling *t, const struct runtime_process *p, const struct entry *e,
                       const struct runtime_look *look, size_t package, const char *key,
                       struct silent_symbol *s)
{
        bool found = false;
        vec_each (f, &look->functions) {
                if (f->package != package || !f->query || f->query > p->asked.count ||
                    p->asked.items[f->query - 1] != (uint64_t)(uintptr_t)s->symbol)
                        continue;
                found = true;
                if (f->answer == ANSWER_YES) {
                        s->ran = true;
                        if (t->only_new && !p->fresh)
                                return 0;
                        return put(t, e, look, key, s->symbol->root ? EVIDENCE_REACHED : EVIDENCE_EXECUTED,
                                   s->symbol->subject, f->first);
                }
                if (f->answer == ANSWER_UNKNOWN)
                        note_reason(s, f->reason ? f->reason : "its engine cannot tell");
        }
        s->found += found;
        if (look->functions_unknown)
                note_reason(s, look->functions_unknown);
        else if (!found && look->negatives_unknown)
                note_reason(s, look->negatives_unknown);
        else if (look->packages.items[package - 1].shared)
                note_reason(s, "other packages list one of its files, too");
        else if (p->more)
                note_reason(s, "not all memory was looked at yet");
        return 0;
}

static int hear_package(struct telling *t, const struct runtime_process *p, const struct entry *e,
                        const struct runtime_look *look, size_t index, const char *key)
{
        const struct runtime_package *package = &look->packages.items[index];
        struct silence *s = silence_of(t, e, key, look);
        if (!s)
                return -ENOMEM;
        s->since = MIN(s->since, clock_wall_of(p->start));
        s->until = MIN(s->until, clock_wall_of(p->covered));
        struct silent_symbol *any = &s->symbols.items[0];
        any->ran |= package->executed > 0;
        uint64_t unknown = package->known - package->executed - package->silent;
        if (look->functions_unknown || look->negatives_unknown)
                note_reason(any, look->functions_unknown ? look->functions_unknown : look->negatives_unknown);
        else if (package->shared)
                note_reason(any, "other packages list one of its files, too");
        else if (package->package.runtimes & ~(uint32_t)look->bit)
                note_reason(any, "functions of its compiled modules are not looked for");
        else if (unknown && !any->reason &&
                 !(any->reason = arena_printf(t->a, "of %llu of its functions it cannot be told",
                                              (unsigned long long)unknown)))
                return -ENOMEM;
        for (size_t i = 1; i < s->symbols.count; i++) {
                int r = hear_symbol(t, p, e, look, index + 1, key, &s->symbols.items[i]);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int hear(struct telling *t, const struct runtime_process *p, const struct entry *e)
{
        size_t n = 0;
        vec_each (look, &p->reply.looks)
                for (size_t i = 0; i < look->packages.count; i++) {
                        int r = hear_package(t, p, e, look, i, p->keys[n++]);
                        if (r < 0)
                                return r;
                }
        return 0;
}

/* A process of the workload that told nothing may have run anything. */
static const char *deaf_reason(struct telling *t, const struct silence *s)
{
        size_t i = 0;
        for (void *value; map_next(&t->look->runtimes.processes, &i, NULL, NULL, &value);) {
                const struct runtime_process *p = value;
                const struct entry *e = table_get(&t->look->table, p->pid);
                if (p->failure && e && entry_named(e) && str_equal(e->process.workload_id, s->workload))
                        return arena_printf(t->a, "pid %d: %s", p->pid, p->failure);
        }
        return NULL;
}

static int put_silence(struct telling *t, const struct silence *s)
{
        const char *deaf = deaf_reason(t, s);
        /* Looks come once a minute, or later; `gaps` says what that leaves open. */
        int64_t lag = s->until < t->now ? t->now - s->until : 0;
        int64_t until = lag <= LOOK_LAG_S ? t->now : s->until;
        const char *gaps = "no watch before this look: what ended earlier was not seen";
        if (t->look->watched_since) {
                const char *when = runtimes_lag_text(lag, t->a);
                gaps = when ? arena_printf(t->a, "%s, what ran since, or up to its end, was not seen", when)
                            : NULL;
                if (!gaps)
                        return -ENOMEM;
        }
        vec_each (symbol, &s->symbols) {
                if (symbol->ran)
                        continue;
                const char *reason = symbol->reason                     ? symbol->reason
                                     : deaf                             ? deaf
                                     : symbol->symbol && !symbol->found ? "no such function is in memory"
                                                                        : NULL;
                struct function_coverage *c = vec_add(&t->to->functions);
                if (!c)
                        return -ENOMEM;
                *c = (struct function_coverage){
                        .workload = s->workload,
                        .package = s->package,
                        .subject = symbol->symbol ? symbol->symbol->subject : ANY_FUNCTION,
                        .engine = s->engine,
                        .reason = reason,
                        .since = s->since,
                        .until = until,
                        .gaps = gaps,
                };
        }
        return 0;
}

static int tell_all(struct telling *t, bool silence)
{
        size_t i = 0;
        for (void *value; map_next(&t->look->runtimes.processes, &i, NULL, NULL, &value);) {
                struct runtime_process *p = value;
                const struct entry *e = table_get(&t->look->table, p->pid);
                if (!silence && !p->fresh)
                        continue;
                if (!p->looked || p->failure || !e || !entry_named(e) || e->process.start != p->start)
                        continue;
                int r = t->only_new && !p->fresh ? 0 : put_packages(t, p, e);
                if (r == 0)
                        r = hear(t, p, e);
                if (r < 0)
                        return r;
        }
        i = 0;
        for (void *value; silence && map_next(&t->silences, &i, NULL, NULL, &value);) {
                int r = put_silence(t, value);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int tell(struct look *l, const struct join_input *in, bool silence, struct arena *a, struct joined *to)
{
        struct telling t = {.look = l, .now = in->now, .a = a, .to = to, .only_new = in->only_new};
        int r = tell_all(&t, silence);
        size_t i = 0;
        for (void *value; map_next(&t.silences, &i, NULL, NULL, &value);)
                vec_done(&((struct silence *)value)->symbols);
        map_done(&t.silences);
        return r;
}

int runtimes_join(struct look *l, const struct join_input *in, struct arena *a, struct joined *to)
{
        return tell(l, in, true, a, to);
}

int runtimes_add(struct look *l, const struct join_input *in, struct arena *a, struct joined *to)
{
        return tell(l, in, false, a, to);
}

void runtimes_committed(struct look *l)
{
        size_t i = 0;
        for (void *value; map_next(&l->runtimes.processes, &i, NULL, NULL, &value);)
                ((struct runtime_process *)value)->fresh = false;
}
