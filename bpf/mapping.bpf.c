/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */

/* Executable mappings of files, where the kernel itself announces them to perf: behind mmap, mprotect and
 * the ELF loader alike, and far from the system call path. */

#include "dedup.bpf.h"
#include "path.bpf.h"
#include "task.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct map_scratch {
        struct event_map record;
        char tail[2 * EVENT_PATH]; /* half of it for the verifier */
        struct path_buffer path;
};

struct {
        __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
        __uint(max_entries, 1);
        __type(key, __u32);
        __type(value, struct map_scratch);
} map_scratches SEC(".maps");

struct {
        __uint(type, BPF_MAP_TYPE_ARRAY);
        __uint(max_entries, EVENT_MAPPED_NUMBERS);
        __uint(map_flags, BPF_F_MMAPABLE); /* read all the time */
        __type(key, __u32);
        __type(value, __u64);
} mapped SEC(".maps");

/* Whether it is to be told again. */
static __always_inline bool count_mapped(__u64 inode)
{
        __u32 index = EVENT_MAPPED_INDEX(inode);
        __u64 *count = bpf_map_lookup_elem(&mapped, &index);
        if (!count)
                return false;
        __sync_fetch_and_add(count, 1);
        return *count & EVENT_MAPPED_AGAIN;
}

/* A process that was looked at may have made code executable that it had written. */
static __always_inline bool is_new_again(struct task_struct *task, struct fact *fact)
{
        __u32 index = EVENT_MAPPED_LOOKED;
        __u64 *looked = bpf_map_lookup_elem(&mapped, &index);
        if (!looked || process_start(task, false) >= *looked)
                return false;
        fact->cgroup = *looked;
        fact->what[2] |= (__u64)BPF_CORE_READ(task, tgid) << 32;
        return fact_is_new(&files, fact);
}

static __always_inline void map_emit(struct map_scratch *s, struct task_struct *task,
                                     struct vm_area_struct *vma, struct file *file, const struct fact *fact)
{
        struct path place = {}, root = {};
        header_fill(&s->record.header, EVENT_MAP, task, false);
        s->record.address = BPF_CORE_READ(vma, vm_start);
        s->record.size = BPF_CORE_READ(vma, vm_end) - s->record.address;
        s->record.offset = (__u64)BPF_CORE_READ(vma, vm_pgoff) << PAGE_SHIFT_UNIT;
        s->record.inode = fact->what[1];
        s->record.generation = (__u32)fact->what[2];
        s->record.device = BPF_CORE_READ(file, f_inode, i_sb, s_dev);
        s->record.unprobed = fact->what[2] >> 63;
        s->record.pad[0] = s->record.pad[1] = 0;

        file_place(file, &place);
        root.mnt = BPF_CORE_READ(task, fs, root.mnt);
        root.dentry = BPF_CORE_READ(task, fs, root.dentry);
        __u32 from = path_write(&s->path, &place, &root);
        __u32 size = EVENT_PATH - from;
        bpf_probe_read_kernel(s->tail, BOUNDED(size, PATH_SIZE), s->path.text + BOUNDED(from, PATH_AT));
        s->record.path_size = size;
        if (!emit_now(&s->record.header, EVENT_MAP, sizeof(s->record) + BOUNDED(size, PATH_SIZE)))
                fact_forget(&files, fact);
}

SEC("fentry/perf_event_mmap")
int BPF_PROG(map_fentry, struct vm_area_struct *vma)
{
        __u32 zero = 0;
        struct file *file = BPF_CORE_READ(vma, vm_file);
        __u64 flags = BPF_CORE_READ(vma, vm_flags);
        if (!file || !(flags & VM_EXEC))
                return 0;
        struct map_scratch *s = bpf_map_lookup_elem(&map_scratches, &zero);
        if (!s)
                return 0;
        count_made(EVENT_MAP);
        struct task_struct *task = (void *)bpf_get_current_task();
        struct inode *inode = BPF_CORE_READ(file, f_inode);
        struct fact fact = {
                .cgroup = task_cgroup(task, false),
                .what = {(__u64)inode, BPF_CORE_READ(inode, i_ino), BPF_CORE_READ(inode, i_generation)},
        };
        bool again = count_mapped(fact.what[1]);
        if (flags & (VM_WRITE | VM_MAYSHARE))
                fact.what[2] |= 1ull << 63;
        if (fact_is_new(&files, &fact) || (again && is_new_again(task, &fact)))
                map_emit(s, task, vma, file, &fact);
        else
                count_deduplicated(EVENT_MAP);
        return 0;
}
