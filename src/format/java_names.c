/* SPDX-License-Identifier: Apache-2.0 */
/* Every source is cut down to the three names; which of them is believed is the reader's business. */
#include "format/java_names.h"

#include "base/buf.h"

#include <ctype.h>
#include <errno.h>
#include <strings.h>

enum { LONGEST = 512, MOST_ATTRIBUTE = 4096 };

/* One word as coordinates have it; templates ("${x}") and texts with blanks are not names. */
static bool is_word(struct span s)
{
        if (!s.size || s.size > LONGEST)
                return false;
        for (size_t i = 0; i < s.size; i++)
                if (!isalnum((unsigned char)s.data[i]) && !strchr("-_.+~:", s.data[i]))
                        return false;
        return true;
}

static int keep(struct span s, struct arena *a, const char **ret)
{
        *ret = NULL;
        if (!is_word(s))
                return 0;
        *ret = arena_strndup(a, s.data, s.size);
        return *ret ? 0 : -ENOMEM;
}

struct spans {
        struct span group, artifact, version;
};

static int finish(const struct spans *s, struct arena *a, struct java_names *ret)
{
        struct java_names names;
        if (keep(s->group, a, &names.group) < 0 || keep(s->artifact, a, &names.artifact) < 0 ||
            keep(s->version, a, &names.version) < 0)
                return -ENOMEM;
        if (!names.artifact)
                return -ENOENT;
        *ret = names;
        return 0;
}

int java_pom_properties(struct span text, struct arena *a, struct java_names *ret)
{
        struct spans s = {};
        struct span line, key;
        while (span_cut(&text, '\n', &line)) {
                line = span_trim(line);
                if (!line.size || *line.data == '#' || *line.data == '!')
                        continue;
                size_t i = 0;
                while (i < line.size && line.data[i] != '=' && line.data[i] != ':')
                        i++;
                if (i == line.size)
                        continue;
                key = span_trim((struct span){line.data, i});
                struct span value = span_trim((struct span){line.data + i + 1, line.size - i - 1});
                if (span_equal(key, "groupId"))
                        s.group = value;
                else if (span_equal(key, "artifactId"))
                        s.artifact = value;
                else if (span_equal(key, "version"))
                        s.version = value;
        }
        return finish(&s, a, ret);
}

/* ---- manifest ---------------------------------------------------------------------------------------- */

const char *java_manifest_get(struct span text, const char *attribute, struct arena *a)
{
        size_t key = strlen(attribute), size = 0;
        char value[MOST_ATTRIBUTE];
        bool found = false;
        struct span line;
        while (span_cut(&text, '\n', &line)) {
                while (line.size && line.data[line.size - 1] == '\r')
                        line.size--;
                if (!line.size)
                        break; /* the main section ends */
                bool more = *line.data == ' ';
                if (found && !more)
                        break;
                if (!found && (more || line.size <= key || line.data[key] != ':' ||
                               strncasecmp(line.data, attribute, key) != 0))
                        continue;
                size_t skip = found ? 1 : key + 1, take = MIN(line.size - skip, sizeof(value) - size);
                memcpy(value + size, line.data + skip, take);
                size += take;
                found = true;
        }
        struct span trimmed = span_trim((struct span){value, size});
        return found && trimmed.size ? arena_strndup(a, trimmed.data, trimmed.size) : NULL;
}

/* "org.eclipse.jetty.server;singleton:=true" → without directives. */
static struct span without_directives(const char *value)
{
        struct span s = span_of(value), head = {};
        span_cut(&s, ';', &head);
        return span_trim(head);
}

static struct span first_of(struct span text, const char *const *names, struct arena *a)
{
        for (size_t i = 0; names[i]; i++) {
                struct span s = without_directives(java_manifest_get(text, names[i], a));
                if (is_word(s))
                        return s;
        }
        return (struct span){};
}

/* "org.apache.commons.text" is a name of its own; where the vendor's id is a prefix of it, or it is spelled
 * group:artifact, both halves are known. */
static void split_symbolic(struct spans *s)
{
        const char *colon = memchr(s->artifact.data, ':', s->artifact.size);
        if (colon) {
                s->group = (struct span){s->artifact.data, (size_t)(colon - s->artifact.data)};
                s->artifact = (struct span){colon + 1, s->artifact.size - s->group.size - 1};
        }
}

int java_manifest(struct span text, struct arena *a, struct java_names *ret)
{
        static const char *const artifacts[] = {
                "Implementation-Title", "Bundle-SymbolicName", "Automatic-Module-Name", "Extension-Name",
                "Short-Name",           "Specification-Title", "Bundle-Name",           NULL};
        static const char *const versions[] = {"Implementation-Version", "Bundle-Version", "Plugin-Version",
                                               "Specification-Version", NULL};
        static const char *const groups[] = {"Implementation-Vendor-Id", "Group-Id", NULL};
        struct spans s = {.group = first_of(text, groups, a),
                          .artifact = first_of(text, artifacts, a),
                          .version = first_of(text, versions, a)};
        if (s.artifact.size)
                split_symbolic(&s);
        return finish(&s, a, ret);
}

