/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "look/join.h"

#include "host/runtime.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* Two processes of one service map the same library; a third belongs to another service. */
struct fixture {
        struct table table;
        struct root_table roots;
        struct group_table groups;
        struct file_cache files;
        socket_list sockets;
        late_use_list late;
        struct arena arena;
        struct joined joined;
        uint64_t joins, last_all, unplaced;
        size_t nameless;
        const char *hidden, *outside;
};

static inline int setup(void **state)
{
        struct fixture *f = calloc(1, sizeof(*f));
        f->arena = ARENA_INIT(1 << 20);
        *state = f;
        return 0;
}

static inline int teardown(void **state)
{
        struct fixture *f = *state;
        joined_done(&f->joined);
        table_done(&f->table);
        roots_done(&f->roots);
        groups_done(&f->groups);
        files_done(&f->files);
        vec_done(&f->sockets);
        vec_done(&f->late);
        arena_done(&f->arena);
        free(f);
        return 0;
}

static inline struct entry *add_process(struct fixture *f, int pid, uint64_t start, const char *workload)
{
        struct entry *e = entry_new(pid);
        assert_non_null(e);
        e->process.pid = pid;
        e->process.start = start;
        e->process.workload_id = workload;
        e->process.workload_name = workload;
        e->process.hint.kind = WORKLOAD_SYSTEMD;
        e->process.root.id = "host";
        e->round = 1;
        assert_int_equal(table_put(&f->table, e), 0);
        return e;
}

/* Map a file that is examined already and owned by the package `owner`. */
static inline struct used_file *map_file(struct fixture *f, struct entry *e, const char *path,
                                         const char *owner)
{
        struct mapping m = {.path = path, .inode = 7};
        struct used_file *file = files_intern(&f->files, e->process.root.id, &m);
        assert_non_null(file);
        file->examined = true;
        file->owner_key = owner;
        file->reply.file = (struct mapped_file){
                .path = path, .object = "build-id:00", .state = FILE_CURRENT, .elf = true};
        struct mapping *mapping = vec_add(&e->process.mappings);
        struct used_file **slot = vec_add(&e->files);
        *mapping = m;
        *slot = file;
        return file;
}

static inline struct join_input input(struct fixture *f, bool full)
{
        joined_done(&f->joined);
        f->joined = (struct joined){};
        return (struct join_input){.table = &f->table,
                                   .roots = &f->roots,
                                   .groups = &f->groups,
                                   .sockets = &f->sockets,
                                   .late = &f->late,
                                   .unplaced = f->unplaced,
                                   .nameless = f->nameless,
                                   .hidden = f->hidden,
                                   .outside = f->outside,
                                   .join = ++f->joins,
                                   .last_all = f->last_all,
                                   .joined_all = 1000 * PROCESS_START_GRAIN,
                                   .full = full,
                                   .only_new = !full,
                                   .now = 1000,
                                   .watched_since = 500};
}

static inline void join(struct fixture *f, bool full)
{
        struct join_input in = input(f, full);
        assert_int_equal(join_all(&in, &f->arena, &f->joined), 0);
        f->last_all = in.join;
}

static inline const struct workload *workload(const struct fixture *f, const char *id)
{
        vec_each (w, &f->joined.workloads)
                if (str_equal(w->id, id))
                        return w;
        fail_msg("no workload %s", id);
        return NULL;
}
