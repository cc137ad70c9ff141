/* SPDX-License-Identifier: Apache-2.0 */
/* usewear db match: package URLs in, the bugs of their packages out. Thousands of binary packages come from a
 * few hundred sources: each source version is matched once, and each of its bugs is one finding. */
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/map.h"
#include "cli/db.h"
#include "cli/findings.h"
#include "format/sbom.h"
#include "report/matches.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

enum { MATCH_MEMORY = 1 << 30, REPORT_SIZE = 1 << 30 /* bytes */ };

struct matching {
        struct advisory_db *db;
        struct arena arena;
        struct error error;
        struct os_release os; /* of the bill of materials; id NULL: not told */
        struct map given;     /* what was given already */
        struct map matches;   /* query → struct match */
        struct map findings;  /* key → index + 1 */
        struct map reasons;   /* "ecosystem\nreason" → index + 1 in not_evaluated */
        struct matches_report report;
};

static int out_of_memory(struct matching *m)
{
        return error_set(&m->error, -ENOMEM, "out of memory");
}

static int count_not_evaluated(struct matching *m, const char *ecosystem, const char *reason,
                               const char *mend)
{
        const char *key = arena_printf(&m->arena, "%s\n%s", ecosystem, reason);
        size_t known = key ? (size_t)map_get_str(&m->reasons, key) : 0;
        if (known) {
                m->report.not_evaluated.items[known - 1].packages++;
                return 0;
        }
        struct not_evaluated *n = key ? vec_add(&m->report.not_evaluated) : NULL;
        if (!n || map_put_str(&m->reasons, key, (void *)m->report.not_evaluated.count) < 0)
                return out_of_memory(m);
        *n = (struct not_evaluated){ecosystem, 1, reason, mend};
        return 0;
}

static int add_finding(struct matching *m, const struct package *p, const char *purl, const struct bug *bug)
{
        struct package source = {.ecosystem = p->ecosystem,
                                 .release = p->release,
                                 .name = p->source,
                                 .version = p->source_version};
        const char *portable = package_portable_key(&source, &m->arena);
        const char *key = portable ? arena_printf(&m->arena, "%s|%s", portable, bug->id) : NULL;
        size_t known = key ? (size_t)map_get_str(&m->findings, key) : 0;
        if (known) {
                const char **name = vec_add(&m->report.findings.items[known - 1].binaries);
                if (!name)
                        return out_of_memory(m);
                *name = p->name;
                return 0;
        }
        struct matched_finding *f = key ? vec_add(&m->report.findings) : NULL;
        if (!f || map_put_str(&m->findings, key, (void *)m->report.findings.count) < 0)
                return out_of_memory(m);
        *f = (struct matched_finding){.key = key, .bug = bug, .package = p, .purl = purl};
        return 0;
}

/* The match of the query, made once for all that ask the same. */
static int match_shared(struct matching *m, const struct match_query *q, const struct match **ret)
{
        const char *key = arena_printf(&m->arena, "%s\n%s\n%s\n%s\n%s\n%s\n%s\n%d", q->ecosystem,
                                       q->release ? q->release : "", q->name, q->version ? q->version : "",
                                       q->binary ? q->binary : "", q->binary_version ? q->binary_version : "",
                                       q->module ? q->module : "", q->may_be_package);
        struct match *match = key ? map_get_str(&m->matches, key) : NULL;
        if (!match) {
                match = key ? arena_alloc(&m->arena, sizeof(*match)) : NULL;
                if (!match)
                        return out_of_memory(m);
                int r = advisory_match(m->db, q, &m->arena, match, &m->error);
                if (r < 0)
                        return r;
                if (map_put_str(&m->matches, key, match) < 0)
                        return out_of_memory(m);
        }
        *ret = match;
        return 0;
}

static int match_purl(struct matching *m, const struct purl *p)
{
        struct match_coordinate at;
        const struct match *match = NULL;
        _cleanup_buf_ struct buf canonical = BUF_INIT(4 * PURL_SIZE_MAX);
        if (match_coordinate_of(p, &m->os, &m->arena, &at) < 0 || purl_write(p, &canonical) < 0)
                return out_of_memory(m);
        const char *purl = arena_strdup(&m->arena, canonical.data);
        if (!purl)
                return out_of_memory(m);
        if (map_get_str(&m->given, purl))
                return 0;
        if (map_put_str(&m->given, purl, (void *)purl) < 0)
                return out_of_memory(m);
        m->report.packages++;
        const struct match_query *q = &at.query;
        if (at.reason)
                return count_not_evaluated(m, q->ecosystem, at.reason, NULL);
        struct package *package = arena_alloc(&m->arena, sizeof(*package));
        if (!package)
                return out_of_memory(m);
        *package = (struct package){
                .ecosystem = q->ecosystem,
                .release = q->release,
                .name = q->binary || strcmp(p->type, "deb") == 0 || strcmp(p->type, "apk") == 0 ? p->name
                                                                                                : q->name,
                .version = q->binary ? q->binary_version : p->version,
                .arch = purl_qualifier(p, "arch"),
                .source = q->name,
                .source_version = q->version,
        };
        int r = match_shared(m, q, &match);
        if (r < 0)
                return r;
        if (match->outcome != MATCH_EVALUATED) {
                const char *ecosystem = package_ecosystem(package, &m->arena);
                return ecosystem ? count_not_evaluated(m, ecosystem, match->reason, match->mend)
                                 : out_of_memory(m);
        }
        m->report.clean += !match->bug_count;
        for (size_t i = 0; r == 0 && i < match->bug_count; i++)
                r = add_finding(m, package, purl, &match->bugs[i]);
        return r;
}

