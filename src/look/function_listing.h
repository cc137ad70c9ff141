/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Inside of function_list.c: what was told of the functions of one process after the other, made one. */

#include "base/map.h"
#include "host/process.h"
#include "look/function_list.h"
#include "prober/prober.h"
#include "prober/runtime_reply.h"

struct listing {
        const struct function_query *query;
        struct prober *prober;
        struct arena *a;
        VEC(struct process) processes;
        VEC(struct function_engine) engines;
        VEC(struct function_package *) packages; /* in the arena */
        VEC(struct function_record) functions;
        VEC(const char *) losses;
        struct map by_package;  /* key → struct function_package */
        struct map by_function; /* key → index, plus 1 */
        const struct process *asked;
        bool more;
        int status;
};

/* What an engine told of `asked`. 0 or -ENOMEM. */
int listing_take_look(struct listing *l, const struct runtime_look *look);
/* Native functions: of the whole workload, as the probes of a running watch have told it. 0 or -errno with a
 * sentence. */
int listing_take_history(struct listing *l, struct error *error);
/* Count the functions of each package, once all are there. */
void listing_count(struct listing *l);
