/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */

/* The life of processes. Threads are no events: a fork counts when it makes a new process, an exit when
 * the last thread of a process goes. */

#include "dedup.bpf.h"
#include "path.bpf.h"
#include "task.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

enum { TAIL_SIZE = 4 * EVENT_ARGS, ARGS_SIZE = 2 * EVENT_ARGS - 1 };

struct exec_scratch {
        struct event_exec record;
        char tail[TAIL_SIZE]; /* of which two paths and the arguments are used; the rest is for the verifier
                               */
        struct path_buffer path;
};

struct {
        __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
        __uint(max_entries, 1);
        __type(key, __u32);
        __type(value, struct exec_scratch);
} exec_scratches SEC(".maps");

const volatile bool tell_folders = true; /* where programs are started: somebody reads it */

/* So many more programs may start before the reader is woken; 0: as many as there are. */
struct {
        __uint(type, BPF_MAP_TYPE_ARRAY);
        __uint(max_entries, 1);
        __uint(map_flags, BPF_F_MMAPABLE); /* set all the time */
        __type(key, __u32);
        __type(value, __u64);
} programs_left SEC(".maps");

/* Two CPUs at once may count two programs as one: the reader is woken a little later, by its timer at the
 * latest. (Atomic ones that tell the value need Linux 5.12.) */
static __always_inline bool is_last_program(void)
{
        __u32 zero = 0;
        __u64 *at = bpf_map_lookup_elem(&programs_left, &zero), left = at ? *at : 0;
        if (left)
                *at = left - 1;
        return left == 1;
}

/* Appends the path behind `at` bytes of the tail; returns its size. */
static __always_inline __u32 exec_add_path(struct exec_scratch *s, __u32 at, const struct path *path,
                                           const struct path *root)
{
        __u32 from = path_write(&s->path, path, root);
        __u32 size = EVENT_PATH - from;
        bpf_probe_read_kernel(s->tail + BOUNDED(at, PATH_SIZE), BOUNDED(size, PATH_SIZE),
                              s->path.text + BOUNDED(from, PATH_AT));
        return size;
}

static __always_inline __u32 exec_add_args(struct exec_scratch *s, __u32 at, struct mm_struct *mm,
                                           const bool typed)
{
        unsigned long start = FOLLOW(typed, mm, arg_start);
        unsigned long size = FOLLOW(typed, mm, arg_end) - start;
        s->record.args_cut = size > EVENT_ARGS;
        if (size > EVENT_ARGS)
                size = EVENT_ARGS;
        if (!size)
                return 0;
        long r = bpf_probe_read_user(s->tail + BOUNDED(at, ARGS_SIZE), BOUNDED(size, ARGS_SIZE),
                                     (void *)start);
        if (!r)
                return size;
        count_error(EVENT_EXEC, r);
        s->record.args_cut = 1;
        return 0;
}

/* Whether the workload starts this file for the first time: whoever reads is woken then, and else fetches the
 * event in time. What is said of it twice, or never, is no loss. */
static __always_inline bool starts_new(struct file *file, __u64 cgroup, const bool typed)
{
        struct inode *inode = FOLLOW(typed, file, f_inode);
        struct fact fact = {
                .cgroup = cgroup,
                .what = {(__u64)inode, FOLLOW(typed, inode, i_ino), FOLLOW(typed, inode, i_generation)},
        };
        return fact_is_new(&started, &fact);
}

