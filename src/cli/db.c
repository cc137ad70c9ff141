/* SPDX-License-Identifier: Apache-2.0 */
/* usewear db: the advisories' own command. Nothing here goes to the network. */
#include "advisory/advisory.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "format/version.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

enum { OLD_DAYS = 7 };

static const char help[] =
        "Usage: usewear db import PATH… | status | symbols ID | compare ECOSYSTEM A B  [OPTION…]\n"
        "\n"
        "The advisories that packages are compared with. A starter set is built in; what is imported\n"
        "replaces it, ecosystem by ecosystem.\n"
        "\n"
        "  import PATH…             OSV records: one file, a folder of them, or an all.zip of the OSV "
        "bucket\n"
        "                           (https://osv-vulnerabilities.storage.googleapis.com/Debian/all.zip, and "
        "so\n"
        "                           for each ecosystem); the KEV catalogue (JSON); EPSS (CSV, also .gz).\n"
        "                           Broken records are named and skipped; a damaged archive changes "
        "nothing.\n"
        "  status                   what there is: records, newest, age, source\n"
        "  symbols ID               the functions in which an advisory's flaw runs, by Usewear's own\n"
        "                           table, and why; checked against the releases before and after the fix\n"
        "  compare ECOSYSTEM A B    prints <, = or > by the order of the ecosystem's versions; with '-' for\n"
        "                           A it reads lines A<TAB>B\n"
        "\n"
        "  --json                   for programs\n"
        "  --state DIR              where advisory.db lies\n"
        "\n"
        "Exit codes: 0 done, 2 usage or environment.\n"
        "\n"
        "Examples:\n"
        "  usewear db status\n"
        "  usewear db symbols CVE-2021-44228\n"
        "  usewear db compare Debian 1.0~rc1-1 1.0-1\n";

/* ---- import ---------------------------------------------------------------------------------------- */
struct import_view {
        bool terminal, shown;
};

static void view_clear(struct import_view *view)
{
        if (view->shown)
                fputs("\r\033[K", stderr);
        view->shown = false;
}

static void on_note(void *context, const char *sentence)
{
        char text[600];
        view_clear(context);
        log_note("%s", str_printable(text, sizeof(text), sentence));
}

static void on_progress(void *context, const char *ecosystem, uint64_t done, uint64_t total)
{
        struct import_view *view = context;
        char name[60];
        if (!view->terminal)
                return;
        str_printable(name, sizeof(name), ecosystem);
        if (total)
                fprintf(stderr, "\r\033[K%s: %" PRIu64 " of %" PRIu64, name, done, total);
        else
                fprintf(stderr, "\r\033[K%s: %" PRIu64, name, done);
        view->shown = true;
}

static void print_import(const char *path, const struct import_result *r, struct json *j)
{
        if (!j) {
                printf("%s: %" PRIu64 " imported, %" PRIu64 " unchanged, %" PRIu64 " skipped\n", path,
                       r->records, r->unchanged, r->skipped);
                return;
        }
        json_object(j, NULL);
        json_str(j, "path", path);
        json_u64(j, "imported", r->records);
        json_u64(j, "unchanged", r->unchanged);
        json_u64(j, "skipped", r->skipped);
        json_end(j);
}

static int run_import(const struct options *o, struct json *j)
{
        _cleanup_advisory_ struct advisory_db *db = NULL;
        struct error error = {};
        struct import_view view = {.terminal = isatty(STDERR_FILENO)};
        const struct import_watch watch = {&view, on_note, on_progress};
        if (o->argument_count < 2) {
                log_error(0, "db import: which file or folder? See usewear db --help");
                return EXIT_USAGE;
        }
        if (advisory_open(o->state, ADVISORY_WRITE, &db, &error) < 0) {
                log_error(0, "%s", error.text);
                return EXIT_USAGE;
        }
        int code = 0;
        for (size_t i = 1; i < o->argument_count; i++) {
                struct import_result result = {};
                int r = advisory_import(db, o->arguments[i], &watch, &result, &error);
                view_clear(&view);
                if (r < 0) {
                        log_error(r, "%s", error.text);
                        code = EXIT_USAGE;
                } else {
                        print_import(o->arguments[i], &result, j);
                }
        }
        return code;
}

/* ---- status ---------------------------------------------------------------------------------------- */
/* The day of a date, "–" where the source has none (Go's records carry no dates of change). */
static const char *day(int64_t wall, char to[static CLOCK_TEXT])
{
        if (wall <= 0)
                return "–";
        clock_rfc3339(wall, to);
        to[10] = 0;
        return to;
}

static void print_source_json(const struct advisory_source *s, struct json *j)
{
        char text[CLOCK_TEXT];
        json_object(j, NULL);
        json_str(j, "ecosystem", s->ecosystem);
        json_u64(j, "records", s->records);
        json_str(j, "newest", s->newest > 0 ? clock_rfc3339(s->newest, text) : NULL);
        json_str(j, "imported", clock_rfc3339(s->imported, text));
        json_str(j, "source", s->source);
        json_end(j);
}

