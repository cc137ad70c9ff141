/* SPDX-License-Identifier: Apache-2.0 */
#include "host/cgroup.h"

#include "base/arena.h"
#include "base/file.h"
#include "base/map.h"
#include "base/vec.h"
#include "format/procfs.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where several hierarchies exist, the one that tells most of the running processes apart is the one that
 * the service manager and the container runtimes really use: they are counted instead of guessed. */

enum {
        CANDIDATES = 32,        /* hierarchies: kernels have at most 16 controllers */
        PROC_TEXT = 64 * 1024,  /* most bytes of one small procfs file */
        MOUNTS_TEXT = 16 << 20, /* hosts with thousands of containers have as many mounts */
        COUNTED = 4096,         /* processes looked at: enough to decide */
        FOLDERS = 100000,       /* cgroups looked at for our own */
};

struct candidate {
        char controller[32]; /* "" for v2 */
        char mount[sizeof(((struct cgroup_choice *)0)->mount)];
        unsigned above;   /* levels that the mount shows above the root of our cgroup namespace */
        struct map paths; /* set of paths seen */
};

struct candidates {
        struct candidate items[CANDIDATES];
        size_t count;
        bool nameless_v1; /* a v1 hierarchy is mounted whose controller nobody names */
        struct arena strings;
};

static void candidates_done(struct candidates *c)
{
        for (size_t i = 0; i < c->count; i++)
                map_done(&c->items[i].paths);
        arena_done(&c->strings);
}

static void copy_text(char *to, size_t size, struct span from)
{
        size_t used = MIN(from.size, size - 1);
        memcpy(to, from.data, used);
        to[used] = 0;
}

/* "/" is the root of our cgroup namespace, "/../.." two levels above (kernel/cgroup/cgroup.c,
 * cgroup_show_path): how many, or -1 where the mount shows a part of the tree only. */
static int levels_above(struct span root)
{
        int levels = 0;
        if (span_equal(root, "/"))
                return 0;
        for (; root.size >= 3 && !memcmp(root.data, "/..", 3); levels++)
                root = (struct span){root.data + 3, root.size - 3};
        return root.size ? -1 : levels;
}

/* Of two mounts of a hierarchy the one that shows more. */
static void candidate_keep(struct candidates *c)
{
        struct candidate *item = &c->items[c->count];
        for (size_t i = 0; i < c->count; i++) {
                struct candidate *known = &c->items[i];
                if (strcmp(known->controller, item->controller) != 0)
                        continue;
                if (item->above > known->above)
                        *known = *item;
                return;
        }
        c->count++;
}

/* Mounted hierarchies: cgroup2, and one for each v1 controller (co-mounted ones such as cpu,cpuacct are the
 * same hierarchy: the first name stands for both). Only mounts of the whole tree count. */
static int candidates_find(struct candidates *c)
{
        _cleanup_buf_ struct buf mounts = BUF_INIT(MOUNTS_TEXT), controllers = BUF_INIT(PROC_TEXT);
        int r = file_read_at(AT_FDCWD, "/proc/self/mountinfo", &mounts);
        if (r == 0)
                r = file_read_at(AT_FDCWD, "/proc/cgroups", &controllers);
        /* A kernel without cgroups, or procfs was mounted with subset=pid: then v2 is known all the same. */
        if (r < 0 && (r != -ENOENT || !mounts.size))
                return r == -ENOENT ? 0 : r;
        struct span rest = {mounts.data, mounts.size};
        for (struct procfs_mount m; procfs_mount_next(&rest, &m) && c->count < CANDIDATES;) {
                bool v2 = span_equal(m.type, "cgroup2");
                int above = levels_above(m.root);
                if ((!v2 && !span_equal(m.type, "cgroup")) || above < 0)
                        continue;
                struct candidate *item = &c->items[c->count];
                *item = (struct candidate){.above = (unsigned)above};
                struct span names = {controllers.data, controllers.size};
                for (struct procfs_controller one; !v2 && procfs_controller_next(&names, &one);) {
                        char name[sizeof(item->controller)];
                        copy_text(name, sizeof(name), one.name);
                        if (!one.hierarchy || !procfs_list_has(m.options, name))
                                continue;
                        strcpy(item->controller, name);
                        break;
                }
                c->nameless_v1 |= !v2 && !*item->controller && !controllers.size;
                if (!v2 && !*item->controller)
                        continue; /* name=systemd: no controller, so no place in task->cgroups->subsys */
                procfs_unescape(m.point, item->mount, sizeof(item->mount));
                candidate_keep(c);
        }
        return 0;
}

