/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef USEWEAR_COMPAT_BPF_H
#define USEWEAR_COMPAT_BPF_H

/* The only place that knows how kernels differ. Each function asks what the running kernel has, with the
 * commit that brought the difference; nothing compares versions. */

#include "kernel.bpf.h"
#include "event.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct task_struct___before_5_5 {
        __u64 real_start_time;
};

struct sock___before_5_6 {
        __u32 sk_protocol : 8;
};
#pragma clang attribute pop

/* Follow pointers from `from` on. A program that gets its arguments with types (tp_btf) may do so itself, for
 * a tenth of what it costs to ask the helper for each step, as all others have to. */
#define FOLLOW(typed, from, ...) ((typed) ? ___arrow(from, __VA_ARGS__) : BPF_CORE_READ(from, __VA_ARGS__))

/* task_struct.real_start_time became start_boottime in cf25e24db61c ("time: Rename tsk->real_start_time to
 * ->start_boottime", 5.5). */
static __always_inline __u64 task_start(struct task_struct *task, const bool typed)
{
        if (bpf_core_field_exists(task->start_boottime))
                return FOLLOW(typed, task, start_boottime);
        return BPF_CORE_READ((struct task_struct___before_5_5 *)task, real_start_time);
}

/* Of the process that the thread belongs to. */
static __always_inline __u64 process_start(struct task_struct *task, const bool typed)
{
        return task_start(FOLLOW(typed, task, group_leader), typed);
}

/* A path lies in memory as here, unless the kernel shuffles its structures: then one reading is enough. */
static __always_inline void path_read(const struct path *from, struct path *to)
{
        if (!bpf_core_field_offset(from->mnt) && bpf_core_field_offset(from->dentry) == sizeof(from->mnt)) {
                bpf_probe_read_kernel(to, sizeof(*to), from);
                return;
        }
        to->mnt = BPF_CORE_READ(from, mnt);
        to->dentry = BPF_CORE_READ(from, dentry);
}

/* Whether an ending thread is the last one of its process: the tracepoint tells since Linux 6.16, to exactly
 * one of them. 1 or 0; -1: not told. */
static __always_inline int told_group_dead(const __u64 *ctx)
{
        if (!bpf_core_field_exists(struct trace_event_raw_sched_process_exit, group_dead))
                return -1;
        return (ctx[1] & 1) != 0;
}

/* sock.sk_protocol stopped being a bit field in bf9765145b85 ("sock: Make sk_protocol a 16-bit value",
 * 5.6). */
static __always_inline __u16 sock_protocol(struct sock *sock)
{
        if (bpf_core_field_size(sock->sk_protocol) == sizeof(__u16))
                return BPF_CORE_READ(sock, sk_protocol);
        return BPF_CORE_READ_BITFIELD_PROBED((struct sock___before_5_6 *)sock, sk_protocol);
}

/* Where the user side of these registers is. What a perf event hands to its program begins with them. */
static __always_inline __u64 registers_address(const void *registers)
{
        if (bpf_core_field_exists(struct pt_regs, ip))
                return BPF_CORE_READ((const struct pt_regs *)registers, ip);
        return BPF_CORE_READ((const struct user_pt_regs *)registers, pc);
}

/* Where the breakpoint is that the current task has met, if it was one that it met last: it came into the
 * kernel by an exception, or was interrupted, not by a system call. 0: that was a system call, or it cannot
 * be told: bpf_task_pt_regs() came with dd6e10fbd9fb (5.15). */
static __always_inline __u64 breakpoint_address(void)
{
        if (!bpf_core_field_exists(struct pt_regs, orig_ax) ||
            !bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_task_pt_regs))
                return 0;
        const struct pt_regs *registers = (const void *)bpf_task_pt_regs(bpf_get_current_task_btf());
        if ((long)BPF_CORE_READ(registers, orig_ax) >= 0)
                return 0;
        return registers_address(registers) - X86_BREAKPOINT_SIZE;
}

/* A context may be read at constant offsets only. The two remarks, being different, keep the compiler from
 * making one load at a chosen offset of both. They make no instruction: what follows has to begin with one
 * of its own line, or the kernel refuses two lines at one place. */
static __always_inline __u64 perf_event_address(void *ctx)
{
        __u64 address;
        if (bpf_core_field_exists(struct pt_regs, ip)) {
                address = ((struct pt_regs *)ctx)->ip;
                asm volatile("# x86" : "+r"(address));
        } else {
                address = ((struct user_pt_regs *)ctx)->pc;
                asm volatile("# arm64" : "+r"(address));
        }
        return address;
}

/* FMODE_BACKING is bit 25 since 62d53c4a1dfe ("fs: use backing_file container for internal files with
 * "fake" f_path", 6.5), and bit 24 on kernels where fsnotify has taken 25 (seen on 6.18). Flags are not in
 * BTF, so that either bit makes a candidate. */
enum { FMODE_MAYBE_BACKING = 1 << 24 | 1 << 25 };

/* Where a file seems to lie for its user. A mapped file of an overlay is the one below, and the path above
 * stands in struct backing_file: def3ae83da02 ("fs: store real path instead of fake path in backing file
 * f_path", 6.7). Since the flag is ambiguous, what would stand there has to be an overlay's. */
static __always_inline void file_place(struct file *file, struct path *ret, const bool typed)
{
        path_read(&file->f_path, ret);
        if (!bpf_core_field_exists(struct backing_file, user_path) ||
            !(FOLLOW(typed, file, f_mode) & FMODE_MAYBE_BACKING))
                return;
        struct backing_file *backing = (void *)file - bpf_core_field_offset(struct backing_file, file);
        struct path user = {.mnt = BPF_CORE_READ(backing, user_path.mnt),
                            .dentry = BPF_CORE_READ(backing, user_path.dentry)};
        struct super_block *above = BPF_CORE_READ(user.dentry, d_sb);
        if (above != BPF_CORE_READ(user.mnt, mnt_sb) ||
            BPF_CORE_READ(above, s_magic) != OVERLAYFS_SUPER_MAGIC)
                return;
        *ret = user;
}

/* Which probe was hit. bpf_get_attach_cookie() came with 7adfc6c9b315 (5.15); without it user space loads the
 * program once for each probe, with the number written over the constant (src/sensor/numbered_probe.c). The
 * verifier cuts the branch that is not taken before it looks for the helper. */
static __always_inline __u64 probe_number(void *ctx)
{
        __u64 written;
        if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_attach_cookie))
                return bpf_get_attach_cookie(ctx);
        asm volatile("%0 = %1" : "=r"(written) : "i"(EVENT_PROBE_UNWRITTEN));
        return written;
}

#endif
