/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */

/* Every executable file mapping of every process, in one pass through the kernel and without a hook. */

#include "path.bpf.h"
#include "event.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct snapshot_scratch {
        struct event_snapshot record;
        char tail[EVENT_SNAPSHOT_PATH];
        struct path_buffer path;
};

struct {
        __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
        __uint(max_entries, 1);
        __type(key, __u32);
        __type(value, struct snapshot_scratch);
} snapshot_scratches SEC(".maps");

/* bpf_d_path knows the file that is mapped; of a stacking filesystem that is the one below, and what its
 * user calls it has to be walked. */
static __always_inline long snapshot_path(struct snapshot_scratch *s, struct vm_area_struct *vma)
{
        struct path place = {}, root = {};
        struct file *file = vma->vm_file;
        file_place(file, &place, true);
        if (place.dentry == BPF_CORE_READ(file, f_path.dentry))
                return bpf_d_path(&file->f_path, s->tail, sizeof(s->tail));
        struct task_struct *reader = (void *)bpf_get_current_task();
        path_read(&BPF_CORE_READ(reader, fs)->root, &root);
        __u32 from = path_write(&s->path, &place, &root);
        __u32 size = EVENT_PATH - from;
        bpf_probe_read_kernel(s->tail, BOUNDED(size, PATH_SIZE), s->path.text + BOUNDED(from, PATH_AT));
        return size;
}

SEC("iter/task_vma")
int mappings_now(struct bpf_iter__task_vma *c)
{
        __u32 zero = 0;
        struct task_struct *task = c->task;
        struct vm_area_struct *vma = c->vma;
        if (!task || !vma || task->pid != task->tgid || !(vma->vm_flags & VM_EXEC) || !vma->vm_file)
                return 0;
        struct snapshot_scratch *s = bpf_map_lookup_elem(&snapshot_scratches, &zero);
        if (!s)
                return 0;
        long size = snapshot_path(s, vma);
        if (size < 0 || size >= EVENT_SNAPSHOT_PATH)
                size = 0;
        s->record.version = EVENT_VERSION;
        s->record.path_size = size;
        s->record.tgid = task->tgid;
        s->record.device = BPF_CORE_READ(vma, vm_file, f_inode, i_sb, s_dev);
        s->record.unprobed = (vma->vm_flags & (VM_WRITE | VM_MAYSHARE)) != 0;
        s->record.start_time = task_start(task, false);
        s->record.start = vma->vm_start;
        s->record.end = vma->vm_end;
        s->record.offset = (__u64)vma->vm_pgoff << PAGE_SHIFT_UNIT;
        s->record.inode = BPF_CORE_READ(vma, vm_file, f_inode, i_ino);
        bpf_seq_write(c->meta->seq, &s->record, sizeof(s->record) + BOUNDED(size, EVENT_SNAPSHOT_PATH - 1));
        return 0;
}
