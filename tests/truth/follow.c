/* SPDX-License-Identifier: Apache-2.0 */
/* follow-functions PID PROGRAM: for each line of the input one more look at the process, by the worker that
 * keeps what it knows, as under `usewear watch`. Prints "answer TAB line TAB file TAB name" of each function,
 * then ".", with the reason behind it where nothing is said not to have run. */
#include "prober/prober.h"

#include "host/process.h"
#include "prober/runtime_reply.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const answers[] = {
        [ANSWER_UNKNOWN] = "unknown", [ANSWER_YES] = "yes", [ANSWER_NOT_OBSERVED] = "not_observed"};

struct follow {
        struct process process;
        int status;
        bool more;
};

static void take_process(void *context, int status, struct wire *reply)
{
        struct follow *f = context;
        static struct arena a = ARENA_INIT(64 << 20);
        f->status = status ? status : process_unpack(reply, &a, &f->process);
}

static void take_look(void *context, int status, struct wire *reply)
{
        struct follow *f = context;
        _cleanup_arena_ struct arena a = ARENA_INIT(256 << 20);
        struct runtime_reply record = {};
        f->status = status ? status : runtime_reply_unpack(reply, &a, &record);
        f->more = false;
        vec_each (look, &record.looks)
                f->more |= look->more;
        vec_each (look, &record.looks) {
                if (f->status || f->more)
                        continue;
                vec_each (fn, &look->functions)
                        printf("%s\t%" PRIu64 "\t%s\t%s\t%s\n", answers[fn->answer], fn->line, fn->file,
                               fn->name, fn->reason ? fn->reason : "");
                printf(". %s\n", look->negatives_unknown ? look->negatives_unknown : "");
        }
        runtime_reply_done(&record);
}

int main(int argc, char **argv)
{
        _cleanup_prober_ struct prober *prober = NULL;
        struct prober_options options = {.program = argc > 2 ? argv[2] : NULL, .deadline_ns = 60000000000};
        struct follow f = {};
        struct error error = {};
        char line[64];
        if (argc != 3 || prober_new(&options, &prober, &error) < 0)
                return 2;
        struct probe_job find = {.kind = PROBE_PROCESS, .pid = atoi(argv[1])};
        if (prober_submit(prober, &find, take_process, &f) < 0 || prober_run(prober) < 0 || f.status)
                return 3;
        while (fgets(line, sizeof(line), stdin)) {
                struct probe_job look = {.kind = PROBE_RUNTIMES,
                                         .pid = f.process.pid,
                                         .start = f.process.start,
                                         .root_id = f.process.root.id,
                                         .flags = RUNTIME_AGAIN | RUNTIME_ALL};
                do
                        if (prober_submit(prober, &look, take_look, &f) < 0 || prober_run(prober) < 0 ||
                            f.status) {
                                fprintf(stderr, "look failed: %s\n", strerror(-f.status));
                                return 4;
                        }
                while (f.more);
                fflush(stdout);
        }
        return 0;
}
