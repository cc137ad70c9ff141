/* SPDX-License-Identifier: Apache-2.0 */
/* A value costs about a hundred bytes of memory, however short it is: commas and brackets are counted
 * first. Depth and encoding are jansson's to refuse. */
#include "format/json_tree.h"

#include <errno.h>

enum { LONGEST_TEXT = 1024 };

static size_t count_values(struct span text)
{
        size_t count = 0;
        for (size_t i = 0; i < text.size; i++)
                count += text.data[i] == ',' || text.data[i] == '[' || text.data[i] == '{';
        return count;
}

int json_tree_load(struct span text, size_t most, json_t **ret)
{
        json_error_t error;
        if (span_starts(text, "\xef\xbb\xbf"))
                text = (struct span){text.data + 3, text.size - 3};
        if (!text.size)
                return -EBADMSG;
        if (count_values(text) > most)
                return -EFBIG;
        json_t *tree = json_loadb(text.data, text.size, 0, &error);
        if (!tree)
                return -EBADMSG;
        *ret = tree;
        return 0;
}

const char *json_tree_text(const json_t *object, const char *key)
{
        const json_t *value = json_object_get(object, key);
        const char *s = json_string_value(value);
        size_t size = s ? json_string_length(value) : 0;
        if (!size || size > LONGEST_TEXT)
                return NULL;
        for (size_t i = 0; i < size; i++)
                if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
                        return NULL;
        return s;
}
