/* SPDX-License-Identifier: Apache-2.0 */
#include "report/functions.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/str.h"
#include "report/text.h"

#include <stdio.h>

/* ---- usewear/functions/1 ------------------------------------------------------------------------------ */

static void put_time(struct json *j, const char *key, int64_t wall)
{
        char text[CLOCK_TEXT];
        json_str(j, key, wall ? clock_rfc3339(wall, text) : NULL);
}

static void put_strings(struct json *j, const char *key, const char *const *items, size_t count)
{
        json_array(j, key);
        for (size_t i = 0; i < count; i++)
                json_str(j, NULL, items[i]);
        json_end(j);
}

static void put_package(struct json *j, const char *key, const struct package *p)
{
        _cleanup_arena_ struct arena scratch = ARENA_INIT(1 << 20);
        if (!p) {
                json_null(j, key);
                return;
        }
        json_object(j, key);
        json_str(j, "purl", package_purl(p, &scratch));
        json_str(j, "name", p->name);
        json_str(j, "version", p->version);
        json_str(j, "ecosystem", package_ecosystem(p, &scratch));
        json_end(j);
}

static void put_engine(struct json *j, const struct function_engine *e)
{
        json_object(j, NULL);
        json_str(j, "engine", e->engine);
        json_i64(j, "pid", e->pid);
        json_str(j, "runtime", e->runtime);
        json_str(j, "version", e->version);
        put_time(j, "since", e->since);
        put_strings(j, "gaps", e->gaps, e->gap_count);
        json_end(j);
}

static void put_counts(struct json *j, const struct function_package *p)
{
        json_object(j, NULL);
        put_package(j, "package", &p->package);
        json_str(j, "engine", p->engine);
        json_u64(j, "modules", p->modules);
        json_u64(j, "known", p->known);
        json_u64(j, "executed", p->executed);
        json_u64(j, "not_observed", p->silent);
        json_u64(j, "unknown", p->known - p->executed - p->silent);
        json_end(j);
}

static void put_function(struct json *j, const struct function_record *f)
{
        json_object(j, NULL);
        json_str(j, "engine", f->engine);
        put_package(j, "package", f->package);
        json_str(j, "container", f->container);
        json_str(j, "name", f->name);
        json_str(j, "signature", f->signature);
        json_str(j, "file", f->file);
        if (f->line)
                json_u64(j, "line", f->line);
        else
                json_null(j, "line");
        json_str(j, "answer", answer_name(f->answer));
        put_time(j, "after", f->after);
        put_time(j, "until", f->until);
        put_time(j, "first", f->first);
        put_time(j, "last", f->last);
        put_time(j, "armed_since", f->armed_since);
        json_str(j, "reason", f->reason);
        json_end(j);
}

void function_list_json(const struct function_list *l, struct buf *to)
{
        struct json j = JSON_INIT(to, 2);
        json_object(&j, NULL);
        json_str(&j, "schema", "usewear/functions/1");
        if (l->workload)
                json_str(&j, "workload", l->workload);
        else
                json_i64(&j, "pid", l->pid);
        json_array(&j, "engines");
        for (size_t i = 0; i < l->engine_count; i++)
                put_engine(&j, &l->engines[i]);
        json_end(&j);
        json_array(&j, "packages");
        for (size_t i = 0; i < l->package_count; i++)
                put_counts(&j, l->packages[i]);
        json_end(&j);
        json_array(&j, "functions");
        for (size_t i = 0; i < l->function_count; i++)
                put_function(&j, &l->functions[i]);
        json_end(&j);
        put_strings(&j, "losses", l->losses, l->loss_count);
        json_end(&j);
        buf_add_char(to, '\n');
}

/* ---- for people --------------------------------------------------------------------------------------- */

enum { NUMBER_COLUMNS = 13, ENGINE_COLUMNS = 10 };

static void put_note(struct buf *to, const struct table_style *style, const char *first, const char *text)
{
        size_t used = text_columns(first);
        buf_add_str(to, first);
        text_fill(to, text, used, 2, style->width);
}

static void table_engines(const struct function_list *l, const struct table_style *style, struct buf *to)
{
        for (size_t i = 0; i < l->engine_count; i++) {
                const struct function_engine *e = &l->engines[i];
                char time[CLOCK_TEXT], head[256], name[128];
                snprintf(head, sizeof(head), "pid %d · %s %s · %s · since %s", e->pid,
                         e->runtime ? e->runtime : "", e->version ? e->version : "", e->engine,
                         e->since ? clock_rfc3339(e->since, time) : "?");
                buf_add_str(to, str_printable(name, sizeof(name), head)[0] ? head : "");
                buf_add_char(to, '\n');
                for (size_t g = 0; g < e->gap_count; g++)
                        put_note(to, style, "  limit: ", e->gaps[g]);
        }
        for (size_t i = 0; i < l->loss_count; i++)
                put_note(to, style, "lost: ", l->losses[i]);
}

