/* SPDX-License-Identifier: Apache-2.0 */
/* The set that is built into the program: minimised OSV records and the KEV catalogue, one JSON object a
 * line, xz-packed (tools/make-starter). It goes the way of every import, so nothing is true of it that is
 * not true of the rest; only ecosystems that were imported since are left alone. */
#include "advisory/import.h"

#include "base/clock.h"
#include "base/str.h"

#include <errno.h>
#include <inttypes.h>
#include <lzma.h>
#include <stdio.h>
#include <zlib.h>

extern const unsigned char starter_begin[], starter_end[];

enum { STARTER_LINE_MAX = 8 << 20, STARTER_MEMORY = 256 << 20 };

/* What tells this starter set from that of another build. */
static void starter_mark(char to[static 64])
{
        size_t size = (size_t)(starter_end - starter_begin);
        snprintf(to, 64, "%zu-%08lx", size, crc32(0, starter_begin, (uInt)size));
}

int starter_current(struct advisory_db *db, struct error *error)
{
        char mark[64];
        starter_mark(mark);
        sqlite3_stmt *get = database_statement(db, META_GET);
        if (get)
                bind_text(get, 1, "starter");
        int code = get ? sqlite3_step(get) : sqlite3_errcode(db->sql);
        if (code != SQLITE_ROW && code != SQLITE_DONE)
                return database_error(db, code, "reading", error);
        bool same = code == SQLITE_ROW && str_equal((const char *)sqlite3_column_text(get, 0), mark);
        statement_reset(&get);
        return same;
}

struct starter {
        struct import *import;
        struct buf line;
        struct span ecosystem; /* of the records that follow */
        char ecosystem_text[64];
        bool open, wanted; /* open: a transaction runs; wanted: this ecosystem was not imported */
};

/* 1: imported by somebody (not from a starter set), 0: not, or -errno. */
static int is_imported(struct advisory_db *db, const char *ecosystem, struct error *error)
{
        sqlite3_stmt *get = database_statement(db, SOURCE_GET);
        if (get)
                bind_text(get, 1, ecosystem);
        int code = get ? sqlite3_step(get) : sqlite3_errcode(db->sql);
        if (code != SQLITE_ROW && code != SQLITE_DONE)
                return database_error(db, code, "reading", error);
        bool imported = code == SQLITE_ROW && !sqlite3_column_int(get, 3);
        statement_reset(&get);
        return imported;
}

static int section_end(struct starter *s, struct error *error)
{
        if (!s->open)
                return 0;
        s->open = false;
        int r = import_end(s->import, true, error);
        if (r < 0)
                import_abort(s->import);
        return r;
}

/* The date of the databases: what the project's own table added is younger and makes them no fresher. */
static int64_t section_date(struct span text)
{
        char stamp[32];
        int64_t wall = 0;
        snprintf(stamp, sizeof(stamp), "%.*sT00:00:00Z", (int)MIN(text.size, (size_t)10), text.data);
        return clock_parse_rfc3339(stamp, &wall) < 0 ? 0 : wall;
}

static int section_begin(struct starter *s, struct span name, struct span date, struct error *error)
{
        int r = section_end(s, error);
        if (r < 0)
                return r;
        s->import->as_of = section_date(date);
        size_t size = MIN(name.size, sizeof(s->ecosystem_text) - 1);
        memcpy(s->ecosystem_text, name.data, size);
        s->ecosystem_text[size] = 0;
        s->import->folder = s->ecosystem_text;
        r = is_imported(s->import->db, s->ecosystem_text, error);
        s->wanted = r == 0;
        if (r != 0)
                return MIN(r, 0);
        r = import_begin(s->import, error);
        s->open = r == 0;
        if (r < 0)
                import_abort(s->import);
        return r;
}

static int starter_line(struct starter *s, struct span line, struct error *error)
{
        /* "# PyPI 2026-07-23 …" opens the section of an ecosystem. */
        if (span_starts(line, "# ")) {
                struct span rest = {line.data + 2, line.size - 2}, name, date = {};
                if (!span_cut(&rest, ' ', &name))
                        return 0;
                span_cut(&rest, ' ', &date);
                return section_begin(s, name, date, error);
        }
        if (!s->wanted || !line.size)
                return 0;
        if (!strcmp(s->ecosystem_text, "KEV"))
                return import_kev(s->import, line.data, line.size, error);
        return import_record(s->import, "starter set", line.data, line.size, error);
}

static int starter_lines(struct starter *s, lzma_stream *stream, struct error *error)
{
        uint8_t out[32 * 1024];
        lzma_ret status = LZMA_OK;
        stream->next_in = starter_begin;
        stream->avail_in = (size_t)(starter_end - starter_begin);
        while (status == LZMA_OK) {
                stream->next_out = out;
                stream->avail_out = sizeof(out);
                status = lzma_code(stream, LZMA_FINISH);
                struct span rest = {(const char *)out, sizeof(out) - stream->avail_out};
                while (rest.size) {
                        const char *end = memchr(rest.data, '\n', rest.size);
                        size_t size = end ? (size_t)(end - rest.data) : rest.size;
                        buf_add(&s->line, rest.data, size);
                        rest = (struct span){rest.data + size + (end != NULL),
                                             rest.size - size - (end != NULL)};
                        if (!end)
                                break;
                        int r = s->line.error
                                        ? s->line.error
                                        : starter_line(s, (struct span){s->line.data, s->line.size}, error);
                        if (r < 0)
                                return r;
                        buf_clear(&s->line);
                }
        }
        return status == LZMA_STREAM_END ? 0
                                         : error_set(error, -EBADMSG, "the built-in advisories are damaged");
}

int starter_apply(struct advisory_db *db, struct error *error)
{
        struct import_result result = {};
        struct import import = {
                .db = db, .result = &result, .path = "starter", .folder = "", .starter = true};
        struct starter s = {.import = &import, .line = BUF_INIT(STARTER_LINE_MAX)};
        lzma_stream stream = LZMA_STREAM_INIT;
        if (lzma_stream_decoder(&stream, STARTER_MEMORY, 0) != LZMA_OK)
                return error_set(error, -ENOMEM, "out of memory");
        int r = starter_lines(&s, &stream, error);
        if (r == 0)
                r = section_end(&s, error);
        if (r < 0 && s.open)
                import_abort(&import);
        lzma_end(&stream);
        buf_done(&s.line);
        if (r < 0)
                return r;
        char mark[64];
        starter_mark(mark);
        sqlite3_stmt *set = database_statement(db, META_SET);
        if (set) {
                bind_text(set, 1, "starter");
                bind_text(set, 2, mark);
        }
        return database_step(db, set, "storing the starter set", error);
}
