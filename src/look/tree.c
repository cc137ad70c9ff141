/* SPDX-License-Identifier: Apache-2.0 */

/* Files of a tree are as foreign as those of a process: the worker parses them, this end takes records. */

#include "look/tree.h"

#include "prober/prober.h"

#include <errno.h>

struct answer_to_come {
        struct arena *arena;
        struct inventory_reply *reply;
        int status;
};

static void tree_done(void *context, int status, struct wire *reply)
{
        struct answer_to_come *answer = context;
        answer->status = status ? status : inventory_reply_unpack(reply, answer->arena, answer->reply);
}

static int read_once(const struct tree_options *options, struct arena *a, struct inventory_reply *ret,
                     struct error *error)
{
        _cleanup_prober_ struct prober *prober = NULL;
        struct answer_to_come answer = {.arena = a, .reply = ret, .status = -EPIPE};
        int r = prober_new(&(struct prober_options){}, &prober, error);
        if (r < 0)
                return r;
        const struct probe_job job = {.kind = PROBE_INVENTORY,
                                      .flags = PROBE_TREE_WHOLE | (options->caches ? PROBE_TREE_CACHES : 0) |
                                               (options->every_mount ? PROBE_TREE_MOUNTS : 0) |
                                               (options->one_file_system ? PROBE_TREE_ONE : 0),
                                      .root_id = options->root_id,
                                      .root_path = options->path,
                                      .things = options->things,
                                      .thing_count = options->thing_count,
                                      .time = options->time,
                                      .kernel_release = options->kernel};
        r = prober_submit(prober, &job, tree_done, &answer);
        if (r == 0)
                r = prober_run(prober);
        if (r == 0)
                r = answer.status;
        if (r == -ETIME)
                return error_set(error, r, "%s: reading it took too long", options->path);
        if (r == -EPIPE)
                return error_set(error, r, "%s: the worker died while reading it", options->path);
        return r < 0 ? error_set(error, r, "%s: %s", options->path, strerror(-r)) : 0;
}

/* Reading stops by itself when the time is over. A worker that does not hangs in a call to a file system,
 * which nothing but its death ends. */
int tree_read(const struct tree_options *options, struct arena *a, struct inventory_reply *ret,
              struct error *error)
{
        struct tree_options again = *options;
        int r = read_once(options, a, ret, error);
        if (r != -ETIME || options->one_file_system)
                return r;
        again.one_file_system = true;
        again.every_mount = false;
        if ((r = read_once(&again, a, ret, error)) < 0)
                return r;
        const char **limit = vec_add(&ret->limits);
        if (!limit)
                return error_set(error, -ENOMEM, "out of memory");
        *limit = "left out: every file system that is mounted in it, because reading one of them hung";
        return 0;
}
