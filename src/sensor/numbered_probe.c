/* SPDX-License-Identifier: Apache-2.0 */

/* Before Linux 5.15 a program that serves many probes cannot know which of them was hit. There each probe has
 * a program of its own: the loaded one once more, its instructions being the same but for one, which loads
 * the number (bpf/compat.bpf.h, probe_number). */

#include "sensor/numbered_probe.h"

#include "base/file.h"
#include "base/macro.h"
#include "base/str.h"
#include "bpf/event.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

bool probe_cookies_work(void)
{
        return libbpf_probe_bpf_helper(BPF_PROG_TYPE_KPROBE, BPF_FUNC_get_attach_cookie, NULL) == 1;
}

static int write_number(struct bpf_insn *instructions, size_t count, uint32_t number)
{
        size_t written = 0;
        for (size_t i = 0; i < count; i++)
                if (instructions[i].code == (BPF_ALU64 | BPF_MOV | BPF_K) &&
                    instructions[i].imm == EVENT_PROBE_UNWRITTEN) {
                        instructions[i].imm = (int32_t)number;
                        written++;
                }
        return written == 1 ? 0 : -EINVAL;
}

static int load_numbered(const struct bpf_program *program, uint32_t number)
{
        size_t count = bpf_program__insn_cnt(program);
        _cleanup_free_ struct bpf_insn *copy = calloc(count, sizeof(*copy));
        if (!copy)
                return -ENOMEM;
        memcpy(copy, bpf_program__insns(program), count * sizeof(*copy));
        int r = write_number(copy, count, number);
        if (r < 0)
                return r;
        int fd = bpf_prog_load(bpf_program__type(program), bpf_program__name(program), "Dual BSD/GPL", copy,
                               count, NULL);
        return fd < 0 ? -errno : fd;
}

static int read_number(const char *path, uint64_t *ret)
{
        _cleanup_buf_ struct buf text = BUF_INIT(64);
        int r = file_read_at(AT_FDCWD, path, &text);
        return r < 0 ? r : span_to_u64(span_trim((struct span){text.data, text.size}), 10, ret);
}

/* All processes, seen from one CPU: the program runs wherever it is hit. */
static int attach(const struct bpf_program *program, uint32_t number, struct perf_event_attr *attr)
{
        _cleanup_close_ int loaded = load_numbered(program, number);
        if (loaded < 0)
                return loaded;
        _cleanup_close_ int event = (int)syscall(SYS_perf_event_open, attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
        if (event < 0)
                return -errno;
        if (ioctl(event, PERF_EVENT_IOC_SET_BPF, loaded) < 0 || ioctl(event, PERF_EVENT_IOC_ENABLE, 0) < 0)
                return -errno;
        return TAKE_FD(event);
}

int probe_event_describe(const char *path, const struct function_probe *probe, struct perf_event_attr *ret)
{
        enum { COUNTER_SHIFT = 32 }; /* PERF_UPROBE_REF_CTR_OFFSET_SHIFT, kernel/events/core.c */
        uint64_t type;               /* which number the kernel gave to events of this kind at its start */
        if (read_number("/sys/bus/event_source/devices/uprobe/type", &type) < 0 ||
            probe->counter > UINT32_MAX)
                return -EOPNOTSUPP;
        *ret = (struct perf_event_attr){
                .size = sizeof(*ret),
                .type = (uint32_t)type,
                .uprobe_path = (uintptr_t)path,
                .probe_offset = probe->offset,
                .config = probe->counter << COUNTER_SHIFT,
        };
        return 0;
}

int numbered_probe_attach(const struct bpf_program *program, const char *path,
                          const struct function_probe *probe)
{
        struct perf_event_attr attr;
        int r = probe_event_describe(path, probe, &attr);
        return r < 0 ? r : attach(program, probe->number | (probe->hook ? EVENT_PROBE_HOOK : 0), &attr);
}

int numbered_tracepoint_attach(const struct bpf_program *program, const char *category, const char *name,
                               uint32_t number)
{
        struct perf_event_attr attr = {.size = sizeof(attr), .type = PERF_TYPE_TRACEPOINT};
        char path[256];
        uint64_t id;
        int r = snprintf(path, sizeof(path), "/sys/kernel/tracing/events/%s/%s/id", category, name);
        if (r >= (int)sizeof(path))
                return -ENOENT;
        if (access("/sys/kernel/tracing/events", F_OK) < 0)
                snprintf(path, sizeof(path), "/sys/kernel/debug/tracing/events/%s/%s/id", category, name);
        r = read_number(path, &id);
        if (r < 0)
                return r;
        attr.config = id;
        return attach(program, number | EVENT_PROBE_HOOK, &attr);
}
