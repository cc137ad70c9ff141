/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One Java archive while it is being read: what it says of itself, and whose its classes are. Only the
 * files java*.c see it. */

#include "format/java_names.h"
#include "format/java_prints.h"
#include "format/zip.h"
#include "inventory/add.h"
#include "inventory/archive.h"

/* Something with coordinates in an archive. */
struct artefact {
        struct java_names names;
        struct span folder; /* "META-INF/maven/G/A" of its pom, in the archive's directory */
        const char *prefix; /* where its classes lie, "com/x"; NULL: not known */
        enum package_method method;
        const char *version_by; /* of a fingerprint: what says the version, where its classes do not */
        bool properties;        /* pom.properties was read, not only pom.xml */
        size_t index;           /* of its package, once added */
};

/* Classes of one folder, without BOOT-INF/classes and the like. */
struct class_folder {
        struct span path;
        size_t classes;
};

struct jar {
        struct inventory *inv;
        const char *container; /* "/app.jar" or "/app.jar!/BOOT-INF/lib/x.jar" */
        const struct zip *zip;
        VEC(struct artefact) artefacts;
        size_t main; /* index in artefacts, or SIZE_MAX: not known */
        bool whole;  /* everything in it belongs to the main artefact */
        struct zip_entry manifest;
        bool has_manifest;
        struct zip_entry netty;
        bool has_netty;
        VEC(struct class_folder) folders;
        size_t classes;
        const char *classes_in; /* "BOOT-INF/classes" where they lie in there; NULL */
        java_copies copies;
        VEC(struct zip_entry) nested;
        bool folders_left, poms_left, nested_left; /* there are more than are noted */
};

/* Artefacts and the main one, from poms, manifest and the name of the archive. 0 or -ENOMEM. */
int java_identify(struct jar *jar);
/* The folder of classes that group and artefact spell ("com/x"), in the arena; NULL: none here. */
const char *java_guess_prefix(const struct jar *jar, const struct java_names *names);
/* Where the classes of each artefact lie, and artefacts that only classes tell of. 0 or -ENOMEM. */
int java_attribute(struct jar *jar);
/* Add the packages and the claims. 0 or -ENOMEM. */
int java_add(struct jar *jar);

/* The entry's text, at most METADATA_SIZE. 0 or -errno. */
static inline int jar_read(const struct jar *jar, const struct zip_entry *entry, struct buf *to)
{
        return archive_read(jar->inv, jar->container, jar->zip, entry, to);
}
/* Classes at and below "com/x". */
size_t jar_classes_below(const struct jar *jar, const char *prefix);
