/* SPDX-License-Identifier: Apache-2.0 */

/* The answer before the details: what could not be judged at all, how much falls away, then the few rows
 * that matter, then the limits. Ids are never cut, they are there to be copied. */

#include "report/text.h"

#include "base/clock.h"

#include <stdio.h>
#include <string.h>

enum {
        MOST_NOT_EVALUATED = 6,
        MOST_LIMIT_LINES = 12,
        LINE = 2048,
        STALE_SPREAD_S = 30 * 86400,
        OLD_INVENTORY_S = 60 /* older than the look: worth a word */
};

/* ---- head ------------------------------------------------------------------------------------------- */

static void put_head(const struct report *r, const struct table_style *style, struct buf *to)
{
        char line[LINE], name[256], os[256], age[CLOCK_TEXT], read[CLOCK_TEXT], count[TEXT_NUMBER];
        str_printable(name, sizeof(name), r->host.name ? r->host.name : "?");
        str_printable(os, sizeof(os), r->host.os ? r->host.os : "?");
        bool old = r->inventory_time && r->inventory_time < r->time - OLD_INVENTORY_S;
        char *nickname = strstr(os, " ("); /* "(bookworm)": the line is full enough */
        if (nickname && nickname > os)
                *nickname = 0;
        int used = snprintf(line, sizeof(line), "%s · %s · kernel %s · ", name, os,
                            r->host.kernel ? r->host.kernel : "?");
        size_t taken = MIN((size_t)MAX(used, 0), sizeof(line) - 1);
        char *rest = line + taken;
        size_t room = sizeof(line) - taken;
        if (r->look_seconds >= 0)
                snprintf(rest, room, "looked %.1f s at %s process%s in %zu workload%s", r->look_seconds,
                         text_number(r->processes, count), r->processes == 1 ? "" : "es", r->workloads,
                         r->workloads == 1 ? "" : "s");
        else
                snprintf(rest, room, "history, last look %s ago%s%s%s: %s process%s in %zu workload%s",
                         clock_span_text(MAX(r->now - r->time, (int64_t)0), age),
                         old ? ", packages read " : "",
                         old ? clock_span_text(MAX(r->now - r->inventory_time, (int64_t)0), read) : "",
                         old ? " ago" : "", text_number(r->processes, count), r->processes == 1 ? "" : "es",
                         r->workloads, r->workloads == 1 ? "" : "s");
        text_colour(to, style, TEXT_BOLD);
        text_fill(to, line, 0, 2, style->width);
        text_colour(to, style, TEXT_PLAIN);
        buf_add_char(to, '\n');
}

static void put_not_evaluated(const struct report *r, const struct table_style *style, struct buf *to)
{
        const struct verdict *v = r->verdict;
        size_t shown =
                style->all ? v->not_evaluated_count : MIN(v->not_evaluated_count, (size_t)MOST_NOT_EVALUATED);
        size_t rest = 0;
        char line[LINE], count[TEXT_NUMBER];
        for (size_t i = 0; i < v->not_evaluated_count; i++) {
                const struct not_evaluated *n = &v->not_evaluated[i];
                if (i >= shown) {
                        rest += n->packages;
                        continue;
                }
                snprintf(line, sizeof(line), "Not evaluated: %s package%s of %s, %s%s%s",
                         text_number(n->packages, count), n->packages == 1 ? "" : "s", n->ecosystem,
                         n->reason, n->mend ? " → " : "", n->mend ? n->mend : "");
                text_colour(to, style, TEXT_YELLOW);
                text_fill(to, line, 0, 15, style->width);
                text_colour(to, style, TEXT_PLAIN);
        }
        if (rest)
                buf_addf(to, "               … and %s package%s more: usewear report --all\n",
                         text_number(rest, count), rest == 1 ? "" : "s");
        if (v->not_evaluated_count)
                buf_add_char(to, '\n');
}

/* ---- funnel ----------------------------------------------------------------------------------------- */

static void put_funnel_row(struct buf *to, const char *name, const struct funnel_row *row)
{
        const size_t numbers[] = {row->installed, row->present, row->loaded,
                                  row->executed,  row->reached, row->unknown};
        static const unsigned char widths[] = {12, 10, 9, 11, 10, 10};
        char text[TEXT_NUMBER];
        text_cell(to, name, 16, true);
        for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
                text_right(to, text_number(numbers[i], text), widths[i]);
        buf_add_char(to, '\n');
}

