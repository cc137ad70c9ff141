/* SPDX-License-Identifier: Apache-2.0 */

/* What cargo-auditable wrote into the program is the list of what was linked. Without it, the paths that
 * panic messages carry give some of the crates, with the place where each was found. */

#include "inventory/add.h"

#include "format/rust_crates.h"
#include "host/runtime.h"

#include <errno.h>

enum { GUESS = 80 }; /* percent: a path may be quoted, and a crate may be half dead code */

/* Symbols spell crates with '_'. The program's own crate is the rest of it. */
static int own(struct inventory *inv, const struct candidate *c, const struct rust_crate *crate)
{
        char *name = arena_strdup(&inv->arena, crate->root ? "" : crate->name);
        if (!name)
                return -ENOMEM;
        for (char *s = name; *s; s++)
                if (*s == '-')
                        *s = '_';
        return inventory_own_inside(inv, c->path, name, inventory_last(inv));
}

static int add_all(struct inventory *inv, const struct candidate *c, const rust_crate_list *crates,
                   bool guess)
{
        vec_each (crate, crates) {
                struct package *p = inventory_add_named(inv, "crates.io", crate->name, crate->version,
                                                        RUNTIME_NATIVE, METHOD_BINARY);
                if (!p)
                        return -ENOMEM;
                if (!crate->registry)
                        p->not_evaluated = "not from a registry";
                if (guess) {
                        p->method = METHOD_STRINGS;
                        p->confidence = GUESS;
                        p->detail = arena_printf(&inv->arena, "0x%llx: path of its source in a message",
                                                 (unsigned long long)crate->at);
                        if (!p->detail)
                                return -ENOMEM;
                }
                int r = own(inv, c, crate);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int read_rust(struct inventory *inv, const struct candidate *c, const struct elf *elf)
{
        rust_crate_list crates = {};
        struct span section;
        bool audited = elf_section(elf, ".dep-v0", &section) == 0;
        int r = 0;
        if (audited)
                r = rust_audit_parse(section, &inv->arena, &crates);
        if (audited && r < 0 && r != -ENOMEM)
                inventory_limit(inv, "%s: its list of crates is damaged", c->path);
        /* What a distribution built is judged by the distribution. */
        bool guess = !crates.count && r != -ENOMEM && !c->owner;
        if (guess && elf_section(elf, ".rodata", &section) == 0) {
                r = rust_paths_find(section, &inv->arena, &crates);
                vec_each (crate, &crates)
                        crate->at += (uint64_t)(section.data - elf->bytes.data);
        }
        if (r == 0)
                r = add_all(inv, c, &crates, guess);
        vec_done(&crates);
        return r == -ENOMEM ? r : 0;
}

const struct reader reader_rust = {.name = "rust", .read_elf = read_rust};
