/* SPDX-License-Identifier: Apache-2.0 */

/* The looks find the named files among those that are mapped, whenever that is. Whether they have what is
 * asked for is looked at once more in front, so that a mistyped name is not waited for in vain. */

#include "cli/watch_asked.h"

#include "base/log.h"
#include "base/str.h"
#include "cli/function_ask.h"

#include <errno.h>

enum { ASK_MEMORY = 64 << 20 };

static int check(struct prober *prober, const struct function_spec *spec, struct arena *a)
{
        struct function_reply reply;
        int r = function_ask(prober, "watch", spec, a, &reply);
        if (r < 0)
                return r == -ETIME ? 0 : r;
        const char *missing = function_missing(&reply.functions[0]);
        if (str_equal(missing, FUNCTION_NO_ELF))
                return log_error(-ENOEXEC, "watch: %s: %s", spec->file, missing);
        if (missing)
                log_note("watch: %s in %s is not watched: %s; it will be if another version of the file has "
                         "it",
                         spec->name, spec->file, missing);
        function_note_limits(spec, &reply.functions[0]);
        return 0;
}

static int check_all(const struct watch_asked *asked)
{
        _cleanup_arena_ struct arena a = ARENA_INIT(ASK_MEMORY);
        _cleanup_prober_ struct prober *prober = NULL;
        struct error error;
        int r = prober_new(&(struct prober_options){}, &prober, &error);
        if (r < 0)
                return log_error(r, "%s", error.text);
        for (size_t i = 0; r == 0 && i < asked->count; i++)
                if (asked->specs[i].file)
                        r = check(prober, &asked->specs[i], &a);
        return r;
}

int watch_asked_take(const struct option_list *functions, const struct option_list *hooks,
                     struct watch_asked *ret)
{
        for (size_t i = 0; i < functions->count + hooks->count; i++) {
                bool hook = i >= functions->count;
                const char *text = hook ? hooks->items[i - functions->count] : functions->items[i];
                struct function_spec *spec = &ret->specs[ret->count];
                int r = function_spec_parse("watch", text, hook, spec);
                ret->functions[ret->count++] = (struct look_function){
                        .text = text, .file = spec->file, .provider = spec->provider, .name = spec->name};
                if (r < 0)
                        return r;
        }
        return ret->count ? check_all(ret) : 0;
}

void watch_asked_done(struct watch_asked *a)
{
        for (size_t i = 0; i < a->count; i++)
                function_spec_done(&a->specs[i]);
        a->count = 0;
}
