/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The package that a distribution writes into its executables: note .note.package, owner "FDO", type
 * 0xcafe1a7e, JSON (systemd, "Package Metadata for Executable Files"). */

#include "base/arena.h"
#include "format/elf.h"

struct elf_package {
        const char *type, *name, *version, *architecture,
                *os; /* "rpm", "coreutils", "4711.0815…", …; or NULL */
};

/* 0, -ENOENT, -EBADMSG, -ENOMEM. */
int elf_package_parse(const struct elf *e, struct arena *a, struct elf_package *ret);
