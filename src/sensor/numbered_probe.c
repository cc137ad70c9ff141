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
        int fd = bpf_prog_load(BPF_PROG_TYPE_KPROBE, "function_single", "Dual BSD/GPL", copy, count, NULL);
        return fd < 0 ? -errno : fd;
}

/* Which number the kernel gave to events of this kind at its start. */
static int uprobe_type(uint32_t *ret)
{
        _cleanup_buf_ struct buf text = BUF_INIT(64);
        uint64_t type;
        int r = file_read_at(AT_FDCWD, "/sys/bus/event_source/devices/uprobe/type", &text);
        if (r >= 0)
                r = span_to_u64(span_trim((struct span){text.data, text.size}), 10, &type);
        if (r < 0)
                return -EOPNOTSUPP;
        *ret = (uint32_t)type;
        return 0;
}

int numbered_probe_attach(const struct bpf_program *program, const char *path, uint64_t offset,
                          uint32_t number)
{
        struct perf_event_attr attr = {.size = sizeof(attr), .uprobe_path = (uintptr_t)path};
        attr.probe_offset = offset;
        int r = uprobe_type(&attr.type);
        if (r < 0)
                return r;
        _cleanup_close_ int loaded = load_numbered(program, number);
        if (loaded < 0)
                return loaded;
        /* All processes, seen from one CPU: a probe's program runs wherever it is hit. */
        _cleanup_close_ int event = (int)syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
        if (event < 0)
                return -errno;
        if (ioctl(event, PERF_EVENT_IOC_SET_BPF, loaded) < 0 || ioctl(event, PERF_EVENT_IOC_ENABLE, 0) < 0)
                return -errno;
        return TAKE_FD(event);
}
