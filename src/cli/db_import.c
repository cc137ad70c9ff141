/* SPDX-License-Identifier: Apache-2.0 */
/* usewear db import: one line for each path, whatever became of it. */
#include "base/log.h"
#include "base/str.h"
#include "cli/db.h"

#include <inttypes.h>
#include <stdio.h>

void import_view_clear(struct import_view *view)
{
        if (view->shown)
                fputs("\r\033[K", stderr);
        view->shown = false;
}

static void on_note(void *context, const char *sentence)
{
        char text[600];
        import_view_clear(context);
        log_note("%s", str_printable(text, sizeof(text), sentence));
}

static void on_progress(void *context, const char *ecosystem, uint64_t done, uint64_t total)
{
        struct import_view *view = context;
        char name[60];
        if (!view->terminal)
                return;
        str_printable(name, sizeof(name), ecosystem);
        if (total)
                fprintf(stderr, "\r\033[K%s: %" PRIu64 " of %" PRIu64, name, done, total);
        else
                fprintf(stderr, "\r\033[K%s: %" PRIu64, name, done);
        view->shown = true;
}

struct import_watch import_view_watch(struct import_view *view)
{
        view->terminal = isatty(STDERR_FILENO);
        return (struct import_watch){view, on_note, on_progress};
}

static void print_import(const char *path, const struct import_result *r, struct json *j)
{
        if (!j) {
                printf("%s: %" PRIu64 " imported, %" PRIu64 " unchanged, %" PRIu64 " skipped\n", path,
                       r->records, r->unchanged, r->skipped);
                return;
        }
        json_object(j, NULL);
        json_str(j, "path", path);
        json_u64(j, "imported", r->records);
        json_u64(j, "unchanged", r->unchanged);
        json_u64(j, "skipped", r->skipped);
        json_end(j);
}

int db_import(const struct db_options *options)
{
        const struct options *o = &options->common;
        _cleanup_buf_ struct buf out = BUF_INIT(16 << 20);
        struct json json = JSON_INIT(&out, 2), *j = options->json ? &json : NULL;
        _cleanup_advisory_ struct advisory_db *db = NULL;
        struct error error = {};
        struct import_view view = {};
        const struct import_watch watch = import_view_watch(&view);
        if (o->argument_count < 2) {
                log_error(0, "db import: which file or folder? See usewear db --help");
                return EXIT_USAGE;
        }
        if (advisory_open(o->state, ADVISORY_WRITE, &db, &error) < 0) {
                log_error(0, "%s", error.text);
                return EXIT_USAGE;
        }
        if (j)
                json_array(j, NULL);
        int code = 0;
        for (size_t i = 1; i < o->argument_count; i++) {
                struct import_result result = {};
                int r = advisory_import(db, o->arguments[i], &watch, &result, &error);
                import_view_clear(&view);
                if (r < 0) {
                        log_error(r, "%s", error.text);
                        code = EXIT_USAGE;
                } else {
                        print_import(o->arguments[i], &result, j);
                }
        }
        if (j)
                json_end(j);
        return j && code == 0 ? db_print(&out) : code;
}
