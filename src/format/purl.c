/* SPDX-License-Identifier: Apache-2.0 */
/* A purl is cut from both ends towards its middle, as the specification does it: the rarest separators first,
 * so that a '/' or '@' inside of a version or a qualifier does no harm. Nothing is decoded before it is cut.
 */
#include "format/purl.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

struct purl_reader {
        struct arena *arena;
        struct error *error;
        struct span text; /* the whole of it, for sentences */
};

static int refuse(const struct purl_reader *rd, const char *what)
{
        char given[200], shown[200];
        size_t size = MIN(rd->text.size, sizeof(given) - 1);
        memcpy(given, rd->text.data ? rd->text.data : "", size);
        given[size] = 0;
        return error_set(rd->error, -EINVAL, "'%s' is no package URL: %s",
                         str_printable(shown, sizeof(shown), given), what);
}

static int hex(char c)
{
        return c >= '0' && c <= '9'   ? c - '0'
               : c >= 'a' && c <= 'f' ? c - 'a' + 10
               : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                      : -1;
}

/* Every byte is text: no controls, and UTF-8 is whole. */
static bool is_text(const char *s)
{
        while (*s) {
                unsigned char c = (unsigned char)*s;
                size_t size = c < 0x80 ? 1 : utf8_size(s);
                if (c < ' ' || c == 0x7f || !size)
                        return false;
                s += size;
        }
        return true;
}

/* The percent-decoded copy; *ret is NULL where nothing is left. */
static int decode(const struct purl_reader *rd, struct span s, const char **ret)
{
        char *to = arena_alloc(rd->arena, s.size + 1);
        if (!to)
                return -ENOMEM;
        size_t size = 0;
        for (size_t i = 0; i < s.size; i++) {
                char c = s.data[i];
                if (c == '%') {
                        int high = i + 2 < s.size ? hex(s.data[i + 1]) : -1,
                            low = high < 0 ? -1 : hex(s.data[i + 2]);
                        if (low < 0)
                                return refuse(rd, "a '%' is not followed by two hexadecimal digits");
                        c = (char)(high * 16 + low);
                        i += 2;
                }
                if (!c)
                        return refuse(rd, "it contains control characters");
                to[size++] = c;
        }
        if (!is_text(to))
                return refuse(rd, "it contains control characters, or bytes that are not UTF-8");
        *ret = size ? to : NULL;
        return 0;
}

/* Decoded segments joined by '/' again; empty ones do not count. `dots`: nor do "." and "..". */
static int decode_path(const struct purl_reader *rd, struct span s, bool dots, const char **ret)
{
        _cleanup_buf_ struct buf path = BUF_INIT(PURL_SIZE_MAX);
        struct span segment;
        while (s.size && span_cut(&s, '/', &segment)) {
                const char *text = NULL;
                int r = decode(rd, segment, &text);
                if (r < 0)
                        return r;
                if (!text || (dots && (!strcmp(text, ".") || !strcmp(text, ".."))))
                        continue;
                if (strchr(text, '/'))
                        return refuse(rd, "a segment contains an encoded '/'");
                if (path.size)
                        buf_add_char(&path, '/');
                buf_add_str(&path, text);
        }
        if (path.error || !path.size)
                return path.error;
        *ret = arena_strndup(rd->arena, path.data, path.size);
        return *ret ? 0 : -ENOMEM;
}

/* Cut what follows the last `separator` off; the empty span where there is none. */
static struct span cut_last(struct span *s, char separator)
{
        const char *at = s->size ? memrchr(s->data, separator, s->size) : NULL;
        if (!at)
                return (struct span){};
        struct span tail = {at + 1, s->size - (size_t)(at + 1 - s->data)};
        s->size = (size_t)(at - s->data);
        return tail;
}

/* The '@' before the version stands behind the name: npm's scopes begin with one, which some leave as it is.
 */
