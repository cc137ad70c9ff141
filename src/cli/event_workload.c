/* SPDX-License-Identifier: Apache-2.0 */

/* A workload cgroup means the same workload for all its processes and for as long as it exists, so that
 * one process of it has to be looked at. When the one of the event is gone already, any other in the same
 * cgroup does: the kernel opens a cgroup by its id. */

#include "cli/event_workload.h"

#include "base/clock.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

enum { FILEID_KERNFS = 0xfe }; /* linux/exportfs.h; the handle is the id of the node */
enum { KNOWN_MOST = 65536, ARENA_MOST = 64 << 20, SCRATCH_MOST = 4 << 20 };
#define RETRY_NS (NS_PER_S / 2) /* what could not be told is asked again then */

int event_workloads_open(struct event_workloads *w, const struct cgroup_choice *choice)
{
        *w = (struct event_workloads){.arena = ARENA_INIT(ARENA_MOST), .mount = -1};
        if (*choice->mount)
                w->mount = open(choice->mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return process_reader_new(choice, &w->reader);
}

static void forget_all(struct event_workloads *w)
{
        map_done(&w->known);
        arena_done(&w->arena);
        w->known = (struct map){};
        w->arena = ARENA_INIT(ARENA_MOST);
}

void event_workloads_close(struct event_workloads *w)
{
        forget_all(w);
        w->reader = process_reader_free(w->reader);
        close_fd(&w->mount);
}

/* Whether the process is of this cgroup, and what its workload is called. */
static bool ask_process(struct event_workloads *w, int pid, struct event_workload *to)
{
        _cleanup_arena_ struct arena scratch = ARENA_INIT(SCRATCH_MOST);
        struct process p = {};
        if (process_read(w->reader, pid, 0, &scratch, &p) < 0)
                return false;
        bool found = p.cgroup_id == to->cgroup && p.workload_id;
        if (found) {
                to->id = arena_strdup(&w->arena, p.workload_id);
                to->name = arena_strdup(&w->arena, p.workload_name);
                to->kind = p.hint.kind;
        }
        process_done(&p);
        return found;
}

static void ask_cgroup(struct event_workloads *w, struct event_workload *to)
{
        union {
                struct file_handle handle;
                char room[sizeof(struct file_handle) + sizeof(uint64_t)];
        } h = {.handle = {.handle_bytes = sizeof(uint64_t), .handle_type = FILEID_KERNFS}};
        _cleanup_buf_ struct buf members = BUF_INIT(64 * 1024);
        struct span rest, line;
        if (w->mount < 0)
                return;
        memcpy(h.handle.f_handle, &to->cgroup, sizeof(to->cgroup));
        _cleanup_close_ int folder =
                open_by_handle_at(w->mount, &h.handle, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (folder < 0 || file_read_at(folder, "cgroup.procs", &members) < 0)
                return;
        rest = (struct span){members.data, members.size};
        for (int tries = 0; tries < 8 && span_cut(&rest, '\n', &line); tries++) {
                uint64_t pid;
                if (span_to_u64(line, 10, &pid) == 0 && pid <= INT32_MAX && ask_process(w, (int)pid, to))
                        return;
        }
}

const struct event_workload *event_workload_find(struct event_workloads *w, const struct event *event)
{
        struct event_workload *found = map_get(&w->known, &event->cgroup, sizeof(event->cgroup));
        uint64_t now = clock_boottime();
        if (found && (found->id || now - found->tried < RETRY_NS))
                return found;
        if (!found) {
                if (w->known.count >= KNOWN_MOST)
                        forget_all(w);
                found = arena_alloc(&w->arena, sizeof(*found));
                if (!found)
                        return NULL;
                *found = (struct event_workload){.cgroup = event->cgroup};
                if (map_put(&w->known, &found->cgroup, sizeof(found->cgroup), found) < 0)
                        return NULL;
        }
        found->tried = now;
        if (!event->cgroup)
                return found;
        if (!ask_process(w, (int)event->tgid, found))
                ask_cgroup(w, found);
        return found;
}
