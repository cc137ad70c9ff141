/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */

/* Executable mappings of files, where the kernel itself announces them to perf: behind mmap, mprotect and
 * the ELF loader alike, and far from the system call path. That function may be looked at since "perf/core:
 * allow ftrace for functions in kernel/event/core.c" (5.16). Before, vma_set_page_prot() is called for the
 * same mappings, and by clear_refs_write() (fs/proc/task_mmu.c) for those of anybody: of who does it himself,
 * they are told once more. Should a compiler have copied it into mmap_region(), the proof of the hook fails
 * (src/sensor/prove.c). */

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
static __always_inline bool is_new_again(struct task_struct *task, struct fact *fact, const bool typed)
{
        __u32 index = EVENT_MAPPED_LOOKED;
        __u64 *looked = bpf_map_lookup_elem(&mapped, &index);
        if (!looked || process_start(task, typed) >= *looked)
                return false;
        fact->cgroup = *looked;
        fact->what[2] |= (__u64)FOLLOW(typed, task, tgid) << 32;
        return fact_is_new(&files, fact);
}

/* The mapping and its file come with types at all times. */
static __always_inline void map_emit(struct task_struct *task, struct vm_area_struct *vma, struct file *file,
                                     const struct fact *fact, const bool typed)
{
        __u32 zero = 0;
        struct map_scratch *s = bpf_map_lookup_elem(&map_scratches, &zero);
        struct path place = {}, root = {};
        if (!s) /* there is one, but the verifier does not know it */
                return;
        header_fill(&s->record.header, EVENT_MAP, task, typed);
        s->record.address = vma->vm_start;
        s->record.size = vma->vm_end - s->record.address;
        s->record.offset = (__u64)vma->vm_pgoff << PAGE_SHIFT_UNIT;
        s->record.inode = fact->what[1];
        s->record.generation = (__u32)fact->what[2];
        s->record.device = file->f_inode->i_sb->s_dev;
        s->record.unprobed = fact->what[2] >> 63;
        s->record.pad[0] = s->record.pad[1] = 0;

        file_place(file, &place, true);
        path_read(&FOLLOW(typed, task, fs)->root, &root);
        __u32 from = path_write(&s->path, &place, &root);
        __u32 size = EVENT_PATH - from;
        bpf_probe_read_kernel(s->tail, BOUNDED(size, PATH_SIZE), s->path.text + BOUNDED(from, PATH_AT));
        s->record.path_size = size;
        if (!emit_now(&s->record.header, EVENT_MAP, sizeof(s->record) + BOUNDED(size, PATH_SIZE)))
                fact_forget(&files, fact);
}

static __always_inline void map_made(struct task_struct *task, struct vm_area_struct *vma, struct file *file,
                                     const bool typed)
{
        struct inode *inode = file->f_inode;
        struct fact fact = {
                .cgroup = task_cgroup(task, typed),
                .what = {(__u64)inode, inode->i_ino, inode->i_generation},
        };
        count_made(EVENT_MAP);
        bool again = count_mapped(fact.what[1]);
        if (vma->vm_flags & (VM_WRITE | VM_MAYSHARE))
                fact.what[2] |= 1ull << 63;
        if (fact_is_new(&files, &fact) || (again && is_new_again(task, &fact, typed)))
                map_emit(task, vma, file, &fact, typed);
        else
                count_deduplicated(EVENT_MAP);
}

/* Most mappings are of no code. bpf_get_current_task_btf() came with 3ca1032ab7ab (5.11). Where those of
 * others are told as well, they are nothing that the current task has made. */
static __always_inline int on_mapping(struct vm_area_struct *vma, const bool others)
{
        struct file *file = vma->vm_file;
        if (!file || !(vma->vm_flags & VM_EXEC))
                return 0;
        if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_current_task_btf)) {
                struct task_struct *task = bpf_get_current_task_btf();
                if (!others || vma->vm_mm == task->mm)
                        map_made(task, vma, file, true);
        } else {
                struct task_struct *task = (void *)bpf_get_current_task();
                if (!others || vma->vm_mm == BPF_CORE_READ(task, mm))
                        map_made(task, vma, file, false);
        }
        return 0;
}

SEC("fentry/perf_event_mmap")
int BPF_PROG(map_fentry, struct vm_area_struct *vma)
{
        return on_mapping(vma, false);
}

/* mmap calls it behind the announcement, mprotect before it. */
SEC("fentry/vma_set_page_prot")
int BPF_PROG(map_protected, struct vm_area_struct *vma)
{
        return on_mapping(vma, true);
}
