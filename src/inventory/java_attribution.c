/* SPDX-License-Identifier: Apache-2.0 */

/* In a jar of several artefacts each class belongs to one of them. Class names that are known, moved or not,
 * decide first; then the folder that group and artefact spell, as deep as there are classes. What nobody can
 * be named for is nobody's. */

#include "inventory/jar.h"

#include "host/runtime.h"

#include <errno.h>
#include <stdio.h>

enum { NAME_SIZE = 1024, RELOCATED = 75, IN_PLACE = 90 /* percent */ };

size_t jar_classes_below(const struct jar *jar, const char *prefix)
{
        size_t size = strlen(prefix), count = 0;
        vec_each (f, &jar->folders)
                if (f->path.size >= size && !memcmp(f->path.data, prefix, size) &&
                    (f->path.size == size || f->path.data[size] == '/'))
                        count += f->classes;
        return count;
}

/* The folder, at the top or moved below another one: "com/x" in "shaded/com/x/y". Where it ends, or 0. */
static size_t find_folder(const struct jar *jar, const char *wanted, const char **ret_start)
{
        size_t size = strlen(wanted);
        vec_each (f, &jar->folders) {
                const char *start = f->path.data, *end = start + f->path.size;
                for (const char *at = start; at && at + size <= end;) {
                        if (!memcmp(at, wanted, size) && (at + size == end || at[size] == '/')) {
                                *ret_start = start;
                                return (size_t)(at + size - start);
                        }
                        at = memchr(at, '/', (size_t)(end - at));
                        at = at ? at + 1 : NULL;
                }
        }
        return 0;
}

/* org.apache.commons:commons-text → "org/apache/commons/text"; com.fasterxml.jackson.core:jackson-databind →
 * "com/fasterxml/jackson/databind"; com.google.code.gson:gson → "com/google/gson": the group, or a part of it
 * that still has two names, followed by the end of the artefact's name. */
const char *java_guess_prefix(const struct jar *jar, const struct java_names *n)
{
        char group[NAME_SIZE / 2], artifact[NAME_SIZE / 2], wanted[NAME_SIZE];
        const char *start;
        if (!n->group || strlen(n->group) >= sizeof(group) || strlen(n->artifact) >= sizeof(artifact))
                return NULL;
        strcpy(group, n->group);
        strcpy(artifact, n->artifact);
        for (char *s = group; *s; s++)
                *s = *s == '.' ? '/' : *s;
        for (char *s = artifact; *s; s++)
                *s = *s == '-' || *s == '.' ? '/' : *s;
        for (char *cut = group + strlen(group); cut; cut = strrchr(group, '/')) {
                *cut = '\0';
                if (!strchr(group, '/') && cut != group + strlen(n->group))
                        break;
                for (const char *tail = artifact; tail;
                     tail = strchr(tail, '/') ? strchr(tail, '/') + 1 : NULL) {
                        snprintf(wanted, sizeof(wanted), "%s/%s", group, tail);
                        size_t size = find_folder(jar, wanted, &start);
                        if (size)
                                return arena_strndup(&jar->inv->arena, start, size);
                }
        }
        strcpy(group, n->group);
        for (char *s = group; *s; s++)
                *s = *s == '.' ? '/' : *s;
        size_t size = find_folder(jar, group, &start);
        return size ? arena_strndup(&jar->inv->arena, start, size) : NULL;
}

/* ---- artefacts that only classes tell of ------------------------------------------------------------- */

static bool is_print_of(const struct artefact *a, const struct java_print *print)
{
        const char *colon = strchr(print->name, ':');
        size_t group = (size_t)(colon - print->name);
        return !strcmp(a->names.artifact, colon + 1) &&
               (!a->names.group ||
                (strlen(a->names.group) == group && !memcmp(a->names.group, print->name, group)));
}

/* The library itself under another name (a fork, a successor, another edition): most of the archive lies
 * there; or another part of the same family, which has its classes from there. */
static bool is_main_in_disguise(const struct jar *jar, const struct java_copy *copy)
{
        /* Spring Boot's loader may well be the larger part of an application that it starts. */
        if (jar->main == SIZE_MAX || str_ends(copy->print->name, ":spring-boot-loader"))
                return false;
        if (jar_classes_below(jar, copy->prefix) * 10 >= jar->classes * 6)
                return true;
        const char *group = jar->artefacts.items[jar->main].names.group;
        size_t size = group ? strlen(group) : 0;
        return copy->relocated && size && !strncmp(copy->print->name, group, size) &&
               copy->print->name[size] == ':';
}

static int read_entry_named(const struct jar *jar, const char *wanted, struct buf *to)
{
        struct zip_entry entry;
        uint64_t i = 0;
        while (zip_next(jar->zip, &i, &entry) > 0)
                if (span_ends(entry.name, wanted) &&
                    (entry.name.size == strlen(wanted) ||
                     entry.name.data[entry.name.size - strlen(wanted) - 1] == '/'))
                        return jar_read(jar, &entry, to);
        return -ENOENT;
}

