/* SPDX-License-Identifier: Apache-2.0 */
/* One file → an import. What it is tells its content: a zip, gzip, JSON with a record or the KEV catalogue,
 * or EPSS lines. */
#include "advisory/import.h"

#include "base/file.h"
#include "format/epss.h"
#include "format/kev.h"
#include "format/osv.h"
#include "format/zip.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <zlib.h>

enum import_kind import_recognise(int fd)
{
        char head[64];
        ssize_t size = pread(fd, head, sizeof(head), 0);
        struct span start = {head, size > 0 ? (size_t)size : 0};
        if (span_starts(start, "PK"))
                return KIND_ZIP;
        if (span_starts(start, "\x1f\x8b") || epss_recognise(start))
                return KIND_EPSS;
        if (span_starts(start, "\xef\xbb\xbf"))
                start = (struct span){start.data + 3, start.size - 3};
        start = span_trim(start);
        return span_starts(start, "{") ? KIND_JSON : KIND_UNKNOWN;
}

/* ---- archives ------------------------------------------------------------------------------------- */
static int read_at(void *context, uint64_t offset, void *to, size_t size)
{
        int fd = *(int *)context;
        for (size_t done = 0; done < size;) {
                ssize_t got = pread(fd, (char *)to + done, size - done, (off_t)(offset + done));
                if (got <= 0)
                        return got < 0 ? -errno : -EBADMSG; /* it shrank meanwhile */
                done += (size_t)got;
        }
        return 0;
}

static int import_entry(struct import *i, const struct zip *z, const struct zip_entry *entry,
                        struct buf *bytes, struct error *error)
{
        char name[300], shown[300];
        size_t size = MIN(entry->name.size, sizeof(name) - 1);
        memcpy(name, entry->name.data, size);
        name[size] = 0;
        if (!span_ends(entry->name, ".json"))
                return 0;
        buf_clear(bytes);
        int r = zip_read(z, entry, bytes);
        if (r == -EFBIG || r == -ENOTSUP) {
                struct error trouble;
                error_set(&trouble, r,
                          r == -EFBIG ? "absurdly large" : "encrypted, or packed in an unknown way");
                import_note(i, str_printable(shown, sizeof(shown), name), &trouble);
                return 0;
        }
        if (r < 0)
                return error_set(error, r, "%s is damaged at %s; fetch it again; nothing of it was imported",
                                 i->path, str_printable(shown, sizeof(shown), name));
        return import_record(i, str_printable(shown, sizeof(shown), name), bytes->data ? bytes->data : "",
                             bytes->size, error);
}

int import_zip(struct import *i, int fd, uint64_t size, struct error *error)
{
        _cleanup_zip_ struct zip z = {};
        struct zip_source source = {read_at, &fd, size};
        int r = zip_open(&source, &z);
        if (r < 0)
                return error_set(
                        error, r,
                        "%s is truncated or no zip archive; fetch it again; nothing of it was imported",
                        i->path);
        _cleanup_buf_ struct buf bytes = BUF_INIT(OSV_SIZE_MAX);
        struct zip_entry entry;
        uint64_t iterator = 0, done = 0;
        while ((r = zip_next(&z, &iterator, &entry)) > 0) {
                r = import_entry(i, &z, &entry, &bytes, error);
                if (r < 0)
                        return r;
                import_progress(i, ++done, z.count);
        }
        return r;
}

/* ---- KEV and EPSS ---------------------------------------------------------------------------------- */
int import_kev(struct import *i, const char *json, size_t size, struct error *error)
{
        _cleanup_arena_ struct arena memory = ARENA_INIT(64 << 20);
        _cleanup_kev_ struct kev_catalogue catalogue = {};
        int r = kev_parse(json, size, &memory, &catalogue, error);
        if (r == 0)
                r = database_run(i->db, "DELETE FROM kev", "importing", error);
        for (size_t n = 0; r == 0 && n < catalogue.entries.count; n++) {
                const struct kev_entry *entry = &catalogue.entries.items[n];
                sqlite3_stmt *s = database_statement(i->db, KEV_INSERT);
                if (s) {
                        bind_text(s, 1, entry->cve);
                        bind_text(s, 2, entry->added);
                        bind_text(s, 3, entry->due);
                        sqlite3_bind_int(s, 4, entry->ransomware);
                }
                r = database_step(i->db, s, "importing", error);
                i->result->records++;
        }
        return r < 0 ? r : import_source(i, "KEV", catalogue.released, error);
}

