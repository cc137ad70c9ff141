/* SPDX-License-Identifier: Apache-2.0 */
/* Package URL → the ecosystem, release and name under which OSV keeps advisories. What cannot be told (a .deb
 * without its distribution, a registry that nobody knows) is said and not guessed: a wrong release would make
 * clean what is not. */
#include "advisory/advisory.h"

#include "format/distribution.h"

#include <ctype.h>
#include <errno.h>

enum form {
        NAME_PLAIN,
        NAME_SLASH, /* namespace/name */
        NAME_COLON, /* group:artifact */
        NAME_DISTRIBUTION,
};

static const struct purl_type {
        const char *type, *ecosystem;
        enum form form;
        const char *registries[4]; /* what is the same as no repository_url, without scheme */
} types[] = {
        {"apk", NULL, NAME_DISTRIBUTION, {}},
        {"bioconductor", "Bioconductor", NAME_PLAIN, {}},
        {"bitnami", "Bitnami", NAME_PLAIN, {}},
        {"cargo", "crates.io", NAME_PLAIN, {"crates.io", "index.crates.io"}},
        {"composer", "Packagist", NAME_SLASH, {"packagist.org", "repo.packagist.org"}},
        {"conan", "ConanCenter", NAME_PLAIN, {"conan.io", "center.conan.io", "center2.conan.io"}},
        {"cran", "CRAN", NAME_PLAIN, {"cran.r-project.org"}},
        {"deb", NULL, NAME_DISTRIBUTION, {}},
        {"gem", "RubyGems", NAME_PLAIN, {"rubygems.org"}},
        {"github", "GitHub Actions", NAME_SLASH, {"github.com"}},
        {"githubactions", "GitHub Actions", NAME_SLASH, {"github.com"}},
        {"golang", "Go", NAME_SLASH, {"proxy.golang.org", "pkg.go.dev"}},
        {"hackage", "Hackage", NAME_PLAIN, {"hackage.haskell.org"}},
        {"hex", "Hex", NAME_PLAIN, {"repo.hex.pm", "hex.pm"}},
        {"julia", "Julia", NAME_PLAIN, {}},
        {"maven", "Maven", NAME_COLON, {"repo.maven.apache.org/maven2", "repo1.maven.org/maven2"}},
        {"npm", "npm", NAME_SLASH, {"registry.npmjs.org", "registry.yarnpkg.com"}},
        {"nuget", "NuGet", NAME_PLAIN, {"nuget.org", "www.nuget.org", "api.nuget.org/v3/index.json"}},
        {"pub", "Pub", NAME_PLAIN, {"pub.dev", "pub.dartlang.org"}},
        {"pypi", "PyPI", NAME_PLAIN, {"pypi.org", "pypi.org/simple", "pypi.python.org"}},
        {"rpm", NULL, NAME_DISTRIBUTION, {}},
        {"swift", "SwiftURL", NAME_SLASH, {}},
};

struct asking {
        const struct purl *purl;
        struct arena *arena;
        struct match_coordinate *to;
};

static int because(struct asking *q, char *reason)
{
        q->to->reason = reason;
        return reason ? 0 : -ENOMEM;
}

/* ---- registries of languages ------------------------------------------------------------------------- */
/* "https://packages.drupal.org/8/" → "packages.drupal.org/8" */
static struct span without_scheme(const char *url)
{
        const char *at = strstr(url, "://");
        struct span s = span_of(at ? at + 3 : url);
        while (s.size && s.data[s.size - 1] == '/')
                s.size--;
        return s;
}

static int ask_registry(struct asking *q, const struct purl_type *type)
{
        const char *url = purl_qualifier(q->purl, "repository_url");
        struct span registry = url ? without_scheme(url) : (struct span){};
        for (size_t i = 0; i < ARRAY_SIZE(type->registries) && type->registries[i]; i++)
                if (span_equal(registry, type->registries[i]))
                        return 0;
        if (!registry.size)
                return 0;
        /* OSV gives some registries an ecosystem of their own: Packagist:https://packages.drupal.org/8. */
        if (strcmp(type->type, "composer") && strcmp(type->type, "maven"))
                return because(q, arena_printf(q->arena, "no advisories speak for the registry %.*s",
                                               (int)registry.size, registry.data));
        q->to->query.release = arena_printf(q->arena, "https://%.*s", (int)registry.size, registry.data);
        return q->to->query.release ? 0 : -ENOMEM;
}

/* Gems that are built for a platform carry it behind their version: "1.16.0-x86_64-linux". */
static const char *gem_version(const char *version, struct arena *a)
{
        static const char *const platforms[] = {"aarch64", "arm", "java", "jruby", "mswin", "universal",
                                                "x64",     "x86", "i386", "i686",  "mingw", "musl"};
        const char *dash = version ? strchr(version, '-') : NULL;
        for (size_t i = 0; dash && i < ARRAY_SIZE(platforms); i++)
                if (str_starts(dash + 1, platforms[i]))
                        return arena_strndup(a, version, (size_t)(dash - version));
        return version;
}

