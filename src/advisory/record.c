/* SPDX-License-Identifier: Apache-2.0 */
/* One OSV record → rows. The digest of its bytes is looked up first: a record that is already there costs
 * no parsing and no writing. Of the enumerated versions only those are stored that the ranges do not
 * imply; that is what makes 580,000 versions of PyPI a few hundred. */
#include "advisory/import.h"
#include "advisory/symbol_line.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/map.h"

#include <errno.h>
#include <stdio.h>

enum { DIGEST_KEPT = 32 }; /* hex digits: 128 bits */

int name_normalise(const char *ecosystem, const char *name, struct buf *to)
{
        bool python = !strcmp(ecosystem, "PyPI");
        /* Go's own names keep case, but package URLs of them are in lower case. */
        bool folds = python || !strcmp(ecosystem, "NuGet") || !strcmp(ecosystem, "Packagist") ||
                     !strcmp(ecosystem, "GitHub Actions") || !strcmp(ecosystem, "SwiftURL") ||
                     !strcmp(ecosystem, "Go");
        for (const char *at = name; *at; at++) {
                char c = folds && *at >= 'A' && *at <= 'Z' ? (char)(*at - 'A' + 'a') : *at;
                if (python && (c == '-' || c == '_' || c == '.')) {
                        c = '-';
                        at += strspn(at, "-_.") - 1;
                }
                buf_add_char(to, c);
        }
        return to->error;
}

void import_note(const struct import *i, const char *name, const struct error *trouble)
{
        i->result->skipped++;
        if (!i->watch || !i->watch->note)
                return;
        struct error sentence;
        error_set(&sentence, 0, "skipped %s: %s", name, trouble->text);
        i->watch->note(i->watch->context, sentence.text);
}

static void add_lines(struct buf *to, const osv_text_list *list)
{
        vec_each (text, list) {
                buf_add_str(to, *text);
                buf_add_char(to, '\n');
        }
}

static void add_severities(struct buf *to, const osv_severity_list *list)
{
        vec_each (severity, list)
                buf_addf(to, "%s\t%s\n", severity->type, severity->score);
}

/* Bind what was added to the scratch buffer since `from`, NULL if nothing. */
static void bind_added(sqlite3_stmt *s, int column, const struct buf *text, size_t from)
{
        if (!text->error && text->size > from)
                sqlite3_bind_text64(s, column, text->data + from, text->size - from, SQLITE_TRANSIENT,
                                    SQLITE_UTF8);
}

/* What earlier rows of the record knew of its symbols: Go's export merges roots with their callers, the
 * starter set has them apart, and an import of the export must not forget it. */
struct kinds {
        struct map known; /* "container<TAB>function" → "root" or "derived" */
        struct arena memory;
};

static void kinds_done(struct kinds *k)
{
        map_done(&k->known);
        arena_done(&k->memory);
}

static int kinds_add(struct kinds *k, struct span lines)
{
        static char names[][8] = {"root", "derived"};
        struct symbol_line l;
        while (symbol_line_next(&lines, &l))
                for (size_t n = 0; n < ARRAY_SIZE(names); n++) {
                        if (!span_equal(l.kind, names[n]))
                                continue;
                        /* Both lie in one line. */
                        size_t size = (size_t)(l.function.data + l.function.size - l.container.data);
                        char *key = arena_strndup(&k->memory, l.container.data, size);
                        if (!key || map_put(&k->known, key, size, names[n]) < 0)
                                return -ENOMEM;
                }
        return 0;
}

static int kinds_read(struct import *i, int64_t row, struct kinds *k, struct error *error)
{
        sqlite3_stmt *s = database_statement(i->db, AFFECTED_SYMBOLS);
        if (s)
                sqlite3_bind_int64(s, 1, row);
        int r = 0, code = s ? SQLITE_OK : sqlite3_errcode(i->db->sql);
        while (s && r == 0 && (code = sqlite3_step(s)) == SQLITE_ROW)
                r = kinds_add(k, span_of((const char *)sqlite3_column_text(s, 0)));
        statement_reset(&s);
        if (r < 0)
                return error_set(error, r, "out of memory");
        return code == SQLITE_DONE ? 0 : database_error(i->db, code, "storing a record", error);
}

