/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What scan, report and explain have in common: options of judging and gating, and the output. */

#include "cli/options.h"
#include "look/assess.h"

struct findings_options {
        bool json, all;
        /* as given */
        bool strict, only_fixed, allow_unknown;
        const char *fail_on, *ignore, *min_severity, *mission;
};

#define FINDINGS_OPTIONS(f)                                                                               \
        {"--json", OPTION_FLAG, &(f)->json}, {"--all", OPTION_FLAG, &(f)->all},                           \
                {"--strict", OPTION_FLAG, &(f)->strict}, {"--only-fixed", OPTION_FLAG, &(f)->only_fixed}, \
                {"--allow-unknown", OPTION_FLAG, &(f)->allow_unknown},                                    \
                {"--fail-on", OPTION_TEXT, &(f)->fail_on}, {"--ignore", OPTION_TEXT, &(f)->ignore},       \
                {"--min-severity", OPTION_TEXT, &(f)->min_severity},                                      \
        {                                                                                                 \
                "--mission", OPTION_TEXT, &(f)->mission                                                   \
        }

#define FINDINGS_HELP                                                                                  \
        "  --json               print usewear/findings/1 instead of the table\n"                       \
        "  --all                print every finding, not only the worst\n"                             \
        "  --fail-on WHAT       exit 1 if a finding is at or above WHAT: present, loaded, executed,\n" \
        "                       reached, or track, track*, attend, act; what is unknown counts\n"      \
        "  --allow-unknown      what is unknown does not trip --fail-on\n"                             \
        "  --strict             packages that could not be evaluated, and what could not be read,\n"   \
        "                       trip --fail-on as well\n"                                              \
        "  --min-severity R     leave out what is rated below low, medium, high or critical\n"         \
        "  --only-fixed         leave out what no version mends yet\n"                                 \
        "  --ignore FILE        exceptions, each with its reason (docs/ignore.md)\n"                   \
        "  --mission M          what this host is for you: low, medium (default) or high\n"            \
        "  --state DIR          where the databases lie\n"

/* Check the words and translate them. 0, or an error was printed. */
int findings_options_read(const struct findings_options *f, const struct options *o,
                          struct assess_options *ret);
/* Judge what the history holds. 0, or an error was printed. */
int findings_assess(const struct assess_options *o, struct assessment *ret);
/* Print the report as asked for, then say whether the gate trips. The command's exit code. */
int findings_print(const struct findings_options *f, const struct assessment *a);
/* How tables are to look on this standard output. */
struct table_style findings_style(const struct findings_options *f);
/* Write the bytes to standard output. 0, or an error was printed. */
int findings_write(const struct buf *text);
