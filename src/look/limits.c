/* SPDX-License-Identifier: Apache-2.0 */

/* What a look could not see, in sentences: as many as somebody reads. */

#include "look/state.h"

#include "base/clock.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_LIMITS = 256, MOST_LOSSES = 256, MOST_NAMED = 3, NAMES_TEXT = 128 };

void look_limit(struct look *l, const char *format, ...)
{
        char text[1024];
        va_list args;
        va_start(args, format);
        vsnprintf(text, sizeof(text), format, args);
        va_end(args);
        const char *copy = l->limits.count < MOST_LIMITS ? arena_strdup(&l->scratch, text) : NULL;
        const char **slot = copy ? vec_add(&l->limits) : NULL;
        if (slot)
                *slot = copy;
}

void look_loss(struct look *l, const char *what, uint64_t count)
{
        int64_t now = clock_wall();
        vec_each (loss, &l->losses)
                if (str_equal(loss->what, what)) {
                        loss->count += count;
                        loss->last = now;
                        return;
                }
        char *copy = l->losses.count < MOST_LOSSES ? strdup(what) : NULL;
        struct loss *loss = copy ? vec_add(&l->losses) : NULL;
        if (!loss) {
                free(copy);
                return;
        }
        *loss = (struct loss){.what = copy, .count = count, .first = now, .last = now};
}

/* Processes that could not be read for one reason. */
struct unreadable {
        size_t count;
        char names[NAMES_TEXT]; /* of the first ones: "12 sshd, 14 bash" */
};

static void note_unreadable(struct unreadable *u, const struct process *p)
{
        char comm[sizeof(p->comm) + 1];
        size_t used = strlen(u->names);
        if (u->count++ < MOST_NAMED)
                snprintf(u->names + used, sizeof(u->names) - used, "%spid %d %s", used ? ", " : "", p->pid,
                         str_printable(comm, sizeof(comm), p->comm));
        else if (u->count == MOST_NAMED + 1)
                snprintf(u->names + used, sizeof(u->names) - used, " and others");
}

/* Why processes could not be read, counted by reason. */
static int limit_unreadable(struct look *l)
{
        entry_list list;
        struct map reasons = {};
        int r = table_list(&l->table, ENTRIES_ALL, &list);
        if (r < 0)
                return r;
        vec_each (e, &list) {
                const char *reason = (*e)->process.unreadable;
                if (!reason)
                        continue;
                struct unreadable *u = map_get_str(&reasons, reason);
                if (!u && (u = arena_alloc(&l->scratch, sizeof(*u))))
                        r = map_put_str(&reasons, reason, u);
                if (u)
                        note_unreadable(u, &(*e)->process);
        }
        size_t i = 0;
        const void *reason;
        for (void *value; map_next(&reasons, &i, &reason, NULL, &value);) {
                const struct unreadable *u = value;
                look_limit(l, "%zu process%s could not be read: %s (%s)", u->count, u->count == 1 ? "" : "es",
                           (const char *)reason, u->names);
        }
        map_done(&reasons);
        vec_done(&list);
        return r;
}

/* What could not be read weakens every answer: it is said before what only some root lacks. */
int limits_put_unreadable_first(struct look *l)
{
        size_t others = l->limits.count = MIN(l->limits.count, (size_t)MOST_LIMITS - 8);
        if (geteuid() != 0)
                look_limit(l, "not root: other users' processes cannot be read; run sudo usewear scan");
        if (l->hidden)
                look_limit(l, "%s", l->hidden);
        if (limit_unreadable(l) < 0)
                return -ENOMEM;
        if (l->nameless)
                look_limit(l,
                           "%zu process%s could not be told apart: neither workload nor root was readable "
                           "(pid %d%s)",
                           l->nameless, l->nameless == 1 ? "" : "es", l->nameless_pid,
                           l->nameless == 1 ? "" : " and others");
        for (size_t i = others; i < l->limits.count; i++) {
                const char *limit = l->limits.items[i];
                memmove(l->limits.items + i - others + 1, l->limits.items + i - others,
                        others * sizeof(*l->limits.items));
                l->limits.items[i - others] = limit;
        }
        return 0;
}
