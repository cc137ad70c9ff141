/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/native_find.h"

#include <errno.h>

/* What crosses from the worker is checked as if anybody could have written it. */

static void sites_pack(const struct native_site *sites, size_t count, struct buf *to)
{
        wire_put_u64(to, count);
        for (size_t i = 0; i < count; i++) {
                wire_put_u64(to, sites[i].offset);
                wire_put_u64(to, sites[i].counter);
                wire_put_u64(to, sites[i].stepped);
                wire_put_u64(to, sites[i].shared);
        }
}

static int sites_unpack(struct wire *from, struct arena *a, struct native_site **ret, size_t *ret_count)
{
        size_t count = wire_get_max(from, NATIVE_SITES_MOST);
        struct native_site *sites = arena_alloc(a, MAX(count, (size_t)1) * sizeof(*sites));
        if (!sites)
                return -ENOMEM;
        for (size_t i = 0; i < count; i++) {
                sites[i].offset = wire_get_u64(from);
                sites[i].counter = wire_get_u64(from);
                sites[i].stepped = wire_get_max(from, 1);
                sites[i].shared = wire_get_max(from, 1);
        }
        *ret = sites;
        *ret_count = count;
        return 0;
}

void native_function_pack(const struct native_function *f, struct buf *to)
{
        sites_pack(f->sites, f->site_count, to);
        sites_pack(f->guards, f->guard_count, to);
        wire_put_u64(to, f->entered);
        wire_put_u64(to, f->absent);
        wire_put_str(to, f->unknown);
        wire_put_str(to, f->partial);
}

int native_function_unpack(struct wire *from, struct arena *a, struct native_function *ret)
{
        struct native_function f = {};
        int r = sites_unpack(from, a, &f.sites, &f.site_count);
        if (r == 0)
                r = sites_unpack(from, a, &f.guards, &f.guard_count);
        if (r < 0)
                return r;
        f.entered = wire_get_max(from, 1);
        f.absent = wire_get_max(from, 1);
        f.unknown = wire_get_str(from, a);
        f.partial = wire_get_str(from, a);
        if (from->failed || (!f.site_count && !f.guard_count && !f.absent && !f.unknown))
                return -EBADMSG;
        *ret = f;
        return 0;
}
