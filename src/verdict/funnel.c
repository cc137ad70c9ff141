/* SPDX-License-Identifier: Apache-2.0 */

/* Each row counts a thing once, at the highest level that it reached anywhere in its root; what is counted
 * further right is counted in all columns to the left. `loaded` and beyond ask for a root that runs now,
 * as `present` does. */

#include "verdict/compute.h"

#include <errno.h>

struct standing {
        bool running, unknown;
        enum level level;
};

static void count_standing(struct funnel_row *row, const struct standing *s)
{
        row->installed++;
        if (!s->running)
                return;
        row->present++;
        row->loaded += s->level >= LEVEL_LOADED;
        row->executed += s->level >= LEVEL_EXECUTED;
        row->reached += s->level >= LEVEL_REACHED;
        row->unknown += s->level < LEVEL_LOADED && s->unknown;
}

static void count_packages(const struct index *x, struct verdict *to)
{
        for (size_t i = 0; i < x->package_count; i++) {
                const struct package_entry *p = &x->packages[i];
                struct standing s = {.running = p->root->running, .level = p->level};
                if (s.level < LEVEL_LOADED)
                        s.unknown = unused_answer(p->root, p->package->runtimes, p->doubt).value ==
                                    ANSWER_UNKNOWN;
                count_standing(&to->packages, &s);
                to->packages_clean += p->match->outcome == MATCH_EVALUATED && !p->match->bug_count;
        }
}

struct tally {
        const struct index *x;
        struct map by_package; /* address of a package → its entry */
        struct map by_name;    /* source and bug → struct standing */
        struct standing *list;
        size_t count;
        struct standing ***slots; /* by group, by bug of the group */
};

/* One bug in two versions of a source in one root (a stale one beside the mended) is one bug. */
static struct standing *find_standing(struct tally *t, const struct finding *f)
{
        const struct package_entry *p = map_get(&t->by_package, &f->package, sizeof(void *));
        const struct group *g = &t->x->groups[p->group];
        struct standing ***row = &t->slots[p->group];
        if (!*row && !(*row = arena_alloc(t->x->arena, g->match->bug_count * sizeof(**row))))
                return NULL;
        struct standing **slot = &(*row)[f->bug - g->match->bugs];
        if (*slot)
                return *slot;
        char *key = arena_printf(t->x->arena, "%s|%s", g->source_key, f->bug->id);
        if (!key)
                return NULL;
        *slot = map_get_str(&t->by_name, key);
        if (!*slot && map_put_str(&t->by_name, key, &t->list[t->count]) == 0)
                *slot = &t->list[t->count++];
        if (*slot)
                (*slot)->running |= p->root->running;
        return *slot;
}

static int tally_findings(struct tally *t, const struct verdict *v)
{
        for (size_t i = 0; i < t->x->package_count; i++) {
                struct package_entry *p = &t->x->packages[i];
                if (map_put(&t->by_package, &p->package, sizeof(void *), p) < 0)
                        return -ENOMEM;
        }
        for (size_t i = 0; i < v->finding_count; i++) {
                const struct finding *f = &v->findings[i];
                struct standing *s = find_standing(t, f);
                if (!s)
                        return -ENOMEM;
                s->level = MAX(s->level, f->level);
                s->unknown |= f->loaded.value == ANSWER_UNKNOWN;
        }
        return 0;
}

static int count_vulnerabilities(const struct index *x, struct verdict *to)
{
        struct tally t = {
                .x = x,
                .list = arena_alloc(x->arena, MAX(to->finding_count, (size_t)1) * sizeof(*t.list)),
                .slots = arena_alloc(x->arena, MAX(x->group_count, (size_t)1) * sizeof(*t.slots)),
        };
        int r = t.list && t.slots ? tally_findings(&t, to) : -ENOMEM;
        for (size_t i = 0; r == 0 && i < t.count; i++) {
                count_standing(&to->vulnerabilities, &t.list[i]);
                to->waiting += t.list[i].level < LEVEL_LOADED && !t.list[i].unknown;
        }
        map_done(&t.by_package);
        map_done(&t.by_name);
        return r;
}

/* ---- what could not be compared with anything ------------------------------------------------------- */

static int not_evaluated_compare(const void *a, const void *b)
{
        const struct not_evaluated *x = a, *y = b;
        int d = (x->packages < y->packages) - (x->packages > y->packages);
        d = d ? d : str_compare(x->ecosystem, y->ecosystem);
        d = d ? d : str_compare(x->reason, y->reason);
        return d ? d : str_compare(x->mend, y->mend);
}

static int list_not_evaluated(const struct index *x, struct verdict *to)
{
        _cleanup_map_ struct map known = {};
        size_t count = 0;
        for (size_t i = 0; i < x->package_count; i++)
                count += x->packages[i].match->outcome == MATCH_NOT_EVALUATED;
        to->not_evaluated = arena_alloc(x->arena, MAX(count, (size_t)1) * sizeof(*to->not_evaluated));
        if (!to->not_evaluated)
                return -ENOMEM;
        for (size_t i = 0; i < x->package_count; i++) {
                const struct package_entry *p = &x->packages[i];
                if (p->match->outcome != MATCH_NOT_EVALUATED)
                        continue;
                const char *ecosystem = package_ecosystem(p->package, x->arena);
                const char *reason = p->match->reason ? p->match->reason : "no reason is known";
                char *key = ecosystem ? arena_printf(x->arena, "%s\n%s\n%s", ecosystem, reason,
                                                     p->match->mend ? p->match->mend : "")
                                      : NULL;
                struct not_evaluated *n = key ? map_get_str(&known, key) : NULL;
                if (!n) {
                        n = &to->not_evaluated[to->not_evaluated_count];
                        if (!key || map_put_str(&known, key, n) < 0)
                                return -ENOMEM;
                        to->not_evaluated_count++;
                        *n = (struct not_evaluated){
                                .ecosystem = ecosystem, .reason = reason, .mend = p->match->mend};
                }
                n->packages++;
        }
        qsort(to->not_evaluated, to->not_evaluated_count, sizeof(*to->not_evaluated), not_evaluated_compare);
        return 0;
}

int funnel_count(const struct index *x, struct verdict *ret)
{
        count_packages(x, ret);
        int r = count_vulnerabilities(x, ret);
        return r < 0 ? r : list_not_evaluated(x, ret);
}
