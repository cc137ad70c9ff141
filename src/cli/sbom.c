/* SPDX-License-Identifier: Apache-2.0 */

/* Without --root or --all it tells what is installed where something runs, with the use that was seen; a
 * whole tree is read now, and knows of use only where it is this host's. */

#include "report/sbom.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/map.h"
#include "cli/findings.h"
#include "host/machine.h"
#include "look/tree.h"
#include "prober/prober.h"
#include "store/store.h"
#include "version.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { SBOM_MEMORY = 1 << 30, SBOM_TEXT = 1 << 30, DAY_S = 86400, TREE_S = TIME_TREE / NS_PER_S };

struct sbom_options {
        const char *root, *format;
        uint64_t seconds; /* that reading a tree may take */
        bool all, caches, mounts, one_file_system;
        struct option_list owners;
};

struct sbom_work {
        struct arena arena;
        struct history history;
        struct inventory_reply tree;
        struct machine machine;
        struct map use; /* package key → struct sbom_item: what was seen of it */
        VEC(struct sbom_item) items;
};

static void work_done(struct sbom_work *w)
{
        history_done(&w->history);
        inventory_reply_done(&w->tree);
        map_done(&w->use);
        vec_done(&w->items);
        arena_done(&w->arena);
}

static int load_history(struct sbom_work *w, const char *state, struct error *error)
{
        _cleanup_store_ struct store *store = NULL;
        int r = store_open(state, STORE_READ, &store, error);
        return r < 0 ? r : store_load(store, &w->arena, &w->history, error);
}

/* The most that was seen of each package, over all workloads. */
static int note_use(struct sbom_work *w)
{
        static const char *const names[_EVIDENCE_KIND_MAX] = {[EVIDENCE_LOADED] = "loaded",
                                                              [EVIDENCE_EXECUTED] = "executed",
                                                              [EVIDENCE_REACHED] = "reached"};
        vec_each (e, &w->history.evidence) {
                struct sbom_item *known = map_get_str(&w->use, e->package);
                if (!known) {
                        known = arena_alloc(&w->arena, sizeof(*known));
                        if (!known || map_put_str(&w->use, e->package, known) < 0)
                                return -ENOMEM;
                        known->first = e->first;
                }
                if (!known->use || strcmp(names[e->kind], "loaded") != 0)
                        if (!known->use || strcmp(known->use, "reached") != 0)
                                known->use = names[e->kind];
                known->first = MIN(known->first, e->first);
                known->last = MAX(known->last, e->last);
        }
        return 0;
}

static int add_items(struct sbom_work *w, const package_list *packages)
{
        vec_each (p, packages) {
                _cleanup_arena_ struct arena scratch = ARENA_INIT(1 << 20);
                const char *key = package_key(p, &scratch);
                struct sbom_item *item = key ? vec_add(&w->items) : NULL;
                if (!item)
                        return -ENOMEM;
                const struct sbom_item *known = map_get_str(&w->use, key);
                if (known)
                        *item = *known;
                item->package = p;
        }
        return 0;
}

/* In the place of all packages. */
static int add_answers(struct sbom_work *w, const struct sbom_options *o, struct sbom *s)
{
        struct sbom_answer *answers = arena_alloc(&w->arena, o->owners.count * sizeof(*answers));
        if (!answers || w->tree.owners.count != o->owners.count)
                return -ENOMEM;
        for (size_t i = 0; i < o->owners.count; i++) {
                const struct thing_owners *from = &w->tree.owners.items[i];
                const struct package **packages =
                        arena_alloc(&w->arena, MAX(from->count, (size_t)1) * sizeof(*packages));
                if (!packages)
                        return -ENOMEM;
                for (size_t n = 0; n < from->count; n++)
                        packages[n] = &w->tree.packages.items[from->packages[n]];
                answers[i] = (struct sbom_answer){o->owners.items[i], packages, from->count, from->unknown};
        }
        s->answers = answers;
        s->answer_count = o->owners.count;
        return 0;
}

