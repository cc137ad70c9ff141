/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef USEWEAR_PATH_BPF_H
#define USEWEAR_PATH_BPF_H

/* Paths by hand, because bpf_d_path may be called from a few functions only: from the file up to the root
 * of the process, written backwards into a buffer. The answer is the one that the process itself would
 * get; what is too long loses its front, and then does not begin with a slash. */

#include "compat.bpf.h"
#include "event.h"

#define GONE " (deleted)" /* as the kernel's d_path says it */
enum { PATH_DEPTH = 48, NAME_SIZE = 256 };

/* The value, in a way that the verifier sees that it is at most `mask`, and the compiler does not optimise
 * away because it knows already. */
#define BOUNDED(value, mask)                                           \
        ({                                                             \
                __u64 _bounded = (value);                              \
                asm volatile("%0 &= %1" : "+r"(_bounded) : "i"(mask)); \
                _bounded;                                              \
        })
enum { PATH_AT = EVENT_PATH - 1, PATH_SIZE = 2 * EVENT_PATH - 1 }; /* masks for begin and size of a path */

/* Three times the size, so that what begins and is as large as the masks allow stays inside. Where the path
 * begins and ends stands beside it in memory, not in a register: the verifier does not follow what memory
 * holds, so that ways through the loop that differ in nothing else are one to it. Otherwise it walks through
 * all of them, for each of the steps. */
struct path_buffer {
        char text[3 * EVENT_PATH];
        volatile __u32 from; /* index of the first byte written */
        volatile __u32 end;  /* where it was before the first step */
};

struct path_walk {
        struct path at, root;
        struct dentry *top; /* of the mount */
};

/* What a step reads of a dentry. Where all of it lies side by side as here, which is so unless the kernel
 * shuffles its structures, one reading is enough. */
struct dentry_part {
        struct dentry *parent;
        __u32 hash, len;
        const unsigned char *name;
};

static __always_inline void dentry_read(struct dentry *from, struct dentry_part *to)
{
        __u64 parent = bpf_core_field_offset(from->d_parent);
        if (bpf_core_field_offset(from->d_name.len) == parent + __builtin_offsetof(struct dentry_part, len) &&
            bpf_core_field_offset(from->d_name.name) ==
                    parent + __builtin_offsetof(struct dentry_part, name)) {
                bpf_probe_read_kernel(to, sizeof(*to), (void *)from + parent);
                return;
        }
        to->parent = BPF_CORE_READ(from, d_parent);
        to->len = BPF_CORE_READ(from, d_name.len);
        to->name = BPF_CORE_READ(from, d_name.name);
}

static __always_inline bool path_prepend(struct path_buffer *to, const struct dentry_part *name)
{
        __u32 len = name->len < NAME_SIZE ? name->len : NAME_SIZE - 1;
        __u32 from = to->from;
        if (from < len + 1)
                return false;
        from -= len;
        bpf_probe_read_kernel(to->text + BOUNDED(from, PATH_AT), BOUNDED(len, NAME_SIZE - 1), name->name);
        from--;
        to->text[BOUNDED(from, PATH_AT)] = '/';
        to->from = from;
        return true;
}

/* One step up. False at the end. */
static __always_inline bool path_step(struct path_buffer *to, struct path_walk *walk)
{
        struct dentry *dentry = walk->at.dentry;
        struct vfsmount *mount = walk->at.mnt;
        if (dentry == walk->root.dentry && mount == walk->root.mnt)
                return false;
        if (dentry == walk->top) {
                struct mount *here = (void *)mount - bpf_core_field_offset(struct mount, mnt);
                struct mount *above = BPF_CORE_READ(here, mnt_parent);
                if (above == here || !above)
                        return false;
                walk->at.dentry = BPF_CORE_READ(here, mnt_mountpoint);
                mount = (void *)above + bpf_core_field_offset(struct mount, mnt);
                walk->at.mnt = mount;
                walk->top = BPF_CORE_READ(mount, mnt_root);
                return true;
        }
        struct dentry_part here = {};
        dentry_read(dentry, &here);
        if (!path_prepend(to, &here) || here.parent == dentry || !here.parent)
                return false;
        walk->at.dentry = here.parent;
        return true;
}

/* Where the path of `at` begins in the buffer; it ends, with its NUL, at EVENT_PATH. */
static __always_inline __u32 path_write(struct path_buffer *to, const struct path *at,
                                        const struct path *root)
{
        struct path_walk walk = {.at = *at, .root = *root, .top = BPF_CORE_READ(at->mnt, mnt_root)};
        to->text[EVENT_PATH - 1] = 0;
        to->from = to->end = EVENT_PATH - 1;
        if (!at->dentry || !at->mnt)
                return to->from;
        if (!BPF_CORE_READ(at->dentry, d_hash.pprev) && at->dentry != walk.top) {
                __builtin_memcpy(to->text + EVENT_PATH - sizeof(GONE), GONE, sizeof(GONE));
                to->from = to->end = EVENT_PATH - sizeof(GONE);
        }
        for (int i = 0; i < PATH_DEPTH && path_step(to, &walk); i++)
                ;
        __u32 end = to->end;
        if (to->from == end) {
                end--;
                to->text[BOUNDED(end, PATH_AT)] = '/';
                to->from = end;
        }
        return to->from;
}

#endif
