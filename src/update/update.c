/* SPDX-License-Identifier: Apache-2.0 */
/* The index of an ecosystem says which records changed and when; a few changes are fetched one by one, many
 * of them as the archive. How far we are is remembered in the database itself, so that it is never ahead of
 * the data. */
#include "update/update.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "format/osv.h"
#include "format/osv_index.h"
#include "update/transfer.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

enum {
        INDEX_MAX = 256 << 20, /* bytes */
        FEW_CHANGES = 200,     /* fetched one by one; more come cheaper as an archive */
};
#define ARCHIVE_MAX (8ull << 30)

/* ---- names ------------------------------------------------------------------------------------------- */
/* "Red Hat" → "Red%20Hat": ecosystems are folders of the bucket. */
static char *url_of(const struct updater *u, const char *ecosystem, const char *file, struct arena *a)
{
        _cleanup_buf_ struct buf url = BUF_INIT(4096);
        buf_addf(&url, "%s/", u->url);
        for (const char *s = ecosystem; *s; s++) {
                if ((unsigned char)*s < 0x80 && (isalnum((unsigned char)*s) || strchr("-._~", *s)))
                        buf_add_char(&url, *s);
                else
                        buf_addf(&url, "%%%02X", (unsigned char)*s);
        }
        buf_addf(&url, "/%s", file);
        return url.error ? NULL : arena_strndup(a, url.data, url.size);
}

/* A file of its own for each thing that is fetched: "Red Hat" → "Red_Hat.zip". */
static char *path_of(const struct updater *u, const char *name, const char *suffix, struct arena *a)
{
        char *path = arena_printf(a, "%s/%s%s", u->folder, name, suffix);
        for (char *c = path ? path + strlen(u->folder) + 1 : NULL; c && *c; c++)
                if (!isalnum((unsigned char)*c) && !strchr(".-", *c))
                        *c = '_';
        return path;
}

static int remove_folder(const char *path)
{
        DIR *dir = opendir(path);
        for (struct dirent *entry; dir && (entry = readdir(dir));)
                if (entry->d_name[0] != '.')
                        unlinkat(dirfd(dir), entry->d_name, 0);
        if (dir)
                closedir(dir);
        return rmdir(path);
}

/* ---- what is remembered ------------------------------------------------------------------------------ */
/* "URL<TAB>ETag<TAB>newest s": of another mirror nothing is remembered. */
struct memory {
        const char *etag; /* or NULL */
        int64_t newest;   /* of the index; 0: never had all of it */
};

static int memory_read(struct updater *u, const char *name, const char *url, struct arena *a,
                       struct memory *ret, struct error *error)
{
        const char *text = NULL, *key = arena_printf(a, "update %s", name);
        *ret = (struct memory){};
        int r = key ? advisory_remark(u->db, key, a, &text, error) : -ENOMEM;
        struct span rest = span_of(text), from = {}, etag = {};
        uint64_t newest = 0;
        if (r < 0 || !span_cut(&rest, '\t', &from) || !span_equal(from, url) || !span_cut(&rest, '\t', &etag))
                return r;
        if (span_to_u64(rest, 10, &newest) < 0)
                return 0;
        ret->etag = etag.size ? arena_strndup(a, etag.data, etag.size) : NULL;
        ret->newest = (int64_t)newest;
        return 0;
}

static int memory_write(struct updater *u, const char *name, const char *url, const char *etag,
                        int64_t newest, struct arena *a, struct error *error)
{
        const char *key = arena_printf(a, "update %s", name);
        const char *text = arena_printf(a, "%s\t%s\t%lld", url, etag, (long long)MAX(newest, (int64_t)0));
        return key && text ? advisory_remark_set(u->db, key, text, error)
                           : error_set(error, -ENOMEM, "out of memory");
}

