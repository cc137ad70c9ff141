/* SPDX-License-Identifier: Apache-2.0 */

/* SQLite opens files by name, and looks for a journal beside them: neither may happen with a file of a
 * foreign root. So it gets a file system of one unchanging file, which is our descriptor. */

#include "inventory/sqlite_file.h"

#include <errno.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { LONGEST_BLOB = 64 << 20, STEPS = 1000000, MOST_STEPS = 2000 };

struct open_file {
        sqlite3_file base;
        int fd;
};

struct one_file {
        sqlite3_vfs base;
        int fd;
};

static int file_close(sqlite3_file *f)
{
        (void)f;
        return SQLITE_OK;
}

static int file_read(sqlite3_file *f, void *to, int size, sqlite3_int64 offset)
{
        ssize_t got = pread(((struct open_file *)f)->fd, to, (size_t)size, offset);
        if (got < 0)
                return SQLITE_IOERR_READ;
        if (got == size)
                return SQLITE_OK;
        memset((char *)to + got, 0, (size_t)(size - got));
        return SQLITE_IOERR_SHORT_READ;
}

static int file_write(sqlite3_file *f, const void *from, int size, sqlite3_int64 offset)
{
        (void)f;
        (void)from;
        (void)size;
        (void)offset;
        return SQLITE_READONLY;
}

static int file_truncate(sqlite3_file *f, sqlite3_int64 size)
{
        (void)f;
        (void)size;
        return SQLITE_READONLY;
}

static int file_number(sqlite3_file *f, int number)
{
        (void)f;
        (void)number;
        return SQLITE_OK;
}

static int file_size(sqlite3_file *f, sqlite3_int64 *ret)
{
        struct stat s;
        if (fstat(((struct open_file *)f)->fd, &s) < 0)
                return SQLITE_IOERR_FSTAT;
        *ret = s.st_size;
        return SQLITE_OK;
}

static int file_reserved(sqlite3_file *f, int *ret)
{
        (void)f;
        *ret = 0;
        return SQLITE_OK;
}

static int file_control(sqlite3_file *f, int what, void *argument)
{
        (void)f;
        (void)what;
        (void)argument;
        return SQLITE_NOTFOUND;
}

static int file_sector(sqlite3_file *f)
{
        (void)f;
        return 4096;
}

static int file_traits(sqlite3_file *f)
{
        (void)f;
        return SQLITE_IOCAP_IMMUTABLE; /* no locks, no journal, and a write-ahead log is left alone */
}

static const sqlite3_io_methods methods = {.iVersion = 1,
                                           .xClose = file_close,
                                           .xRead = file_read,
                                           .xWrite = file_write,
                                           .xTruncate = file_truncate,
                                           .xSync = file_number,
                                           .xFileSize = file_size,
                                           .xLock = file_number,
                                           .xUnlock = file_number,
                                           .xCheckReservedLock = file_reserved,
                                           .xFileControl = file_control,
                                           .xSectorSize = file_sector,
                                           .xDeviceCharacteristics = file_traits};

static int vfs_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *file, int flags, int *ret_flags)
{
        (void)name;
        struct open_file *f = (struct open_file *)file;
        *f = (struct open_file){};
        if (!(flags & SQLITE_OPEN_MAIN_DB))
                return SQLITE_CANTOPEN; /* nothing is written, so nothing else is needed */
        f->base.pMethods = &methods;
        f->fd = ((struct one_file *)vfs)->fd;
        if (ret_flags)
                *ret_flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_MAIN_DB;
        return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
        (void)vfs;
        (void)name;
        (void)sync;
        return SQLITE_READONLY;
}

static int vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *ret)
{
        (void)vfs;
        (void)name;
        (void)flags;
        *ret = 0;
        return SQLITE_OK;
}

static int vfs_path(sqlite3_vfs *vfs, const char *name, int size, char *to)
{
        (void)vfs;
        return snprintf(to, (size_t)size, "%s", name) < size ? SQLITE_OK : SQLITE_CANTOPEN;
}

static int vfs_random(sqlite3_vfs *vfs, int size, char *to)
{
        (void)vfs;
        memset(to, 0, (size_t)size);
        return size;
}

static int vfs_sleep(sqlite3_vfs *vfs, int microseconds)
{
        (void)vfs;
        return microseconds;
}

static int vfs_time(sqlite3_vfs *vfs, double *ret)
{
        (void)vfs;
        *ret = 0;
        return SQLITE_OK;
}

static int vfs_error(sqlite3_vfs *vfs, int size, char *to)
{
        (void)vfs;
        (void)size;
        (void)to;
        return 0;
}

/* A database can be made to compute for ever. */
static int count_steps(void *context)
{
        return ++*(int *)context > MOST_STEPS;
}

static int walk_rows(sqlite3 *db, const char *query, sqlite_row handler, void *context)
{
        sqlite3_stmt *rows = NULL;
        int r = 0, step;
        if (sqlite3_prepare_v2(db, query, -1, &rows, NULL) != SQLITE_OK)
                return -EBADMSG;
        int count = MIN(sqlite3_column_count(rows), SQLITE_COLUMNS);
        while ((step = sqlite3_step(rows)) == SQLITE_ROW && r == 0) {
                struct span columns[SQLITE_COLUMNS] = {};
                for (int i = 0; i < count; i++) {
                        const char *bytes = sqlite3_column_blob(rows, i);
                        int size = sqlite3_column_bytes(rows, i);
                        if (bytes && size > 0)
                                columns[i] = (struct span){bytes, (size_t)size};
                }
                r = handler(context, columns);
        }
        sqlite3_finalize(rows);
        return r ? r : step == SQLITE_DONE ? 0 : step == SQLITE_NOMEM ? -ENOMEM : -EBADMSG;
}

int sqlite_file_query(int fd, const char *query, sqlite_row handler, void *context)
{
        struct one_file vfs = {.base = {.iVersion = 1,
                                        .szOsFile = sizeof(struct open_file),
                                        .mxPathname = PATH_MAX,
                                        .zName = "usewear-one-file",
                                        .xOpen = vfs_open,
                                        .xDelete = vfs_delete,
                                        .xAccess = vfs_access,
                                        .xFullPathname = vfs_path,
                                        .xRandomness = vfs_random,
                                        .xSleep = vfs_sleep,
                                        .xCurrentTime = vfs_time,
                                        .xGetLastError = vfs_error},
                               .fd = fd};
        sqlite3 *db = NULL;
        int steps = 0, r = -ENOMEM;
        if (sqlite3_vfs_register(&vfs.base, 0) != SQLITE_OK)
                return -ENOMEM;
        if (sqlite3_open_v2("database", &db, SQLITE_OPEN_READONLY, vfs.base.zName) == SQLITE_OK) {
                sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
                sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
                sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
                sqlite3_limit(db, SQLITE_LIMIT_LENGTH, LONGEST_BLOB);
                sqlite3_progress_handler(db, STEPS, count_steps, &steps);
                r = walk_rows(db, query, handler, context);
        }
        sqlite3_close(db);
        sqlite3_vfs_unregister(&vfs.base);
        return r;
}
