/* SPDX-License-Identifier: Apache-2.0 */
/* What findings and matches spell the same way. */
#include "report/bug_json.h"

#include "base/clock.h"

void json_time(struct json *j, const char *key, int64_t wall)
{
        char text[CLOCK_TEXT];
        json_str(j, key, wall ? clock_rfc3339(wall, text) : NULL);
}

void json_strings(struct json *j, const char *key, const char *const *strings, size_t count)
{
        json_array(j, key);
        for (size_t i = 0; i < count; i++)
                json_str(j, NULL, strings[i]);
        json_end(j);
}

void json_advisories(struct json *j, const advisory_source_list *list)
{
        json_array(j, "advisories");
        vec_each (source, list) {
                json_object(j, NULL);
                json_str(j, "ecosystem", source->ecosystem);
                json_u64(j, "count", source->records);
                json_time(j, "newest", source->newest);
                json_time(j, "imported", source->imported);
                json_str(j, "source", source->source);
                json_end(j);
        }
        json_end(j);
}

static void put_severity(struct json *j, const struct severity *s)
{
        json_object(j, "severity");
        json_str(j, "rating", s->rating);
        if (s->score < 0)
                json_null(j, "score");
        else
                json_real(j, "score", s->score);
        json_str(j, "vector", s->vector);
        json_str(j, "source", s->source);
        json_end(j);
}

static void put_exploitation(struct json *j, const struct bug *b)
{
        if (b->kev_added) {
                json_object(j, "kev");
                json_str(j, "added", b->kev_added);
                json_str(j, "due", b->kev_due);
                json_bool(j, "ransomware", b->kev_ransomware);
                json_end(j);
        } else {
                json_null(j, "kev");
        }
        if (b->epss >= 0) {
                json_object(j, "epss");
                json_real(j, "score", b->epss);
                json_real(j, "percentile", b->epss_percentile);
                json_str(j, "date", b->epss_date);
                json_end(j);
        } else {
                json_null(j, "epss");
        }
}

void json_not_evaluated(struct json *j, const char *ecosystem, size_t packages, const char *reason,
                        const char *mend)
{
        json_object(j, NULL);
        json_str(j, "ecosystem", ecosystem);
        json_u64(j, "packages", packages);
        json_str(j, "reason", reason);
        json_str(j, "mend", mend);
        json_end(j);
}

void json_bug_names(struct json *j, const char *key, const struct bug *b)
{
        json_str(j, "key", key);
        json_str(j, "id", b->id);
        json_strings(j, "aliases", b->aliases, b->alias_count);
        json_strings(j, "bulletins", b->bulletins, b->bulletin_count);
}

void json_package_begin(struct json *j, const char *purl, const struct package *p, struct arena *a)
{
        json_object(j, "package");
        json_str(j, "purl", purl);
        json_str(j, "name", p->name);
        json_str(j, "version", p->version);
        json_str(j, "ecosystem", package_ecosystem(p, a));
        json_str(j, "source", p->source);
        json_str(j, "source_version", p->source_version);
}

void json_bug_state(struct json *j, const struct bug *b)
{
        json_bool(j, "malware", b->malware);
        json_bool(j, "low_confidence", b->low_confidence);
        put_severity(j, &b->severity);
        put_exploitation(j, b);
        json_str(j, "fixed_version", b->fixed_version);
        json_str(j, "fix_state", fix_state_name(b->fix_state));
}
