/* SPDX-License-Identifier: Apache-2.0 */

/* A rule covers a finding only if every field that it names agrees. Rules that no longer do anything are
 * told about: an exception that nobody remembers is how holes stay open. */

#include "verdict/ignore_rules.h"

#include <errno.h>
#include <strings.h>

int ignore_parse(const char *bytes, size_t size, struct arena *a, struct ignore_rules **ret,
                 struct error *error)
{
        struct ignore_rules *rules = arena_alloc(a, sizeof(*rules));
        if (!rules)
                return error_set(error, -ENOMEM, "out of memory");
        struct span all = {bytes, size}, start = span_trim(all);
        bool json = span_starts(start, "{") || span_starts(start, "[");
        int r = json ? ignore_parse_json(all, a, rules, error) : ignore_parse_text(all, a, rules, error);
        if (r == 0)
                *ret = rules;
        return r;
}

/* '*' any run of characters, '?' any one. Goes back to the last star only: no pattern makes it slow. */
static bool glob_matches(const char *pattern, const char *text)
{
        const char *star = NULL, *from = NULL;
        while (*text) {
                if (*pattern == '*') {
                        star = ++pattern;
                        from = text;
                } else if (*pattern == '?' || *pattern == *text) {
                        pattern++;
                        text++;
                } else if (star) {
                        pattern = star;
                        text = ++from;
                } else {
                        return false;
                }
        }
        while (*pattern == '*')
                pattern++;
        return !*pattern;
}

static bool covers_id(const struct ignore_rule *r, const struct bug *b)
{
        if (!r->id || !strcasecmp(r->id, b->id))
                return true;
        for (size_t i = 0; i < b->alias_count; i++)
                if (!strcasecmp(r->id, b->aliases[i]))
                        return true;
        for (size_t i = 0; i < b->bulletin_count; i++)
                if (!strcasecmp(r->id, b->bulletins[i]))
                        return true;
        return false;
}

/* A purl in a rule may leave out the version, the qualifiers, or both. */
static bool purl_covers(const char *rule, const struct package *p)
{
        struct arena scratch = ARENA_INIT(64 * 1024);
        const char *purl = package_purl(p, &scratch);
        size_t size = strlen(rule);
        bool covers = purl && !strncmp(purl, rule, size) && (!purl[size] || strchr("@?#", purl[size]));
        arena_done(&scratch);
        return covers;
}

static bool names_package(const char *rule, const struct package *p)
{
        return str_equal(rule, p->name) || str_equal(rule, p->source) ||
               (str_starts(rule, "pkg:") && purl_covers(rule, p));
}

/* Another binary of the same source is no reason: a rule about the documentation of a library must not
 * hide the library. The source's name covers all of them. */
static bool covers_package(const struct ignore_rule *r, const struct finding *f)
{
        return !r->package || names_package(r->package, f->package);
}

static bool covers(const struct ignore_rule *r, const struct finding *f)
{
        if (!covers_id(r, f->bug) || (r->until && f->level >= r->until_level))
                return false;
        if (r->workload && !(f->workload && glob_matches(r->workload, f->workload->id)))
                return false;
        return covers_package(r, f);
}

static bool expired(const struct ignore_rule *r, int64_t now)
{
        return r->expires && now >= r->expires;
}

void ignore_apply(struct ignore_rules *rules, int64_t now, struct verdict *v)
{
        for (size_t k = 0; k < rules->count; k++) {
                struct ignore_rule *r = &rules->items[k];
                if (expired(r, now))
                        continue;
                for (size_t i = 0; i < v->finding_count; i++) {
                        if (!covers(r, &v->findings[i]))
                                continue;
                        r->covered++;
                        if (!v->findings[i].suppressed)
                                v->findings[i].suppressed = r->reason;
                }
        }
}

size_t ignore_remarks(const struct ignore_rules *rules, int64_t now, struct arena *a, const char ***ret)
{
        size_t count = 0;
        const char **remarks = arena_alloc(a, MAX(rules->count, (size_t)1) * sizeof(*remarks));
        for (size_t k = 0; remarks && k < rules->count; k++) {
                const struct ignore_rule *r = &rules->items[k];
                const char *what = expired(r, now) ? "has expired" : r->covered ? NULL : "covers nothing";
                if (!what)
                        continue;
                remarks[count] = arena_printf(a, "ignore rule %s%zu (%s) %s", rules->json ? "" : "in line ",
                                              r->place, r->id ? r->id : r->package, what);
                count += remarks[count] != NULL;
        }
        *ret = remarks;
        return count;
}
