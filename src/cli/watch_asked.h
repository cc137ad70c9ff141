/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Functions and hooks that the user names by hand, for usewear watch. */

#include "cli/function_spec.h"
#include "cli/options.h"
#include "look/look.h"

enum { WATCH_ASKED_MOST = 2 * ARRAY_SIZE(((struct option_list *)0)->items) };

struct watch_asked {
        struct look_function functions[WATCH_ASKED_MOST]; /* as a look takes them; strings are those below */
        struct function_spec specs[WATCH_ASKED_MOST];
        size_t count;
};

/* 0, or -errno after one line about what is wrong was printed: not written as they must be, or a file that
 * can never have what is asked for. What its file does not have now is noted, and no error: another version
 * of the file may come while it is watched. To be given to watch_asked_done() in either case. */
int watch_asked_take(const struct option_list *functions, const struct option_list *hooks,
                     struct watch_asked *ret);
void watch_asked_done(struct watch_asked *a);
