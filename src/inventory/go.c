/* SPDX-License-Identifier: Apache-2.0 */

/* A Go executable carries the list of the modules that were linked into it. */

#include "inventory/reader.h"

#include "format/go_buildinfo.h"
#include "host/runtime.h"

#include <errno.h>

static int add(struct inventory *inv, const char *name, const char *version)
{
        struct package *p = inventory_add(inv);
        if (!p)
                return -ENOMEM;
        p->ecosystem = "Go";
        p->name = p->source = name;
        p->version = p->source_version = version;
        p->runtimes = RUNTIME_NATIVE;
        p->method = METHOD_BINARY;
        return 0;
}

static int add_module(struct inventory *inv, const struct candidate *c, const char *name, const char *version)
{
        int r = add(inv, name, version);
        return r < 0 ? r : inventory_own_inside(inv, c->path, name, inventory_last(inv));
}

static int add_modules(struct inventory *inv, const struct candidate *c, const struct go_buildinfo *info)
{
        const char *version = str_starts(info->go_version, "go") ? info->go_version + 2 : NULL;
        int r = add(inv, "stdlib", version);
        /* Import paths whose first part has no dot are the standard library's. */
        if (r == 0)
                r = inventory_own_inside(inv, c->path, "", inventory_last(inv));
        vec_each (m, &info->modules)
                if (r == 0)
                        r = add_module(inv, c, m->path, m->version);
        return r;
}

static int read_go(struct inventory *inv, const struct candidate *c, const struct elf *elf)
{
        struct go_buildinfo info = {};
        int r = go_buildinfo_parse(elf, &inv->arena, &info);
        if (r == 0)
                r = add_modules(inv, c, &info);
        vec_done(&info.modules);
        return r == -ENOMEM ? r : 0;
}

const struct reader reader_go = {.name = "go", .read_elf = read_go};
