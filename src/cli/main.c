/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"
#include "cli/cli.h"
#include "cli/descriptors.h"
#include "version.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

static const struct command *const commands[] = {
        &command_scan,      &command_watch,  &command_report,     &command_explain,
        &command_functions, &command_events, &command_sbom,       &command_db,
        &command_doctor,    &command_prober, &command_self_prove,
};

static void print_help(void)
{
        puts("usewear tells which installed software is really used here, and which of its known\n"
             "vulnerabilities matter.\n\n"
             "Usage: usewear COMMAND [OPTION…]\n");
        for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
                if (commands[i]->help)
                        printf("  %-10s %s\n", commands[i]->name, commands[i]->summary);
        puts("\nEvery command takes --help and --state DIR (where the databases lie; default: "
             "USEWEAR_STATE,\n"
             "else /var/lib/usewear for root, the XDG state folder for others).\n\n"
             "Exit codes: 0 done, 1 a gate tripped (--fail-on), 2 usage or environment.\n\n"
             "Example:\n  usewear scan");
}

/* What commands print through stdio has been written only when this says so. A reader that is gone wants no
 * more. */
static int finish(int code)
{
        if (fflush(stdout) == 0 && !ferror(stdout))
                return code;
        if (errno == EPIPE)
                return code;
        log_error(-errno, "cannot write: %s", strerror(errno));
        return EXIT_USAGE;
}

static int run(int argc, char **argv)
{
        const char *name = argc > 1 ? argv[1] : "--help";
        if (!strcmp(name, "--help") || !strcmp(name, "-h") || !strcmp(name, "help")) {
                print_help();
                return argc > 1 ? 0 : EXIT_USAGE;
        }
        if (!strcmp(name, "--version")) {
                puts("usewear " USEWEAR_VERSION);
                return 0;
        }
        for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
                if (!strcmp(commands[i]->name, name))
                        return commands[i]->run(argc - 1, argv + 1);
        log_error(0, "unknown command '%s'; see usewear --help", name);
        return EXIT_USAGE;
}

/* A file that is opened later must not become what is printed to: closed descriptors get a place that takes
 * nothing, so that writing fails. */
static void take_closed_descriptors(void)
{
        for (int fd = 0; fd <= 2; fd++)
                if (fcntl(fd, F_GETFD) < 0 && open("/", O_PATH) < 0)
                        return;
}

int main(int argc, char **argv)
{
        take_closed_descriptors();
        descriptors_allow();
        return finish(run(argc, argv));
}
