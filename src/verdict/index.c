/* SPDX-License-Identifier: Apache-2.0 */

/* Everything is sorted by what it is called before anything is judged, so that the order of the input
 * cannot show in the output; and what holds for a whole root is worked out once for all its packages. */

#include "verdict/compute.h"

#include <errno.h>

static int number_compare(int64_t a, int64_t b)
{
        return (a > b) - (a < b);
}

static void *arena_array(struct arena *a, size_t count, size_t size)
{
        size_t bytes;
        return __builtin_mul_overflow(MAX(count, (size_t)1), size, &bytes) ? NULL : arena_alloc(a, bytes);
}

/* ---- workloads and roots -------------------------------------------------------------------------- */

static int workload_compare(const void *a, const void *b)
{
        const struct workload *const *x = a, *const *y = b;
        int r = str_compare((*x)->root, (*y)->root);
        return r ? r : str_compare((*x)->id, (*y)->id);
}

static int root_compare(const void *a, const void *b)
{
        const struct root_entry *x = a, *y = b;
        return str_compare(x->id, y->id);
}

static struct root_entry *find_root(const struct index *x, const char *id)
{
        struct root_entry wanted = {.id = id};
        return bsearch(&wanted, x->roots, x->root_count, sizeof(*x->roots), root_compare);
}

static int index_workloads(struct index *x)
{
        const struct verdict_input *in = x->in;
        x->workloads = arena_array(x->arena, in->workload_count, sizeof(*x->workloads));
        x->roots = arena_array(x->arena, in->workload_count + in->package_count, sizeof(*x->roots));
        if (!x->workloads || !x->roots)
                return -ENOMEM;
        for (size_t i = 0; i < in->workload_count; i++)
                x->workloads[x->workload_count++] = &in->workloads[i];
        qsort(x->workloads, x->workload_count, sizeof(*x->workloads), workload_compare);
        size_t count = 0;
        for (size_t i = 0; i < in->workload_count; i++)
                x->roots[count++].id = in->workloads[i].root;
        for (size_t i = 0; i < in->package_count; i++)
                if (!count || !str_equal(x->roots[count - 1].id, in->packages[i].root))
                        x->roots[count++].id = in->packages[i].root;
        qsort(x->roots, count, sizeof(*x->roots), root_compare);
        for (size_t i = 0; i < count; i++)
                if (!i || root_compare(&x->roots[x->root_count - 1], &x->roots[i]))
                        x->roots[x->root_count++] = x->roots[i];
        for (size_t i = 0; i < x->workload_count; i++) {
                struct root_entry *r = find_root(x, x->workloads[i]->root);
                r->workloads++;
                r->running |= x->workloads[i]->running;
        }
        return 0;
}

static size_t find_workload(const struct index *x, const char *id, const char *root)
{
        struct workload wanted = {.id = id, .root = root};
        const struct workload *key = &wanted;
        const struct workload **found =
                bsearch(&key, x->workloads, x->workload_count, sizeof(*x->workloads), workload_compare);
        return found ? (size_t)(found - x->workloads) : SIZE_MAX;
}

/* ---- coverage ------------------------------------------------------------------------------------- */

static void tally(const struct answer *a, size_t *yes, size_t *no, size_t *unknown)
{
        *(a->value == ANSWER_YES ? yes : a->value == ANSWER_NOT_OBSERVED ? no : unknown) += 1;
}

/* Join the record of one workload (NULL: there is none) into what its root can claim. */
static void cover_join(struct cover *to, const struct workload *w, const struct coverage *c)
{
        if (!c || !c->engine) {
                if (!to->blind) {
                        to->reason = c && c->reason ? c->reason : "not looked at";
                        to->where = w->id;
                }
                to->blind = true;
                tally(&w->exposed, &to->blind_exposed, &to->blind_closed, &to->blind_exposure_unknown);
                tally(&w->privileged, &to->blind_privileged, &to->blind_plain, &to->blind_privilege_unknown);
                return;
        }
        if (!to->engine || c->since > to->since) {
                to->engine = c->engine;
                to->since = c->since;
        }
        if (!to->gaps)
                to->gaps = c->gaps;
}

/* The newest record wins where input holds several for one place. */
static bool cover_newer(const struct coverage *a, const struct coverage *b)
{
        int r = number_compare(a->until, b->until);
        r = r ? r : number_compare(a->since, b->since);
        r = r ? r
              : (b->engine != NULL) - (a->engine != NULL); /* blind beats seeing: doubt beats a negative */
        r = r ? r : str_compare(a->engine, b->engine);
        r = r ? r : str_compare(a->reason, b->reason);
        return (r ? r : str_compare(a->gaps, b->gaps)) > 0;
}

