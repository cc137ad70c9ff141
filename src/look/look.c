/* SPDX-License-Identifier: Apache-2.0 */

/* A look is a chain of questions to the worker, each batch asked at once and waited for: processes, then
 * the sockets, roots and files that these name. Only when all answers are in are they joined and
 * committed in one transaction, so that the store never holds half a look. */

#include "look/look.h"

#include "base/clock.h"
#include "base/heap.h"
#include "look/state.h"

#include <errno.h>
#include <string.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>

enum {
        LOOK_MEMORY = 512 << 20, /* bytes: most that one look may take for what it reads */
        MOST_LIMITS = 256,
        MOST_LOSSES = 256,
};

int look_new(const struct look_options *options, struct look **ret, struct error *error)
{
        _cleanup_look_ struct look *l = calloc(1, sizeof(*l));
        if (!l)
                return error_set(error, -ENOMEM, "out of memory");
        l->options = *options;
        l->arena = ARENA_INIT(1 << 20);
        l->scratch = ARENA_INIT(LOOK_MEMORY);
        l->native.sensor = options->sensor;
        l->native.epoch = 1;
        l->watched_since = options->watched ? clock_wall() : 0;
        int r = machine_read(&l->arena, &l->machine);
        if (r < 0)
                return error_set(error, r, "out of memory");
        r = store_open(options->state, STORE_WRITE, &l->store, error);
        if (r < 0)
                return r;
        r = prober_new(&(struct prober_options){.cgroup = options->cgroup}, &l->prober, error);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(l);
        return 0;
}

struct look *look_free(struct look *l)
{
        if (!l)
                return NULL;
        functions_done(&l->native);
        code_ran_done(l);
        runtimes_done(&l->runtimes);
        quiet_done(&l->quiet);
        prober_free(l->prober);
        store_close(l->store);
        forget_snapshot(l);
        table_done(&l->table);
        files_done(&l->files);
        roots_done(&l->roots);
        groups_done(&l->groups);
        vec_each (f, &l->late_files)
                free(f->path);
        vec_done(&l->late_files);
        vec_each (loss, &l->losses)
                free((char *)loss->what);
        vec_done(&l->losses);
        vec_done(&l->sockets);
        vec_done(&l->asked);
        vec_done(&l->late_uses);
        vec_done(&l->limits);
        arena_done(&l->scratch);
        arena_done(&l->arena);
        free(l);
        return NULL;
}

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

struct errand *errand_new(struct look *l, int pid)
{
        struct errand *e = arena_alloc(&l->scratch, sizeof(*e));
        if (e) {
                e->look = l;
                e->pid = pid;
        }
        return e;
}

int look_wait(struct look *l, struct error *error)
{
        while (prober_outstanding(l->prober)) {
                struct pollfd fds[] = {
                        {.fd = prober_fd(l->prober), .events = POLLIN},
                        {.fd = l->options.wait_ready ? l->options.wait_fd : -1, .events = POLLIN},
                };
                if (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno != EINTR)
                        return error_set(error, -errno, "waiting for the worker failed: %s", strerror(errno));
                if (fds[1].revents)
                        l->options.wait_ready(l->options.wait_context);
                int r = fds[0].revents ? prober_dispatch(l->prober) : 0;
                if (r < 0)
                        return error_set(error, r, "no worker process can be started: %s", strerror(-r));
        }
        return 0;
}

/* ---- limits ----------------------------------------------------------------------------------------- */

/* Why processes could not be read, counted by reason. */
static int limit_unreadable(struct look *l)
{
        entry_list list;
        struct map counts = {};
        int r = table_list(&l->table, &list);
        if (r < 0)
                return r;
        vec_each (e, &list) {
                const char *reason = (*e)->process.unreadable;
                if (!reason)
                        continue;
                size_t *count = map_get_str(&counts, reason);
                if (!count && (count = arena_alloc(&l->scratch, sizeof(*count))))
                        r = map_put_str(&counts, reason, count);
                if (count)
                        ++*count;
        }
        size_t i = 0;
        const void *reason;
        for (void *count; map_next(&counts, &i, &reason, NULL, &count);)
                look_limit(l, "%zu process%s could not be read: %s", *(size_t *)count,
                           *(size_t *)count == 1 ? "" : "es", (const char *)reason);
        map_done(&counts);
        vec_done(&list);
        return r;
}

/* What could not be read weakens every answer: it is said before what only some root lacks. */
static int put_unreadable_first(struct look *l)
{
        size_t others = l->limits.count = MIN(l->limits.count, (size_t)MOST_LIMITS - 8);
        if (geteuid() != 0)
                look_limit(l, "not root: other users' processes cannot be read; run sudo usewear scan");
        if (limit_unreadable(l) < 0)
                return -ENOMEM;
        if (l->nameless)
                look_limit(l, "%zu processes could not be told apart: neither workload nor root was readable",
                           l->nameless);
        for (size_t i = others; i < l->limits.count; i++) {
                const char *limit = l->limits.items[i];
                memmove(l->limits.items + i - others + 1, l->limits.items + i - others,
                        others * sizeof(*l->limits.items));
                l->limits.items[i - others] = limit;
        }
        return 0;
}

