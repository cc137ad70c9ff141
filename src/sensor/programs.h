/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The BPF programs in the kernel. One that cannot be loaded fails its whole object, so that an object is
 * loaded as often as needed, each time with other programs switched on, and all of them share the maps of
 * the first. */

#include "base/macro.h"

#include <bpf/libbpf.h>

struct programs_settings {
        size_t ring_size;     /* bytes */
        int cgroup_subsystem; /* as in struct sensor_options */
        bool keep_all, no_folders;
};

enum { PROGRAM_OBJECTS = 16 };

struct programs {
        struct programs_settings settings;
        struct events_bpf *objects[PROGRAM_OBJECTS];
        size_t count;
};

void programs_done(struct programs *p);
/* Load these programs together, where that is possible; 0 or -errno. */
int programs_load(struct programs *p, const char *const names[], size_t count);
/* The loaded program of that name, loaded alone if need be. NULL with errno. */
struct bpf_program *programs_get(struct programs *p, const char *name);
/* Why the kernel may have said so to loading a program: a part of a sentence. */
const char *programs_refusal(int error);
/* Descriptor of a map that all share, -1 before anything is loaded. */
int programs_map(const struct programs *p, const char *name);
/* Memory that the kernel says its maps use, bytes. */
uint64_t programs_map_bytes(const struct programs *p);
/* Whether this program is in the kernel, and what it says about it: runs, time, and events missed because
 * it was running already on that CPU. */
struct program_figures {
        uint64_t runs, run_ns, missed;
};
typedef void (*programs_visitor)(void *context, const char *name, const struct program_figures *figures);
void programs_figures(const struct programs *p, programs_visitor visit, void *context);