static int ask_language(struct asking *q, const struct purl_type *type)
{
        const struct purl *p = q->purl;
        struct match_query *query = &q->to->query;
        query->ecosystem = type->ecosystem;
        query->version = p->version;
        query->name = p->name;
        if (type->form != NAME_PLAIN && p->namespace)
                query->name = arena_printf(q->arena, "%s%c%s", p->namespace,
                                           type->form == NAME_COLON ? ':' : '/', p->name);
        /* Tools spell Go itself as its version command does, "go1.26.8", and as std, stdlib or go. */
        if (!strcmp(type->type, "golang") && !p->namespace &&
            (!strcmp(p->name, "std") || !strcmp(p->name, "stdlib") || !strcmp(p->name, "go")))
                query->name = "stdlib";
        query->may_be_package = !strcmp(type->type, "golang") && p->namespace;
        if (!strcmp(type->type, "gem"))
                query->version = gem_version(p->version, q->arena);
        if (!query->name || (p->version && !query->version))
                return -ENOMEM;
        return ask_registry(q, type);
}

/* ---- distributions ----------------------------------------------------------------------------------- */
static const struct {
        const char *name, *id, *version;
} code_names[] = {
        {"wheezy", "debian", "7"},     {"jessie", "debian", "8"},       {"stretch", "debian", "9"},
        {"buster", "debian", "10"},    {"bullseye", "debian", "11"},    {"bookworm", "debian", "12"},
        {"trixie", "debian", "13"},    {"forky", "debian", "14"},       {"trusty", "ubuntu", "14.04"},
        {"xenial", "ubuntu", "16.04"}, {"bionic", "ubuntu", "18.04"},   {"focal", "ubuntu", "20.04"},
        {"jammy", "ubuntu", "22.04"},  {"noble", "ubuntu", "24.04"},    {"oracular", "ubuntu", "24.10"},
        {"plucky", "ubuntu", "25.04"}, {"questing", "ubuntu", "25.10"},
};

/* Spellings of purl namespaces and distro qualifiers → ID of os-release. */
static const char *distribution_id(const char *name)
{
        static const char *const aliases[][2] = {
                {"rocky-linux", "rocky"},
                {"rockylinux", "rocky"},
                {"alma", "almalinux"},
                {"opensuse", "opensuse-leap"},
                {"opensuse-Leap", "opensuse-leap"},
                {"suse", "sles"},
                {"openeuler", "openEuler"},
                {"azure-linux", "azurelinux"},
                {"mariner", "mariner"},
        };
        for (size_t i = 0; i < ARRAY_SIZE(aliases); i++)
                if (!strcmp(aliases[i][0], name))
                        return aliases[i][1];
        return name;
}

/* "3.18", "alpine-3.18", "alpine-v3.18", "opensuse-Leap 15.6" */
static bool begins_number(const char *distro, const char *at)
{
        if (!isdigit((unsigned char)*at))
                return false;
        if (at > distro && at[-1] == 'v')
                at--;
        return at == distro || at[-1] == '-' || (at[-1] == ' ' && str_starts(distro, "opensuse-Leap "));
}

/* "debian-12", "bookworm", "3.18.4", "rocky-linux-9", with the namespace for what is missing. */
static int read_distro(struct asking *q, const char *distro, struct os_release *ret)
{
        const char *namespace = q->purl->namespace;
        for (size_t i = 0; distro && i < ARRAY_SIZE(code_names); i++) {
                const char *dash = strrchr(distro, '-');
                if (strcmp(distro, code_names[i].name) && !(dash && !strcmp(dash + 1, code_names[i].name)))
                        continue;
                ret->id = code_names[i].id;
                ret->version_id = code_names[i].version;
                return 0;
        }
        const char *number = distro;
        while (number && *number && !begins_number(distro, number))
                number++;
        ret->version_id = number && *number ? number : NULL;
        size_t size = number ? (size_t)(number - distro) : 0;
        size -= size && *number && number[-1] == 'v';
        const char *id =
                distro && size ? arena_strndup(q->arena, distro, size - (*number && size > 1)) : namespace;
        if (distro && size && !id)
                return -ENOMEM;
        ret->id = id ? distribution_id(id) : NULL;
        /* purls of Red Hat Enterprise Linux are in the namespace "redhat", with distro=rhel-9.3 */
        return 0;
}