static int epss_store(struct import *i, const struct epss_score *score, struct error *error)
{
        sqlite3_stmt *s = database_statement(i->db, EPSS_INSERT);
        if (s) {
                bind_text(s, 1, score->cve);
                sqlite3_bind_double(s, 2, score->score);
                sqlite3_bind_double(s, 3, score->percentile);
        }
        i->result->records++;
        return database_step(i->db, s, "importing", error);
}

static int epss_lines(struct import *i, gzFile file, struct error *error)
{
        struct epss_reader reader = {};
        struct epss_score score;
        char line[256];
        int r = database_run(i->db, "DELETE FROM epss", "importing", error);
        while (r >= 0 && gzgets(file, line, sizeof(line))) {
                r = epss_line(&reader, span_of(line), &score, error);
                if (r > 0)
                        r = epss_store(i, &score, error);
                import_progress(i, reader.line, 0);
        }
        int code;
        gzerror(file, &code);
        if (r >= 0 && (code != Z_OK || !reader.header))
                return error_set(error, -EBADMSG, "%s: %s; nothing of it was imported", i->path,
                                 code != Z_OK ? "truncated or damaged" : "no EPSS scores");
        return r < 0 ? r : import_source(i, "EPSS", reader.date, error);
}

int import_epss(struct import *i, int fd, struct error *error)
{
        int own = dup(fd);
        gzFile file = own < 0 ? NULL : gzdopen(own, "rb");
        if (!file) {
                if (own >= 0)
                        close(own);
                return error_set(error, -ENOMEM, "out of memory");
        }
        int r = epss_lines(i, file, error);
        gzclose(file);
        return r;
}

/* ---- files ---------------------------------------------------------------------------------------- */
int import_json(struct import *i, int fd, struct error *error)
{
        _cleanup_buf_ struct buf bytes = BUF_INIT(KEV_SIZE_MAX);
        int r = file_read_fd(fd, &bytes);
        if (r == -EFBIG) {
                struct error trouble;
                error_set(&trouble, r, "absurdly large");
                import_note(i, i->path, &trouble);
                return 0;
        }
        if (r < 0)
                return error_set(error, r, "cannot read %s: %s", i->path, strerror(-r));
        size_t head = MIN(bytes.size, (size_t)4096);
        if (memmem(bytes.data, head, "\"catalogVersion\"", strlen("\"catalogVersion\"")) &&
            memmem(bytes.data, bytes.size, "\"cveID\"", strlen("\"cveID\""))) {
                r = import_kev(i, bytes.data, bytes.size, error);
                if (r != -ENODATA)
                        return r;
        }
        return import_record(i, i->path, bytes.data, bytes.size, error);
}

static int import_single(struct import *i, int fd, enum import_kind kind, uint64_t size, struct error *error)
{
        uint64_t skipped = i->result->skipped;
        int r = import_begin(i, error);
        if (r < 0)
                return r;
        if (kind == KIND_ZIP)
                r = import_zip(i, fd, size, error);
        else if (kind == KIND_EPSS)
                r = import_epss(i, fd, error);
        else
                r = import_json(i, fd, error);
        if (r >= 0)
                /* With a record skipped it is not all that there is: the copy from before stays. */
                r = import_end(i, kind == KIND_ZIP && i->result->skipped == skipped, error);
        if (r < 0)
                import_abort(i);
        return r;
}

const char *import_folder_name(const char *path, char to[static 256])
{
        const char *end = strrchr(path, '/'), *start = end;
        while (start && start > path && start[-1] != '/')
                start--;
        size_t size = end ? (size_t)(end - start) : 0;
        size = MIN(size, (size_t)255);
        if (size)
                memcpy(to, start, size);
        to[size] = 0;
        return to;
}

int import_open(const char *path, struct stat *ret, struct error *error)
{
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        if (fd < 0 || fstat(fd, ret) < 0)
                return error_set(error, -errno, "cannot open %s: %s", path, strerror(errno));
        return TAKE_FD(fd);
}

int import_file(const struct import *from, const char *path, struct error *error)
{
        struct stat st;
        char folder[256];
        _cleanup_close_ int fd = import_open(path, &st, error);
        if (fd < 0)
                return fd;
        struct import i = *from;
        i.path = path;
        if (!i.named)
                i.folder = import_folder_name(path, folder);
        enum import_kind kind = S_ISREG(st.st_mode) ? import_recognise(fd) : KIND_UNKNOWN;
        if (kind == KIND_UNKNOWN)
                return error_set(
                        error, -ENODATA,
                        "%s is no OSV record, all.zip, KEV catalogue or EPSS file; see usewear db --help",
                        path);
        return import_single(&i, fd, kind, (uint64_t)st.st_size, error);
}

void import_releases_forget(struct advisory_db *db)
{
        map_done(&db->releases); /* what matching remembered may change now */
        db->releases = (struct map){};
}