static __always_inline int exec_made(struct task_struct *task, const bool typed)
{
        __u32 zero = 0;
        struct exec_scratch *s = bpf_map_lookup_elem(&exec_scratches, &zero);
        struct mm_struct *mm = FOLLOW(typed, task, mm);
        struct file *file = FOLLOW(typed, mm, exe_file);
        if (!s || !file) /* a program that starts has one, but the verifier does not know it */
                return 0;
        count_made(EVENT_EXEC);
        header_fill(&s->record.header, EVENT_EXEC, task, typed);
        s->record.parent = FOLLOW(typed, task, real_parent, tgid);
        s->record.pad = 0;

        struct path exe = {}, cwd = {}, root = {};
        /* Paths have no types: the verifier would walk through the loop below once for each of them. */
        file_place(file, &exe, typed);
        struct fs_struct *fs = FOLLOW(typed, task, fs);
        path_read(&fs->root, &root);
        __u32 size = exec_add_path(s, 0, &exe, &root), more = 0;
        s->record.path_size = size;
        if (tell_folders) {
                path_read(&fs->pwd, &cwd);
                more = exec_add_path(s, size, &cwd, &root);
        }
        s->record.cwd_size = more;
        size += more;
        more = exec_add_args(s, size, mm, typed);
        s->record.args_size = more;
        size += more;
        s->tail[BOUNDED(size, TAIL_SIZE - 1)] = 0;
        __u64 whole = sizeof(s->record) + BOUNDED(size, TAIL_SIZE - 1) + 1;
        bool last = is_last_program();
        if (starts_new(file, s->record.header.cgroup, typed) || last)
                emit_now(&s->record.header, EVENT_EXEC, whole);
        else
                emit(&s->record.header, EVENT_EXEC, whole);
        return 0;
}

static __always_inline int fork_made(struct task_struct *forker, struct task_struct *child, const bool typed)
{
        struct event_fork record = {};
        if (FOLLOW(typed, child, pid) != FOLLOW(typed, child, tgid))
                return 0;
        count_made(EVENT_FORK);
        header_fill(&record.header, EVENT_FORK, child, typed);
        record.parent = FOLLOW(typed, child, real_parent, tgid);
        record.forker = FOLLOW(typed, forker, tgid);
        emit(&record.header, EVENT_FORK, sizeof(record));
        return 0;
}

/* Where the kernel does not tell which thread is the last one, two that end at the same time both find nobody
 * alive; the first to leave its mark here is the one that counts. */
struct exit_mark {
        __u64 start;
        __u64 tgid;
};

struct {
        __uint(type, BPF_MAP_TYPE_LRU_HASH);
        __uint(max_entries, 4096);
        __type(key, struct exit_mark);
        __type(value, __u32);
} exits SEC(".maps");

/* The thread that met a breakpoint need not be the last one to go. */
struct {
        __uint(type, BPF_MAP_TYPE_LRU_HASH);
        __uint(max_entries, 64);
        __type(key, struct exit_mark);
        __type(value, __u64);
} breakpoints SEC(".maps");

/* Where there are two that may have met it, nobody knows which did. */
static __always_inline void note_breakpoint(const struct exit_mark *mark)
{
        __u64 address = breakpoint_address();
        if (!address || bpf_map_update_elem(&breakpoints, mark, &address, BPF_NOEXIST) != -EEXIST)
                return;
        __u64 *known = bpf_map_lookup_elem(&breakpoints, mark);
        if (known)
                *known = 0;
}

static __always_inline bool is_last_thread(const __u64 *ctx, struct signal_struct *signal,
                                           const struct exit_mark *mark, const bool typed)
{
        __u32 one = 1;
        int told = told_group_dead(ctx);
        if (told >= 0)
                return told;
        if (FOLLOW(typed, signal, live.counter) > 0)
                return false;
        /* Nobody else is left: those that were have left their mark. */
        if (FOLLOW(typed, signal, nr_threads) == 1)
                return !bpf_map_lookup_elem(&exits, mark);
        return bpf_map_update_elem(&exits, mark, &one, BPF_NOEXIST) != -EEXIST;
}

