/* SPDX-License-Identifier: Apache-2.0 */

/* An archive is read from its directory: the names of its entries say which few of them are worth reading.
 * What lies in it as an archive again is read the same way and in place, so that memory does not grow with
 * the size of jars. */

#include "inventory/jar.h"

#include "format/zip_nested.h"
#include "host/runtime.h"
#include "inventory/tables.h"

#include <errno.h>

enum { MOST_DEPTH = 8, MOST_POMS = 4000, MOST_NESTED = 20000, MOST_FOLDERS = 100000, LONGEST_PATH = 4000 };

/* Bytes that archives inside one file may unpack to: in proportion to the file, so that a small one that was
 * made to do harm costs a fraction of a second. */
#define INFLATED_MOST (4ull << 30)
enum { INFLATED_LEAST = 64 << 20, INFLATED_TIMES = 64 };

/* ---- names of entries -------------------------------------------------------------------------------- */

static struct span class_path(struct jar *jar, struct span name)
{
        static const char *const containers[] = {"BOOT-INF/classes", "WEB-INF/classes"};
        for (size_t i = 0; i < ARRAY_SIZE(containers); i++) {
                size_t size = strlen(containers[i]);
                if (!span_starts(name, containers[i]) || name.size <= size || name.data[size] != '/')
                        continue;
                jar->classes_in = containers[i];
                return (struct span){name.data + size + 1, name.size - size - 1};
        }
        return name;
}

/* Said once for each archive. */
static int leave_out(const struct jar *jar, bool *said, const char *what, int most)
{
        if (!*said)
                inventory_limit(jar->inv, "%s: more than %d %s in it; the others were left out",
                                jar->container, most, what);
        *said = true;
        return 0;
}

static int note_class(struct jar *jar, struct span name)
{
        name = class_path(jar, name);
        if (span_starts(name, "META-INF/"))
                return 0; /* the same classes for a newer JVM */
        const char *slash = memrchr(name.data, '/', name.size);
        struct span path = {name.data, slash ? (size_t)(slash - name.data) : 0};
        struct class_folder *last = jar->folders.count ? &jar->folders.items[jar->folders.count - 1] : NULL;
        jar->classes++;
        if (last && last->path.size == path.size && !memcmp(last->path.data, path.data, path.size)) {
                last->classes++;
                return 0;
        }
        if (jar->folders.count >= MOST_FOLDERS)
                return leave_out(jar, &jar->folders_left, "folders of classes", MOST_FOLDERS);
        struct class_folder *f = vec_add(&jar->folders);
        if (!f)
                return -ENOMEM;
        *f = (struct class_folder){path, 1};
        return 0;
}

/* ".../META-INF/maven/GROUP/ARTIFACT/pom.xml" → the folder, else an empty span. */
static struct span pom_folder(struct span name)
{
        const char *slash = memrchr(name.data, '/', name.size);
        struct span file = {slash ? slash + 1 : name.data, 0};
        file.size = name.size - (size_t)(file.data - name.data);
        const char *at = memmem(name.data, name.size, "META-INF/maven/", 15);
        if (!slash || !at || (!span_equal(file, "pom.properties") && !span_equal(file, "pom.xml")))
                return (struct span){};
        return (struct span){name.data, (size_t)(slash - name.data)};
}

static int read_pom(struct jar *jar, const struct zip_entry *entry, struct span folder)
{
        bool properties = span_ends(entry->name, ".properties");
        struct artefact *known = NULL;
        vec_each (a, &jar->artefacts)
                if (a->folder.size == folder.size && !memcmp(a->folder.data, folder.data, folder.size))
                        known = a;
        if (known && (known->properties || !properties))
                return 0;
        if (!known && jar->artefacts.count >= MOST_POMS)
                return leave_out(jar, &jar->poms_left, "artefacts with a pom", MOST_POMS);
        _cleanup_buf_ struct buf text = BUF_INIT(METADATA_SIZE);
        struct java_names names;
        int r = jar_read(jar, entry, &text);
        struct span bytes = {text.data, text.size};
        if (r == 0)
                r = properties ? java_pom_properties(bytes, &jar->inv->arena, &names)
                               : java_pom_xml(bytes, &jar->inv->arena, &names);
        if (r < 0)
                return r == -ENOMEM ? r : 0;
        if (!known && !(known = vec_add(&jar->artefacts)))
                return -ENOMEM;
        *known = (struct artefact){
                .names = names, .folder = folder, .method = METHOD_MANIFEST, .properties = properties};
        return 0;
}