static void add_symbol(struct buf *text, const struct osv_symbol *symbol, const struct kinds *k)
{
        const char *kind = symbol->kind;
        char key[OSV_ID_MAX * 2 + 2];
        int size = snprintf(key, sizeof(key), "%s\t%s", symbol->container, symbol->function);
        if (!strcmp(kind, "unspecified") && size < (int)sizeof(key)) {
                const char *known = map_get(&k->known, key, (size_t)size);
                kind = known ? known : kind;
        }
        symbol_line_write(text, symbol, kind);
}

static int affected_write(struct import *i, int64_t row, const struct osv_affected *affected,
                          const struct kinds *kinds, struct error *error)
{
        char base[64];
        size_t base_size = ecosystem_size(affected->ecosystem);
        if (base_size >= sizeof(base))
                return 0;
        memcpy(base, affected->ecosystem, base_size);
        base[base_size] = 0;
        const struct version_scheme *scheme = version_scheme_of(base);
        bool doubt = affected->custom_ranges;
        struct buf *text = &i->text;
        buf_clear(text);
        sqlite3_stmt *s = database_statement(i->db, AFFECTED_INSERT);
        if (!s)
                return database_step(i->db, s, "storing a record", error);
        sqlite3_bind_int64(s, 1, row);
        bind_text(s, 2, affected->ecosystem);
        name_normalise(base, affected->name, text);
        bind_added(s, 3, text, 0);
        buf_clear(text);
        range_write(affected, scheme, text, &doubt);
        struct span ranges = {text->data, text->size};
        bind_added(s, 4, text, 0);
        _cleanup_buf_ struct buf versions = BUF_INIT(OSV_SIZE_MAX);
        vec_each (version, &affected->versions) {
                struct span v = span_of(*version);
                if (scheme && scheme->valid(v) && range_contains(ranges, scheme, v))
                        continue;
                buf_add_str(&versions, *version);
                buf_add_char(&versions, '\n');
        }
        bind_added(s, 5, &versions, 0);
        buf_clear(text);
        add_severities(text, &affected->severities);
        bind_added(s, 6, text, 0);
        size_t symbols = text->size;
        vec_each (symbol, &affected->symbols)
                add_symbol(text, symbol, kinds);
        bind_added(s, 7, text, symbols);
        bind_text(s, 8, affected->urgency);
        sqlite3_bind_int(s, 9, doubt);
        bind_text(s, 10, affected->module);
        if (text->error || versions.error) {
                statement_reset(&s);
                return error_set(error, -EBADMSG, "its lists are too long");
        }
        return database_step(i->db, s, "storing a record", error);
}

static int record_write(struct import *i, const struct osv_record *record, const char *digest, int64_t row,
                        int64_t *ret_row, struct error *error)
{
        struct buf *text = &i->text;
        const osv_text_list *lists[] = {&record->aliases, &record->upstream, &record->related};
        sqlite3_stmt *s = database_statement(i->db, row ? RECORD_UPDATE : RECORD_INSERT);
        if (!s)
                return database_step(i->db, s, "storing a record", error);
        bind_text(s, 1, record->id);
        bind_text(s, 2, digest);
        sqlite3_bind_int64(s, 3, record->modified);
        sqlite3_bind_int64(s, 4, record->published);
        sqlite3_bind_int(s, 5, record->withdrawn);
        buf_clear(text);
        for (size_t n = 0; n < ARRAY_SIZE(lists); n++) {
                size_t from = text->size;
                add_lines(text, lists[n]);
                bind_added(s, 6 + (int)n, text, from);
        }
        size_t from = text->size;
        add_severities(text, &record->severities);
        bind_added(s, 9, text, from);
        bind_text(s, 10, record->rating);
        if (row)
                sqlite3_bind_int64(s, 11, row);
        int r = database_step(i->db, s, "storing a record", error);
        *ret_row = row ? row : sqlite3_last_insert_rowid(i->db->sql);
        return r;
}

