/* SPDX-License-Identifier: Apache-2.0 */

/* What an application was published with says its deps.json, which single-file programs carry inside. Where
 * an assembly lies in a folder without one, its own identity is all there is: a guess at the package, because
 * a package may hold several assemblies of other names. */

#include "inventory/add.h"

#include "base/map.h"
#include "format/dotnet_deps.h"
#include "format/pe.h"
#include "host/runtime.h"

#include <errno.h>
#include <stdio.h>

enum { LARGEST_ASSEMBLY = 256 << 20, GUESS = 70 /* percent */ };

/* ---- deps.json --------------------------------------------------------------------------------------- */

/* "lib/net6.0/X.dll" is published as X.dll beside deps.json; resources and runtimes keep folders. */
static int own_file(struct inventory *inv, const char *folder, const char *path, size_t index)
{
        const char *slash = strrchr(path, '/');
        const char *const forms[] = {slash ? slash + 1 : path, path};
        for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
                const char *file = inventory_resolve(inv, folder, forms[i]);
                int r = file ? inventory_own(inv, file, index) : 0;
                if (r < 0)
                        return r;
        }
        return 0;
}

static int add_libraries(struct inventory *inv, const char *folder, const struct dotnet_deps *deps)
{
        _cleanup_map_ struct map known = {};
        vec_each (l, &deps->libraries) {
                struct package *p = inventory_add_named(inv, "NuGet", l->name, l->version, RUNTIME_DOTNET,
                                                        METHOD_MANIFEST);
                if (!p)
                        return -ENOMEM;
                if (!l->package)
                        p->not_evaluated = "a project of the application itself";
                if (map_put_str(&known, l->name, (void *)(uintptr_t)inv->packages.count) < 0)
                        return -ENOMEM;
        }
        for (size_t i = 0; folder && i < deps->files.count; i++) {
                size_t index = (size_t)(uintptr_t)map_get_str(&known, deps->files.items[i].package);
                int r = index ? own_file(inv, folder, deps->files.items[i].path, index - 1) : 0;
                if (r < 0)
                        return r;
        }
        return 0;
}

static int take_deps(struct inventory *inv, const struct candidate *c, struct span json, const char *folder)
{
        _cleanup_dotnet_deps_ struct dotnet_deps deps = {};
        int r = dotnet_deps_parse(json, &inv->arena, &deps);
        if (r == 0)
                return add_libraries(inv, folder, &deps);
        if (r != -ENOMEM)
                inventory_limit(inv, "%s: its deps.json is not readable", c->path);
        return r == -ENOMEM ? r : 0;
}

static int read_deps(struct inventory *inv, const struct candidate *c)
{
        _cleanup_buf_ struct buf text = BUF_INIT(METADATA_SIZE * 8);
        const char *folder = inventory_folder(inv, c->path, 1);
        if (!folder)
                return -ENOMEM;
        int r = inventory_read_file(inv, c->path, &text);
        if (r < 0)
                return r == -ENOMEM ? r : 0;
        return take_deps(inv, c, (struct span){text.data, text.size}, folder);
}

static int read_bundle(struct inventory *inv, const struct candidate *c, const struct elf *elf)
{
        struct span data, deps;
        if (c->owner || elf_section(elf, ".data", &data) < 0 ||
            dotnet_bundle_find(elf->bytes, data, &deps) < 0)
                return 0;
        return take_deps(inv, c, deps, NULL);
}

/* ---- assemblies -------------------------------------------------------------------------------------- */

static int is_deps(void *context, struct inventory *inv, const char *name)
{
        (void)context;
        (void)inv;
        return str_ends(name, ".deps.json");
}

/* "13.0.3.27908" and "13.0.3+abc" are builds of package 13.0.3. */
static const char *package_version(struct inventory *inv, const struct pe_identity *pe)
{
        const char *version = pe->product_version ? pe->product_version : pe->file_version;
        if (!version || !*version || *version < '0' || *version > '9')
                version = pe->assembly_version;
        const char *end = version + strcspn(version, "+ ");
        size_t dots = 0;
        for (const char *s = version; s < end; s++)
                if (*s == '.' && ++dots == 3)
                        end = s;
        return arena_strndup(&inv->arena, version, (size_t)(end - version));
}

static int read_assembly(struct inventory *inv, const struct candidate *c)
{
        _cleanup_mapped_ struct span bytes = {};
        struct pe_identity pe;
        const char *folder = inventory_folder(inv, c->path, 1);
        if (!folder)
                return -ENOMEM;
        int r = inventory_list(inv, folder, is_deps, NULL);
        if (r > 0 || r == -ENOMEM)
                return r > 0 ? 0 : r;
        r = inventory_map(inv, c->path, LARGEST_ASSEMBLY, &bytes);
        if (r == 0)
                r = pe_identity_parse(bytes, &inv->arena, &pe);
        if (r < 0 || !pe.assembly)
                return r == -ENOMEM ? r : 0;
        const char *version = package_version(inv, &pe);
        struct package *p = version ? inventory_add_named(inv, "NuGet", pe.assembly, version, RUNTIME_DOTNET,
                                                          METHOD_BINARY)
                                    : NULL;
        if (!p)
                return -ENOMEM;
        p->confidence = GUESS;
        p->detail = arena_printf(&inv->arena, "assembly %s, version %s", pe.assembly, pe.assembly_version);
        return p->detail ? inventory_own(inv, c->path, inventory_last(inv)) : -ENOMEM;
}

static int read_dotnet(struct inventory *inv, const struct candidate *c)
{
        return str_ends(c->name, ".json") ? read_deps(inv, c) : read_assembly(inv, c);
}

static const char *const names[] = {"*.deps.json", "*.dll", NULL};

const struct reader reader_dotnet = {
        .name = "dotnet", .names = names, .read = read_dotnet, .read_elf = read_bundle};
