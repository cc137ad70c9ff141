/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Choosing hooks: for each source of events a list of alternatives, best first. The first that attaches
 * and then brings the event which was provoked for it is kept. Pure: what attaching and proving mean is
 * the caller's. */

#include "sensor/sensor.h"

enum { HOOK_ALTERNATIVES = 4, HOOK_SOURCES = 8 };

struct hook_source {
        uint32_t types; /* bits 1 << enum event_type: what it brings, all of it from one hook */
        const char *alternatives[HOOK_ALTERNATIVES]; /* names, NULL behind the last */
};

struct hook_table {
        const struct hook_source *sources;
        size_t count;
        struct hook_progress {
                struct {
                        enum hook_state state;
                        char reason[sizeof(((struct hook *)0)->reason)];
                } alternatives[HOOK_ALTERNATIVES];
                size_t current;
                bool serving;
        } progress[HOOK_SOURCES];
};

struct hook_ops {
        /* Attach that alternative of that source. 0, or negative with the reason (size bytes) filled. */
        int (*attach)(void *context, size_t source, size_t alternative, char *reason, size_t size);
        void (*detach)(void *context, size_t source);
        /* Provoke events of these types; the types that arrived. */
        uint32_t (*prove)(void *context, uint32_t types);
};

void hook_table_init(struct hook_table *t, const struct hook_source *sources, size_t count);
/* Settle the sources of this bit set, one hook each; returns the sources that serve. */
uint32_t hook_table_settle(struct hook_table *t, uint32_t sources, const struct hook_ops *ops, void *context);
/* The alternative that serves, or NULL. */
const char *hook_table_serving(const struct hook_table *t, size_t source);
/* One row for each type and alternative; returns how many (at most `room` are written). */
size_t hook_table_report(const struct hook_table *t, uint32_t sources, struct hook *to, size_t room);
