/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Packages that a bundler joined into one file, by the paths of their modules, which webpack (keys of its
 * table of modules, unless ids are hashed), esbuild and Rollup (comments above each module, unless minified)
 * leave there:
 * "./node_modules/lodash/map.js", "// node_modules/.pnpm/lodash@4.17.20/node_modules/lodash/map.js". */

#include "base/arena.h"
#include "base/str.h"
#include "base/vec.h"

struct module_path {
        const char *name;    /* of the package, with its scope */
        const char *version; /* only pnpm's folders tell it, else NULL */
        uint64_t at;         /* offset of the first one */
        const char *text;    /* that path */
};

typedef VEC(struct module_path) module_path_list;

/* Each name and version once, at most 2,000. Appends. 0 or -ENOMEM. */
int module_paths_find(struct span bytes, struct arena *a, module_path_list *to);