/* ---- commit ----------------------------------------------------------------------------------------- */

static int put_fresh_roots(struct look *l, int64_t now, struct error *error)
{
        size_t i = 0;
        for (struct known_root *root; (root = roots_next(&l->roots, &i));) {
                int r = root->fresh ? store_put_inventory(l->store, &root->root, &root->inventory.packages,
                                                          now, error)
                                    : 0;
                if (r < 0)
                        return r;
        }
        return 0;
}

static int put_all(struct look *l, const struct joined *j, bool full, int64_t now, struct error *error)
{
        const struct machine *m = &l->machine;
        struct host_facts host = {m->id, m->name, m->os, m->kernel, m->boot_id};
        int r = store_put_host(l->store, &host, now, error);
        if (r == 0)
                r = put_fresh_roots(l, now, error);
        for (size_t i = 0; r == 0 && i < j->packages.count; i++)
                r = store_put_package(l->store, &j->packages.items[i], now, error);
        if (r == 0)
                r = store_put_workloads(l->store, j->workloads.items, j->workloads.count, now, error);
        if (r == 0)
                r = store_put_evidence(l->store, &j->evidence, error);
        if (r == 0)
                r = store_put_coverage(l->store, &j->coverage, error);
        if (r == 0)
                r = store_put_functions(l->store, &j->functions, error);
        if (r == 0)
                r = store_put_losses(l->store, &l->losses, error);
        if (r == 0)
                r = store_put_doubts(l->store, &j->doubts, error);
        if (r == 0 && full)
                r = store_put_limits(l->store, l->limits.items, l->limits.count, error);
        return r;
}

static void forget_committed(struct look *l)
{
        size_t i = 0;
        for (struct known_root *root; (root = roots_next(&l->roots, &i));)
                if (root->fresh)
                        roots_committed(root);
        vec_each (loss, &l->losses)
                free((char *)loss->what);
        l->losses.count = 0;
        table_sweep(&l->table, 0 /* only those that ended */);
}

static int commit(struct look *l, const struct joined *j, bool full, int64_t now, struct error *error)
{
        int r = store_begin(l->store, error);
        if (r < 0)
                return r;
        r = put_all(l, j, full, now, error);
        if (r == 0)
                r = store_commit(l->store, error);
        if (r < 0) {
                store_rollback(l->store);
                l->resend = true;
                if (l->late_uses.count)
                        look_loss(l, "files of ended processes that could not be stored", l->late_uses.count);
                return r;
        }
        l->resend = false;
        runtimes_committed(l);
        forget_committed(l);
        code_ran_committed(l);
        functions_committed(&l->native);
        return 0;
}

/* ---- looks ------------------------------------------------------------------------------------------ */

static void begin_look(struct look *l)
{
        l->limits.count = 0;
        l->sockets_unread = NULL;
        arena_done(&l->scratch);
}

static int join_and_commit(struct look *l, bool full, size_t *ret_workloads, struct error *error)
{
        int r = read_late_files(l, error);
        if (r < 0)
                return r;
        struct join_input in = {
                .table = &l->table,
                .roots = &l->roots,
                .groups = &l->groups,
                .sockets = &l->sockets,
                .sockets_unread = l->sockets_unread,
                .late = &l->late_uses,
                .unplaced = l->unplaced,
                .nameless = l->nameless,
                .join = ++l->joins,
                .full = full,
                .only_new = !full && !l->resend,
                .now = clock_wall(),
                .watched_since = l->watched_since,
        };
        struct joined joined;
        if (l->nameless && full)
                look_loss(l, "processes of which not even the workload could be read", l->nameless);
        r = functions_update(l, error);
        if (r < 0)
                return r;
        if (full)
                runtime_packages_renew(l);
        r = runtimes_update(l, full && !l->thrifty, error);
        if (r < 0)
                return r;
        l->thrifty |= full && l->options.watched;
        if (full && l->runtimes.late)
                look_limit(l,
                           "%zu processes with an interpreter have run and wait to be looked into: all looks "
                           "together may take %.2f %% of a CPU",
                           l->runtimes.late, BUDGET_LATER_NS / 1e7);
        r = runtimes_cover(l, in.now, &l->scratch);
        if (r == 0)
                r = join_all(&in, &l->scratch, &joined);
        if (r < 0)
                return error_set(error, r, "out of memory");
        r = functions_join(l, in.now, &l->scratch, &joined);
        if (r == 0)
                r = code_ran_join(l, &joined.evidence);
        if (r == 0)
                r = runtimes_join(l, &in, &l->scratch, &joined);
        if (r == 0 && full)
                r = put_unreadable_first(l);
        if (r < 0)
                joined_done(&joined);
        if (r < 0)
                return error_set(error, r, "out of memory");
        r = commit(l, &joined, full, in.now, error);
        *ret_workloads = joined.workloads.count;
        joined_done(&joined);
        return r;
}

