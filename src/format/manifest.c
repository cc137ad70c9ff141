/* SPDX-License-Identifier: Apache-2.0 */
#include "format/manifest.h"

#include "format/json_tree.h"

#include <ctype.h>
#include <errno.h>
#include <strings.h>

enum { LONGEST = 200, MOST_VALUES = 100 * 1000, HEADER_SIZE = 8 * 1024 };

static bool is_text(struct span s)
{
        if (!s.size || s.size > LONGEST)
                return false;
        for (size_t i = 0; i < s.size; i++)
                if ((unsigned char)s.data[i] < 0x20 || s.data[i] == 0x7f)
                        return false;
        return true;
}

static int keep(struct span name, struct span version, struct arena *a, struct manifest *ret)
{
        if (!is_text(name) || !is_text(version) || !isalnum((unsigned char)*version.data))
                return -ENOENT;
        struct manifest m = {arena_strndup(a, name.data, name.size),
                             arena_strndup(a, version.data, version.size)};
        if (!m.name || !m.version)
                return -ENOMEM;
        *ret = m;
        return 0;
}

/* What stands between the next two quotes. */
static struct span quoted(struct span rest, char quote)
{
        const char *from = rest.size ? memchr(rest.data, quote, rest.size) : NULL;
        if (!from)
                return (struct span){};
        from++;
        const char *to = memchr(from, quote, rest.size - (size_t)(from - rest.data));
        return to ? (struct span){from, (size_t)(to - from)} : (struct span){};
}

static struct span after(struct span text, const char *marker)
{
        const char *at = text.size ? memmem(text.data, text.size, marker, strlen(marker)) : NULL;
        if (!at)
                return (struct span){};
        at += strlen(marker);
        return (struct span){at, text.size - (size_t)(at - text.data)};
}

/* {application, cowboy, [{description, "…"}, {vsn, "2.9.0"}, … */
int manifest_erlang(struct span text, struct arena *a, struct manifest *ret)
{
        struct span rest = after(text, "{application"), name = {}, version;
        while (rest.size && (isspace((unsigned char)*rest.data) || *rest.data == ','))
                rest = (struct span){rest.data + 1, rest.size - 1};
        if (span_starts(rest, "'"))
                name = quoted(rest, '\'');
        else
                while (name.size < rest.size &&
                       (isalnum((unsigned char)rest.data[name.size]) || rest.data[name.size] == '_'))
                        name = (struct span){rest.data, name.size + 1};
        rest = after(rest, "{vsn");
        /* Only blanks and the comma before the literal. */
        size_t i = 0;
        while (i < rest.size && (isspace((unsigned char)rest.data[i]) || rest.data[i] == ','))
                i++;
        version = i < rest.size && rest.data[i] == '"' ? quoted(rest, '"') : (struct span){};
        return keep(name, version, a, ret);
}

int manifest_perl(struct span json, struct arena *a, struct manifest *ret)
{
        _cleanup_json_tree_ json_t *tree = NULL;
        int r = json_tree_load(json, MOST_VALUES, &tree);
        if (r < 0)
                return -ENOENT;
        return keep(span_of(json_tree_text(tree, "name")), span_of(json_tree_text(tree, "version")), a, ret);
}

static bool field(struct span line, const char *key, struct span *ret)
{
        size_t size = strlen(key);
        if (line.size <= size || line.data[size] != ':' || strncasecmp(line.data, key, size) != 0)
                return false;
        *ret = span_trim((struct span){line.data + size + 1, line.size - size - 1});
        return true;
}

int manifest_r(struct span text, struct arena *a, struct manifest *ret)
{
        struct span line, name = {}, version = {};
        while (span_cut(&text, '\n', &line))
                if (!name.size && !field(line, "Package", &name))
                        field(line, "Version", &version);
                else if (!version.size)
                        field(line, "Version", &version);
        return keep(name, version, a, ret);
}

int manifest_lua(struct span text, struct arena *a, struct manifest *ret)
{
        struct span line, name = {}, version = {};
        while (span_cut(&text, '\n', &line)) {
                struct span key;
                char quote = memchr(line.data, '"', line.size) ? '"' : '\'';
                if (!span_cut(&line, '=', &key))
                        continue;
                key = span_trim(key);
                if (!name.size && span_equal(key, "package"))
                        name = quoted(line, quote);
                else if (!version.size && span_equal(key, "version"))
                        version = quoted(line, quote);
        }
        return keep(name, version, a, ret);
}

int manifest_conan_reference(struct span reference, struct arena *a, struct manifest *ret)
{
        struct span name;
        size_t size = 0;
        if (!span_cut(&reference, '/', &name))
                return -ENOENT;
        while (size < reference.size && !strchr("@:#/ ", reference.data[size]))
                size++;
        return keep(name, (struct span){reference.data, size}, a, ret);
}

/* The section's title is cut off once it has been met: what is left begins with its next line, which is
 * indented. */
int manifest_conan_next(struct span *rest, struct arena *a, struct manifest *ret)
{
        struct span line;
        bool inside = rest->size && isspace((unsigned char)*rest->data);
        while (span_cut(rest, '\n', &line)) {
                line = span_trim(line);
                if (line.size && *line.data == '[')
                        inside = span_equal(line, "[full_requires]");
                int r = inside ? manifest_conan_reference(line, a, ret) : -ENOENT;
                if (r != -ENOENT)
                        return r;
        }
        return -ENOENT;
}

int manifest_wordpress(struct span text, struct arena *a, struct manifest *ret)
{
        struct span line, name = {}, version = {};
        text.size = MIN(text.size, (size_t)HEADER_SIZE);
        while (span_cut(&text, '\n', &line)) {
                while (line.size && (isspace((unsigned char)*line.data) || strchr("*/#@", *line.data)))
                        line = (struct span){line.data + 1, line.size - 1};
                if (!name.size && !field(line, "Plugin Name", &name))
                        field(line, "Theme Name", &name);
                if (!version.size)
                        field(line, "Version", &version);
        }
        return keep(name, version, a, ret);
}

/* Comments name the variable as well. */
int manifest_wordpress_core(struct span text, struct arena *a, struct manifest *ret)
{
        while ((text = after(text, "$wp_version")).size) {
                struct span rest = span_trim(text);
                if (span_starts(rest, "="))
                        return keep(SPAN("wordpress"), quoted(rest, '\''), a, ret);
        }
        return -ENOENT;
}
