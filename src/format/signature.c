/* SPDX-License-Identifier: Apache-2.0 */
/* One look-up of two bytes at each place decides nearly everywhere that nothing begins there; so the number
 * of patterns does not show in the time. */
#include "format/signature.h"

#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>

enum {
        MOST_SIGNATURES = 4000,
        MOST_HITS = 1000,
        LONGEST_VERSION = 64,
        LONGEST_NUMBER = 8,
        LONGEST_TEXT = 80
};

static unsigned head_of(const char *s)
{
        return (unsigned)(uint8_t)s[0] << 8 | (uint8_t)s[1];
}

/* ---- the table --------------------------------------------------------------------------------------- */

/* The first run without placeholders is what is searched for. */
static int compile(struct signature *g)
{
        struct span rest = span_of(g->pattern);
        if (span_starts(rest, "^")) {
                g->starts = true;
                rest = (struct span){rest.data + 1, rest.size - 1};
        }
        if (span_starts(rest, "{")) {
                g->takes_anchor = true;
                rest = (struct span){rest.data + 1, rest.size - 1};
        }
        if (span_ends(rest, "$")) {
                g->ends = true;
                rest.size--;
        }
        if (!memmem(rest.data, rest.size, "%v", 2))
                return -EBADMSG;
        for (size_t i = 0; i < rest.size; i++)
                if (rest.data[i] == '%' &&
                    (i + 1 == rest.size || (rest.data[i + 1] != 'v' && rest.data[i + 1] != 'n')))
                        return -EBADMSG;
        size_t before = span_starts(rest, "%v") ? 2 : 0;
        g->before = (struct span){rest.data, before};
        rest = (struct span){rest.data + before, rest.size - before};
        const char *percent = memchr(rest.data, '%', rest.size);
        g->anchor = (struct span){rest.data, percent ? (size_t)(percent - rest.data) : rest.size};
        g->after = (struct span){rest.data + g->anchor.size, rest.size - g->anchor.size};
        return g->anchor.size >= 2 ? 0 : -EBADMSG;
}

static int add_line(struct signatures *s, struct span line, struct arena *a)
{
        struct span name, pattern, files = {};
        if (!span_cut(&line, '\t', &name) || !span_cut(&line, '\t', &pattern) || !name.size ||
            !pattern.size || s->items.count >= MOST_SIGNATURES)
                return -EBADMSG;
        files = line;
        struct signature *g = vec_add(&s->items);
        if (!g)
                return -ENOMEM;
        g->name = arena_strndup(a, name.data, name.size);
        g->pattern = arena_strndup(a, pattern.data, pattern.size);
        g->files = files.size ? arena_strndup(a, files.data, files.size) : NULL;
        if (!g->name || !g->pattern || (files.size && !g->files))
                return -ENOMEM;
        int r = compile(g);
        if (r < 0)
                return r;
        uint16_t *head = &s->heads[head_of(g->anchor.data)];
        g->next = *head;
        *head = (uint16_t)s->items.count;
        return 0;
}

int signatures_parse(struct span table, struct arena *a, struct signatures **ret)
{
        struct signatures *s = calloc(1, sizeof(*s));
        struct span line;
        int r = s ? 0 : -ENOMEM;
        while (r == 0 && span_cut(&table, '\n', &line))
                if (line.size && *line.data != '#')
                        r = add_line(s, line, a);
        if (r < 0) {
                signatures_free(s);
                return r;
        }
        *ret = s;
        return 0;
}

struct signatures *signatures_free(struct signatures *s)
{
        if (s)
                vec_done(&s->items);
        free(s);
        return NULL;
}

/* ---- matching ---------------------------------------------------------------------------------------- */

/* "3.0.11", "1.1.1w", "9.2p1", "2.0.0-rc1": at least two numbers. Bytes it takes, or 0. */
static size_t version_size(struct span s)
{
        static const char *const tags[] = {"-rc", "-alpha", "-beta", "-pre", "-dev"};
        size_t i = 0, digits = 0;
        bool dotted = false;
        while (i < s.size && i < LONGEST_VERSION) {
                unsigned char c = (unsigned char)s.data[i];
                struct span rest = {s.data + i, s.size - i};
                bool tag = false;
                for (size_t t = 0; c == '-' && t < ARRAY_SIZE(tags); t++)
                        tag |= span_starts(rest, tags[t]);
                if (!isalnum(c) && c != '.' && !(tag && i))
                        break;
                if (!i && !isdigit(c))
                        break;
                digits = isdigit(c) ? digits + 1 : 0;
                if (digits > LONGEST_NUMBER)
                        return 0;
                dotted |= c == '.' && i + 1 < s.size && isdigit((unsigned char)s.data[i + 1]);
                i++;
        }
        while (i && s.data[i - 1] == '.')
                i--;
        return dotted && i < LONGEST_VERSION ? i : 0;
}

