/* SPDX-License-Identifier: Apache-2.0 */
/* What a record costs is bounded before it is parsed: its bytes, and the number of values, which each
 * cost far more memory than bytes. jansson then refuses deep nesting, NUL and bytes that are not UTF-8. */
#include "format/osv_reader.h"

#include "base/clock.h"

#include <errno.h>

enum { VALUES_MAX = 400 * 1000 };

static size_t count_values(const char *json, size_t size)
{
        size_t count = 0;
        for (size_t i = 0; i < size; i++)
                count += json[i] == ',' || json[i] == '[' || json[i] == '{';
        return count;
}

static int take_severities(const struct osv_reader *rd, const json_t *object, osv_severity_list *to)
{
        const json_t *array = NULL;
        int r = osv_take_array(rd, object, "severity", &array);
        for (size_t i = 0; r == 0 && i < json_array_size(array); i++) {
                const json_t *item = json_array_get(array, i);
                struct osv_severity severity = {};
                r = osv_take_text(rd, json_object_get(item, "type"), OSV_ID_MAX, &severity.type);
                if (r == 0)
                        r = osv_take_text(rd, json_object_get(item, "score"), OSV_TEXT_MAX, &severity.score);
                if (r < 0 || !severity.type || !severity.score)
                        continue;
                struct osv_severity *slot = vec_add(to);
                if (!slot)
                        return -ENOMEM;
                *slot = severity;
        }
        return r;
}

static int take_time(const struct osv_reader *rd, const json_t *object, const char *key, int64_t *ret)
{
        const char *text = NULL;
        int r = osv_take_text(rd, json_object_get(object, key), OSV_ID_MAX, &text);
        if (r < 0 || !text)
                return r;
        return clock_parse_rfc3339(text, ret) < 0 ? osv_refuse(rd, "a date is not RFC 3339") : 0;
}

static int take_event(const struct osv_reader *rd, const json_t *item, struct osv_event *ret)
{
        static const struct {
                const char *key;
                enum osv_event_kind kind;
        } kinds[] = {
                {"introduced", OSV_INTRODUCED},
                {"fixed", OSV_FIXED},
                {"last_affected", OSV_LAST_AFFECTED},
                {"limit", OSV_LIMIT},
        };
        if (!json_is_object(item) || json_object_size(item) != 1)
                return osv_refuse(rd, "an event does not have exactly one key");
        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
                const json_t *value = json_object_get(item, kinds[i].key);
                if (!value)
                        continue;
                ret->kind = kinds[i].kind;
                int r = osv_take_text(rd, value, OSV_ID_MAX, &ret->version);
                if (r < 0)
                        return r;
                return ret->version && *ret->version ? 0 : osv_refuse(rd, "an event has no version");
        }
        return osv_refuse(rd, "an event is of an unknown kind");
}

static int take_range(const struct osv_reader *rd, const json_t *item, struct osv_affected *affected)
{
        const char *type = json_string_value(json_object_get(item, "type"));
        const json_t *events = NULL;
        if (!type)
                return osv_refuse(rd, "a range has no type");
        if (strcmp(type, "ECOSYSTEM") && strcmp(type, "SEMVER"))
                return 0; /* GIT: cannot be evaluated without the repository */
        int r = osv_take_array(rd, item, "events", &events);
        size_t count = r < 0 ? 0 : json_array_size(events);
        if (r < 0 || !count)
                return r;
        struct osv_range range = {arena_alloc(rd->arena, count * sizeof(*range.events)), count};
        if (!range.events)
                return -ENOMEM;
        for (size_t i = 0; r == 0 && i < count; i++)
                r = take_event(rd, json_array_get(events, i), &range.events[i]);
        if (r < 0)
                return r;
        struct osv_range *slot = vec_add(&affected->ranges);
        if (!slot)
                return -ENOMEM;
        *slot = range;
        return 0;
}