/* netty keeps its version in a file that shading leaves alone: "netty-common.version=4.1.100.Final". */
static const char *netty_version(const struct jar *jar, const char *artifact)
{
        _cleanup_buf_ struct buf text = BUF_INIT(METADATA_SIZE);
        char key[NAME_SIZE];
        struct span rest, line;
        if (!jar->has_netty || jar_read(jar, &jar->netty, &text) < 0)
                return NULL;
        snprintf(key, sizeof(key), "%s.version=", artifact);
        rest = (struct span){text.data, text.size};
        while (span_cut(&rest, '\n', &line))
                if (span_starts(line, key)) {
                        line = span_trim((struct span){line.data + strlen(key), line.size - strlen(key)});
                        return arena_strndup(&jar->inv->arena, line.data, line.size);
                }
        return NULL;
}

/* What the project that it was built into says of its dependencies. */
static const char *asked_version(const struct jar *jar, const char *name, const char **ret_by)
{
        _cleanup_buf_ struct buf pom = BUF_INIT(METADATA_SIZE), list = BUF_INIT(METADATA_SIZE);
        char group[NAME_SIZE], path[NAME_SIZE];
        const char *colon = strchr(name, ':'), *version = NULL;
        const struct artefact *main = jar->main != SIZE_MAX ? &jar->artefacts.items[jar->main] : NULL;
        snprintf(group, sizeof(group), "%.*s", (int)(colon - name), name);
        if (main && main->folder.size &&
            snprintf(path, sizeof(path), "%.*s/pom.xml", (int)main->folder.size, main->folder.data) <
                    (int)sizeof(path) &&
            read_entry_named(jar, path, &pom) == 0)
                version = java_pom_dependency((struct span){pom.data, pom.size}, group, colon + 1,
                                              &jar->inv->arena);
        *ret_by = "the project's pom.xml";
        if (!version && read_entry_named(jar, "META-INF/DEPENDENCIES", &list) == 0) {
                version = java_dependencies_get((struct span){list.data, list.size}, group, colon + 1,
                                                &jar->inv->arena);
                *ret_by = "META-INF/DEPENDENCIES";
        }
        return version;
}

static const char *constant_version(const struct jar *jar, const struct java_copy *copy)
{
        _cleanup_buf_ struct buf class = BUF_INIT(METADATA_SIZE);
        char name[NAME_SIZE];
        const char *artifact = strchr(copy->print->name, ':') + 1;
        if (str_starts(copy->print->name, "io.netty:"))
                return netty_version(jar, artifact);
        if (!strcmp(artifact, "spring-boot-loader")) {
                _cleanup_buf_ struct buf text = BUF_INIT(METADATA_SIZE);
                if (!jar->has_manifest || jar_read(jar, &jar->manifest, &text) < 0)
                        return NULL;
                return java_manifest_get((struct span){text.data, text.size}, "Spring-Boot-Version",
                                         &jar->inv->arena);
        }
        if (!copy->print->version_class ||
            snprintf(name, sizeof(name), "%s/%s.class", copy->prefix, copy->print->version_class) >=
                    (int)sizeof(name) ||
            read_entry_named(jar, name, &class) < 0)
                return NULL;
        return java_class_version((struct span){class.data, class.size}, &jar->inv->arena);
}

static int add_copy(struct jar *jar, const struct java_copy *copy)
{
        const char *colon = strchr(copy->print->name, ':');
        const char *by = NULL, *version = constant_version(jar, copy);
        if (!version)
                version = asked_version(jar, copy->print->name, &by);
        struct artefact *a = vec_add(&jar->artefacts);
        if (!a)
                return -ENOMEM;
        *a = (struct artefact){.names = {.group = arena_strndup(&jar->inv->arena, copy->print->name,
                                                                (size_t)(colon - copy->print->name)),
                                         .artifact = arena_strdup(&jar->inv->arena, colon + 1),
                                         .version = version},
                               .prefix = copy->prefix,
                               .version_by = by,
                               .method = METHOD_FINGERPRINT};
        return a->names.group && a->names.artifact ? 0 : -ENOMEM;
}

int java_attribute(struct jar *jar)
{
        size_t known = jar->artefacts.count;
        vec_each (copy, &jar->copies) {
                bool named = false;
                for (size_t i = 0; i < known; i++) {
                        struct artefact *a = &jar->artefacts.items[i];
                        if (!is_print_of(a, copy->print))
                                continue;
                        named = true;
                        if (!a->prefix)
                                a->prefix = copy->prefix;
                }
                if (named || is_main_in_disguise(jar, copy))
                        continue;
                int r = add_copy(jar, copy);
                if (r < 0)
                        return r;
        }
        /* One artefact, and its name says nothing against it: all of it. */
        jar->whole = jar->artefacts.count == 1 && jar->main == 0;
        vec_each (a, &jar->artefacts)
                if (!a->prefix && !jar->whole)
                        a->prefix = java_guess_prefix(jar, &a->names);
        return 0;
}

