/* SPDX-License-Identifier: Apache-2.0 */

/* All names that can be owned are paths: of files ("/lib/x.so"), of folders with what lies below them
 * ("/app/x/"), and of things inside a file ("/app.jar!/com/x/", "/bin/prog!/golang.org/x/text/"). So one rule
 * answers every question: the name itself, else the closest folder above it that somebody claims. No file is
 * a folder, too: so names are kept without the '!', and interpreters, who spell "/app.pyz/yaml/loader.py",
 * ask for the same. */

#include "inventory/claim.h"
#include "inventory/recall.h"

#include "base/map.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>

/* Where /bin, /sbin and /lib* are links into /usr, both spellings are one file: "/usr" is left out. */
const char *claim_canonical(const struct inventory *inv, const char *path)
{
        static const char *const merged[] = {"bin/", "sbin/", "lib/", "lib32/", "lib64/", "libx32/"};
        if (inv->usr_merged && str_starts(path, "/usr/"))
                for (size_t i = 0; i < ARRAY_SIZE(merged); i++)
                        if (str_starts(path + 5, merged[i]))
                                return path + 4;
        return path;
}

bool claim_name_add(struct claim_name *name, const char *part)
{
        for (; *part; part++) {
                if (part[0] == '!' && part[1] == '/') {
                        if (name->file_count < CLAIM_FILES)
                                name->files[name->file_count++] = name->size;
                        continue;
                }
                if (name->size == sizeof(name->text))
                        return false;
                name->text[name->size++] = *part;
        }
        return true;
}

static bool is_same_package(const struct package *a, const struct package *b)
{
        return str_equal(a->ecosystem, b->ecosystem) && str_equal(a->name, b->name) &&
               str_equal(a->version, b->version);
}

/* A text in a file is no rival of whoever installed the file, and what conda installs is mostly a package of
 * a language with files of its own. */
static bool yields(const struct package *p)
{
        return p->method == METHOD_STRINGS || str_equal(p->ecosystem, "conda");
}

static int contest(struct inventory *inv, const struct owner_slot *slot, uint64_t hash, size_t index)
{
        const struct package *old = &inv->packages.items[slot->package], *new = &inv->packages.items[index];
        if (slot->package < inv->os_count || index < inv->os_count || yields(new) ||
            is_same_package(old, new))
                return 0;
        if (!yields(old))
                return owners_tie(&inv->owners, hash, index);
        owners_take(&inv->owners, hash, index);
        return 0;
}

int claim_hash(struct inventory *inv, uint64_t hash, size_t index)
{
        const struct owner_slot *slot = owners_find(&inv->owners, hash);
        inv->contested |= slot && slot->package >= inv->os_count && slot->package < inv->settled;
        int r = slot ? contest(inv, slot, hash, index) : owners_claim(&inv->owners, hash, index);
        return r < 0 || !inv->reading || !inv->recall ? r : recall_claim(inv->recall, hash, index);
}

static int claim(struct inventory *inv, const char *path, const char *folder, size_t index)
{
        struct claim_name name;
        claim_name_begin(&name);
        if (!claim_name_add(&name, claim_canonical(inv, path)) || !claim_name_add(&name, folder))
                return 0; /* longer than any path */
        return claim_hash(inv, map_hash(name.text, name.size), index);
}

int inventory_own(struct inventory *inv, const char *path, size_t index)
{
        return claim(inv, path, "", index);
}

int inventory_own_folder(struct inventory *inv, const char *path, size_t index)
{
        return claim(inv, path, "/", index);
}

int inventory_own_inside(struct inventory *inv, const char *container, const char *prefix, size_t index)
{
        char folder[CLAIM_NAME];
        bool ended = !*prefix || str_ends(prefix, "/");
        int size = snprintf(folder, sizeof(folder), "/%s%s", prefix, ended ? "" : "/");
        return size < (int)sizeof(folder) ? claim(inv, container, folder, index) : 0;
}

