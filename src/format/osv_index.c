/* SPDX-License-Identifier: Apache-2.0 */
/* Ids become parts of URLs and names of files, so they are taken literally or not at all. */
#include "format/osv_index.h"

#include "base/clock.h"

#include <ctype.h>
#include <errno.h>

enum { ID_MAX = 200 };

static bool is_id(struct span s)
{
        for (size_t i = 0; i < s.size; i++)
                if ((unsigned char)s.data[i] >= 0x80 ||
                    (!isalnum((unsigned char)s.data[i]) && !strchr(".:_-", s.data[i])))
                        return false;
        return s.size && s.size <= ID_MAX && s.data[0] != '.';
}

int osv_index_next(struct span *rest, struct osv_index_entry *ret)
{
        struct span line, time;
        struct osv_index_entry entry;
        char text[64];
        do {
                if (!rest->size)
                        return 0;
                span_cut(rest, '\n', &line);
                line = span_trim(line);
        } while (!line.size);
        if (!span_cut(&line, ',', &time) || time.size >= sizeof(text))
                return -EBADMSG;
        memcpy(text, time.data, time.size);
        text[time.size] = 0;
        entry.id = span_trim(line);
        if (clock_parse_rfc3339(text, &entry.modified) < 0 || !is_id(entry.id))
                return -EBADMSG;
        *ret = entry;
        return 1;
}
