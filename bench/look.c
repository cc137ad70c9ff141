/* SPDX-License-Identifier: Apache-2.0 */
/* bench-look PID PROGRAM: for each line "look" of the input one look into the process, by the worker that
 * keeps what it knows, as under `usewear watch`; for "count" what the last look saw, function by function.
 * Prints "CPU ns, bytes read, functions, of them executed, rounds". Packages are left out: what is measured
 * is the looking. */
#include "prober/prober.h"

#include "host/process.h"
#include "prober/channel.h"
#include "prober/runtime_reply.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct bench {
        struct process process;
        struct arena arena;
        int status;
        bool more;
        uint64_t cpu_ns, bytes, known, executed, rounds;
};

static void take_process(void *context, int status, struct wire *reply)
{
        struct bench *b = context;
        b->status = status ? status : process_unpack(reply, &b->arena, &b->process);
}

static void take_look(void *context, int status, struct wire *reply)
{
        struct bench *b = context;
        _cleanup_arena_ struct arena a = ARENA_INIT(256 << 20);
        struct runtime_reply record = {};
        b->status = status ? status : runtime_reply_unpack(reply, &a, &record);
        b->more = false;
        b->rounds++;
        b->known = b->executed = 0;
        vec_each (look, &record.looks) {
                b->more |= look->more;
                b->cpu_ns += look->cpu_ns;
                b->bytes = MAX(b->bytes, look->bytes);
                b->known += look->functions.count;
                vec_each (f, &look->functions)
                        b->executed += f->answer == ANSWER_YES;
        }
        runtime_reply_done(&record);
}

static int look(struct prober *prober, struct bench *b, unsigned flags)
{
        struct probe_job job = {.kind = PROBE_RUNTIMES,
                                .pid = b->process.pid,
                                .start = b->process.start,
                                .root_id = "bench",
                                .flags = flags | PROBE_NO_INVENTORY};
        b->cpu_ns = b->bytes = b->rounds = 0;
        do {
                int r = prober_submit(prober, &job, take_look, b);
                if (r == 0)
                        r = prober_run(prober);
                if (r < 0 || b->status)
                        return r < 0 ? r : b->status;
        } while (b->more);
        return 0;
}

int main(int argc, char **argv)
{
        _cleanup_prober_ struct prober *prober = NULL;
        struct prober_options options = {.program = argc > 2 ? argv[2] : NULL, .deadline_ns = 60000000000};
        struct bench b = {.arena = ARENA_INIT(64 << 20)};
        struct error error = {};
        char line[64];
        if (argc != 3 || prober_new(&options, &prober, &error) < 0)
                return 2;
        struct probe_job find = {.kind = PROBE_PROCESS, .pid = atoi(argv[1])};
        if (prober_submit(prober, &find, take_process, &b) < 0 || prober_run(prober) < 0 || b.status)
                return 3;
        while (fgets(line, sizeof(line), stdin)) {
                int r = look(prober, &b, strcmp(line, "count\n") ? RUNTIME_AGAIN : RUNTIME_ALL);
                if (r < 0) {
                        fprintf(stderr, "look failed: %s\n", strerror(-r));
                        return 4;
                }
                printf("%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", b.cpu_ns, b.bytes,
                       b.known, b.executed, b.rounds);
                fflush(stdout);
        }
        process_done(&b.process);
        arena_done(&b.arena);
        return 0;
}
