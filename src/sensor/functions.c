/* SPDX-License-Identifier: Apache-2.0 */

/* A file that is to have other probes gets new links first, then those are destroyed that hold one which is
 * to go. A breakpoint that both want stays all the while, one that only the old one had is gone with it. */

#include "sensor/state.h"

#include "base/file.h"
#include "sensor/probe_attach.h"
#include "sensor/probe_links.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/mman.h>
#include <unistd.h>

enum { /* whole pages */
       PROBE_COUNTS_BYTES = EVENT_PROBES * sizeof(uint64_t),
       MAPPED_BYTES = EVENT_MAPPED_NUMBERS * sizeof(uint64_t)
};
#define PROGRAMS_LEFT_BYTES ((size_t)sysconf(_SC_PAGESIZE))

struct probed_file {
        probe_link_list links;
};

static void close_links(struct probed_file *f, probe_link_list *all)
{
        vec_each (link, &f->links) {
                struct probe_link **slot = vec_add(all);
                if (slot)
                        *slot = *link;
                else
                        probe_link_free(*link);
        }
        vec_done(&f->links);
        free(f);
}

void functions_detach_all(struct sensor *s)
{
        probe_link_list all = {};
        for (size_t i = 0; i < SENSOR_PROBED_FILES; i++) {
                if (s->probed[i])
                        close_links(s->probed[i], &all);
                s->probed[i] = NULL;
        }
        probe_links_drop(&all);
        probe_links_wait();
        if (s->probe_counts)
                munmap((void *)s->probe_counts, PROBE_COUNTS_BYTES);
        s->probe_counts = NULL;
        if (s->mapped)
                munmap(s->mapped, MAPPED_BYTES);
        s->mapped = NULL;
        if (s->programs_left)
                munmap(s->programs_left, PROGRAMS_LEFT_BYTES);
        s->programs_left = NULL;
}

static void set_admin(cap_flag_value_t value)
{
        static const cap_value_t admin = CAP_SYS_ADMIN;
        cap_t caps = cap_get_proc();
        cap_flag_value_t permitted = CAP_CLEAR;
        if (caps && cap_get_flag(caps, admin, CAP_PERMITTED, &permitted) == 0 && permitted == CAP_SET &&
            cap_set_flag(caps, CAP_EFFECTIVE, 1, &admin, value) == 0)
                cap_set_proc(caps);
        cap_free(caps);
}

bool functions_take_admin(void)
{
        cap_t before = cap_get_proc();
        cap_flag_value_t held = CAP_SET;
        if (before)
                cap_get_flag(before, CAP_SYS_ADMIN, CAP_EFFECTIVE, &held);
        cap_free(before);
        if (held != CAP_SET)
                set_admin(CAP_SET);
        return held != CAP_SET;
}

void functions_give_admin(bool taken)
{
        if (taken)
                set_admin(CAP_CLEAR);
}

/* Before 6.6 the kernel takes the program, but knows no such link. Asked for probes on what is no file, one
 * that knows it says so; libbpf asks in the same way. */
static bool multi_works(struct sensor *s)
{
        if (s->multi != MULTI_UNKNOWN)
                return s->multi == MULTI_WORKS;
        struct bpf_program *program = s->single_probes ? NULL : programs_get(&s->programs, "function_multi");
        unsigned long offset = 0;
        LIBBPF_OPTS(bpf_link_create_opts, options, .uprobe_multi.path = "/", .uprobe_multi.offsets = &offset,
                    .uprobe_multi.cnt = 1);
        _cleanup_close_ int fd = -1;
        if (program)
                fd = bpf_link_create(bpf_program__fd(program), -1, bpf_program__expected_attach_type(program),
                                     &options);
        s->multi = program && fd < 0 && errno == EBADF ? MULTI_WORKS : MULTI_MISSING;
        return s->multi == MULTI_WORKS;
}

bool sensor_probes_need_admin(struct sensor *s)
{
        return !multi_works(s);
}

