/* SPDX-License-Identifier: Apache-2.0 */

/* Keys and purls are two spellings of the same facts: keys keep OSV's spelling and lose nothing, purls
 * follow the purl specification (github.com/package-url/purl-spec, PURL-TYPES) and are only shown. */

#include "inventory/package.h"

#include "base/buf.h"
#include "base/str.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>

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

enum name_form {
        NAME_PLAIN,
        NAME_PATH /* every '/' separates */,
        NAME_COLON /* group:artefact, or generic */
};

struct purl_type {
        const char *ecosystem, *type, *namespace;
        enum name_form form;
        bool fold; /* the purl type spells names in lower case */
};

static const struct purl_type purl_types[] = {
        {"Debian", "deb", "debian", NAME_PLAIN, true},
        {"Ubuntu", "deb", "ubuntu", NAME_PLAIN, true},
        {"Alpine", "apk", "alpine", NAME_PLAIN, true},
        {"PyPI", "pypi", NULL, NAME_PLAIN, true},
        {"Go", "golang", NULL, NAME_PATH, true},
        {"npm", "npm", NULL, NAME_PATH, false},
        {"crates.io", "cargo", NULL, NAME_PLAIN, false},
        {"RubyGems", "gem", NULL, NAME_PLAIN, false},
        {"Packagist", "composer", NULL, NAME_PATH, true},
        {"Maven", "maven", NULL, NAME_COLON, false},
        {"NuGet", "nuget", NULL, NAME_PLAIN, false},
        {"Hex", "hex", NULL, NAME_PLAIN, true},
        {"CRAN", "cran", NULL, NAME_PLAIN, false},
        {"CPAN", "cpan", NULL, NAME_PLAIN, false},
        {"Wolfi", "apk", "wolfi", NAME_PLAIN, true},
        {"Chainguard", "apk", "chainguard", NAME_PLAIN, true},
        {"MinimOS", "apk", "minimos", NAME_PLAIN, true},
        {"Alpaquita", "apk", "alpaquita", NAME_PLAIN, true},
        {"Echo", "deb", "echo", NAME_PLAIN, true},
        {"Red Hat", "rpm", "redhat", NAME_PLAIN, false},
        {"AlmaLinux", "rpm", "almalinux", NAME_PLAIN, false},
        {"Rocky Linux", "rpm", "rocky-linux", NAME_PLAIN, false},
        {"SUSE", "rpm", "suse", NAME_PLAIN, false},
        {"openSUSE", "rpm", "opensuse", NAME_PLAIN, false},
        {"openSUSE:Tumbleweed", "rpm", "opensuse", NAME_PLAIN, false},
        {"openEuler", "rpm", "openeuler", NAME_PLAIN, false},
        {"Mageia", "rpm", "mageia", NAME_PLAIN, false},
        {"Photon OS", "rpm", "photon", NAME_PLAIN, false},
        {"Azure Linux", "rpm", "azurelinux", NAME_PLAIN, false},
        {"conda", "conda", NULL, NAME_PLAIN, true},
        {"nix", "nix", NULL, NAME_PLAIN, false},
        {"snap", "snap", NULL, NAME_PLAIN, false},
        {"flatpak", "flatpak", NULL, NAME_PLAIN, false},
        {"LuaRocks", "luarocks", NULL, NAME_PLAIN, true},
        {"ConanCenter", "conan", NULL, NAME_PLAIN, true},
        {"Bitnami", "bitnami", NULL, NAME_PLAIN, true},
        {"binary", "generic", NULL, NAME_PLAIN, false},
};

/* What no type of purl speaks of. */
static const struct purl_type generic = {.type = "generic", .form = NAME_PLAIN};

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

/* Distributions whose releases OSV spells in words, as their os-release has them. */
static bool spell_release(const struct package *p, char to[static 64])
{
        static const char server[] = "Linux Enterprise Server ", leap[] = "Leap ";
        if (!strcmp(p->ecosystem, "openSUSE:Tumbleweed"))
                snprintf(to, 64, "opensuse-tumbleweed");
        else if (p->release && str_starts(p->release, leap))
                snprintf(to, 64, "opensuse-leap-%.20s", p->release + strlen(leap));
        else if (p->release && str_starts(p->release, server)) {
                const char *number = p->release + strlen(server), *pack = strstr(number, " SP");
                snprintf(to, 64, "sles-%.*s%s%.20s", (int)MIN(strcspn(number, " "), (size_t)20), number,
                         pack ? "." : "", pack ? pack + strlen(" SP") : "");
        } else
                return false;
        return true;
}

static void add_distro(struct buf *b, const struct package *p, const struct purl_type *type)
{
        char text[64];
        if (spell_release(p, text)) {
                add_encoded(b, text, "", false);
                return;
        }
        buf_addf(b, "%s-", type->namespace);
        const char *release = p->release;
        if (str_starts(release, "enterprise_linux:"))
                release = strchr(release, ':') + 1;
        size_t number = strcspn(release, ":"); /* "24.04:LTS" is spelled 24.04 */
        snprintf(text, sizeof(text), "%.*s", (int)MIN(number, sizeof(text) - 1), release);
        add_encoded(b, text, "", false);
}

