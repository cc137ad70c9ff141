/* SPDX-License-Identifier: Apache-2.0 */
/* What is uncertain stays in the function, where it matches nothing, rather than in a container that is
 * wrong. */
#include "format/ghsa_function.h"

#include <ctype.h>

static struct span undress(struct span s)
{
        s = span_trim(s);
        if (span_starts(s, "(") && span_ends(s, ")"))
                s = span_trim((struct span){s.data + 1, s.size - 2});
        const char *paren = s.size ? memchr(s.data, '(', s.size) : NULL; /* "render()", "parse(String)" */
        if (paren && span_ends(s, ")"))
                s.size = (size_t)(paren - s.data);
        return s;
}

static bool is_class(struct span segment)
{
        return segment.size && isupper((unsigned char)segment.data[0]);
}

static struct span after_last(struct span s, char separator, struct span *ret_before)
{
        const char *at = s.size ? memrchr(s.data, separator, s.size) : NULL;
        *ret_before = (struct span){s.data, at ? (size_t)(at - s.data) : 0};
        return at ? (struct span){at + 1, s.size - (size_t)(at + 1 - s.data)} : s;
}

/* java.util.Files.createTempDir, Files#createTempDir, Files::createTempDir */
static bool split_java(struct span s, struct span *container, struct span *function)
{
        const char *mark = s.size ? memchr(s.data, '#', s.size) : NULL;
        const char *colons = s.size ? memmem(s.data, s.size, "::", 2) : NULL;
        const char *at = mark ? mark : colons;
        if (at) {
                size_t skip = mark ? 1 : 2;
                *container = (struct span){s.data, (size_t)(at - s.data)};
                *function = (struct span){at + skip, s.size - container->size - skip};
                return function->size > 0;
        }
        *function = after_last(s, '.', container);
        return !is_class(*function) && function->size;
}

/* Modules up to the first class, or up to the function. */
static bool split_python(struct span s, struct span *container, struct span *function)
{
        struct span rest = s, segment;
        size_t module = 0;
        while (rest.size && span_cut(&rest, '.', &segment)) {
                if (is_class(segment) || !rest.size)
                        break;
                module = (size_t)(rest.data - s.data);
        }
        *container = (struct span){s.data, module ? module - 1 : 0};
        *function = (struct span){s.data + module, s.size - module};
        return function->size && (memchr(function->data, '.', function->size) || !is_class(*function));
}

/* github.com/x/y/pkg.T.M */
static bool split_go(struct span s, struct span *container, struct span *function)
{
        struct span before, last = after_last(s, '/', &before), name;
        if (!before.size) {
                *function = s;
                return s.size;
        }
        span_cut(&last, '.', &name);
        *container = (struct span){s.data, before.size + 1 + name.size};
        *function = last;
        return last.size;
}

/* "lodash.template" of lodash: V8 knows the function by its own name. */
static bool split_node(const char *package, struct span s, struct span *function)
{
        size_t size = strlen(package);
        if (s.size > size + 1 && !strncmp(s.data, package, size) && s.data[size] == '.')
                s = (struct span){s.data + size + 1, s.size - size - 1};
        *function = s;
        return s.size;
}

bool ghsa_function_split(const char *ecosystem, const char *package, struct span text,
                         struct span *ret_container, struct span *ret_function)
{
        struct span s = undress(text), container = {}, function = s;
        bool named = s.size;
        if (!strcmp(ecosystem, "Maven"))
                named = split_java(s, &container, &function);
        else if (!strcmp(ecosystem, "PyPI"))
                named = split_python(s, &container, &function);
        else if (!strcmp(ecosystem, "Go"))
                named = split_go(s, &container, &function);
        else if (!strcmp(ecosystem, "npm"))
                named = split_node(package, s, &function);
        if (!named)
                return false;
        *ret_container = container;
        *ret_function = function;
        return true;
}
