/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The subcommands of `usewear db`, one file each where they are more than a few lines. */

#include "advisory/advisory.h"
#include "base/clock.h"
#include "base/json.h"
#include "cli/options.h"

struct db_options {
        struct options common;
        bool json, all;
        const char *sbom, *from;
        const char *url, *kev_url, *epss_url;
        uint64_t timeout; /* s; 0: the usual */
};

/* argument 0 is the subcommand's name. The exit code. */
int db_import(const struct db_options *o);
int db_status(const struct db_options *o);
int db_match(const struct db_options *o);
int db_show(const struct db_options *o);
int db_symbols(const struct db_options *o);
int db_compare(const struct db_options *o);
int db_update(const struct db_options *o);

/* Watching an import on a terminal: notes on lines of their own, progress on one that changes. */
struct import_view {
        bool terminal, shown;
};
struct import_watch import_view_watch(struct import_view *view);
void import_view_clear(struct import_view *view);

/* "2026-11-24", or "–" where the wall time is not known. */
enum { DB_DAY = CLOCK_TEXT };
const char *db_day(int64_t wall, char to[static DB_DAY]);
/* Print an array of what `fill` writes. */
int db_print(struct buf *out);
