/* SPDX-License-Identifier: Apache-2.0 */
#include "host/process.h"

#include <errno.h>

/* Packed in the order of the struct. The reader believes nothing: counts are bounded by the bytes that are
 * left, enumerators by their ranges. */

enum { LEAST_MAPPING = 8 * 8, LEAST_WORD = 8 }; /* bytes of one element on the wire, at least */

static void pack_root(const struct root *root, struct buf *to)
{
        wire_put_str(to, root->id);
        wire_put_str(to, root->description);
        wire_put_u64(to, root->device);
        wire_put_u64(to, root->inode);
        wire_put_u64(to, root->mount_ns);
}

static void pack_hint(const struct workload_hint *hint, struct buf *to)
{
        wire_put_u64(to, hint->kind);
        wire_put_str(to, hint->unit);
        wire_put_u64(to, hint->uid);
        wire_put_str(to, hint->container_id);
        wire_put_str(to, hint->runtime);
        wire_put_str(to, hint->pod_uid);
        wire_put_str(to, hint->path);
}

void process_pack(const struct process *p, struct buf *to)
{
        wire_put_u64(to, (uint64_t)p->pid);
        wire_put_u64(to, (uint64_t)p->ppid);
        wire_put_u64(to, p->start);
        wire_put_u64(to, p->uid);
        wire_put_u64(to, p->capabilities);
        wire_put_bytes(to, p->comm, strnlen(p->comm, sizeof(p->comm)));
        wire_put_str(to, p->exe);
        wire_put_u64(to, p->mount_ns);
        wire_put_u64(to, p->pid_ns);
        wire_put_u64(to, p->net_ns);
        wire_put_u64(to, p->cgroup_id);
        pack_root(&p->root, to);
        pack_hint(&p->hint, to);
        wire_put_str(to, p->workload_id);
        wire_put_str(to, p->workload_name);
        wire_put_str(to, p->instance);
        wire_put_u64(to, p->kernel);
        wire_put_u64(to, p->forked);
        wire_put_u64(to, p->setuid);
        wire_put_str(to, p->unreadable);
        wire_put_u64(to, p->mappings.count);
        vec_each (m, &p->mappings) {
                wire_put_u64(to, m->start);
                wire_put_u64(to, m->end);
                wire_put_u64(to, m->offset);
                wire_put_u64(to, m->inode);
                wire_put_u64(to, m->device);
                wire_put_u64(to, m->deleted);
                wire_put_u64(to, m->unprobed);
                wire_put_str(to, m->path);
        }
        wire_put_u64(to, p->sockets.count);
        vec_each (inode, &p->sockets)
                wire_put_u64(to, *inode);
        wire_put_str(to, p->socket_untold);
        wire_put_u64(to, p->python_paths.count);
        vec_each (path, &p->python_paths)
                wire_put_str(to, *path);
        wire_put_u64(to, p->places.count);
        vec_each (path, &p->places)
                wire_put_str(to, *path);
}

static void unpack_root(struct wire *from, struct arena *a, struct root *root)
{
        root->id = wire_get_str(from, a);
        root->description = wire_get_str(from, a);
        root->device = wire_get_u64(from);
        root->inode = wire_get_u64(from);
        root->mount_ns = wire_get_u64(from);
}

static void unpack_hint(struct wire *from, struct arena *a, struct workload_hint *hint)
{
        hint->kind = (enum workload_kind)wire_get_max(from, _WORKLOAD_KIND_MAX - 1);
        hint->unit = wire_get_str(from, a);
        hint->uid = (uint32_t)wire_get_max(from, UINT32_MAX);
        hint->container_id = wire_get_str(from, a);
        hint->runtime = wire_get_str(from, a);
        hint->pod_uid = wire_get_str(from, a);
        hint->path = wire_get_str(from, a);
}

static int unpack_arrays(struct wire *from, struct arena *a, struct process *p)
{
        uint64_t count = wire_get_max(from, from->left / LEAST_MAPPING);
        for (uint64_t i = 0; i < count && !from->failed; i++) {
                struct mapping *m = vec_add(&p->mappings);
                if (!m)
                        return -ENOMEM;
                m->start = wire_get_u64(from);
                m->end = wire_get_u64(from);
                m->offset = wire_get_u64(from);
                m->inode = wire_get_u64(from);
                m->device = (uint32_t)wire_get_max(from, UINT32_MAX);
                m->deleted = wire_get_max(from, 1);
                m->unprobed = wire_get_max(from, 1);
                m->path = wire_get_str(from, a);
                if (!m->path)
                        from->failed = true;
        }
        count = wire_get_max(from, from->left / LEAST_WORD);
        for (uint64_t i = 0; i < count && !from->failed; i++) {
                uint64_t *inode = vec_add(&p->sockets);
                if (!inode)
                        return -ENOMEM;
                *inode = wire_get_u64(from);
        }
        p->socket_untold = wire_get_str(from, a);
        count = wire_get_max(from, from->left / LEAST_WORD);
        for (uint64_t i = 0; i < count && !from->failed; i++) {
                const char **path = vec_add(&p->python_paths);
                if (!path)
                        return -ENOMEM;
                *path = wire_get_str(from, a);
                if (!*path)
                        from->failed = true;
        }
        count = wire_get_max(from, from->left / LEAST_WORD);
        for (uint64_t i = 0; i < count && !from->failed; i++) {
                const char **path = vec_add(&p->places);
                if (!path)
                        return -ENOMEM;
                *path = wire_get_str(from, a);
                if (!*path)
                        from->failed = true;
        }
        return 0;
}

int process_unpack(struct wire *from, struct arena *a, struct process *ret)
{
        struct process p = {};
        p.pid = (int)wire_get_max(from, INT32_MAX);
        p.ppid = (int)wire_get_max(from, INT32_MAX);
        p.start = wire_get_u64(from);
        p.uid = (uint32_t)wire_get_max(from, UINT32_MAX);
        p.capabilities = wire_get_u64(from);
        struct span comm = wire_get_bytes(from);
        if (comm.size)
                memcpy(p.comm, comm.data, MIN(comm.size, sizeof(p.comm) - 1));
        p.exe = wire_get_str(from, a);
        p.mount_ns = wire_get_u64(from);
        p.pid_ns = wire_get_u64(from);
        p.net_ns = wire_get_u64(from);
        p.cgroup_id = wire_get_u64(from);
        unpack_root(from, a, &p.root);
        unpack_hint(from, a, &p.hint);
        p.workload_id = wire_get_str(from, a);
        p.workload_name = wire_get_str(from, a);
        p.instance = wire_get_str(from, a);
        p.kernel = wire_get_max(from, 1);
        p.forked = wire_get_max(from, 1);
        p.setuid = wire_get_max(from, 1);
        p.unreadable = wire_get_str(from, a);
        int r = unpack_arrays(from, a, &p);
        if (r == 0)
                r = wire_end(from);
        /* Everything belongs to a workload, and who can be read has a root. */
        if (r == 0 && (!p.workload_id || !p.workload_name || (!p.unreadable && !p.root.id)))
                r = -EBADMSG;
        if (r < 0) {
                process_done(&p);
                return r;
        }
        *ret = p;
        return 0;
}
