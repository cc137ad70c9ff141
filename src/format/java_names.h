/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What a Java archive says of itself: META-INF/MANIFEST.MF (JAR file specification, main section),
 * pom.properties and pom.xml that Maven puts below META-INF/maven, the file's own name, and the `release`
 * file of a JVM. */

#include "base/arena.h"
#include "base/str.h"

struct java_names {
        const char *group, *artifact, *version; /* NULL: not said */
};

/* Java properties with group, artifact and version. 0, -ENOENT (no artifact), -ENOMEM. */
int java_pom_properties(struct span text, struct arena *a, struct java_names *ret);
/* The project's own coordinates; group and version may come from its <parent>. Placeholders are looked up
 * among the literal <properties> of the same file, else they are not said. 0, -ENOENT, -ENOMEM. */
int java_pom_xml(struct span text, struct arena *a, struct java_names *ret);
/* The version of a dependency that the project asks for itself, or manages; placeholders as above. NULL: not
 * said, or out of memory. (Nothing that a parent manages overrides a version that is written here: Maven,
 * "Dependency Mechanism".) */
const char *java_pom_dependency(struct span text, const char *group, const char *artifact, struct arena *a);
/* The same from META-INF/DEPENDENCIES as Apache's builds write it: a line for each that ends with
 * "GROUP:ARTIFACT:TYPE:VERSION". */
const char *java_dependencies_get(struct span text, const char *group, const char *artifact, struct arena *a);
/* "jackson-databind-2.14.1.jar", also without the folder. A version begins with a number behind '-'.
 * 0, -ENOENT, -ENOMEM. */
int java_file_name(struct span name, struct arena *a, struct java_names *ret);

/* One main attribute of a manifest, with its continuation lines joined; NULL: none, or out of memory. */
const char *java_manifest_get(struct span text, const char *attribute, struct arena *a);
/* The names that a manifest gives, in the order in which they are trusted. The group only where an
 * attribute spells one. 0, -ENOENT (no name), -ENOMEM. */
int java_manifest(struct span text, struct arena *a, struct java_names *ret);

/* KEY="value" lines of JAVA_HOME/release. artifact: the implementor ("Eclipse Adoptium"); version:
 * JAVA_RUNTIME_VERSION or JAVA_VERSION. 0, -ENOENT, -ENOMEM. */
int java_release(struct span text, struct arena *a, struct java_names *ret);
/* Modules that are none of the JDK's, out of MODULES of the same file ("com.example.app, com.google.gson"):
 * jlink put them into the image. As many as fit into 512 bytes. 0, -ENOENT (none) or -ENOMEM. */
int java_release_others(struct span text, struct arena *a, const char **ret);

/* Whether an archive's entry of this name is an archive to be looked into (jar, war, ear …). */
bool java_archive_named(struct span name);
