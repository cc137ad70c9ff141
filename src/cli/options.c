/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/options.h"

#include "base/log.h"
#include "base/str.h"

#include <errno.h>
#include <stdio.h>

static const char *default_state(void)
{
        static char path[4096];
        const char *configured = getenv("USEWEAR_STATE");
        if (configured && *configured)
                return configured;
        if (geteuid() == 0)
                return "/var/lib/usewear";
        const char *xdg = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
        if (xdg && *xdg == '/')
                snprintf(path, sizeof(path), "%s/usewear", xdg);
        else
                snprintf(path, sizeof(path), "%s/.local/state/usewear", home && *home ? home : "/tmp");
        return path;
}

static int usage_error(const struct options *o, const char *problem, const char *subject)
{
        return log_error(-EINVAL, "%s: %s '%s'; see usewear %s --help", o->command->name, problem, subject,
                         o->command->name);
}

static int take_value(const struct options *o, const struct option_spec *spec, const char *value)
{
        if (spec->kind == OPTION_TEXT) {
                *(const char **)spec->target = value;
                return 0;
        }
        if (spec->kind == OPTION_LIST) {
                struct option_list *list = spec->target;
                if (list->count >= ARRAY_SIZE(list->items))
                        return usage_error(o, "too often:", spec->name);
                list->items[list->count++] = value;
                return 0;
        }
        if (str_to_u64(value, 10, spec->target) < 0)
                return usage_error(o, "needs a whole number, not", value);
        return 0;
}

static int parse_option(struct options *o, int argc, char **argv, int *i)
{
        const struct option_spec state = {"--state", OPTION_TEXT, &o->state};
        const char *word = argv[*i];
        size_t size = strcspn(word, "=");
        for (size_t k = 0; k <= o->spec_count; k++) {
                const struct option_spec *spec = k < o->spec_count ? &o->specs[k] : &state;
                if (strlen(spec->name) != size || strncmp(word, spec->name, size))
                        continue;
                if (spec->kind == OPTION_FLAG) {
                        if (word[size])
                                return usage_error(o, "takes no value:", word);
                        *(bool *)spec->target = true;
                        return 0;
                }
                if (word[size])
                        return take_value(o, spec, word + size + 1);
                if (*i + 1 >= argc)
                        return usage_error(o, "needs a value:", word);
                return take_value(o, spec, argv[++*i]);
        }
        return usage_error(o, "unknown option", word);
}

int options_parse(struct options *o, int argc, char **argv)
{
        bool only_arguments = false;
        o->state = default_state();
        o->arguments = (const char **)argv; /* compacted in place */
        o->argument_count = 0;
        for (int i = 1; i < argc; i++) {
                const char *word = argv[i];
                if (!only_arguments && (!strcmp(word, "--help") || !strcmp(word, "-h"))) {
                        fputs(o->command->help, stdout);
                        return 1;
                }
                if (!only_arguments && !strcmp(word, "--")) {
                        only_arguments = true;
                        continue;
                }
                if (!only_arguments && word[0] == '-' && word[1]) {
                        int r = parse_option(o, argc, argv, &i);
                        if (r < 0)
                                return r;
                        continue;
                }
                if (o->argument_count >= o->most_arguments)
                        return usage_error(o, "did not expect", word);
                o->arguments[o->argument_count++] = word;
        }
        if (!*o->state)
                return usage_error(o, "needs a folder:", "--state");
        return 0;
}
