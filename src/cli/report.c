/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/findings.h"

static int report_run(int argc, char **argv)
{
        struct findings_options findings = {};
        const struct option_spec specs[] = {FINDINGS_OPTIONS(&findings)};
        struct options options = {
                .command = &command_report, .specs = specs, .spec_count = ARRAY_SIZE(specs)};
        struct assess_options assess_options;
        int r = options_parse(&options, argc, argv);
        if (r)
                return r < 0 ? EXIT_USAGE : 0;
        if (findings_options_read(&findings, &options, &assess_options) < 0)
                return EXIT_USAGE;
        struct assessment a;
        if (findings_assess(&assess_options, &a) < 0)
                return EXIT_USAGE;
        r = findings_print(&findings, &a);
        assessment_done(&a);
        return r;
}

const struct command command_report = {
        .name = "report",
        .summary = "print findings from the history, without looking again",
        .help = "Usage: usewear report [OPTION…]\n\n"
                "Print what scan or watch have seen so far, judged by the advisories that are here "
                "now.\n\n" FINDINGS_HELP "\nExamples:\n"
                "  usewear report --all\n"
                "  usewear report --json --min-severity high\n",
        .run = report_run,
};
