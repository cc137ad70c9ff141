/* SPDX-License-Identifier: Apache-2.0 */

/* Machine code that no package manager put there says what it is in two ways: the note that distributions'
 * linkers write into it, and the version texts of the projects themselves, also where they are linked in
 * statically. The second is a guess, and named with the place of the text. */

#include "inventory/add.h"

#include "format/elf_package.h"
#include "host/runtime.h"
#include "inventory/tables.h"

#include <errno.h>
#include <stdio.h>

enum { GUESS = 60, OWN_NAME = 75, WITHOUT_SECTIONS = 64 << 20 };

static const char unnamed[] = "known by a version text only: no advisories by this name";

/* The one ecosystem of OSV with the projects' own versions of programs: its names (bitnami/vulndb, data/). */
static const char *registry_name(const char *name)
{
        static const char *const names[][2] = {
                {"apache-httpd", "apache"},
                {"haproxy", "haproxy"},
                {"mariadb", "mariadb"},
                {"memcached", "memcached"},
                {"nginx", "nginx"},
                {"node", "node"},
                {"php", "php"},
                {"postgresql", "postgresql"},
                {"python", "python"},
                {"redis", "redis"},
                {"ruby", "ruby"},
        };
        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (!strcmp(names[i][0], name))
                        return names[i][1];
        return NULL;
}

/* ".note.package": an OS package of a distribution, perhaps not of this one. */
static int add_note(struct inventory *inv, const struct candidate *c, const struct elf *elf)
{
        struct elf_package note;
        int r = elf_package_parse(elf, &inv->arena, &note);
        if (r < 0)
                return r == -ENOMEM ? r : 0;
        struct package *p =
                inventory_add_named(inv, "binary", note.name, note.version, RUNTIME_NATIVE, METHOD_BINARY);
        if (!p)
                return -ENOMEM;
        p->arch = note.architecture;
        p->detail =
                arena_printf(&inv->arena, "ELF package note of type %s%s%s",
                             note.type ? note.type : "unknown", note.os ? ", " : "", note.os ? note.os : "");
        p->not_evaluated = "its distribution's package database is not here";
        return p->detail ? inventory_own(inv, c->path, inventory_last(inv)) : -ENOMEM;
}

/* "nginx" is nginx's own program, "libssl.so.3" belongs to none that is called so. */
static bool is_named_like(const struct candidate *c, const char *name)
{
        const char *file = str_starts(c->name, "lib") && !str_starts(name, "lib") ? c->name + 3 : c->name;
        size_t size = strlen(name);
        return !strncmp(file, name, size) &&
               (!file[size] || strchr(".-", file[size]) || (file[size] >= '0' && file[size] <= '9'));
}

/* A program that loads the library has its version text from the header: no copy. The library itself has its
 * name in the same table. */
static bool is_loaded(const struct elf *elf, const char *name)
{
        static const struct {
                const char *name, *library;
        } libraries[] = {
                {"openssl", "libssl.so"}, {"openssl", "libcrypto.so"},     {"zlib", "libz.so"},
                {"bzip2", "libbz2.so"},   {"libjpeg-turbo", "libjpeg.so"},
        };
        char own[64];
        struct span symbols, strings, soname = elf_soname(elf);
        if (elf_dynamic_symbols(elf, &symbols, &strings) < 0 || !strings.size)
                return false;
        snprintf(own, sizeof(own), "%s%s.so", str_starts(name, "lib") ? "" : "lib", name);
        bool found = memmem(strings.data, strings.size, own, strlen(own)) && !span_starts(soname, own);
        for (size_t i = 0; i < ARRAY_SIZE(libraries); i++) {
                const char *library = libraries[i].library;
                if (strcmp(libraries[i].name, name) != 0)
                        continue;
                if (span_starts(soname, library))
                        return false;
                found |= memmem(strings.data, strings.size, library, strlen(library)) != NULL;
        }
        return found;
}

/* A program names older versions of itself for compatibility (OpenSSH, Redis), and its own in shorter forms
 * ("2.4" of "2.4.71"): of more than two versions the greatest counts, and no part of another one does. */
static bool is_quoted(const signature_hits *hits, const struct signature_hit *hit)
{
        size_t versions = 0;
        bool greater = false;
        vec_each (other, hits) {
                if (strcmp(other->name, hit->name) != 0)
                        continue;
                versions++;
                if (other != hit && str_starts(other->version, hit->version))
                        return true;
                greater |= strverscmp(other->version, hit->version) > 0;
        }
        return versions > 2 && greater;
}

static int add_hit(struct inventory *inv, const struct candidate *c, const struct signature_hit *hit,
                   uint64_t base)
{
        bool own = is_named_like(c, hit->name);
        /* Only of the program itself: a version text in another one may be of what it talks to. */
        const char *known = own ? registry_name(hit->name) : NULL;
        struct package *p = inventory_add_named(inv, known ? "Bitnami" : "binary", known ? known : hit->name,
                                                hit->version, RUNTIME_NATIVE, METHOD_STRINGS);
        if (!p)
                return -ENOMEM;
        p->confidence = own ? OWN_NAME : GUESS;
        p->not_evaluated = known ? NULL : unnamed;
        p->detail = arena_printf(&inv->arena, "0x%llx: %s", (unsigned long long)(base + hit->at), hit->text);
        if (!p->detail)
                return -ENOMEM;
        size_t index = inventory_last(inv);
        int r = own ? inventory_own(inv, c->path, index) : 0;
        return r < 0 ? r : inventory_own_inside(inv, c->path, hit->name, index);
}

static int read_native(struct inventory *inv, const struct candidate *c, const struct elf *elf)
{
        struct span text, go;
        if (c->owner)
                return 0;
        int r = add_note(inv, c, elf);
        /* A Go program lists what was linked; version texts in it are mostly of what it talks to. */
        if (r < 0 || elf_section(elf, ".go.buildinfo", &go) == 0)
                return r;
        if (elf_section(elf, ".rodata", &text) < 0) {
                text = elf->bytes;
                text.size = MIN(text.size, (size_t)WITHOUT_SECTIONS);
        }
        signature_hits hits = {};
        const struct tables *tables = inventory_tables(inv);
        r = tables ? signatures_find(tables->native, text, c->name, &inv->arena, &hits) : -ENOMEM;
        vec_each (hit, &hits)
                if (r == 0 && !is_loaded(elf, hit->name) && !is_quoted(&hits, hit))
                        r = add_hit(inv, c, hit, (uint64_t)(text.data - elf->bytes.data));
        vec_done(&hits);
        return r;
}

const struct reader reader_native = {.name = "native", .read_elf = read_native};
