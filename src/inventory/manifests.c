/* SPDX-License-Identifier: Apache-2.0 */

/* Ecosystems whose packages are one small manifest in a folder of their own: which file in which place, and
 * how far above it the package's folder lies, is all that differs. */

#include "inventory/add.h"

#include "format/dpkg.h"
#include "format/manifest.h"
#include "host/runtime.h"

#include <errno.h>
#include <stdio.h>

struct kind {
        const char *ending; /* of the file's name */
        const char *place;  /* part of its path */
        size_t below;       /* most folders between the place and the file */
        int (*parse)(struct span text, struct arena *a, struct manifest *ret);
        const char *ecosystem;
        uint32_t runtimes;
        int up; /* the package's folder; 0: none of its own */
        const char *not_evaluated;
        bool folder_name; /* the folder is what the registry calls it */
};

static const char no_registry[] = "no public advisories for its registry";

static const struct kind kinds[] = {
        {".app", "/ebin/", 0, manifest_erlang, "Hex", RUNTIME_UNKNOWN, 2, NULL, false},
        {"META.json", "/.meta/", 1, manifest_perl, "CPAN", RUNTIME_PERL, 0, no_registry, false},
        {"DESCRIPTION", "/R/", 3, manifest_r, "CRAN", RUNTIME_UNKNOWN, 1, NULL, false},
        {".rockspec", "/rocks", 4, manifest_lua, "LuaRocks", RUNTIME_UNKNOWN, 1, no_registry, false},
        {"version.php", "/wp-includes/", 0, manifest_wordpress_core, "WordPress", RUNTIME_PHP, 2, no_registry,
         false},
        {".php", "/wp-content/plugins/", 1, manifest_wordpress, "WordPress plugin", RUNTIME_PHP, 1,
         no_registry, true},
        {".css", "/wp-content/themes/", 1, manifest_wordpress, "WordPress theme", RUNTIME_PHP, 1, no_registry,
         true},
};

static size_t folders_in(const char *path)
{
        size_t count = 0;
        for (; *path; path++)
                count += *path == '/';
        return count;
}

static const struct kind *kind_of(const struct candidate *c)
{
        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
                const char *at = strstr(c->path, kinds[i].place);
                if (!at || !str_ends(c->name, kinds[i].ending))
                        continue;
                /* The last place counts: "/R/" may also be somebody's folder. */
                for (const char *next; (next = strstr(at + 1, kinds[i].place));)
                        at = next;
                if (folders_in(at + strlen(kinds[i].place)) <= kinds[i].below)
                        return &kinds[i];
        }
        return NULL;
}

static bool is_vcpkg(const struct candidate *c)
{
        return str_ends(c->path, "/vcpkg/status");
}

static bool wants(const struct candidate *c)
{
        return is_vcpkg(c) || kind_of(c);
}

/* vcpkg writes dpkg's format; features of a package are further paragraphs without a version, and what was
 * removed stays as "not-installed". Its libraries are mostly linked into programs, where nobody can tell
 * whether they are used. */
static int read_vcpkg(struct inventory *inv, struct span text)
{
        struct dpkg_package d;
        while (dpkg_status_next(&text, &d)) {
                if (!d.installed || !d.name.size || !d.version.size)
                        continue;
                const char *name = arena_strndup(&inv->arena, d.name.data, d.name.size);
                const char *version = arena_strndup(&inv->arena, d.version.data, d.version.size);
                struct package *p = name && version ? inventory_add_named(inv, "vcpkg", name, version,
                                                                          RUNTIME_UNKNOWN, METHOD_DATABASE)
                                                    : NULL;
                if (!p)
                        return -ENOMEM;
                p->not_evaluated = no_registry;
        }
        return 0;
}

/* Applications of Erlang/OTP itself, which no registry has. */
static bool is_of_otp(const char *name)
{
        static const char names[] =
                " asn1 common_test compiler crypto debugger dialyzer diameter edoc eldap "
                "erl_docgen erl_interface erts et eunit ftp inets jinterface kernel megaco "
                "mnesia observer odbc os_mon parsetools public_key reltool runtime_tools "
                "sasl snmp ssh ssl stdlib syntax_tools tftp tools wx xmerl ";
        char word[64];
        return snprintf(word, sizeof(word), " %s ", name) < (int)sizeof(word) && strstr(names, word);
}

static int add(struct inventory *inv, const struct candidate *c, const struct kind *kind,
               const struct manifest *m)
{
        const char *name = m->name;
        const char *folder = inventory_folder(inv, c->path, kind->up);
        if (!folder)
                return -ENOMEM;
        /* A plugin may be one file in the folder of all plugins. */
        bool shared = kind->folder_name && str_ends(folder, "/plugins");
        if (kind->folder_name && !shared)
                name = arena_strdup(&inv->arena, strrchr(folder, '/') ? strrchr(folder, '/') + 1 : folder);
        struct package *p = name ? inventory_add_named(inv, kind->ecosystem, name, m->version, kind->runtimes,
                                                       METHOD_MANIFEST)
                                 : NULL;
        if (!p)
                return -ENOMEM;
        p->not_evaluated = kind->not_evaluated;
        if (kind->parse == manifest_erlang && is_of_otp(name)) {
                p->ecosystem = "Erlang/OTP";
                p->not_evaluated = "part of Erlang/OTP: no public advisories by application";
        }
        if (shared)
                return inventory_own(inv, c->path, inventory_last(inv));
        return kind->up ? inventory_own_folder(inv, folder, inventory_last(inv)) : 0;
}

static int read_manifest(struct inventory *inv, const struct candidate *c)
{
        _cleanup_buf_ struct buf text = BUF_INIT(METADATA_SIZE);
        const struct kind *kind = kind_of(c);
        struct manifest m;
        int r = inventory_read_file(inv, c->path, &text);
        if (r < 0)
                return r == -ENOMEM ? r : 0;
        struct span bytes = {text.data, text.size};
        if (!kind)
                return read_vcpkg(inv, bytes);
        r = kind->parse(bytes, &inv->arena, &m);
        return r == 0 ? add(inv, c, kind, &m) : r == -ENOMEM ? r : 0;
}

static const char *const names[] = {"*.app",       "META.json", "MYMETA.json", "DESCRIPTION", "*.rockspec",
                                    "version.php", "*.php",     "style.css",   "status",      NULL};

const struct reader reader_manifests = {
        .name = "manifests", .names = names, .wants = wants, .read = read_manifest, .skip_owned = true};