static int note_nested(struct jar *jar, const struct zip_entry *entry)
{
        for (size_t i = 0; i < entry->name.size; i++)
                if ((unsigned char)entry->name.data[i] < 0x20)
                        return 0;
        if (jar->nested.count >= MOST_NESTED)
                return leave_out(jar, &jar->nested_left, "archives", MOST_NESTED);
        struct zip_entry *slot = vec_add(&jar->nested);
        if (slot)
                *slot = *entry;
        return slot ? 0 : -ENOMEM;
}

static int note_entry(struct jar *jar, const struct zip_entry *entry)
{
        struct span name = entry->name, folder;
        if (span_ends(name, ".class")) {
                const struct tables *tables = inventory_tables(jar->inv);
                if (!tables)
                        return -ENOMEM;
                int r = java_prints_note(tables->java, name, &jar->inv->arena, &jar->copies);
                return r < 0 ? r : note_class(jar, name);
        }
        if (java_archive_named(name))
                return note_nested(jar, entry);
        if (span_equal(name, "META-INF/MANIFEST.MF")) {
                jar->manifest = *entry;
                jar->has_manifest = true;
        } else if (span_equal(name, "META-INF/io.netty.versions.properties")) {
                jar->netty = *entry;
                jar->has_netty = true;
        } else if ((folder = pom_folder(name)).size) {
                return read_pom(jar, entry, folder);
        }
        return 0;
}

/* ---- archives ---------------------------------------------------------------------------------------- */

/* What is left for what lies inside one file, and how deep it lies. */
struct unpacking {
        uint64_t left; /* bytes */
        bool together; /* all archives of the root have no more than that */
        int depth;
};

static int read_source(struct inventory *inv, const struct zip_source *source, const char *container,
                       struct unpacking *u);

static const char *reason(const struct unpacking *u, int r)
{
        return r == -ETIME   ? "no time was left for it"
               : r != -EFBIG ? "not readable"
               : u->together ? "left out, because archives of this root unpack to more than is sane"
                             : "unpacks to more than is sane";
}

static int read_nested(const struct jar *jar, const struct zip_entry *entry, struct unpacking *u)
{
        _cleanup_zip_nested_ struct zip_nested *nested = NULL;
        const char *container = arena_printf(&jar->inv->arena, "%s!/%.*s", jar->container,
                                             (int)entry->name.size, entry->name.data);
        if (!container)
                return -ENOMEM;
        if (u->depth + 1 >= MOST_DEPTH || strlen(container) > LONGEST_PATH) {
                inventory_limit(jar->inv, "%s: archives lie deeper in it than %d", jar->container,
                                MOST_DEPTH);
                return 0;
        }
        int r = zip_nested_open(jar->zip, entry, &u->left, &nested);
        if (r == 0) {
                struct zip_source source = zip_nested_source(nested);
                u->depth++;
                r = read_source(jar->inv, &source, container, u);
                u->depth--;
        }
        if (r < 0 && r != -ENOMEM) {
                inventory_limit(jar->inv, "%s: %s", container, reason(u, r));
                jar->inv->cut |= r == -EFBIG && u->together;
                r = 0;
        }
        return r;
}

