/* SPDX-License-Identifier: Apache-2.0 */
/* What could not be judged comes first, then the bugs; nothing here knows of a running machine, so nothing
 * here ranks by use. */
#include "report/matches.h"

#include "report/bug_json.h"
#include "report/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- order ------------------------------------------------------------------------------------------- */
/* 0–10: the score, or the middle of what the word stands for. */
static double badness(const struct bug *b)
{
        static const struct {
                const char *rating;
                double score;
        } words[] = {{"critical", 9.5}, {"high", 8}, {"medium", 5.5}, {"low", 2}, {"none", 0}};
        if (b->malware)
                return 10;
        if (b->severity.score >= 0)
                return b->severity.score;
        for (size_t i = 0; i < ARRAY_SIZE(words); i++)
                if (str_equal(words[i].rating, b->severity.rating))
                        return words[i].score;
        return -1;
}

static int compare(const void *a, const void *b)
{
        const struct matched_finding *left = a, *right = b;
        const struct bug *x = left->bug, *y = right->bug;
        if ((x->kev_added != NULL) != (y->kev_added != NULL))
                return x->kev_added ? -1 : 1;
        double p = badness(x), q = badness(y);
        if (p != q)
                return p > q ? -1 : 1;
        if (x->epss != y->epss)
                return x->epss > y->epss ? -1 : 1;
        int order = strcmp(x->id, y->id);
        return order ? order : strcmp(left->key, right->key);
}

void matches_sort(struct matches_report *r)
{
        if (r->findings.count)
                qsort(r->findings.items, r->findings.count, sizeof(*r->findings.items), compare);
}

/* ---- JSON -------------------------------------------------------------------------------------------- */
static void put_symbols(struct json *j, const struct bug *b)
{
        json_array(j, "symbols");
        for (size_t i = 0; i < b->symbol_count; i++) {
                const struct symbol *s = &b->symbols[i];
                json_object(j, NULL);
                json_str(j, "container", s->container);
                json_str(j, "function", s->function);
                json_str(j, "signature", s->signature);
                json_str(j, "kind", s->kind);
                json_str(j, "source", s->source);
                json_end(j);
        }
        json_end(j);
}

static void put_finding(struct json *j, const struct matched_finding *f)
{
        struct arena a = ARENA_INIT(1 << 20);
        const struct bug *b = f->bug;
        json_object(j, NULL);
        json_bug_names(j, f->key, b);
        json_package_begin(j, f->purl, f->package, &a);
        json_end(j);
        json_strings(j, "binaries", f->binaries.items, f->binaries.count);
        json_bug_state(j, b);
        put_symbols(j, b);
        json_end(j);
        arena_done(&a);
}

void report_matches_json(const struct matches_report *r, struct buf *to)
{
        struct json json = JSON_INIT(to, 2), *j = &json;
        json_object(j, NULL);
        json_str(j, "schema", "usewear/matches/1");
        json_time(j, "time", r->time);
        json_advisories(j, r->advisories);
        json_u64(j, "packages", r->packages);
        json_u64(j, "packages_clean", r->clean);
        json_array(j, "not_evaluated");
        vec_each (n, &r->not_evaluated)
                json_not_evaluated(j, n->ecosystem, n->packages, n->reason, n->mend);
        json_end(j);
        json_array(j, "malformed");
        vec_each (m, &r->malformed) {
                json_object(j, NULL);
                json_str(j, "text", m->text);
                json_str(j, "reason", m->reason);
                json_end(j);
        }
        json_end(j);
        json_strings(j, "limits", r->limits.items, r->limits.count);
        json_array(j, "findings");
        vec_each (f, &r->findings)
                put_finding(j, f);
        json_end(j);
        json_end(j);
        buf_add_char(to, '\n');
}

/* ---- table ------------------------------------------------------------------------------------------- */
enum column {
        COLUMN_ID,
        COLUMN_PACKAGE,
        COLUMN_SEVERITY,
        COLUMN_EXPLOITED,
        COLUMN_FIX,
        COLUMN_NOTE,
        _COLUMN_MAX
};

struct row {
        char text[_COLUMN_MAX][400];
};

static const struct row titles = {{"VULNERABILITY", "PACKAGE", "SEVERITY", "EXPLOITED", "FIX", "FUNCTIONS"}};

/* How many functions it names: roots where they are told apart. */
static void note_text(const struct bug *b, char *to, size_t size)
{
        size_t roots = 0;
        for (size_t i = 0; i < b->symbol_count; i++)
                roots +=
                        str_equal(b->symbols[i].kind, "root") || str_equal(b->symbols[i].kind, "unspecified");
        if (roots)
                snprintf(to, size, "%zu", roots);
        if (b->low_confidence)
                snprintf(to + strlen(to), size - strlen(to), "%slow confidence", *to ? ", " : "");
}