/* By what lies there: /proc/PID/root says of every root that it is "/". */
static bool is_own_root(const char *path)
{
        struct statx there, here;
        enum { WANTED = STATX_INO | STATX_MNT_ID };
        return statx(AT_FDCWD, path, 0, WANTED, &there) == 0 && statx(AT_FDCWD, "/", 0, WANTED, &here) == 0 &&
               there.stx_ino == here.stx_ino && there.stx_mnt_id == here.stx_mnt_id &&
               there.stx_dev_major == here.stx_dev_major && there.stx_dev_minor == here.stx_dev_minor;
}

/* What a look left behind, or what lies in the tree. */
static int gather(struct sbom_work *w, const struct sbom_options *o, const char *state, struct sbom *s)
{
        struct error error = {};
        bool here = o->all || (o->root && is_own_root(o->root));
        int r = machine_read(&w->arena, &w->machine);
        if (r == 0 && (!o->root || here)) {
                r = load_history(w, state, &error);
                if (r == -ENOENT && (here || o->root))
                        r = 0;
                else if (r == -ENOENT)
                        return log_error(r, "nothing was looked at yet; run usewear scan, or name a tree: "
                                            "usewear sbom --root DIR");
        }
        if (r == 0)
                r = note_use(w);
        if (r == 0 && !o->root && !o->all) {
                s->name = w->history.host.name;
                s->os = w->history.host.os;
                s->several_roots = true;
                s->limits = w->history.limits.items;
                s->limit_count = w->history.limits.count;
                r = add_items(w, &w->history.packages);
        } else if (r == 0) {
                const struct tree_options tree = {.path = here ? "/" : o->root,
                                                  .root_id = here ? "host" : o->root,
                                                  .caches = o->caches,
                                                  .every_mount = o->mounts,
                                                  .one_file_system = o->one_file_system,
                                                  .time = o->seconds * NS_PER_S,
                                                  .things = o->owners.items,
                                                  .thing_count = o->owners.count,
                                                  .kernel = here ? w->machine.kernel : NULL};
                s->name = here ? w->machine.name : o->root;
                s->os = here ? w->machine.os : NULL;
                r = tree_read(&tree, &w->arena, &w->tree, &error);
                if (r == 0)
                        r = o->owners.count ? add_answers(w, o, s) : add_items(w, &w->tree.packages);
                s->limits = w->tree.limits.items;
                s->limit_count = w->tree.limits.count;
        }
        if (r < 0)
                return log_error(r, "%s", error.text[0] ? error.text : strerror(-r));
        s->items = w->items.items;
        s->count = w->items.count;
        return 0;
}

/* Reproducible builds say what time it is, and want an end where they say it wrongly
 * (reproducible-builds.org/specs/source-date-epoch). Behind the year 9999 RFC 3339 has no dates. */
static int document_time(int64_t *ret)
{
        static const uint64_t most = 253402300799;
        uint64_t epoch;
        const char *text = getenv("SOURCE_DATE_EPOCH");
        bool given = text && *text;
        if (given && (str_to_u64(text, 10, &epoch) < 0 || epoch > most))
                return log_error(-EINVAL, "SOURCE_DATE_EPOCH is '%s'; take seconds since 1970, or unset it",
                                 text);
        *ret = given ? (int64_t)epoch : clock_wall();
        return 0;
}

static int print(const struct sbom *s, const char *format)
{
        _cleanup_buf_ struct buf text = BUF_INIT(SBOM_TEXT);
        struct findings_options plain = {.all = true};
        struct table_style style = findings_style(&plain);
        if (!strcmp(format, "cyclonedx"))
                sbom_cyclonedx(s, &text);
        else if (!strcmp(format, "spdx"))
                sbom_spdx(s, &text);
        else if (!strcmp(format, "json"))
                sbom_json(s, &text);
        else
                sbom_table(s, &style, &text);
        if (text.error)
                return log_error(text.error, "out of memory");
        return findings_write(&text);
}