/* ---- the whole archive ------------------------------------------------------------------------------- */
static int update_whole(struct updater *u, const char *ecosystem, struct arena *a, struct update_result *to,
                        struct error *error)
{
        struct fetch_answer answer = {};
        const char *url = url_of(u, ecosystem, "all.zip", a), *path = path_of(u, ecosystem, ".zip", a);
        if (!url || !path)
                return error_set(error, -ENOMEM, "out of memory");
        int r = transfer_file(u, ecosystem, url, NULL, path, ARCHIVE_MAX, &answer, &to->bytes, error);
        if (r == 404)
                return error_set(error, -ENOENT, "%s: there is no %s; %s/ecosystems.txt names what there is",
                                 ecosystem, url, u->url);
        if (r < 0)
                return r;
        r = advisory_import_from(u->db, path, url, ecosystem, u->import_watch, &to->import, error);
        unlink(path);
        to->outcome = UPDATE_WHOLE;
        return r;
}

/* ---- single records ---------------------------------------------------------------------------------- */
struct index {
        struct buf ids;     /* all, one a line */
        struct buf changed; /* those that changed since */
        size_t count, changes;
        int64_t newest;
};

static int index_read(struct span text, int64_t since, struct index *to)
{
        struct osv_index_entry entry;
        int r;
        while ((r = osv_index_next(&text, &entry)) > 0) {
                buf_add(&to->ids, entry.id.data, entry.id.size);
                buf_add_char(&to->ids, '\n');
                to->count++;
                to->newest = MAX(to->newest, entry.modified);
                /* Two changes can have one second: those of the newest are asked for again. */
                if (entry.modified < since)
                        continue;
                buf_add(&to->changed, entry.id.data, entry.id.size);
                buf_add_char(&to->changed, '\n');
                to->changes++;
        }
        return r < 0 ? r : to->ids.error ? to->ids.error : to->changed.error;
}

static int fetch_record(struct updater *u, const char *ecosystem, const char *folder, struct span id,
                        struct arena *a, struct update_result *to, struct error *error)
{
        _cleanup_buf_ struct buf json = BUF_INIT(OSV_SIZE_MAX);
        struct fetch_answer answer = {};
        const char *name = arena_printf(a, "%.*s.json", (int)id.size, id.data);
        const char *url = name ? url_of(u, ecosystem, name, a) : NULL;
        const char *path = name ? arena_printf(a, "%s/%s", folder, name) : NULL;
        if (!url || !path)
                return error_set(error, -ENOMEM, "out of memory");
        int r = transfer_memory(u, ecosystem, url, NULL, &json, &answer, &to->bytes, error);
        if (r == 404)
                return 0; /* it went between the index and now; the next index says so */
        if (r < 0)
                return r;
        _cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
        r = fd < 0 ? -errno : file_write_fd(fd, json.data, json.size);
        return r < 0 ? error_set(error, r, "%s: cannot write %s: %s", ecosystem, path, strerror(-r)) : 0;
}

static int update_changes(struct updater *u, const char *ecosystem, const struct index *index,
                          struct arena *a, struct update_result *to, struct error *error)
{
        const char *folder = path_of(u, ecosystem, ".changes", a);
        struct span rest = {index->changed.data, index->changed.size}, id;
        size_t done = 0;
        if (!folder)
                return error_set(error, -ENOMEM, "out of memory");
        remove_folder(folder);
        int r = file_make_dirs(folder);
        if (r < 0)
                return error_set(error, r, "cannot make the folder %s: %s", folder, strerror(-r));
        while (r == 0 && rest.size && span_cut(&rest, '\n', &id)) {
                r = fetch_record(u, ecosystem, folder, id, a, to, error);
                if (u->watch && u->watch->progress)
                        u->watch->progress(u->watch->context, ecosystem, ++done, index->changes);
        }
        if (r == 0)
                r = advisory_import_changes(u->db, ecosystem, url_of(u, ecosystem, "all.zip", a), folder,
                                            (struct span){index->ids.data, index->ids.size}, u->import_watch,
                                            &to->import, &to->removed, error);
        remove_folder(folder);
        to->outcome = UPDATE_CHANGES;
        return r;
}

