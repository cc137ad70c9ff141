/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of one bug beside its names: what mends it, how bad it is, whether it is exploited, and
 * which functions it names. */
#include "advisory/match.h"
#include "advisory/symbol_line.h"

#include "base/clock.h"

#include <errno.h>

enum {
        SYMBOLS_MAX = 4096,
        FIXES_MAX = 500, /* candidates tried: a crafted record could have 100,000 */
};

/* ---- what mends it ---------------------------------------------------------------------------------- */
/* Of a version that was built for a bought stream that stream speaks alone, as it does of what is installed
 * (group.c). */
static bool any_affects(const struct match_context *c, const struct hit *const *hits, size_t count,
                        struct span version)
{
        bool own = false;
        for (size_t i = 0; i < count; i++)
                own = own || stream_built(hits[i]->stream, version);
        for (size_t i = 0; i < count; i++)
                if ((!own || stream_built(hits[i]->stream, version)) &&
                    hit_affects(hits[i], c->scheme, version))
                        return true;
        return false;
}

struct fixes {
        struct span best;
        size_t tried;
        bool ranges, last_affected, wont_fix, bought; /* bought: only extended support has one */
};

/* A candidate is a later version at which some entry ends; it counts if no entry of the group affects it. */
static void consider(struct match_context *c, const struct hit *const *hits, size_t count,
                     const struct hit *of, struct span line, struct fixes *f)
{
        struct span at = {line.data + 1, line.size - 1};
        bool bought = of->extended && !c->extended;
        f->last_affected = f->last_affected || line.data[0] == OSV_LAST_AFFECTED;
        if (line.data[0] != OSV_FIXED || !c->scheme->valid(at) || c->scheme->compare(at, of->version) <= 0)
                return;
        f->bought = f->bought || bought;
        if (bought || (f->best.size && c->scheme->compare(at, f->best) >= 0))
                return;
        if (f->tried++ < FIXES_MAX && !any_affects(c, hits, count, at))
                f->best = at;
}

static bool is_declined(const char *urgency)
{
        return urgency && (!strcmp(urgency, "unimportant") || !strcmp(urgency, "end-of-life"));
}

static int fill_fix(struct match_context *c, const struct hit *const *hits, size_t count, struct bug *bug)
{
        struct fixes f = {};
        for (size_t i = 0; i < count; i++) {
                struct span rest = span_of(hits[i]->ranges), line;
                /* Of doubtful ranges the end may be what could not be read. */
                f.ranges = f.ranges || (hits[i]->affected && rest.size && !hits[i]->doubt);
                f.wont_fix = f.wont_fix || (hits[i]->affected && is_declined(hits[i]->urgency));
                while (line_next(&rest, &line))
                        if (line.size > 1)
                                consider(c, hits, count, hits[i], line, &f);
        }
        if (f.best.size) {
                bug->fixed_version = arena_strndup(c->arena, f.best.data, f.best.size);
                bug->fix_state = FIX_FIXED;
                return bug->fixed_version ? 0 : -ENOMEM;
        }
        bug->fix_state = f.bought                                               ? FIX_EXTENDED_SUPPORT
                         : f.wont_fix                                           ? FIX_WONT_FIX
                         : f.ranges && !f.last_affected && f.tried <= FIXES_MAX ? FIX_NOT_FIXED
                                                                                : FIX_UNKNOWN;
        return 0;
}

/* ---- exploitation ----------------------------------------------------------------------------------- */
/* 1 with the row in *ret_row, 0: none, or -errno. */
static int row_by_cve(struct match_context *c, enum statement which, const char *cve, sqlite3_stmt **ret_row)
{
        sqlite3_stmt *s = database_statement(c->db, which);
        if (s)
                bind_text(s, 1, cve);
        int code = s ? sqlite3_step(s) : sqlite3_errcode(c->db->sql);
        if (code == SQLITE_ROW) {
                *ret_row = s;
                return 1;
        }
        statement_reset(&s);
        return code == SQLITE_DONE ? 0 : database_error(c->db, code, "matching", c->error);
}

static int copy_column(struct match_context *c, sqlite3_stmt *s, int column, const char **ret)
{
        const char *text = (const char *)sqlite3_column_text(s, column);
        *ret = arena_strdup(c->arena, text);
        return text && !*ret ? -ENOMEM : 0;
}

static int epss_date(struct match_context *c, const char **ret)
{
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        char date[CLOCK_TEXT];
        int r = row_by_cve(c, SOURCE_GET, "EPSS", &s);
        if (r <= 0)
                return r;
        clock_rfc3339(sqlite3_column_int64(s, 2), date);
        date[10] = 0;
        *ret = arena_strdup(c->arena, date);
        return *ret ? 0 : -ENOMEM;
}

