/* SPDX-License-Identifier: Apache-2.0 */

/* The skeleton is opened anew for each load; libbpf's handle is thrown away with it, the maps live on
 * through the first object, which owns them. */

#include "sensor/programs.h"

#include "base/file.h"
#include "base/str.h"
#include "bpf/events.skel.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>

void programs_done(struct programs *p)
{
        for (size_t i = p->count; i-- > 0;)
                events_bpf__destroy(p->objects[i]);
        p->count = 0;
}

static bool wanted(const char *name, const char *const names[], size_t count)
{
        for (size_t i = 0; i < count; i++)
                if (str_equal(name, names[i]))
                        return true;
        return false;
}

static int share_maps(const struct programs *p, struct bpf_object *object)
{
        struct bpf_map *map;
        bpf_object__for_each_map(map, object)
        {
                if (bpf_map__is_internal(map))
                        continue;
                int r = bpf_map__reuse_fd(map, programs_map(p, bpf_map__name(map)));
                if (r < 0)
                        return r;
        }
        return 0;
}

static int prepare(const struct programs *p, struct events_bpf *object, const char *const names[],
                   size_t count)
{
        struct bpf_program *program;
        bpf_object__for_each_program(program, object->obj)
                bpf_program__set_autoload(program, wanted(bpf_program__name(program), names, count));
        object->rodata->cgroup_subsystem = p->settings.cgroup_subsystem;
        object->rodata->keep_all = p->settings.keep_all;
        object->rodata->tell_folders = !p->settings.no_folders;
        object->rodata->wakeup_bytes = (uint32_t)(p->settings.ring_size / 4);
        if (p->count)
                return share_maps(p, object->obj);
        return bpf_map__set_max_entries(object->maps.ring, (uint32_t)p->settings.ring_size);
}

int programs_load(struct programs *p, const char *const names[], size_t count)
{
        if (p->count >= PROGRAM_OBJECTS)
                return -ENOSPC;
        struct events_bpf *object = events_bpf__open();
        if (!object)
                return -errno;
        int r = prepare(p, object, names, count);
        if (r >= 0)
                r = events_bpf__load(object);
        if (r < 0) {
                events_bpf__destroy(object);
                return r;
        }
        p->objects[p->count++] = object;
        return 0;
}

static struct bpf_program *find_loaded(const struct programs *p, const char *name)
{
        for (size_t i = 0; i < p->count; i++) {
                struct bpf_program *program = bpf_object__find_program_by_name(p->objects[i]->obj, name);
                if (program && bpf_program__fd(program) >= 0)
                        return program;
        }
        return NULL;
}

struct bpf_program *programs_get(struct programs *p, const char *name)
{
        struct bpf_program *program = find_loaded(p, name);
        if (program)
                return program;
        int r = programs_load(p, &name, 1);
        if (r < 0) {
                errno = -r;
                return NULL;
        }
        return find_loaded(p, name);
}

const char *programs_refusal(int error)
{
        switch (error) {
        case -ENOMEM:
                return "the kernel has no memory for its maps and buffer";
        case -ESRCH: /* libbpf: nothing of that name in BTF */
                return "this kernel has no such hook";
        case -EPERM:
                return "this kernel forbids it, or a right is missing";
        case -EACCES:
        case -EINVAL:
                return "this kernel's verifier does not accept the program";
        default:
                return strerror(-error);
        }
}

int programs_map(const struct programs *p, const char *name)
{
        struct bpf_map *map = p->count ? bpf_object__find_map_by_name(p->objects[0]->obj, name) : NULL;
        return map ? bpf_map__fd(map) : -1;
}

/* The kernel tells in fdinfo, "memlock:\t4096". */
static uint64_t map_bytes(int fd)
{
        _cleanup_buf_ struct buf text = BUF_INIT(4096);
        char path[64];
        struct span rest, line;
        snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
        if (file_read_at(AT_FDCWD, path, &text) < 0)
                return 0;
        rest = (struct span){text.data, text.size};
        while (span_cut(&rest, '\n', &line)) {
                uint64_t value;
                struct span key = SPAN("memlock:");
                if (!span_starts(line, "memlock:"))
                        continue;
                line.data += key.size;
                line.size -= key.size;
                return span_to_u64(span_trim(line), 10, &value) < 0 ? 0 : value;
        }
        return 0;
}

uint64_t programs_map_bytes(const struct programs *p)
{
        uint64_t sum = 0;
        for (size_t i = 0; i < p->count; i++) {
                struct bpf_map *map;
                bpf_object__for_each_map(map, p->objects[i]->obj)
                {
                        if (i > 0 && !bpf_map__is_internal(map))
                                continue;
                        uint64_t bytes = map_bytes(bpf_map__fd(map));
                        if (bpf_map__type(map) == BPF_MAP_TYPE_RINGBUF) /* some kernels leave it out */
                                bytes = MAX(bytes, (uint64_t)p->settings.ring_size);
                        sum += bytes;
                }
        }
        return sum;
}

void programs_figures(const struct programs *p, programs_visitor visit, void *context)
{
        for (size_t i = 0; i < p->count; i++) {
                struct bpf_program *program;
                bpf_object__for_each_program(program, p->objects[i]->obj)
                {
                        struct bpf_prog_info info = {};
                        uint32_t size = sizeof(info);
                        int fd = bpf_program__fd(program);
                        if (fd < 0 || bpf_prog_get_info_by_fd(fd, &info, &size) < 0)
                                continue;
                        struct program_figures figures = {.runs = info.run_cnt,
                                                          .run_ns = info.run_time_ns,
                                                          .missed = info.recursion_misses};
                        visit(context, bpf_program__name(program), &figures);
                }
        }
}
