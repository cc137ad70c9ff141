/* SPDX-License-Identifier: Apache-2.0 */
/* usewear db show: everything that the database knows of one bug, and where each piece comes from. */
#include "base/clock.h"
#include "base/log.h"
#include "cli/db.h"
#include "cli/findings.h"
#include "format/osv.h"
#include "report/text.h"

#include <errno.h>
#include <stdio.h>

enum { SHOW_MEMORY = 256 << 20, MOST_AFFECTED = 40, LINE = 8192 };

/* "0 ≤ v < 2.11.3" from lines "i0", "f2.11.3"; ranges are separated by " or ". */
static void put_ranges(struct buf *to, const char *ranges)
{
        struct span rest = span_of(ranges);
        bool open = false, first = true;
        while (rest.size) {
                const char *end = memchr(rest.data, '\n', rest.size);
                struct span line = {rest.data, end ? (size_t)(end - rest.data) : rest.size};
                rest = (struct span){line.data + line.size + (end != NULL),
                                     rest.size - line.size - (end != NULL)};
                if (!line.size)
                        continue;
                int size = (int)line.size - 1;
                const char *version = line.data + 1;
                switch (line.data[0]) {
                case OSV_INTRODUCED:
                        buf_addf(to, size == 1 && *version == '0' ? "%sall" : "%sfrom %.*s",
                                 first ? "" : ", ", size, version);
                        open = true;
                        break;
                case OSV_FIXED:
                        buf_addf(to, "%sbefore %.*s", first ? "" : open ? " " : ", ", size, version);
                        break;
                case OSV_LAST_AFFECTED:
                        buf_addf(to, "%sup to %.*s", first ? "" : open ? " " : ", ", size, version);
                        break;
                default:
                        break;
                }
                first = false;
        }
}

static void put_affected(struct buf *to, const struct shown_affected *a)
{
        buf_addf(to, "    %s %s: ", a->ecosystem, a->name);
        if (a->ranges)
                put_ranges(to, a->ranges);
        size_t versions = 0;
        for (const char *at = a->version_list; at && *at; at++)
                versions += *at == '\n';
        if (versions)
                buf_addf(to, "%s%zu listed version%s", a->ranges ? ", and " : "", versions,
                         versions == 1 ? "" : "s");
        if (a->urgency)
                buf_addf(to, " (%s)", a->urgency);
        buf_add_char(to, '\n');
}

static void put_record(struct buf *to, const struct shown_record *r)
{
        char modified[DB_DAY];
        buf_addf(to, "\n  %s%s, modified %s", r->id, r->withdrawn ? " (withdrawn)" : "",
                 db_day(r->modified, modified));
        if (r->severity.rating)
                buf_addf(to, ", %s", r->severity.rating);
        if (r->severity.score >= 0 && r->severity.vector)
                buf_addf(to, " %.1f %s", r->severity.score, r->severity.vector);
        buf_addf(to, "\n    https://osv.dev/vulnerability/%s\n", r->id);
        for (size_t i = 0; i < r->affected.count && i < MOST_AFFECTED; i++)
                put_affected(to, &r->affected.items[i]);
        if (r->affected.count > MOST_AFFECTED)
                buf_addf(to, "    … and %zu more: --json\n", r->affected.count - MOST_AFFECTED);
}

static void put_text(struct buf *to, const struct shown_bug *s)
{
        const struct bug *b = &s->bug;
        buf_addf(to, "%s", b->id);
        for (size_t i = 0; i < b->alias_count; i++)
                buf_addf(to, "%s%s", i ? ", " : "  also ", b->aliases[i]);
        buf_add_char(to, '\n');
        if (b->kev_added)
                buf_addf(to, "  known exploited (KEV) since %s%s\n", b->kev_added,
                         b->kev_ransomware ? ", by ransomware too" : "");
        if (b->epss >= 0)
                buf_addf(to, "  EPSS %.1f %% within 30 days, above %.0f %% of all (%s)\n", b->epss * 100,
                         b->epss_percentile * 100, b->epss_date);
        vec_each (r, &s->records)
                put_record(to, r);
        if (b->symbol_count)
                buf_add_str(to, "\n  functions\n");
        for (size_t i = 0; i < b->symbol_count && i < MOST_AFFECTED; i++) {
                const struct symbol *f = &b->symbols[i];
                buf_addf(to, "    %-11s  %s%s%s  (%s)\n", f->kind, f->container, *f->container ? " " : "",
                         f->function, f->source);
        }
        if (b->symbol_count > MOST_AFFECTED)
                buf_addf(to, "    … and %zu more: --json\n", b->symbol_count - MOST_AFFECTED);
}

