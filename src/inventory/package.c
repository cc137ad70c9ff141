/* SPDX-License-Identifier: Apache-2.0 */

/* Keys and purls are two spellings of the same facts: keys keep OSV's spelling and lose nothing, purls
 * follow the purl specification (github.com/package-url/purl-spec, PURL-TYPES) and are only shown. */

#include "inventory/package.h"

#include "base/buf.h"
#include "base/str.h"

#include <ctype.h>
#include <errno.h>

enum { PURL_SIZE = 64 * 1024 }; /* bytes; names and paths are bounded before, escapes triple them */

char *package_ecosystem(const struct package *p, struct arena *a)
{
        const char *ecosystem = p->ecosystem ? p->ecosystem : "";
        return p->release ? arena_printf(a, "%s:%s", ecosystem, p->release) : arena_strdup(a, ecosystem);
}

static void add_part(struct buf *b, const char *part)
{
        for (const char *s = part ? part : ""; *s; s++) {
                if (*s == '|' || *s == '%' || (unsigned char)*s < ' ')
                        buf_addf(b, "%%%02X", (unsigned char)*s);
                else
                        buf_add_char(b, *s);
        }
}

static char *join_parts(const char *const *parts, size_t count, struct arena *a)
{
        _cleanup_buf_ struct buf b = BUF_INIT(PURL_SIZE);
        for (size_t i = 0; i < count; i++) {
                if (i)
                        buf_add_char(&b, '|');
                add_part(&b, parts[i]);
        }
        return b.error ? NULL : arena_strndup(a, b.data, b.size);
}

char *package_key(const struct package *p, struct arena *a)
{
        const char *ecosystem = package_ecosystem(p, a);
        const char *parts[] = {p->root, ecosystem, p->name, p->version, p->arch, p->path};
        return ecosystem ? join_parts(parts, ARRAY_SIZE(parts), a) : NULL;
}

char *package_portable_key(const struct package *p, struct arena *a)
{
        const char *ecosystem = package_ecosystem(p, a);
        const char *parts[] = {ecosystem, p->name, p->version, p->arch};
        return ecosystem ? join_parts(parts, ARRAY_SIZE(parts), a) : NULL;
}

/* ---- purl ------------------------------------------------------------------------------------------- */

enum name_form { NAME_PLAIN, NAME_PATH /* every '/' separates */, NAME_COLON /* group:artefact */ };

struct purl_type {
        const char *ecosystem, *type, *namespace;
        enum name_form form;
        bool fold; /* the purl type spells names in lower case */
};

static const struct purl_type purl_types[] = {
        {"Debian", "deb", "debian", NAME_PLAIN, true},    {"Ubuntu", "deb", "ubuntu", NAME_PLAIN, true},
        {"Alpine", "apk", "alpine", NAME_PLAIN, true},    {"PyPI", "pypi", NULL, NAME_PLAIN, true},
        {"Go", "golang", NULL, NAME_PATH, true},          {"npm", "npm", NULL, NAME_PATH, false},
        {"crates.io", "cargo", NULL, NAME_PLAIN, false},  {"RubyGems", "gem", NULL, NAME_PLAIN, false},
        {"Packagist", "composer", NULL, NAME_PATH, true}, {"Maven", "maven", NULL, NAME_COLON, false},
        {"NuGet", "nuget", NULL, NAME_PLAIN, false},      {"Hex", "hex", NULL, NAME_PLAIN, true},
        {"CRAN", "cran", NULL, NAME_PLAIN, false},        {"CPAN", "cpan", NULL, NAME_PLAIN, false},
        {"LuaRocks", "luarocks", NULL, NAME_PLAIN, true}, {"binary", "generic", NULL, NAME_PLAIN, false},
};

static void add_encoded(struct buf *b, const char *s, const char *keep, bool fold)
{
        for (; s && *s; s++) {
                unsigned char c = fold ? (unsigned char)tolower((unsigned char)*s) : (unsigned char)*s;
                if ((c < 0x80 && isalnum(c)) || strchr("-._~:", c) || strchr(keep, c))
                        buf_add_char(b, (char)c);
                else
                        buf_addf(b, "%%%02X", c);
        }
}

static void add_distro(struct buf *b, const struct package *p, const struct purl_type *type, char separator)
{
        if (!p->release || !type->namespace)
                return;
        buf_addf(b, "%cdistro=%s-", separator, type->namespace);
        size_t number = strcspn(p->release, ":"); /* "24.04:LTS" is spelled 24.04 */
        for (size_t i = 0; i < number; i++)
                buf_add_char(b, p->release[i]);
}

char *package_purl(const struct package *p, struct arena *a)
{
        static const struct purl_type other = {.type = "generic", .form = NAME_PLAIN};
        const struct purl_type *type = &other;
        for (size_t i = 0; p->ecosystem && i < ARRAY_SIZE(purl_types); i++)
                if (!strcmp(p->ecosystem, purl_types[i].ecosystem))
                        type = &purl_types[i];
        _cleanup_buf_ struct buf b = BUF_INIT(PURL_SIZE);
        buf_addf(&b, "pkg:%s/", type->type);
        if (type->namespace)
                buf_addf(&b, "%s/", type->namespace);
        const char *colon = type->form == NAME_COLON && p->name ? strchr(p->name, ':') : NULL;
        if (colon) {
                const char *group = arena_strndup(a, p->name, (size_t)(colon - p->name));
                add_encoded(&b, group, "", type->fold);
                buf_add_char(&b, '/');
        }
        add_encoded(&b, colon ? colon + 1 : p->name, type->form == NAME_PATH ? "/" : "", type->fold);
        if (p->version) {
                buf_add_char(&b, '@');
                add_encoded(&b, p->version, "", false);
        }
        if (p->arch && type->namespace) {
                buf_add_str(&b, "?arch=");
                add_encoded(&b, p->arch, "", false);
        }
        add_distro(&b, p, type, p->arch && type->namespace ? '&' : '?');
        return b.error ? NULL : arena_strndup(a, b.data, b.size);
}

/* ---- wire ------------------------------------------------------------------------------------------- */

void package_pack(const struct package *p, struct buf *to)
{
        const char *const texts[] = {p->root,    p->ecosystem,     p->release, p->name,
                                     p->version, p->arch,          p->source,  p->source_version,
                                     p->path,    p->not_evaluated, p->owner,   p->detail};
        for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
                wire_put_str(to, texts[i]);
        wire_put_u64(to, p->runtimes);
        wire_put_u64(to, p->stale);
        wire_put_u64(to, p->method);
        wire_put_u64(to, p->confidence);
}

int package_unpack(struct wire *from, struct arena *a, struct package *ret)
{
        struct package p = {};
        const char **const texts[] = {&p.root,    &p.ecosystem,     &p.release, &p.name,
                                      &p.version, &p.arch,          &p.source,  &p.source_version,
                                      &p.path,    &p.not_evaluated, &p.owner,   &p.detail};
        for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
                *texts[i] = wire_get_str(from, a);
        p.runtimes = (uint32_t)wire_get_max(from, UINT32_MAX);
        p.stale = wire_get_max(from, 1);
        p.method = (uint8_t)wire_get_max(from, _METHOD_MAX - 1);
        p.confidence = (uint8_t)wire_get_max(from, 100);
        if (from->failed || !p.name || !p.ecosystem || !p.root)
                return -EBADMSG;
        *ret = p;
        return 0;
}
