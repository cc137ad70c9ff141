/* SPDX-License-Identifier: Apache-2.0 */
/* usewear db symbols: which functions advisories name, and who says so. With --json one object a line, for
 * programs that read all of it. */
#include "base/log.h"
#include "base/str.h"
#include "cli/db.h"
#include "format/purl.h"

#include <errno.h>
#include <stdio.h>

struct view {
        bool json;
        size_t count;
        char last[256]; /* advisory and package shown last */
};

static int print_json(const struct listed_symbol *s)
{
        _cleanup_buf_ struct buf out = BUF_INIT(1 << 20);
        struct json json = JSON_INIT(&out, 0), *j = &json;
        json_object(j, NULL);
        json_str(j, "advisory", s->advisory);
        json_lines(j, "aliases", s->aliases);
        json_str(j, "ecosystem", s->ecosystem);
        json_str(j, "package", s->package);
        json_str(j, "container", s->symbol.container);
        json_str(j, "function", s->symbol.function);
        json_str(j, "signature", s->symbol.signature);
        json_str(j, "kind", s->symbol.kind);
        if (s->symbol.versions)
                json_str(j, "versions", s->symbol.versions);
        if (s->symbol.platforms)
                json_str(j, "platforms", s->symbol.platforms);
        json_str(j, "source", s->symbol.source);
        json_end(j);
        if (out.error)
                return out.error;
        return puts(out.data) < 0 ? -EIO : 0;
}

static void print_text(struct view *v, const struct listed_symbol *s)
{
        char head[256], shown[1024];
        snprintf(head, sizeof(head), "%s  %s %s", s->advisory, s->ecosystem, s->package);
        if (strcmp(head, v->last))
                printf("%s%s\n", v->count ? "\n" : "", str_printable(shown, sizeof(shown), head));
        snprintf(v->last, sizeof(v->last), "%s", head);
        printf("  %-11s  %s ", s->symbol.kind, str_printable(shown, sizeof(shown), s->symbol.container));
        printf("%s", str_printable(shown, sizeof(shown), s->symbol.function));
        printf("%s%s  (%s)", s->symbol.signature ? " " : "", s->symbol.signature ? s->symbol.signature : "",
               str_equal(s->symbol.source, s->advisory) ? "as the advisory says" : s->symbol.source);
        if (s->symbol.versions)
                printf(" only in %s", str_printable(shown, sizeof(shown), s->symbol.versions));
        if (s->symbol.platforms)
                printf(" only on %s", str_printable(shown, sizeof(shown), s->symbol.platforms));
        putchar('\n');
        if (s->symbol.reason)
                printf("               %s\n", s->symbol.reason);
}

static int on_symbol(void *context, const struct listed_symbol *s)
{
        struct view *v = context;
        int r = 0;
        if (v->json)
                r = print_json(s);
        else
                print_text(v, s);
        v->count++;
        return r;
}

/* An id of the database, with all of its aliases; what is none is a package's name, plain or as package URL.
 */
static int resolve(struct advisory_db *db, const char *text, struct arena *a, struct shown_bug *bug,
                   struct symbol_query *ret, struct error *error)
{
        struct purl *p = arena_alloc(a, sizeof(*p));
        struct match_coordinate at;
        if (!p)
                return error_set(error, -ENOMEM, "out of memory");
        if (str_starts(text, "pkg:")) {
                int r = purl_parse(span_of(text), a, p, error);
                if (r == 0)
                        r = match_coordinate_of(p, NULL, a, &at);
                if (r == 0)
                        ret->package = at.query.name;
                return r;
        }
        int r = advisory_show(db, text, a, bug, error);
        if (r == 0) {
                ret->ids = bug->ids.items;
                ret->id_count = bug->ids.count;
                return 0;
        }
        if (r != -ENOENT)
                return r;
        /* The own table may know an id that no record here has. */
        symbol_record_list own = {};
        r = advisory_symbols(text, a, &own, error);
        if (r == 0 && own.count) {
                const char **ids = arena_alloc(a, sizeof(*ids));
                if (ids)
                        ids[0] = text;
                ret->ids = ids;
                ret->id_count = ids ? 1 : 0;
                r = ids ? 0 : error_set(error, -ENOMEM, "out of memory");
        } else if (r == 0) {
                ret->package = text;
        }
        vec_done(&own);
        return r;
}

int db_symbols(const struct db_options *o)
{
        _cleanup_advisory_ struct advisory_db *db = NULL;
        _cleanup_arena_ struct arena memory = ARENA_INIT(256 << 20);
        struct view view = {.json = o->json};
        const struct symbol_watch watch = {&view, on_symbol};
        struct symbol_query query = {};
        struct shown_bug bug = {};
        struct error error = {};
        if (o->all ? o->common.argument_count != 1 : o->common.argument_count != 2) {
                log_error(0, "db symbols needs one id or package, such as CVE-2021-44228, or --all");
                return EXIT_USAGE;
        }
        int r = advisory_open(o->common.state, ADVISORY_READ, &db, &error);
        if (r == 0 && !o->all)
                r = resolve(db, o->common.arguments[1], &memory, &bug, &query, &error);
        if (r == 0)
                r = advisory_symbol_list(db, &query, &watch, &error);
        shown_bug_done(&bug);
        if (r < 0) {
                log_error(r, "%s", *error.text ? error.text : "cannot write the functions");
                return EXIT_USAGE;
        }
        if (!o->json && !view.count)
                printf("no function is named for %s; docs/symbols.md tells how to add it\n",
                       o->all ? "anything" : o->common.arguments[1]);
        return 0;
}
