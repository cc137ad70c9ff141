/* SPDX-License-Identifier: Apache-2.0 */

/* A rule that is misread hides a hole: what is not understood to the last character is refused, with its
 * line, and no rule of the file is used. */

#include "verdict/ignore_rules.h"

#include "base/clock.h"

#include <errno.h>
#include <jansson.h>

/* ---- one rule ------------------------------------------------------------------------------------- */

/* A date holds until its last second, UTC. */
static int parse_expiry(const char *text, int64_t *ret)
{
        char whole[CLOCK_TEXT];
        if (strlen(text) != strlen("2026-12-31"))
                return clock_parse_rfc3339(text, ret);
        memcpy(whole, text, 10);
        memcpy(whole + 10, "T00:00:00Z", sizeof("T00:00:00Z"));
        int r = clock_parse_rfc3339(whole, ret);
        if (r == 0)
                *ret += 24 * 60 * 60;
        return r;
}

int ignore_rule_set(struct ignore_rule *r, struct span field, struct span value, struct arena *a,
                    struct error *error)
{
        int name_size = (int)MIN(field.size, (size_t)40);
        if (!value.size)
                return error_set(error, -EINVAL, "'%.*s' has no value", name_size, field.data);
        if (value.size > IGNORE_VALUE_MAX || memchr(value.data, 0, value.size))
                return error_set(error, -EINVAL, "the value of '%.*s' is too long or holds a NUL byte",
                                 name_size, field.data);
        char *text = arena_strndup(a, value.data, value.size);
        if (!text)
                return error_set(error, -ENOMEM, "out of memory");
        const struct {
                const char *name;
                const char **target;
        } texts[] = {
                {"id", &r->id}, {"package", &r->package}, {"workload", &r->workload}, {"reason", &r->reason}};
        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                if (!span_equal(field, texts[i].name))
                        continue;
                if (*texts[i].target)
                        return error_set(error, -EINVAL, "'%s' is given twice", texts[i].name);
                *texts[i].target = text;
                return 0;
        }
        if (span_equal(field, "expires")) {
                if (r->expires || parse_expiry(text, &r->expires) < 0 || !r->expires)
                        return error_set(error, -EINVAL, "'expires' wants one date such as 2026-12-31");
        } else if (span_equal(field, "until_level")) {
                if (r->until || level_parse(text, &r->until_level) < 0 || r->until_level == LEVEL_PRESENT)
                        return error_set(error, -EINVAL,
                                         "'until_level' wants one of loaded, executed, reached");
                r->until = true;
        } else {
                return error_set(error, -EINVAL,
                                 "unknown field '%.*s': use id, package, workload, reason, expires, "
                                 "until_level",
                                 name_size, field.data);
        }
        return 0;
}

int ignore_rule_check(const struct ignore_rule *r, struct error *error)
{
        if (!r->id && !r->package)
                return error_set(error, -EINVAL, "it names neither an id nor a package");
        if (!r->reason)
                return error_set(error, -EINVAL, "it gives no reason");
        return 0;
}

/* ---- text form -------------------------------------------------------------------------------------- */

/* "ID field=value … -- reason" */
static int parse_line(struct span line, struct arena *a, struct ignore_rule *ret, struct error *error)
{
        struct span word;
        bool first = true;
        while ((line = span_trim(line)).size) {
                if (span_equal(line, "--") || span_starts(line, "-- ") || span_starts(line, "--\t"))
                        return ignore_rule_set(ret, SPAN("reason"),
                                               span_trim((struct span){line.data + 2, line.size - 2}), a,
                                               error);
                size_t size = 0;
                while (size < line.size && line.data[size] != ' ' && line.data[size] != '\t')
                        size++;
                word = (struct span){line.data, size};
                line = (struct span){line.data + size, line.size - size};
                const char *equal = memchr(word.data, '=', word.size);
                int r = 0;
                if (equal)
                        r = ignore_rule_set(
                                ret, (struct span){word.data, (size_t)(equal - word.data)},
                                (struct span){equal + 1, word.size - (size_t)(equal - word.data) - 1}, a,
                                error);
                else if (first)
                        r = ignore_rule_set(ret, SPAN("id"), word, a, error);
                else
                        r = error_set(error, -EINVAL,
                                      "'%.*s' is no field=value; the reason comes after ' -- '",
                                      (int)MIN(word.size, (size_t)40), word.data);
                if (r < 0)
                        return r;
                first = false;
        }
        return 0;
}

