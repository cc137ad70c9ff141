/* SPDX-License-Identifier: Apache-2.0 */

/* Each probe is paid by every process that maps its file, at each start and at each hit: the best ones are
 * armed as far as the budget goes, and none stays that has told everything. */

#include "look/state.h"

#include "base/clock.h"

#include <errno.h>

static bool hits_contain(const struct probed_hit *hits, size_t count, const char *workload)
{
        for (size_t i = 0; i < count; i++)
                if (str_equal(hits[i].workload, workload))
                        return true;
        return false;
}

bool function_ran(const struct probed_function *p, const char *workload)
{
        return hits_contain(p->hits.items, p->hits.count, workload);
}

bool function_host_ran(const struct probed_function *p, const char *workload)
{
        return p->guards_hot || hits_contain(p->host_hits.items, p->host_hits.count, workload);
}

bool functions_all_hit(const struct probed_file *f, const struct probed_function *p)
{
        vec_each (user, &f->users)
                if (!function_ran(p, user->workload))
                        return false;
        return p->hits.count > 0;
}

bool functions_all_told(const struct probed_file *f, const struct probed_function *p)
{
        vec_each (user, &f->users)
                if (!function_ran(p, user->workload) && !function_host_ran(p, user->workload))
                        return false;
        return p->guards_hot || p->host_hits.count > 0 || p->hits.count > 0;
}

uint32_t functions_take_number(struct native_watch *n, struct probed_file *f, struct probed_function *p)
{
        for (size_t tries = 0; tries < EVENT_PROBES; tries++) {
                uint32_t candidate = n->next_number++ % EVENT_PROBES;
                if (n->numbers[candidate])
                        continue;
                n->numbers[candidate] = p;
                n->number_files[candidate] = f;
                if (n->number_used[candidate])
                        sensor_probe_reset(n->sensor, candidate);
                n->number_used[candidate] = true;
                return candidate;
        }
        return UINT32_MAX;
}

static bool has_numbers(struct native_watch *n, struct probed_file *f, struct probed_function *p)
{
        if (p->number == UINT32_MAX)
                p->number = functions_take_number(n, f, p);
        if (p->guard == UINT32_MAX && p->found.guard_count)
                p->guard = functions_take_number(n, f, p);
        return p->number != UINT32_MAX && (p->guard != UINT32_MAX || !p->found.guard_count);
}

static bool only_stepped(const struct native_function *found)
{
        for (size_t i = 0; i < found->site_count; i++)
                if (!found->sites[i].stepped)
                        return false;
        return found->site_count > 0;
}

bool function_guards_dear(const struct probed_function *p)
{
        for (size_t i = 0; i < p->found.guard_count; i++)
                if (p->found.guards[i].stepped && !p->urgent)
                        return true;
        return false;
}

struct budget {
        size_t probes, functions, most_probes;
};

/* Why it is not to be armed, or NULL. */
static const char *reason_against(struct native_watch *n, struct probed_file *f, struct probed_function *p,
                                  struct budget *b)
{
        if (p->found.unknown)
                return p->found.unknown;
        if (f->spared)
                return f->spared;
        if (only_stepped(&p->found) && !p->urgent)
                return "not armed: it could only be single-stepped, and it is not in KEV";
        if (p->rest_until > clock_boottime())
                return LOOK_TOO_HOT;
        size_t probes = p->found.site_count + p->found.guard_count;
        if (b->probes + probes > b->most_probes)
                return n->few_probes ? "not armed: this kernel bears only few probes in a file"
                       : b->most_probes < FUNCTION_PROBES_MOST
                               ? "not armed: programs that map its file start too often"
                               : "not armed: its file has too many functions to watch";
        if (++b->functions > FUNCTIONS_ARMED_MOST)
                return "not armed: its file has too many functions to watch";
        b->probes += probes;
        return has_numbers(n, f, p) ? NULL : "not armed: too many functions are watched";
}