static void put_number(struct buf *to, uint64_t value)
{
        char text[TEXT_NUMBER];
        text_right(to, text_number(value, text), NUMBER_COLUMNS);
}

static void table_packages(const struct function_list *l, const struct table_style *style, struct buf *to)
{
        if (!l->package_count) {
                buf_add_str(to, "\nNo package is known to be loaded.\n");
                return;
        }
        size_t name = style->width > 5 * NUMBER_COLUMNS + 20 ? style->width - 5 * NUMBER_COLUMNS : 20;
        bool loading = false;
        buf_add_char(to, '\n');
        text_colour(to, style, TEXT_BOLD);
        text_cell(to, "PACKAGE", name, true);
        static const char *const heads[] = {"MODULES", "FUNCTIONS", "EXECUTED", "NOT OBSERVED", "UNKNOWN"};
        for (size_t i = 0; i < ARRAY_SIZE(heads); i++)
                text_right(to, heads[i], NUMBER_COLUMNS);
        text_colour(to, style, TEXT_PLAIN);
        buf_add_char(to, '\n');
        for (size_t i = 0; i < l->package_count; i++) {
                const struct function_package *p = l->packages[i];
                text_versioned(to, p->package.name, p->package.version ? p->package.version : "?", name);
                put_number(to, p->modules);
                put_number(to, p->known);
                put_number(to, p->executed);
                put_number(to, p->silent);
                put_number(to, p->known - p->executed - p->silent);
                buf_add_char(to, '\n');
                loading |= p->executed && str_equal(p->engine, "cpython");
        }
        if (loading)
                buf_add_str(to,
                            "\nWhat ran while modules loaded counts as executed, module bodies do not.\n");
}

static void table_function(const struct function_record *f, const struct table_style *style, struct buf *to)
{
        enum text_colour colour = f->answer == ANSWER_YES       ? TEXT_GREEN
                                  : f->answer == ANSWER_UNKNOWN ? TEXT_YELLOW
                                                                : TEXT_DIM;
        char line[32];
        snprintf(line, sizeof(line), ":%llu", (unsigned long long)f->line);
        buf_add_str(to, "  ");
        text_colour(to, style, colour);
        text_cell(to, f->answer == ANSWER_YES ? "executed" : answer_name(f->answer), 13, true);
        text_colour(to, style, TEXT_PLAIN);
        if (f->container) {
                text_cell(to, f->container, 200, false);
                buf_add_char(to, '.');
        }
        text_cell(to, f->name, 200, false);
        if (f->file && f->line) {
                buf_add_str(to, "  ");
                text_cell(to, f->file, 400, false);
                buf_add_str(to, line);
        }
        if (f->reason) {
                buf_add_str(to, "  (");
                text_cell(to, f->reason, 200, false);
                buf_add_char(to, ')');
        } else if (f->armed_since && f->until) {
                char since[CLOCK_TEXT], until[CLOCK_TEXT];
                buf_add_str(to, "  since ");
                buf_add_str(to, clock_rfc3339(f->after, since));
                buf_add_str(to, " until ");
                buf_add_str(to, clock_rfc3339(f->until, until));
        }
        buf_add_char(to, '\n');
}

static void table_functions(const struct function_list *l, const struct table_style *style, struct buf *to)
{
        const struct package *before = NULL;
        for (size_t i = 0; i < l->function_count; i++) {
                const struct function_record *f = &l->functions[i];
                if (!i || f->package != before) {
                        buf_add_char(to, '\n');
                        text_colour(to, style, TEXT_BOLD);
                        text_cell(to, f->package ? f->package->name : "of no package", 200, false);
                        text_colour(to, style, TEXT_PLAIN);
                        buf_add_char(to, '\n');
                }
                before = f->package;
                table_function(f, style, to);
        }
}

void function_list_table(const struct function_list *l, const struct table_style *style, struct buf *to)
{
        table_engines(l, style, to);
        if (!l->engine_count)
                buf_add_str(to, "No engine knows what runs here.\n");
        else
                table_packages(l, style, to);
        if (style->all)
                table_functions(l, style, to);
}
