/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
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

uint64_t clock_cpu(void)
{
        struct timespec t;
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
        return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

struct clock_share clock_share_of(uint64_t ns)
{
        return (struct clock_share){.end = clock_cpu() + ns};
}

bool clock_share_spent(struct clock_share *s)
{
        struct timespec now = {};
        clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
        if (!s->spent && now.tv_nsec != s->tick) {
                s->tick = now.tv_nsec;
                s->spent = clock_cpu() >= s->end;
        }
        return s->spent;
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

/* Exactly `count` digits: sscanf would take blanks and signs as well. */
static bool take_number(const char **text, int count, int *ret)
{
        int value = 0;
        for (int i = 0; i < count; i++, (*text)++) {
                if (**text < '0' || **text > '9')
                        return false;
                value = value * 10 + (**text - '0');
        }
        *ret = value;
        return true;
}

static bool take_one_of(const char **text, const char *marks)
{
        return **text && strchr(marks, *(*text)++);
}

static bool take_moment(const char **text, struct tm *tm)
{
        return take_number(text, 4, &tm->tm_year) && take_one_of(text, "-") &&
               take_number(text, 2, &tm->tm_mon) && take_one_of(text, "-") &&
               take_number(text, 2, &tm->tm_mday) && take_one_of(text, "Tt ") &&
               take_number(text, 2, &tm->tm_hour) && take_one_of(text, ":") &&
               take_number(text, 2, &tm->tm_min) && take_one_of(text, ":") &&
               take_number(text, 2, &tm->tm_sec);
}

/* "Z", "+01:00" */
static bool take_offset(const char **text, int *ret_minutes)
{
        int hours = 0, minutes = 0;
        const char *sign = *text;
        if (!take_one_of(text, "Zz+-"))
                return false;
        bool utc = *sign == 'Z' || *sign == 'z';
        if (!utc && (!take_number(text, 2, &hours) || !take_one_of(text, ":") ||
                     !take_number(text, 2, &minutes) || hours > 23 || minutes > 59))
                return false;
        *ret_minutes = (hours * 60 + minutes) * (*sign == '-' ? -1 : 1);
        return true;
}

int clock_parse_rfc3339(const char *text, int64_t *ret_wall)
{
        struct tm tm = {}, checked;
        int offset;
        if (!take_moment(&text, &tm) || tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60)
                return -EINVAL;
        if (*text == '.') {
                const char *fraction = ++text;
                while (*text >= '0' && *text <= '9')
                        text++;
                if (text == fraction)
                        return -EINVAL;
        }
        if (!take_offset(&text, &offset) || *text)
                return -EINVAL;
        tm.tm_year -= 1900;
        tm.tm_mon -= 1;
        /* timegm makes 2 March of 30 February; such a date comes back changed. */
        struct tm day = {.tm_year = tm.tm_year, .tm_mon = tm.tm_mon, .tm_mday = tm.tm_mday};
        time_t midnight = timegm(&day);
        if (!gmtime_r(&midnight, &checked) || checked.tm_mon != tm.tm_mon || checked.tm_mday != tm.tm_mday)
                return -EINVAL;
        *ret_wall = (int64_t)timegm(&tm) - offset * 60;
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
