/* SPDX-License-Identifier: Apache-2.0 */
/* A line that is not understood refuses the file: half of the scores would rank the other half wrongly. */
#include "format/epss.h"

#include "base/clock.h"
#include "format/kev.h"

#include <errno.h>
#include <inttypes.h>

bool epss_recognise(struct span first_line)
{
        return span_starts(first_line, "#model_version:") || span_starts(first_line, "cve,epss,percentile");
}

/* "0.00383", "1", "1e-05"; never the locale's decimal comma. */
static int parse_probability(struct span s, double *ret)
{
        char text[32];
        if (!s.size || s.size >= sizeof(text))
                return -EINVAL;
        for (size_t i = 0; i < s.size; i++)
                if (!strchr("0123456789.eE+-", s.data[i]))
                        return -EINVAL;
        memcpy(text, s.data, s.size);
        text[s.size] = 0;
        char *end;
        double value = strtod(text, &end);
        if (*end || !(value >= 0 && value <= 1))
                return -EINVAL;
        *ret = value;
        return 0;
}

static void take_comment(struct epss_reader *r, struct span line)
{
        const char *key = "score_date:";
        const char *at = memmem(line.data, line.size, key, strlen(key));
        char date[CLOCK_TEXT] = {};
        if (!at)
                return;
        at += strlen(key);
        /* The offset is written without a colon ("+0000"); the scores are a day's, so it is not needed. */
        size_t size = MIN((size_t)(line.data + line.size - at), (size_t)19);
        memcpy(date, at, size);
        strcpy(date + size, "Z");
        if (clock_parse_rfc3339(date, &r->date) < 0) {
                strcpy(date + MIN(size, (size_t)10), "T00:00:00Z");
                clock_parse_rfc3339(date, &r->date);
        }
}

int epss_line(struct epss_reader *r, struct span line, struct epss_score *ret, struct error *error)
{
        struct span rest = span_trim(line), cve, score;
        r->line++;
        if (!rest.size)
                return 0;
        if (rest.data[0] == '#') {
                take_comment(r, rest);
                return 0;
        }
        if (!r->header) {
                r->header = span_equal(rest, "cve,epss,percentile");
                return r->header ? 0
                                 : error_set(error, -EBADMSG,
                                             "not EPSS scores: no header \"cve,epss,percentile\"");
        }
        struct epss_score found = {};
        if (span_cut(&rest, ',', &cve) && cve.size < sizeof(found.cve))
                memcpy(found.cve, cve.data, cve.size);
        if (!cve_valid(found.cve) || !span_cut(&rest, ',', &score) ||
            parse_probability(score, &found.score) < 0 || parse_probability(rest, &found.percentile) < 0)
                return error_set(error, -EBADMSG, "line %" PRIu64 " of the EPSS scores is damaged", r->line);
        *ret = found;
        return 1;
}