static int update_by_index(struct updater *u, const char *ecosystem, struct buf *csv,
                           const struct memory *memory, const char *etag, const char *url, struct arena *a,
                           struct update_result *to, struct error *error)
{
        struct index index = {.ids = BUF_INIT(INDEX_MAX), .changed = BUF_INIT(INDEX_MAX)};
        int r = index_read((struct span){csv->data, csv->size}, memory->newest, &index);
        if (r < 0)
                r = error_set(error, r, "%s: %s is no index of records", ecosystem, url);
        else if (!memory->newest || index.changes > FEW_CHANGES || !index.count)
                r = update_whole(u, ecosystem, a, to, error);
        else
                r = update_changes(u, ecosystem, &index, a, to, error);
        /* A skipped record was not had: it is asked for again with the next archive. */
        if (r == 0)
                r = memory_write(u, ecosystem, url, to->import.skipped ? "" : etag, index.newest, a, error);
        if (r == 0)
                r = advisory_confirm(u->db, ecosystem, error);
        buf_done(&index.ids);
        buf_done(&index.changed);
        return r;
}

static bool ecosystem_is_name(const char *name)
{
        return *name && *name != '.' && !strpbrk(name, "/:\t\n\\");
}

static int update_one(struct updater *u, const char *ecosystem, struct arena *a, struct update_result *to,
                      struct error *error)
{
        _cleanup_buf_ struct buf csv = BUF_INIT(INDEX_MAX);
        struct fetch_answer answer = {};
        struct memory memory;
        const char *url = url_of(u, ecosystem, "modified_id.csv", a);
        int r = url ? memory_read(u, ecosystem, url, a, &memory, error)
                    : error_set(error, -ENOMEM, "out of memory");
        if (r == 0)
                r = transfer_memory(u, ecosystem, url, memory.etag, &csv, &answer, &to->bytes, error);
        if (r == 304)
                return advisory_confirm(u->db, ecosystem, error);
        if (r == 404) { /* a mirror of the archives only */
                r = update_whole(u, ecosystem, a, to, error);
                return r < 0 ? r : advisory_confirm(u->db, ecosystem, error);
        }
        return r < 0 ? r : update_by_index(u, ecosystem, &csv, &memory, answer.etag, url, a, to, error);
}

int update_ecosystem(struct updater *u, const char *ecosystem, struct update_result *ret, struct error *error)
{
        _cleanup_arena_ struct arena a = ARENA_INIT(64 << 20);
        struct update_result result = {};
        if (!ecosystem_is_name(ecosystem))
                return error_set(error, -EINVAL,
                                 "'%s' is no ecosystem; they are named without release, as Debian, PyPI, npm",
                                 ecosystem);
        int r = file_make_dirs(u->folder);
        if (r < 0)
                return error_set(error, r, "cannot make the folder %s: %s", u->folder, strerror(-r));
        r = update_one(u, ecosystem, &a, &result, error);
        if (r < 0)
                return r;
        *ret = result;
        return 0;
}

/* ---- KEV, EPSS --------------------------------------------------------------------------------------- */
int update_file(struct updater *u, const char *name, const char *url, struct update_result *ret,
                struct error *error)
{
        _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
        struct update_result result = {};
        struct fetch_answer answer = {};
        struct memory memory;
        const char *path = path_of(u, name, ".file", &a);
        int r = path ? file_make_dirs(u->folder) : -ENOMEM;
        if (r < 0)
                return error_set(error, r, "cannot make the folder %s: %s", u->folder, strerror(-r));
        r = memory_read(u, name, url, &a, &memory, error);
        if (r == 0)
                r = transfer_file(u, name, url, memory.etag, path, INDEX_MAX, &answer, &result.bytes, error);
        if (r == 404)
                r = error_set(error, -ENOENT, "%s: there is no %s", name, url);
        if (r == 200) {
                result.outcome = UPDATE_WHOLE;
                r = advisory_import_from(u->db, path, url, name, u->import_watch, &result.import, error);
                unlink(path);
                if (r == 0)
                        r = memory_write(u, name, url, answer.etag, 0, &a, error);
        }
        if (r >= 0)
                r = advisory_confirm(u->db, name, error);
        if (r < 0)
                return r;
        *ret = result;
        return 0;
}
