/* SPDX-License-Identifier: Apache-2.0 */

/* The file is looked into by the worker; here it is only held, so that what is probed is what was looked
 * into. */

#include "cli/event_function.h"

#include "base/log.h"
#include "base/str.h"
#include "base/vec.h"
#include "cli/function_ask.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

struct event_functions {
        struct arena arena;
        VEC(struct named_function) functions;
};

struct event_functions *event_functions_close(struct event_functions *f)
{
        if (!f)
                return NULL;
        vec_each (function, &f->functions)
                function_spec_done(&function->spec);
        vec_done(&f->functions);
        arena_done(&f->arena);
        free(f);
        return NULL;
}

const struct named_function *event_functions_find(const struct event_functions *f, uint64_t probe)
{
        return f && probe < f->functions.count ? &f->functions.items[probe] : NULL;
}

static int add(struct event_functions *f, const char *text, bool hook)
{
        struct named_function *slot = vec_add(&f->functions);
        if (!slot)
                return log_error(-ENOMEM, "out of memory");
        *slot = (struct named_function){};
        return function_spec_parse("events", text, hook, &slot->spec);
}

static int set_probes(struct event_functions *f, struct sensor *s, size_t index,
                      const struct function_reply *reply)
{
        struct named_function *function = &f->functions.items[index];
        const struct native_function *found = &reply->functions[0];
        struct function_probe probes[NATIVE_SITES_MOST];
        struct file_identity now;
        struct error error;
        const char *missing = function_missing(found);
        _cleanup_close_ int fd = open(function->spec.file, O_PATH | O_CLOEXEC);
        if (fd < 0 || file_identity_of(fd, &now) < 0 || memcmp(&now, &reply->identity, sizeof(now)) != 0)
                return log_error(-ESTALE, "events: %s changed just now; try again", function->spec.file);
        if (missing)
                return log_error(-ENOENT, "events: %s in %s: %s", function->spec.name, function->spec.file,
                                 missing);
        for (size_t i = 0; i < found->site_count; i++) {
                probes[i] = (struct function_probe){.offset = found->sites[i].offset,
                                                    .counter = found->sites[i].counter,
                                                    .number = (uint32_t)index,
                                                    .hook = function->spec.hook};
                function->shared |= found->sites[i].shared;
        }
        int r = sensor_set_probes(s, (uint32_t)index, fd, probes, found->site_count, &error);
        if (r < 0)
                return log_error(r, "events: %s: %s", function->spec.text, error.text);
        function->partial = found->partial       ? found->partial
                            : found->guard_count ? "copies of it were inlined into other functions"
                                                 : NULL;
        function_note_limits(&function->spec, found);
        if (function->partial)
                log_note("%s: silence would prove nothing: %s", function->spec.name, function->partial);
        return 0;
}

static int watch_one(struct event_functions *f, struct sensor *s, struct prober *prober, size_t index)
{
        const struct named_function *function = &f->functions.items[index];
        struct function_reply reply;
        struct error error;
        if (!function->spec.file) {
                int r = sensor_set_tracepoint(s, function->spec.provider, function->spec.name,
                                              (uint32_t)index, &error);
                return r < 0 ? log_error(r, "events: %s: %s", function->spec.text, error.text) : 0;
        }
        int r = function_ask(prober, "events", &function->spec, &f->arena, &reply);
        return r < 0 ? r : set_probes(f, s, index, &reply);
}

static int open_all(struct event_functions *f, struct sensor *s, const struct option_list *functions,
                    const struct option_list *hooks)
{
        struct error error;
        _cleanup_prober_ struct prober *prober = NULL;
        int r = prober_new(&(struct prober_options){}, &prober, &error);
        if (r < 0)
                return log_error(r, "%s", error.text);
        for (size_t i = 0; r == 0 && i < functions->count; i++)
                r = add(f, functions->items[i], false);
        for (size_t i = 0; r == 0 && i < hooks->count; i++)
                r = add(f, hooks->items[i], true);
        for (size_t i = 0; r == 0 && i < f->functions.count; i++)
                r = watch_one(f, s, prober, i);
        return r;
}

int event_functions_open(struct sensor *s, const struct option_list *functions,
                         const struct option_list *hooks, struct event_functions **ret)
{
        struct event_functions *f = calloc(1, sizeof(*f));
        if (!f)
                return log_error(-ENOMEM, "out of memory");
        f->arena = ARENA_INIT(64 << 20);
        int r = open_all(f, s, functions, hooks);
        if (r < 0) {
                event_functions_close(f);
                return r;
        }
        *ret = f;
        return 0;
}
