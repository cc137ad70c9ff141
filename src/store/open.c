/* SPDX-License-Identifier: Apache-2.0 */

/* The file is born with its rights, not given them later. */

#include "store/database.h"
#include "store/listed.h"
#include "store/names.h"
#include "store/schema.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

enum {
        BUSY_MS = 5000,        /* a look of somebody else takes less */
        NAME_CACHE = 64 << 20, /* bytes */
};

/* ---- files ------------------------------------------------------------------------------------------ */

static int make_file(const char *state_dir, struct store *s, struct error *error)
{
        int r = file_make_dirs(state_dir);
        if (r < 0)
                return error_set(error, r, "cannot make the folder %s: %s; choose another with --state DIR",
                                 state_dir, strerror(-r));
        _cleanup_close_ int fd = open(s->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0)
                return error_set(error, -errno, "cannot write %s: %s; choose another folder with --state DIR",
                                 s->path, strerror(errno));
        struct stat st;
        if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
                return error_set(error, -EINVAL, "cannot write %s: it is no regular file", s->path);
        /* A file that others could read is taken back; where it is not ours, it stays as it is. */
        if (st.st_mode & 077 && fchmod(fd, 0600) < 0 && errno != EPERM)
                return error_set(error, -errno, "cannot take the rights of others from %s: %s", s->path,
                                 strerror(errno));
        return 0;
}

/* Reading a WAL database needs its shared memory, which a folder without write permission refuses. Without
 * a log beside it the file alone is complete and can be read as it lies there. */
static bool can_read_alone(const struct store *s, struct arena *a)
{
        struct stat st;
        const char *log = arena_printf(a, "%s-wal", s->path);
        return log && (stat(log, &st) < 0 ? errno == ENOENT : !st.st_size);
}

static int connect(struct store *s, const char *name, int flags, struct error *error)
{
        int code = sqlite3_open_v2(name, &s->db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
        if (code != SQLITE_OK)
                return store_fail_code(s, code, error, "cannot open");
        sqlite3_busy_timeout(s->db, BUSY_MS);
        sqlite3_limit(s->db, SQLITE_LIMIT_LENGTH, 16 << 20);
        sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        sqlite3_db_config(s->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
        sqlite3_db_config(s->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
        sqlite3_db_config(s->db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
        return 0;
}

static int connect_reading(struct store *s, int *ret_version, struct error *error)
{
        if (access(s->path, R_OK) < 0)
                return errno == ENOENT
                               ? error_set(error, -ENOENT, "no history in %s yet: run usewear scan", s->path)
                               : error_set(error, -errno, "cannot read %s: %s%s", s->path, strerror(errno),
                                           errno == EACCES ? "; run as its owner" : "");
        int r = connect(s, s->path, SQLITE_OPEN_READONLY, error);
        if (r == 0)
                r = schema_check(s, ret_version, error);
        if ((r != -EACCES && r != -EROFS) || !can_read_alone(s, &s->arena))
                return r;
        sqlite3_close(s->db);
        s->db = NULL;
        /* A URI, so %-escaped: a '?' or '#' in the folder's name is no option. */
        const char *uri = "file:";
        for (const char *c = s->path; *c && uri; c++)
                uri = strchr("%?#", *c) ? arena_printf(&s->arena, "%s%%%02x", uri, (unsigned char)*c)
                                        : arena_printf(&s->arena, "%s%c", uri, *c);
        uri = uri ? arena_printf(&s->arena, "%s?immutable=1", uri) : NULL;
        if (!uri)
                return error_set(error, -ENOMEM, "out of memory");
        r = connect(s, uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, error);
        return r < 0 ? r : schema_check(s, ret_version, error);
}

/* ---- open, close -------------------------------------------------------------------------------------- */

static int open_writing(const char *state_dir, struct store *s, struct error *error)
{
        int version;
        int r = make_file(state_dir, s, error);
        if (r == 0)
                r = connect(s, s->path, SQLITE_OPEN_READWRITE, error);
        if (r == 0)
                r = schema_check(s, &version, error);
        /* Not synchronous=FULL: only a power cut could lose the last commits, and never the file. */
        if (r == 0)
                r = store_run(s, "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL", error, "cannot write");
        if (r == 0 && version < store_schema_version)
                r = schema_migrate(s, error);
        return r;
}

static int open_reading(struct store *s, struct error *error)
{
        int version = 0;
        int r = connect_reading(s, &version, error);
        if (r == 0 && !version)
                return error_set(error, -ENOENT, "no history in %s yet: run usewear scan", s->path);
        if (r == 0 && version < store_schema_version)
                return error_set(error, -EPROTO,
                                 "%s was written by an older Usewear: usewear scan brings it up to date",
                                 s->path);
        return r;
}

int store_open(const char *state_dir, enum store_mode mode, struct store **ret, struct error *error)
{
        _cleanup_store_ struct store *s = calloc(1, sizeof(*s));
        if (!s)
                return error_set(error, -ENOMEM, "out of memory");
        s->arena = ARENA_INIT(64 << 20);
        s->name_arena = ARENA_INIT(NAME_CACHE);
        s->path = arena_printf(&s->arena, "%s/evidence.db", state_dir);
        if (!s->path)
                return error_set(error, -ENOMEM, "out of memory");
        int r = mode == STORE_WRITE ? open_writing(state_dir, s, error) : open_reading(s, error);
        if (r == 0)
                *ret = TAKE_PTR(s);
        return r;
}

void store_rest(struct store *s)
{
        store_forget_names(s);
        sqlite3_db_release_memory(s->db);
}

struct store *store_close(struct store *s)
{
        if (!s)
                return NULL;
        for (size_t i = 0; i < _STATEMENT_MAX; i++)
                sqlite3_finalize(s->statements[i]);
        sqlite3_close(s->db);
        store_forget_names(s);
        listed_forget(s);
        arena_done(&s->arena);
        free(s);
        return NULL;
}
