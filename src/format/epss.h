/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* FIRST's EPSS scores as CSV: a comment with the date, a header, then cve,epss,percentile lines. Read line
 * by line, so that the file (some 20 MB) is never in memory as a whole. */

#include "base/error.h"
#include "base/str.h"

struct epss_reader {
        int64_t date;  /* wall s of the scores; 0 until the comment was read */
        bool header;   /* the header line was seen */
        uint64_t line; /* lines read */
};
struct epss_score {
        char cve[25];
        double score, percentile; /* 0–1 */
};

/* Whether the file's first line starts like an EPSS file. */
bool epss_recognise(struct span first_line);
/* Read one line. 1: a score, 0: nothing on this line, -EBADMSG with a sentence. */
int epss_line(struct epss_reader *r, struct span line, struct epss_score *ret, struct error *error);
