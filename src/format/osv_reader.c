/* SPDX-License-Identifier: Apache-2.0 */
/* Texts and lists of a record, each within its bounds. */
#include "format/osv_reader.h"

#include <errno.h>

enum { LIST_MAX = 100 * 1000 };

int osv_refuse(const struct osv_reader *rd, const char *what)
{
        return error_set(rd->error, -EBADMSG, "record %s: %s", rd->id ? rd->id : "without id", what);
}

/* Line breaks and other control bytes are refused: they have no place in ids, names and versions, and lists
 * are stored as lines. */
int osv_take_text(const struct osv_reader *rd, const json_t *value, size_t most, const char **ret)
{
        const char *s = json_string_value(value);
        if (!value || json_is_null(value))
                return 0;
        if (!s)
                return osv_refuse(rd, "a text is something else");
        size_t size = json_string_length(value);
        if (size > most)
                return osv_refuse(rd, "a text is too long");
        for (size_t i = 0; i < size; i++)
                if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
                        return osv_refuse(rd, "a text has control bytes");
        *ret = arena_strndup(rd->arena, s, size);
        return *ret ? 0 : -ENOMEM;
}

int osv_take_array(const struct osv_reader *rd, const json_t *object, const char *key, const json_t **ret)
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

int osv_take_texts(const struct osv_reader *rd, const json_t *object, const char *key, osv_text_list *to)
{
        const json_t *array = NULL;
        int r = osv_take_array(rd, object, key, &array);
        for (size_t i = 0; r == 0 && i < json_array_size(array); i++) {
                const char *text = NULL;
                r = osv_take_text(rd, json_array_get(array, i), OSV_ID_MAX, &text);
                if (r < 0 || !text || !*text)
                        continue;
                const char **slot = vec_add(to);
                if (!slot)
                        return -ENOMEM;
                *slot = text;
        }
        return r;
}