/* What advisories name: "openssl", and its version where that differs, as Syft spells it. */
static void add_upstream(struct buf *b, const struct package *p)
{
        add_encoded(b, p->source, "", false);
        if (p->source_version && p->version && strcmp(p->source_version, p->version) != 0) {
                buf_add_str(b, "%40");
                add_encoded(b, p->source_version, "", false);
        }
}

/* Distributions that OSV has no ecosystem for: the kind of their packages is told by the database that names
 * them, the namespace by the first word of their name. */
static struct purl_type type_by_place(const struct package *p, char word[static 32])
{
        static const struct {
                const char *part, *type;
        } places[] = {{"/dpkg/", "deb"}, {"/rpm/", "rpm"},     {"/rpmmanifest/", "rpm"},
                      {"/apk/", "apk"},  {"/pacman/", "alpm"}, {"/opkg/", "opkg"}};
        struct purl_type type = generic;
        for (size_t i = 0; p->path && p->method == METHOD_DATABASE && i < ARRAY_SIZE(places); i++)
                if (strstr(p->path, places[i].part)) {
                        size_t size = 0;
                        for (const char *s = p->ecosystem; s && isalnum((unsigned char)*s) && size < 31; s++)
                                word[size++] = (char)tolower((unsigned char)*s);
                        word[size] = '\0';
                        type.type = places[i].type;
                        type.namespace = size ? word : NULL;
                        break;
                }
        return type;
}

char *package_purl(const struct package *p, struct arena *a)
{
        char word[32];
        const struct purl_type other = type_by_place(p, word);
        const struct purl_type *type = &other;
        for (size_t i = 0; p->ecosystem && i < ARRAY_SIZE(purl_types); i++)
                if (!strcmp(p->ecosystem, purl_types[i].ecosystem))
                        type = &purl_types[i];
        /* A purl of Maven has a group: without one it would be somebody else's. */
        if (type->form == NAME_COLON && !(p->name && strchr(p->name, ':')))
                type = &generic;
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
        /* The epoch of an RPM is a qualifier. */
        const char *epoch = !strcmp(type->type, "rpm") && p->version ? strchr(p->version, ':') : NULL;
        if (p->version) {
                buf_add_char(&b, '@');
                add_encoded(&b, epoch ? epoch + 1 : p->version, "", false);
        }
        char separator = '?';
        if (p->arch && type->namespace) {
                buf_add_str(&b, "?arch=");
                add_encoded(&b, p->arch, "", false);
                separator = '&';
        }
        if (type->namespace && (p->release || (p->ecosystem && strchr(p->ecosystem, ':')))) {
                buf_addf(&b, "%cdistro=", separator);
                add_distro(&b, p, type);
                separator = '&';
        }
        if (epoch) {
                buf_addf(&b, "%cepoch=%.*s", separator, (int)(epoch - p->version), p->version);
                separator = '&';
        }
        if (type->namespace && p->module) {
                buf_addf(&b, "%crpmmod=", separator);
                add_encoded(&b, p->module, "", false);
                separator = '&';
        }
        if (type->namespace && p->source && p->name &&
            (strcmp(p->source, p->name) != 0 || !str_equal(p->source_version, p->version))) {
                buf_addf(&b, "%cupstream=", separator);
                add_upstream(&b, p);
        }
        return b.error ? NULL : arena_strndup(a, b.data, b.size);
}

/* ---- wire ------------------------------------------------------------------------------------------- */

void package_pack(const struct package *p, struct buf *to)
{
        const char *const texts[] = {p->root,  p->ecosystem, p->release,        p->name, p->version,
                                     p->arch,  p->source,    p->source_version, p->path, p->not_evaluated,
                                     p->owner, p->detail,    p->module};
        for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
                wire_put_str(to, texts[i]);
        wire_put_u64(to, p->runtimes);
        wire_put_u64(to, p->stale);
        wire_put_u64(to, p->extended);
        wire_put_u64(to, p->method);
        wire_put_u64(to, p->confidence);
}

int package_unpack(struct wire *from, struct arena *a, struct package *ret)
{
        struct package p = {};
        const char **const texts[] = {&p.root,  &p.ecosystem, &p.release,        &p.name, &p.version,
                                      &p.arch,  &p.source,    &p.source_version, &p.path, &p.not_evaluated,
                                      &p.owner, &p.detail,    &p.module};
        for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
                *texts[i] = wire_get_str(from, a);
        p.runtimes = (uint32_t)wire_get_max(from, UINT32_MAX);
        p.stale = wire_get_max(from, 1);
        p.extended = wire_get_max(from, 1);
        p.method = (uint8_t)wire_get_max(from, _METHOD_MAX - 1);
        p.confidence = (uint8_t)wire_get_max(from, 100);
        if (from->failed || !p.name || !p.ecosystem || !p.root)
                return -EBADMSG;
        *ret = p;
        return 0;
}
