/* SPDX-License-Identifier: Apache-2.0 */

/* usewear/inventory/1, as docs/inventory.schema.json describes it: everything that is known of each
 * package, null where it is not. */

#include "report/sbom.h"

#include "base/clock.h"
#include "base/json.h"

enum { SCRATCH = 1 << 20 };

static void put_time(struct json *j, const char *key, int64_t wall)
{
        char text[CLOCK_TEXT];
        json_str(j, key, wall ? clock_rfc3339(wall, text) : NULL);
}

static void put_package(struct json *j, const struct sbom_item *item)
{
        _cleanup_arena_ struct arena a = ARENA_INIT(SCRATCH);
        const struct package *p = item->package;
        json_object(j, NULL);
        json_str(j, "purl", package_purl(p, &a));
        json_str(j, "ecosystem", package_ecosystem(p, &a));
        json_str(j, "name", p->name);
        json_str(j, "version", p->version);
        json_str(j, "arch", p->arch);
        json_str(j, "source", p->source);
        json_str(j, "source_version", p->source_version);
        json_str(j, "root", p->root);
        json_str(j, "path", p->path);
        json_str(j, "owner", p->owner);
        json_str(j, "method", sbom_method(p));
        json_u64(j, "confidence", sbom_confidence(p));
        json_str(j, "module", p->module);
        json_bool(j, "extended_support", p->extended);
        json_str(j, "detail", p->detail);
        json_str(j, "not_evaluated", p->not_evaluated);
        json_str(j, "use", item->use);
        put_time(j, "first_used", item->first);
        put_time(j, "last_used", item->last);
        json_end(j);
}

/* "one", "several", "nobody", "unknown" */
static const char *answer_word(const struct sbom_answer *answer)
{
        return answer->unknown      ? "unknown"
               : !answer->count     ? "nobody"
               : answer->count == 1 ? "one"
                                    : "several";
}

static void put_answers(struct json *j, const struct sbom *s)
{
        json_array(j, "owners");
        for (size_t i = 0; i < s->answer_count; i++) {
                const struct sbom_answer *answer = &s->answers[i];
                json_object(j, NULL);
                json_str(j, "thing", answer->thing);
                json_str(j, "answer", answer_word(answer));
                json_str(j, "reason", answer->unknown);
                json_array(j, "packages");
                for (size_t n = 0; n < answer->count; n++)
                        put_package(j, &(struct sbom_item){.package = answer->packages[n]});
                json_end(j);
                json_end(j);
        }
        json_end(j);
}

void sbom_json(const struct sbom *s, struct buf *to)
{
        struct json j = JSON_INIT(to, 2);
        json_object(&j, NULL);
        json_str(&j, "schema", "usewear/inventory/1");
        json_str(&j, "name", s->name);
        json_str(&j, "os", s->os);
        put_time(&j, "time", s->time);
        if (s->answer_count)
                put_answers(&j, s);
        json_array(&j, "packages");
        for (size_t i = 0; i < s->count; i++)
                put_package(&j, &s->items[i]);
        json_end(&j);
        json_array(&j, "limits");
        for (size_t i = 0; i < s->limit_count; i++)
                json_str(&j, NULL, s->limits[i]);
        json_end(&j);
        json_end(&j);
        buf_add_char(to, '\n');
}
