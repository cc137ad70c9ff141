/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the user names by hand: functions, FILE:NAME, and hooks, tracepoint:CATEGORY:NAME and
 * usdt:FILE:PROVIDER:NAME. */

#include "cli/options.h"
#include "sensor/sensor.h"

struct named_function {
        const char *spec; /* as given */
        bool hook;
        char *file;          /* resolved path; NULL: a tracepoint */
        char *provider;      /* of a USDT probe; category of a tracepoint; else NULL */
        const char *name;    /* in `spec` */
        const char *partial; /* NULL, or why no event does not mean that it did not run */
        bool shared;         /* some of its places run for other functions, too */
};

struct event_functions;
/* Look the functions up (in a worker, like all parsing) and set probes. 0, or -errno after one line about
 * what is wrong was printed. Notes about cost and limits go to stderr as well. */
int event_functions_open(struct sensor *s, const struct option_list *functions,
                         const struct option_list *hooks, struct event_functions **ret);
struct event_functions *event_functions_close(struct event_functions *f); /* returns NULL */
/* Whose probe it is, or NULL. */
const struct named_function *event_functions_find(const struct event_functions *f, uint64_t probe);
