/* SPDX-License-Identifier: Apache-2.0 */
/* usewear db status: what every answer rests on, and how old that is. */
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "cli/db.h"

#include <inttypes.h>
#include <stdio.h>

enum { OLD_DAYS = 7 };

static void print_source_json(const struct advisory_source *s, struct json *j)
{
        char text[CLOCK_TEXT];
        json_object(j, NULL);
        json_str(j, "ecosystem", s->ecosystem);
        json_u64(j, "records", s->records);
        json_str(j, "newest", s->newest > 0 ? clock_rfc3339(s->newest, text) : NULL);
        json_str(j, "imported", clock_rfc3339(s->imported, text));
        json_str(j, "source", s->source);
        json_end(j);
}

int db_status(const struct db_options *options)
{
        const struct options *o = &options->common;
        _cleanup_buf_ struct buf out = BUF_INIT(16 << 20);
        struct json json = JSON_INIT(&out, 2), *j = options->json ? &json : NULL;
        _cleanup_advisory_ struct advisory_db *db = NULL;
        _cleanup_arena_ struct arena memory = ARENA_INIT(1 << 20);
        advisory_source_list list = {};
        struct error error = {};
        int64_t now = clock_wall(), old = 0;
        if (o->argument_count > 1) {
                log_error(0, "db status takes no '%s'; see usewear db --help", o->arguments[1]);
                return EXIT_USAGE;
        }
        if (advisory_open(o->state, ADVISORY_READ, &db, &error) < 0 ||
            advisory_status(db, &memory, &list, &error) < 0) {
                log_error(0, "%s", error.text);
                return EXIT_USAGE;
        }
        if (j)
                json_array(j, NULL);
        else
                printf("%-12s %9s  %-10s  %8s  %s\n", "ECOSYSTEM", "RECORDS", "NEWEST", "AGE", "SOURCE");
        vec_each (s, &list) {
                char newest[CLOCK_TEXT], age[CLOCK_TEXT], source[200];
                /* What was fetched is as fresh as the last look at its server, however long nothing changed
                 * there. */
                int64_t fresh = str_starts(s->source, "http") ? MAX(s->imported, s->newest) : s->newest;
                old += fresh > 0 && now - fresh > OLD_DAYS * 86400;
                if (j)
                        print_source_json(s, j);
                else
                        printf("%-12s %9" PRIu64 "  %-10s  %8s  %s\n", s->ecosystem, s->records,
                               db_day(s->newest, newest),
                               s->newest > 0 ? clock_span_text(now - s->newest, age) : "",
                               str_printable(source, sizeof(source), s->source));
        }
        if (!j && old)
                printf("\n%" PRId64 " of %zu are older than a week: usewear db update\n", old, list.count);
        vec_done(&list);
        if (j)
                json_end(j);
        return j ? db_print(&out) : 0;
}
