/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The commands. Each has one file; main.c only dispatches. Exit codes: 0 done (findings are no failure),
 * 1 a gate tripped (--fail-on), 2 usage or environment. */

#include "base/macro.h"

enum { EXIT_GATE = 1, EXIT_USAGE = 2 };

struct command {
        const char *name;
        const char *summary; /* one line for `usewear --help` */
        const char *help;    /* whole text of `usewear NAME --help`, with an example; NULL: hidden */
        int (*run)(int argc, char **argv); /* argv[0] is the command's name; returns the exit code */
};

extern const struct command command_scan, command_watch, command_report, command_explain, command_db,
        command_events, command_doctor, command_functions, command_sbom;
/* Not for people: the worker and the provoker of proof events, started by Usewear itself. */
extern const struct command command_prober, command_self_prove;
