/* SPDX-License-Identifier: Apache-2.0 */
#include "format/os_release.h"

#include <errno.h>

/* The value without its quotes; backslash escapes only " $ ` \ and itself inside double quotes. */
static char *unquote(struct span value, struct arena *a)
{
        char quote = value.size ? value.data[0] : 0;
        bool quoted =
                (quote == '"' || quote == '\'') && value.size >= 2 && value.data[value.size - 1] == quote;
        if (quoted)
                value = (struct span){value.data + 1, value.size - 2};
        char *copy = arena_strndup(a, value.data ? value.data : "", value.size);
        if (!copy || !quoted || quote == '\'')
                return copy;
        char *to = copy;
        for (const char *from = copy; *from; from++) {
                if (*from == '\\' && from[1] && strchr("\"$`\\", from[1]))
                        from++;
                *to++ = *from;
        }
        *to = '\0';
        return copy;
}

int os_release_parse(struct span text, struct arena *a, struct os_release *ret)
{
        struct os_release os = {};
        const struct {
                const char *key;
                const char **to;
        } fields[] = {
                {"ID", &os.id},
                {"ID_LIKE", &os.id_like},
                {"NAME", &os.name},
                {"VERSION", &os.version},
                {"VERSION_ID", &os.version_id},
                {"VERSION_CODENAME", &os.codename},
                {"PRETTY_NAME", &os.pretty_name},
        };
        struct span line, key;
        while (span_cut(&text, '\n', &line)) {
                struct span value = span_trim(line);
                if (!span_cut(&value, '=', &key))
                        continue;
                for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
                        if (span_equal(key, fields[i].key) && !(*fields[i].to = unquote(value, a)))
                                return -ENOMEM;
        }
        *ret = os;
        return 0;
}
