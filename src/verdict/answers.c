/* SPDX-License-Identifier: Apache-2.0 */

/* The negative is the hard answer: it holds for a package only if every kind of code that its files hold
 * was watched in every workload of its root. One blind spot makes it unknown, named by that blind spot. */

#include "verdict/compute.h"

#include "host/runtime.h"

const struct doubt *doubt_later(const struct doubt *a, const struct doubt *b)
{
        if (!a || !b)
                return a ? a : b;
        if (a->last != b->last)
                return a->last > b->last ? a : b;
        return str_compare(a->subject, b->subject) <= 0 ? a : b;
}

struct answer unused_answer(const struct root_entry *r, uint32_t runtimes, const struct doubt *doubt)
{
        struct answer a = {.value = ANSWER_NOT_OBSERVED};
        if (!r->workloads)
                return (struct answer){.reason = "nothing that runs in its root was looked at"};
        if (!runtimes)
                runtimes = RUNTIME_NATIVE; /* no code: as good as what was watched best */
        if (runtimes >> RUNTIME_BITS)
                return (struct answer){.reason = "it has files of unknown kind"};
        for (size_t bit = 0; bit < RUNTIME_BITS; bit++) {
                const struct cover *c = &r->covers[bit];
                if (!(runtimes & 1u << bit))
                        continue;
                if (c->blind)
                        return (struct answer){.reason = c->reason};
                if (!a.engine || c->since > a.since) {
                        a.engine = c->engine;
                        a.since = a.after = c->since;
                }
                if (!a.reason)
                        a.reason = c->gaps;
        }
        /* A doubt that is older than what the negative speaks of does not concern it. */
        if (doubt && doubt->last >= a.since)
                return (struct answer){.reason = doubt->reason};
        return a;
}
