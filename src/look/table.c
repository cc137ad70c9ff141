/* SPDX-License-Identifier: Apache-2.0 */

/* An entry is replaced as a whole when its process is looked at again: nothing of an older look can be
 * mixed with a newer one. */

#include "look/table.h"

#include "base/clock.h"

#include <errno.h>

enum { ENTRY_MEMORY = 8 << 20 }; /* bytes; a process with the most mappings the kernel allows needs less */

struct entry *entry_new(int pid)
{
        struct entry *e = calloc(1, sizeof(*e));
        if (e) {
                e->pid = pid;
                e->read_at = clock_boottime();
                e->arena = ARENA_INIT(ENTRY_MEMORY);
        }
        return e;
}

void entry_free(struct entry *e)
{
        if (!e)
                return;
        process_done(&e->process);
        vec_done(&e->files);
        vec_done(&e->calls_read);
        vec_done(&e->breaks_checked);
        arena_done(&e->arena);
        free(e);
}

struct entry *table_get(const struct table *t, int pid)
{
        return map_get(&t->entries, &pid, sizeof(pid));
}

/* ---- cgroups ---------------------------------------------------------------------------------------- */

/* Each event asks whether its cgroup is known, so that they are counted and not looked for. */
struct cgroup_count {
        uint64_t cgroup;
        size_t entries;
};

bool table_has_cgroup(const struct table *t, uint64_t cgroup)
{
        return map_get(&t->cgroups, &cgroup, sizeof(cgroup));
}

static int enter_cgroup(struct table *t, uint64_t cgroup)
{
        struct cgroup_count *c = map_get(&t->cgroups, &cgroup, sizeof(cgroup));
        if (c) {
                c->entries++;
                return 0;
        }
        if (!(c = malloc(sizeof(*c))))
                return -ENOMEM;
        *c = (struct cgroup_count){cgroup, 1};
        int r = map_put(&t->cgroups, &c->cgroup, sizeof(c->cgroup), c);
        if (r < 0)
                free(c);
        return r;
}

static void leave_cgroup(struct table *t, uint64_t cgroup)
{
        struct cgroup_count *c = map_get(&t->cgroups, &cgroup, sizeof(cgroup));
        if (!c || --c->entries)
                return;
        map_remove(&t->cgroups, &cgroup, sizeof(cgroup));
        free(c);
}

/* ---- entries ---------------------------------------------------------------------------------------- */

static void drop(struct table *t, struct entry *e)
{
        leave_cgroup(t, e->process.cgroup_id);
        entry_free(e);
}

int table_put(struct table *t, struct entry *e)
{
        struct entry *old = table_get(t, e->pid);
        int r = enter_cgroup(t, e->process.cgroup_id);
        if (r < 0)
                return r;
        r = map_put(&t->entries, &e->pid, sizeof(e->pid), e);
        if (r < 0) {
                leave_cgroup(t, e->process.cgroup_id);
                return r;
        }
        e->known = old && old->process.start == e->process.start && (old->joined || old->known);
        if (old)
                drop(t, old);
        return 0;
}

void table_sweep(struct table *t, uint64_t round)
{
        size_t i = 0, size;
        const void *key;
        void *value;
        while (map_next(&t->entries, &i, &key, &size, &value)) {
                struct entry *e = value;
                if (e->ended || (round && e->round != round)) {
                        map_remove(&t->entries, &e->pid, sizeof(e->pid));
                        drop(t, e);
                }
        }
}

void table_done(struct table *t)
{
        size_t i = 0, size;
        const void *key;
        void *value;
        while (map_next(&t->entries, &i, &key, &size, &value))
                drop(t, value);
        map_done(&t->entries);
        map_done(&t->cgroups);
}

static int compare_age(const void *a, const void *b)
{
        const struct entry *x = *(struct entry *const *)a, *y = *(struct entry *const *)b;
        if (x->process.start != y->process.start)
                return x->process.start < y->process.start ? -1 : 1;
        return (x->pid > y->pid) - (x->pid < y->pid);
}

int table_list(const struct table *t, enum entry_choice choice, entry_list *ret)
{
        entry_list list = {};
        size_t i = 0, size;
        const void *key;
        void *value;
        while (map_next(&t->entries, &i, &key, &size, &value)) {
                const struct entry *e = value;
                if (choice == ENTRIES_OPEN && e->joined && !e->incomplete)
                        continue;
                struct entry **slot = vec_add(&list);
                if (!slot) {
                        vec_done(&list);
                        return -ENOMEM;
                }
                *slot = value;
        }
        if (list.count)
                qsort(list.items, list.count, sizeof(*list.items), compare_age);
        *ret = list;
        return 0;
}