/* Which workload is blind is half of the reason. */
static int name_blind(struct index *x)
{
        for (size_t i = 0; i < x->root_count * RUNTIME_BITS; i++) {
                struct cover *c = &x->roots[i / RUNTIME_BITS].covers[i % RUNTIME_BITS];
                size_t more = c->blind_exposed + c->blind_closed + c->blind_exposure_unknown - 1;
                if (!c->blind)
                        continue;
                c->reason = more ? arena_printf(x->arena, "%s (%s and %zu more)", c->reason, c->where, more)
                                 : arena_printf(x->arena, "%s (%s)", c->reason, c->where);
                if (!c->reason)
                        return -ENOMEM;
        }
        return 0;
}

static int index_coverage(struct index *x)
{
        typedef const struct coverage *row[RUNTIME_BITS];
        row *rows = arena_array(x->arena, x->workload_count, sizeof(*rows));
        if (!rows)
                return -ENOMEM;
        vec_each (c, x->in->coverage) {
                size_t w = find_workload(x, c->workload, c->root);
                if (w == SIZE_MAX || !c->runtime || c->runtime & ~(1u << __builtin_ctz(c->runtime)) ||
                    c->runtime >> RUNTIME_BITS)
                        continue;
                const struct coverage **slot = &rows[w][__builtin_ctz(c->runtime)];
                if (!*slot || cover_newer(c, *slot))
                        *slot = c;
        }
        for (size_t w = 0; w < x->workload_count; w++) {
                struct root_entry *r = find_root(x, x->workloads[w]->root);
                for (size_t bit = 0; bit < RUNTIME_BITS; bit++)
                        cover_join(&r->covers[bit], x->workloads[w], rows[w][bit]);
        }
        return name_blind(x);
}

/* ---- packages and groups ---------------------------------------------------------------------------- */

static int package_compare(const void *a, const void *b)
{
        const struct package_entry *x = a, *y = b;
        int r = strcmp(x->key, y->key);
        return r ? r : x->package->stale - y->package->stale;
}

static int index_packages(struct index *x)
{
        const struct verdict_input *in = x->in;
        x->packages = arena_array(x->arena, in->package_count, sizeof(*x->packages));
        if (!x->packages)
                return -ENOMEM;
        for (size_t i = 0; i < in->package_count; i++) {
                struct package_entry *p = &x->packages[i];
                *p = (struct package_entry){.package = &in->packages[i],
                                            .match = &in->matches[i],
                                            .key = package_key(&in->packages[i], x->arena),
                                            .root = find_root(x, in->packages[i].root),
                                            .group = SIZE_MAX};
                if (!p->key)
                        return -ENOMEM;
        }
        qsort(x->packages, in->package_count, sizeof(*x->packages), package_compare);
        for (size_t i = 0; i < in->package_count; i++)
                if (!i || strcmp(x->packages[x->package_count - 1].key, x->packages[i].key))
                        x->packages[x->package_count++] = x->packages[i];
        return 0;
}

static const char *source_name(const struct package *p)
{
        return p->source ? p->source : p->name;
}

static const char *source_version(const struct package *p)
{
        return p->source_version ? p->source_version : p->version;
}

/* Root, ecosystem and source: one string without the ambiguity of a separator inside of a name. */
static char *source_key(const struct package *p, struct arena *a)
{
        const char *name = source_name(p) ? source_name(p) : "", *release = p->release ? p->release : "";
        return arena_printf(a, "%zu:%s|%zu:%s|%zu:%s|%s", strlen(p->root), p->root, strlen(p->ecosystem),
                            p->ecosystem, strlen(release), release, name);
}

static int index_groups(struct index *x)
{
        _cleanup_map_ struct map known = {};
        x->groups = arena_array(x->arena, x->package_count, sizeof(*x->groups));
        size_t *members = arena_array(x->arena, x->package_count, sizeof(*members));
        if (!x->groups || !members)
                return -ENOMEM;
        for (size_t i = 0; i < x->package_count; i++) {
                struct package_entry *p = &x->packages[i];
                if (p->match->outcome != MATCH_EVALUATED)
                        continue;
                const char *source = source_key(p->package, x->arena);
                const char *version = source_version(p->package);
                char *key = source ? arena_printf(x->arena, "%s\n%s", source, version ? version : "") : NULL;
                if (!key)
                        return -ENOMEM;
                struct group *g = map_get_str(&known, key);
                if (!g) {
                        g = &x->groups[x->group_count++];
                        *g = (struct group){.source_key = source, .match = p->match, .root = p->root};
                        if (map_put_str(&known, key, g) < 0)
                                return -ENOMEM;
                }
                p->group = (size_t)(g - x->groups);
                g->member_count++;
                g->runtimes |= p->package->runtimes;
        }
        for (size_t i = 0; i < x->group_count; i++) {
                x->groups[i].members = members;
                members += x->groups[i].member_count;
                x->groups[i].member_count = 0;
        }
        for (size_t i = 0; i < x->package_count; i++) {
                if (x->packages[i].group == SIZE_MAX)
                        continue;
                struct group *g = &x->groups[x->packages[i].group];
                g->members[g->member_count++] = i;
        }
        return 0;
}

