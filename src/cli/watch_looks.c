/* SPDX-License-Identifier: Apache-2.0 */

/* When to look, and at what: at everything now and then, and in between at what events named. Each kind of
 * look that news ask for has a share of the CPU. */

#include "cli/watch_state.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"

#include <errno.h>

enum {
        SOON_DELAY_S = 2, /* from a new listener, or a new place of code, to the full look that it asks for */
        SOON_EVERY_S = 10, /* such looks are no more frequent than this */
        SMALL_SOON = 4,    /* parts of a pause where an interpreter started: it tells only while it lives */
        DAY_S = 24 * 60 * 60,
};

/* What looks may take of the CPU, the worker's part of them too, beside the full ones that time asks for.
 * Inventories and runtimes have budgets of their own. */
static const struct allowance
        small_allowance = {.part = 3000, .saved_most = 100000000, .waits_most = 15 * NS_PER_S},
        urgent_allowance = {.part = 200, .saved_most = 1000000000, .waits_most = NS_PER_S},
        soon_allowance = {.part = 2000, .saved_most = 500000000, .waits_most = 300 * NS_PER_S};

void watch_looks_begin(struct watch *w)
{
        w->small = small_allowance;
        w->urgently = urgent_allowance;
        w->soon = soon_allowance;
}

/* A look that fails (a full disk, a locked file) is said once, until a full one works, and tried again: what
 * it saw is put again. Small ones that fail come several times a second. */
static int say_once(struct watch *w, int r, const struct error *error)
{
        if (r < 0 && r != -ECANCELED && !str_equal(w->said.text, error->text)) {
                log_error(r, "%s", error->text);
                w->said = *error;
        }
        return r;
}

void watch_look_soon(struct watch *w)
{
        uint64_t now = clock_boottime() / NS_PER_S;
        uint64_t from = MAX(w->last_look + SOON_EVERY_S, allowance_next(&w->soon) / NS_PER_S);
        uint64_t soon = MAX(now + SOON_DELAY_S, from);
        w->asked_soon |= soon < w->next_look;
        w->next_look = MIN(w->next_look, soon);
}

/* CPU ns of this process and its worker that have no other budget. */
static uint64_t spent_on_looks(struct watch *w)
{
        const struct look_spent spent = look_spent(w->look);
        uint64_t sum = 0;
        for (int step = LOOK_OTHER + 1; step < _LOOK_STEP_MAX; step++)
                if (step != LOOK_INVENTORIES && step != LOOK_RUNTIMES)
                        sum += spent.own[step] + spent.worker[step];
        return sum;
}

int watch_look_at_all(struct watch *w, bool print)
{
        struct error error = {};
        struct look_summary summary;
        uint64_t begin = spent_on_looks(w);
        w->looking = true;
        w->dirty = (struct dirty_list){};
        w->news = w->hit = w->prompt = false;
        int r = look_all(w->look, &summary, &error);
        w->looking = false;
        watch_print_costs(&w->costs, w->look, "full");
        w->last_look = clock_boottime() / NS_PER_S;
        if (w->asked_soon)
                allowance_spend(&w->soon, clock_boottime(), spent_on_looks(w) - begin);
        w->asked_soon = false;
        w->next_look = w->last_look + w->interval_s;
        if (say_once(w, r, &error) == 0) {
                if (*w->said.text)
                        log_note("looks work again: what they saw is stored");
                w->said = (struct error){};
                if (print || w->json)
                        watch_print_look(&summary, w->json);
        }
        look_rest(w->look);
        return r;
}

/* At all that is to be looked at, or only at what cannot wait; `from` pays for it. */
static void small_look(struct watch *w, bool all, struct allowance *from)
{
        struct error error = {};
        uint64_t begin = spent_on_looks(w);
        int pids[DIRTY_MOST];
        size_t count = dirty_take(&w->dirty, all, pids);
        bool news = w->news || w->hit;
        w->news = w->hit = false;
        w->prompt &= !all;
        w->looking = true;
        say_once(w, look_some(w->look, pids, count, news, &error), &error);
        if (look_wants_all(w->look))
                watch_look_soon(w);
        w->looking = false;
        watch_print_costs(&w->costs, w->look, all ? "small" : "urgent");
        w->small_at = clock_boottime();
        allowance_spend(from, w->small_at, spent_on_looks(w) - begin);
}

static void look_into(struct watch *w)
{
        struct error error = {};
        w->looking = true;
        say_once(w, look_into_runtimes(w->look, &error), &error);
        w->looking = false;
        watch_print_costs(&w->costs, w->look, "runtimes");
}

/* A machine where little starts is looked at within a second; programs that are started all the time share
 * looks: what ended before is told by its mappings. */
static uint64_t next_small(const struct watch *w)
{
        uint64_t next = allowance_next(&w->small);
        return w->prompt && next > w->small_at ? w->small_at + (next - w->small_at) / SMALL_SOON : next;
}

static void prune_when_due(struct watch *w)
{
        uint64_t now = clock_boottime() / NS_PER_S;
        struct error error = {};
        if (!w->next_prune)
                w->next_prune = now + DAY_S;
        if (now < w->next_prune)
                return;
        if (look_prune(w->look, (int)w->keep_days, &error) < 0)
                log_error(-1, "%s", error.text);
        w->next_prune = now + DAY_S;
}

void watch_look_when_due(struct watch *w)
{
        uint64_t now = clock_boottime();
        if (now / NS_PER_S >= w->next_look)
                watch_look_at_all(w, false);
        else if ((w->dirty.count || w->news || w->hit) && now >= next_small(w))
                small_look(w, true, &w->small);
        else if (w->hit) /* it is told within a second, whatever others start meanwhile */
                small_look(w, false, &w->small);
        else if (look_runtimes_due(w->look))
                look_into(w);
        prune_when_due(w);
}

void watch_look_urgently(struct watch *w)
{
        if (w->dirty.urgent && clock_boottime() >= allowance_next(&w->urgently))
                small_look(w, false, &w->urgently);
}