static size_t count_lines(struct span bytes)
{
        size_t count = 1;
        for (size_t i = 0; i < bytes.size; i++)
                count += bytes.data[i] == '\n';
        return count;
}

int ignore_parse_text(struct span bytes, struct arena *a, struct ignore_rules *to, struct error *error)
{
        struct span line;
        size_t number = 0;
        to->items = arena_alloc(a, MIN(count_lines(bytes), (size_t)IGNORE_RULES_MAX) * sizeof(*to->items));
        if (!to->items)
                return error_set(error, -ENOMEM, "out of memory");
        while (bytes.size) {
                struct error why = {};
                const char *end = memchr(bytes.data, '\n', bytes.size);
                size_t size = end ? (size_t)(end - bytes.data) : bytes.size;
                line = span_trim((struct span){bytes.data, size});
                size += end != NULL;
                bytes = (struct span){bytes.data + size, bytes.size - size};
                number++;
                if (!line.size || line.data[0] == '#')
                        continue;
                if (to->count == IGNORE_RULES_MAX)
                        return error_set(error, -EINVAL, "line %zu: more than %d rules", number,
                                         IGNORE_RULES_MAX);
                struct ignore_rule *rule = &to->items[to->count++];
                rule->place = number;
                int r = parse_line(line, a, rule, &why);
                if (r == 0)
                        r = ignore_rule_check(rule, &why);
                if (r < 0)
                        return error_set(error, r, "line %zu: %s", number, why.text);
        }
        return 0;
}

/* ---- JSON form -------------------------------------------------------------------------------------- */

static void json_free(json_t **j)
{
        json_decref(*j);
}

static int parse_object(json_t *object, struct arena *a, struct ignore_rule *ret, struct error *error)
{
        const char *name;
        json_t *value;
        if (!json_is_object(object))
                return error_set(error, -EINVAL, "it is no object");
        json_object_foreach(object, name, value)
        {
                if (json_is_null(value))
                        continue;
                if (!json_is_string(value))
                        return error_set(error, -EINVAL, "'%.40s' is no string", name);
                int r = ignore_rule_set(ret, span_of(name),
                                        (struct span){json_string_value(value), json_string_length(value)}, a,
                                        error);
                if (r < 0)
                        return r;
        }
        return ignore_rule_check(ret, error);
}

int ignore_parse_json(struct span bytes, struct arena *a, struct ignore_rules *to, struct error *error)
{
        json_error_t where;
        _cleanup_(json_free) json_t *root =
                json_loadb(bytes.data, bytes.size, JSON_REJECT_DUPLICATES, &where);
        if (!root)
                return error_set(error, -EINVAL, "line %d: %s", where.line, where.text);
        json_t *list = json_is_object(root) ? json_object_get(root, "ignore") : root;
        if (!json_is_array(list) || (json_is_object(root) && json_object_size(root) != 1))
                return error_set(error, -EINVAL,
                                 "line 1: expected an array of rules, or {\"ignore\": [rules]}");
        size_t count = json_array_size(list);
        if (count > IGNORE_RULES_MAX)
                return error_set(error, -EINVAL, "line 1: more than %d rules", IGNORE_RULES_MAX);
        to->json = true;
        to->items = arena_alloc(a, MAX(count, (size_t)1) * sizeof(*to->items));
        if (!to->items)
                return error_set(error, -ENOMEM, "out of memory");
        for (; to->count < count; to->count++) {
                struct error why = {};
                struct ignore_rule *rule = &to->items[to->count];
                rule->place = to->count + 1;
                int r = parse_object(json_array_get(list, to->count), a, rule, &why);
                if (r < 0)
                        return error_set(error, r, "rule %zu: %s", rule->place, why.text);
        }
        return 0;
}