static struct span path_of(const char *controller, struct span cgroup_file)
{
        for (struct procfs_cgroup line; procfs_cgroup_next(&cgroup_file, &line);)
                if (*controller ? procfs_list_has(line.controllers, controller) : line.hierarchy == 0)
                        return line.path;
        return (struct span){};
}

/* ---- in a cgroup namespace -------------------------------------------------------------------------- */

/* Whether this process is in the cgroup `own` of the namespace whose root `folder` would be. */
static bool holds_us(const char *folder, const char *own)
{
        _cleanup_buf_ struct buf text = BUF_INIT(PROC_TEXT);
        char path[PATH_MAX];
        if (snprintf(path, sizeof(path), "%s%s/cgroup.procs", folder, own) >= (int)sizeof(path) ||
            file_read_at(AT_FDCWD, path, &text) < 0)
                return false;
        struct span rest = {text.data, text.size}, line;
        for (uint64_t pid; span_cut(&rest, '\n', &line);)
                if (span_to_u64(line, 10, &pid) == 0 && pid == (uint64_t)getpid())
                        return true;
        return false;
}

/* Extend `folder` by so many levels to the root of our cgroup namespace, whose name nobody tells. */
static bool find_home(char *folder, size_t size, unsigned levels, const char *own, unsigned *left)
{
        if (!levels)
                return holds_us(folder, own);
        DIR *dir = opendir(folder);
        size_t used = strlen(folder);
        bool found = false;
        for (struct dirent *entry; dir && !found && *left && (entry = readdir(dir));) {
                if (entry->d_type != DT_DIR || entry->d_name[0] == '.' ||
                    snprintf(folder + used, size - used, "/%s", entry->d_name) >= (int)(size - used))
                        continue;
                (*left)--;
                found = find_home(folder, size, levels - 1, own, left);
        }
        if (!found)
                folder[used] = '\0';
        if (dir)
                closedir(dir);
        return found;
}

/* Paths in /proc/PID/cgroup start at our namespace's root: find it in those mounts that reach above it. */
static int candidates_enter(struct candidates *c)
{
        _cleanup_buf_ struct buf text = BUF_INIT(PROC_TEXT);
        int r = file_read_at(AT_FDCWD, "/proc/self/cgroup", &text);
        if (r < 0)
                return r;
        size_t kept = 0;
        for (size_t i = 0; i < c->count; i++) {
                struct candidate *item = &c->items[i];
                struct span path = path_of(item->controller, (struct span){text.data, text.size});
                char own[PATH_MAX];
                unsigned left = FOLDERS;
                copy_text(own, sizeof(own), path);
                /* Who was moved out of its namespace is not in a folder below its root. */
                if (!item->above || (!str_starts(own, "/..") &&
                                     find_home(item->mount, sizeof(item->mount), item->above, own, &left)))
                        c->items[kept++] = *item;
        }
        c->count = kept;
        return 0;
}

/* ---- choosing ------------------------------------------------------------------------------------------ */

static int candidates_count(struct candidates *c)
{
        DIR *proc = opendir("/proc");
        if (!proc)
                return -errno;
        size_t counted = 0;
        int r = 0;
        for (struct dirent *entry; r == 0 && counted < COUNTED && (entry = readdir(proc));) {
                uint64_t pid;
                char name[64];
                if (str_to_u64(entry->d_name, 10, &pid) < 0)
                        continue;
                _cleanup_buf_ struct buf text = BUF_INIT(PROC_TEXT);
                snprintf(name, sizeof(name), "%llu/cgroup", (unsigned long long)pid);
                if (file_read_at(dirfd(proc), name, &text) < 0)
                        continue;
                counted++;
                for (size_t i = 0; i < c->count && r == 0; i++) {
                        struct span path =
                                path_of(c->items[i].controller, (struct span){text.data, text.size});
                        if (!path.size || map_get(&c->items[i].paths, path.data, path.size))
                                continue;
                        char *copy = arena_strndup(&c->strings, path.data, path.size);
                        r = copy ? map_put(&c->items[i].paths, copy, path.size, copy) : -ENOMEM;
                }
        }
        closedir(proc);
        return r;
}

/* The number is an enumerator that depends on the kernel's configuration: BTF has it. Without BTF the
 * lines of /proc/cgroups stand in the same order (kernel/cgroup/cgroup-v1.c proc_cgroupstats_show). */
