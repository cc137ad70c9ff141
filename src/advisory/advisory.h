/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What is known to be vulnerable: advisory.db, an SQLite file of OSV records, KEV and EPSS. Where nothing
 * was imported yet it is filled from the starter set that is built into the program; imported
 * ecosystems replace the starter's, the others stay. */

#include "base/arena.h"
#include "base/error.h"
#include "base/vec.h"
#include "format/os_release.h"
#include "format/purl.h"

struct advisory_db;

enum advisory_mode { ADVISORY_READ, ADVISORY_WRITE };

/* Open `state_dir`/advisory.db, creating it from the starter set where it is missing (in memory, when the
 * folder cannot be written in ADVISORY_READ mode). 0 or -errno with a sentence: -EBUSY (another import),
 * -EBADMSG (not a database, corrupt), -EPROTO (made by a newer Usewear), … */
int advisory_open(const char *state_dir, enum advisory_mode mode, struct advisory_db **ret,
                  struct error *error);
/* Give back what was kept of it in memory, where it is not needed soon. NULL is nothing. */
void advisory_rest(struct advisory_db *db);
struct advisory_db *advisory_close(struct advisory_db *db); /* returns NULL */
static inline void advisory_closep(struct advisory_db **db)
{
        *db = advisory_close(*db);
}
#define _cleanup_advisory_ _cleanup_(advisory_closep)

/* Ask one state of the data from now on until it is closed: for many questions one after the other, which
 * then cost no lock each. Not for what stays open. 0 or -errno with a sentence. */
int advisory_hold(struct advisory_db *db, struct error *error);
/* Of the files that answers rest on, the database and `streams`: another number after any change. */
uint64_t advisory_stamp(const char *state_dir);

/* ---- import ------------------------------------------------------------------------------------- */
struct import_result {
        uint64_t records, unchanged, skipped; /* skipped: broken records, each named by `note` */
};
struct import_watch {
        void *context;
        void (*note)(void *context, const char *sentence); /* a record was skipped */
        void (*progress)(void *context, const char *ecosystem, uint64_t done, uint64_t total);
};
/* Import one path: an OSV record, a folder of them, an all.zip, the KEV catalogue (JSON) or EPSS scores
 * (CSV, plain or gzip), told apart by content. One transaction an ecosystem: on failure (truncated
 * zip: -EBADMSG) nothing of it changes. */
int advisory_import(struct advisory_db *db, const char *path, const struct import_watch *watch,
                    struct import_result *ret, struct error *error);

/* The same of a path whose records come from elsewhere: `source` is shown in status, and an archive is of
 * `ecosystem` ("" where that is to be found out). */
int advisory_import_from(struct advisory_db *db, const char *path, const char *source, const char *ecosystem,
                         const struct import_watch *watch, struct import_result *ret, struct error *error);
/* What changed in one ecosystem since: the records in `folder` (NULL: none), and all ids that it has now, one
 * a line and sorted or not; held ones that are not among them go. One transaction. */
int advisory_import_changes(struct advisory_db *db, const char *ecosystem, const char *source,
                            const char *folder, struct span ids, const struct import_watch *watch,
                            struct import_result *ret, uint64_t *ret_removed, struct error *error);
/* Say that the ecosystem was looked after now and had not changed. */
int advisory_confirm(struct advisory_db *db, const char *ecosystem, struct error *error);
/* A remark that lives with the imported data and goes with it. *ret is NULL where there is none. */
int advisory_remark(struct advisory_db *db, const char *name, struct arena *a, const char **ret,
                    struct error *error);
int advisory_remark_set(struct advisory_db *db, const char *name, const char *value, struct error *error);

/* ---- status ------------------------------------------------------------------------------------- */
struct advisory_source {
        const char *ecosystem; /* "Debian", …; "KEV", "EPSS" for these */
        uint64_t records;
        int64_t newest;     /* wall s: newest `modified` (KEV: release, EPSS: score date) */
        int64_t imported;   /* wall s */
        const char *source; /* path that was imported, or "starter" */
};
typedef VEC(struct advisory_source) advisory_source_list;
int advisory_status(struct advisory_db *db, struct arena *a, advisory_source_list *ret, struct error *error);

/* ---- match -------------------------------------------------------------------------------------- */
enum fix_state { FIX_UNKNOWN, FIX_FIXED, FIX_NOT_FIXED, FIX_WONT_FIX, FIX_EXTENDED_SUPPORT, _FIX_STATE_MAX };
const char *fix_state_name(enum fix_state state); /* as docs/findings.schema.json spells it */

struct severity {
        const char *rating; /* "critical", "high", "medium", "low", "none", or NULL */
        double score;       /* 0–10, negative where there is none */
        const char *vector; /* or NULL */
        const char *source; /* id of the record that said so, or NULL */
};

struct symbol {
        const char *container, *function, *signature; /* as in docs/symbols.md; signature may be NULL */
        const char *kind;                             /* root, derived, entry, fix, unspecified */
        const char *source;                           /* record id, or "Usewear": the own table */
        const char *reason;                           /* own table: why; else NULL */
        const char *versions, *platforms; /* where it is vulnerable only in some: as in struct osv_symbol */
        bool elsewhere; /* own table: it speaks for other versions or packages than what is matched */
};

