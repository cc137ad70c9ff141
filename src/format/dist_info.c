/* SPDX-License-Identifier: Apache-2.0 */
#include "format/dist_info.h"

#include <ctype.h>
#include <errno.h>
#include <strings.h>

char *dist_info_normalise(struct span name, struct arena *a)
{
        char *to = arena_strndup(a, name.data ? name.data : "", name.size);
        if (!to)
                return NULL;
        size_t size = 0;
        bool separated = false;
        for (size_t i = 0; i < name.size; i++) {
                unsigned char c = (unsigned char)name.data[i];
                if (c == '-' || c == '_' || c == '.') {
                        separated = true;
                        continue;
                }
                if (separated && size)
                        to[size++] = '-';
                separated = false;
                to[size++] = (char)tolower(c);
        }
        to[size] = '\0';
        return to;
}

static bool header(struct span line, const char *key, struct span *ret)
{
        size_t size = strlen(key);
        if (line.size <= size || line.data[size] != ':' || strncasecmp(line.data, key, size) != 0)
                return false;
        *ret = span_trim((struct span){line.data + size + 1, line.size - size - 1});
        return true;
}

int dist_info_parse(struct span metadata, struct arena *a, struct dist_info *ret)
{
        struct span line, name = {}, version = {}, value;
        while (span_cut(&metadata, '\n', &line)) {
                if (!span_trim(line).size)
                        break;
                if (!name.size && header(line, "Name", &value))
                        name = value;
                else if (!version.size && header(line, "Version", &value))
                        version = value;
        }
        if (!name.size || !version.size)
                return -EBADMSG;
        struct dist_info info = {dist_info_normalise(name, a), arena_strndup(a, version.data, version.size)};
        if (!info.name || !info.version)
                return -ENOMEM;
        if (!*info.name)
                return -EBADMSG;
        *ret = info;
        return 0;
}

/* The first CSV field; a quoted one may hold commas, line ends and doubled quotes. */
int dist_info_record_next(struct span *rest, struct arena *a, char **ret)
{
        while (rest->size && (*rest->data == '\n' || *rest->data == '\r'))
                *rest = (struct span){rest->data + 1, rest->size - 1};
        if (!rest->size)
                return 0;
        bool quoted = *rest->data == '"';
        size_t i = quoted, end, size = 0;
        while (i < rest->size) {
                char c = rest->data[i];
                if (quoted && c == '"') {
                        if (i + 1 >= rest->size || rest->data[i + 1] != '"')
                                break;
                        i++;
                } else if (!quoted && (c == ',' || c == '\n' || c == '\r')) {
                        break;
                }
                i++;
                size++;
        }
        end = i;
        char *path = arena_alloc(a, size + 1);
        if (!path)
                return -ENOMEM;
        for (size_t from = quoted, to = 0; from < end; from++, to++) {
                if (quoted && rest->data[from] == '"')
                        from++;
                path[to] = rest->data[from];
        }
        const char *newline = memchr(rest->data + end, '\n', rest->size - end);
        size_t skip = newline ? (size_t)(newline - rest->data) + 1 : rest->size;
        *rest = (struct span){rest->data + skip, rest->size - skip};
        *ret = path;
        return 1;
}