/* ---- what is given ----------------------------------------------------------------------------------- */
static int match_text(struct matching *m, struct span text)
{
        struct purl *p = arena_alloc(&m->arena, sizeof(*p));
        struct error why = {};
        int r = p ? purl_parse(text, &m->arena, p, &why) : -ENOMEM;
        if (r == -EINVAL) {
                struct malformed *bad = vec_add(&m->report.malformed);
                if (!bad)
                        return out_of_memory(m);
                *bad = (struct malformed){arena_strndup(&m->arena, text.data, text.size),
                                          arena_strdup(&m->arena, why.text)};
                return bad->text && bad->reason ? 0 : out_of_memory(m);
        }
        return r < 0 ? out_of_memory(m) : match_purl(m, p);
}

static int match_lines(struct matching *m)
{
        _cleanup_free_ char *line = NULL;
        size_t allocated = 0;
        ssize_t size;
        int r = 0;
        while (r == 0 && (size = getline(&line, &allocated, stdin)) > 0) {
                struct span text = span_trim((struct span){line, (size_t)size});
                if (text.size && text.data[0] != '#')
                        r = match_text(m, text);
        }
        return r;
}

static int match_component(struct matching *m, const struct sbom_component *c)
{
        if (c->purl)
                return match_text(m, span_of(c->purl));
        m->report.packages++;
        return count_not_evaluated(m, "no registry", "the bill of materials gives no package URL for them",
                                   NULL);
}

static int match_sbom(struct matching *m, const char *path)
{
        _cleanup_buf_ struct buf bytes = BUF_INIT(SBOM_SIZE_MAX);
        _cleanup_sbom_ struct sbom sbom = {};
        struct error why = {};
        int r = strcmp(path, "-") ? file_read_at(AT_FDCWD, path, &bytes) : file_read_fd(STDIN_FILENO, &bytes);
        if (r < 0)
                return error_set(&m->error, r, "cannot read %s: %s", path, strerror(-r));
        r = sbom_parse(bytes.data ? bytes.data : "", bytes.size, &m->arena, &sbom, &why);
        if (r < 0)
                return error_set(&m->error, r, "%s: %s", path, why.text);
        if (sbom.os.id)
                m->os = sbom.os;
        buf_done(&bytes);
        vec_each (limit, &sbom.limits) {
                const char **slot = vec_add(&m->report.limits);
                if (!slot)
                        return out_of_memory(m);
                *slot = *limit;
        }
        vec_each (c, &sbom.components)
                if (r == 0)
                        r = match_component(m, c);
        return r;
}

static int match_all(struct matching *m, const struct db_options *o)
{
        int r = o->sbom ? match_sbom(m, o->sbom) : 0;
        for (size_t i = 1; r == 0 && i < o->common.argument_count; i++) {
                const char *text = o->common.arguments[i];
                r = strcmp(text, "-") ? match_text(m, span_of(text)) : match_lines(m);
        }
        return r;
}

static int print(const struct db_options *o, struct matches_report *report)
{
        _cleanup_buf_ struct buf text = BUF_INIT(REPORT_SIZE);
        const struct findings_options f = {.json = o->json, .all = true};
        struct table_style style = findings_style(&f);
        matches_sort(report);
        if (o->json)
                report_matches_json(report, &text);
        else
                report_matches_table(report, &style, &text);
        return findings_write(&text) < 0 ? EXIT_USAGE : report->malformed.count ? EXIT_USAGE : 0;
}

static void matching_done(struct matching *m)
{
        vec_each (f, &m->report.findings)
                vec_done(&f->binaries);
        vec_done(&m->report.findings);
        vec_done(&m->report.not_evaluated);
        vec_done(&m->report.malformed);
        vec_done(&m->report.limits);
        map_done(&m->given);
        map_done(&m->matches);
        map_done(&m->findings);
        map_done(&m->reasons);
        arena_done(&m->arena);
        m->db = advisory_close(m->db);
}

int db_match(const struct db_options *o)
{
        struct matching m = {.arena = ARENA_INIT(MATCH_MEMORY), .report = {.time = clock_wall()}};
        advisory_source_list sources = {};
        if (o->common.argument_count < 2 && !o->sbom) {
                log_error(0, "db match: which packages? See usewear db --help");
                return EXIT_USAGE;
        }
        int r = advisory_open(o->common.state, ADVISORY_READ, &m.db, &m.error);
        if (r == 0)
                r = advisory_hold(m.db, &m.error);
        if (r == 0)
                r = advisory_status(m.db, &m.arena, &sources, &m.error);
        if (r == 0)
                r = match_all(&m, o);
        m.report.advisories = &sources;
        int code = r < 0 ? EXIT_USAGE : print(o, &m.report);
        if (r < 0)
                log_error(r, "%s", m.error.text);
        matching_done(&m);
        vec_done(&sources);
        return code;
}
