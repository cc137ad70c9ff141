/* SPDX-License-Identifier: Apache-2.0 */

/* Few objects call any of the functions that are asked for through a slot at all, and whether one does stands
 * in its file: the file is read once for all processes that map it, and the memory of a process only where
 * there is something to be found. Files are told apart by what the kernel says of the mapping, which holds as
 * long as somebody maps them: what was read is forgotten after a minute. Wrong, it would hide a trace, or
 * have a process searched in vain. */

#include "prober/worker_slots.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/vec.h"
#include "evidence/native_calls.h"
#include "format/elf_slots.h"
#include "host/mapped_file.h"
#include "prober/worker_memory.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

enum { NAMES_MOST = 1 << 17 /* of all files */ };

#define KEPT_NS (60 * NS_PER_S)

typedef VEC(uint64_t) name_list; /* map_hash of each, sorted */

/* A key of the map: no padding may be left unset. */
struct slot_file {
        uint64_t path; /* map_hash */
        uint64_t inode;
        uint32_t device, zero;
        bool unknown; /* it may have any */
        name_list names;
};

enum { KEY_SIZE = offsetof(struct slot_file, unknown) };

void worker_slots_done(struct worker *w)
{
        size_t i = 0;
        for (void *value; map_next(&w->slots, &i, NULL, NULL, &value);) {
                struct slot_file *f = value;
                vec_done(&f->names);
                free(f);
        }
        map_done(&w->slots);
        w->slot_names = 0;
}

static int compare(const void *a, const void *b)
{
        const uint64_t *x = a, *y = b;
        return (*x > *y) - (*x < *y);
}

static void sort(name_list *names)
{
        if (names->count)
                qsort(names->items, names->count, sizeof(*names->items), compare);
}

static int add_name(void *context, const char *name)
{
        uint64_t *slot = vec_add((name_list *)context);
        if (!slot)
                return -ENOMEM;
        *slot = map_hash(name, strlen(name));
        return 0;
}

static int read_names(int pid, const struct image_area *area, name_list *to)
{
        enum file_state state;
        struct elf e;
        struct stat st;
        void *data = NULL;
        int opened = mapped_file_open(pid, area->start, area->end, area->path, area->deleted, &state);
        _cleanup_close_ int fd = opened;
        if (fd < 0)
                return opened;
        if (worker_file_may_block(fd) || fstat(fd, &st) < 0 || st.st_size <= 0)
                return -ENOTSUP;
        int r = file_map_fd(fd, (size_t)st.st_size, &data);
        if (r < 0)
                return r;
        r = elf_open((struct span){data, (size_t)st.st_size}, &e);
        if (r == 0)
                r = elf_lazy_slots(&e, add_name, to);
        munmap(data, (size_t)st.st_size);
        sort(to);
        return r;
}

/* NULL: -ENOMEM. */
static const struct slot_file *file_of(struct worker *w, int pid, const struct image_area *area)
{
        const struct slot_file key = {.path = map_hash(area->path, strlen(area->path)),
                                      .inode = area->inode,
                                      .device = area->device};
        struct slot_file *f = map_get(&w->slots, &key, KEY_SIZE);
        if (f)
                return f;
        f = malloc(sizeof(*f));
        if (!f)
                return NULL;
        *f = key;
        f->unknown = read_names(pid, area, &f->names) < 0;
        if (map_put(&w->slots, f, KEY_SIZE, f) < 0) {
                vec_done(&f->names);
                free(f);
                return NULL;
        }
        w->slot_names += f->names.count;
        return f;
}

static bool have_one_in_common(const name_list *a, const name_list *b)
{
        for (size_t i = 0, k = 0; i < a->count && k < b->count;)
                if (a->items[i] == b->items[k])
                        return true;
                else if (a->items[i] < b->items[k])
                        i++;
                else
                        k++;
        return false;
}

static ssize_t choose(struct worker *w, int pid, const struct image_area *areas, size_t count,
                      const name_list *asked, bool *ret_chosen)
{
        ssize_t chosen = 0;
        for (size_t i = 0; i < count; i++) {
                ret_chosen[i] = native_is_object(areas, i);
                if (!ret_chosen[i] || !areas[i].inode)
                        continue;
                const struct slot_file *f = file_of(w, pid, &areas[i]);
                if (!f)
                        return -ENOMEM;
                ret_chosen[i] = f->unknown || have_one_in_common(&f->names, asked);
                chosen += ret_chosen[i];
        }
        return chosen;
}

ssize_t worker_slots_choose(struct worker *w, int pid, const struct image_area *areas, size_t count,
                            const struct native_query *queries, size_t query_count, bool *ret_chosen)
{
        uint64_t now = clock_boottime();
        name_list asked = {};
        int r = 0;
        if (now - w->slots_since > KEPT_NS || w->slot_names > NAMES_MOST) {
                worker_slots_done(w);
                w->slots_since = now;
        }
        for (size_t i = 0; r == 0 && i < query_count; i++)
                r = queries[i].provider ? 0 : add_name(&asked, queries[i].function);
        sort(&asked);
        ssize_t chosen = r < 0 ? r : choose(w, pid, areas, count, &asked, ret_chosen);
        vec_done(&asked);
        return chosen;
}
