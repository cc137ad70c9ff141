/* SPDX-License-Identifier: Apache-2.0 */

/* The worker does one thing at a time, for the step that waits for it: so its clock is read where that
 * changes, and nothing is counted in it. */

#include "look/spent.h"

#include "base/clock.h"
#include "look/state.h"

void spend_on(struct look *l, enum look_step step)
{
        struct spending *s = &l->spending;
        uint64_t own = clock_cpu(), worker;
        uint64_t number = prober_worker(l->prober, &worker);
        s->spent.own[s->step] += own - s->own;
        s->spent.worker[s->step] += worker - (number == s->number ? s->worker : 0);
        *s = (struct spending){
                .step = step, .own = own, .worker = worker, .number = number, .spent = s->spent};
}

struct look_spent look_spent(struct look *l)
{
        spend_on(l, l->spending.step);
        return l->spending.spent;
}

const char *look_step_name(enum look_step step)
{
        static const char *const names[] = {
                [LOOK_OTHER] = "other",     [LOOK_PROCESSES] = "processes",
                [LOOK_SOCKETS] = "sockets", [LOOK_INVENTORIES] = "inventories",
                [LOOK_FILES] = "files",     [LOOK_FUNCTIONS] = "functions",
                [LOOK_CALLS] = "calls",     [LOOK_RUNTIMES] = "runtimes",
                [LOOK_JOIN] = "join",       [LOOK_COMMIT] = "commit",
        };
        return names[step];
}
