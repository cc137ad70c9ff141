/* SPDX-License-Identifier: Apache-2.0 */
/* One package → its bugs, or why it cannot be told. Rows come by (ecosystem with release, normalised name),
 * so a release never borrows another's advisories. What has no data, no order or no readable version is
 * not evaluated: only a comparison that took place can end in "clean". */
#include "advisory/match.h"

#include "advisory/import.h"
#include "base/clock.h"
#include "format/distribution.h"

#include <errno.h>
#include <stdio.h>

static const char *const distributions[] = {
        "Debian",      "Ubuntu",       "Alpine",
        "AlmaLinux",   "Rocky Linux",  "Red Hat",
        "SUSE",        "openSUSE",     "Wolfi",
        "Chainguard",  "MinimOS",      "Echo",
        "Azure Linux", "Mageia",       "Photon OS",
        "openEuler",   "Alpaquita",    "BellSoft Hardened Containers",
        "Fedora",      "Amazon Linux",
};

bool advisory_names_binaries(const char *ecosystem)
{
        return version_scheme_of(ecosystem) == &version_rpm;
}

const char *fix_state_name(enum fix_state state)
{
        static const char *const names[_FIX_STATE_MAX] = {
                [FIX_UNKNOWN] = "unknown",
                [FIX_FIXED] = "fixed",
                [FIX_NOT_FIXED] = "not_fixed",
                [FIX_WONT_FIX] = "wont_fix",
                [FIX_EXTENDED_SUPPORT] = "extended_support",
        };
        return names[state];
}

static int not_evaluated(struct match_context *c, struct match *ret, bool mend, const char *reason)
{
        *ret = (struct match){.outcome = MATCH_NOT_EVALUATED, .reason = reason};
        if (mend)
                ret->mend = arena_printf(
                        c->arena, strchr(c->base, ' ') ? "usewear db update '%s'" : "usewear db update %s",
                        c->base);
        return reason && (!mend || ret->mend) ? 0 : error_set(c->error, -ENOMEM, "out of memory");
}

/* Collect the package's entries, and count the advisories compared. */
static int collect(struct match_context *c, const struct stream *stream, const char *name,
                   struct span version, size_t *compared)
{
        if (stream->vendor && !str_starts(name, stream->vendor))
                return 0;
        sqlite3_stmt *s = database_statement(c->db, PACKAGE_ROWS);
        if (s) {
                bind_text(s, 1, stream->ecosystem);
                bind_text(s, 2, name);
        }
        int64_t last = 0;
        int code = s ? SQLITE_OK : sqlite3_errcode(c->db->sql);
        while (s && (code = sqlite3_step(s)) == SQLITE_ROW) {
                *compared += sqlite3_column_int64(s, 0) != last;
                last = sqlite3_column_int64(s, 0);
                struct hit *hit = vec_add(&c->hits);
                if (!hit || hit_read(c, stream, version, s, hit) < 0) {
                        statement_reset(&s);
                        return error_set(c->error, -ENOMEM, "out of memory while matching %s", name);
                }
                c->affecting += hit->affected;
        }
        statement_reset(&s);
        return code == SQLITE_DONE ? 0 : database_error(c->db, code, "matching", c->error);
}

/* No advisories come any more: what they do not say means nothing. */
static const char *ended(const struct match_context *c, const struct release *release)
{
        char today[CLOCK_TEXT];
        const char *end =
                distribution_end(c->query->ecosystem, c->query->release, c->extended || release->extended);
        return end && strcmp(end, clock_rfc3339(clock_wall(), today)) < 0 ? end : NULL;
}

/* What was compared and found clean: whether that means anything. */
static int judge_clean(struct match_context *c, const char *ecosystem, const struct release *release,
                       struct match *ret)
{
        const char *end = ended(c, release);
        if (end)
                return not_evaluated(c, ret, false,
                                     arena_printf(c->arena,
                                                  "%s is past its end of life: no security support since %s",
                                                  ecosystem, end));
        if (release->advisories < RELEASE_FEWEST)
                return not_evaluated(
                        c, ret, true,
                        arena_printf(c->arena,
                                     "only %d advisories of %s here, too few to call a package clean",
                                     release->advisories, ecosystem));
        ret->outcome = MATCH_EVALUATED;
        return 0;
}

