/* SPDX-License-Identifier: Apache-2.0 */

/* A file has its record as long as somebody maps it. Its functions are chosen once. */

#include "look/state.h"

#include <errno.h>

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
        vec_done(&f->passers);
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
                if (n->number_files[i] == f) {
                        n->number_files[i] = NULL;
                        n->numbers[i] = NULL;
                }
        size_t kept = 0;
        vec_each (other, &n->watched)
                if (*other != f)
                        n->watched.items[kept++] = *other;
        n->watched.count = kept;
        file_done(f);
        free(f);
}

void functions_sweep(struct native_watch *n, uint64_t round)
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

/* An import changes what is worth watching. */
int functions_open_advisories(struct look *l, struct error *error)
{
        struct native_watch *n = &l->native;
        if (n->db && advisory_stamp(l->options.state) == n->db_stamp)
                return 0;
        functions_sweep(n, 0);
        forget_boring(n);
        choice_forget(n);
        n->db = advisory_close(n->db);
        int r = advisory_open(l->options.state, ADVISORY_READ, &n->db, error);
        n->db_stamp = advisory_stamp(l->options.state); /* opening may have made it */
        return r < 0 ? r : 1;
}

void functions_done(struct native_watch *n)
{
        functions_sweep(n, 0);
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
        f->serial = ++n->serials;
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