static int rows_replace(struct import *i, const struct osv_record *record, const char *digest, int64_t row,
                        int64_t *ret_row, struct error *error)
{
        __attribute__((cleanup(kinds_done))) struct kinds kinds = {.memory = ARENA_INIT(16 << 20)};
        int r = record_write(i, record, digest, row, ret_row, error);
        if (r == 0 && row)
                r = kinds_read(i, row, &kinds, error);
        if (r == 0 && row) {
                sqlite3_stmt *s = database_statement(i->db, AFFECTED_DELETE);
                if (s)
                        sqlite3_bind_int64(s, 1, row);
                r = database_step(i->db, s, "storing a record", error);
        }
        /* Withdrawn: the record stays known, so that an older copy does not come back, and affects nothing.
         */
        for (size_t n = 0; r == 0 && !record->withdrawn && n < record->affected.count; n++) {
                const struct osv_affected *affected = &record->affected.items[n];
                if (affected->ranges.count || affected->versions.count)
                        r = affected_write(i, *ret_row, affected, &kinds, error);
        }
        return r;
}

static int record_seen(struct import *i, int64_t row, struct error *error)
{
        sqlite3_stmt *s = database_statement(i->db, SEEN_INSERT);
        if (s)
                sqlite3_bind_int64(s, 1, row);
        return database_step(i->db, s, "storing a record", error);
}

/* The row of a stored record, 0 if there is none; *ret_modified only for RECORD_BY_ID. */
static int record_find(struct import *i, enum statement how, const char *key, int64_t *ret_row,
                       int64_t *ret_modified, struct error *error)
{
        sqlite3_stmt *s = database_statement(i->db, how);
        if (s)
                bind_text(s, 1, key);
        int code = s ? sqlite3_step(s) : sqlite3_errcode(i->db->sql);
        if (code != SQLITE_ROW && code != SQLITE_DONE)
                return database_error(i->db, code, "reading", error);
        *ret_row = code == SQLITE_ROW ? sqlite3_column_int64(s, 0) : 0;
        if (ret_modified && *ret_row)
                *ret_modified = sqlite3_column_int64(s, 1);
        statement_reset(&s);
        return 0;
}

int import_record(struct import *i, const char *name, const char *json, size_t size, struct error *error)
{
        char digest[DIGEST_HEX];
        int64_t row, modified;
        digest_bytes(json, size, digest);
        digest[DIGEST_KEPT] = 0;
        int r = record_find(i, RECORD_BY_DIGEST, digest, &row, NULL, error);
        if (r < 0)
                return r;
        if (row) {
                i->result->unchanged++;
                return record_seen(i, row, error);
        }
        _cleanup_arena_ struct arena memory = ARENA_INIT(4 * OSV_SIZE_MAX);
        _cleanup_osv_ struct osv_record record = {};
        struct error trouble = {};
        r = osv_parse(json, size, &memory, &record, &trouble);
        if (r < 0 && r != -ENOMEM) {
                import_note(i, name, &trouble);
                return 0;
        }
        if (r < 0)
                return error_set(error, r, "%s", trouble.text);
        r = record_find(i, RECORD_BY_ID, record.id, &row, &modified, error);
        if (r < 0)
                return r;
        if (row && modified > record.modified) {
                i->result->unchanged++; /* the same id lies in several files; the newest counts */
                return record_seen(i, row, error);
        }
        r = rows_replace(i, &record, digest, row, &row, error);
        if (r < 0)
                return r;
        i->result->records++;
        return record_seen(i, row, error);
}
