/* SPDX-License-Identifier: Apache-2.0 */

/* "It attached" is not "it works": a hook that attaches and stays silent is taken back, and the next
 * alternative has its turn. All sources go through a round together, so that the usual case costs one
 * proof. */

#include "sensor/hook_table.h"

#include <stdio.h>
#include <string.h>

void hook_table_init(struct hook_table *t, const struct hook_source *sources, size_t count)
{
        *t = (struct hook_table){.sources = sources, .count = MIN(count, (size_t)HOOK_SOURCES)};
}

static bool exhausted(const struct hook_table *t, size_t source)
{
        size_t at = t->progress[source].current;
        return at >= HOOK_ALTERNATIVES || !t->sources[source].alternatives[at];
}

/* Go down the list until one attaches. */
static bool attach_next(struct hook_table *t, size_t source, const struct hook_ops *ops, void *context)
{
        struct hook_progress *p = &t->progress[source];
        for (; !exhausted(t, source); p->current++) {
                char *reason = p->alternatives[p->current].reason;
                if (ops->attach(context, source, p->current, reason, sizeof(p->alternatives[0].reason)) >= 0)
                        return true;
                p->alternatives[p->current].state = HOOK_REFUSED;
        }
        return false;
}

static void give_up_silent(struct hook_table *t, size_t source, uint32_t missing, const struct hook_ops *ops,
                           void *context)
{
        struct hook_progress *p = &t->progress[source];
        char *reason = p->alternatives[p->current].reason;
        size_t size = sizeof(p->alternatives[0].reason), used = 0;
        used = (size_t)snprintf(reason, size, "attached, but the provoked event never came:");
        for (unsigned type = 1; type < _EVENT_MAX; type++)
                if (missing & 1u << type && used < size)
                        used += (size_t)snprintf(reason + used, size - used, " %s", event_type_name(type));
        p->alternatives[p->current].state = HOOK_SILENT;
        ops->detach(context, source);
        p->current++;
}

uint32_t hook_table_settle(struct hook_table *t, uint32_t sources, const struct hook_ops *ops, void *context)
{
        uint32_t open = sources, serving = 0;
        while (open) {
                uint32_t types = 0;
                for (size_t i = 0; i < t->count; i++) {
                        if (!(open & 1u << i))
                                continue;
                        if (attach_next(t, i, ops, context))
                                types |= t->sources[i].types;
                        else
                                open &= ~(1u << i);
                }
                if (!open)
                        break;
                uint32_t came = ops->prove(context, types);
                for (size_t i = 0; i < t->count; i++) {
                        uint32_t missing = t->sources[i].types & ~came;
                        if (!(open & 1u << i))
                                continue;
                        if (missing) {
                                give_up_silent(t, i, missing, ops, context);
                                continue;
                        }
                        t->progress[i].alternatives[t->progress[i].current].state = HOOK_SERVING;
                        t->progress[i].serving = true;
                        serving |= 1u << i;
                        open &= ~(1u << i);
                }
        }
        return serving;
}

const char *hook_table_serving(const struct hook_table *t, size_t source)
{
        const struct hook_progress *p = &t->progress[source];
        return p->serving ? t->sources[source].alternatives[p->current] : NULL;
}

size_t hook_table_report(const struct hook_table *t, uint32_t sources, struct hook *to, size_t room)
{
        size_t count = 0;
        for (unsigned type = 1; type < _EVENT_MAX; type++)
                for (size_t i = 0; i < t->count; i++) {
                        if (!(sources & 1u << i) || !(t->sources[i].types & 1u << type))
                                continue;
                        for (size_t k = 0; k < HOOK_ALTERNATIVES && t->sources[i].alternatives[k]; k++) {
                                if (count < room) {
                                        to[count] = (struct hook){
                                                .type = type,
                                                .name = t->sources[i].alternatives[k],
                                                .state = t->progress[i].alternatives[k].state,
                                        };
                                        memcpy(to[count].reason, t->progress[i].alternatives[k].reason,
                                               sizeof(to[count].reason));
                                }
                                count++;
                        }
                }
        return count;
}