/* "openssl@3.0.15-1", "openssl", "openssl-3.0.7-1.el9.src.rpm", "openssl (3.0.15-1)" */
static int read_source(struct asking *q, const char *upstream)
{
        struct match_query *query = &q->to->query;
        struct span name = span_of(upstream), version = {};
        const char *at = strchr(upstream, '@'), *paren = strstr(upstream, " (");
        if (span_ends(name, ".src.rpm")) {
                name.size -= strlen(".src.rpm");
                const char *release = memrchr(name.data, '-', name.size);
                const char *dash = release ? memrchr(name.data, '-', (size_t)(release - name.data)) : NULL;
                if (!dash)
                        return 0;
                version = (struct span){dash + 1, (size_t)(name.data + name.size - dash - 1)};
                name.size = (size_t)(dash - name.data);
        } else if (at || paren) {
                version = at ? span_of(at + 1) : span_of(paren + 2);
                if (!at && version.size && version.data[version.size - 1] == ')')
                        version.size--;
                name.size = (size_t)((at ? at : paren) - name.data);
        }
        if (!name.size)
                return 0;
        query->name = arena_strndup(q->arena, name.data, name.size);
        if (version.size)
                query->version = arena_strndup(q->arena, version.data, version.size);
        return query->name && (!version.size || query->version) ? 0 : -ENOMEM;
}

/* RPM's epoch stands in a qualifier, in front of the version, or nowhere: then it is 0. */
static int add_epoch(struct asking *q, const char **version)
{
        const char *epoch = purl_qualifier(q->purl, "epoch");
        if (!epoch || !*version || strchr(*version, ':') || strspn(epoch, "0123456789") != strlen(epoch))
                return 0;
        *version = arena_printf(q->arena, "%s:%s", epoch, *version);
        return *version ? 0 : -ENOMEM;
}

/* "pkg:deb/raspbian/…?distro=debian-11": a derivative's package is not its cousin's. */
static bool is_other_distribution(const char *namespace, const char *id)
{
        static const char *const same[][2] = {{"redhat", "rhel"}, {"wolfi", "chainguard"}};
        const char *home = distribution_id(namespace);
        for (size_t i = 0; i < ARRAY_SIZE(same); i++)
                if ((!strcmp(home, same[i][0]) && !strcmp(id, same[i][1])) ||
                    (!strcmp(home, same[i][1]) && !strcmp(id, same[i][0])))
                        return false;
        return strcmp(home, id) && !(str_starts(home, "opensuse") && str_starts(id, "opensuse"));
}

static int ask_distribution(struct asking *q, const struct os_release *host)
{
        const struct purl *p = q->purl;
        struct match_query *query = &q->to->query;
        struct os_release os = {};
        struct distribution d;
        const char *distro = purl_qualifier(p, "distro"), *upstream = purl_qualifier(p, "upstream");
        int r = read_distro(q, distro, &os);
        if (r == 0 && host && !os.version_id && (!os.id || str_equal(os.id, host->id)))
                os = *host;
        if (r < 0 || !os.id)
                return r < 0 ? r
                             : because(q, arena_strdup(q->arena, "the package URL names no distribution"));
        r = distribution_of(&os, q->arena, &d);
        if (r < 0)
                return r;
        query->ecosystem = d.ecosystem;
        query->release = d.release;
        query->name = p->name;
        query->version = p->version;
        if (advisory_names_binaries(d.ecosystem)) {
                query->binary = p->name;
                query->binary_version = p->version;
                query->module = purl_qualifier(p, "rpmmod"); /* as Syft spells it */
                r = add_epoch(q, &query->binary_version);
        }
        if (r == 0 && upstream)
                r = read_source(q, upstream);
        if (r == 0)
                r = add_epoch(q, &query->version);
        if (r < 0)
                return r;
        if (p->namespace && is_other_distribution(p->namespace, os.id))
                return because(q, arena_printf(q->arena, "the package URL names two distributions, %s and %s",
                                               p->namespace, os.id));
        static const char *const rolling[] = {"Wolfi", "Chainguard", "MinimOS", "Echo",
                                              "openSUSE:Tumbleweed"};
        for (size_t i = 0; i < ARRAY_SIZE(rolling); i++)
                if (!strcmp(rolling[i], d.ecosystem))
                        return 0;
        return d.release && *d.release
                       ? 0
                       : because(q, arena_printf(
                                            q->arena,
                                            "the package URL names no release of %s; add ?distro=%s-VERSION",
                                            d.ecosystem, os.id));
}

int match_coordinate_of(const struct purl *p, const struct os_release *os, struct arena *a,
                        struct match_coordinate *ret)
{
        struct match_coordinate found = {
                .query = {.ecosystem = p->type, .name = p->name, .version = p->version}};
        struct asking q = {p, a, &found};
        const struct purl_type *type = NULL;
        for (size_t i = 0; i < ARRAY_SIZE(types); i++)
                if (!strcmp(types[i].type, p->type))
                        type = &types[i];
        int r = !type                             ? because(&q,
                                                            arena_printf(a, "no advisories are kept for packages of type %s", p->type))
                : type->form == NAME_DISTRIBUTION ? ask_distribution(&q, os)
                                                  : ask_language(&q, type);
        if (r < 0)
                return r;
        *ret = found;
        return 0;
}