static int read_jar(struct jar *jar, struct unpacking *u)
{
        struct zip_entry entry;
        uint64_t i = 0;
        int r = 0;
        while (r == 0 && zip_next(jar->zip, &i, &entry) > 0)
                r = note_entry(jar, &entry);
        if (jar->copies.count >= JAVA_COPIES_MOST)
                inventory_limit(jar->inv,
                                "%s: classes of more than %d artefacts in it; others may be missing",
                                jar->container, JAVA_COPIES_MOST);
        java_prints_finish(&jar->copies);
        if (r == 0)
                r = java_identify(jar);
        if (r == 0)
                r = java_attribute(jar);
        if (r == 0)
                r = java_add(jar);
        for (size_t n = 0; r == 0 && n < jar->nested.count; n++)
                r = read_nested(jar, &jar->nested.items[n], u);
        return r;
}

static int read_source(struct inventory *inv, const struct zip_source *source, const char *container,
                       struct unpacking *u)
{
        _cleanup_zip_ struct zip z = {};
        int r = zip_open(source, &z);
        if (r < 0)
                return r;
        struct jar jar = {.inv = inv, .container = container, .zip = &z, .main = SIZE_MAX};
        r = read_jar(&jar, u);
        vec_done(&jar.artefacts);
        vec_done(&jar.folders);
        vec_done(&jar.copies);
        vec_done(&jar.nested);
        return r;
}

static int read_archive(struct inventory *inv, const struct candidate *c)
{
        _cleanup_archive_ struct archive archive;
        const char *container = arena_strdup(&inv->arena, c->path);
        int r = archive_open(inv, c->path, &archive);
        if (r == 0) {
                uint64_t packed = MIN(archive.source.size, (uint64_t)INFLATED_MOST);
                uint64_t own = MIN(INFLATED_LEAST + packed * INFLATED_TIMES, INFLATED_MOST);
                struct unpacking u = {.left = MIN(own, inv->inflatable), .together = own > inv->inflatable};
                uint64_t before = u.left;
                r = container ? read_source(inv, &archive.source, container, &u) : -ENOMEM;
                inv->inflatable -= MIN(inv->inflatable, before - u.left);
        }
        return archive_result(inv, c->path, r);
}

/* ---- the JVM ----------------------------------------------------------------------------------------- */

static int read_release(struct inventory *inv, const struct candidate *c)
{
        _cleanup_buf_ struct buf text = BUF_INIT(METADATA_SIZE);
        struct java_names names;
        int r = inventory_read_file(inv, c->path, &text);
        if (r == 0)
                r = java_release((struct span){text.data, text.size}, &inv->arena, &names);
        if (r < 0)
                return r == -ENOMEM ? r : 0;
        const char *others = NULL;
        if (java_release_others((struct span){text.data, text.size}, &inv->arena, &others) == 0)
                inventory_limit(inv, "%s: modules that are linked into the runtime are not listed: %s",
                                c->path, others);
        const char *home = inventory_folder(inv, c->path, 1);
        struct package *p = home ? inventory_add_named(inv, "binary", "openjdk", names.version,
                                                       RUNTIME_NATIVE | RUNTIME_JAVA, METHOD_MANIFEST)
                                 : NULL;
        if (!p)
                return -ENOMEM;
        p->detail = names.artifact;
        p->not_evaluated = "no public advisories by package for JVMs";
        return inventory_own_folder(inv, home, inventory_last(inv));
}

/* Parts of a JVM, which its `release` speaks for. */
static bool is_of_jvm(const struct candidate *c)
{
        return !strcmp(c->name, "jrt-fs.jar") || strstr(c->path, "/jre/lib/") != NULL;
}

static bool wants(const struct candidate *c)
{
        return !is_of_jvm(c);
}

static int read_java(struct inventory *inv, const struct candidate *c)
{
        return !strcmp(c->name, "release") ? read_release(inv, c) : read_archive(inv, c);
}

static const char *const names[] = {"*.jar", "*.war", "*.ear", "*.par", "*.sar",  "*.nar",   "*.jpi", "*.hpi",
                                    "*.kar", "*.far", "*.rar", "*.zap", "*.lpkg", "release", NULL};

const struct reader reader_java = {.name = "java", .names = names, .wants = wants, .read = read_java};
