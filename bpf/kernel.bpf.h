/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef USEWEAR_KERNEL_BPF_H
#define USEWEAR_KERNEL_BPF_H

/* The kernel as far as these programs look at it, declared by hand: only the fields that are read, in any
 * order. libbpf moves every access to where the running kernel has the field (CO-RE), so that one object
 * serves all kernels and the build needs neither BTF nor a generated vmlinux.h. */

typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long long __u64;
typedef signed char __s8;
typedef short __s16;
typedef int __s32;
typedef long long __s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;
typedef _Bool bool;
enum { false, true };
#define NULL ((void *)0)

/* linux/bpf.h */
enum bpf_map_type {
        BPF_MAP_TYPE_HASH = 1,
        BPF_MAP_TYPE_ARRAY = 2,
        BPF_MAP_TYPE_PERCPU_ARRAY = 6,
        BPF_MAP_TYPE_LRU_HASH = 9,
        BPF_MAP_TYPE_RINGBUF = 27,
};
enum { BPF_ANY = 0, BPF_NOEXIST = 1, BPF_F_MMAPABLE = 1 << 10 };
enum bpf_func_id {
        BPF_FUNC_get_current_task_btf = 158,
        BPF_FUNC_get_attach_cookie = 174,
        BPF_FUNC_task_pt_regs = 175,
};
enum { BPF_RB_NO_WAKEUP = 1, BPF_RB_FORCE_WAKEUP = 2, BPF_RB_AVAIL_DATA = 0 };

/* asm-generic/errno.h */
enum { ENOENT = 2, EAGAIN = 11, EFAULT = 14, EEXIST = 17 };

/* linux/mm.h, linux/magic.h, linux/sched/signal.h, net/tcp_states.h, linux/socket.h */
enum { VM_WRITE = 2, VM_EXEC = 4, VM_MAYSHARE = 0x80 };
enum { PAGE_SHIFT_UNIT = 12 };
enum { OVERLAYFS_SUPER_MAGIC = 0x794c7630 };
enum { SIGNAL_GROUP_EXIT = 4 };
enum { SIGTRAP = 5, SIGNAL_OF_STATUS = 0x7f };
enum { X86_BREAKPOINT_SIZE = 1 }; /* int3 */
enum { TCP_SYN_SENT = 2, TCP_CLOSE = 7, TCP_LISTEN = 10 };
enum { AF_INET = 2, AF_INET6 = 10, IPPROTO_TCP = 6 };

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

/* ---- files ---- */
struct qstr {
        __u32 len;
        const unsigned char *name;
};

struct hlist_bl_node {
        struct hlist_bl_node **pprev;
};

struct super_block {
        __u32 s_dev;
        unsigned long s_magic;
};

struct dentry {
        struct super_block *d_sb;
        struct hlist_bl_node d_hash;
        struct dentry *d_parent;
        struct qstr d_name;
};

struct vfsmount {
        struct super_block *mnt_sb;
        struct dentry *mnt_root;
};

struct mount {
        struct mount *mnt_parent;
        struct dentry *mnt_mountpoint;
        struct vfsmount mnt;
};

struct path {
        struct vfsmount *mnt;
        struct dentry *dentry;
};

struct inode {
        struct super_block *i_sb;
        unsigned long i_ino;
        __u32 i_generation;
};

struct file {
        __u32 f_mode;
        struct path f_path;
        struct inode *f_inode;
};

struct backing_file {
        struct file file;
        struct path user_path;
};

struct fs_struct {
        struct path root, pwd;
};

/* ---- memory ---- */
struct mm_struct {
        unsigned long arg_start, arg_end;
        struct file *exe_file;
};

struct vm_area_struct {
        unsigned long vm_start, vm_end, vm_pgoff, vm_flags;
        struct mm_struct *vm_mm;
        struct file *vm_file;
};

/* ---- tasks ---- */
typedef struct {
        __u32 val;
} kuid_t;

struct cred {
        kuid_t uid;
};

struct ns_common {
        unsigned int inum;
};

struct mnt_namespace {
        struct ns_common ns;
};

struct pid_namespace {
        struct ns_common ns;
};

struct nsproxy {
        struct mnt_namespace *mnt_ns;
};

struct upid {
        int nr;
        struct pid_namespace *ns;
};

struct pid {
        unsigned int level;
        struct upid numbers[1];
};

struct kernfs_node {
        __u64 id;
};

struct cgroup_root {
        int hierarchy_id;
};

struct cgroup {
        struct kernfs_node *kn;
        struct cgroup_root *root;
};

struct cgroup_subsys_state {
        struct cgroup *cgroup;
};

struct css_set {
        struct cgroup_subsys_state *subsys[16];
        struct cgroup *dfl_cgrp;
};

typedef struct {
        int counter;
} atomic_t;

struct signal_struct {
        atomic_t live;
        int nr_threads;
        int group_exit_code;
        unsigned int flags;
        unsigned long nvcsw, nivcsw;
        __u64 sum_sched_runtime;
};

struct sched_entity {
        __u64 sum_exec_runtime;
};

struct task_struct {
        int pid, tgid;
        int exit_code;
        char comm[16];
        __u64 start_boottime;
        struct mm_struct *mm;
        struct fs_struct *fs;
        struct task_struct *real_parent, *group_leader;
        struct signal_struct *signal;
        const struct cred *real_cred;
        struct nsproxy *nsproxy;
        struct pid *thread_pid;
        struct css_set *cgroups;
        int on_cpu;
        unsigned long nvcsw, nivcsw;
        struct sched_entity se;
};

/* ---- registers ---- */
struct pt_regs {
        unsigned long ip, orig_ax; /* x86 */
};

struct user_pt_regs { /* arm64: what its pt_regs begins with */
        __u64 pc;
};

/* ---- sockets ---- */
struct in6_addr {
        union {
                __u8 u6_addr8[16];
                __u32 u6_addr32[4];
        } in6_u;
};

struct sock_common {
        __be32 skc_daddr, skc_rcv_saddr;
        __be16 skc_dport;
        __u16 skc_num;
        unsigned short skc_family;
        struct in6_addr skc_v6_daddr, skc_v6_rcv_saddr;
};

struct sock {
        struct sock_common __sk_common;
        __u16 sk_protocol;
};

struct trace_event_raw_sched_process_exit {
        bool group_dead;
};

struct trace_event_raw_inet_sock_set_state {
        const void *skaddr;
        int oldstate, newstate;
};

/* ---- iterators ---- */
struct seq_file;

struct bpf_iter_meta {
        struct seq_file *seq;
};

struct bpf_iter__task {
        struct bpf_iter_meta *meta;
        struct task_struct *task;
};

struct bpf_iter__task_vma {
        struct bpf_iter_meta *meta;
        struct task_struct *task;
        struct vm_area_struct *vma;
};

#pragma clang attribute pop

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#endif
