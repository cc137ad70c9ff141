/* SPDX-License-Identifier: Apache-2.0 */
/* One release can have several streams of advisories: Red Hat's repositories each have their own, SUSE's
 * modules too, and Ubuntu's bought support. Streams that nobody gets by default (EUS, AUS, FIPS) apply only
 * where the release names them. */
#include "advisory/match.h"

#include <errno.h>

enum { STREAMS_MAX = 64 };

/* Streams that the database has, as the pattern of one parameter says. */
static int streams_read(struct match_context *c, const char *from, const char *to, const char *end,
                        const struct stream *like, struct release *release)
{
        sqlite3_stmt *s = database_statement(c->db, STREAMS_GET);
        if (s) {
                bind_text(s, 1, from);
                bind_text(s, 2, to);
        }
        int r = 0, code = s ? SQLITE_OK : sqlite3_errcode(c->db->sql);
        while (s && r == 0 && (code = sqlite3_step(s)) == SQLITE_ROW) {
                const char *name = (const char *)sqlite3_column_text(s, 0);
                if (!name || !str_ends(name, end) || release->stream_count >= STREAMS_MAX)
                        continue;
                const char *copy = arena_strdup(&c->db->memory, name);
                if (!copy)
                        r = -ENOMEM;
                release->streams[release->stream_count] = *like;
                release->streams[release->stream_count++].ecosystem = copy;
        }
        statement_reset(&s);
        if (r == 0 && code != SQLITE_DONE)
                return database_error(c->db, code, "matching", c->error);
        return r;
}

static int named_add(struct match_context *c, const struct stream *like, struct release *release)
{
        struct arena *a = &c->db->memory;
        const char *from = arena_printf(a, "%s::", like->ecosystem),
                   *to = arena_printf(a, "%s:;", like->ecosystem);
        if (!from || !to)
                return -ENOMEM;
        if (release->stream_count < STREAMS_MAX)
                release->streams[release->stream_count++] = *like;
        release->extended = release->extended || strstr(like->ecosystem, "LTSS") ||
                            str_starts(like->ecosystem, "Red Hat:rhel_els:");
        return streams_read(c, from, to, "", like, release);
}

/* The named streams of this major number: "Red Hat:rhel_eus:9.2" for ":enterprise_linux:9". */
static int named_red_hat(struct match_context *c, const char *suffix, struct release *release)
{
        const char *major = str_starts(suffix, ":enterprise_linux:") ? strrchr(suffix, ':') + 1 : "";
        size_t size = strlen(major);
        int r = 0;
        for (size_t i = 0; size && r == 0 && i < c->db->named_streams.count; i++) {
                struct stream like = {.ecosystem = c->db->named_streams.items[i]};
                const char *number = strrchr(like.ecosystem, ':') + 1;
                if (!str_starts(like.ecosystem, "Red Hat:") || strncmp(number, major, size) != 0 ||
                    (number[size] && number[size] != '.'))
                        continue;
                if (number[size])
                        like.tag = arena_printf(&c->db->memory, ".el%s_%s", major, number + size + 1);
                r = number[size] && !like.tag ? -ENOMEM : named_add(c, &like, release);
        }
        return r;
}

/* Those of the same version: "SUSE:Linux Enterprise Server 15 SP3-LTSS" for " 15 SP3". */
static int named_suse(struct match_context *c, const char *version, struct release *release)
{
        int r = 0;
        for (size_t i = 0; r == 0 && i < c->db->named_streams.count; i++) {
                const struct stream like = {.ecosystem = c->db->named_streams.items[i]};
                const char *at = str_starts(like.ecosystem, "SUSE:") ? strstr(like.ecosystem, version) : NULL;
                if (at && (!at[strlen(version)] || at[strlen(version)] == '-'))
                        r = named_add(c, &like, release);
        }
        return r;
}

/* Modules of Drupal come from its own registry, whose advisories are kept apart, and lists of what is
 * installed mostly do not say so. The vendor's name is the same in both registries. */
#define DRUPAL "Packagist:https://packages.drupal.org"
static int drupal_fill(struct match_context *c, const char *ecosystem, struct release *release)
{
        static const char vendor[] = "drupal/";
        const struct stream like = {.vendor = vendor, .beside = true};
        if (!strcmp(ecosystem, "Packagist"))
                return streams_read(c, DRUPAL "/", DRUPAL "0", "", &like, release);
        if (str_starts(ecosystem, DRUPAL "/"))
                release->streams[release->stream_count++] =
                        (struct stream){.ecosystem = "Packagist", .vendor = vendor, .beside = true};
        return 0;
}

