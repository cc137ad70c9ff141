/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/function_spec.h"

#include "base/log.h"
#include "base/str.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

static int resolve(const char *command, const char *path, size_t size, struct function_spec *to)
{
        _cleanup_free_ char *text = strndup(path, size);
        if (!text)
                return log_error(-ENOMEM, "out of memory");
        struct stat st, found;
        if (stat(text, &st) < 0)
                return log_error(-errno, "%s: %s: %s", command, text, strerror(errno));
        to->file = realpath(text, NULL);
        if (!to->file && errno != ENOENT)
                return log_error(-errno, "%s: %s: %s", command, text, strerror(errno));
        /* By /proc/PID/root: the path that comes of it means another file here, or none. */
        if (!to->file || stat(to->file, &found) < 0 || st.st_dev != found.st_dev || st.st_ino != found.st_ino)
                return log_error(-EXDEV, "%s: %s lies in another root; only files of this one can be named",
                                 command, text);
        return S_ISREG(st.st_mode) ? 0 : log_error(-EINVAL, "%s: %s is no regular file", command, text);
}

/* In a version: "memcpy@GLIBC_2.14", or with "@@", as tools write the one that is taken by default. */
static bool is_name(const char *name)
{
        size_t size = strcspn(name, "@"), marks = strspn(name + size, "@");
        const char *version = name + size + marks;
        return !marks || (size && marks <= 2 && *version && !strchr(version, '@') && !str_starts(name, "0x"));
}

static int parse_function(const char *command, const char *spec, struct function_spec *to)
{
        const char *colon = strchr(spec, ':');
        if (!colon || colon == spec || !colon[1])
                return log_error(-EINVAL, "%s: --function needs FILE:NAME, not '%s'", command, spec);
        if (!is_name(colon + 1))
                return log_error(-EINVAL, "%s: --function needs FILE:NAME@VERSION for one version, not '%s'",
                                 command, spec);
        to->name = colon + 1;
        return resolve(command, spec, (size_t)(colon - spec), to);
}

static int bad_hook(const char *command, const char *spec)
{
        return log_error(-EINVAL,
                         "%s: --hook needs tracepoint:CATEGORY:NAME or usdt:FILE:PROVIDER:NAME, not '%s'",
                         command, spec);
}

static int parse_hook(const char *command, const char *spec, struct function_spec *to)
{
        const char *rest = str_starts(spec, "tracepoint:") ? spec + strlen("tracepoint:")
                           : str_starts(spec, "usdt:")     ? spec + strlen("usdt:")
                                                           : NULL;
        const char *colon = rest ? strchr(rest, ':') : NULL;
        if (!colon || colon == rest || !colon[1])
                return bad_hook(command, spec);
        if (*spec == 'u') {
                int r = resolve(command, rest, (size_t)(colon - rest), to);
                if (r < 0)
                        return r;
                rest = colon + 1;
                colon = strchr(rest, ':');
                if (!colon || colon == rest || !colon[1])
                        return bad_hook(command, spec);
        }
        to->name = colon + 1;
        to->provider = strndup(rest, (size_t)(colon - rest));
        return to->provider ? 0 : log_error(-ENOMEM, "out of memory");
}

int function_spec_parse(const char *command, const char *text, bool hook, struct function_spec *ret)
{
        *ret = (struct function_spec){.text = text, .hook = hook};
        return hook ? parse_hook(command, text, ret) : parse_function(command, text, ret);
}

void function_spec_done(struct function_spec *s)
{
        free(s->file);
        free(s->provider);
}
