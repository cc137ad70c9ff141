/* SPDX-License-Identifier: Apache-2.0 */

/* What an archive is called: by the one pom.properties in it, else by the one pom.xml, else by the manifest
 * and the name of the file; among several poms by the one that is named like the file. */

#include "inventory/jar.h"

#include <errno.h>

static const char *base_name(const char *container)
{
        const char *slash = strrchr(container, '/');
        return slash ? slash + 1 : container;
}

/* "jackson-databind" is named by "jackson-databind-2.9.8.jar", and by "myapp-jackson-databind.jar" not. */
static bool is_named_like(const struct artefact *a, const struct java_names *file)
{
        return file->artifact && !strcmp(a->names.artifact, file->artifact);
}

static int read_manifest(const struct jar *jar, struct java_names *ret)
{
        _cleanup_buf_ struct buf text = BUF_INIT(METADATA_SIZE);
        if (!jar->has_manifest)
                return -ENOENT;
        int r = jar_read(jar, &jar->manifest, &text);
        return r < 0 ? r : java_manifest((struct span){text.data, text.size}, &jar->inv->arena, ret);
}

/* Without a pom nobody says the group; an artefact of that name whose classes are here does. */
static const char *group_by_classes(const struct jar *jar, const char *artifact)
{
        vec_each (copy, &jar->copies) {
                const char *colon = strchr(copy->print->name, ':');
                if (!copy->relocated && colon && !strcmp(colon + 1, artifact))
                        return arena_strndup(&jar->inv->arena, copy->print->name,
                                             (size_t)(colon - copy->print->name));
        }
        return NULL;
}

/* Families that publish without poms. */
static const char *group_by_family(const struct jar *jar, const char *artifact)
{
        static const struct {
                const char *start, *folder, *group; /* group NULL: called like the artefact */
        } families[] = {
                {"spring-boot-", "org/springframework/boot", "org.springframework.boot"},
                {"spring-security-", "org/springframework/security", "org.springframework.security"},
                {"spring-", "org/springframework", "org.springframework"},
                {"spring-jcl", "org/apache/commons/logging", "org.springframework"},
                {"tomcat-embed-", "org/apache", "org.apache.tomcat.embed"},
                {"tomcat-", "org/apache", "org.apache.tomcat"},
                {"micrometer-", "io/micrometer", "io.micrometer"},
                {"commons-", "org/apache/commons", NULL},
        };
        for (size_t i = 0; i < ARRAY_SIZE(families); i++)
                if (str_starts(artifact, families[i].start) && jar_classes_below(jar, families[i].folder))
                        return families[i].group ? families[i].group : artifact;
        return NULL;
}

static int add_without_pom(struct jar *jar, const struct java_names *file)
{
        struct java_names manifest = {}, names = {};
        int r = read_manifest(jar, &manifest);
        if (r == -ENOMEM)
                return r;
        /* A file name with a version was made by a build, a manifest's title may be prose. */
        bool by_file = file->artifact && (file->version || !manifest.artifact);
        names = by_file ? *file : manifest;
        if (by_file && !names.version)
                names.version = manifest.version;
        if (!names.artifact)
                return 0;
        names.group = group_by_classes(jar, names.artifact);
        if (!names.group)
                names.group = group_by_family(jar, names.artifact);
        if (!names.group)
                names.group = manifest.group;
        struct artefact *a = vec_add(&jar->artefacts);
        if (!a)
                return -ENOMEM;
        *a = (struct artefact){.names = names, .method = by_file ? METHOD_FILENAME : METHOD_MANIFEST};
        jar->main = jar->artefacts.count - 1;
        return 0;
}

static size_t count_properties(const struct jar *jar)
{
        size_t count = 0;
        vec_each (a, &jar->artefacts)
                count += a->properties;
        return count;
}

/* The only pom in an archive of another name and version, whose classes are the smaller part of it, is of
 * something that was put in. */
static bool is_guest(const struct jar *jar, const struct artefact *a, const struct java_names *file)
{
        if (!file->version || !a->names.version || !strcmp(file->version, a->names.version))
                return false;
        const char *prefix = java_guess_prefix(jar, &a->names);
        return !prefix || jar_classes_below(jar, prefix) * 10 < jar->classes * 6;
}

int java_identify(struct jar *jar)
{
        struct java_names file = {};
        int r = java_file_name(span_of(base_name(jar->container)), &jar->inv->arena, &file);
        if (r == -ENOMEM)
                return r;
        size_t properties = count_properties(jar);
        for (size_t i = 0; i < jar->artefacts.count; i++) {
                const struct artefact *a = &jar->artefacts.items[i];
                bool only = properties == 1 ? a->properties : !properties && jar->artefacts.count == 1;
                if (is_named_like(a, &file) || (only && jar->main == SIZE_MAX && !is_guest(jar, a, &file)))
                        jar->main = i;
        }
        if (jar->main != SIZE_MAX)
                return 0;
        return add_without_pom(jar, &file);
}