static int take_affected(const struct osv_reader *rd, const json_t *item, struct osv_record *record)
{
        const json_t *package = json_object_get(item, "package"), *ranges = NULL;
        struct osv_affected found = {};
        int r = osv_take_text(rd, json_object_get(package, "ecosystem"), OSV_ID_MAX, &found.ecosystem);
        if (r == 0)
                r = osv_take_text(rd, json_object_get(package, "name"), OSV_TEXT_MAX, &found.name);
        if (r < 0 || !found.ecosystem || !*found.ecosystem || !found.name || !*found.name)
                return r; /* names a repository only */
        struct osv_affected *affected = vec_add(&record->affected);
        if (!affected)
                return -ENOMEM;
        *affected = found;
        r = osv_take_array(rd, item, "ranges", &ranges);
        for (size_t i = 0; r == 0 && i < json_array_size(ranges); i++)
                r = take_range(rd, json_array_get(ranges, i), affected);
        if (r == 0)
                r = osv_take_texts(rd, item, "versions", &affected->versions);
        if (r == 0)
                r = take_severities(rd, item, &affected->severities);
        if (r == 0)
                r = osv_take_specific(rd, item, affected);
        return r;
}

static int take_record(struct osv_reader *rd, const json_t *root, struct osv_record *record)
{
        const json_t *list = NULL, *withdrawn = json_object_get(root, "withdrawn");
        int r = osv_take_text(rd, json_object_get(root, "id"), OSV_ID_MAX, &record->id);
        if (r < 0)
                return r;
        if (!record->id || !*record->id)
                return osv_refuse(rd, "it has no \"id\", so it is no OSV record");
        rd->id = record->id;
        record->withdrawn = withdrawn && !json_is_null(withdrawn);
        r = take_time(rd, root, "modified", &record->modified);
        if (r == 0)
                r = take_time(rd, root, "published", &record->published);
        if (r == 0)
                r = osv_take_texts(rd, root, "aliases", &record->aliases);
        if (r == 0)
                r = osv_take_texts(rd, root, "upstream", &record->upstream);
        if (r == 0)
                r = osv_take_texts(rd, root, "related", &record->related);
        if (r == 0)
                r = take_severities(rd, root, &record->severities);
        const json_t *rating = json_object_get(json_object_get(root, "database_specific"), "severity");
        if (r == 0 && json_is_string(rating))
                r = osv_take_text(rd, rating, OSV_ID_MAX, &record->rating);
        if (r == 0)
                r = osv_take_array(rd, root, "affected", &list);
        for (size_t i = 0; r == 0 && i < json_array_size(list); i++)
                r = take_affected(rd, json_array_get(list, i), record);
        return r;
}

int osv_parse(const char *json, size_t size, struct arena *a, struct osv_record *ret, struct error *error)
{
        struct osv_reader rd = {a, error, NULL};
        if (size > OSV_SIZE_MAX || count_values(json, size) > VALUES_MAX)
                return error_set(error, -EFBIG, "the record is absurdly large (%zu bytes)", size);
        json_error_t trouble;
        json_t *root = json_loadb(json, size, 0, &trouble);
        if (!root)
                return error_set(error, -EBADMSG, "not JSON: line %d: %s", trouble.line, trouble.text);
        int r = json_is_object(root) ? take_record(&rd, root, ret)
                                     : error_set(error, -EBADMSG, "not an OSV record: no JSON object");
        json_decref(root);
        return r == -ENOMEM ? error_set(error, r, "out of memory") : r;
}

void osv_done(struct osv_record *r)
{
        vec_each (affected, &r->affected) {
                vec_done(&affected->ranges);
                vec_done(&affected->versions);
                vec_done(&affected->severities);
                vec_done(&affected->symbols);
        }
        vec_done(&r->affected);
        vec_done(&r->aliases);
        vec_done(&r->upstream);
        vec_done(&r->related);
        vec_done(&r->severities);
}
