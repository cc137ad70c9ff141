/* SPDX-License-Identifier: Apache-2.0 */
#include "format/go_table.h"

enum { NAME_MOST = 4096 };

bool go_name_at(const struct go_functions *g, uint64_t offset, struct span *ret)
{
        struct span s = go_from(g->names, offset);
        size_t size = strnlen(s.data ? s.data : "", MIN(s.size, (size_t)NAME_MOST));
        *ret = (struct span){s.data, size};
        return size && size < MIN(s.size, (size_t)NAME_MOST);
}

bool go_function_is(struct span name, const char *import_path, const char *function)
{
        /* Dots of the last element of the path are written %2e. */
        size_t path = strlen(import_path);
        const char *slash = strrchr(import_path, '/');
        size_t head = slash ? (size_t)(slash - import_path) + 1 : 0;
        if (name.size < head || memcmp(name.data, import_path, head) != 0)
                return false;
        size_t at = head;
        for (size_t i = head; i < path; i++) {
                bool dot = import_path[i] == '.';
                size_t size = dot ? 3 : 1;
                if (name.size - at < size || memcmp(name.data + at, dot ? "%2e" : import_path + i, size) != 0)
                        return false;
                at += size;
        }
        if (at >= name.size || name.data[at] != '.')
                return false;
        const char *w = function;
        size_t depth = 0;
        for (at++; at < name.size; at++) {
                char c = name.data[at];
                if (c == '[')
                        depth++;
                else if (c == ']' && depth)
                        depth--;
                else if (depth || c == '(' || c == ')' || c == '*')
                        continue;
                else if (c != *w++)
                        return false;
        }
        return !depth && !*w;
}

struct letters {
        struct span rest;
        size_t depth; /* of brackets */
};

/* The next letter that counts; 0: none is left, -1: a bracket is open. */
static int next_letter(struct letters *l)
{
        while (l->rest.size) {
                char c = *l->rest.data;
                bool dot = span_starts(l->rest, "%2e");
                size_t size = dot ? 3 : 1;
                l->rest = (struct span){l->rest.data + size, l->rest.size - size};
                l->depth += c == '[';
                bool counts = !l->depth && !strchr("()*", c);
                l->depth -= c == ']' && l->depth;
                if (counts)
                        return dot ? '.' : (unsigned char)c;
        }
        return l->depth ? -1 : 0;
}

bool go_function_is_called(struct span name, const char *whole)
{
        struct letters a = {.rest = name}, b = {.rest = span_of(whole)};
        for (;;) {
                int c = next_letter(&a);
                if (c < 0 || c != next_letter(&b))
                        return false;
                if (!c)
                        return true;
        }
}

struct span go_last_word(struct span name)
{
        if (name.size && name.data[name.size - 1] == ']') {
                size_t depth = 0;
                while (name.size) {
                        char c = name.data[--name.size];
                        depth += c == ']';
                        if (c == '[' && --depth == 0)
                                break;
                }
        }
        size_t begin = name.size;
        while (begin && name.data[begin - 1] != '.')
                begin--;
        return begin ? (struct span){name.data + begin, name.size - begin} : name;
}