static int look_at_all(struct look *l, size_t *ret_workloads, struct error *error)
{
        uint64_t now = clock_boottime();
        entry_list old;
        pid_list pids = {};
        if (table_list(&l->table, &old) < 0)
                return error_set(error, -ENOMEM, "out of memory");
        vec_each (e, &old)
                vec_done(&(*e)->files);
        vec_done(&old);
        uint64_t oldest = now > REFRESH_S * NS_PER_S ? now - REFRESH_S * NS_PER_S : 0;
        files_expire(&l->files, l->expire_all ? now : oldest);
        l->expire_all = false;
        int r = process_list(&pids);
        if (r < 0)
                return error_set(error, r, "cannot list the processes in /proc: %s", strerror(-r));
        if (l->options.watched)
                quiet_take(&l->quiet);
        r = read_snapshot(l);
        if (r == 0)
                r = read_changed_processes(l, pids.items, pids.count, error);
        vec_done(&pids);
        forget_snapshot(l);
        table_sweep(&l->table, l->round);
        if (r == 0)
                r = read_sockets(l, error);
        if (r == 0)
                r = read_roots(l, false, error);
        l->roots_old &= r < 0;
        if (r == 0)
                r = read_files(l, error);
        return r < 0 ? r : join_and_commit(l, true, ret_workloads, error);
}

int look_all(struct look *l, struct look_summary *ret, struct error *error)
{
        uint64_t begin = clock_boottime();
        size_t workloads = 0;
        begin_look(l);
        l->nameless = 0;
        l->round++;
        int r = look_at_all(l, &workloads, error);
        if (r < 0)
                return r;
        roots_sweep(&l->roots, l->round);
        groups_sweep(&l->groups, l->joins);
        if (!ret)
                return 0;
        *ret = (struct look_summary){
                .workloads = workloads, .limits = l->limits.items, .limit_count = l->limits.count};
        entry_list list;
        if (table_list(&l->table, &list) < 0)
                return error_set(error, -ENOMEM, "out of memory");
        ret->processes = list.count;
        vec_done(&list);
        size_t i = 0;
        for (const struct known_root *root; (root = roots_next(&l->roots, &i)); ret->roots++)
                ret->packages += root->package_count;
        ret->seconds = (double)(clock_boottime() - begin) / NS_PER_S;
        return 0;
}

void look_rest(struct look *l)
{
        begin_look(l);
        heap_trim();
}

int look_some(struct look *l, const int *pids, size_t count, struct error *error)
{
        size_t workloads;
        begin_look(l);
        size_t nameless = l->nameless; /* they live on, unread, until the next look at all */
        l->nameless = 0;
        int r = read_processes(l, pids, count, error);
        l->nameless = MAX(l->nameless, nameless);
        if (r == 0)
                r = read_roots(l, true, error);
        if (r == 0)
                r = read_files(l, error);
        return r < 0 ? r : join_and_commit(l, false, &workloads, error);
}

void look_spend(struct look *l)
{
        l->thrifty = false;
}

bool look_wants_all(const struct look *l)
{
        return l->roots_old;
}

int look_into_runtimes(struct look *l, struct error *error)
{
        size_t workloads;
        begin_look(l);
        int r = runtimes_update(l, false, error);
        return r < 0 || !runtimes_news(&l->runtimes) ? r : join_and_commit(l, false, &workloads, error);
}

int look_prune(struct look *l, int days, struct error *error)
{
        int r = store_begin(l->store, error);
        if (r < 0)
                return r;
        r = store_prune(l->store, days, clock_wall(), error);
        if (r == 0)
                r = store_commit(l->store, error);
        if (r < 0)
                store_rollback(l->store);
        return r;
}

/* ---- events ----------------------------------------------------------------------------------------- */

bool look_process_ended(struct look *l, int pid)
{
        struct entry *e = table_get(&l->table, pid);
        if (!e)
                return false;
        e->ended = true;
        return functions_watch(&l->native, e);
}

void look_refresh(struct look *l)
{
        l->expire_all = true;
        size_t i = 0;
        for (struct known_root *root; (root = roots_next(&l->roots, &i));)
                root->read_at = 0;
}

bool look_knows_cgroup(const struct look *l, uint64_t cgroup)
{
        size_t i = 0;
        for (void *value; map_next(&l->table.entries, &i, NULL, NULL, &value);)
                if (((struct entry *)value)->process.cgroup_id == cgroup)
                        return true;
        return false;
}

void look_events_lost(struct look *l, const char *what, uint64_t count)
{
        look_loss(l, what, count);
        if (l->watched_since)
                l->watched_since = clock_wall();
        functions_lost(&l->native);
}
