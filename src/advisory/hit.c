/* SPDX-License-Identifier: Apache-2.0 */
/* What one entry of a record says of one version: a row of the database becomes a hit. */
#include "advisory/match.h"

#include <errno.h>

bool hit_affects(const struct hit *h, const struct version_scheme *scheme, struct span version)
{
        struct span rest = span_of(h->versions), line;
        while (line_next(&rest, &line))
                if ((line.size == version.size && !memcmp(line.data, version.data, line.size)) ||
                    (scheme && scheme->valid(line) && scheme->valid(version) &&
                     !scheme->compare(line, version)))
                        return true;
        return scheme && scheme->valid(version) && range_contains(span_of(h->ranges), scheme, version);
}

/* Streams of modules live beside the plain packages of a release and are numbered apart: an entry about the
 * one says nothing about the other. Who built a package stands in its release: "1.el8" or
 * "1.module_el8.5.0+2604+960c7771". */
static bool is_other_numbering(const struct hit *h)
{
        bool modular = memmem(h->version.data, h->version.size, ".module", strlen(".module"));
        struct span rest = span_of(h->ranges), line;
        bool fixed = false, plain = false;
        while (line_next(&rest, &line))
                if (line.size && line.data[0] == OSV_FIXED) {
                        bool in_module = memmem(line.data, line.size, ".module", strlen(".module"));
                        fixed = fixed || in_module;
                        plain = plain || !in_module;
                }
        return modular ? plain && !fixed : fixed && !plain;
}

/* "nodejs:18" of an advisory against "nodejs:18:9020230123:rhel9" of a package: streams of a module are
 * versions of it that are kept up side by side. Where both are known nothing needs to be guessed. */
static bool is_other_stream(const struct hit *h, const char *label, const char *module)
{
        if (!label || !module)
                return is_other_numbering(h);
        size_t size = strlen(module);
        return strncmp(label, module, size) != 0 || (label[size] && label[size] != ':');
}

static const char *column(struct match_context *c, sqlite3_stmt *s, int index, bool *failed)
{
        const char *text = (const char *)sqlite3_column_text(s, index);
        char *copy = text ? arena_strdup(&c->scratch, text) : NULL;
        if (text && !copy)
                *failed = true;
        return copy;
}

int hit_read(struct match_context *c, const struct stream *stream, struct span version, sqlite3_stmt *s,
             struct hit *ret)
{
        bool failed = false;
        struct hit h = {
                .advisory = sqlite3_column_int64(s, 0),
                .ranges = column(c, s, 1, &failed),
                .versions = column(c, s, 2, &failed),
                .severity = column(c, s, 3, &failed),
                .symbols = column(c, s, 4, &failed),
                .urgency = column(c, s, 5, &failed),
                .doubt = sqlite3_column_int(s, 6),
                .id = column(c, s, 7, &failed),
                .modified = sqlite3_column_int64(s, 8),
                .aliases = column(c, s, 9, &failed),
                .upstream = column(c, s, 10, &failed),
                .related = column(c, s, 11, &failed),
                .record_severity = column(c, s, 12, &failed),
                .rating = column(c, s, 13, &failed),
                .stream = stream,
                .extended = stream->extended,
                .version = version,
        };
        bool other = c->scheme == &version_rpm &&
                     is_other_stream(&h, c->query->module, (const char *)sqlite3_column_text(s, 14));
        h.affected = !other && hit_affects(&h, c->scheme, version);
        h.own = !other && stream_built(stream, version);
        if (failed || !h.id)
                return -ENOMEM;
        *ret = h;
        return 0;
}