/* ---- evidence ------------------------------------------------------------------------------------- */

static int observation_compare(const void *a, const void *b, void *context)
{
        const struct observation *l = a, *r = b;
        const struct index *x = context;
        size_t lg = x->packages[l->package].group, rg = x->packages[r->package].group;
        const struct evidence *p = l->evidence, *q = r->evidence;
        int d = (lg > rg) - (lg < rg);
        d = d ? d : (l->workload > r->workload) - (l->workload < r->workload);
        d = d ? d : number_compare(q->kind, p->kind); /* strongest first */
        d = d ? d : number_compare(p->stale, q->stale);
        d = d ? d : number_compare(p->first, q->first);
        d = d ? d : (l->package > r->package) - (l->package < r->package);
        d = d ? d : str_compare(p->subject, q->subject);
        d = d ? d : str_compare(p->engine, q->engine);
        d = d ? d : str_compare(p->object, q->object);
        d = d ? d : str_compare(p->workload, q->workload);
        d = d ? d : number_compare(p->last, q->last);
        d = d ? d : number_compare(p->after, q->after);
        return d ? d : number_compare(p->pid, q->pid);
}

static enum level level_of_kind(enum evidence_kind kind)
{
        return kind == EVIDENCE_REACHED    ? LEVEL_REACHED
               : kind == EVIDENCE_EXECUTED ? LEVEL_EXECUTED
                                           : LEVEL_LOADED;
}

static int index_evidence(struct index *x)
{
        _cleanup_map_ struct map by_key = {};
        for (size_t i = 0; i < x->package_count; i++)
                if (map_put_str(&by_key, x->packages[i].key, &x->packages[i]) < 0)
                        return -ENOMEM;
        x->observations = arena_array(x->arena, x->in->evidence->count, sizeof(*x->observations));
        if (!x->observations)
                return -ENOMEM;
        vec_each (e, x->in->evidence) {
                struct package_entry *p = e->package ? map_get_str(&by_key, e->package) : NULL;
                if (!p || e->kind < EVIDENCE_LOADED || e->kind >= _EVIDENCE_KIND_MAX)
                        continue;
                p->level = MAX(p->level, level_of_kind(e->kind));
                if (p->group != SIZE_MAX)
                        x->observations[x->observation_count++] = (struct observation){
                                .evidence = e,
                                .package = (size_t)(p - x->packages),
                                .workload = find_workload(x, e->workload, p->package->root),
                        };
        }
        qsort_r(x->observations, x->observation_count, sizeof(*x->observations), observation_compare, x);
        for (size_t i = 0; i < x->observation_count; i++) {
                struct group *g = &x->groups[x->packages[x->observations[i].package].group];
                if (!g->observation_count++)
                        g->observations = &x->observations[i];
        }
        return 0;
}

/* ---- doubts --------------------------------------------------------------------------------------- */

static int index_doubts(struct index *x)
{
        _cleanup_map_ struct map by_key = {};
        if (!x->in->doubts || !x->in->doubts->count)
                return 0;
        for (size_t i = 0; i < x->package_count; i++)
                if (map_put_str(&by_key, x->packages[i].key, &x->packages[i]) < 0)
                        return -ENOMEM;
        vec_each (d, x->in->doubts) {
                struct package_entry *p = map_get_str(&by_key, d->package);
                if (!p)
                        continue;
                p->doubt = doubt_later(p->doubt, d);
                if (p->group != SIZE_MAX)
                        x->groups[p->group].doubt = doubt_later(x->groups[p->group].doubt, d);
        }
        return 0;
}

/* ---- functions ------------------------------------------------------------------------------------ */

static int index_functions(struct index *x)
{
        for (size_t i = 0; x->in->functions && i < x->in->functions->count; i++) {
                const struct function_coverage *c = &x->in->functions->items[i];
                char *key = arena_printf(x->arena, "%s\n%s", c->workload, c->package);
                struct watched_function *w = arena_alloc(x->arena, sizeof(*w));
                if (!key || !w)
                        return -ENOMEM;
                *w = (struct watched_function){.coverage = c, .next = map_get_str(&x->functions, key)};
                if (map_put_str(&x->functions, key, w) < 0)
                        return -ENOMEM;
        }
        return 0;
}

void index_done(struct index *x)
{
        map_done(&x->functions);
}

int index_build(const struct verdict_input *in, struct arena *a, struct index *ret)
{
        struct index x = {.arena = a, .in = in};
        int r = index_workloads(&x);
        if (r == 0)
                r = index_coverage(&x);
        if (r == 0)
                r = index_packages(&x);
        if (r == 0)
                r = index_groups(&x);
        if (r == 0)
                r = index_evidence(&x);
        if (r == 0)
                r = index_doubts(&x);
        if (r == 0)
                r = index_functions(&x);
        if (r == 0)
                *ret = x;
        else
                index_done(&x);
        return r;
}
