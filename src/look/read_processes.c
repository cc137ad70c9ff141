/* SPDX-License-Identifier: Apache-2.0 */

/* Who runs, and what each process maps: all mappings come from one walk of the kernel over all of them, where
 * it can be had, and the worker is asked for the rest. A process that cannot be read is never dropped: it
 * leaves a record that says why, and that record blocks the negatives that would rest on it. */

#include "look/errand.h"

#include "base/clock.h"
#include "sensor/sensor.h"

#include <errno.h>
#include <string.h>

enum { REREAD_S = 3600 /* what others say of a process (its container's name) changes without it */ };

/* ---- the snapshot of all mappings ------------------------------------------------------------------- */

static int take_mapping(void *context, const struct snapshot_mapping *from)
{
        struct look *l = context;
        int pid = (int)from->tgid;
        struct seen_process *p = map_get(&l->seen, &pid, sizeof(pid));
        if (!p) {
                p = arena_alloc(&l->scratch, sizeof(*p));
                if (!p)
                        return -ENOMEM;
                p->pid = pid;
                p->start = from->start_time / PROCESS_START_GRAIN * PROCESS_START_GRAIN;
                if (map_put(&l->seen, &p->pid, sizeof(p->pid), p) < 0)
                        return -ENOMEM;
        }
        static const char suffix[] = " (deleted)";
        size_t size = strlen(from->path);
        bool deleted = str_ends(from->path, suffix);
        struct mapping *m = vec_add(&p->mappings);
        const char *path =
                arena_strndup(&l->scratch, from->path, deleted ? size - (sizeof(suffix) - 1) : size);
        if (!m || !path)
                return -ENOMEM;
        *m = (struct mapping){.start = from->start,
                              .end = from->end,
                              .offset = from->offset,
                              .inode = from->inode,
                              .device = from->device,
                              .deleted = deleted,
                              .unprobed = from->unprobed,
                              .path = path};
        return 0;
}

void forget_snapshot(struct look *l)
{
        size_t i = 0;
        for (void *value; map_next(&l->seen, &i, NULL, NULL, &value);)
                vec_done(&((struct seen_process *)value)->mappings);
        map_done(&l->seen);
}

int read_snapshot(struct look *l)
{
        if (!l->snapshot && !l->snapshot_refused)
                l->snapshot_refused = snapshot_open(&l->snapshot, NULL) < 0;
        if (l->snapshot && snapshot_read(l->snapshot, take_mapping, l) < 0)
                forget_snapshot(l);
        return 0;
}

/* ---- processes -------------------------------------------------------------------------------------- */

static int adopt_snapshot(struct entry *e, const struct seen_process *seen)
{
        vec_each (from, &seen->mappings) {
                struct mapping *to = vec_add(&e->process.mappings);
                if (!to)
                        return -ENOMEM;
                *to = *from;
                to->path = arena_strdup(&e->arena, from->path);
                if (!to->path)
                        return -ENOMEM;
        }
        return 0;
}

static void process_done_reply(void *context, int status, struct wire *reply);

static int ask_process(struct look *l, struct errand *errand)
{
        struct probe_job job = {.kind = PROBE_PROCESS, .pid = errand->pid, .flags = errand->flags};
        return prober_submit(l->prober, &job, process_done_reply, errand);
}

/* Put the entry into the table. Mappings of the snapshot count only for the very process that it saw. */
static int take_process(struct look *l, struct errand *errand, struct wire *reply)
{
        struct entry *e = entry_new(errand->pid);
        if (!e)
                return -ENOMEM;
        int r = process_unpack(reply, &e->arena, &e->process);
        if (r == 0 && e->process.pid != errand->pid)
                r = -EBADMSG;
        if (r == 0 && errand->failure)
                e->process.unreadable =
                        arena_printf(&e->arena, "memory map: %s", errand_failure_text(errand->failure));
        else if (r == 0 && !(errand->flags & PROCESS_READ_MAPPINGS) && !e->process.unreadable) {
                const struct seen_process *seen = map_get(&l->seen, &errand->pid, sizeof(errand->pid));
                if (!seen || seen->start != e->process.start) {
                        entry_free(e);
                        errand->flags |= PROCESS_READ_MAPPINGS;
                        return ask_process(l, errand);
                }
                r = adopt_snapshot(e, seen);
        }
        e->round = l->round;
        e->asked_at = errand->time;
        e->mark = quiet_mark_of(&l->quiet, e->pid, e->process.start);
        struct entry *old = table_get(&l->table, e->pid);
        if (r == 0 && old) {
                functions_leave(&l->native, old); /* it is counted again */
                functions_keep_answers(&l->native, old, e);
        }
        if (r == 0)
                r = table_put(&l->table, e);
        if (r < 0)
                entry_free(e);
        return r;
}