static __always_inline int exit_made(const __u64 *ctx, struct task_struct *task, const bool typed)
{
        struct event_exit record = {};
        struct signal_struct *signal = FOLLOW(typed, task, signal);
        struct exit_mark mark = {.start = process_start(task, typed), .tgid = FOLLOW(typed, task, tgid)};
        int code = FOLLOW(typed, signal, group_exit_code);
        bool trapped = (code & SIGNAL_OF_STATUS) == SIGTRAP;
        if (trapped)
                note_breakpoint(&mark);
        if (!is_last_thread(ctx, signal, &mark, typed))
                return 0;
        header_fill(&record.header, EVENT_EXIT, task, typed);
        count_made(EVENT_EXIT);
        if (FOLLOW(typed, signal, flags) & SIGNAL_GROUP_EXIT)
                record.code = code;
        else
                record.code = FOLLOW(typed, task, group_leader, exit_code);
        __u64 *known = trapped ? bpf_map_lookup_elem(&breakpoints, &mark) : NULL;
        if (known)
                record.address = *known;
        emit(&record.header, EVENT_EXIT, sizeof(record));
        return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(exec_btf, struct task_struct *task)
{
        exec_made(task, true);
        return 0;
}

SEC("raw_tp/sched_process_exec")
int BPF_PROG(exec_raw, struct task_struct *task)
{
        exec_made(task, false);
        return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(fork_btf, struct task_struct *parent, struct task_struct *child)
{
        fork_made(parent, child, true);
        return 0;
}

SEC("raw_tp/sched_process_fork")
int BPF_PROG(fork_raw, struct task_struct *parent, struct task_struct *child)
{
        fork_made(parent, child, false);
        return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(exit_btf, struct task_struct *task)
{
        exit_made(ctx, task, true);
        return 0;
}

SEC("raw_tp/sched_process_exit")
int BPF_PROG(exit_raw, struct task_struct *task)
{
        exit_made(ctx, task, false);
        return 0;
}

/* ---- for hooks outside BPF, whose records name a process but not its workload ---- */

SEC("raw_tp/cgroup_attach_task")
int BPF_PROG(moved_raw, struct cgroup *to, const char *path, struct task_struct *task)
{
        struct event_header record = {};
        header_fill(&record, EVENT_MOVED, task, false);
        record.size = sizeof(record);
        if (bpf_ringbuf_output(&ring, &record, sizeof(record), BPF_RB_NO_WAKEUP))
                count_dropped(0);
        return 0;
}

static __always_inline struct cgroup_root *chosen_hierarchy(void)
{
        struct task_struct *task = (void *)bpf_get_current_task();
        struct css_set *set = BPF_CORE_READ(task, cgroups);
        struct cgroup_subsys_state *state = NULL;
        if (cgroup_subsystem < 0)
                return BPF_CORE_READ(set, dfl_cgrp, root);
        bpf_probe_read_kernel(&state, sizeof(state),
                              (void *)set + bpf_core_field_offset(set->subsys) +
                                      (cgroup_subsystem & 15) * sizeof(state));
        return BPF_CORE_READ(state, cgroup, root);
}

/* Who is in it may be gone, and it with them, before anybody reads where it was. */
SEC("raw_tp/cgroup_mkdir")
int BPF_PROG(made_raw, struct cgroup *made, const char *path)
{
        if (BPF_CORE_READ(made, root) != chosen_hierarchy())
                return 0;
        struct event_cgroup *record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);
        if (!record)
                return 0; /* its processes may be anybody's, then */
        record->header = (struct event_header){
                .version = EVENT_VERSION,
                .type = EVENT_CGROUP,
                .size = sizeof(*record),
                .time = bpf_ktime_get_boot_ns(),
                .cgroup = BPF_CORE_READ(made, kn, id),
        };
        long size = bpf_probe_read_kernel_str(record->path, sizeof(record->path), path);
        if (size > 0 && size < EVENT_PATH)
                bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
        else
                bpf_ringbuf_discard(record, BPF_RB_NO_WAKEUP);
        return 0;
}

SEC("iter/task")
int processes_now(struct bpf_iter__task *c)
{
        struct task_struct *task = c->task;
        struct event_header record = {};
        if (!task || BPF_CORE_READ(task, pid) != BPF_CORE_READ(task, tgid))
                return 0;
        header_fill(&record, EVENT_MOVED, task, false);
        record.size = sizeof(record);
        bpf_seq_write(c->meta->seq, &record, sizeof(record));
        return 0;
}
