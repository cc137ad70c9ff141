/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Inside of matching: the records that call a version affected, and the bugs they make. Private to
 * src/advisory. */

#include "advisory/database.h"
#include "advisory/range.h"

/* One record of the package's name. Texts are lists of lines, NULL where empty, in the scratch arena. */
struct stream;
struct hit {
        const struct stream *stream; /* that it is from */
        int64_t advisory, modified;
        const char *id, *aliases, *upstream, *related;
        const char *ranges, *versions;
        const char *severity, *record_severity, *rating, *urgency, *symbols;
        struct span version; /* that was compared: the source package's or the binary's */
        bool doubt;          /* low confidence */
        bool extended;       /* of a stream that only bought support gets */
        bool affected;       /* the version lies in it */
        bool own; /* of the bought stream that the version was built for: it speaks alone of its bugs */
};
typedef VEC(struct hit) hit_list;

/* The ecosystem strings that apply to one release, and how many advisories they have, counted up to a few.
 * Lives as long as the database is open. */
struct stream {
        const char *ecosystem;
        bool extended;
        const char *vendor; /* it speaks for names that begin so; NULL: for all */
        bool beside;        /* of another registry: says nothing of whether this one's advisories are here */
        const char *tag;    /* what versions built for a bought stream contain (".el9_2", "esm"), or NULL */
};
struct release {
        struct stream *streams;
        size_t stream_count;
        int advisories;
        bool extended; /* a stream that was bought for it goes on beyond its end */
};

struct match_context {
        struct advisory_db *db;
        const struct match_query *query;
        const struct version_scheme *scheme;
        const char *base; /* ecosystem without release */
        bool distribution;
        bool extended; /* bought support is there: attached, or the version comes from it */
        struct span version, binary_version;
        hit_list hits;        /* every entry of the package, also those that do not affect the version */
        size_t affecting;     /* how many of them do */
        struct arena scratch; /* the hits' texts */
        struct arena *arena;  /* the caller's, for what is returned */
        struct error *error;
};

/* Hits → bugs. 0 or -errno. */
int group_bugs(struct match_context *c, struct match *ret);
/* Fill in what follows from the entries of the bug's records: `affected` ones make it, all of them say what
 * mends it. */
int bug_fill(struct match_context *c, const struct hit *const *hits, size_t count, struct bug *bug);
/* Fill in what follows from its names: KEV and EPSS. */
int bug_exploitation(struct match_context *c, struct bug *bug);
/* Add what the own symbol table says of any of its names. */
int bug_join_symbols(struct match_context *c, struct bug *bug);
/* The severity of a group of hits: the distribution's, else the home database's, else the newest CVSS. */
int severity_choose(const struct match_context *c, const struct hit *const *hits, size_t count,
                    struct severity *ret);
/* What one record says. Its rank (higher goes before lower, 0: nothing) or -ENOMEM. */
int severity_read(const struct hit *h, struct arena *a, struct severity *ret);
/* The functions that affected entries name and that can be vulnerable in this version, here (where a package
 * is matched; else all). 0 or -ENOMEM. */
int bug_symbols(struct match_context *c, const struct hit *const *hits, size_t count, struct bug *bug);
/* Whether the functions named are all of the flaw (bug->roots_gap). After the symbols. 0 or -ENOMEM. */
int bug_roots(struct match_context *c, const struct hit *const *hits, size_t count, struct bug *bug);
bool symbol_is_own(const struct symbol *s); /* of the own table */
/* Each record of the own table; it lives until the handler returns, whose failure ends the walk. */
int symbol_records_each(int (*handler)(void *context, const struct symbol_record *record, struct arena *a),
                        void *context);
/* Whether the version was built for this stream. */
bool stream_built(const struct stream *stream, struct span version);
/* Order of two `const char *`: CVE, GHSA, home ids, local ones. For qsort. */
int id_compare(const void *a, const void *b);
/* The streams of "Debian:12"; asked once each. 0 or -errno. */
int release_find(struct match_context *c, const char *ecosystem, const struct release **ret);
/* A release that hardly any advisory names has not been imported, it was only mentioned in passing. */
enum { RELEASE_FEWEST = 10 };
/* 1 with the module in *ret (in the scratch arena) that advisories say has this package of Go; 0: none, or
 * -errno. */
int go_package_module(struct match_context *c, const char *package, const char **ret);
/* A row of PACKAGE_ROWS, as it speaks of the version that is asked. 0 or -ENOMEM. */
int hit_read(struct match_context *c, const struct stream *stream, struct span version, sqlite3_stmt *row,
             struct hit *ret);
/* Whether the version lies in what the hit calls affected. */
bool hit_affects(const struct hit *h, const struct version_scheme *scheme, struct span version);
