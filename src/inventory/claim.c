/* SPDX-License-Identifier: Apache-2.0 */

/* All names that can be owned are paths: of files ("/lib/x.so"), of folders with what lies below them
 * ("/app/x/"), and of things inside a file ("/app.jar!/com/x/", "/bin/prog!/golang.org/x/text/"). So one rule
 * answers every question: the name itself, else the closest folder above it that somebody claims. */

#include "inventory/frame.h"

#include "base/map.h"

#include <errno.h>
#include <stdio.h>

enum { NAME_SIZE = 8192 };

/* Where /bin, /sbin and /lib* are links into /usr, both spellings are one file: "/usr" is left out. */
static const char *canonical(const struct inventory *inv, const char *path)
{
        static const char *const merged[] = {"bin/", "sbin/", "lib/", "lib32/", "lib64/", "libx32/"};
        if (inv->usr_merged && str_starts(path, "/usr/"))
                for (size_t i = 0; i < ARRAY_SIZE(merged); i++)
                        if (str_starts(path + 5, merged[i]))
                                return path + 4;
        return path;
}

static bool is_same_package(const struct package *a, const struct package *b)
{
        return str_equal(a->ecosystem, b->ecosystem) && str_equal(a->name, b->name) &&
               str_equal(a->version, b->version);
}

int claim_hash(struct inventory *inv, uint64_t hash, size_t index)
{
        const struct owner_slot *slot = owners_find(&inv->owners, hash);
        int r = slot ? 0 : owners_claim(&inv->owners, hash, index);
        if (slot && slot->package >= inv->os_count && index >= inv->os_count &&
            !is_same_package(&inv->packages.items[slot->package], &inv->packages.items[index]))
                r = owners_tie(&inv->owners, hash, index);
        return r < 0 ? r : frame_note_claim(inv, hash, index);
}

static int claim(struct inventory *inv, const char *name, size_t size, size_t index)
{
        return claim_hash(inv, map_hash(name, size), index);
}

int inventory_own(struct inventory *inv, const char *path, size_t index)
{
        const char *name = canonical(inv, path);
        return claim(inv, name, strlen(name), index);
}

static int claim_below(struct inventory *inv, const char *path, const char *between, const char *prefix,
                       size_t index)
{
        char name[NAME_SIZE];
        const char *slash = *prefix && !str_ends(prefix, "/") ? "/" : "";
        int size = snprintf(name, sizeof(name), "%s%s%s%s", canonical(inv, path), between, prefix, slash);
        return size < (int)sizeof(name) ? claim(inv, name, (size_t)size, index) : 0;
}

int inventory_own_folder(struct inventory *inv, const char *path, size_t index)
{
        return claim_below(inv, path, "/", "", index);
}

int inventory_own_inside(struct inventory *inv, const char *container, const char *prefix, size_t index)
{
        return claim_below(inv, container, "!/", prefix, index);
}

/* ---- asking ----------------------------------------------------------------------------------------- */

/* Down to names of `least` bytes. */
static const struct owner_slot *closest(const struct inventory *inv, const char *name, size_t size,
                                        size_t least)
{
        const struct owner_slot *slot = owners_find(&inv->owners, map_hash(name, size));
        while (!slot && size) {
                while (size && name[size - 1] != '/')
                        size--;
                if (!size || size < least)
                        break;
                slot = owners_find(&inv->owners, map_hash(name, size));
                size--;                                                          /* the slash */
                if (!slot && size > 1 && size >= least && name[size - 1] == '!') /* "/a.jar!" is "/a.jar" */
                        slot = owners_find(&inv->owners, map_hash(name, size - 1));
        }
        return slot;
}

static const struct package *answer(const struct inventory *inv, const struct owner_slot *slot, bool *ret_tie)
{
        if (ret_tie)
                *ret_tie = slot && slot->tied;
        return slot && !slot->tied && slot->package < inv->packages.count
                       ? &inv->packages.items[slot->package]
                       : NULL;
}