static int subsystem_index(const char *controller)
{
        char name[64];
        snprintf(name, sizeof(name), "%s_cgrp_id", !strcmp(controller, "blkio") ? "io" : controller);
        libbpf_set_print(NULL); /* what is missing here, doctor says */
        struct btf *btf = btf__load_vmlinux_btf();
        int id = btf ? btf__find_by_name_kind(btf, "cgroup_subsys_id", BTF_KIND_ENUM) : -1;
        const struct btf_type *type = id >= 0 ? btf__type_by_id(btf, (uint32_t)id) : NULL;
        int index = -1;
        for (int i = 0; type && i < btf_vlen(type); i++) {
                const char *member = btf__name_by_offset(btf, btf_enum(type)[i].name_off);
                if (str_equal(member, name))
                        index = btf_enum(type)[i].val;
        }
        btf__free(btf);
        if (index >= 0)
                return index;

        _cleanup_buf_ struct buf text = BUF_INIT(PROC_TEXT);
        if (file_read_at(AT_FDCWD, "/proc/cgroups", &text) < 0)
                return -1;
        struct span rest = {text.data, text.size};
        int line = 0;
        for (struct procfs_controller one; procfs_controller_next(&rest, &one); line++)
                if (span_equal(one.name, controller))
                        return line;
        return -1;
}

int cgroup_choose(struct cgroup_choice *ret)
{
        _cleanup_(candidates_done) struct candidates c = {.strings = ARENA_INIT(16 << 20)};
        int r = candidates_find(&c);
        if (r == 0 && c.count)
                r = candidates_enter(&c);
        if (r == 0 && c.count)
                r = candidates_count(&c);
        if (r < 0)
                return r;
        bool v1 = c.nameless_v1 && c.count, v2 = false;
        const struct candidate *best = NULL;
        for (size_t i = 0; i < c.count; i++) {
                const struct candidate *one = &c.items[i];
                *(*one->controller ? &v1 : &v2) = true;
                size_t score = one->paths.count, best_score = best ? best->paths.count : 0;
                /* On a tie: memory before the others of v1, because containers always have it. */
                if (!best || score > best_score ||
                    (score == best_score && !strcmp(one->controller, "memory")))
                        best = one;
        }
        struct cgroup_choice choice = {.layout = v1 && v2 ? CGROUP_HYBRID
                                                 : v1     ? CGROUP_V1
                                                 : v2     ? CGROUP_V2
                                                          : CGROUP_NONE,
                                       .subsystem = -1};
        if (best) {
                memcpy(choice.controller, best->controller, sizeof(choice.controller));
                memcpy(choice.mount, best->mount, sizeof(choice.mount));
                choice.above = best->above;
                if (*choice.controller)
                        choice.subsystem = subsystem_index(choice.controller);
        }
        *ret = choice;
        return 0;
}

struct span cgroup_path(const struct cgroup_choice *choice, struct span cgroup_file)
{
        return path_of(choice->controller, cgroup_file);
}

uint64_t cgroup_id(const struct cgroup_choice *choice, const char *path)
{
        char name[4096];
        struct stat st;
        unsigned up = 0; /* "/../…" may lie outside of what the mount shows */
        for (const char *at = path; str_starts(at, "/..") && (!at[3] || at[3] == '/'); at += 3)
                up++;
        if (!*choice->mount || up > choice->above ||
            snprintf(name, sizeof(name), "%s%s", choice->mount, path) >= (int)sizeof(name) ||
            stat(name, &st) < 0)
                return 0;
        return st.st_ino;
}

bool cgroup_paths_are_whole(void)
{
        enum { INITIAL_CGROUP_NS = 0xEFFFFFFB }; /* linux/proc_ns.h, PROC_CGROUP_INIT_INO */
        struct stat ns;
        return stat("/proc/self/ns/cgroup", &ns) == 0 && ns.st_ino == INITIAL_CGROUP_NS;
}

bool cgroup_is_alone(void)
{
        _cleanup_buf_ struct buf text = BUF_INIT(PROC_TEXT);
        struct procfs_cgroup line;
        if (file_read_at(AT_FDCWD, "/proc/self/cgroup", &text) < 0)
                return false;
        struct span rest = {text.data, text.size};
        return procfs_cgroup_next(&rest, &line) && !line.controllers.size &&
               !procfs_cgroup_next(&rest, &line);
}

const char *cgroup_layout_name(enum cgroup_layout layout)
{
        switch (layout) {
        case CGROUP_V1:
                return "v1";
        case CGROUP_HYBRID:
                return "hybrid";
        case CGROUP_V2:
                return "v2";
        case CGROUP_NONE:
                break;
        }
        return "none";
}