static void put_funnel(const struct report *r, const struct table_style *style, struct buf *to)
{
        const struct verdict *v = r->verdict;
        const struct funnel_row *bugs = &v->vulnerabilities;
        char waiting[TEXT_NUMBER], all[TEXT_NUMBER], clean[TEXT_NUMBER], line[LINE];
        text_colour(to, style, TEXT_DIM);
        buf_add_str(to, "                   installed   running   loaded   executed   reached   unknown\n");
        text_colour(to, style, TEXT_PLAIN);
        put_funnel_row(to, "packages", &v->packages);
        put_funnel_row(to, "vulnerabilities", bugs);
        if (v->waiting) {
                snprintf(line, sizeof(line), "%s of %s can wait: not seen loaded here",
                         text_number(v->waiting, waiting), text_number(bugs->installed, all));
                text_right(to, line, 78);
                buf_add_char(to, '\n');
        }
        if (v->packages_clean)
                buf_addf(to, "%s package%s clean: no known vulnerability fits their version\n",
                         text_number(v->packages_clean, clean), v->packages_clean == 1 ? "" : "s");
        buf_add_char(to, '\n');
}

/* ---- rows ------------------------------------------------------------------------------------------- */

static const char *used_text(const struct finding *f)
{
        if (f->level >= LEVEL_LOADED)
                return level_name(f->level);
        return f->loaded.value == ANSWER_UNKNOWN ? "unknown" : "not seen";
}

static const char *net_text(const struct finding *f)
{
        return f->exposed.value == ANSWER_YES ? "yes" : f->exposed.value == ANSWER_UNKNOWN ? "?" : "no";
}

/* Services and containers are known by their names; the prefix that tells them apart is in the id, which
 * explain and JSON print. */
static const char *workload_text(const struct workload *w)
{
        if (!w)
                return "–";
        bool named = w->kind == WORKLOAD_SYSTEMD || w->kind == WORKLOAD_CONTAINER || w->kind == WORKLOAD_K8S;
        const char *colon = named ? strchr(w->id, ':') : NULL;
        return colon ? colon + 1 : w->id;
}

enum column {
        COLUMN_DECISION,
        COLUMN_ID,
        COLUMN_PACKAGE,
        COLUMN_WORKLOAD,
        COLUMN_USED,
        COLUMN_NET,
        COLUMN_FIX,
        COLUMN_WHY,
        _COLUMN_MAX
};

struct row {
        char text[_COLUMN_MAX][512];
        const char *name, *version; /* of the package: what COLUMN_PACKAGE is made of */
};

static void fill_row(const struct finding *f, struct row *row)
{
        const char *package = f->package->name, *version = f->package->version;
        /* Maven: the artifact tells more than its group, and both do not fit. */
        const char *artifact = str_equal(f->package->ecosystem, "Maven") ? strrchr(package, ':') : NULL;
        package = artifact ? artifact + 1 : package;
        snprintf(row->text[COLUMN_DECISION], sizeof(row->text[0]), "%s%s", text_decision(f->decision),
                 f->decision_unknown ? "?" : "");
        snprintf(row->text[COLUMN_ID], sizeof(row->text[0]), "%s", f->bug->id);
        row->name = package;
        row->version = version ? version : "?";
        snprintf(row->text[COLUMN_PACKAGE], sizeof(row->text[0]), "%s %s", package, row->version);
        snprintf(row->text[COLUMN_WORKLOAD], sizeof(row->text[0]), "%s", workload_text(f->workload));
        snprintf(row->text[COLUMN_USED], sizeof(row->text[0]), "%s", used_text(f));
        snprintf(row->text[COLUMN_NET], sizeof(row->text[0]), "%s", net_text(f));
        snprintf(row->text[COLUMN_FIX], sizeof(row->text[0]), "%s", text_fix(f->bug, "none yet"));
        snprintf(row->text[COLUMN_WHY], sizeof(row->text[0]), "%s", f->why ? f->why : "");
}

static const struct row titles = {
        .text = {"", "VULNERABILITY", "PACKAGE", "WORKLOAD", "USED", "NET", "FIX", "WHY"}};

struct widths {
        size_t of[_COLUMN_MAX];
        size_t sum; /* of all but the reason, with the blank behind each */
};

/* Let a column give way, down to `least`, until everything fits into `width`. */
static void give(struct widths *w, enum column column, size_t least, size_t width)
{
        size_t spare = w->of[column] > least ? w->of[column] - least : 0;
        size_t take = MIN(spare, w->sum > width ? w->sum - width : 0);
        w->of[column] -= take;
        w->sum -= take;
}

