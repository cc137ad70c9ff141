/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Functions and hooks that the user names by hand, for usewear events. */

#include "cli/function_spec.h"
#include "cli/options.h"
#include "sensor/sensor.h"

struct named_function {
        struct function_spec spec;
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
