/* SPDX-License-Identifier: Apache-2.0 */

/* A file has its record as long as somebody maps it. Its functions are chosen and looked up once; its users
 * are counted anew by each look. */

#include "look/errand.h"

#include "base/clock.h"

#include <errno.h>
#include <stdio.h>

enum { PROBED_MEMORY = 16 << 20 };

/* ---- life ------------------------------------------------------------------------------------------- */

static void file_done(struct probed_file *f)
{
        vec_each (p, &f->functions) {
                vec_each (hit, &p->hits)
                        free(hit->workload);
                vec_each (hit, &p->host_hits)
                        free(hit->workload);
                vec_done(&p->hits);
                vec_done(&p->host_hits);
        }
        vec_each (user, &f->users)
                free(user->workload);
        vec_done(&f->functions);
        vec_done(&f->programs);
        vec_done(&f->users);
        arena_done(&f->arena);
}

static void file_free(struct native_watch *n, struct probed_file *f)
{
        struct error error;
        n->epoch++;
        if (n->sensor && f->fd >= 0)
                sensor_set_probes(n->sensor, f->index, f->fd, NULL, 0, &error);
        if (f->index < SENSOR_PROBED_FILES)
                n->index_taken[f->index] = false;
        if (f->fd >= 0)
                close(f->fd);
        for (size_t i = 0; i < EVENT_PROBES; i++)
                if (n->number_files[i] == f)
                        n->number_files[i] = NULL, n->numbers[i] = NULL;
        size_t kept = 0;
        vec_each (other, &n->watched)
                if (*other != f)
                        n->watched.items[kept++] = *other;
        n->watched.count = kept;
        file_done(f);
        free(f);
}

/* Forget files that the choice `round` did not see (0: all). Who maps one of them again shall be told. */
static void sweep(struct native_watch *n, uint64_t round)
{
        size_t i = 0;
        for (struct probed_file *f; (f = functions_next(n, &i));) {
                if (round && (f->round == round || f->news))
                        continue;
                if (f->fd >= 0)
                        functions_want_told(n, f->inode);
                map_remove(&n->files, f->key, strlen(f->key));
                file_free(n, f);
        }
}

void functions_committed(struct native_watch *n)
{
        size_t i = 0;
        for (struct probed_file *f; (f = functions_next(n, &i));)
                f->news = false;
}

static void forget_boring(struct native_watch *n)
{
        size_t i = 0;
        for (void *value; map_next(&n->boring, &i, NULL, NULL, &value);)
                free(value);
        map_done(&n->boring);
}

/* ---- advisories ------------------------------------------------------------------------------------- */

/* An import changes what is worth watching: everything is chosen anew. 1: so it is; 0; or -errno with a
 * sentence. */
static int open_advisories(struct look *l, struct error *error)
{
        struct native_watch *n = &l->native;
        if (n->db && advisory_stamp(l->options.state) == n->db_stamp)
                return 0;
        sweep(n, 0);
        forget_boring(n);
        choice_forget(n);
        n->db = advisory_close(n->db);
        int r = advisory_open(l->options.state, ADVISORY_READ, &n->db, error);
        n->db_stamp = advisory_stamp(l->options.state); /* opening may have made it */
        return r < 0 ? r : 1;
}

void functions_done(struct native_watch *n)
{
        sweep(n, 0);
        file_done(&n->hooks);
        map_done(&n->files);
        vec_done(&n->watched);
        forget_boring(n);
        functions_forget_origins(n);
        vec_done(&n->untold);
        choice_forget(n);
        vec_done(&n->early);
        vec_done(&n->programs);
        vec_done(&n->spared);
        n->db = advisory_close(n->db);
}

/* ---- files ------------------------------------------------------------------------------------------ */

struct probed_file *functions_intern(struct look *l, const struct entry *e, const struct used_file *used,
                                     const struct mapping *m, int *ret_r, struct error *error)
{
        struct native_watch *n = &l->native;
        _cleanup_arena_ struct arena scratch = ARENA_INIT(1 << 20);
        const char *object = used->reply.file.object;
        const char *owner = used->owner_key; /* an upgrade may leave the same file to another version */
        const char *key =
                arena_printf(&scratch, "%s\n%s\n%s", used->key, owner ? owner : "", object ? object : "");
        struct probed_file *f = key ? map_get_str(&n->files, key) : NULL;
        *ret_r = key ? 0 : -ENOMEM;
        if (f || !key)
                return f;
        f = calloc(1, sizeof(*f));
        if (!f) {
                *ret_r = -ENOMEM;
                return NULL;
        }
        f->arena = ARENA_INIT(PROBED_MEMORY);
        f->fd = -1;
        f->index = UINT32_MAX;
        f->most_ns = UINT64_MAX;
        f->device = m->device;
        f->inode = m->inode;
        f->key = arena_strdup(&f->arena, key);
        f->object = object ? arena_strdup(&f->arena, object) : NULL;
        int r = f->key && (f->object || !object) ? 0 : -ENOMEM;
        if (r == 0)
                r = choice_make(l, f, e, used, error);
        struct probed_file **watched = r == 0 && f->functions.count ? vec_add(&n->watched) : NULL;
        if (watched)
                *watched = f;
        else if (r == 0 && f->functions.count)
                r = -ENOMEM;
        if (r == 0)
                r = map_put_str(&n->files, f->key, f);
        if (r == 0)
                function_note_spared(l, f);
        if (r < 0) {
                file_free(n, f);
                *ret_r = r;
                return NULL;
        }
        return f;
}

