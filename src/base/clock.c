/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

static uint64_t clock_read(clockid_t id)
{
        struct timespec now = {};
        clock_gettime(id, &now);
        return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

uint64_t clock_boottime(void)
{
        return clock_read(CLOCK_BOOTTIME);
}

int64_t clock_wall(void)
{
        return (int64_t)(clock_read(CLOCK_REALTIME) / NS_PER_S);
}

int64_t clock_wall_of(uint64_t boottime_ns)
{
        int64_t ago = (int64_t)(clock_boottime() - boottime_ns);
        return ((int64_t)clock_read(CLOCK_REALTIME) - ago) / (int64_t)NS_PER_S;
}

char *clock_rfc3339(int64_t wall, char to[static CLOCK_TEXT])
{
        time_t seconds = wall;
        struct tm tm;
        if (!gmtime_r(&seconds, &tm) || !strftime(to, CLOCK_TEXT, "%Y-%m-%dT%H:%M:%SZ", &tm))
                snprintf(to, CLOCK_TEXT, "1970-01-01T00:00:00Z");
        return to;
}

int clock_parse_rfc3339(const char *text, int64_t *ret_wall)
{
        struct tm tm = {};
        int at = 0, more = 0;
        if (sscanf(text, "%4d-%2d-%2d%*[Tt ]%2d:%2d:%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour,
                   &tm.tm_min, &tm.tm_sec, &at) != 6 ||
            !at)
                return -EINVAL;
        if (tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1 || tm.tm_mday > 31 || tm.tm_hour < 0 ||
            tm.tm_hour > 23 || tm.tm_min < 0 || tm.tm_min > 59 || tm.tm_sec < 0 || tm.tm_sec > 60)
                return -EINVAL;
        const char *rest = text + at;
        if (*rest == '.') {
                rest++;
                while (*rest >= '0' && *rest <= '9')
                        rest++;
        }
        int hours = 0, minutes = 0;
        if (*rest == '+' || *rest == '-') {
                if (sscanf(rest + 1, "%2d:%2d%n", &hours, &minutes, &more) != 2 || rest[1 + more])
                        return -EINVAL;
                if (*rest == '-') {
                        hours = -hours;
                        minutes = -minutes;
                }
        } else if ((*rest != 'Z' && *rest != 'z') || rest[1]) {
                return -EINVAL;
        }
        tm.tm_year -= 1900;
        tm.tm_mon -= 1;
        *ret_wall = (int64_t)timegm(&tm) - (hours * 60 + minutes) * 60;
        return 0;
}

char *clock_span_text(int64_t seconds, char to[static CLOCK_TEXT])
{
        if (seconds < 0)
                seconds = 0;
        if (seconds < 60)
                snprintf(to, CLOCK_TEXT, "%" PRId64 " s", seconds);
        else if (seconds < 3600)
                snprintf(to, CLOCK_TEXT, "%" PRId64 " min", seconds / 60);
        else if (seconds < 86400)
                snprintf(to, CLOCK_TEXT, "%" PRId64 " h", seconds / 3600);
        else
                snprintf(to, CLOCK_TEXT, "%" PRId64 " d", seconds / 86400);
        return to;
}