static int fill_cve(struct match_context *c, const char *cve, struct bug *bug)
{
        _cleanup_statement_ sqlite3_stmt *kev = NULL, *epss = NULL;
        int r = bug->kev_added ? 0 : row_by_cve(c, KEV_GET, cve, &kev);
        if (r > 0) {
                bug->kev_ransomware = sqlite3_column_int(kev, 2);
                r = copy_column(c, kev, 0, &bug->kev_added);
                if (r == 0)
                        r = copy_column(c, kev, 1, &bug->kev_due);
        }
        if (r == 0 && bug->epss < 0)
                r = row_by_cve(c, EPSS_GET, cve, &epss);
        if (r > 0) {
                bug->epss = sqlite3_column_double(epss, 0);
                bug->epss_percentile = sqlite3_column_double(epss, 1);
                r = epss_date(c, &bug->epss_date);
        }
        return r;
}

int bug_exploitation(struct match_context *c, struct bug *bug)
{
        int r = 0;
        bug->epss = bug->epss_percentile = -1;
        if (str_starts(bug->id, "CVE-"))
                r = fill_cve(c, bug->id, bug);
        for (size_t i = 0; r == 0 && i < bug->alias_count; i++)
                if (str_starts(bug->aliases[i], "CVE-"))
                        r = fill_cve(c, bug->aliases[i], bug);
        return r;
}

/* ---- symbols ---------------------------------------------------------------------------------------- */
static bool symbol_known(const struct bug *bug, const struct symbol *s)
{
        for (size_t i = 0; i < bug->symbol_count; i++)
                if (!strcmp(bug->symbols[i].function, s->function) &&
                    !strcmp(bug->symbols[i].container, s->container))
                        return true;
        return false;
}

int bug_symbols(struct match_context *c, const struct hit *const *hits, size_t count, struct bug *bug)
{
        size_t lines = 0;
        for (size_t i = 0; i < count; i++)
                for (const char *at = hits[i]->affected ? hits[i]->symbols : NULL; at && *at; at++)
                        lines += *at == '\n';
        lines = MIN(lines, (size_t)SYMBOLS_MAX);
        bug->symbols = lines ? arena_alloc(c->arena, lines * sizeof(*bug->symbols)) : NULL;
        if (lines && !bug->symbols)
                return -ENOMEM;
        for (size_t i = 0; i < count && lines; i++) {
                struct span rest = span_of(hits[i]->affected ? hits[i]->symbols : NULL);
                struct symbol_line line;
                const char *source = arena_strdup(c->arena, hits[i]->id);
                if (!source)
                        return -ENOMEM;
                while (bug->symbol_count < lines && symbol_line_next(&rest, &line)) {
                        struct symbol *to = &bug->symbols[bug->symbol_count];
                        if (!line.function.size ||
                            (c->query && !symbol_line_applies(&line, c->scheme, hits[i]->version)))
                                continue;
                        int r = symbol_copy(&line, source, c->arena, to);
                        if (r < 0)
                                return r;
                        bug->symbol_count += !symbol_known(bug, to);
                }
        }
        return 0;
}

int bug_fill(struct match_context *c, const struct hit *const *hits, size_t count, struct bug *bug)
{
        bool certain = false;
        for (size_t i = 0; i < count; i++) {
                bug->modified = MAX(bug->modified, hits[i]->modified);
                bug->malware = bug->malware || (hits[i]->affected && str_starts(hits[i]->id, "MAL-"));
                certain = certain || (hits[i]->affected && !hits[i]->doubt);
        }
        bug->low_confidence = !certain;
        int r = fill_fix(c, hits, count, bug);
        if (r == 0)
                r = severity_choose(c, hits, count, &bug->severity);
        if (r == 0 && bug->severity.source) {
                bug->severity.source = arena_strdup(c->arena, bug->severity.source);
                if (!bug->severity.source)
                        r = -ENOMEM;
        }
        return r < 0 ? r : bug_symbols(c, hits, count, bug);
}

bool bug_is_named(const struct bug *bug, const char *id)
{
        bool named = !strcasecmp(bug->id, id);
        for (size_t i = 0; i < bug->alias_count; i++)
                named |= !strcasecmp(bug->aliases[i], id);
        for (size_t i = 0; i < bug->bulletin_count; i++)
                named |= !strcasecmp(bug->bulletins[i], id);
        return named;
}
