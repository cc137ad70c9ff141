/* SPDX-License-Identifier: Apache-2.0 */
/* What a record costs is bounded before it is parsed: its bytes, and the number of values, which each
 * cost far more memory than bytes. jansson then refuses deep nesting, NUL and bytes that are not UTF-8. */
#include "format/osv.h"

#include "base/clock.h"
#include "format/ghsa_function.h"

#include <errno.h>
#include <jansson.h>

enum { VALUES_MAX = 400 * 1000, LIST_MAX = 100 * 1000 };

struct reader {
        struct arena *arena;
        struct error *error;
        const char *id; /* for sentences; may be NULL */
};

static int refuse(const struct reader *rd, const char *what)
{
        return error_set(rd->error, -EBADMSG, "record %s: %s", rd->id ? rd->id : "without id", what);
}

static size_t count_values(const char *json, size_t size)
{
        size_t count = 0;
        for (size_t i = 0; i < size; i++)
                count += json[i] == ',' || json[i] == '[' || json[i] == '{';
        return count;
}

/* A copy of the string under the key. *ret stays NULL where there is none (or null). Line breaks and other
 * control bytes are refused: they have no place in ids, names and versions, and lists are stored as lines. */
static int take_text(const struct reader *rd, const json_t *value, size_t most, const char **ret)
{
        const char *s = json_string_value(value);
        if (!value || json_is_null(value))
                return 0;
        if (!s)
                return refuse(rd, "a text is something else");
        size_t size = json_string_length(value);
        if (size > most)
                return refuse(rd, "a text is too long");
        for (size_t i = 0; i < size; i++)
                if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
                        return refuse(rd, "a text has control bytes");
        *ret = arena_strndup(rd->arena, s, size);
        return *ret ? 0 : -ENOMEM;
}

/* The array under the key, NULL if there is none. */
static int take_array(const struct reader *rd, const json_t *object, const char *key, const json_t **ret)
{
        const json_t *value = json_object_get(object, key);
        if (!value || json_is_null(value)) {
                *ret = NULL;
                return 0;
        }
        if (!json_is_array(value) || json_array_size(value) > LIST_MAX)
                return error_set(rd->error, -EBADMSG, "record %s: \"%s\" is no list, or too long",
                                 rd->id ? rd->id : "without id", key);
        *ret = value;
        return 0;
}

static int take_texts(const struct reader *rd, const json_t *object, const char *key, osv_text_list *to)
{
        const json_t *array;
        int r = take_array(rd, object, key, &array);
        for (size_t i = 0; r == 0 && i < json_array_size(array); i++) {
                const char *text = NULL;
                r = take_text(rd, json_array_get(array, i), OSV_ID_MAX, &text);
                if (r < 0 || !text || !*text)
                        continue;
                const char **slot = vec_add(to);
                if (!slot)
                        return -ENOMEM;
                *slot = text;
        }
        return r;
}

static int take_severities(const struct reader *rd, const json_t *object, osv_severity_list *to)
{
        const json_t *array;
        int r = take_array(rd, object, "severity", &array);
        for (size_t i = 0; r == 0 && i < json_array_size(array); i++) {
                const json_t *item = json_array_get(array, i);
                struct osv_severity severity = {};
                r = take_text(rd, json_object_get(item, "type"), OSV_ID_MAX, &severity.type);
                if (r == 0)
                        r = take_text(rd, json_object_get(item, "score"), OSV_TEXT_MAX, &severity.score);
                if (r < 0 || !severity.type || !severity.score)
                        continue;
                struct osv_severity *slot = vec_add(to);
                if (!slot)
                        return -ENOMEM;
                *slot = severity;
        }
        return r;
}

static int take_time(const struct reader *rd, const json_t *object, const char *key, int64_t *ret)
{
        const char *text = NULL;
        int r = take_text(rd, json_object_get(object, key), OSV_ID_MAX, &text);
        if (r < 0 || !text)
                return r;
        return clock_parse_rfc3339(text, ret) < 0 ? refuse(rd, "a date is not RFC 3339") : 0;
}

static int take_event(const struct reader *rd, const json_t *item, struct osv_event *ret)
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
                return refuse(rd, "an event does not have exactly one key");
        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
                const json_t *value = json_object_get(item, kinds[i].key);
                if (!value)
                        continue;
                ret->kind = kinds[i].kind;
                int r = take_text(rd, value, OSV_ID_MAX, &ret->version);
                if (r < 0)
                        return r;
                return ret->version && *ret->version ? 0 : refuse(rd, "an event has no version");
        }
        return refuse(rd, "an event is of an unknown kind");
}

