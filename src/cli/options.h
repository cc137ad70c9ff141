/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Command lines, one way for all commands: long options from a table, --help and --state everywhere,
 * errors as one line that names the command's help. */

#include "base/macro.h"
#include "cli/cli.h"

/* An option that may be given again and again. */
struct option_list {
        const char *items[64];
        size_t count;
};

struct option_spec {
        const char *name; /* "--json" */
        enum { OPTION_FLAG, OPTION_TEXT, OPTION_NUMBER, OPTION_LIST } kind;
        void *target; /* bool *, const char **, uint64_t *, struct option_list * */
};

struct options {
        const struct command *command;
        const struct option_spec *specs;
        size_t spec_count;
        size_t most_arguments;      /* positional ones allowed */
        const char *arguments_name; /* "ID", for the error when one is missing or too many */
        /* results */
        const char **arguments;
        size_t argument_count;
        const char *state; /* --state, USEWEAR_STATE or the default; always set */
};

/* 0: go on; 1: help was printed, exit 0; negative: an error was printed, exit EXIT_USAGE. `--name VALUE`
 * and `--name=VALUE` both work, `--` ends options. */
int options_parse(struct options *o, int argc, char **argv);
