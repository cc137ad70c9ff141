/* SPDX-License-Identifier: Apache-2.0 */
/* installed.php is written by one function with one entry a line; its lines are read as key and literal,
 * with the depth of the arrays as the only structure that counts. */
#include "format/composer.h"

#include "format/json_tree.h"

#include <ctype.h>
#include <errno.h>

enum { MOST_VALUES = 2000 * 1000, MOST_PACKAGES = 20000, LONGEST = 512 };

static bool is_name(struct span s)
{
        size_t slashes = 0;
        if (!s.size || s.size > LONGEST)
                return false;
        for (size_t i = 0; i < s.size; i++) {
                slashes += s.data[i] == '/';
                if (!isalnum((unsigned char)s.data[i]) && !strchr("-_./", s.data[i]))
                        return false;
        }
        return slashes == 1;
}

static bool is_line(struct span s)
{
        if (!s.size || s.size > LONGEST)
                return false;
        for (size_t i = 0; i < s.size; i++)
                if ((unsigned char)s.data[i] < 0x21 || s.data[i] == 0x7f)
                        return false;
        return true;
}

static int add(composer_list *to, struct arena *a, struct span name, struct span version, struct span path,
               bool is_root)
{
        if (!is_name(name) || !is_line(version) || to->count >= MOST_PACKAGES)
                return 0;
        struct composer_package *p = vec_add(to);
        char *lower = arena_strndup(a, name.data, name.size);
        const char *number = arena_strndup(a, version.data, version.size);
        if (!p || !lower || !number)
                return -ENOMEM;
        for (char *s = lower; *s; s++)
                *s = (char)tolower((unsigned char)*s);
        *p = (struct composer_package){.name = lower, .version = number, .is_root = is_root};
        if (is_line(path) && !(p->path = arena_strndup(a, path.data, path.size)))
                return -ENOMEM;
        return 0;
}

int composer_json_parse(struct span json, struct arena *a, composer_list *to)
{
        _cleanup_json_tree_ json_t *tree = NULL;
        int r = json_tree_load(json, MOST_VALUES, &tree);
        if (r < 0)
                return r;
        const json_t *list = json_is_array(tree) ? tree : json_object_get(tree, "packages");
        if (!json_is_array(list))
                return -EBADMSG;
        for (size_t i = 0; r == 0 && i < json_array_size(list); i++) {
                const json_t *item = json_array_get(list, i);
                r = add(to, a, span_of(json_tree_text(item, "name")),
                        span_of(json_tree_text(item, "version")),
                        span_of(json_tree_text(item, "install-path")), false);
        }
        return r;
}

/* ---- installed.php ----------------------------------------------------------------------------------- */

/* Cut a literal in single quotes off the front: 'it\'s' is refused, nothing that is read here has one. */
static bool cut_quoted(struct span *rest, struct span *ret)
{
        *rest = span_trim(*rest);
        if (!span_starts(*rest, "'"))
                return false;
        const char *end = memchr(rest->data + 1, '\'', rest->size - 1);
        if (!end || end[-1] == '\\')
                return false;
        *ret = (struct span){rest->data + 1, (size_t)(end - rest->data) - 1};
        size_t used = (size_t)(end - rest->data) + 1;
        *rest = (struct span){rest->data + used, rest->size - used};
        return true;
}

/* __DIR__ . '/../a/b': relative to the folder of the file. */
static struct span folder_literal(struct span value)
{
        struct span rest = value, path;
        if (!span_starts(rest, "__DIR__"))
                return (struct span){};
        rest = span_trim((struct span){rest.data + 7, rest.size - 7});
        if (!span_starts(rest, "."))
                return (struct span){};
        rest = (struct span){rest.data + 1, rest.size - 1};
        if (!cut_quoted(&rest, &path))
                return (struct span){};
        while (span_starts(path, "/"))
                path = (struct span){path.data + 1, path.size - 1};
        return path;
}

struct php_package {
        struct span name, version, path;
};

static void note_field(struct php_package *p, struct span key, struct span value)
{
        struct span text;
        if (span_equal(key, "install_path"))
                p->path = folder_literal(value);
        else if (span_equal(key, "name") && cut_quoted(&value, &text))
                p->name = text;
        else if (span_equal(key, "pretty_version") && cut_quoted(&value, &text))
                p->version = text;
}

int composer_php_parse(struct span text, struct arena *a, composer_list *to)
{
        struct span line, root = {};
        struct php_package p = {};
        size_t depth = 0, before = to->count;
        bool in_versions = false;
        int r = 0;
        while (r == 0 && span_cut(&text, '\n', &line)) {
                struct span key = {};
                line = span_trim(line);
                if (span_starts(line, "<?php"))
                        line = span_trim((struct span){line.data + 5, line.size - 5});
                bool keyed = cut_quoted(&line, &key);
                line = span_trim(line);
                if (keyed && span_starts(line, "=>"))
                        line = span_trim((struct span){line.data + 2, line.size - 2});
                bool opens = span_ends(line, "array(") || span_ends(line, "[");
                if (opens) {
                        depth++;
                        if (depth == 2)
                                in_versions = span_equal(key, "versions");
                        if (depth == 3)
                                p = (struct php_package){.name = key};
                } else if (span_starts(line, ")") || span_starts(line, "]")) {
                        if (depth == 3 && in_versions)
                                r = add(to, a, p.name, p.version, p.path,
                                        root.size == p.name.size && root.size &&
                                                !memcmp(root.data, p.name.data, root.size));
                        else if (depth == 2 && !in_versions)
                                root = p.name;
                        depth -= depth > 0;
                } else if (keyed && (depth == 2 || depth == 3)) {
                        note_field(&p, key, line);
                }
        }
        return r < 0 ? r : to->count == before && !root.size ? -EBADMSG : 0;
}

/* ---- PEAR -------------------------------------------------------------------------------------------- */

/* The text that follows `key` in serialized PHP: s:7:"release";s:5:"1.2.3"; */
static struct span serialized_after(struct span text, const char *key)
{
        const char *at = memmem(text.data ? text.data : "", text.size, key, strlen(key));
        if (!at)
                return (struct span){};
        at += strlen(key);
        struct span rest = {at, text.size - (size_t)(at - text.data)}, number;
        uint64_t size;
        if (!span_starts(rest, "s:"))
                return (struct span){};
        rest = (struct span){rest.data + 2, rest.size - 2};
        if (!span_cut(&rest, ':', &number) || span_to_u64(number, 10, &size) < 0 || size > LONGEST ||
            rest.size < size + 2 || *rest.data != '"')
                return (struct span){};
        return (struct span){rest.data + 1, (size_t)size};
}

int pear_registry_parse(struct span text, struct arena *a, struct composer_package *ret)
{
        struct span name = serialized_after(text, "s:4:\"name\";"),
                    version = serialized_after(text, "s:7:\"release\";");
        if (!is_line(name) || !is_line(version))
                return -ENOENT;
        struct composer_package p = {.name = arena_strndup(a, name.data, name.size),
                                     .version = arena_strndup(a, version.data, version.size)};
        if (!p.name || !p.version)
                return -ENOMEM;
        *ret = p;
        return 0;
}
