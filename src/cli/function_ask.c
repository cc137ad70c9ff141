/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/function_ask.h"

#include "base/log.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

struct answer_slot {
        struct arena *arena;
        int status;
        struct function_reply reply;
};

static void on_reply(void *context, int status, struct wire *reply)
{
        struct answer_slot *slot = context;
        slot->status = status ? status : function_reply_unpack(reply, slot->arena, &slot->reply);
}

int function_ask(struct prober *prober, const char *command, const struct function_spec *spec,
                 struct arena *a, struct function_reply *ret)
{
        struct answer_slot slot = {.arena = a};
        struct native_query query = {.container = "", .function = spec->name, .provider = spec->provider};
        struct probe_job job = {.kind = PROBE_FUNCTIONS,
                                .pid = getpid(),
                                .path = spec->file,
                                .queries = &query,
                                .query_count = 1};
        int r = prober_submit(prober, &job, on_reply, &slot);
        if (r == 0)
                r = prober_run(prober);
        if (r == 0)
                r = slot.status ? slot.status : slot.reply.count != 1 ? -EBADMSG : 0;
        if (r < 0)
                return log_error(r, "%s: cannot look into %s: %s", command, spec->file, strerror(-r));
        *ret = slot.reply;
        return 0;
}

const char *function_missing(const struct native_function *found)
{
        if (found->unknown)
                return found->unknown;
        if (found->site_count)
                return NULL;
        return found->absent ? "not in the program: the linker left it out"
                             : "it exists only as inlined copies that cannot be told apart";
}

void function_note_limits(const struct function_spec *spec, const struct native_function *found)
{
        bool stepped = false, shared = false;
        for (size_t i = 0; i < found->site_count; i++) {
                stepped |= found->sites[i].stepped;
                shared |= found->sites[i].shared;
        }
        if (stepped)
                log_note("%s is single-stepped: each call costs several microseconds", spec->name);
        if (shared)
                log_note("%s shares its code with other functions: a hit may be one of them", spec->name);
}
