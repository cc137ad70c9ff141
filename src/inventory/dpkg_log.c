/* SPDX-License-Identifier: Apache-2.0 */

/* The log tells which version a file came from that was replaced while a process had it mapped. Its
 * times are local times of the host; an hour too many or too few does not matter between upgrades. */

#include "inventory/reader.h"

#include "base/file.h"
#include "format/dpkg.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>
#include <zlib.h>

enum { LOG_SIZE = 16 << 20, MOST_ENTRIES = 200000, ROTATED = 12 };

static int64_t local_time(struct span text)
{
        char copy[32] = "";
        struct tm tm = {.tm_isdst = -1};
        memcpy(copy, text.data, MIN(text.size, sizeof(copy) - 1));
        return strptime(copy, "%Y-%m-%d %H:%M:%S", &tm) ? (int64_t)mktime(&tm) : 0;
}

static const char *copy(struct inventory *inv, struct span s)
{
        return s.size ? arena_strndup(&inv->arena, s.data, s.size) : NULL;
}

static int take_entries(struct inventory *inv, struct span text)
{
        struct dpkg_log_entry line;
        while (inv->log.count < MOST_ENTRIES && dpkg_log_next(&text, &line)) {
                struct log_entry *e = vec_add(&inv->log);
                if (!e)
                        return -ENOMEM;
                *e = (struct log_entry){.name = copy(inv, line.name),
                                        .arch = copy(inv, line.arch),
                                        .before = copy(inv, line.before),
                                        .after = copy(inv, line.after),
                                        .time = local_time(line.time)};
                if (!e->name)
                        return -ENOMEM;
        }
        return 0;
}

/* Plain or gzip: zlib reads both. */
static int read_log(struct inventory *inv, const char *path)
{
        int fd = file_open_in(inv->root_fd, path);
        if (fd < 0)
                return 0;
        gzFile file = gzdopen(fd, "rb");
        if (!file) {
                close(fd);
                return -ENOMEM;
        }
        _cleanup_buf_ struct buf text = BUF_INIT(LOG_SIZE);
        char chunk[16 * 1024];
        for (int n; (n = gzread(file, chunk, sizeof(chunk))) > 0 && buf_add(&text, chunk, (size_t)n) == 0;)
                ;
        gzclose(file);
        if (text.error == -ENOMEM)
                return -ENOMEM;
        return take_entries(inv, (struct span){text.data, text.size});
}

int inventory_read_dpkg_log(struct inventory *inv)
{
        int r = read_log(inv, "/var/log/dpkg.log");
        for (int i = 1; r == 0 && i <= ROTATED; i++)
                for (size_t k = 0; r == 0 && k < 2; k++) {
                        char path[64];
                        snprintf(path, sizeof(path), k ? "/var/log/dpkg.log.%d" : "/var/log/dpkg.log.%d.gz",
                                 i);
                        r = read_log(inv, path);
                }
        return r;
}
