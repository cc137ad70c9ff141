/* SPDX-License-Identifier: Apache-2.0 */
/* How the subcommands of usewear db write what they have found. */
#include "base/file.h"
#include "base/log.h"
#include "cli/db.h"

/* The day of a date, "–" where the source has none (Go's records carry no dates of change). */
const char *db_day(int64_t wall, char to[static DB_DAY])
{
        if (wall <= 0)
                return "–";
        clock_rfc3339(wall, to);
        to[10] = 0;
        return to;
}

int db_print(struct buf *out)
{
        int r = buf_add_char(out, '\n');
        if (r == 0)
                r = file_write_fd(STDOUT_FILENO, out->data, out->size);
        if (r < 0)
                log_error(r, "cannot write the answer: %s", strerror(-r));
        return r < 0 ? EXIT_USAGE : 0;
}
