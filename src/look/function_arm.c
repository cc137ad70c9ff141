/* SPDX-License-Identifier: Apache-2.0 */

/* Each probe is paid by every process that maps its file, at each start and at each hit: the best ones are
 * armed as far as the budget goes, and none stays that has told everything. */

#include "look/state.h"

#include "base/clock.h"

#include <errno.h>

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

/* Changes of several files that follow each other so soon are one. */
#define SWAP_TOGETHER_NS (NS_PER_S / 1000)

enum { PAGE_SHIFT = 12 }; /* larger pages hold more probes: they are taken for dearer than they are */

struct budget {
        uint64_t most_ns;
        size_t most_probes, probes, functions;
        VEC(uint64_t) pages; /* that probes lie on; empty where nothing is limited */
};

/* Add the pages of these places. 0 or -ENOMEM. */
static int add_pages(struct budget *b, const struct native_site *sites, size_t count)
{
        for (size_t i = 0; i < count; i++) {
                uint64_t page = sites[i].offset >> PAGE_SHIFT;
                bool known = false;
                vec_each (other, &b->pages)
                        known |= *other == page;
                uint64_t *slot = known ? NULL : vec_add(&b->pages);
                if (!known && !slot)
                        return -ENOMEM;
                if (slot)
                        *slot = page;
        }
        return 0;
}

/* Whether its probes fit besides what is taken already: then they are taken. */
static bool fits(struct budget *b, const struct probed_function *p)
{
        size_t pages = b->pages.count, probes = p->found.site_count + p->found.guard_count;
        if (b->probes + probes > b->most_probes)
                return false;
        if (b->most_ns != UINT64_MAX &&
            (add_pages(b, p->found.sites, p->found.site_count) < 0 ||
             add_pages(b, p->found.guards, p->found.guard_count) < 0 ||
             function_budget_cost(b->pages.count, b->probes + probes) > b->most_ns)) {
                b->pages.count = pages;
                return false;
        }
        b->probes += probes;
        return true;
}

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
        if (!fits(b, p))
                return b->most_ns == UINT64_MAX
                               ? n->few_probes ? "not armed: this kernel bears only few probes in a file"
                                               : "not armed: its file has too many functions to watch"
                       : function_budget_everywhere(n, f)
                               ? "not armed: most programs map its file, and may start often"
                               : "not armed: programs that map its file start too often";
        if (++b->functions > FUNCTIONS_ARMED_MOST)
                return "not armed: its file has too many functions to watch";
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
        struct budget budget = {.most_ns = f->most_ns,
                                .most_probes = n->few_probes ? (size_t)SENSOR_SINGLE_PROBES
                                                             : (size_t)FUNCTION_PROBES_MOST};
        vec_each (p, &f->functions) {
                bool wanted = !p->found.absent && !functions_all_hit(f, p);
                p->unarmed = wanted ? reason_against(n, f, p, &budget) : NULL;
                wanted &= !p->unarmed;
                f->dirty |= p->armed != wanted;
                /* A workload that has not told yet may have come. */
                f->dirty |= wanted && p->guarded != wants_guards(f, p);
                p->armed &= wanted;
        }
        vec_done(&budget.pages);
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

static int compare_offsets(const void *a, const void *b)
{
        const struct function_probe *x = a, *y = b;
        return (x->offset > y->offset) - (x->offset < y->offset);
}

static uint64_t cost_of(const probe_list *probes)
{
        size_t pages = 0;
        for (size_t i = 0; i < probes->count; i++)
                pages += !i ||
                         probes->items[i].offset >> PAGE_SHIFT != probes->items[i - 1].offset >> PAGE_SHIFT;
        return function_budget_cost(pages, probes->count);
}

/* The kernel's waiting costs nobody anything, its work on all processes does. First probes say nothing of
 * what it takes to have some fewer. */
static void note_swap(struct native_watch *n, uint64_t begin, uint64_t cpu_begin, bool first)
{
        uint64_t took = first ? 0 : clock_cpu() - cpu_begin;
        n->swap_ns = took + (begin - n->swapped < SWAP_TOGETHER_NS ? n->swap_ns : 0);
        n->swapped = clock_boottime();
}

int64_t function_watched_from(void)
{
        return clock_wall() + 1;
}

void functions_rearm(struct native_watch *n, struct probed_file *f, struct error *error)
{
        probe_list probes = {};
        uint64_t begin = clock_boottime(), cpu_begin = clock_cpu();
        bool first = !f->mapping_ns;
        int r = list_probes(f, &probes);
        if (r < 0)
                error_set(error, r, "out of memory");
        else if (probes.count)
                qsort(probes.items, probes.count, sizeof(*probes.items), compare_offsets);
        if (r == 0)
                r = sensor_set_probes(n->sensor, f->index, f->fd, probes.items, probes.count, error);
        if (r == 0)
                f->mapping_ns = cost_of(&probes);
        if (first)
                f->probed_since = begin;
        vec_done(&probes);
        f->armings++;
        if (r == 0 && f->mapping_ns)
                sensor_tell_again(n->sensor, f->inode);
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
        note_swap(n, begin, cpu_begin, first);
}

void functions_arm(struct native_watch *n)
{
        size_t i = 0;
        n->replan = false;
        function_budget_share(n);
        for (struct probed_file *f; (f = functions_next_watched(n, &i));) {
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
