/* SPDX-License-Identifier: Apache-2.0 */

/* What a process has ever run, asked of its own memory: no daemon and no history is needed. */

#include "base/log.h"
#include "cli/findings.h"
#include "look/function_list.h"

#include <string.h>

enum { LIST_MEMORY = 1024 << 20, LIST_TEXT = 1024 << 20 };

static int read_query(const struct options *o, struct function_query *q)
{
        uint64_t pid = 0;
        if ((o->argument_count == 0) == (q->workload == NULL))
                return log_error(-1, "functions: takes the PID of a process, or --workload W; see usewear "
                                     "functions --help");
        if (o->argument_count && (str_to_u64(o->arguments[0], 10, &pid) < 0 || !pid || pid > INT32_MAX))
                return log_error(-1, "functions: '%s' is no process id", o->arguments[0]);
        q->pid = (int)pid;
        return 0;
}

static int functions_run(int argc, char **argv)
{
        struct findings_options output = {};
        struct function_query query = {};
        const struct option_spec specs[] = {{"--json", OPTION_FLAG, &output.json},
                                            {"--all", OPTION_FLAG, &output.all},
                                            {"--workload", OPTION_TEXT, &query.workload},
                                            {"--package", OPTION_TEXT, &query.package}};
        struct options options = {.command = &command_functions,
                                  .specs = specs,
                                  .spec_count = ARRAY_SIZE(specs),
                                  .most_arguments = 1,
                                  .arguments_name = "PID"};
        int r = options_parse(&options, argc, argv);
        if (r)
                return r < 0 ? EXIT_USAGE : 0;
        if (read_query(&options, &query) < 0)
                return EXIT_USAGE;
        query.state = options.state;
        query.all = output.all || query.package || output.json;

        _cleanup_arena_ struct arena arena = ARENA_INIT(LIST_MEMORY);
        _cleanup_buf_ struct buf text = BUF_INIT(LIST_TEXT);
        struct function_list list;
        struct error error = {};
        if (function_list_read(&query, &arena, &list, &error) < 0) {
                log_error(-1, "%s", error.text);
                return EXIT_USAGE;
        }
        struct table_style style = findings_style(&output);
        style.all = query.all;
        if (output.json)
                function_list_json(&list, &text);
        else
                function_list_table(&list, &style, &text);
        return findings_write(&text) < 0 ? EXIT_USAGE : 0;
}

const struct command command_functions = {
        .name = "functions",
        .summary = "which functions a process has ever run, by package",
        .help = "Usage: usewear functions PID [OPTION…]\n"
                "       usewear functions --workload W [OPTION…]\n\n"
                "Ask the memory of running interpreters which of their functions have run since they\n"
                "started, whether or not anybody watched. The processes are not stopped or changed.\n"
                "Known: CPython 3.7 to 3.15. Native functions that advisories name are told from the "
                "history\n"
                "of a running usewear watch: which are armed, which ran, when first and last.\n"
                "Exits with 2 if there is no such process, or if it ended before it could be read.\n\n"
                "  --workload W   all processes of this workload, as usewear scan names it\n"
                "  --package P    only functions of the package P, each one\n"
                "  --all          each function, not only how many\n"
                "  --json         print usewear/functions/1 (docs/functions.schema.json)\n"
                "  --state DIR    where the history lies\n"
                "\nExample:\n"
                "  usewear functions 1 --json\n",
        .run = functions_run,
};