const struct package *inventory_owner(const struct inventory *inv, const char *path, bool *ret_tie)
{
        const char *name = canonical(inv, path);
        return answer(inv, closest(inv, name, strlen(name), 0), ret_tie);
}

int inventory_owners(const struct inventory *inv, const char *path, package_refs *to)
{
        const char *name = canonical(inv, path);
        const struct owner_slot *slot = closest(inv, name, strlen(name), 0);
        uint32_t package = slot ? slot->package : 0, next = slot ? slot->tied : 0;
        for (size_t n = 0; slot; n++) {
                if (n == INVENTORY_MOST_OWNERS)
                        return -E2BIG;
                const struct package **ref = vec_add(to);
                if (!ref)
                        return -ENOMEM;
                *ref = &inv->packages.items[package];
                if (!next)
                        break;
                package = inv->owners.tied.items[next - 1].package;
                next = inv->owners.tied.items[next - 1].before;
        }
        return 0;
}

const char *claim_os_owner(const struct inventory *inv, const char *path)
{
        const char *name = canonical(inv, path);
        const struct owner_slot *slot = closest(inv, name, strlen(name), 0);
        return slot && slot->package < inv->os_count ? inv->packages.items[slot->package].name : NULL;
}

bool inventory_is_os_owned(const struct inventory *inv, const char *path)
{
        return claim_os_owner(inv, path) != NULL;
}

/* What separates the parts of a name, per kind. */
static size_t spell(char *to, size_t size, enum inside kind, const char *name)
{
        size_t used = 0;
        for (const char *s = name; *s && used + 2 < size; s++) {
                bool parts =
                        kind == INSIDE_RUST ? s[0] == ':' && s[1] == ':' : kind != INSIDE_GO && *s == '.';
                to[used++] = parts ? '/' : *s;
                s += parts && kind == INSIDE_RUST;
        }
        return used;
}

/* A module is a file or a folder with an __init__.py. */
static const struct owner_slot *module_file(const struct inventory *inv, const char *folder, const char *name)
{
        static const char *const forms[] = {".py", "/__init__.py", ".pyc", "/__init__.pyc"};
        char path[NAME_SIZE];
        int base = snprintf(path, sizeof(path), "%s/", canonical(inv, folder));
        if (base >= (int)sizeof(path) / 2)
                return NULL;
        size_t size = (size_t)base + spell(path + base, sizeof(path) / 2 - 32, INSIDE_MODULE, name);
        for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
                strcpy(path + size, forms[i]);
                const struct owner_slot *slot = owners_find(&inv->owners, map_hash(path, strlen(path)));
                if (slot)
                        return slot;
        }
        return NULL;
}

static const struct owner_slot *closest_in(const struct inventory *inv, const char *container,
                                           const char *between, enum inside kind, const char *name,
                                           bool only_inside)
{
        char path[NAME_SIZE];
        int base = snprintf(path, sizeof(path), "%s%s", canonical(inv, container), between);
        if (base >= (int)sizeof(path) / 2)
                return NULL;
        size_t size = (size_t)base + spell(path + base, sizeof(path) / 2 - 32, kind, name);
        path[size++] = '/';
        return closest(inv, path, size, only_inside ? (size_t)base : 0);
}

const struct package *inventory_owner_inside(const struct inventory *inv, const char *container,
                                             enum inside kind, const char *name, bool *ret_tie)
{
        const struct owner_slot *slot = NULL;
        if (kind == INSIDE_MODULE)
                slot = module_file(inv, container, name);
        if (!slot)
                slot = closest_in(inv, container, "!/", kind, name, kind == INSIDE_MODULE);
        if (!slot && kind == INSIDE_MODULE)
                slot = closest_in(inv, container, "/", kind, name, false);
        return answer(inv, slot, ret_tie);
}
