/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Packages of npm, pnpm and Yarn (npm documentation, package.json): what a package.json says, and whether
 * the place where it lies makes it an installed package. */

#include "base/arena.h"
#include "base/str.h"

struct node_package {
        const char *name;    /* with its scope: "@babel/core" */
        const char *version; /* without a leading "v" or "=" */
        bool is_private;     /* never published: no registry knows it */
};

/* 0; -ENOENT: valid JSON without a usable name and version; -EBADMSG, -EFBIG, -ENOMEM. */
int node_package_parse(struct span json, struct arena *a, struct node_package *ret);
/* Whether a package.json at this path may be an installed package: not one of the test fixtures, examples
 * and templates that packages carry. */
bool node_package_installed(const char *path);
