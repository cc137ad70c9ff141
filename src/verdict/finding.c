/* SPDX-License-Identifier: Apache-2.0 */

/* A finding is a bug in a source version in a root, and one workload that uses it. All bugs of a source
 * version share the same uses, so a use is judged once; only whether a named function ran is a question
 * of the single bug. What nobody uses is one finding without a workload. */

#include "verdict/compute.h"

#include "evidence/engine.h"
#include "host/runtime.h"

#include <errno.h>

#define RUNTIME_INTERPRETED                                                                         \
        (RUNTIME_PYTHON | RUNTIME_NODE | RUNTIME_JAVA | RUNTIME_RUBY | RUNTIME_PHP | RUNTIME_PERL | \
         RUNTIME_SHELL | RUNTIME_DOTNET)

/* ---- somebody uses it ------------------------------------------------------------------------------- */

static struct answer answer_seen(const struct finding *f, enum evidence_kind least)
{
        struct answer a = {};
        for (size_t i = 0; i < f->evidence_count; i++) {
                const struct evidence *e = f->evidence[i];
                if (e->kind < least)
                        continue;
                if (!a.engine || e->first < a.since) {
                        a.since = e->first;
                        a.engine = e->engine;
                }
                if (e->after && (!a.after || e->after < a.after))
                        a.after = e->after;
                a.value = ANSWER_YES;
        }
        return a;
}

static const char *functions_unseen(const struct finding *f, struct arena *a)
{
        uint32_t interpreted = f->package->runtimes & RUNTIME_INTERPRETED;
        if (interpreted && engine_exists(interpreted & -interpreted))
                return "its functions were not looked into";
        if (interpreted)
                return arena_printf(a, "no %s engine yet", runtime_name(interpreted & -interpreted));
        return f->package->runtimes & RUNTIME_KERNEL
                       ? "no engine for kernel functions yet"
                       : "not caught running; samples cannot tell that it did not";
}

static const struct function_coverage *any_function(const struct index *x, const char *workload,
                                                    const char *package)
{
        _cleanup_arena_ struct arena scratch = ARENA_INIT(1 << 20);
        const char *key = arena_printf(&scratch, "%s\n%s", workload, package);
        const struct watched_function *w = key ? map_get_str(&x->functions, key) : NULL;
        for (; w; w = w->next)
                if (!strcmp(w->coverage->subject, ANY_FUNCTION))
                        return w->coverage;
        return NULL;
}

/* No function was seen to run: what that means, every package that was seen in use must say. */
static struct answer answer_unseen(const struct index *x, const struct finding *f)
{
        struct answer a = {.value = ANSWER_NOT_OBSERVED};
        for (size_t i = 0; f->workload && i < f->evidence_count; i++) {
                const struct function_coverage *c = any_function(x, f->workload->id, f->evidence[i]->package);
                const char *why = !c                                  ? functions_unseen(f, x->arena)
                                  : c->reason                         ? c->reason
                                  : c->until < f->workload->last_seen ? "not watched up to the last look"
                                  : f->workload->unreadable
                                          ? "not every process of the workload could be read"
                                          : NULL;
                if (!c || why)
                        return (struct answer){.reason = why};
                a.engine = c->engine;
                a.since = a.after = MAX(a.since, c->since);
                a.reason = c->gaps;
        }
        return a.engine ? a : (struct answer){.reason = functions_unseen(f, x->arena)};
}

static struct answer restart_answer(const struct finding *f)
{
        const struct evidence *unjudged = NULL;
        for (size_t i = 0; i < f->evidence_count; i++) {
                const struct evidence *e = f->evidence[i];
                if (e->stale == STALE_YES)
                        return (struct answer){.value = ANSWER_YES,
                                               .after = e->after,
                                               .since = e->first,
                                               .engine = "mapped",
                                               .reason = e->subject};
                if (e->stale == STALE_UNKNOWN)
                        unjudged = e;
        }
        if (unjudged)
                return (struct answer){
                        .reason = "whether a mapped file was replaced on disk could not be told"};
        if (!f->workload)
                return (struct answer){.reason = "the workload that used it is no longer known"};
        if (f->workload->unreadable)
                return (struct answer){.reason = "not every process of the workload could be read"};
        return (struct answer){.value = ANSWER_NOT_OBSERVED,
                               .after = f->workload->last_seen,
                               .since = f->workload->last_seen,
                               .engine = "mapped",
                               .reason = f->workload->running ? NULL : "it does not run now"};
}

