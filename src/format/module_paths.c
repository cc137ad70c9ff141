/* SPDX-License-Identifier: Apache-2.0 */
/* Programs that handle modules have such paths in their own texts, too: only what ends like a module, and
 * stands as a whole text or comment, counts. */
#include "format/module_paths.h"

#include <ctype.h>
#include <errno.h>

enum { MOST = 2000, LONGEST_NAME = 214 /* npm's limit */, LONGEST_PATH = 512 };

static const char folder[] = "node_modules/";

static bool is_name_char(char c)
{
        return isalnum((unsigned char)c) || c == '-' || c == '_' || c == '.';
}

/* "NAME" or "@SCOPE/NAME" in front of `end`; what is behind it stays in `s`. */
static bool cut_name(struct span *s, char end, struct span *ret)
{
        size_t size = 0, parts = 1;
        if (s->size && s->data[0] == '@') {
                size = 1;
                parts = 2;
        }
        for (; parts; parts--) {
                size_t start = size;
                while (size < s->size && is_name_char(s->data[size]))
                        size++;
                if (size == start || s->data[start] == '.' || size >= s->size ||
                    s->data[size] != (parts == 2 ? '/' : end))
                        return false;
                size += parts == 2;
        }
        if (size > LONGEST_NAME)
                return false;
        *ret = (struct span){s->data, size};
        *s = (struct span){s->data + size + 1, s->size - size - 1};
        return true;
}

/* ".pnpm/lodash@4.17.20/node_modules/": a version, perhaps with what it was resolved with behind '_' or '('.
 * A scope is spelled with '+' there, so the name is taken from the folder below. */
static bool cut_pnpm(struct span *s, struct span *ret_version)
{
        size_t end = 0, at = 0, size;
        if (!span_starts(*s, ".pnpm/"))
                return false;
        struct span rest = {s->data + 6, s->size - 6};
        while (end < rest.size && end < LONGEST_PATH && rest.data[end] != '/')
                end++;
        for (size_t i = 1; i < end && !at; i++)
                if (rest.data[i] == '@')
                        at = i;
        for (size = at + 1; at && size < end && (is_name_char(rest.data[size]) || rest.data[size] == '+');
             size++)
                if (rest.data[size] == '_')
                        break;
        if (!at || size == at + 1 || !isdigit((unsigned char)rest.data[at + 1]) || end >= rest.size)
                return false;
        *ret_version = (struct span){rest.data + at + 1, size - at - 1};
        rest = (struct span){rest.data + end + 1, rest.size - end - 1};
        if (!span_starts(rest, folder))
                return false;
        *s = (struct span){rest.data + strlen(folder), rest.size - strlen(folder)};
        return true;
}

/* Up to the quote, the end of the line or of the comment: a module's file. */
static bool ends_as_module(struct span s, size_t *ret_size)
{
        static const char *const endings[] = {".js",  ".mjs", ".cjs", ".json", ".ts",
                                              ".tsx", ".jsx", ".vue", ".css"};
        size_t size = 0;
        while (size < s.size && size < LONGEST_PATH && !strchr("\"'`\n\r*? \\|)", s.data[size]) &&
               s.data[size])
                size++;
        if (size >= s.size || size == LONGEST_PATH)
                return false;
        *ret_size = size;
        for (size_t i = 0; i < ARRAY_SIZE(endings); i++)
                if (span_ends((struct span){s.data, size}, endings[i]))
                        return true;
        return false;
}

static int add(module_path_list *to, struct arena *a, const struct span name, const struct span version,
               struct span text, uint64_t at)
{
        vec_each (known, to)
                if (span_equal(name, known->name) &&
                    (version.size ? known->version && span_equal(version, known->version) : !known->version))
                        return 0;
        struct module_path *m = to->count < MOST ? vec_add(to) : NULL;
        if (!m)
                return to->count < MOST ? -ENOMEM : 0;
        *m = (struct module_path){.name = arena_strndup(a, name.data, name.size),
                                  .version =
                                          version.size ? arena_strndup(a, version.data, version.size) : NULL,
                                  .at = at,
                                  .text = arena_strndup(a, text.data, text.size)};
        return m->name && m->text && (m->version || !version.size) ? 0 : -ENOMEM;
}

int module_paths_find(struct span bytes, struct arena *a, module_path_list *to)
{
        struct span rest = bytes;
        for (const char *at; (at = memmem(rest.data, rest.size, folder, strlen(folder)));) {
                struct span name,
                        version = {},
                        s = {at + strlen(folder), (size_t)(rest.data + rest.size - at) - strlen(folder)};
                size_t size;
                const char before = at > bytes.data ? at[-1] : '\n';
                rest = s;
                if (!strchr("/\"'` ", before) || !before)
                        continue;
                if (span_starts(s, ".")) {
                        if (!cut_pnpm(&s, &version))
                                continue;
                        rest = s; /* the folder below is the same package */
                }
                if (!cut_name(&s, '/', &name) || !ends_as_module(s, &size))
                        continue;
                /* Of "a/node_modules/b/x.js" the last package counts: the next round has it. */
                if (memmem(s.data, size, folder, strlen(folder)))
                        continue;
                struct span text = {at, (size_t)(s.data + size - at)};
                int r = add(to, a, name, version, text, (uint64_t)(at - bytes.data));
                if (r < 0)
                        return r;
        }
        return 0;
}
