/* SPDX-License-Identifier: Apache-2.0 */

/* For a thread that has SIGKILL pending the kernel changes nobody's memory (mm/gup.c, fatal_signal_pending).
 * Killed while probes are being set or taken away, breakpoints would stay in running programs. Therefore each
 * link has a guard: a second one at the same places, restricted to this process, so that it sets no
 * breakpoint in any other, which is there before the link and closed behind it. The kernel keeps the probe
 * for its sake, and looks through all processes for breakpoints that nobody wants when it goes, which is,
 * after a kill, at the end of the process: there the signal has been taken. */

#include "sensor/probe_attach.h"

#include "base/file.h"
#include "sensor/numbered_probe.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

static __u64 cookie_of(const struct function_probe *probe)
{
        return probe->number | (probe->hook ? EVENT_PROBE_HOOK : 0);
}

/* A program that does nothing, to be attached as this one: what it is attached to keeps it. */
static int load_idle(const struct bpf_program *as)
{
        static const struct bpf_insn idle[] = {
                {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
                {.code = BPF_JMP | BPF_EXIT},
        };
        LIBBPF_OPTS(bpf_prog_load_opts, options,
                    .expected_attach_type = bpf_program__expected_attach_type(as));
        int fd = bpf_prog_load(bpf_program__type(as), "idle", "Dual BSD/GPL", idle, ARRAY_SIZE(idle),
                               &options);
        return fd < 0 ? -errno : fd;
}

static int guard_many(const struct bpf_program *program, const char *path, const unsigned long *offsets,
                      const unsigned long *counters, size_t count)
{
        _cleanup_close_ int idle = load_idle(program);
        if (idle < 0)
                return idle;
        LIBBPF_OPTS(bpf_link_create_opts, options, .uprobe_multi.path = path, .uprobe_multi.offsets = offsets,
                    .uprobe_multi.ref_ctr_offsets = counters, .uprobe_multi.cnt = (__u32)count,
                    .uprobe_multi.pid = (__u32)getpid());
        int fd = bpf_link_create(idle, -1, bpf_program__expected_attach_type(program), &options);
        return fd < 0 ? -errno : fd;
}

int probe_attach_many(struct programs *programs, const char *path, struct probe_link *to)
{
        struct bpf_program *program = programs_get(programs, "function_multi");
        unsigned long offsets[PROBE_LINK_MOST], counters[PROBE_LINK_MOST];
        __u64 cookies[PROBE_LINK_MOST];
        if (!program)
                return -EOPNOTSUPP;
        for (size_t i = 0; i < to->count; i++) {
                offsets[i] = to->probes[i].offset;
                cookies[i] = cookie_of(&to->probes[i]);
                counters[i] = to->probes[i].counter;
        }
        int guard = guard_many(program, path, offsets, counters, to->count);
        if (guard < 0)
                return guard;
        to->guard = guard;
        LIBBPF_OPTS(bpf_uprobe_multi_opts, options, .offsets = offsets, .cookies = cookies,
                    .ref_ctr_offsets = counters, .cnt = to->count);
        to->link = bpf_program__attach_uprobe_multi(program, -1, path, NULL, &options);
        return to->link ? 0 : -errno;
}

/* An event that is never switched on counts as one that wants the breakpoint, in the process of this thread
 * (kernel/trace/trace_uprobe.c, uprobe_perf_filter). */
static int guard_one(const char *path, const struct function_probe *probe)
{
        struct perf_event_attr attr;
        int r = probe_event_describe(path, probe, &attr);
        if (r < 0)
                return r;
        attr.disabled = 1;
        int fd = (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

int probe_attach_one(struct programs *programs, const char *path, struct probe_link *to)
{
        struct bpf_program *program = programs_get(programs, "function_single");
        const struct function_probe *probe = &to->probes[0];
        if (!program)
                return -EOPNOTSUPP;
        int guard = guard_one(path, probe);
        if (guard < 0)
                return guard;
        to->guard = guard;
        if (!probe_cookies_work()) {
                int fd = numbered_probe_attach(program, path, probe);
                to->event = MAX(fd, -1);
                return MIN(fd, 0);
        }
        LIBBPF_OPTS(bpf_uprobe_opts, options, .bpf_cookie = cookie_of(probe),
                    .ref_ctr_offset = probe->counter);
        to->link = bpf_program__attach_uprobe_opts(program, -1, path, probe->offset, &options);
        return to->link ? 0 : -errno;
}
