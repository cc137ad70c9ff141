/* SPDX-License-Identifier: Apache-2.0 */
#include "prober/reply.h"

#include "base/map.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

/* Lists of packages, one after the other; how long they may be follows from the bytes that are there. */

enum { LEAST_PACKAGE = 8 * 8, LEAST_STRING = 8 }; /* bytes on the wire, at least */

static void packages_pack(const package_list *list, struct buf *to)
{
        wire_put_u64(to, list->count);
        vec_each (p, list)
                package_pack(p, to);
}

static int packages_unpack(struct wire *from, struct arena *a, package_list *to)
{
        uint64_t count = wire_get_max(from, from->left / LEAST_PACKAGE);
        for (uint64_t i = 0; i < count && !from->failed; i++) {
                struct package *p = vec_add(to);
                if (!p)
                        return -ENOMEM;
                int r = package_unpack(from, a, p);
                if (r < 0)
                        return r;
        }
        return 0;
}

void inventory_reply_pack(const struct inventory_reply *r, struct buf *to)
{
        wire_put_u64(to, r->cpu_ns);
        wire_put_u64(to, r->stamp);
        wire_put_u64(to, r->extent);
        wire_put_u64(to, r->late);
        packages_pack(&r->packages, to);
        wire_put_u64(to, r->limits.count);
        vec_each (limit, &r->limits)
                wire_put_str(to, *limit);
        wire_put_u64(to, r->owners.count);
        vec_each (o, &r->owners) {
                wire_put_str(to, o->unknown);
                wire_put_u64(to, o->count);
                for (size_t i = 0; i < o->count; i++)
                        wire_put_u64(to, o->packages[i]);
        }
}

static int owners_unpack(struct wire *from, struct arena *a, struct inventory_reply *to)
{
        uint64_t count = wire_get_max(from, from->left / (2 * LEAST_STRING));
        for (uint64_t i = 0; i < count && !from->failed; i++) {
                struct thing_owners *o = vec_add(&to->owners);
                if (!o)
                        return -ENOMEM;
                *o = (struct thing_owners){.unknown = wire_get_str(from, a)};
                size_t most = wire_get_max(from, from->left / sizeof(*o->packages));
                uint64_t *packages = arena_alloc(a, MAX(most, (size_t)1) * sizeof(*packages));
                if (!packages)
                        return -ENOMEM;
                for (size_t n = 0; n < most; n++) {
                        packages[n] = wire_get_u64(from);
                        if (packages[n] >= to->packages.count)
                                from->failed = true;
                }
                o->packages = packages;
                o->count = most;
        }
        return 0;
}

int inventory_reply_unpack(struct wire *from, struct arena *a, struct inventory_reply *ret)
{
        struct inventory_reply reply = {.cpu_ns = wire_get_u64(from), .stamp = wire_get_u64(from)};
        reply.extent = (enum inventory_extent)wire_get_max(from, INVENTORY_MORE);
        reply.late = wire_get_max(from, 1);
        reply.digest = map_hash(from->data, from->left);
        int r = packages_unpack(from, a, &reply.packages);
        uint64_t count = r == 0 ? wire_get_max(from, from->left / LEAST_STRING) : 0;
        for (uint64_t i = 0; i < count && r == 0 && !from->failed; i++) {
                const char **limit = vec_add(&reply.limits);
                if (!limit)
                        r = -ENOMEM;
                else if (!(*limit = wire_get_str(from, a)))
                        from->failed = true;
        }
        if (r == 0)
                r = owners_unpack(from, a, &reply);
        if (r == 0)
                r = wire_end(from);
        if (r < 0) {
                inventory_reply_done(&reply);
                return r;
        }
        *ret = reply;
        return 0;
}

void inventory_reply_done(struct inventory_reply *r)
{
        vec_done(&r->packages);
        vec_done(&r->limits);
        vec_done(&r->owners);
}

void file_reply_pack(const struct file_reply *r, struct buf *to)
{
        mapped_file_pack(&r->file, to);
        wire_put_u64(to, r->has_owner);
        if (r->has_owner)
                package_pack(&r->owner, to);
        packages_pack(&r->linked, to);
        wire_put_u64(to, r->copied);
        packages_pack(&r->doubted, to);
        wire_put_str(to, r->doubt);
}