/* All in links of `most`, added to `to`: what was attached before one failed is there, too. */
static int attach_in(struct sensor *s, const char *path, const struct probe_change *change, size_t most,
                     probe_link_list *to)
{
        int r = 0;
        for (size_t i = 0; r >= 0 && i < change->count; i += most) {
                struct probe_link *l = probe_link_new(&change->probes[i], MIN(most, change->count - i));
                struct probe_link **slot = l ? vec_add(to) : NULL;
                if (!slot) {
                        free(l);
                        return -ENOMEM;
                }
                *slot = l;
                r = most > 1 ? probe_attach_many(&s->programs, path, l)
                             : probe_attach_one(&s->programs, path, l);
        }
        return r;
}

static int attach(struct sensor *s, const char *path, const struct probe_change *change, size_t most,
                  probe_link_list *to)
{
        bool taken = most == 1 && functions_take_admin();
        int r = attach_in(s, path, change, most, to);
        functions_give_admin(taken);
        if (r < 0)
                probe_links_drop(to);
        else if (change->count)
                s->probe_hook = most > 1 ? "uprobe_multi" : "perf uprobe";
        return r;
}

static int explain(int r, struct error *error)
{
        enum { KERNEL_ENOTSUPP = 524 }; /* include/linux/errno.h: not one of user space's */
        if (r == -KERNEL_ENOTSUPP)
                return error_set(error, -ENOTSUP, "the kernel cannot probe one of these instructions");
        if (r == -E2BIG)
                return error_set(error, r, "more than %d functions of a file need uprobe_multi (Linux 6.6)",
                                 SENSOR_SINGLE_PROBES);
        if (r == -EOPNOTSUPP)
                return error_set(error, r, "functions cannot be probed here: %s",
                                 "this kernel takes neither uprobe_multi nor perf uprobes from us");
        return error_set(error, r, "functions cannot be probed: %s",
                         r == -EACCES || r == -EPERM ? "below Linux 6.6 it needs CAP_SYS_ADMIN"
                                                     : strerror(-r));
}

/* What is not kept goes, what was attached takes its place. 0 or -ENOMEM. */
static int exchange(struct probed_file *f, const struct probe_change *change, probe_link_list *added)
{
        probe_link_list links = {}, old = {};
        for (size_t i = 0; i < f->links.count + added->count; i++) {
                bool is_old = i < f->links.count;
                struct probe_link **slot = vec_add(is_old && !change->kept[i] ? &old : &links);
                if (!slot) {
                        vec_done(&links);
                        vec_done(&old);
                        return -ENOMEM;
                }
                *slot = is_old ? f->links.items[i] : added->items[i - f->links.count];
        }
        vec_done(&f->links);
        vec_done(added);
        f->links = links;
        probe_links_drop(&old);
        return 0;
}

/* `most` of them in one link. */
static int set_probes(struct sensor *s, struct probed_file *f, const char *path,
                      const struct function_probe *probes, size_t count, size_t most)
{
        struct probe_change change;
        probe_link_list added = {};
        if (most == 1 && count > SENSOR_SINGLE_PROBES)
                return -E2BIG;
        int r = probe_change_plan(&f->links, probes, count, most, &change);
        if (r == 0)
                r = attach(s, path, &change, most, &added);
        if (r >= 0 && count)
                r = flow_open_ring(s);
        if (r >= 0)
                r = exchange(f, &change, &added);
        if (r < 0)
                probe_links_drop(&added);
        probe_change_done(&change);
        return r;
}

int sensor_set_probes(struct sensor *s, uint32_t file, int fd, const struct function_probe *probes,
                      size_t count, struct error *error)
{
        char path[64];
        if (file >= SENSOR_PROBED_FILES)
                return error_set(error, -E2BIG, "functions of more than %d files", SENSOR_PROBED_FILES);
        struct probed_file *f = s->probed[file];
        if (!f && !count)
                return 0;
        if (!f && !(f = s->probed[file] = calloc(1, sizeof(*f))))
                return error_set(error, -ENOMEM, "out of memory");
        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        /* The kernel refuses uprobe_multi as a whole, or not at all. */
        int r = count && !multi_works(s) ? -EOPNOTSUPP
                                         : set_probes(s, f, path, probes, count, PROBE_LINK_MOST);
        if (r == -EOPNOTSUPP || r == -EINVAL)
                r = set_probes(s, f, path, probes, count, 1);
        if (!f->links.count) {
                s->probed[file] = NULL;
                vec_done(&f->links);
                free(f);
        }
        return r < 0 ? explain(r, error) : 0;
}

