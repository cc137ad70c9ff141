/* SPDX-License-Identifier: Apache-2.0 */
/* A pom is read as a stream of tags with the path of open elements: nothing but the text of a few leaves
 * counts, so entities, namespaces and attributes need no understanding, and nothing is ever expanded. */
#include "format/java_names.h"

#include <ctype.h>
#include <errno.h>

enum { MOST_DEPTH = 64, MOST_PROPERTIES = 2000 };

struct property {
        struct span name, value;
};

/* One <dependency> while it is open, and the versions of the one that is looked for. */
struct dependency {
        struct span group, artifact, version;
        const char *wanted_group, *wanted_artifact; /* NULL: none is */
        struct span direct, managed;
};

struct pom {
        struct span group, artifact, version, parent_group, parent_version;
        struct property properties[MOST_PROPERTIES];
        size_t property_count;
        struct span open[MOST_DEPTH];
        size_t depth;
        struct dependency dependency;
};

/* "project/dependencies/dependency" or "project/dependencyManagement/dependencies/dependency", at the depth
 * of its leaves. */
static bool in_dependency(const struct pom *p, size_t leaf)
{
        return (leaf == 4 && span_equal(p->open[1], "dependencies") &&
                span_equal(p->open[2], "dependency")) ||
               (leaf == 5 && span_equal(p->open[1], "dependencyManagement") &&
                span_equal(p->open[2], "dependencies") && span_equal(p->open[3], "dependency"));
}

static void note_text(struct pom *p, struct span text)
{
        struct span leaf = p->open[p->depth - 1];
        text = span_trim(text);
        if (!text.size || !span_equal(p->open[0], "project"))
                return;
        if (p->depth == 2) {
                if (span_equal(leaf, "groupId"))
                        p->group = text;
                else if (span_equal(leaf, "artifactId"))
                        p->artifact = text;
                else if (span_equal(leaf, "version"))
                        p->version = text;
        } else if (p->depth == 3 && span_equal(p->open[1], "parent")) {
                if (span_equal(leaf, "groupId"))
                        p->parent_group = text;
                else if (span_equal(leaf, "version"))
                        p->parent_version = text;
        } else if (p->depth == 3 && span_equal(p->open[1], "properties") &&
                   p->property_count < MOST_PROPERTIES) {
                p->properties[p->property_count++] = (struct property){leaf, text};
        } else if (in_dependency(p, p->depth)) {
                if (span_equal(leaf, "groupId"))
                        p->dependency.group = text;
                else if (span_equal(leaf, "artifactId"))
                        p->dependency.artifact = text;
                else if (span_equal(leaf, "version"))
                        p->dependency.version = text;
        }
}

/* An element ends; of a dependency all is known then. The first one that fits counts. */
static void note_end(struct pom *p)
{
        struct dependency *d = &p->dependency;
        if (!in_dependency(p, p->depth + 1))
                return;
        struct span *to = p->depth == 3 ? &d->direct : &d->managed;
        if (d->wanted_group && !to->size && span_equal(d->group, d->wanted_group) &&
            span_equal(d->artifact, d->wanted_artifact))
                *to = d->version;
        d->group = d->artifact = d->version = (struct span){};
}

/* Behind the next `end`, or false. */
static bool skip_past(struct span *rest, const char *end)
{
        const char *at = memmem(rest->data, rest->size, end, strlen(end));
        if (!at)
                return false;
        at += strlen(end);
        *rest = (struct span){at, rest->size - (size_t)(at - rest->data)};
        return true;
}

static struct span tag_name(struct span tag)
{
        size_t i = 0;
        while (i < tag.size && !isspace((unsigned char)tag.data[i]) && tag.data[i] != '/')
                i++;
        return (struct span){tag.data, i};
}

static void walk(struct pom *p, struct span rest)
{
        const char *text_start = NULL;
        while (rest.size) {
                const char *open = memchr(rest.data, '<', rest.size);
                if (!open)
                        return;
                struct span text = {text_start ? text_start : open, 0};
                text.size = (size_t)(open - text.data);
                rest = (struct span){open + 1, rest.size - (size_t)(open + 1 - rest.data)};
                if (span_starts(rest, "!--") || span_starts(rest, "?") || span_starts(rest, "!")) {
                        const char *end = span_starts(rest, "!--")        ? "-->"
                                          : span_starts(rest, "![CDATA[") ? "]]>"
                                                                          : ">";
                        if (!skip_past(&rest, end))
                                return;
                        continue;
                }
                const char *close = memchr(rest.data, '>', rest.size);
                if (!close)
                        return;
                struct span tag = {rest.data, (size_t)(close - rest.data)};
                rest = (struct span){close + 1, rest.size - tag.size - 1};
                if (span_starts(tag, "/")) {
                        if (text_start && p->depth)
                                note_text(p, text);
                        if (!p->depth)
                                return;
                        note_end(p);
                        p->depth--;
                        text_start = NULL;
                } else if (!span_ends(tag, "/")) {
                        if (p->depth == MOST_DEPTH)
                                return;
                        p->open[p->depth++] = tag_name(tag);
                        text_start = rest.data;
                } else {
                        text_start = NULL;
                }
        }
}

/* "${revision}", and "1.${minor}" is not said. One step only: no cycles. */
static struct span resolve(const struct pom *p, struct span value)
{
        if (!span_starts(value, "${") || !span_ends(value, "}"))
                return value;
        struct span name = {value.data + 2, value.size - 3};
        if (span_equal(name, "project.version") || span_equal(name, "version"))
                return p->version.data == value.data ? p->parent_version : p->version;
        if (span_equal(name, "project.parent.version") || span_equal(name, "parent.version"))
                return p->parent_version;
        if (span_equal(name, "project.parent.groupId") || span_equal(name, "project.groupId"))
                return p->parent_group;
        for (size_t i = 0; i < p->property_count; i++)
                if (p->properties[i].name.size == name.size &&
                    !memcmp(p->properties[i].name.data, name.data, name.size))
                        return p->properties[i].value;
        return (struct span){};
}

static bool is_plain(struct span s)
{
        for (size_t i = 0; i < s.size; i++)
                if (!isalnum((unsigned char)s.data[i]) && !strchr("-_.+~", s.data[i]))
                        return false;
        return s.size && s.size <= 512;
}

static int keep(struct span s, struct arena *a, const char **ret)
{
        *ret = is_plain(s) ? arena_strndup(a, s.data, s.size) : NULL;
        return is_plain(s) && !*ret ? -ENOMEM : 0;
}

int java_pom_xml(struct span text, struct arena *a, struct java_names *ret)
{
        _cleanup_free_ struct pom *p = calloc(1, sizeof(*p));
        if (!p)
                return -ENOMEM;
        walk(p, text);
        struct java_names names;
        if (keep(resolve(p, p->group.size ? p->group : p->parent_group), a, &names.group) < 0 ||
            keep(resolve(p, p->artifact), a, &names.artifact) < 0 ||
            keep(resolve(p, p->version.size ? p->version : p->parent_version), a, &names.version) < 0)
                return -ENOMEM;
        if (!names.artifact)
                return -ENOENT;
        *ret = names;
        return 0;
}

const char *java_pom_dependency(struct span text, const char *group, const char *artifact, struct arena *a)
{
        _cleanup_free_ struct pom *p = calloc(1, sizeof(*p));
        const char *version = NULL;
        if (!p)
                return NULL;
        p->dependency.wanted_group = group;
        p->dependency.wanted_artifact = artifact;
        walk(p, text);
        keep(resolve(p, p->dependency.direct.size ? p->dependency.direct : p->dependency.managed), a,
             &version);
        return version;
}