int file_reply_unpack(struct wire *from, struct arena *a, struct file_reply *ret)
{
        struct file_reply reply = {};
        int r = mapped_file_unpack(from, a, &reply.file);
        if (r == 0) {
                reply.has_owner = wire_get_max(from, 1);
                if (reply.has_owner)
                        r = package_unpack(from, a, &reply.owner);
        }
        if (r == 0)
                r = packages_unpack(from, a, &reply.linked);
        if (r == 0) {
                reply.copied = wire_get_max(from, 1);
                r = packages_unpack(from, a, &reply.doubted);
        }
        if (r == 0)
                reply.doubt = wire_get_str(from, a);
        if (r == 0)
                r = wire_end(from);
        if (r < 0) {
                file_reply_done(&reply);
                return r;
        }
        *ret = reply;
        return 0;
}

void file_reply_done(struct file_reply *r)
{
        vec_done(&r->linked);
        vec_done(&r->doubted);
}

/* ---- functions -------------------------------------------------------------------------------------- */

int file_identity_of(int fd, struct file_identity *ret)
{
        struct statx st;
        if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_BASIC_STATS, &st) < 0)
                return -errno;
        *ret = (struct file_identity){
                .device_major = st.stx_dev_major,
                .device_minor = st.stx_dev_minor,
                .inode = st.stx_ino,
                .size = st.stx_size,
                .mtime_s = st.stx_mtime.tv_sec,
                .mtime_ns = st.stx_mtime.tv_nsec,
        };
        return 0;
}

void function_reply_pack(const struct function_reply *r, struct buf *to)
{
        wire_put_bytes(to, &r->identity, sizeof(r->identity));
        wire_put_str(to, r->object);
        wire_put_u64(to, r->count);
        for (size_t i = 0; i < r->count; i++) {
                native_function_pack(&r->functions[i], to);
                wire_put_str(to, r->owners[i]);
        }
        wire_put_u64(to, r->code_count);
        for (size_t i = 0; i < r->code_count; i++) {
                wire_put_u64(to, r->code[i].address);
                wire_put_u64(to, r->code[i].offset);
                wire_put_u64(to, r->code[i].size);
        }
}

int function_reply_unpack(struct wire *from, struct arena *a, struct function_reply *ret)
{
        struct function_reply reply = {};
        struct span identity = wire_get_bytes(from);
        reply.object = wire_get_str(from, a);
        reply.count = wire_get_max(from, NATIVE_FUNCTIONS_MOST);
        reply.functions = arena_alloc(a, MAX(reply.count, (size_t)1) * sizeof(*reply.functions));
        reply.owners = arena_alloc(a, MAX(reply.count, (size_t)1) * sizeof(*reply.owners));
        if (!reply.functions || !reply.owners)
                return -ENOMEM;
        for (size_t i = 0; i < reply.count; i++) {
                int r = native_function_unpack(from, a, &reply.functions[i]);
                if (r < 0)
                        return r;
                reply.owners[i] = wire_get_str(from, a);
        }
        reply.code_count = wire_get_max(from, FUNCTION_CODE_MOST);
        for (size_t i = 0; i < reply.code_count; i++) {
                reply.code[i].address = wire_get_u64(from);
                reply.code[i].offset = wire_get_u64(from);
                reply.code[i].size = wire_get_u64(from);
        }
        if (from->failed || identity.size != sizeof(reply.identity))
                return -EBADMSG;
        memcpy(&reply.identity, identity.data, sizeof(reply.identity));
        *ret = reply;
        return 0;
}

void calls_reply_pack(const bool *called, size_t count, bool slotless, struct buf *to)
{
        wire_put_u64(to, slotless);
        for (size_t i = 0; i < count; i++)
                wire_put_u64(to, called[i]);
}

int calls_reply_unpack(struct wire *from, bool *ret_called, size_t count, bool *ret_slotless)
{
        *ret_slotless = wire_get_max(from, 1);
        for (size_t i = 0; i < count; i++)
                ret_called[i] = wire_get_max(from, 1);
        return wire_end(from) < 0 ? -EBADMSG : 0;
}
