/* SPDX-License-Identifier: Apache-2.0 */

/* One look, no daemon: what is seen goes into the history first, and the report is made from there, so
 * that a scan beside a running watch knows what the watch has seen. */

#include "base/log.h"
#include "cli/descriptors.h"
#include "cli/findings.h"
#include "look/look.h"

static int look_once(const char *state, struct look **ret, struct look_summary *ret_summary)
{
        _cleanup_look_ struct look *look = NULL;
        struct error error = {};
        struct look_options options = {.state = state, .wait_fd = -1};
        int r = look_new(&options, &look, &error);
        if (r == 0)
                r = look_all(look, ret_summary, &error);
        if (r < 0)
                return log_error(r, "%s", error.text);
        *ret = TAKE_PTR(look);
        return 0;
}

static int scan_run(int argc, char **argv)
{
        struct findings_options findings = {};
        const struct option_spec specs[] = {FINDINGS_OPTIONS(&findings)};
        struct options options = {.command = &command_scan, .specs = specs, .spec_count = ARRAY_SIZE(specs)};
        struct assess_options assess_options;
        int r = options_parse(&options, argc, argv);
        if (r)
                return r < 0 ? EXIT_USAGE : 0;
        if (findings_options_read(&findings, &options, &assess_options) < 0)
                return EXIT_USAGE;

        descriptors_tell_few();
        _cleanup_look_ struct look *look = NULL;
        struct look_summary summary;
        if (look_once(options.state, &look, &summary) < 0)
                return EXIT_USAGE;
        struct assessment a;
        if (findings_assess(&assess_options, &a) < 0)
                return EXIT_USAGE;
        a.report.processes = summary.processes;
        a.report.workloads = summary.workloads;
        a.report.look_seconds = summary.seconds;
        r = findings_print(&findings, &a);
        assessment_done(&a);
        return r;
}

const struct command command_scan = {
        .name = "scan",
        .summary = "look once: what runs, what it uses, what is vulnerable in it",
        .help = "Usage: usewear scan [OPTION…]\n\n"
                "Look at everything that runs now, add what is seen to the history, and print which known\n"
                "vulnerabilities matter here. Needs no daemon; works beside a running `usewear "
                "watch`.\n\n" FINDINGS_HELP "\nExamples:\n"
                "  usewear scan\n"
                "  usewear scan --json --fail-on act --ignore exceptions.txt\n",
        .run = scan_run,
};