/* Columns get what their texts need; where that is too much, fix, workload and package give way so that the
 * reason keeps a readable rest. Versions are not cut: on a narrow terminal the reasons go, which explain has
 * in full. */
static void measure(const struct row *rows, size_t count, unsigned width, size_t widths[static _COLUMN_MAX])
{
        enum { LEAST_REASON = 14, MOST_REASON = 28, MOST_VERSION = 30 };
        struct widths w = {};
        size_t version = 0;
        for (int c = 0; c < _COLUMN_MAX; c++) {
                w.of[c] = text_columns(titles.text[c]);
                for (size_t i = 0; i < count; i++)
                        w.of[c] = MAX(w.of[c], text_columns(rows[i].text[c]));
                w.sum += c == COLUMN_WHY ? 0 : w.of[c] + 1;
        }
        for (size_t i = 0; i < count; i++)
                version = MAX(version, MIN(text_columns(rows[i].version), (size_t)MOST_VERSION));
        size_t reason = MIN(w.of[COLUMN_WHY], (size_t)MOST_REASON),
               rest = width > reason ? width - reason : 0;
        give(&w, COLUMN_FIX, 9, rest);
        give(&w, COLUMN_WORKLOAD, 14, rest);
        give(&w, COLUMN_PACKAGE, MAX((size_t)20, version + 9), rest);
        if (w.sum + LEAST_REASON > width) {
                give(&w, COLUMN_WORKLOAD, 8, width);
                give(&w, COLUMN_FIX, 7, width);
                give(&w, COLUMN_PACKAGE, version + 5, width);
                give(&w, COLUMN_PACKAGE, 12, width);
        }
        w.of[COLUMN_WHY] = width >= w.sum + LEAST_REASON ? width - w.sum : 0;
        memcpy(widths, w.of, sizeof(w.of));
}

static void put_row(const struct row *row, const size_t widths[static _COLUMN_MAX],
                    const struct table_style *style, enum text_colour colour, struct buf *to)
{
        text_colour(to, style, colour);
        text_cell(to, row->text[COLUMN_DECISION], widths[COLUMN_DECISION], true);
        text_colour(to, style, TEXT_PLAIN);
        for (int c = COLUMN_ID; c < _COLUMN_MAX; c++) {
                buf_add_char(to, ' ');
                if (c == COLUMN_PACKAGE && row->name)
                        text_versioned(to, row->name, row->version, widths[c]);
                else
                        text_cell(to, row->text[c], widths[c], c != COLUMN_WHY);
        }
        while (to->size && to->data[to->size - 1] == ' ')
                to->size--;
        buf_add_char(to, '\n');
}

static void put_rows(const struct report *r, const struct table_style *style, struct buf *to)
{
        const struct verdict *v = r->verdict;
        size_t wanted = style->all ? v->finding_count : style->rows, count = 0, open = 0, suppressed = 0;
        const struct finding *worst = NULL;
        struct row *rows = calloc(v->finding_count ? v->finding_count : 1, sizeof(*rows));
        enum text_colour *colours = calloc(v->finding_count ? v->finding_count : 1, sizeof(*colours));
        if (!rows || !colours)
                to->error = -12; /* ENOMEM */
        for (size_t i = 0; rows && colours && i < v->finding_count; i++) {
                const struct finding *f = &v->findings[i];
                if (f->suppressed) {
                        suppressed++;
                        continue;
                }
                open++;
                if (count >= wanted)
                        continue;
                worst = worst ? worst : f;
                colours[count] = text_decision_colour(f->decision);
                fill_row(f, &rows[count++]);
        }
        size_t widths[_COLUMN_MAX];
        if (count) {
                measure(rows, count, style->width, widths);
                put_row(&titles, widths, style, TEXT_PLAIN, to);
        }
        for (size_t i = 0; i < count; i++)
                put_row(&rows[i], widths, style, colours[i], to);
        char text[TEXT_NUMBER];
        if (open > count)
                buf_addf(to, "… %s more: usewear report --all\n", text_number(open - count, text));
        if (worst)
                buf_addf(to, "Why one ranks where it does: usewear explain %s\n", worst->bug->id);
        else if (!open && !suppressed)
                buf_add_str(to, "No known vulnerability in the packages that were evaluated.\n");
        if (suppressed)
                buf_addf(to, "%s suppressed by ignore rules.\n", text_number(suppressed, text));
        buf_add_char(to, '\n');
        free(rows);
        free(colours);
}