/* ---- packages ---------------------------------------------------------------------------------------- */

static int describe(struct jar *jar, const struct artefact *a, struct package *p)
{
        p->path = jar->container;
        if (!a->names.group)
                p->not_evaluated = "its Maven group is not known";
        if (a->method != METHOD_FINGERPRINT)
                return 0;
        vec_each (copy, &jar->copies) {
                if (copy->prefix != a->prefix)
                        continue;
                p->confidence = copy->relocated ? RELOCATED : IN_PLACE;
                bool asked = a->version_by && a->names.version;
                p->detail =
                        arena_printf(&jar->inv->arena, "%zu of %zu known classes below %s%s%s", copy->found,
                                     copy->print->classes, copy->prefix,
                                     asked ? "; version as asked for by " : "", asked ? a->version_by : "");
                if (!a->names.version)
                        p->not_evaluated = "its classes do not tell the version";
                return p->detail ? 0 : -ENOMEM;
        }
        return 0;
}

static int claim(struct jar *jar, const struct artefact *a)
{
        if (jar->whole)
                return inventory_own_inside(jar->inv, jar->container, "", a->index);
        int r = a->prefix ? inventory_own_inside(jar->inv, jar->container, a->prefix, a->index) : 0;
        if (r < 0 || !a->prefix || !jar->classes_in)
                return r;
        /* By the name of the class, and by that of the entry. */
        char entry[NAME_SIZE];
        int size = snprintf(entry, sizeof(entry), "%s/%s", jar->classes_in, a->prefix);
        return size < (int)sizeof(entry) ? inventory_own_inside(jar->inv, jar->container, entry, a->index)
                                         : 0;
}

/* Whether the rest of the classes may be the main artefact's: hardly any lies outside of what is named. */
static bool owns_rest(const struct jar *jar)
{
        size_t named = 0;
        if (jar->main == SIZE_MAX || !jar->artefacts.items[jar->main].prefix)
                return false;
        vec_each (f, &jar->folders)
                vec_each (a, &jar->artefacts) {
                        size_t size = a->prefix ? strlen(a->prefix) : SIZE_MAX;
                        if (f->path.size >= size && !memcmp(f->path.data, a->prefix, size) &&
                            (f->path.size == size || f->path.data[size] == '/')) {
                                named += f->classes;
                                break;
                        }
                }
        return named * 20 >= jar->classes * 19;
}

/* The rest of a jar of several is nobody's, and two claims of equal right say so. */
static int claim_rest(struct jar *jar)
{
        if (jar->whole || !jar->artefacts.count)
                return 0;
        if (owns_rest(jar))
                return inventory_own_inside(jar->inv, jar->container, "",
                                            jar->artefacts.items[jar->main].index);
        int r = 0;
        for (size_t i = 0; r == 0 && jar->artefacts.count > 1 && i < 2; i++)
                r = inventory_own_inside(jar->inv, jar->container, "", jar->artefacts.items[i].index);
        return r;
}

/* "x-1.0-sources.jar": no class in it, and nobody runs it. */
static bool holds_no_code(const struct jar *jar)
{
        return !jar->classes && !jar->nested.count &&
               (strstr(jar->container, "-sources.") || strstr(jar->container, "-javadoc."));
}

int java_add(struct jar *jar)
{
        if (holds_no_code(jar))
                return 0;
        for (size_t i = 0; i < jar->artefacts.count; i++) {
                struct artefact *a = &jar->artefacts.items[i];
                const char *name = a->names.group ? arena_printf(&jar->inv->arena, "%s:%s", a->names.group,
                                                                 a->names.artifact)
                                                  : a->names.artifact;
                struct package *p = name ? inventory_add_named(jar->inv, "Maven", name, a->names.version,
                                                               RUNTIME_JAVA, a->method)
                                         : NULL;
                if (!p)
                        return -ENOMEM;
                a->index = inventory_last(jar->inv);
                int r = describe(jar, a, p);
                if (r < 0)
                        return r;
        }
        int r = 0;
        for (size_t i = 0; r == 0 && i < jar->artefacts.count; i++)
                r = claim(jar, &jar->artefacts.items[i]);
        if (r == 0)
                r = claim_rest(jar);
        if (r == 0 && jar->main != SIZE_MAX && !strchr(jar->container, '!'))
                r = inventory_own(jar->inv, jar->container, jar->artefacts.items[jar->main].index);
        return r;
}
