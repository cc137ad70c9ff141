/* SPDX-License-Identifier: Apache-2.0 */

/* That a probe is armed does not mean that it is set everywhere: a loader may have mapped the code writable
 * and made it executable afterwards, or have written over it. Each process is asked by each full look that
 * reads it, once for all its probed files, unless it has slept since it was looked at, until they were
 * probed: in what is mapped for that the kernel sets every probe. */

#include "look/state.h"

#include <errno.h>

/* A question: which file each piece is of, and how often its probes had been changed then. */
struct check {
        struct look *look;
        struct entry *entry;
        uint64_t epoch;
        struct probed_file *files[PROBE_PIECES_MOST];
        uint64_t armings[PROBE_PIECES_MOST];
        struct probe_piece pieces[PROBE_PIECES_MOST];
        size_t count;
        bool repeated;
};

/* What was taken away meanwhile is not there by right. */
static void note_state(struct check *c, size_t i, enum break_state state)
{
        struct probed_file *f = c->files[i];
        if (state == BREAKS_UNREAD || c->armings[i] != f->armings)
                function_ask_again(&c->entry->breaks_checked, f);
        else if (state == BREAKS_MISSING)
                function_doubt(f, "a process runs its code where the kernel has set no probe");
}

#define UNSEEN "whether its probes are set cannot be seen: memory of a process that maps it "

static bool costs_worker(int status)
{
        return status == -ETIME || status == -EPIPE;
}

/* A process that has ended meanwhile is asked for no more. Whose memory may not be read, or costs the worker
 * that reads it, may run without any probe. */
static void note_failure(struct check *c, int status)
{
        for (size_t i = 0; i < c->count; i++)
                if (status == -EPERM || status == -EACCES)
                        function_doubt(c->files[i], UNSEEN "may not be read");
                else if (costs_worker(status))
                        function_doubt(c->files[i], UNSEEN "cannot be read in time");
                else
                        function_ask_again(&c->entry->breaks_checked, c->files[i]);
}

static int submit(struct check *c);

static void on_checked(void *context, int status, struct wire *reply)
{
        struct check *c = context;
        enum break_state states[PROBE_PIECES_MOST];
        if (c->epoch != c->look->native.epoch) { /* the files may be gone */
                functions_doubt_answers(c->entry);
                return;
        }
        for (size_t i = 0; status == 0 && i < c->count; i++)
                states[i] = (enum break_state)wire_get_max(reply, _BREAK_STATE_MAX - 1);
        if (status == 0)
                status = wire_end(reply);
        if (costs_worker(status) && !c->repeated) { /* it may have been somebody else's fault */
                c->repeated = true;
                if (submit(c) == 0)
                        return;
        }
        if (status < 0) {
                note_failure(c, status);
                return;
        }
        for (size_t i = 0; i < c->count; i++)
                note_state(c, i, states[i]);
}

static size_t add_sites(const struct native_site *sites, size_t count, uint64_t *to)
{
        for (size_t i = 0; to && i < count; i++)
                to[i] = sites[i].offset;
        return count;
}

/* Into `to`, if there is one; how many they are. */
static size_t list_sites(const struct probed_file *f, uint64_t *to)
{
        size_t count = 0;
        vec_each (p, &f->functions) {
                if (p->armed)
                        count += add_sites(p->found.sites, p->found.site_count, to ? to + count : NULL);
                if (p->armed && p->guarded)
                        count += add_sites(p->found.guards, p->found.guard_count, to ? to + count : NULL);
        }
        return count;
}

static bool is_due(const struct entry *e, const struct probed_file *f)
{
        if (!f->resolved || f->doubt || f->failure || function_has_answered(&e->breaks_checked, f))
                return false;
        vec_each (p, &f->functions)
                if (p->armed)
                        return true;
        return false;
}

static int submit(struct check *c)
{
        struct probe_job job = {
                .kind = PROBE_BREAKS, .pid = c->entry->pid, .pieces = c->pieces, .piece_count = c->count};
        return prober_submit(c->look->prober, &job, on_checked, c);
}

/* The question that is being put together; a full one is asked. */
static int room_for_piece(struct look *l, struct entry *e, struct check **at)
{
        int r = 0;
        if (*at && (*at)->count == PROBE_PIECES_MOST) {
                r = submit(*at);
                *at = NULL;
        }
        if (!*at) {
                *at = arena_alloc(&l->scratch, sizeof(**at));
                if (!*at)
                        return -ENOMEM;
                **at = (struct check){.look = l, .entry = e, .epoch = l->native.epoch};
        }
        return r;
}

/* A file may be mapped in several pieces. */
static int add_file(struct look *l, struct entry *e, struct probed_file *f, struct check **at)
{
        size_t count = list_sites(f, NULL);
        uint64_t *sites = arena_alloc(&l->scratch, MAX(count, (size_t)1) * sizeof(*sites));
        int r = sites ? function_note_answer(&e->breaks_checked, f) : -ENOMEM;
        if (sites)
                list_sites(f, sites);
        vec_each (m, &e->process.mappings) {
                if (r < 0 || m->inode != f->inode || m->device != f->device || m->unprobed)
                        continue;
                r = room_for_piece(l, e, at);
                if (r < 0)
                        break;
                struct check *c = *at;
                c->files[c->count] = f;
                c->armings[c->count] = f->armings;
                c->pieces[c->count++] = (struct probe_piece){.start = m->start,
                                                             .end = m->end,
                                                             .offset = m->offset,
                                                             .sites = sites,
                                                             .site_count = count};
        }
        return r;
}

/* The file of a mapping, where its probes are to be looked for. */
static struct probed_file *due_at(const struct look *l, const struct entry *e, size_t i)
{
        const struct used_file *used = e->files.items[i];
        struct probed_file *f = used && used->probed_epoch == l->native.epoch ? used->probed : NULL;
        return f && is_due(e, f) ? f : NULL;
}

/* It was mapped where the kernel sets probes, and the process has done nothing until it had set the first. */
static struct probed_file *passes_at(const struct look *l, const struct entry *e, size_t i)
{
        struct probed_file *f = e->mark.threads ? due_at(l, e, i) : NULL;
        return f && f->probed_since > e->asked_at ? f : NULL;
}

static bool may_pass(const struct look *l, const struct entry *e)
{
        for (size_t i = 0; i < e->files.count; i++)
                if (passes_at(l, e, i))
                        return true;
        return false;
}

void functions_pass_sleepers(struct look *l, const entry_list *list)
{
        bool any = false;
        vec_each (e, list)
                any = any || may_pass(l, *e);
        if (any)
                quiet_take(&l->quiet);
        vec_each (entry, list) {
                struct entry *e = *entry;
                struct quiet_mark now = quiet_mark_of(&l->quiet, e->pid, e->process.start);
                bool asleep = any && quiet_since(&e->mark, &now);
                for (size_t i = 0; asleep && i < e->files.count; i++) {
                        struct probed_file *f = passes_at(l, e, i);
                        if (f)
                                function_note_answer(&e->breaks_checked, f); /* else it is asked */
                }
        }
}

int functions_check_breaks(struct look *l, struct entry *e, struct error *error)
{
        struct check *c = NULL;
        int r = 0;
        for (size_t i = 0; r == 0 && i < e->files.count; i++) {
                struct probed_file *f = due_at(l, e, i);
                if (f)
                        r = add_file(l, e, f, &c);
        }
        if (r == 0 && c)
                r = submit(c);
        return r < 0 ? error_set(error, r, "cannot ask the worker: %s", strerror(-r)) : 0;
}
