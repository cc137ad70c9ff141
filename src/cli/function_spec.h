/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the user names by hand: functions, FILE:NAME, and hooks, tracepoint:CATEGORY:NAME and
 * usdt:FILE:PROVIDER:NAME. */

#include "base/macro.h"

struct function_spec {
        const char *text; /* as given */
        bool hook;
        char *file;       /* resolved path; NULL: a tracepoint */
        char *provider;   /* of a USDT probe; category of a tracepoint; else NULL */
        const char *name; /* in `text` */
};

/* Of an option of `command`: --hook, else --function. 0, or -errno after one line about what is wrong was
 * printed. To be given to function_spec_done() in either case. */
int function_spec_parse(const char *command, const char *text, bool hook, struct function_spec *ret);
void function_spec_done(struct function_spec *s);
