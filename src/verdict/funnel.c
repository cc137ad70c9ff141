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
                        s.unknown = unused_answer(p->root, p->package->runtimes).value == ANSWER_UNKNOWN;
                count_standing(&to->packages, &s);
                to->packages_clean += p->match->outcome == MATCH_EVALUATED && !p->match->bug_count;
        }
}

/* One bug in two versions of a source in one root (a stale one beside the mended) is one bug. */
static int count_vulnerabilities(const struct index *x, struct verdict *to)
{
        _cleanup_map_ struct map known = {};
        struct standing *list = arena_alloc(x->arena, MAX(to->finding_count, (size_t)1) * sizeof(*list));
        size_t count = 0;
        if (!list)
                return -ENOMEM;
        struct map by_package = {};
        for (size_t i = 0; i < x->package_count; i++)
                if (map_put(&by_package, &x->packages[i].package, sizeof(void *), &x->packages[i]) < 0) {
                        map_done(&by_package);
                        return -ENOMEM;
                }
        int r = 0;
        for (size_t i = 0; r == 0 && i < to->finding_count; i++) {
                const struct finding *f = &to->findings[i];
                const struct package_entry *p = map_get(&by_package, &f->package, sizeof(void *));
                char *key = arena_printf(x->arena, "%s|%s", x->groups[p->group].source_key, f->bug->id);
                struct standing *s = key ? map_get_str(&known, key) : NULL;
                if (!s && (!key || (r = map_put_str(&known, key, s = &list[count++])) < 0)) {
                        r = -ENOMEM;
                        break;
                }
                s->running |= p->root->running;
                s->level = MAX(s->level, f->level);
                s->unknown |= f->loaded.value == ANSWER_UNKNOWN;
        }
        map_done(&by_package);
        for (size_t i = 0; r == 0 && i < count; i++)
                count_standing(&to->vulnerabilities, &list[i]);
        return r;
}

/* ---- what could not be compared with anything ------------------------------------------------------- */

static int not_evaluated_compare(const void *a, const void *b)
{
        const struct not_evaluated *x = a, *y = b;
        int d = (x->packages < y->packages) - (x->packages > y->packages);
        d = d ? d : text_compare(x->ecosystem, y->ecosystem);
        d = d ? d : text_compare(x->reason, y->reason);
        return d ? d : text_compare(x->mend, y->mend);
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