static int list_binaries(const struct index *x, const struct group *g, struct finding *f)
{
        f->binaries = arena_alloc(x->arena, g->member_count * sizeof(*f->binaries));
        if (!f->binaries)
                return -ENOMEM;
        for (size_t i = 0; i < g->member_count; i++)
                if (x->packages[g->members[i]].package != f->package)
                        f->binaries[f->binary_count++] = x->packages[g->members[i]].package;
        return 0;
}

/* What is the same for all bugs of the group in the workload of these observations. */
static int judge_use(const struct index *x, const struct group *g, const struct observation *o, size_t count,
                     struct finding *ret)
{
        struct finding f = {.package = x->packages[o->package].package};
        f.workload = o->workload == SIZE_MAX ? NULL : x->workloads[o->workload];
        f.evidence = arena_alloc(x->arena, count * sizeof(*f.evidence));
        if (!f.evidence)
                return -ENOMEM;
        for (size_t i = 0; i < count; i++)
                f.evidence[f.evidence_count++] = o[i].evidence;
        f.loaded = answer_seen(&f, EVIDENCE_LOADED);
        f.executed = answer_seen(&f, EVIDENCE_EXECUTED);
        if (f.executed.value != ANSWER_YES) {
                f.executed = answer_unseen(x, &f);
                if (f.executed.value == ANSWER_UNKNOWN && !f.executed.reason)
                        return -ENOMEM;
        }
        f.restart_needed = restart_answer(&f);
        f.stale = f.package->stale || f.restart_needed.value == ANSWER_YES;
        if (f.workload) {
                f.exposed = f.workload->exposed;
                f.privileged = f.workload->privileged;
        } else {
                f.exposed.reason = f.privileged.reason = f.restart_needed.reason;
        }
        f.level = f.executed.value == ANSWER_YES ? LEVEL_EXECUTED : LEVEL_LOADED;
        *ret = f;
        return list_binaries(x, g, ret);
}

/* ---- nobody was seen to use it ------------------------------------------------------------------------ */

/* An answer about those workloads that might use the code, unseen: only if they all agree. */
static struct answer answer_of_blind(size_t yes, size_t no, size_t unknown, const struct root_entry *r,
                                     const char *engine)
{
        if (!yes && !unknown && no)
                return (struct answer){.value = ANSWER_NOT_OBSERVED,
                                       .engine = engine,
                                       .reason = "none of the workloads that might use it"};
        if (yes && !no && !unknown && r->workloads)
                return (struct answer){
                        .value = ANSWER_YES, .engine = engine, .reason = "every workload that might use it"};
        return (struct answer){.reason = "which workload might use it is not known"};
}

static void judge_blind(const struct root_entry *r, uint32_t runtimes, struct finding *f)
{
        struct cover sum = {};
        for (size_t bit = 0; bit < RUNTIME_BITS; bit++) {
                const struct cover *c = &r->covers[bit];
                if (!((runtimes ? runtimes : RUNTIME_NATIVE) & 1u << bit))
                        continue;
                sum.blind_exposed += c->blind_exposed;
                sum.blind_closed += c->blind_closed;
                sum.blind_exposure_unknown += c->blind_exposure_unknown;
                sum.blind_privileged += c->blind_privileged;
                sum.blind_plain += c->blind_plain;
                sum.blind_privilege_unknown += c->blind_privilege_unknown;
        }
        f->executed = f->reached = f->restart_needed = f->loaded;
        f->exposed = answer_of_blind(sum.blind_exposed, sum.blind_closed, sum.blind_exposure_unknown, r,
                                     "sockets");
        f->privileged = answer_of_blind(sum.blind_privileged, sum.blind_plain, sum.blind_privilege_unknown, r,
                                        "procfs");
}

static const struct package *unused_package(const struct index *x, const struct group *g)
{
        const struct package *best = NULL;
        for (size_t i = 0; i < g->member_count; i++) {
                const struct package *p = x->packages[g->members[i]].package;
                if (str_equal(p->name, p->source))
                        return p;
                if (!best || (p->runtimes && !best->runtimes))
                        best = p;
        }
        return best;
}

static int judge_unused(const struct index *x, const struct group *g, struct finding *ret)
{
        struct finding f = {.package = unused_package(x, g), .level = LEVEL_PRESENT};
        f.loaded = unused_answer(g->root, g->runtimes, g->doubt);
        if (f.loaded.value == ANSWER_UNKNOWN) {
                judge_blind(g->root, g->runtimes, &f);
        } else {
                /* What is not loaded does not run, listens nowhere and needs no restart. */
                f.executed = f.reached = f.exposed = f.privileged = f.restart_needed = f.loaded;
        }
        f.stale = f.package->stale;
        *ret = f;
        return list_binaries(x, g, ret);
}