/* Digits and dots that end at `end`. */
static struct span version_before(const char *start, const char *end)
{
        const char *s = end;
        bool dotted = false;
        while (s > start && end - s < LONGEST_VERSION && (isdigit((unsigned char)s[-1]) || s[-1] == '.')) {
                s--;
                dotted |= *s == '.';
        }
        return dotted && isdigit((unsigned char)*s) ? (struct span){s, (size_t)(end - s)} : (struct span){};
}

static bool match_after(struct span pattern, struct span *rest, struct span *version)
{
        while (pattern.size) {
                size_t used = 0, taken = 1;
                if (*pattern.data == '%') {
                        bool number = pattern.data[1] == 'n';
                        if (number)
                                while (used < rest->size && isdigit((unsigned char)rest->data[used]))
                                        used++;
                        else if ((used = version_size(*rest)))
                                *version = (struct span){rest->data, used};
                        taken = 2;
                } else if (rest->size && *rest->data == *pattern.data) {
                        used = 1;
                }
                if (!used)
                        return false;
                pattern = (struct span){pattern.data + taken, pattern.size - taken};
                *rest = (struct span){rest->data + used, rest->size - used};
        }
        return true;
}

static bool is_edge(char c)
{
        return (unsigned char)c < 0x20;
}

/* What matches around the anchor at `at`; an empty span where nothing does. */
static struct span match(const struct signature *g, struct span bytes, const char *at, struct span *version)
{
        const char *start = at, *end = bytes.data + bytes.size;
        if ((size_t)(end - at) < g->anchor.size || memcmp(at, g->anchor.data, g->anchor.size) != 0)
                return (struct span){};
        if (g->before.size) {
                *version = version_before(bytes.data, at);
                if (!version->size)
                        return (struct span){};
                start = version->data;
        }
        struct span rest = {at + g->anchor.size, (size_t)(end - at) - g->anchor.size};
        if (!match_after(g->after, &rest, version))
                return (struct span){};
        if (g->takes_anchor && version->data == at + g->anchor.size)
                *version = (struct span){at, g->anchor.size + version->size};
        if ((g->starts && start > bytes.data && !is_edge(start[-1])) ||
            (g->ends && rest.size && !is_edge(*rest.data)))
                return (struct span){};
        return (struct span){start, (size_t)(rest.data - start)};
}

static bool applies(const struct signature *g, const char *file)
{
        struct span rest = span_of(g->files), glob;
        if (!g->files)
                return true;
        while (span_cut(&rest, ',', &glob)) {
                char text[64];
                snprintf(text, sizeof(text), "%.*s", (int)MIN(glob.size, sizeof(text) - 1), glob.data);
                if (fnmatch(text, file, 0) == 0)
                        return true;
        }
        return false;
}

static int add_hit(const struct signature *g, struct span bytes, struct span text, struct span version,
                   struct arena *a, signature_hits *to)
{
        vec_each (known, to)
                if (!strcmp(known->name, g->name) && strlen(known->version) == version.size &&
                    !memcmp(known->version, version.data, version.size))
                        return 0;
        char raw[LONGEST_TEXT], shown[LONGEST_TEXT];
        snprintf(raw, sizeof(raw), "%.*s", (int)MIN(text.size, sizeof(raw) - 1), text.data);
        struct signature_hit *hit = vec_add(to);
        const char *copy = arena_strndup(a, version.data, version.size);
        const char *print = arena_strdup(a, str_printable(shown, sizeof(shown), raw));
        if (!hit || !copy || !print)
                return -ENOMEM;
        *hit = (struct signature_hit){g->name, copy, print, (uint64_t)(text.data - bytes.data)};
        return 0;
}

int signatures_find(const struct signatures *s, struct span bytes, const char *file, struct arena *a,
                    signature_hits *to)
{
        for (size_t i = 0; i + 1 < bytes.size; i++) {
                int index = s->heads[head_of(bytes.data + i)];
                for (; index; index = s->items.items[index - 1].next) {
                        const struct signature *g = &s->items.items[index - 1];
                        struct span version = {}, text = match(g, bytes, bytes.data + i, &version);
                        if (!text.size || !version.size || !applies(g, file) || to->count >= MOST_HITS)
                                continue;
                        int r = add_hit(g, bytes, text, version, a, to);
                        if (r < 0)
                                return r;
                }
        }
        return 0;
}