bool functions_take_index(struct native_watch *n, struct probed_file *f)
{
        for (uint32_t i = 0; f->index == UINT32_MAX && i < SENSOR_PROBED_FILES; i++)
                if (!n->index_taken[i]) {
                        n->index_taken[i] = true;
                        f->index = i;
                }
        return f->index != UINT32_MAX;
}

void functions_note_boring(struct native_watch *n, const struct mapping *m)
{
        struct boring_file file = {.inode = m->inode, .device = m->device};
        if (map_get(&n->boring, &file, sizeof(file)))
                return;
        struct boring_file *key = malloc(sizeof(*key));
        if (!key)
                return;
        *key = file;
        if (map_put(&n->boring, key, sizeof(*key), key) < 0)
                free(key);
}

/* A workload may be a known cgroup under a new name (a container that is renamed, or whose runtime wrote its
 * state late): what the kernel told of the old one it has to tell again. */
static void tell_again(struct native_watch *n, const struct probed_file *f, uint64_t cgroup)
{
        vec_each (p, &f->functions) {
                if (p->number != UINT32_MAX)
                        sensor_probe_forget(n->sensor, p->number, cgroup);
                if (p->guard != UINT32_MAX)
                        sensor_probe_forget(n->sensor, p->guard, cgroup);
        }
}

int functions_note_user(struct look *l, struct probed_file *f, const struct entry *e)
{
        struct native_watch *n = &l->native;
        const struct process *p = &e->process;
        int64_t started = clock_wall_of(function_program_start(l, e));
        vec_each (user, &f->users)
                if (str_equal(user->workload, p->workload_id)) {
                        user->oldest = MIN(user->oldest, started);
                        user->cgroup = p->cgroup_id;
                        user->round = n->round;
                        return 0;
                }
        f->news = true; /* what its silence means has to be said */
        char *workload = strdup(p->workload_id);
        struct probed_user *user = workload ? vec_add(&f->users) : NULL;
        if (!user) {
                free(workload);
                return -ENOMEM;
        }
        tell_again(n, f, p->cgroup_id);
        *user = (struct probed_user){.workload = workload,
                                     .cgroup = p->cgroup_id,
                                     .since = function_watched_from(),
                                     .oldest = started,
                                     .round = n->round};
        return 0;
}

static void forget_users(struct native_watch *n, struct probed_file *f)
{
        size_t kept = 0;
        vec_each (user, &f->users)
                if (user->round == n->round)
                        f->users.items[kept++] = *user;
                else
                        free(user->workload);
        f->users.count = kept;
}

static void forget_all_users(struct native_watch *n)
{
        size_t i = 0;
        for (struct probed_file *f; (f = functions_next(n, &i));)
                if (!f->news) /* else what became of it is told of them once more */
                        forget_users(n, f);
}

bool functions_leave(struct native_watch *n, struct entry *e)
{
        bool last = false;
        for (size_t i = 0; e->counted == n->round && i < e->files.count; i++) {
                const struct used_file *used = e->files.items[i];
                if (!used || !used->probed)
                        continue;
                /* Of an older epoch it is not known. */
                if (used->probed_epoch != n->epoch)
                        last = true;
                else if (used->probed->processes)
                        last |= !--used->probed->processes && used->probed->functions.count;
        }
        e->counted = 0;
        return last;
}

/* ---- all -------------------------------------------------------------------------------------------- */

/* A file that could not be examined again this time stays what it was. */
static int keep_file(struct look *l, const struct entry *e, const struct mapping *m)
{
        struct native_watch *n = &l->native;
        size_t i = 0;
        for (struct probed_file *f; (f = functions_next(n, &i));) {
                if (f->device != m->device || f->inode != m->inode)
                        continue;
                f->round = n->round;
                int r = f->functions.count ? functions_note_user(l, f, e) : 0;
                if (r < 0)
                        return r;
        }
        return 0;
}