/* ---- one bug ---------------------------------------------------------------------------------------- */

static enum level highest_possible(const struct finding *f)
{
        return f->reached.value != ANSWER_NOT_OBSERVED    ? LEVEL_REACHED
               : f->executed.value != ANSWER_NOT_OBSERVED ? LEVEL_EXECUTED
               : f->loaded.value != ANSWER_NOT_OBSERVED   ? LEVEL_LOADED
                                                          : LEVEL_PRESENT;
}

/* The source package names the finding: which of its binaries shows the highest level may change. */
static const char *finding_key(const struct package *p, const struct bug *b, struct arena *a)
{
        struct package source = {
                .ecosystem = p->ecosystem,
                .release = p->release,
                .name = p->source ? p->source : p->name,
                .version = p->source_version ? p->source_version : p->version,
        };
        const char *key = package_portable_key(&source, a);
        return key ? arena_printf(a, "%s|%s", key, b->id) : NULL;
}

static int add_findings(const struct index *x, const struct group *g, const struct finding *use,
                        const char *const *keys, struct verdict *to)
{
        for (size_t i = 0; i < g->match->bug_count; i++) {
                struct finding *f = &to->findings[to->finding_count];
                *f = *use;
                f->bug = &g->match->bugs[i];
                f->key = keys[i];
                int r = judge_reached(x, g, f);
                if (r < 0)
                        return r;
                f->level_possible = highest_possible(f);
                rank_finding(f, x->in->mission);
                r = why_write(f, x->arena);
                if (r < 0)
                        return r;
                to->finding_count++;
        }
        return 0;
}

static size_t use_size(const struct group *g, size_t from)
{
        size_t to = from;
        while (to < g->observation_count && g->observations[to].workload == g->observations[from].workload)
                to++;
        return to - from;
}

static int add_group(const struct index *x, const struct group *g, struct verdict *to)
{
        struct finding use;
        int r = 0;
        if (!g->match->bug_count)
                return 0;
        const char **keys = arena_alloc(x->arena, g->match->bug_count * sizeof(*keys));
        for (size_t i = 0; keys && i < g->match->bug_count; i++)
                if (!(keys[i] =
                              finding_key(x->packages[g->members[0]].package, &g->match->bugs[i], x->arena)))
                        return -ENOMEM;
        if (!keys)
                return -ENOMEM;
        if (!g->observation_count) {
                r = judge_unused(x, g, &use);
                return r < 0 ? r : add_findings(x, g, &use, keys, to);
        }
        for (size_t i = 0, size; r == 0 && i < g->observation_count; i += size) {
                size = use_size(g, i);
                r = judge_use(x, g, &g->observations[i], size, &use);
                if (r == 0)
                        r = add_findings(x, g, &use, keys, to);
        }
        return r;
}

static int pointer_compare(const void *a, const void *b)
{
        return rank_compare(*(const struct finding *const *)a, *(const struct finding *const *)b);
}

/* Findings are large: their addresses are sorted, then each is moved once. */
static int sort_findings(const struct index *x, struct verdict *v)
{
        size_t count = v->finding_count;
        struct finding *sorted = arena_alloc(x->arena, MAX(count, (size_t)1) * sizeof(*sorted));
        const struct finding **order = arena_alloc(x->arena, MAX(count, (size_t)1) * sizeof(*order));
        if (!sorted || !order)
                return -ENOMEM;
        for (size_t i = 0; i < count; i++)
                order[i] = &v->findings[i];
        qsort(order, count, sizeof(*order), pointer_compare);
        for (size_t i = 0; i < count; i++)
                sorted[i] = *order[i];
        v->findings = sorted;
        return 0;
}

int findings_build(const struct index *x, struct verdict *ret)
{
        size_t count = 0, bytes;
        for (size_t k = 0; k < x->group_count; k++) {
                const struct group *g = &x->groups[k];
                size_t uses = !g->observation_count;
                for (size_t i = 0; i < g->observation_count; i += use_size(g, i))
                        uses++;
                count += uses * g->match->bug_count;
        }
        if (__builtin_mul_overflow(MAX(count, (size_t)1), sizeof(*ret->findings), &bytes) ||
            !(ret->findings = arena_alloc(x->arena, bytes)))
                return -ENOMEM;
        for (size_t k = 0; k < x->group_count; k++) {
                int r = add_group(x, &x->groups[k], ret);
                if (r < 0)
                        return r;
        }
        return sort_findings(x, ret);
}