static void fill_row(const struct matched_finding *f, struct row *row)
{
        const struct bug *b = f->bug;
        const struct package *p = f->package;
        size_t size = sizeof(row->text[0]);
        const char *rating = b->malware ? "malware" : b->severity.rating ? b->severity.rating : "?";
        *row = (struct row){};
        snprintf(row->text[COLUMN_ID], size, "%s", b->id);
        if (f->binaries.count)
                snprintf(row->text[COLUMN_PACKAGE], size, "%s %s (+%zu)", p->source ? p->source : p->name,
                         p->source_version ? p->source_version : p->version, f->binaries.count);
        else
                snprintf(row->text[COLUMN_PACKAGE], size, "%s %s", p->name, p->version ? p->version : "?");
        if (b->severity.score >= 0)
                snprintf(row->text[COLUMN_SEVERITY], size, "%s %.1f", rating, b->severity.score);
        else
                snprintf(row->text[COLUMN_SEVERITY], size, "%s", rating);
        if (b->kev_added)
                snprintf(row->text[COLUMN_EXPLOITED], size, "KEV%s", b->kev_ransomware ? ", ransom" : "");
        else if (b->epss >= 0)
                snprintf(row->text[COLUMN_EXPLOITED], size, "%.1f %%", b->epss * 100);
        snprintf(row->text[COLUMN_FIX], size, "%s", text_fix(b, "none"));
        note_text(b, row->text[COLUMN_NOTE], size);
}

static void put_row(const struct row *row, const size_t widths[static _COLUMN_MAX], struct buf *to)
{
        for (int c = 0; c < _COLUMN_MAX; c++) {
                if (c)
                        buf_add_char(to, ' ');
                text_cell(to, row->text[c], widths[c], c + 1 < _COLUMN_MAX);
        }
        while (to->size && to->data[to->size - 1] == ' ')
                to->size--;
        buf_add_char(to, '\n');
}

static void put_rows(const struct matches_report *r, const struct table_style *style, struct buf *to)
{
        size_t widths[_COLUMN_MAX], sum = 0;
        struct row row;
        for (int c = 0; c < _COLUMN_MAX; c++)
                widths[c] = text_columns(titles.text[c]);
        vec_each (f, &r->findings) {
                fill_row(f, &row);
                for (int c = 0; c < _COLUMN_MAX; c++)
                        widths[c] = MAX(widths[c], text_columns(row.text[c]));
        }
        for (int c = 0; c < _COLUMN_MAX; c++)
                sum += widths[c] + (c > 0);
        size_t over = sum > style->width ? sum - style->width : 0;
        widths[COLUMN_PACKAGE] -= MIN(over, widths[COLUMN_PACKAGE] - MIN(widths[COLUMN_PACKAGE], (size_t)24));
        put_row(&titles, widths, to);
        vec_each (f, &r->findings) {
                fill_row(f, &row);
                put_row(&row, widths, to);
        }
}

void report_matches_table(const struct matches_report *r, const struct table_style *style, struct buf *to)
{
        char line[1200], count[TEXT_NUMBER];
        size_t not_evaluated = 0, bugs = 0;
        vec_each (n, &r->not_evaluated) {
                not_evaluated += n->packages;
                snprintf(line, sizeof(line), "Not evaluated: %s package%s of %s: %s%s%s",
                         text_number(n->packages, count), n->packages == 1 ? "" : "s", n->ecosystem,
                         n->reason, n->mend ? " → " : "", n->mend ? n->mend : "");
                text_colour(to, style, TEXT_YELLOW);
                text_fill(to, line, 0, 15, style->width);
                text_colour(to, style, TEXT_PLAIN);
        }
        vec_each (m, &r->malformed) {
                text_colour(to, style, TEXT_YELLOW);
                text_fill(to, m->reason, 0, 4, style->width);
                text_colour(to, style, TEXT_PLAIN);
        }
        vec_each (limit, &r->limits) {
                snprintf(line, sizeof(line), "Not in the list: %s", *limit);
                text_fill(to, line, 0, 17, style->width);
        }
        if (not_evaluated || r->malformed.count || r->limits.count)
                buf_add_char(to, '\n');
        if (r->findings.count)
                put_rows(r, style, to);
        bugs = r->findings.count;
        buf_addf(to, "%s%zu package%s: %zu vulnerabilit%s, %zu clean, %zu not evaluated\n", bugs ? "\n" : "",
                 r->packages, r->packages == 1 ? "" : "s", bugs, bugs == 1 ? "y" : "ies", r->clean,
                 not_evaluated);
}