/* One more, if it is none of those. Without memory it is one less: then too few map a file. */
static void note_program(program_list *programs, const struct process *p)
{
        uint64_t hash = p->exe ? map_hash(p->exe, strlen(p->exe)) : 0;
        vec_each (known, programs)
                if (*known == hash)
                        return;
        uint64_t *slot = hash && programs->count < PROGRAMS_MOST ? vec_add(programs) : NULL;
        if (slot)
                *slot = hash;
}

static int update_entry(struct look *l, struct entry *e, struct error *error)
{
        struct native_watch *n = &l->native;
        e->counted = n->round;
        if (e->files.count)
                note_program(&n->programs, &e->process);
        for (size_t i = 0; i < e->files.count && i < e->process.mappings.count; i++) {
                struct used_file *used = e->files.items[i];
                const struct mapping *m = &e->process.mappings.items[i];
                int r = 0;
                if (!used || !used->examined) {
                        if (keep_file(l, e, m) < 0)
                                return error_set(error, -ENOMEM, "out of memory");
                        continue;
                }
                bool elf = choice_is_possible(l, e, used);
                struct probed_file *f = used->probed_epoch == n->epoch ? used->probed : NULL;
                if (!f && elf)
                        f = functions_intern(l, e, used, m, &r, error);
                if (r < 0)
                        return r;
                used->probed = f;
                used->probed_epoch = n->epoch;
                if (!f || !f->functions.count) {
                        functions_note_boring(n, m);
                        if (f)
                                f->round = n->round;
                        continue;
                }
                if (f->round != n->round)
                        f->processes = f->programs.count = 0;
                note_program(&f->programs, &e->process);
                f->processes++;
                f->round = n->round;
                if (functions_note_user(l, f, e) < 0)
                        return error_set(error, -ENOMEM, "out of memory");
                if (!f->asked && functions_take_index(n, f))
                        r = function_look_up(l, f, e, m, error);
                if (r < 0)
                        return r;
                function_note_copy_up(l, f, e);
                function_note_remapped(l, f, &e->process);
        }
        return 0;
}

/* Only what all processes map tells which files nobody maps any more. Those that one of these maps stay. */
static void forget_unmapped(struct native_watch *n, const entry_list *list)
{
        uint64_t before = n->epoch;
        sweep(n, n->round);
        vec_each (e, list)
                for (size_t i = 0; n->epoch != before && (*e)->counted == n->round && i < (*e)->files.count;
                     i++) {
                        struct used_file *used = (*e)->files.items[i];
                        if (used && used->examined && used->probed_epoch == before)
                                used->probed_epoch = n->epoch;
                }
}

static int ask_each(struct look *l, const entry_list *list,
                    int (*ask)(struct look *l, struct entry *e, struct error *error), struct error *error)
{
        int r = 0;
        vec_each (e, list)
                if (r == 0 && entry_named(*e) && !(*e)->ended)
                        r = ask(l, *e, error);
        return r == 0 ? errands_wait(l, error) : r;
}

/* What is new must be armed soon: slots keep what they tell, and what is gone can wait. Where all is looked
 * at they come first, and what they have told is not armed at all. */
int functions_update(struct look *l, enum entry_choice choice, struct error *error)
{
        struct native_watch *n = &l->native;
        entry_list list;
        if (!n->sensor)
                return 0;
        int r = open_advisories(l, error);
        if (r < 0)
                return r;
        if (r > 0)
                choice = ENTRIES_ALL;
        r = 0;
        if (table_list(&l->table, choice, &list) < 0)
                return error_set(error, -ENOMEM, "out of memory");
        n->round += choice == ENTRIES_ALL;
        if (choice == ENTRIES_ALL)
                n->programs.count = 0;
        vec_each (e, &list)
                if (r == 0 && entry_named(*e) && !(*e)->ended)
                        r = update_entry(l, *e, error);
        functions_note_missed(l, &list);
        functions_take_early(l);
        if (r == 0 && choice == ENTRIES_ALL) {
                forget_all_users(n);
                r = ask_each(l, &list, functions_read_calls, error);
        }
        if (r == 0)
                functions_arm(n);
        if (r == 0 && choice != ENTRIES_ALL)
                r = ask_each(l, &list, functions_read_calls, error);
        if (r == 0)
                r = ask_each(l, &list, functions_check_breaks, error);
        if (r == 0 && choice == ENTRIES_ALL)
                forget_unmapped(n, &list);
        functions_tell_again(n);
        vec_done(&list);
        return r;
}
