/* SPDX-License-Identifier: Apache-2.0 */

/* What others may write to meanwhile is read, never mapped: a part that is gone is an error, not a signal. */

#include "inventory/archive.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

static int read_part(void *context, uint64_t offset, void *to, size_t size)
{
        const struct archive *a = context;
        char *at = to;
        if (inventory_is_late(a->inv)) {
                a->inv->cut = true;
                return -ETIME;
        }
        while (size) {
                ssize_t got = pread(a->fd, at, size, (off_t)offset);
                if (got < 0 && errno == EINTR)
                        continue;
                if (got <= 0)
                        return got < 0 ? -errno : -EBADMSG; /* it became shorter */
                at += got;
                offset += (uint64_t)got;
                size -= (size_t)got;
        }
        return 0;
}

int archive_open(struct inventory *inv, const char *path, struct archive *ret)
{
        struct stat s;
        int fd = inventory_open(inv, path);
        *ret = (struct archive){.fd = fd, .inv = inv};
        if (fd < 0)
                return fd;
        if (fstat(fd, &s) < 0)
                return -errno;
        ret->source = (struct zip_source){read_part, ret, (uint64_t)s.st_size};
        return 0;
}

int archive_open_zip(struct inventory *inv, const char *path, struct archive *ret)
{
        int r = archive_open(inv, path, ret);
        return r < 0 ? r : zip_open(&ret->source, &ret->zip);
}

void archive_done(struct archive *a)
{
        zip_done(&a->zip);
        if (a->fd >= 0)
                close(a->fd);
        a->fd = -1;
}

static const char *reason(int r)
{
        return r == -ETIME     ? "no time was left for it"
               : r == -EFBIG   ? "larger than it may be, and left out"
               : r == -EDQUOT  ? "left out, because archives of this root unpack to more than is sane"
               : r == -ENOTSUP ? "packed or encrypted in a way that is not read"
                               : "damaged, and left out";
}

int archive_read(struct inventory *inv, const char *where, const struct zip *z, const struct zip_entry *entry,
                 struct buf *to)
{
        size_t before = to->size;
        int r = inv->inflatable ? zip_read(z, entry, to) : -EDQUOT;
        inv->inflatable -= MIN(inv->inflatable, (uint64_t)(to->size - before));
        inv->cut |= r == -EDQUOT;
        if (r < 0 && r != -ENOMEM)
                inventory_limit(inv, "%s!/%.*s: %s", where, (int)MIN(entry->name.size, (size_t)300),
                                entry->name.data, reason(r));
        return r;
}

int archive_result(struct inventory *inv, const char *path, int r)
{
        if (r == -ETIME)
                inventory_limit(inv, "%s: %s", path, reason(r));
        else if (r < 0 && r != -ENOMEM)
                inventory_limit(inv, "%s: not a readable archive", path);
        return r == -ENOMEM ? r : 0;
}