static void process_done_reply(void *context, int status, struct wire *reply)
{
        struct errand *errand = context;
        struct look *l = errand->look;
        int r = status;
        if (r == 0)
                r = take_process(l, errand, reply);
        if (r == 0)
                return;
        if (r == -ESRCH)
                return; /* it ended; what it had mapped is told by events, or is a gap that the report names
                         */
        if (r == -EPIPE && !errand->repeated) {
                errand->repeated = true; /* the worker may have died of something else */
                if (ask_process(l, errand) == 0)
                        return;
        }
        if (errand->flags) {
                /* Who it is can be told without touching its memory. */
                errand->flags = 0;
                errand->failure = r;
                if (ask_process(l, errand) == 0)
                        return;
        }
        l->nameless++;
        l->nameless_pid = errand->pid;
}

static bool same_mappings(const struct entry *e, const struct seen_process *seen)
{
        return seen && seen->start == e->process.start && seen->mappings.count == e->process.mappings.count &&
               mappings_equal(seen->mappings.items, e->process.mappings.items, seen->mappings.count);
}

/* A thread of the kernel is told of by nothing but its name: as long as no program runs in its place, or
 * under its number (it would be among those that may have run), it stays one. */
static bool is_kernel_thread(const struct look *l, const struct entry *e)
{
        return e->process.kernel && l->quiet.taken && !quiet_knows(&l->quiet, e->pid);
}

/* A process that has not run is what it was, but for its files: those may have been replaced. */
static bool is_unchanged(struct look *l, int pid)
{
        struct entry *e = table_get(&l->table, pid);
        if (!e || e->ended || !entry_named(e) || e->process.unreadable ||
            clock_boottime() - e->read_at > REREAD_S * NS_PER_S)
                return false;
        struct quiet_mark mark = quiet_mark_of(&l->quiet, pid, e->process.start);
        if (!is_kernel_thread(l, e) &&
            (!quiet_since(&e->mark, &mark) || !same_mappings(e, map_get(&l->seen, &pid, sizeof(pid)))))
                return false;
        e->round = l->round;
        return true;
}

int read_changed_processes(struct look *l, const int *pids, size_t count, struct error *error)
{
        VEC(int) changed = {};
        for (size_t i = 0; i < count; i++) {
                if (is_unchanged(l, pids[i]))
                        continue;
                int *slot = vec_add(&changed);
                if (!slot) {
                        vec_done(&changed);
                        return error_set(error, -ENOMEM, "out of memory");
                }
                *slot = pids[i];
        }
        int r = read_processes(l, changed.items, changed.count, error);
        vec_done(&changed);
        return r;
}

int read_processes(struct look *l, const int *pids, size_t count, struct error *error)
{
        spend_on(l, LOOK_PROCESSES);
        for (size_t i = 0; i < count; i++) {
                struct errand *errand = errand_new(l, pids[i]);
                if (!errand)
                        return error_set(error, -ENOMEM, "out of memory");
                errand->flags = PROCESS_READ_SOCKETS;
                if (!map_get(&l->seen, &pids[i], sizeof(pids[i])))
                        errand->flags |= PROCESS_READ_MAPPINGS;
                int r = ask_process(l, errand);
                if (r < 0)
                        return error_set(error, r, "cannot ask the worker: %s", strerror(-r));
        }
        return errands_wait(l, error);
}
