/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"
#include "base/str.h"
#include "cli/findings.h"

enum { EXPLANATION_SIZE = 256 << 20 }; /* bytes */

/* Keep only the findings of that bug. */
static void keep_named(struct verdict *v, const char *id)
{
        size_t kept = 0;
        for (size_t i = 0; i < v->finding_count; i++)
                if (bug_is_named(v->findings[i].bug, id))
                        v->findings[kept++] = v->findings[i];
        v->finding_count = kept;
}

static int print_explanation(const struct findings_options *findings, struct assessment *a, const char *id)
{
        _cleanup_buf_ struct buf text = BUF_INIT(EXPLANATION_SIZE);
        struct table_style style = findings_style(findings);
        keep_named(&a->verdict, id);
        if (!a->verdict.finding_count) {
                log_error(-1, "no package in the history is affected by '%s'; see usewear report --all", id);
                return EXIT_USAGE;
        }
        if (findings->json)
                report_json(&a->report, &text);
        else
                report_explain(&a->report, id, &style, &text);
        return findings_write(&text) < 0 ? EXIT_USAGE : 0;
}

static int explain_run(int argc, char **argv)
{
        struct findings_options findings = {};
        const struct option_spec specs[] = {{"--json", OPTION_FLAG, &findings.json},
                                            {"--mission", OPTION_TEXT, &findings.mission}};
        struct options options = {.command = &command_explain,
                                  .specs = specs,
                                  .spec_count = ARRAY_SIZE(specs),
                                  .most_arguments = 1,
                                  .arguments_name = "ID"};
        struct assess_options assess_options;
        int r = options_parse(&options, argc, argv);
        if (r)
                return r < 0 ? EXIT_USAGE : 0;
        if (!options.argument_count) {
                log_error(-1, "explain: which one? Give an ID, such as CVE-2021-44228");
                return EXIT_USAGE;
        }
        if (findings_options_read(&findings, &options, &assess_options) < 0)
                return EXIT_USAGE;
        struct assessment a;
        if (findings_assess(&assess_options, &a) < 0)
                return EXIT_USAGE;
        r = print_explanation(&findings, &a, options.arguments[0]);
        assessment_done(&a);
        return r;
}

const struct command command_explain = {
        .name = "explain",
        .summary = "why a finding ranks where it does: evidence, limits, what would change it",
        .help = "Usage: usewear explain ID [OPTION…]\n\n"
                "Print everything that is known here about one vulnerability, by any of its ids: each input "
                "of\n"
                "the decision, every piece of evidence with its limits, what is unknown and why, and which\n"
                "version mends it.\n\n"
                "  --json         print usewear/findings/1 with only these findings\n"
                "  --mission M    what this host is for you: low, medium (default) or high\n"
                "  --state DIR    where the databases lie\n"
                "\nExample:\n"
                "  usewear explain CVE-2021-44228\n",
        .run = explain_run,
};