/* ---- dependencies ------------------------------------------------------------------------------------ */

const char *java_dependencies_get(struct span text, const char *group, const char *artifact, struct arena *a)
{
        struct span line, word, part, last;
        while (span_cut(&text, '\n', &line)) {
                const char *blank;
                line = span_trim(line);
                blank = memrchr(line.data ? line.data : "", ' ', line.size);
                word = blank ? (struct span){blank + 1, line.size - (size_t)(blank + 1 - line.data)} : line;
                if (!span_cut(&word, ':', &part) || !span_equal(part, group) ||
                    !span_cut(&word, ':', &part) || !span_equal(part, artifact) ||
                    !span_cut(&word, ':', &part))
                        continue;
                last = (struct span){};
                while (span_cut(&word, ':', &part)) /* a classifier may come before the version */
                        last = part;
                return is_word(last) ? arena_strndup(a, last.data, last.size) : NULL;
        }
        return NULL;
}

/* ---- file name --------------------------------------------------------------------------------------- */

bool java_archive_named(struct span name)
{
        static const char *const endings[] = {".jar", ".war", ".ear", ".par",  ".sar", ".nar", ".jpi",
                                              ".hpi", ".kar", ".far", ".lpkg", ".rar", ".zap"};
        for (size_t i = 0; i < ARRAY_SIZE(endings); i++)
                if (name.size > strlen(endings[i]) && span_ends(name, endings[i]))
                        return true;
        return false;
}

int java_file_name(struct span name, struct arena *a, struct java_names *ret)
{
        const char *slash = memrchr(name.data ? name.data : "", '/', name.size);
        if (slash)
                name = (struct span){slash + 1, name.size - (size_t)(slash + 1 - name.data)};
        const char *dot = memrchr(name.data ? name.data : "", '.', name.size);
        if (dot && java_archive_named(name))
                name.size = (size_t)(dot - name.data);
        struct spans s = {.artifact = name};
        for (size_t i = 1; i + 1 < name.size; i++)
                if (name.data[i] == '-' && isdigit((unsigned char)name.data[i + 1])) {
                        s.artifact.size = i;
                        s.version = (struct span){name.data + i + 1, name.size - i - 1};
                        break;
                }
        return finish(&s, a, ret);
}

/* ---- JVM --------------------------------------------------------------------------------------------- */

/* "java.base" and "jdk.zipfs" are the JVM's own. */
static bool is_of_jdk(struct span module)
{
        return span_starts(module, "java.") || span_starts(module, "jdk.");
}

int java_release_others(struct span text, struct arena *a, const char **ret)
{
        _cleanup_buf_ struct buf others = BUF_INIT(LONGEST);
        struct span line, key, word;
        while (span_cut(&text, '\n', &line)) {
                if (!span_cut(&line, '=', &key) || !span_equal(span_trim(key), "MODULES"))
                        continue;
                line = span_trim(line);
                if (line.size >= 2 && *line.data == '"' && line.data[line.size - 1] == '"')
                        line = (struct span){line.data + 1, line.size - 2};
                while (span_cut(&line, ' ', &word)) {
                        if (!is_word(word) || is_of_jdk(word) || others.size + word.size + 8 > LONGEST)
                                continue;
                        buf_add_str(&others, others.size ? ", " : "");
                        buf_add(&others, word.data, word.size);
                }
        }
        if (!others.size)
                return others.error ? -ENOMEM : -ENOENT;
        *ret = arena_strndup(a, others.data, others.size);
        return *ret ? 0 : -ENOMEM;
}

int java_release(struct span text, struct arena *a, struct java_names *ret)
{
        struct span line, version = {}, runtime = {}, vendor = {};
        while (span_cut(&text, '\n', &line)) {
                struct span key;
                if (!span_cut(&line, '=', &key))
                        continue;
                line = span_trim(line);
                if (line.size >= 2 && *line.data == '"' && line.data[line.size - 1] == '"')
                        line = (struct span){line.data + 1, line.size - 2};
                key = span_trim(key);
                if (span_equal(key, "JAVA_VERSION"))
                        version = line;
                else if (span_equal(key, "JAVA_RUNTIME_VERSION"))
                        runtime = line;
                else if (span_equal(key, "IMPLEMENTOR"))
                        vendor = line;
        }
        struct java_names names = {};
        if (keep(is_word(runtime) ? runtime : version, a, &names.version) < 0)
                return -ENOMEM;
        if (!names.version)
                return -ENOENT;
        if (vendor.size && vendor.size <= LONGEST &&
            !(names.artifact = arena_strndup(a, vendor.data, vendor.size)))
                return -ENOMEM;
        *ret = names;
        return 0;
}