static int take_range(const struct reader *rd, const json_t *item, struct osv_affected *affected)
{
        const char *type = json_string_value(json_object_get(item, "type"));
        const json_t *events;
        if (!type)
                return refuse(rd, "a range has no type");
        if (strcmp(type, "ECOSYSTEM") && strcmp(type, "SEMVER"))
                return 0; /* GIT: cannot be evaluated without the repository */
        int r = take_array(rd, item, "events", &events);
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

static int append_symbol(struct osv_affected *affected, const char *container, const char *function,
                         const char *kind)
{
        struct osv_symbol *slot = vec_add(&affected->symbols);
        if (!slot)
                return -ENOMEM;
        *slot = (struct osv_symbol){container, function, kind};
        return 0;
}

static int add_symbol(struct osv_affected *affected, const char *container, const char *function,
                      const char *kind)
{
        if (!function || !*function)
                return 0;
        return append_symbol(affected, container ? container : "", function, kind);
}

static int take_symbols(const struct reader *rd, const json_t *object, const char *key, const char *container,
                        const char *kind, struct osv_affected *affected)
{
        osv_text_list names = {};
        int r = take_texts(rd, object, key, &names);
        vec_each (name, &names)
                if (r == 0)
                        r = add_symbol(affected, container, *name, kind);
        vec_done(&names);
        return r;
}

/* Go: imports[] of packages. The export merges root and derived symbols; where both lists are given (the
 * starter set has them apart), the kind is known. */
static int take_imports(const struct reader *rd, const json_t *specific, struct osv_affected *affected)
{
        const json_t *imports;
        int r = take_array(rd, specific, "imports", &imports);
        for (size_t i = 0; r == 0 && i < json_array_size(imports); i++) {
                const json_t *item = json_array_get(imports, i);
                const char *path = NULL;
                bool apart = json_object_get(item, "derived_symbols");
                r = take_text(rd, json_object_get(item, "path"), OSV_ID_MAX, &path);
                if (r == 0)
                        r = take_symbols(rd, item, "symbols", path, apart ? "root" : "unspecified", affected);
                if (r == 0)
                        r = take_symbols(rd, item, "derived_symbols", path, "derived", affected);
                if (r == 0 && path && !json_array_size(json_object_get(item, "symbols")) &&
                    !json_array_size(json_object_get(item, "derived_symbols")))
                        r = append_symbol(affected, path, "", "whole");
        }
        return r;
}

static int take_ghsa(const struct reader *rd, const json_t *specific, struct osv_affected *affected)
{
        osv_text_list names = {};
        const char *ecosystem =
                arena_strndup(rd->arena, affected->ecosystem, strcspn(affected->ecosystem, ":"));
        int r = ecosystem ? take_texts(rd, specific, "affected_functions", &names) : -ENOMEM;
        vec_each (name, &names) {
                struct span container, function;
                if (r < 0 ||
                    !ghsa_function_split(ecosystem, affected->name, span_of(*name), &container, &function))
                        continue;
                const char *where = arena_strndup(rd->arena, container.size ? container.data : "",
                                                  container.size),
                           *what = arena_strndup(rd->arena, function.data, function.size);
                r = where && what ? add_symbol(affected, where, what, "unspecified") : -ENOMEM;
        }
        vec_done(&names);
        return r;
}

/* RustSec: affects.functions; GHSA: affected_functions. The whole path is kept as the function. */
static int take_specific(const struct reader *rd, const json_t *specific, struct osv_affected *affected)
{
        const json_t *affects = json_object_get(specific, "affects");
        if (!json_is_object(specific))
                return 0;
        affected->custom_ranges = json_array_size(json_object_get(specific, "custom_ranges")) > 0;
        int r = take_imports(rd, specific, affected);
        if (r == 0)
                r = take_symbols(rd, affects, "functions", NULL, "unspecified", affected);
        if (r == 0)
                r = take_ghsa(rd, specific, affected);
        if (r == 0 && json_is_string(json_object_get(specific, "urgency")))
                r = take_text(rd, json_object_get(specific, "urgency"), OSV_ID_MAX, &affected->urgency);
        return r;
}

static int take_affected(const struct reader *rd, const json_t *item, struct osv_record *record)
{
        const json_t *package = json_object_get(item, "package"), *ranges;
        struct osv_affected found = {};
        int r = take_text(rd, json_object_get(package, "ecosystem"), OSV_ID_MAX, &found.ecosystem);
        if (r == 0)
                r = take_text(rd, json_object_get(package, "name"), OSV_TEXT_MAX, &found.name);
        if (r < 0 || !found.ecosystem || !*found.ecosystem || !found.name || !*found.name)
                return r; /* names a repository only */
        struct osv_affected *affected = vec_add(&record->affected);
        if (!affected)
                return -ENOMEM;
        *affected = found;
        r = take_array(rd, item, "ranges", &ranges);
        for (size_t i = 0; r == 0 && i < json_array_size(ranges); i++)
                r = take_range(rd, json_array_get(ranges, i), affected);
        if (r == 0)
                r = take_texts(rd, item, "versions", &affected->versions);
        if (r == 0)
                r = take_severities(rd, item, &affected->severities);
        if (r == 0)
                r = take_specific(rd, json_object_get(item, "ecosystem_specific"), affected);
        return r;
}

static int take_record(struct reader *rd, const json_t *root, struct osv_record *record)
{
        const json_t *list, *withdrawn = json_object_get(root, "withdrawn");
        int r = take_text(rd, json_object_get(root, "id"), OSV_ID_MAX, &record->id);
        if (r < 0)
                return r;
        if (!record->id || !*record->id)
                return refuse(rd, "it has no \"id\", so it is no OSV record");
        rd->id = record->id;
        record->withdrawn = withdrawn && !json_is_null(withdrawn);
        r = take_time(rd, root, "modified", &record->modified);
        if (r == 0)
                r = take_time(rd, root, "published", &record->published);
        if (r == 0)
                r = take_texts(rd, root, "aliases", &record->aliases);
        if (r == 0)
                r = take_texts(rd, root, "upstream", &record->upstream);
        if (r == 0)
                r = take_texts(rd, root, "related", &record->related);
        if (r == 0)
                r = take_severities(rd, root, &record->severities);
        const json_t *rating = json_object_get(json_object_get(root, "database_specific"), "severity");
        if (r == 0 && json_is_string(rating))
                r = take_text(rd, rating, OSV_ID_MAX, &record->rating);
        if (r == 0)
                r = take_array(rd, root, "affected", &list);
        for (size_t i = 0; r == 0 && i < json_array_size(list); i++)
                r = take_affected(rd, json_array_get(list, i), record);
        return r;
}

int osv_parse(const char *json, size_t size, struct arena *a, struct osv_record *ret, struct error *error)
{
        struct reader rd = {a, error, NULL};
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