static int run_status(const struct options *o, struct json *j)
{
        _cleanup_advisory_ struct advisory_db *db = NULL;
        _cleanup_arena_ struct arena memory = ARENA_INIT(1 << 20);
        advisory_source_list list = {};
        struct error error = {};
        int64_t now = clock_wall(), old = 0;
        if (o->argument_count > 1) {
                log_error(0, "db status takes no '%s'; see usewear db --help", o->arguments[1]);
                return EXIT_USAGE;
        }
        if (advisory_open(o->state, ADVISORY_READ, &db, &error) < 0 ||
            advisory_status(db, &memory, &list, &error) < 0) {
                log_error(0, "%s", error.text);
                return EXIT_USAGE;
        }
        if (!j)
                printf("%-12s %9s  %-10s  %8s  %s\n", "ECOSYSTEM", "RECORDS", "NEWEST", "AGE", "SOURCE");
        vec_each (s, &list) {
                char newest[CLOCK_TEXT], age[CLOCK_TEXT], source[200];
                old += s->newest > 0 && now - s->newest > OLD_DAYS * 86400;
                if (j)
                        print_source_json(s, j);
                else
                        printf("%-12s %9" PRIu64 "  %-10s  %8s  %s\n", s->ecosystem, s->records,
                               day(s->newest, newest),
                               s->newest > 0 ? clock_span_text(now - s->newest, age) : "",
                               str_printable(source, sizeof(source), s->source));
        }
        if (!j && old)
                printf("\n%" PRId64
                       " of %zu are older than a week: fetch their files anew and run usewear db import\n",
                       old, list.count);
        vec_done(&list);
        return 0;
}

/* ---- symbols --------------------------------------------------------------------------------------- */
static void print_symbols(const struct symbol_record *r)
{
        printf("%s\n  %s %s\n", r->ids, r->package, r->affected);
        for (size_t i = 0; i < r->symbol_count; i++) {
                const struct symbol *s = &r->symbols[i];
                printf("  %-5s  %s %s%s%s\n         %s\n", s->kind, s->container, s->function,
                       s->signature ? " " : "", s->signature ? s->signature : "", s->reason);
        }
        if (r->none)
                printf("  no function: %s\n", r->none);
        printf("  compared %s, checked %s\n", r->compared, r->checked);
}

static void print_symbols_json(const struct symbol_record *r, struct json *j)
{
        json_object(j, NULL);
        json_str(j, "ids", r->ids);
        json_str(j, "package", r->package);
        json_str(j, "affected", r->affected);
        json_str(j, "compared", r->compared);
        json_str(j, "checked", r->checked);
        json_str(j, "none", r->none);
        json_array(j, "functions");
        for (size_t i = 0; i < r->symbol_count; i++) {
                json_object(j, NULL);
                json_str(j, "kind", r->symbols[i].kind);
                json_str(j, "container", r->symbols[i].container);
                json_str(j, "name", r->symbols[i].function);
                json_str(j, "signature", r->symbols[i].signature);
                json_str(j, "reason", r->symbols[i].reason);
                json_end(j);
        }
        json_end(j);
        json_end(j);
}

static int run_symbols(const struct options *o, struct json *j)
{
        _cleanup_arena_ struct arena memory = ARENA_INIT(1 << 20);
        symbol_record_list list = {};
        struct error error = {};
        if (o->argument_count != 2) {
                log_error(0, "db symbols needs one id, such as CVE-2021-44228");
                return EXIT_USAGE;
        }
        if (advisory_symbols(o->arguments[1], &memory, &list, &error) < 0) {
                log_error(0, "%s", error.text);
                vec_done(&list);
                return EXIT_USAGE;
        }
        vec_each (r, &list) {
                if (j)
                        print_symbols_json(r, j);
                else
                        print_symbols(r);
        }
        if (!j && !list.count)
                printf("nothing of %s in the table; docs/symbols.md tells how to add it\n", o->arguments[1]);
        vec_done(&list);
        return 0;
}

/* ---- compare --------------------------------------------------------------------------------------- */
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

static int run_compare(const struct options *o, struct json *j)
{
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
        if (lines) {
                compare_lines(scheme, j);
                return 0;
        }
        if (print_order(scheme, span_of(o->arguments[2]), span_of(o->arguments[3]), j) < 0) {
                log_error(0, "one of them is no version of %s", o->arguments[1]);
                return EXIT_USAGE;
        }
        return 0;
}

static int run_db(int argc, char **argv)
{
        bool as_json = false;
        const struct option_spec specs[] = {{"--json", OPTION_FLAG, &as_json}};
        struct options o = {
                .command = &command_db,
                .specs = specs,
                .spec_count = ARRAY_SIZE(specs),
                .most_arguments = 100000,
        };
        static const struct {
                const char *name;
                int (*run)(const struct options *o, struct json *j);
        } actions[] = {{"import", run_import},
                       {"status", run_status},
                       {"symbols", run_symbols},
                       {"compare", run_compare}};
        int r = options_parse(&o, argc, argv);
        if (r != 0)
                return r < 0 ? EXIT_USAGE : 0;
        if (!o.argument_count) {
                log_error(0, "db: import, status, symbols or compare? See usewear db --help");
                return EXIT_USAGE;
        }
        for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
                if (strcmp(actions[i].name, o.arguments[0]))
                        continue;
                _cleanup_buf_ struct buf out = BUF_INIT(64 << 20);
                struct json j = JSON_INIT(&out, 2);
                if (as_json)
                        json_array(&j, NULL);
                int code = actions[i].run(&o, as_json ? &j : NULL);
                if (as_json && code == 0) {
                        json_end(&j);
                        puts(out.data);
                }
                return code;
        }
        log_error(0, "db: unknown action '%s'; see usewear db --help", o.arguments[0]);
        return EXIT_USAGE;
}

const struct command command_db = {"db", "the advisories: import, status, symbols, compare versions", help,
                                   run_db};
