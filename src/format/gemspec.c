/* SPDX-License-Identifier: Apache-2.0 */
/* RubyGems itself reads the stub line first, because running a gemspec is slow. Where there is none the
 * assignments of literals are taken: `s.name = "rack".freeze`. */
#include "format/gemspec.h"

#include <ctype.h>
#include <errno.h>

static bool is_name(struct span s)
{
        if (!s.size || s.size > 255)
                return false;
        for (size_t i = 0; i < s.size; i++)
                if (!isalnum((unsigned char)s.data[i]) && !strchr("-_.", s.data[i]))
                        return false;
        return true;
}

static bool is_version(struct span s)
{
        if (!s.size || s.size > 128 || !isdigit((unsigned char)*s.data))
                return false;
        for (size_t i = 0; i < s.size; i++)
                if (!isalnum((unsigned char)s.data[i]) && !strchr(".-+", s.data[i]))
                        return false;
        return true;
}

/* The first quoted text of the line, if no interpolation is in it. */
static struct span literal(struct span line)
{
        for (size_t i = 0; i < line.size; i++) {
                char quote = line.data[i];
                if (quote != '"' && quote != '\'')
                        continue;
                struct span rest = {line.data + i + 1, line.size - i - 1};
                const char *end = memchr(rest.data, quote, rest.size);
                if (!end)
                        return (struct span){};
                rest.size = (size_t)(end - rest.data);
                return memchr(rest.data, '#', rest.size) || memchr(rest.data, '\\', rest.size)
                               ? (struct span){}
                               : rest;
        }
        return (struct span){};
}

/* "s.name = …" for any variable. */
static bool assigns(struct span line, const char *attribute, struct span *ret)
{
        size_t i = 0, size = strlen(attribute);
        while (i < line.size && (isalnum((unsigned char)line.data[i]) || line.data[i] == '_'))
                i++;
        if (!i || i + 1 + size >= line.size || line.data[i] != '.' ||
            memcmp(line.data + i + 1, attribute, size))
                return false;
        struct span rest = span_trim((struct span){line.data + i + 1 + size, line.size - i - 1 - size});
        if (rest.size < 2 || *rest.data != '=' || rest.data[1] == '=')
                return false;
        rest = span_trim((struct span){rest.data + 1, rest.size - 1});
        /* What is computed is no literal, wherever a quote may stand in it. */
        if (!span_starts(rest, "\"") && !span_starts(rest, "'") && !span_starts(rest, "Gem::Version.new"))
                return false;
        *ret = literal(rest);
        return ret->size > 0;
}

struct parts {
        struct span name, version, platform;
};

static void read_stub(struct span line, struct parts *to)
{
        struct span rest = span_trim((struct span){line.data + 8, line.size - 8}), name, version, platform;
        if (!span_cut(&rest, ' ', &name) || !span_cut(&rest, ' ', &version) ||
            !span_cut(&rest, ' ', &platform))
                return;
        if (!is_name(name) || !is_version(version))
                return;
        *to = (struct parts){name, version, platform};
}

int gemspec_parse(struct span text, struct arena *a, struct gemspec *ret)
{
        struct parts parts = {};
        struct span line;
        while (span_cut(&text, '\n', &line) &&
               !(parts.name.size && parts.version.size && parts.platform.size)) {
                struct span value;
                line = span_trim(line);
                if (span_starts(line, "# stub: "))
                        read_stub(line, &parts);
                else if (!parts.name.size && assigns(line, "name", &value) && is_name(value))
                        parts.name = value;
                else if (!parts.version.size && assigns(line, "version", &value) && is_version(value))
                        parts.version = value;
                else if (!parts.platform.size && assigns(line, "platform", &value))
                        parts.platform = value;
        }
        if (!parts.name.size)
                return -ENOENT;
        bool native = parts.platform.size && !span_equal(parts.platform, "ruby") && is_name(parts.platform);
        struct gemspec spec = {.name = arena_strndup(a, parts.name.data, parts.name.size)};
        if (parts.version.size)
                spec.version = arena_strndup(a, parts.version.data, parts.version.size);
        if (native)
                spec.platform = arena_strndup(a, parts.platform.data, parts.platform.size);
        if (!spec.name || (parts.version.size && !spec.version) || (native && !spec.platform))
                return -ENOMEM;
        *ret = spec;
        return 0;
}

const char *gemspec_version_constant(struct span text, struct arena *a)
{
        struct span line;
        while (span_cut(&text, '\n', &line)) {
                line = span_trim(line);
                if (!span_starts(line, "VERSION"))
                        continue;
                struct span rest = span_trim((struct span){line.data + 7, line.size - 7});
                if (!span_starts(rest, "="))
                        continue;
                struct span value = literal(rest);
                if (is_version(value))
                        return arena_strndup(a, value.data, value.size);
        }
        return NULL;
}
