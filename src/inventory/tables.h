/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What tells an artefact, a program or a library without its package manager: the text tables of
 * data/signatures, which are part of the program. */

#include "format/java_prints.h"
#include "format/signature.h"
#include "inventory/reader.h"

struct tables {
        struct arena arena;
        struct java_prints *java;      /* class names of artefacts of Maven Central */
        struct signatures *native;     /* version texts in machine code */
        struct signatures *javascript; /* banners in bundles */
};

/* Parsed when they are first asked for, and kept with the inventory. NULL: out of memory (or a table that is
 * broken, which the unit test of this file rules out). */
const struct tables *inventory_tables(struct inventory *inv);
struct tables *tables_free(struct tables *t); /* returns NULL */
