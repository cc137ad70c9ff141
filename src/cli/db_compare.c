/* SPDX-License-Identifier: Apache-2.0 */
/* usewear db compare: what Usewear thinks of the order of versions, for people and for the tests' judges. */
#include "base/log.h"
#include "cli/db.h"
#include "format/version.h"

#include <stdio.h>

static int print_order(const struct version_scheme *scheme, struct span a, struct span b, struct json *j)
{
        static const char *const signs[] = {"<", "=", ">"};
        int order, r = version_compare(scheme, a, b, &order);
        const char *sign = r < 0 ? "?" : signs[order + 1];
        if (j)
                json_str(j, NULL, r < 0 ? NULL : sign);
        else
                puts(sign);
        return r;
}

static void compare_lines(const struct version_scheme *scheme, struct json *j)
{
        _cleanup_free_ char *line = NULL;
        size_t allocated = 0;
        ssize_t size;
        while ((size = getline(&line, &allocated, stdin)) > 0) {
                struct span rest = {line, (size_t)size - (line[size - 1] == '\n')}, a = {};
                span_cut(&rest, '\t', &a);
                print_order(scheme, a, rest, j);
        }
}

int db_compare(const struct db_options *options)
{
        const struct options *o = &options->common;
        _cleanup_buf_ struct buf out = BUF_INIT(64 << 20);
        struct json json = JSON_INIT(&out, 2), *j = options->json ? &json : NULL;
        bool lines = o->argument_count == 3 && !strcmp(o->arguments[2], "-");
        if (o->argument_count != 4 && !lines) {
                log_error(0, "db compare needs an ecosystem and two versions; see usewear db --help");
                return EXIT_USAGE;
        }
        const struct version_scheme *scheme = version_scheme_of(o->arguments[1]);
        if (!scheme) {
                log_error(0,
                          "versions of '%s' cannot be compared; ecosystems are spelled as OSV spells them"
                          " (Debian, PyPI, npm, Go …)",
                          o->arguments[1]);
                return EXIT_USAGE;
        }
        if (j)
                json_array(j, NULL);
        if (lines)
                compare_lines(scheme, j);
        else if (print_order(scheme, span_of(o->arguments[2]), span_of(o->arguments[3]), j) < 0) {
                log_error(0, "one of them is no version of %s", o->arguments[1]);
                return EXIT_USAGE;
        }
        if (j)
                json_end(j);
        return j ? db_print(&out) : 0;
}