/* ---- foot ------------------------------------------------------------------------------------------- */

static void put_sentences(const char *title, const char *const *sentences, size_t count,
                          const struct table_style *style, struct buf *to)
{
        size_t shown = style->all ? count : MIN(count, (size_t)MOST_LIMIT_LINES);
        for (size_t i = 0; i < shown; i++) {
                text_cell(to, i ? "" : title, 8, true);
                text_fill(to, sentences[i], 8, 8, style->width);
        }
        if (count > shown)
                buf_addf(to, "        … and %zu more: usewear scan --all\n", count - shown);
}

static void put_coverage(const struct report *r, const struct table_style *style, struct buf *to)
{
        size_t blind = 0, gaps = 0;
        const char *gap = NULL;
        vec_each (c, r->coverage) {
                blind += !c->engine && c->reason && strstr(c->reason, "engine yet");
                gaps += c->engine && c->gaps;
                gap = c->engine && c->gaps && !gap ? c->gaps : gap;
        }
        char line[LINE];
        if (blind) {
                snprintf(line, sizeof(line),
                         "%zu interpreter%s in workloads without an engine: their modules and functions are "
                         "unknown",
                         blind, blind == 1 ? "" : "s");
                put_sentences("Limits:", &(const char *){line}, 1, style, to);
        }
        if (gaps) {
                snprintf(line, sizeof(line), "what was not seen loaded holds with gaps: %s", gap);
                put_sentences(blind ? "" : "Limits:", &(const char *){line}, 1, style, to);
        }
        put_sentences(blind || gaps ? "" : "Limits:", r->limits, r->limit_count, style, to);
}

static void put_losses(const struct report *r, const struct table_style *style, struct buf *to)
{
        bool first = true;
        vec_each (loss, r->losses) {
                char line[LINE], age[CLOCK_TEXT];
                snprintf(line, sizeof(line), "%llu × %s, last %s ago", (unsigned long long)loss->count,
                         loss->what, clock_span_text(MAX(r->now - loss->last, (int64_t)0), age));
                put_sentences(first ? "Lost:" : "", &(const char *){line}, 1, style, to);
                first = false;
        }
}

static void put_advisories(const struct report *r, const struct table_style *style, struct buf *to)
{
        char line[LINE], count[TEXT_NUMBER], date[CLOCK_TEXT], age[CLOCK_TEXT];
        uint64_t starter = 0;
        int64_t starter_newest = 0;
        const struct advisory_source *oldest = NULL; /* one fresh ecosystem does not make the others fresh */
        size_t used = 0;
        line[0] = '\0';
        vec_each (s, r->advisories) {
                if (str_equal(s->source, "starter")) {
                        starter += s->records;
                        starter_newest = MAX(starter_newest, s->newest);
                        oldest = !oldest || s->newest < oldest->newest ? s : oldest;
                        continue;
                }
                if (used < sizeof(line))
                        used += (size_t)snprintf(line + used, sizeof(line) - used,
                                                 "%s%s %s records, newest %.10s", used ? " · " : "",
                                                 s->ecosystem, text_number(s->records, count),
                                                 s->newest ? clock_rfc3339(s->newest, date) : "?");
        }
        if (starter && used < sizeof(line))
                used += (size_t)snprintf(
                        line + used, sizeof(line) - used, "%sstarter set, %s records, newest %.10s (%s old)",
                        used ? " · " : "", text_number(starter, count), clock_rfc3339(starter_newest, date),
                        clock_span_text(MAX(r->now - starter_newest, (int64_t)0), age));
        if (oldest && starter_newest - oldest->newest > STALE_SPREAD_S && used < sizeof(line))
                snprintf(line + used, sizeof(line) - used, ", of %s %.10s (%s old)", oldest->ecosystem,
                         clock_rfc3339(oldest->newest, date),
                         clock_span_text(MAX(r->now - oldest->newest, (int64_t)0), age));
        buf_add_str(to, "Advisories: ");
        text_fill(to, used ? line : "none", 12, 12, style->width);
}

void report_table(const struct report *r, const struct table_style *style, struct buf *to)
{
        put_head(r, style, to);
        put_not_evaluated(r, style, to);
        put_funnel(r, style, to);
        put_rows(r, style, to);
        put_coverage(r, style, to);
        put_losses(r, style, to);
        put_sentences("Rules:", r->remarks, r->remark_count, style, to);
        put_advisories(r, style, to);
}