/* Half a name is no name: no advisory has it, and that would pass for clean. NULL: it is whole. */
static const char *missing_half(const char *base, const char *name)
{
        static const struct {
                const char *base;
                char between;
                const char *half;
        } halves[] = {{"Maven", ':', "group"},
                      {"Packagist", '/', "vendor"},
                      {"GitHub Actions", '/', "owner"},
                      {"SwiftURL", '/', "host"}};
        for (size_t i = 0; i < ARRAY_SIZE(halves); i++)
                if (!strcmp(halves[i].base, base) && !strchr(name, halves[i].between))
                        return halves[i].half;
        return NULL;
}

static int evaluate(struct match_context *c, const char *ecosystem, struct match *ret)
{
        _cleanup_buf_ struct buf name = BUF_INIT(OSV_TEXT_MAX), binary = BUF_INIT(OSV_TEXT_MAX);
        const struct release *release = NULL;
        int r = release_find(c, ecosystem, &release);
        if (r < 0)
                return r;
        if (!release->advisories)
                return not_evaluated(c, ret, c->scheme != NULL, /* what OSV does not have cannot be fetched */
                                     arena_printf(c->arena, "no advisories of %s here", ecosystem));
        if (!c->scheme)
                return not_evaluated(c, ret, false,
                                     arena_printf(c->arena, "versions of %s cannot be compared", c->base));
        if (!c->version.size || !c->scheme->valid(c->version))
                return not_evaluated(c, ret, false,
                                     arena_printf(c->arena, "%s is no version of %s",
                                                  c->version.size ? c->query->version : "an unknown version",
                                                  c->base));
        if (name_normalise(c->base, c->query->name, &name) < 0 || !name.size)
                return not_evaluated(c, ret, false, arena_printf(c->arena, "no package name of %s", c->base));
        const char *half = missing_half(c->base, name.data);
        if (half)
                return not_evaluated(c, ret, false,
                                     arena_printf(c->arena, "the %s of %s is not known", half, name.data));
        bool binaries = c->binary_version.size && c->scheme->valid(c->binary_version) &&
                        name_normalise(c->base, c->query->binary, &binary) == 0 && binary.size &&
                        strcmp(binary.data, name.data);
        for (size_t i = 0; r == 0 && i < release->stream_count; i++) {
                r = collect(c, &release->streams[i], name.data, c->version, &ret->compared);
                if (r == 0 && binaries)
                        r = collect(c, &release->streams[i], binary.data, c->binary_version, &ret->compared);
        }
        const char *module;
        /* Packages of Go itself have no dot, and some records of others name them like modules. */
        bool ask_module = c->query->may_be_package && (!ret->compared || !strchr(name.data, '.'));
        if (r == 0 && ask_module && (r = go_package_module(c, name.data, &module)) == 1)
                r = collect(c, &release->streams[0], module, c->version, &ret->compared);
        if (r < 0)
                return r;
        if (c->affecting && (r = group_bugs(c, ret)) < 0)
                return r;
        if (!ret->bug_count)
                return judge_clean(c, ecosystem, release, ret);
        ret->outcome = MATCH_EVALUATED;
        return 0;
}

int advisory_match(struct advisory_db *db, const struct match_query *query, struct arena *a,
                   struct match *ret, struct error *error)
{
        struct match_context c = {
                .scratch = ARENA_INIT(256 << 20),
                .db = db,
                .query = query,
                .arena = a,
                .error = error,
                .version = span_trim(span_of(query->version)),
        };
        struct match m = {};
        const char *ecosystem = query->release && *query->release
                                        ? arena_printf(a, "%s:%s", query->ecosystem, query->release)
                                        : arena_strdup(a, query->ecosystem);
        c.base = ecosystem ? arena_strndup(a, ecosystem, ecosystem_size(ecosystem)) : NULL;
        if (!c.base)
                return error_set(error, -ENOMEM, "out of memory");
        c.scheme = version_scheme_of(c.base);
        if (query->binary && advisory_names_binaries(c.base))
                c.binary_version = span_trim(span_of(query->binary_version));
        c.extended = query->extended || (db->ubuntu_pro && !strcmp(c.base, "Ubuntu")) ||
                     (query->version && strstr(query->version, "esm"));
        for (size_t i = 0; i < ARRAY_SIZE(distributions); i++)
                c.distribution = c.distribution || !strcmp(distributions[i], c.base);
        int r = evaluate(&c, ecosystem, &m);
        vec_done(&c.hits);
        arena_done(&c.scratch);
        if (r < 0)
                return r;
        *ret = m;
        return 0;
}
