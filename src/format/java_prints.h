/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Artefacts that are recognised by the names of their classes: shaded into another jar, perhaps moved to
 * another package, with META-INF/maven stripped. A relocation keeps the structure below an artefact's root
 * package, so a few distinctive classes that lie below one common prefix name it.
 *
 * A line of the table is GROUP:ARTIFACT, the root package with '/', then classes below it, separated by
 * blanks
 * ("collect/ImmutableList"). A class with '=' in front holds the version as a constant. '#': comment. */

#include "base/arena.h"
#include "base/map.h"
#include "base/str.h"
#include "base/vec.h"

struct java_print {
        const char *name;          /* "com.google.guava:guava" */
        const char *root;          /* "com/google/common" */
        const char *version_class; /* below the root, or NULL */
        size_t classes;
};

struct java_prints {
        VEC(struct java_print) items;
        VEC(struct java_print_class) classes;
        struct map names; /* base name of a class → index in classes, plus 1 */
};

/* A copy of an artefact in one archive. */
struct java_copy {
        const struct java_print *print;
        const char *prefix; /* the root package here; equal to the print's unless relocated */
        size_t found;       /* of its classes */
        bool relocated;
};

typedef VEC(struct java_copy) java_copies;
enum { JAVA_COPIES_MOST = 400 }; /* more of one archive are not noted */

/* 0, -EBADMSG, -ENOMEM. */
int java_prints_parse(struct span table, struct arena *a, struct java_prints **ret);
struct java_prints *java_prints_free(struct java_prints *p); /* returns NULL */

/* Note one entry of an archive ("com/google/common/base/Joiner.class"). 0 or -ENOMEM. */
int java_prints_note(const struct java_prints *p, struct span entry, struct arena *a, java_copies *to);
/* Keep only those copies of which at least three quarters of the classes, and two, were found. */
void java_prints_finish(java_copies *copies);

/* The version among the text constants of a class file (JVM specification §4.4), or NULL: the only one that
 * looks like a version. NULL also: out of memory. */
const char *java_class_version(struct span class_file, struct arena *a);
