/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Two times: CLOCK_BOOTTIME nanoseconds inside (what the kernel stamps events and process starts with),
 * wall-clock seconds since 1970 in stores, RFC 3339 UTC outside. */

#include "base/macro.h"

#define NS_PER_S 1000000000ull

uint64_t clock_boottime(void); /* ns since boot, sleep included */
uint64_t clock_cpu(void);      /* ns that this thread has run */

/* What a piece of work may take of the CPU, asked for so often that a system call each time would be dear:
 * the CPU is looked at once a tick of the kernel's coarse clock (1 to 10 ms). */
struct clock_share {
        uint64_t end; /* clock_cpu() */
        int64_t tick; /* ns of the coarse clock when that was looked at */
        bool spent;
};
struct clock_share clock_share_of(uint64_t ns); /* of this thread, from now on */
bool clock_share_spent(struct clock_share *s);  /* once it is, it stays so */

int64_t clock_wall(void); /* s since 1970 */
/* Wall time of a boottime stamp, by the offset between both clocks now. */
int64_t clock_wall_of(uint64_t boottime_ns);

enum { CLOCK_TEXT = 32 };
/* "2026-11-24T08:44:00Z" into `to` (CLOCK_TEXT bytes); returns `to`. */
char *clock_rfc3339(int64_t wall, char to[static CLOCK_TEXT]);
/* Reads RFC 3339, any offset, fraction dropped. 0 or -EINVAL. */
int clock_parse_rfc3339(const char *text, int64_t *ret_wall);
/* "6 d", "3 h", "12 min", "5 s": the largest whole unit. Returns `to`. */
char *clock_span_text(int64_t seconds, char to[static CLOCK_TEXT]);