/* Rates are looked at all the time: the kernel's own memory is read, without asking it. */
static void *share_map(struct sensor *s, const char *map, size_t bytes, int protection)
{
        int fd = programs_map(&s->programs, map);
        void *memory = fd < 0 ? MAP_FAILED : mmap(NULL, bytes, protection, MAP_SHARED, fd, 0);
        return memory == MAP_FAILED ? NULL : memory;
}

static const uint64_t *counts_of(struct sensor *s, const char *map, size_t bytes, const uint64_t **at)
{
        if (!*at)
                *at = share_map(s, map, bytes, PROT_READ);
        return *at;
}

uint64_t sensor_probe_hits(struct sensor *s, uint32_t number)
{
        const uint64_t *counts =
                number < EVENT_PROBES ? counts_of(s, "function_counts", PROBE_COUNTS_BYTES, &s->probe_counts)
                                      : NULL;
        return counts ? __atomic_load_n(&counts[number], __ATOMIC_RELAXED) : 0;
}

static uint64_t *mapped(struct sensor *s)
{
        if (!s->perf_mapped && !s->mapped)
                s->mapped = share_map(s, "mapped", MAPPED_BYTES, PROT_READ | PROT_WRITE);
        return s->perf_mapped ?: s->mapped;
}

uint64_t sensor_mappings(struct sensor *s, uint64_t inode)
{
        const uint64_t *counts = mapped(s);
        return counts ? __atomic_load_n(&counts[EVENT_MAPPED_INDEX(inode)], __ATOMIC_RELAXED) &
                                ~(uint64_t)EVENT_MAPPED_AGAIN
                      : 0;
}

void sensor_tell_again(struct sensor *s, uint64_t inode)
{
        uint64_t *counts = mapped(s);
        if (counts)
                __atomic_fetch_or(&counts[EVENT_MAPPED_INDEX(inode)], EVENT_MAPPED_AGAIN, __ATOMIC_RELAXED);
}

void sensor_looked(struct sensor *s, uint64_t time)
{
        uint64_t *counts = mapped(s);
        if (counts)
                __atomic_store_n(&counts[EVENT_MAPPED_LOOKED], time, __ATOMIC_RELAXED);
}

static uint64_t *programs_left(struct sensor *s)
{
        if (!s->programs_left)
                s->programs_left = share_map(s, "programs_left", PROGRAMS_LEFT_BYTES, PROT_READ | PROT_WRITE);
        return s->programs_left;
}

void sensor_wake_after(struct sensor *s, uint64_t programs)
{
        uint64_t *left = programs_left(s);
        if (left)
                __atomic_store_n(left, programs, __ATOMIC_RELAXED);
}

uint64_t sensor_wake_left(struct sensor *s)
{
        const uint64_t *left = programs_left(s);
        return left ? __atomic_load_n(left, __ATOMIC_RELAXED) : 0;
}

void sensor_probe_reset(struct sensor *s, uint32_t number)
{
        struct event_hit key, next, *at = NULL;
        uint64_t zero = 0;
        int counts = programs_map(&s->programs, "function_counts"),
            hits = programs_map(&s->programs, "function_hits");
        if (counts < 0 || hits < 0)
                return;
        bpf_map_update_elem(counts, &number, &zero, BPF_ANY);
        while (bpf_map_get_next_key(hits, at, &next) == 0) {
                if (at && key.probe == number)
                        bpf_map_delete_elem(hits, &key);
                key = next;
                at = &key;
        }
        if (at && key.probe == number)
                bpf_map_delete_elem(hits, &key);
}

void sensor_probe_forget(struct sensor *s, uint32_t number, uint64_t cgroup)
{
        const struct event_hit key = {.cgroup = cgroup, .probe = number};
        int hits = programs_map(&s->programs, "function_hits");
        if (hits >= 0)
                bpf_map_delete_elem(hits, &key);
}

const char *sensor_probe_hook(struct sensor *s)
{
        if (s->probe_hook)
                return s->probe_hook;
        if (multi_works(s))
                return "uprobe_multi";
        return programs_get(&s->programs, "function_single") ? "perf uprobe" : NULL;
}
