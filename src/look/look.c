/* SPDX-License-Identifier: Apache-2.0 */

/* A look is a chain of questions to the worker, each batch asked at once and waited for: processes, then
 * the sockets, roots and files that these name. Only when all answers are in are they joined and
 * committed in one transaction, so that the store never holds half a look. */

#include "look/look.h"

#include "advisory/advisory.h"
#include "base/clock.h"
#include "base/heap.h"
#include "host/hidden.h"
#include "look/state.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum {
        LOOK_MEMORY = 512 << 20, /* bytes: most that one look may take for what it reads */
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
        l->native.blind = options->sensor && !sensor_serves(options->sensor, EVENT_MAP);
        l->native.epoch = 1;
        l->native.began = clock_boottime();
        l->watched_since = options->watched ? clock_wall() : 0;
        int r = machine_read(&l->arena, &l->machine);
        if (r < 0)
                return error_set(error, r, "out of memory");
        r = store_open(options->state, STORE_WRITE, &l->store, error);
        if (r < 0)
                return r;
        if (options->probe_again)
                r = store_forget_spared(l->store, error);
        if (r == 0)
                r = store_load_spared(l->store, &l->arena, &l->native.spared, error);
        l->native.spared_stored = l->native.spared.count;
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
        functions_soon_done(&l->native);
        functions_done(&l->native);
        made_cgroups_done(l);
        code_ran_done(l);
        runtimes_done(&l->runtimes);
        quiet_done(&l->quiet);
        snapshot_close(l->snapshot);
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

/* ---- looks ------------------------------------------------------------------------------------------ */

static void begin_look(struct look *l)
{
        l->limits.count = 0;
        l->sockets_unread = NULL;
        l->native.soon_left = SOON_A_LOOK;
        if (l->native.sensor)
                sensor_looked(l->native.sensor, clock_boottime());
        prober_abandon(l->prober); /* a look that failed may not have waited for all that it asked */
        arena_done(&l->scratch);
}

static int look_at_all(struct look *l, size_t *ret_workloads, struct error *error)
{
        uint64_t now = clock_boottime();
        entry_list old;
        pid_list pids = {};
        if (table_list(&l->table, ENTRIES_ALL, &old) < 0)
                return error_set(error, -ENOMEM, "out of memory");
        vec_each (e, &old) {
                vec_done(&(*e)->files);
                (*e)->joined = false;
        }
        vec_done(&old);
        spend_on(l, LOOK_PROCESSES);
        uint64_t oldest = now > REFRESH_S * NS_PER_S ? now - REFRESH_S * NS_PER_S : 0;
        files_expire(&l->files, l->expire_all ? now : oldest);
        l->expire_all = false;
        int r = process_list(&pids);
        l->hidden = hidden_from_us();
        if (r < 0)
                return error_set(error, r, "cannot list the processes in /proc: %s",
                                 r == -ENOENT
                                         ? "it is not mounted; mount -t proc proc /proc, or start where it is"
                                         : strerror(-r));
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
                r = read_files(l, ENTRIES_ALL, error);
        return r < 0 ? r : look_conclude(l, true, ret_workloads, error);
}

int look_all(struct look *l, struct look_summary *ret, struct error *error)
{
        uint64_t begin = clock_boottime();
        size_t workloads = 0;
        begin_look(l);
        l->nameless = 0;
        l->round++;
        int r = look_at_all(l, &workloads, error);
        spend_on(l, LOOK_OTHER);
        if (r < 0)
                return r;
        roots_sweep(&l->roots, l->round);
        groups_sweep(&l->groups, l->joins);
        if (!ret)
                return 0;
        *ret = (struct look_summary){
                .workloads = workloads, .limits = l->limits.items, .limit_count = l->limits.count};
        entry_list list;
        if (table_list(&l->table, ENTRIES_ALL, &list) < 0)
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
        store_rest(l->store);
        advisory_rest(l->native.db);
        heap_trim();
}

/* Whom the worker would find ended: asking it costs more. What they mapped is told by `late_files`. */
static size_t drop_ended(const int *pids, size_t count, int *to)
{
        size_t kept = 0;
        for (size_t i = 0; i < count; i++)
                if (!process_has_ended(pids[i]))
                        to[kept++] = pids[i];
        return kept;
}

int look_some(struct look *l, const int *pids, size_t count, bool news, struct error *error)
{
        _cleanup_free_ int *living = calloc(MAX(count, (size_t)1), sizeof(*living));
        size_t workloads;
        if (!living)
                return error_set(error, -ENOMEM, "out of memory");
        count = drop_ended(pids, count, living);
        if (!count && !news && !l->late_files.count && !l->late_overflow && !look_join_is_due(l))
                return 0;
        begin_look(l);
        size_t nameless = l->nameless; /* they live on, unread, until the next look at all */
        l->nameless = 0;
        int r = read_processes(l, living, count, error);
        l->weakened += l->nameless > nameless;
        l->nameless = MAX(l->nameless, nameless);
        if (r == 0)
                r = read_roots(l, true, error);
        if (r == 0)
                r = read_files(l, ENTRIES_OPEN, error);
        if (r == 0)
                r = look_conclude(l, false, &workloads, error);
        spend_on(l, LOOK_OTHER);
        return r;
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
        spend_on(l, LOOK_RUNTIMES);
        int r = runtimes_update(l, ENTRIES_OPEN, false, error);
        if (r == 0 && runtimes_news(&l->runtimes))
                r = look_conclude(l, false, &workloads, error);
        spend_on(l, LOOK_OTHER);
        return r;
}

int look_prune(struct look *l, int days, struct error *error)
{
        int r = store_begin(l->store, error);
        if (r < 0)
                return r;
        spend_on(l, LOOK_COMMIT);
        r = store_prune(l->store, days, clock_wall(), error);
        if (r == 0)
                r = store_commit(l->store, error);
        if (r < 0)
                store_rollback(l->store);
        spend_on(l, LOOK_OTHER);
        return r;
}

/* ---- events ----------------------------------------------------------------------------------------- */

bool look_process_ended(struct look *l, int pid)
{
        struct entry *e = table_get(&l->table, pid);
        function_origin_ended(&l->native, pid);
        if (!e)
                return false;
        e->ended = true;
        bool last = functions_leave(&l->native, e);
        l->weakened += last; /* only a join of all lets go of its files */
        return last;
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
        return table_has_cgroup(&l->table, cgroup);
}

void look_events_lost(struct look *l, const char *what, uint64_t count)
{
        look_loss(l, what, count);
        l->weakened++;
        if (l->watched_since)
                l->watched_since = clock_wall();
        functions_lost(&l->native);
        functions_doubt_all_answers(&l->table);
}
