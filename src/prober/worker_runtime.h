/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Inside of src/prober: the processes that engines watch, from one look to the next. */

#include "evidence/engine.h"
#include "prober/runtime_reply.h"
#include "prober/worker_memory.h"

struct engine_session {
        const struct engine *engine;
        void *state;
        uint64_t since; /* boottime ns of the first look */
        bool more;
};

struct watched_process {
        int pid; /* key */
        uint64_t start;
        uint64_t bytes;         /* read by the last job */
        uint64_t used;          /* boottime ns of the last job */
        uint64_t size;          /* bytes that its sessions hold */
        bool rests;             /* they have let go of most */
        bool too_large;         /* the last look was given up: what it knew was more than is kept */
        bool forgotten;         /* something may have been known that was forgotten with it */
        bool forked;            /* it has executed no program since it was forked */
        uint64_t program_start; /* boottime ns */
        struct engine_session sessions[RUNTIME_ENGINES];
        size_t session_count;
};

/* Whose sessions rest first where all together are too large; NULL: nobody has any. `looked_at` is who
 * was looked at just now, or NULL. */
struct watched_process *worker_next_to_rest(const struct worker *w, struct watched_process *looked_at);
/* A look that goes on while what it knows is more than is kept would begin anew for ever: it ends. */
void worker_give_up_if_too_large(struct watched_process *p);
/* What the sessions know, in the terms of packages and of the job's questions. 0 or -ENOMEM. The strings are
 * those of the sessions, the inventory and the arena. */
int worker_tell(struct worker *w, const struct probe_job *job, const struct watched_process *p,
                struct arena *a, struct runtime_reply *to);