static bool wants_guards(const struct probed_file *f, const struct probed_function *p)
{
        return p->found.guard_count && p->guard != UINT32_MAX && !function_guards_dear(p) &&
               !functions_all_told(f, p);
}

/* Decide which functions are to be armed, best first. */
static void plan(struct native_watch *n, struct probed_file *f)
{
        struct budget budget = {.most_probes = f->most_probes};
        if (n->few_probes)
                budget.most_probes = MIN(budget.most_probes, (size_t)SENSOR_SINGLE_PROBES);
        vec_each (p, &f->functions) {
                bool wanted = !p->found.absent && !functions_all_hit(f, p);
                p->unarmed = wanted ? reason_against(n, f, p, &budget) : NULL;
                wanted &= !p->unarmed;
                f->dirty |= p->armed != wanted;
                /* A workload that has not told yet may have come. */
                f->dirty |= wanted && p->guarded != wants_guards(f, p);
                p->armed &= wanted;
        }
}

typedef VEC(struct function_probe) probe_list;

static int add_probes(const struct native_site *sites, size_t count, uint32_t number, probe_list *to)
{
        for (size_t i = 0; i < count; i++) {
                struct function_probe *probe = vec_add(to);
                if (!probe)
                        return -ENOMEM;
                *probe = (struct function_probe){
                        .offset = sites[i].offset, .counter = sites[i].counter, .number = number};
        }
        return 0;
}

static bool is_wanted(const struct probed_file *f, const struct probed_function *p)
{
        return !p->unarmed && !p->found.absent && p->number != UINT32_MAX && !functions_all_hit(f, p);
}

static int list_probes(const struct probed_file *f, probe_list *to)
{
        int r = 0;
        vec_each (p, &f->functions) {
                if (!is_wanted(f, p))
                        continue;
                if (r == 0)
                        r = add_probes(p->found.sites, p->found.site_count, p->number, to);
                if (r == 0 && wants_guards(f, p))
                        r = add_probes(p->found.guards, p->found.guard_count, p->guard, to);
        }
        return r;
}

int64_t function_watched_from(void)
{
        return clock_wall() + 1;
}

void functions_rearm(struct native_watch *n, struct probed_file *f, struct error *error)
{
        probe_list probes = {};
        uint64_t begin = clock_boottime();
        int r = list_probes(f, &probes);
        if (r < 0)
                error_set(error, r, "out of memory");
        else
                r = sensor_set_probes(n->sensor, f->index, f->fd, probes.items, probes.count, error);
        f->probes = r == 0 ? probes.count : f->probes;
        vec_done(&probes);
        int64_t now = function_watched_from();
        vec_each (p, &f->functions) {
                bool armed = r == 0 && is_wanted(f, p), guarded = armed && wants_guards(f, p);
                bool began = (armed && !p->armed) || (guarded && !p->guarded);
                if (began)
                        p->since = now;
                f->news |= began || p->armed != armed;
                p->armed = armed;
                p->guarded = guarded;
        }
        bool again = r == -E2BIG && !n->few_probes; /* without uprobe_multi: choose anew */
        if (again)
                n->few_probes = true;
        else if (r < 0)
                f->failure = arena_strdup(&f->arena, error->text);
        f->dirty = again;
        n->swapped = clock_boottime();
        n->swap_ns = n->swapped - begin;
}

void functions_arm(struct native_watch *n)
{
        size_t i = 0;
        n->replan = false;
        function_budget_share(n);
        for (void *value; map_next(&n->files, &i, NULL, NULL, &value);) {
                struct probed_file *f = value;
                struct error error;
                if (!f->resolved || f->failure)
                        continue;
                for (int tries = 0; tries < 2 && (!tries || f->dirty); tries++) {
                        plan(n, f);
                        if (f->dirty)
                                functions_rearm(n, f, &error);
                }
        }
}
