/* SPDX-License-Identifier: Apache-2.0 */

/* For people: how much of what, then one line a package. */

#include "report/sbom.h"

#include "report/text.h"

enum { SCRATCH = 1 << 20, VERSION = 22, ECOSYSTEM = 12, USE = 9, LEAST_NAME = 20, LONGEST_LINE = 8192 };

static void put_row(struct buf *to, const char *name, const char *version, const char *ecosystem,
                    const char *use, const char *path, size_t columns, size_t width)
{
        text_cell(to, name, columns, true);
        buf_add_char(to, ' ');
        text_cell(to, version, VERSION, true);
        buf_add_char(to, ' ');
        text_cell(to, ecosystem, ECOSYSTEM, true);
        buf_add_char(to, ' ');
        text_cell(to, use, USE, true);
        buf_add_char(to, ' ');
        size_t used = columns + VERSION + ECOSYSTEM + USE + 4;
        text_cell(to, path, width > used + 10 ? width - used : 10, false);
        buf_add_char(to, '\n');
}

static size_t name_columns(const struct sbom *s, size_t width)
{
        size_t most = width / 3, columns = LEAST_NAME;
        for (size_t i = 0; i < s->count; i++)
                columns = MAX(columns, text_columns(s->items[i].package->name));
        return MIN(columns, MAX(most, (size_t)LEAST_NAME));
}

/* Names come from the tree. */
static void put_line(struct buf *to, const char *text)
{
        char clean[LONGEST_LINE];
        buf_addf(to, "%s\n", str_printable(clean, sizeof(clean), text));
}

static void put_answers(const struct sbom *s, struct buf *to)
{
        for (size_t i = 0; i < s->answer_count; i++) {
                const struct sbom_answer *answer = &s->answers[i];
                put_line(to, answer->thing);
                if (answer->unknown)
                        buf_addf(to, "    unknown: %s\n", answer->unknown);
                else if (!answer->count)
                        buf_add_str(to, "    no package's\n");
                else if (answer->count > 1)
                        buf_add_str(to, "    of several, each with equal right:\n");
                for (size_t n = 0; n < answer->count; n++) {
                        _cleanup_arena_ struct arena a = ARENA_INIT(SCRATCH);
                        const struct package *p = answer->packages[n];
                        const char *ecosystem = package_ecosystem(p, &a);
                        put_line(to, arena_printf(&a, "    %s %s · %s · %s", p->name,
                                                  p->version ? p->version : "?", ecosystem ? ecosystem : "",
                                                  p->path ? p->path : ""));
                }
        }
}

void sbom_table(const struct sbom *s, const struct table_style *style, struct buf *to)
{
        char number[TEXT_NUMBER];
        size_t columns = name_columns(s, style->width);
        if (s->answer_count) {
                put_answers(s, to);
                return;
        }
        buf_addf(to, "%s%s%s · %s packages\n\n", s->name ? s->name : "", s->os ? " · " : "",
                 s->os ? s->os : "", text_number(s->count, number));
        if (s->count) {
                text_colour(to, style, TEXT_DIM);
                put_row(to, "PACKAGE", "VERSION", "ECOSYSTEM", "USED", "PLACE", columns, style->width);
                text_colour(to, style, TEXT_PLAIN);
        }
        for (size_t i = 0; i < s->count; i++) {
                _cleanup_arena_ struct arena a = ARENA_INIT(SCRATCH);
                const struct package *p = s->items[i].package;
                const char *ecosystem = package_ecosystem(p, &a);
                const char *version = p->version ? p->version : "?";
                if (sbom_confidence(p) < 100)
                        version = arena_printf(&a, "%s (guess)", version);
                put_row(to, p->name, version, ecosystem ? ecosystem : "",
                        s->items[i].use ? s->items[i].use : "–", p->path ? p->path : "", columns,
                        style->width);
        }
        for (size_t i = 0; i < s->limit_count; i++) {
                buf_add_str(to, i ? "        " : "\nLimits: ");
                text_fill(to, s->limits[i], 8, 8, style->width);
        }
}