static struct span cut_version(struct span *s)
{
        for (size_t i = s->size; i-- > 0;)
                if (s->data[i] == '@' &&
                    ((i && s->data[i - 1] != '/') || !memchr(s->data + i, '/', s->size - i))) {
                        struct span version = {s->data + i + 1, s->size - i - 1};
                        s->size = i;
                        return version;
                }
        return (struct span){};
}

static struct span strip_slashes(struct span s)
{
        while (s.size && s.data[0] == '/')
                s = (struct span){s.data + 1, s.size - 1};
        while (s.size && s.data[s.size - 1] == '/')
                s.size--;
        return s;
}

static bool is_key(struct span s, const char *extra)
{
        for (size_t i = 0; i < s.size; i++) {
                unsigned char c = (unsigned char)s.data[i];
                if (!(c < 0x80 && isalnum(c)) && !(c && strchr(extra, c)))
                        return false;
        }
        return s.size && !isdigit((unsigned char)s.data[0]);
}

static char *lower(struct arena *a, struct span s)
{
        char *copy = arena_strndup(a, s.data, s.size);
        for (char *c = copy; c && *c; c++)
                *c = (char)(*c >= 'A' && *c <= 'Z' ? *c + 32 : *c);
        return copy;
}

static int qualifier_compare(const void *a, const void *b)
{
        return strcmp(((const struct purl_qualifier *)a)->key, ((const struct purl_qualifier *)b)->key);
}

static int take_qualifiers(const struct purl_reader *rd, struct span s, struct purl *p)
{
        struct span pair, key;
        while (s.size && span_cut(&s, '&', &pair)) {
                if (!pair.size)
                        continue;
                if (!memchr(pair.data, '=', pair.size))
                        return refuse(rd, "a qualifier has no '='");
                span_cut(&pair, '=', &key);
                if (!is_key(key, ".-_"))
                        return refuse(
                                rd,
                                "a qualifier's key has other characters than letters, digits, '.', '-', '_'");
                struct purl_qualifier q = {.key = lower(rd->arena, key)};
                int r = q.key ? decode(rd, pair, &q.value) : -ENOMEM;
                if (r < 0)
                        return r;
                if (!q.value)
                        continue;
                if (purl_qualifier(p, q.key))
                        return refuse(rd, "a qualifier is given twice");
                if (p->qualifier_count == PURL_QUALIFIERS_MAX)
                        return refuse(rd, "it has too many qualifiers");
                p->qualifiers[p->qualifier_count++] = q;
        }
        qsort(p->qualifiers, p->qualifier_count, sizeof(*p->qualifiers), qualifier_compare);
        return 0;
}

static int take_path(const struct purl_reader *rd, struct span s, struct purl *p)
{
        struct span type;
        s = strip_slashes(s);
        if (!memchr(s.data ? s.data : "", '/', s.size) || !span_cut(&s, '/', &type))
                return refuse(rd, "it has no type, as pkg:TYPE/NAME");
        if (!is_key(type, ".-+"))
                return refuse(rd, "its type has other characters than letters, digits, '.', '-', '+'");
        if (!(p->type = lower(rd->arena, type)))
                return -ENOMEM;
        struct span version = cut_version(&s);
        int r = decode(rd, version, &p->version);
        s = strip_slashes(s);
        struct span name = cut_last(&s, '/');
        if (!name.data) {
                name = s;
                s = (struct span){};
        }
        if (r == 0)
                r = decode(rd, name, &p->name);
        if (r == 0 && !p->name)
                return refuse(rd, "it has no name");
        return r < 0 ? r : decode_path(rd, s, false, &p->namespace);
}

int purl_parse(struct span text, struct arena *a, struct purl *ret, struct error *error)
{
        const struct purl_reader rd = {a, error, span_trim(text)};
        struct span rest = rd.text;
        struct purl p = {};
        if (rest.size > PURL_SIZE_MAX)
                return refuse(&rd, "it is absurdly long");
        struct span subpath = cut_last(&rest, '#'), qualifiers = cut_last(&rest, '?'), scheme;
        if (!memchr(rest.data ? rest.data : "", ':', rest.size) || !span_cut(&rest, ':', &scheme) ||
            scheme.size != 3 || strncasecmp(scheme.data, "pkg", 3))
                return refuse(&rd, "it does not begin with 'pkg:'");
        int r = decode_path(&rd, subpath, true, &p.subpath);
        if (r == 0)
                r = take_qualifiers(&rd, qualifiers, &p);
        if (r == 0)
                r = take_path(&rd, rest, &p);
        if (r < 0)
                return r == -EINVAL ? r : error_set(error, r, "out of memory");
        *ret = p;
        return 0;
}

