/* SPDX-License-Identifier: Apache-2.0 */

/* Software that came beside the distribution, whole: store paths of Nix, snaps, Flatpaks. Name and version;
 * what is inside of them is found by its own readers where their files lie in the root, and keeps its own
 * advisories: nobody publishes any for the bundle. */

#include "format/bundle.h"

#include "host/runtime.h"
#include "inventory/reader.h"

#include <errno.h>
#include <stdio.h>

enum { PATH = 1024 };

static const char no_registry[] = "no public advisories for its registry";

static int add(struct inventory *inv, const char *ecosystem, struct span name, struct span version,
               const char *path, const char *folder)
{
        struct package *p = inventory_add(inv);
        if (!p)
                return -ENOMEM;
        p->ecosystem = ecosystem;
        p->name = p->source = arena_strndup(&inv->arena, name.data, name.size);
        p->version = p->source_version =
                version.size ? arena_strndup(&inv->arena, version.data, version.size) : NULL;
        p->path = arena_strdup(&inv->arena, path);
        p->runtimes = RUNTIME_UNKNOWN;
        p->not_evaluated = no_registry;
        if (!p->name || !p->path || (version.size && !p->version))
                return -ENOMEM;
        int r = inventory_own(inv, folder, inventory_last(inv)); /* some store paths are files */
        return r < 0 ? r : inventory_own_folder(inv, folder, inventory_last(inv));
}

static int take_store_path(void *context, struct inventory *inv, const char *entry)
{
        char path[PATH];
        struct span name, version;
        (void)context;
        if (!bundle_nix(span_of(entry), &name, &version))
                return 0;
        snprintf(path, sizeof(path), "/nix/store/%.300s", entry);
        return add(inv, "nix", name, version, path, path);
}

/* ---- snaps ------------------------------------------------------------------------------------------ */

static int take_revision(void *context, struct inventory *inv, const char *entry)
{
        char path[PATH + 64], folder[PATH];
        _cleanup_buf_ struct buf text = BUF_INIT(METADATA_SIZE);
        struct span name, version = {};
        if (!strcmp(entry, "current"))
                return 0;
        snprintf(folder, sizeof(folder), "/snap/%.300s/%.100s", (const char *)context, entry);
        snprintf(path, sizeof(path), "%s/meta/snap.yaml", folder);
        int r = inventory_read_file(inv, path, &text);
        struct span yaml = {text.data, text.size};
        if (r < 0 || !bundle_snap_field(yaml, "name", &name))
                return r == -ENOMEM ? r : 0;
        bundle_snap_field(yaml, "version", &version);
        return add(inv, "snap", name, version, path, folder);
}

static int take_snap(void *context, struct inventory *inv, const char *entry)
{
        char path[PATH];
        (void)context;
        snprintf(path, sizeof(path), "/snap/%.300s", entry);
        int r = inventory_list(inv, path, take_revision, (void *)entry);
        return r == -ENOMEM ? r : 0;
}

/* ---- Flatpaks --------------------------------------------------------------------------------------- */

struct metainfo {
        char folder[PATH + 64];
        struct buf text;
};

struct flatpak {
        const char *base; /* of the installation */
        const char *kind; /* "app" or "runtime" */
        const char *id, *arch;
};

/* The first metainfo file of a folder. */
static int read_metainfo(void *context, struct inventory *inv, const char *entry)
{
        struct metainfo *m = context;
        char path[PATH * 2];
        if (!str_ends(entry, ".xml"))
                return 0;
        snprintf(path, sizeof(path), "%s/%.300s", m->folder, entry);
        int r = inventory_read_file(inv, path, &m->text);
        return r == -ENOMEM ? r : 1;
}

static int take_branch(void *context, struct inventory *inv, const char *entry)
{
        static const char *const places[] = {"files/share/metainfo", "files/share/appdata"};
        const struct flatpak *f = context;
        char folder[PATH], path[PATH + 64];
        struct span version = {};
        snprintf(folder, sizeof(folder), "%.300s/%.10s/%.200s/%.50s/%.100s", f->base, f->kind, f->id, f->arch,
                 entry);
        snprintf(path, sizeof(path), "%s/active/metadata", folder);
        _cleanup_close_ int fd = inventory_open(inv, path);
        if (fd < 0)
                return fd == -ENOMEM ? fd : 0;
        struct metainfo m = {.text = BUF_INIT(METADATA_SIZE)};
        int r = 0;
        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(places); i++) {
                snprintf(m.folder, sizeof(m.folder), "%s/active/%s", folder, places[i]);
                r = inventory_list(inv, m.folder, read_metainfo, &m);
                r = r < 0 && r != -ENOMEM ? 0 : r;
        }
        if (m.text.size)
                bundle_metainfo_version((struct span){m.text.data, m.text.size}, &version);
        /* A runtime's branch is its version. */
        if (!version.size && !strcmp(f->kind, "runtime"))
                version = span_of(entry);
        if (r >= 0)
                r = add(inv, "flatpak", span_of(f->id), version, path, folder);
        buf_done(&m.text);
        return r;
}

static int take_arch(void *context, struct inventory *inv, const char *entry)
{
        struct flatpak *f = context;
        char path[PATH];
        f->arch = entry;
        snprintf(path, sizeof(path), "%.300s/%.10s/%.200s/%.50s", f->base, f->kind, f->id, entry);
        int r = inventory_list(inv, path, take_branch, f);
        return r == -ENOMEM ? r : 0;
}

static int take_flatpak(void *context, struct inventory *inv, const char *entry)
{
        struct flatpak f = *(const struct flatpak *)context;
        char path[PATH];
        f.id = entry;
        snprintf(path, sizeof(path), "%.300s/%.10s/%.200s", f.base, f.kind, entry);
        int r = inventory_list(inv, path, take_arch, &f);
        return r == -ENOMEM ? r : 0;
}

static int read_installation(struct inventory *inv, const char *base)
{
        static const char *const kinds[] = {"app", "runtime"};
        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
                struct flatpak f = {.base = base, .kind = kinds[i]};
                char path[PATH];
                snprintf(path, sizeof(path), "%.300s/%s", base, kinds[i]);
                if (inventory_list(inv, path, take_flatpak, &f) == -ENOMEM)
                        return -ENOMEM;
        }
        return 0;
}

/* Users have installations of their own. */
static int take_home(void *context, struct inventory *inv, const char *entry)
{
        char base[PATH];
        snprintf(base, sizeof(base), "%s/%.200s/.local/share/flatpak", (const char *)context, entry);
        return read_installation(inv, base);
}

static int read_bundles(struct inventory *inv)
{
        static const struct {
                const char *folder;
                inventory_entry handler;
                const char *context;
        } places[] = {{"/nix/store", take_store_path, NULL},
                      {"/snap", take_snap, NULL},
                      {"/home", take_home, "/home"}};
        int r = read_installation(inv, "/var/lib/flatpak");
        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(places); i++)
                if (inventory_list(inv, places[i].folder, places[i].handler, (void *)places[i].context) ==
                    -ENOMEM)
                        r = -ENOMEM;
        return r == 0 ? read_installation(inv, "/root/.local/share/flatpak") : r;
}

const struct reader reader_bundles = {.name = "bundles", .begin = read_bundles, .beside = true};