static int streams_fill(struct match_context *c, const char *ecosystem, struct release *release)
{
        struct arena *a = &c->db->memory;
        const char *suffix = ecosystem + strlen(c->base);
        release->streams[release->stream_count++] = (struct stream){.ecosystem = ecosystem};
        const struct stream like = {};
        if (!strcmp(c->base, "Packagist"))
                return drupal_fill(c, ecosystem, release);
        /* "Maven:https://maven.google.com": a jar does not say which registry it came from, and the group is
         * its maker's domain, so the name means the same in all of them. A package URL that names its
         * registry asks that one alone. ':' + 1 is ';'. */
        if (!strcmp(ecosystem, "Maven"))
                return streams_read(c, "Maven:", "Maven;", "", &(struct stream){.beside = true}, release);
        if (!strcmp(c->base, "Red Hat") && *suffix) {
                /* "Red Hat:enterprise_linux:9" → "Red Hat:enterprise_linux:9::appstream", ':' + 1 is ';' */
                const char *from = arena_printf(a, "%s::", ecosystem),
                           *to = arena_printf(a, "%s:;", ecosystem);
                int r = from && to ? streams_read(c, from, to, "", &like, release) : -ENOMEM;
                /* Since release 10 they are told apart by minor numbers, which go on being added to: what was
                 * fixed in 10.0 is fixed in 10.1. '.' + 1 is '/'. */
                from = arena_printf(a, "%s.", ecosystem);
                to = arena_printf(a, "%s/", ecosystem);
                if (r == 0)
                        r = from && to ? streams_read(c, from, to, "", &like, release) : -ENOMEM;
                return r < 0 ? r : named_red_hat(c, suffix, release);
        }
        const char *product = strcmp(c->base, "SUSE") ? NULL : strpbrk(suffix, "0123456789");
        if (product) {
                product--; /* " 15 SP5" */
                int r = streams_read(c, "SUSE:Linux Enterprise Module for ",
                                     "SUSE:Linux Enterprise Module for~", product, &like, release);
                return r < 0 ? r : named_suse(c, product, release);
        }
        if (!strcmp(c->base, "Ubuntu") && *suffix && !str_starts(suffix, ":Pro")) {
                const char *pro = arena_printf(a, "Ubuntu:Pro%s", suffix);
                release->streams[release->stream_count++] =
                        (struct stream){.ecosystem = pro, .extended = true, .tag = "esm"};
                return pro ? 0 : -ENOMEM;
        }
        return 0;
}

static int advisories_count(struct match_context *c, struct release *release)
{
        for (size_t i = 0; i < release->stream_count; i++) {
                if (release->streams[i].beside)
                        continue;
                sqlite3_stmt *s = database_statement(c->db, RELEASE_COUNT);
                if (s) {
                        bind_text(s, 1, release->streams[i].ecosystem);
                        sqlite3_bind_int(s, 2, RELEASE_FEWEST);
                }
                int code = s ? sqlite3_step(s) : sqlite3_errcode(c->db->sql);
                if (code != SQLITE_ROW)
                        return database_error(c->db, code, "matching", c->error);
                release->advisories += sqlite3_column_int(s, 0);
                statement_reset(&s);
        }
        return 0;
}

int release_find(struct match_context *c, const char *ecosystem, const struct release **ret)
{
        *ret = map_get_str(&c->db->releases, ecosystem);
        if (*ret)
                return 0;
        struct arena *a = &c->db->memory;
        char *key = arena_strdup(a, ecosystem);
        struct release *release = arena_alloc(a, sizeof(*release));
        if (release)
                release->streams = arena_alloc(a, STREAMS_MAX * sizeof(*release->streams));
        int r = key && release && release->streams ? streams_fill(c, key, release) : -ENOMEM;
        if (r == 0)
                r = advisories_count(c, release);
        if (r == 0)
                r = map_put_str(&c->db->releases, key, release);
        if (r == -ENOMEM)
                return error_set(c->error, r, "out of memory while matching");
        *ret = release;
        return r;
}
