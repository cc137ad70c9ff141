/* SPDX-License-Identifier: Apache-2.0 */
/* usewear db: the advisories' own command. Only its `update` goes to the network. */
#include "cli/db.h"

#include "base/log.h"

#include <stdio.h>

static const char help[] =
        "Usage: usewear db update [ECOSYSTEM…] | import PATH… | match PURL… | show ID | status\n"
        "                  | symbols WHAT | compare ECOSYSTEM A B  [OPTION…]\n"
        "\n"
        "The advisories that packages are compared with. A starter set is built in; what is imported\n"
        "replaces it, ecosystem by ecosystem.\n"
        "\n"
        "  update [ECOSYSTEM…]      fetch what changed: by default the ecosystems that are here, this\n"
        "                           machine's distribution, KEV and EPSS. Names are OSV's: Debian, PyPI,\n"
        "                           npm … What fails leaves its data as it was.\n"
        "  import PATH…             OSV records: one file, a folder of them, or an all.zip of the OSV\n"
        "                           bucket; the KEV catalogue (JSON); EPSS (CSV, also .gz). Broken\n"
        "                           records are named and skipped; a damaged archive changes nothing.\n"
        "  match PURL…              the vulnerabilities of packages named by package URLs; '-' reads\n"
        "                           them from standard input, one a line\n"
        "  match --sbom FILE        … of those that a CycloneDX, SPDX or Syft file (JSON) lists\n"
        "  show ID                  what is known of one bug; any of its ids will do\n"
        "  status                   what there is: records, newest, age, source\n"
        "  symbols ID|PACKAGE       the functions in which flaws run: what advisories name, and Usewear's\n"
        "                           own table, with the reasons; --all lists all there are. --json prints\n"
        "                           one object a line\n"
        "  compare ECOSYSTEM A B    prints <, = or > by the order of the ecosystem's versions; with '-' for\n"
        "                           A it reads lines A<TAB>B\n"
        "\n"
        "  --from DIR               update: from a folder in the bucket's layout, without network\n"
        "  --url URL                update: another copy of the OSV bucket (a mirror)\n"
        "  --kev-url, --epss-url    update: other places of these two\n"
        "  --timeout SECONDS        update: how long a server may be silent (30)\n"
        "  --json                   for programs; match prints usewear/matches/1\n"
        "  --state DIR              where advisory.db lies\n"
        "\n"
        "update goes by https_proxy and no_proxy; the program that talks to the network has no rights.\n"
        "\n"
        "Exit codes: 0 done (vulnerabilities are no failure), 2 usage, environment or a malformed PURL.\n"
        "\n"
        "Examples:\n"
        "  usewear db status\n"
        "  usewear db match pkg:pypi/jinja2@2.11.2 pkg:npm/lodash@4.17.15\n"
        "  usewear db show CVE-2021-44228\n"
        "  usewear db symbols CVE-2021-44228\n"
        "  usewear db compare Debian 1.0~rc1-1 1.0-1\n";

static int run_db(int argc, char **argv)
{
        struct db_options o = {};
        const struct option_spec specs[] = {
                {"--json", OPTION_FLAG, &o.json},         {"--sbom", OPTION_TEXT, &o.sbom},
                {"--all", OPTION_FLAG, &o.all},           {"--from", OPTION_TEXT, &o.from},
                {"--url", OPTION_TEXT, &o.url},           {"--kev-url", OPTION_TEXT, &o.kev_url},
                {"--epss-url", OPTION_TEXT, &o.epss_url}, {"--timeout", OPTION_NUMBER, &o.timeout},
        };
        static const struct {
                const char *name;
                int (*run)(const struct db_options *o);
        } actions[] = {{"update", db_update},  {"import", db_import}, {"match", db_match},
                       {"show", db_show},      {"status", db_status}, {"symbols", db_symbols},
                       {"compare", db_compare}};
        o.common = (struct options){
                .command = &command_db,
                .specs = specs,
                .spec_count = ARRAY_SIZE(specs),
                .most_arguments = 100000,
        };
        int r = options_parse(&o.common, argc, argv);
        if (r != 0)
                return r < 0 ? EXIT_USAGE : 0;
        if (!o.common.argument_count) {
                log_error(
                        0,
                        "db: update, import, match, show, status, symbols or compare? See usewear db --help");
                return EXIT_USAGE;
        }
        const char *name = o.common.arguments[0];
        bool updates = o.from || o.url || o.kev_url || o.epss_url || o.timeout;
        if (o.all && strcmp(name, "symbols")) {
                log_error(0, "db %s: --all is of db symbols; see usewear db --help", name);
                return EXIT_USAGE;
        }
        if ((o.sbom && strcmp(name, "match")) || (updates && strcmp(name, "update"))) {
                log_error(0, "db %s: %s is of db %s; see usewear db --help", name,
                          updates ? "that option" : "--sbom", updates ? "update" : "match");
                return EXIT_USAGE;
        }
        for (size_t i = 0; i < ARRAY_SIZE(actions); i++)
                if (!strcmp(actions[i].name, name))
                        return actions[i].run(&o);
        log_error(0, "db: unknown action '%s'; see usewear db --help", name);
        return EXIT_USAGE;
}

const struct command command_db = {"db", "the advisories: update, import, match, show, status", help, run_db};