struct bug {
        const char *id;       /* displayed: CVE, else GHSA, else home id; x_ ids last */
        const char **aliases; /* the other ids of the group */
        size_t alias_count;
        const char **bulletins; /* DSA, USN, RHSA … that name it */
        size_t bulletin_count;
        struct severity severity;
        const char *kev_added, *kev_due; /* "2021-12-10"; NULL: not in KEV */
        bool kev_ransomware;
        double epss, epss_percentile; /* negative: no score */
        const char *epss_date;
        const char *fixed_version; /* or NULL */
        enum fix_state fix_state;
        bool malware;        /* a MAL- record */
        bool low_confidence; /* Go custom_ranges */
        struct symbol *symbols;
        size_t symbol_count;
        const char
                *roots_gap; /* NULL: the roots among them are all; else why silence of them proves nothing */
        int64_t modified;
};

/* Whether it is one of its ids, in whatever case. */
bool bug_is_named(const struct bug *bug, const char *id);

enum match_outcome {
        MATCH_EVALUATED,     /* compared with `compared` advisories; clean if bug_count is 0 */
        MATCH_NOT_EVALUATED, /* `reason`, and `mend`: the command that would change that (or NULL) */
};

struct match {
        enum match_outcome outcome;
        const char *reason, *mend;
        size_t compared;
        struct bug *bugs; /* sorted by id */
        size_t bug_count;
};

struct match_query {
        const char *ecosystem, *release;     /* release NULL where there is none */
        const char *name, *version;          /* of the source package where advisories name that */
        const char *binary, *binary_version; /* RPM: advisories name these as well; or NULL */
        const char *module;                  /* RPM's modularity label, "nodejs:18:…"; or NULL */
        bool extended;       /* bought support is attached (Ubuntu Pro): its fixes count as fixes */
        bool may_be_package; /* Go: what is named may be a package inside of a module (a package URL) */
};

/* What a package URL asks for. */
struct match_coordinate {
        struct match_query query;
        const char
                *reason; /* NULL, or why it cannot be evaluated: no ecosystem, no release, unknown registry */
};
/* Names as OSV spells them, source packages by the `upstream` qualifier, the release by `distro` or else
 * that of `os` (may be NULL). Everything lies in the arena. 0 or -ENOMEM. */
int match_coordinate_of(const struct purl *p, const struct os_release *os, struct arena *a,
                        struct match_coordinate *ret);
/* Whether advisories of the ecosystem ("AlmaLinux") may name binary packages. */
bool advisory_names_binaries(const char *ecosystem);

/* Evaluate one package. Everything in ret lies in the arena. 0 or -errno with a sentence. */
int advisory_match(struct advisory_db *db, const struct match_query *query, struct arena *a,
                   struct match *ret, struct error *error);

/* ---- one bug ------------------------------------------------------------------------------------- */
struct shown_affected {
        const char *ecosystem, *name,
                *version_list;        /* version_list: lines, only what ranges do not imply; or NULL */
        const char *ranges, *urgency; /* ranges: lines "i0", "f1.2" (schema in open.c); or NULL */
};
struct shown_record {
        const char *id;
        int64_t modified, published;
        bool withdrawn, other; /* other: names the bug among others (a bulletin), is no alias */
        struct severity severity;
        VEC(struct shown_affected) affected;
};
struct shown_bug {
        VEC(const char *) ids; /* all aliases, the one to display first */
        VEC(struct shown_record) records;
        struct bug bug; /* KEV, EPSS and symbols; without fix and severity, which depend on the package */
};
/* Everything of a bug by any of its ids. 0, -ENOENT, or -errno with a sentence. Strings lie in the arena. */
int advisory_show(struct advisory_db *db, const char *id, struct arena *a, struct shown_bug *ret,
                  struct error *error);
void shown_bug_done(struct shown_bug *b);

/* ---- the own symbol table ------------------------------------------------------------------------ */
/* One record of data/symbols (docs/symbols.md), as text. */
struct symbol_record {
        const char *ids;      /* "CVE-… GHSA-…" */
        const char *package;  /* "PyPI jinja2" */
        const char *affected; /* "<2.11.3" */
        const char *compared; /* the two releases, or a version and a patch */
        const char *checked;  /* "2026-11-24" */
        const char *none;     /* why no function is to be watched, or NULL */
        struct symbol *symbols;
        size_t symbol_count;
};
typedef VEC(struct symbol_record) symbol_record_list;
/* Append the records of an id, in the arena. Needs no database. 0 or -ENOMEM. */
int advisory_symbols(const char *id, struct arena *a, symbol_record_list *ret, struct error *error);

/* ---- all functions that anybody names -------------------------------------------------------------- */
struct symbol_query {
        const char *const *ids; /* NULL: of all advisories */
        size_t id_count;
        const char *package; /* NULL: of all packages; else its name, without regard to case */
};
struct listed_symbol {
        const char *advisory, *aliases, *ecosystem, *package; /* aliases: lines, or NULL */
        struct symbol symbol;
};
struct symbol_watch {
        void *context;
        int (*symbol)(void *context,
                      const struct listed_symbol *s); /* negative ends the list, and is returned */
};
/* Records first, sorted by id, then the own table. Strings live until the handler returns. 0 or -errno. */
int advisory_symbol_list(struct advisory_db *db, const struct symbol_query *query,
                         const struct symbol_watch *watch, struct error *error);