/* Foreign names may hold terminal escapes; line ends are ours. */
static int print_text(struct buf *text)
{
        for (size_t i = 0; i < text->size; i++)
                if ((unsigned char)text->data[i] < ' ' && text->data[i] != '\n')
                        text->data[i] = '?';
        return findings_write(text) < 0 ? EXIT_USAGE : 0;
}

static void ranges_json(struct json *j, const char *ranges)
{
        static const struct {
                char kind;
                const char *name;
        } kinds[] = {{OSV_INTRODUCED, "introduced"},
                     {OSV_FIXED, "fixed"},
                     {OSV_LAST_AFFECTED, "last_affected"},
                     {OSV_LIMIT, "limit"}};
        struct span rest = span_of(ranges), line;
        char text[2048];
        json_array(j, "ranges");
        if (rest.size)
                json_array(j, NULL);
        while (rest.size && span_cut(&rest, '\n', &line)) {
                if (!line.size) {
                        json_end(j);
                        json_array(j, NULL);
                        continue;
                }
                snprintf(text, sizeof(text), "%.*s", (int)line.size - 1, line.data + 1);
                for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
                        if (kinds[i].kind == line.data[0]) {
                                json_object(j, NULL);
                                json_str(j, kinds[i].name, text);
                                json_end(j);
                        }
        }
        if (ranges && *ranges)
                json_end(j);
        json_end(j);
}

static void record_json(struct json *j, const struct shown_record *r)
{
        char text[CLOCK_TEXT];
        json_object(j, NULL);
        json_str(j, "id", r->id);
        json_str(j, "modified", r->modified > 0 ? clock_rfc3339(r->modified, text) : NULL);
        json_str(j, "published", r->published > 0 ? clock_rfc3339(r->published, text) : NULL);
        json_bool(j, "withdrawn", r->withdrawn);
        json_str(j, "rating", r->severity.rating);
        if (r->severity.score >= 0)
                json_real(j, "score", r->severity.score);
        else
                json_null(j, "score");
        json_str(j, "vector", r->severity.vector);
        json_array(j, "affected");
        vec_each (a, &r->affected) {
                json_object(j, NULL);
                json_str(j, "ecosystem", a->ecosystem);
                json_str(j, "name", a->name);
                ranges_json(j, a->ranges);
                json_lines(j, "versions", a->version_list);
                json_str(j, "urgency", a->urgency);
                json_end(j);
        }
        json_end(j);
        json_end(j);
}

static void put_json(struct buf *to, const struct shown_bug *s)
{
        struct json json = JSON_INIT(to, 2), *j = &json;
        const struct bug *b = &s->bug;
        json_object(j, NULL);
        json_str(j, "id", b->id);
        json_array(j, "aliases");
        for (size_t i = 0; i < b->alias_count; i++)
                json_str(j, NULL, b->aliases[i]);
        json_end(j);
        json_str(j, "kev_added", b->kev_added);
        json_bool(j, "ransomware", b->kev_ransomware);
        if (b->epss >= 0)
                json_real(j, "epss", b->epss);
        else
                json_null(j, "epss");
        json_str(j, "epss_date", b->epss_date);
        json_array(j, "records");
        vec_each (r, &s->records)
                record_json(j, r);
        json_end(j);
        json_array(j, "symbols");
        for (size_t i = 0; i < b->symbol_count; i++) {
                const struct symbol *f = &b->symbols[i];
                json_object(j, NULL);
                json_str(j, "kind", f->kind);
                json_str(j, "container", f->container);
                json_str(j, "function", f->function);
                json_str(j, "signature", f->signature);
                json_str(j, "source", f->source);
                json_end(j);
        }
        json_end(j);
        json_end(j);
}

int db_show(const struct db_options *o)
{
        _cleanup_advisory_ struct advisory_db *db = NULL;
        _cleanup_arena_ struct arena memory = ARENA_INIT(SHOW_MEMORY);
        _cleanup_buf_ struct buf out = BUF_INIT(64 << 20);
        struct shown_bug bug = {};
        struct error error = {};
        if (o->common.argument_count != 2) {
                log_error(0, "db show needs one id, such as CVE-2021-44228");
                return EXIT_USAGE;
        }
        int r = advisory_open(o->common.state, ADVISORY_READ, &db, &error);
        if (r == 0)
                r = advisory_show(db, o->common.arguments[1], &memory, &bug, &error);
        if (r < 0)
                log_error(r, "%s", error.text);
        else if (o->json)
                put_json(&out, &bug);
        else
                put_text(&out, &bug);
        shown_bug_done(&bug);
        if (r < 0)
                return EXIT_USAGE;
        return o->json ? db_print(&out) : print_text(&out);
}
