/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Windows executables as far as .NET uses them on Linux: managed assemblies (Microsoft PE/COFF
 * specification; ECMA-335 6th edition, partition II, for the metadata), and their version resource. */

#include "base/arena.h"
#include "base/str.h"

struct pe_identity {
        const char *assembly;         /* name in the Assembly table; NULL: no .NET assembly */
        const char *assembly_version; /* "13.0.0.0" */
        const char *product, *product_version, *file_version; /* of the version resource, or NULL */
        const char *company;
};

/* 0; -EINVAL: no PE file; -EBADMSG; -ENOMEM. */
int pe_identity_parse(struct span bytes, struct arena *a, struct pe_identity *ret);