const char *purl_qualifier(const struct purl *p, const char *key)
{
        for (size_t i = 0; i < p->qualifier_count; i++)
                if (!strcmp(p->qualifiers[i].key, key))
                        return p->qualifiers[i].value;
        return NULL;
}

/* ---- writing ---------------------------------------------------------------------------------------- */
enum { FOLD_NAMESPACE = 1, FOLD_NAME = 2, FOLD_VERSION = 4, DASHES = 8 /* '_' is '-' */, PUB = 16 };

static unsigned rules_of(const struct purl *p)
{
        static const struct {
                const char *type;
                unsigned rules;
        } types[] = {
                {"alpm", FOLD_NAMESPACE | FOLD_NAME},
                {"apk", FOLD_NAMESPACE | FOLD_NAME},
                {"bitbucket", FOLD_NAMESPACE | FOLD_NAME},
                {"bitnami", FOLD_NAME},
                {"composer", FOLD_NAMESPACE | FOLD_NAME},
                {"github", FOLD_NAMESPACE | FOLD_NAME},
                {"gitlab", FOLD_NAMESPACE | FOLD_NAME},
                {"hackage", DASHES},
                {"hex", FOLD_NAMESPACE | FOLD_NAME},
                {"huggingface", FOLD_VERSION},
                {"luarocks", FOLD_NAMESPACE | FOLD_NAME},
                {"npm", FOLD_NAME},
                {"oci", FOLD_NAME | FOLD_VERSION},
                {"pub", FOLD_NAME | PUB},
                {"pypi", FOLD_NAMESPACE | FOLD_NAME | DASHES},
                {"qpkg", FOLD_NAMESPACE | FOLD_NAME},
        };
        for (size_t i = 0; i < ARRAY_SIZE(types); i++)
                if (!strcmp(types[i].type, p->type))
                        return types[i].rules;
        return 0;
}

static void write_text(struct buf *to, const char *s, bool fold, unsigned rules, bool path)
{
        for (; *s; s++) {
                unsigned char c = (unsigned char)*s;
                if (fold && c >= 'A' && c <= 'Z')
                        c = (unsigned char)(c + 32);
                if ((rules & DASHES) && c == '_')
                        c = '-';
                if ((rules & PUB) && !(c < 0x80 && isalnum(c)))
                        c = '_';
                if ((c < 0x80 && isalnum(c)) || strchr(".-_~:", c) || (path && c == '/'))
                        buf_add_char(to, (char)c);
                else
                        buf_addf(to, "%%%02X", c);
        }
}

int purl_write(const struct purl *p, struct buf *to)
{
        unsigned rules = rules_of(p);
        buf_addf(to, "pkg:%s/", p->type);
        if (p->namespace) {
                write_text(to, p->namespace, rules & FOLD_NAMESPACE, 0, true);
                buf_add_char(to, '/');
        }
        write_text(to, p->name, rules & FOLD_NAME, rules & (DASHES | PUB), false);
        if (p->version) {
                buf_add_char(to, '@');
                write_text(to, p->version, rules & FOLD_VERSION, 0, true);
        }
        for (size_t i = 0; i < p->qualifier_count; i++) {
                buf_addf(to, "%c%s=", i ? '&' : '?', p->qualifiers[i].key);
                write_text(to, p->qualifiers[i].value, false, 0, true);
        }
        if (p->subpath) {
                buf_add_char(to, '#');
                write_text(to, p->subpath, false, 0, true);
        }
        return to->error;
}