static int sbom_run(int argc, char **argv)
{
        struct sbom_options o = {.format = "table", .seconds = TREE_S};
        bool json = false;
        const struct option_spec specs[] = {{"--root", OPTION_TEXT, &o.root},
                                            {"--all", OPTION_FLAG, &o.all},
                                            {"--caches", OPTION_FLAG, &o.caches},
                                            {"--mounts", OPTION_FLAG, &o.mounts},
                                            {"--one-file-system", OPTION_FLAG, &o.one_file_system},
                                            {"--owner", OPTION_LIST, &o.owners},
                                            {"--time", OPTION_NUMBER, &o.seconds},
                                            {"--format", OPTION_TEXT, &o.format},
                                            {"--json", OPTION_FLAG, &json}};
        struct options options = {.command = &command_sbom, .specs = specs, .spec_count = ARRAY_SIZE(specs)};
        int r = options_parse(&options, argc, argv);
        if (r)
                return r < 0 ? EXIT_USAGE : 0;
        static const char *const formats[] = {"cyclonedx", "spdx", "json", "table"};
        bool known = false;
        if (json)
                o.format = "json";
        for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
                known |= !strcmp(o.format, formats[i]);
        if (!known) {
                log_error(-EINVAL, "sbom: no format '%s'; take cyclonedx, spdx, json or table", o.format);
                return EXIT_USAGE;
        }
        if (o.owners.count &&
            ((!o.root && !o.all) || (strcmp(o.format, "json") && strcmp(o.format, "table")))) {
                log_error(-EINVAL, "sbom: --owner asks a tree, as table or json; add --all or --root DIR");
                return EXIT_USAGE;
        }
        if (o.seconds < 1 || o.seconds > DAY_S || (o.seconds != TREE_S && !o.root && !o.all)) {
                log_error(-EINVAL,
                          "sbom: --time is how long reading a tree may take: 1 to %d seconds, with --all "
                          "or --root DIR",
                          DAY_S);
                return EXIT_USAGE;
        }
        if (o.mounts && o.one_file_system) {
                log_error(-EINVAL, "sbom: --mounts or --one-file-system; give one of them");
                return EXIT_USAGE;
        }
        if (o.root && o.all) {
                log_error(-EINVAL,
                          "sbom: --all is this host's whole tree, --root another's; give one of them");
                return EXIT_USAGE;
        }
        _cleanup_(work_done) struct sbom_work work = {.arena = ARENA_INIT((size_t)SBOM_MEMORY)};
        struct sbom s = {.version = USEWEAR_VERSION};
        if (document_time(&s.time) < 0 || gather(&work, &o, options.state, &s) < 0)
                return EXIT_USAGE;
        if (sbom_prepare(&s, &work.arena) < 0) {
                log_error(-ENOMEM, "out of memory");
                return EXIT_USAGE;
        }
        return print(&s, o.format) < 0 ? EXIT_USAGE : 0;
}

const struct command command_sbom = {
        .name = "sbom",
        .summary = "what is installed, as a bill of materials, with what of it is used",
        .help = "Usage: usewear sbom [OPTION…]\n\n"
                "List the packages that scan or watch found where something runs, with the use that they\n"
                "saw; or those of a whole tree, read now. Nothing of the tree is run.\n\n"
                "  --root DIR           the tree below DIR, as if it were /\n"
                "  --all                the whole tree of this host\n"
                "  --caches             look into caches of package managers and builds, too\n"
                "  --mounts             look into network and FUSE file systems mounted in it, too\n"
                "  --one-file-system    look into nothing that is mounted in it\n"
                "  --owner THING        only tell which package THING belongs to: a path, "
                "/a.jar!/x/Y.class,\n"
                "                       /a.jar!x.Y, /bin/prog!net/http.Get, /bin/prog!regex::new or\n"
                "                       /usr/lib/python3/dist-packages!yaml.loader; may be repeated\n"
                "  --time S             stop reading the tree after S seconds (default 840), and list what "
                "was\n"
                "                       read until then; limits say what is missing\n"
                "  --format F           table (default), cyclonedx (1.6), spdx (2.3) or json\n"
                "  --json               the same as --format json\n"
                "  --state DIR          where the databases lie\n\n"
                "Only the time of making differs between two runs; SOURCE_DATE_EPOCH sets it.\n\n"
                "Examples:\n"
                "  usewear sbom\n"
                "  usewear sbom --root . --format cyclonedx\n"
                "  usewear sbom --root . --owner /README.md\n",
        .run = sbom_run,
};