/* Yarn tells copies of a package that differ in their peers by paths that are not there:
 * "FOLDER/__virtual__/HASH/N/REST" is REST in the folder N steps above FOLDER (yarnpkg.com, "Plug'n'Play
 * Specification", virtual folders). */
static void resolve_virtual(struct claim_name *name)
{
        static const char mark[] = "/__virtual__/";
        const char *end = name->text + name->size, *at, *hash, *steps, *rest;
        if (!(at = memmem(name->text, name->size, mark, strlen(mark))) || !(hash = at + strlen(mark)) ||
            !(steps = memchr(hash, '/', (size_t)(end - hash))) ||
            !(rest = memchr(steps + 1, '/', (size_t)(end - steps - 1))))
                return;
        size_t up = 0, to = (size_t)(at - name->text);
        for (const char *digit = steps + 1; digit < rest; digit++) {
                if (*digit < '0' || *digit > '9' || up > PATH_MAX)
                        return;
                up = up * 10 + (size_t)(*digit - '0');
        }
        for (; up && to; up--)
                while (to && name->text[--to] != '/')
                        ;
        size_t gone = (size_t)(rest - name->text) - to;
        memmove(name->text + to, rest, (size_t)(end - rest));
        name->size -= gone;
        for (size_t i = 0; i < name->file_count; i++)
                name->files[i] = name->files[i] > to + gone ? name->files[i] - gone : to;
}

/* ---- asking ----------------------------------------------------------------------------------------- */

const struct owner_slot *claim_find(const struct inventory *inv, const struct claim_name *name)
{
        return owners_find(&inv->owners, map_hash(name->text, name->size));
}

/* The distribution's claim on one of the files that the thing lies in: what is in them is its own, too. */
static const struct owner_slot *os_claim(const struct inventory *inv, const struct claim_name *name)
{
        for (size_t i = 0; i < name->file_count; i++) {
                const struct owner_slot *slot =
                        owners_find(&inv->owners, map_hash(name->text, name->files[i]));
                if (slot && slot->package < inv->os_count)
                        return slot;
        }
        return NULL;
}

const struct owner_slot *claim_closest(const struct inventory *inv, const struct claim_name *name,
                                       size_t least)
{
        size_t size = name->size, files = name->file_count;
        const struct owner_slot *slot = os_claim(inv, name);
        if (!slot && size >= least)
                slot = claim_find(inv, name);
        while (!slot && size) {
                while (size && name->text[size - 1] != '/')
                        size--;
                if (!size || size < least)
                        break;
                slot = owners_find(&inv->owners, map_hash(name->text, size));
                size--; /* the slash */
                while (files && name->files[files - 1] > size)
                        files--;
                if (!slot && size >= least && files && name->files[files - 1] == size)
                        slot = owners_find(&inv->owners, map_hash(name->text, size));
        }
        return slot;
}

static const struct owner_slot *closest(const struct inventory *inv, const char *path)
{
        struct claim_name name;
        claim_name_begin(&name);
        if (!claim_name_add(&name, claim_canonical(inv, path)))
                return NULL;
        resolve_virtual(&name);
        return claim_closest(inv, &name, 0);
}

const struct package *inventory_owner(const struct inventory *inv, const char *path, bool *ret_tie)
{
        const struct owner_slot *slot = closest(inv, path);
        if (ret_tie)
                *ret_tie = slot && slot->tied;
        return slot && !slot->tied && slot->package < inv->packages.count
                       ? &inv->packages.items[slot->package]
                       : NULL;
}

int claim_owners(const struct inventory *inv, const struct owner_slot *slot, package_refs *to)
{
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

int inventory_owners(const struct inventory *inv, const char *path, package_refs *to)
{
        return claim_owners(inv, closest(inv, path), to);
}

const char *claim_os_owner(const struct inventory *inv, const char *path)
{
        const struct owner_slot *slot = closest(inv, path);
        return slot && slot->package < inv->os_count ? inv->packages.items[slot->package].name : NULL;
}

bool inventory_is_os_owned(const struct inventory *inv, const char *path)
{
        return claim_os_owner(inv, path) != NULL;
}
