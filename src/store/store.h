/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* evidence.db: the sticky history of this host (SQLite, WAL). Findings are computed from it, never
 * stored. Evidence only grows: a later look never lowers a level; kill -9 loses at most what was put
 * since the last commit. */

#include "base/error.h"
#include "evidence/evidence.h"
#include "host/root.h"
#include "host/workload.h"
#include "inventory/package.h"

struct store;

enum store_mode { STORE_READ, STORE_WRITE };

/* Open `state_dir`/evidence.db (created with mode 0600, folder 0700, in STORE_WRITE). 0, or -errno with a
 * sentence: -ENOENT (no history yet), -EBUSY (locked), -EBADMSG (corrupt), -EPROTO (newer schema),
 * -ENOSPC, -EROFS, -EACCES … */
int store_open(const char *state_dir, enum store_mode mode, struct store **ret, struct error *error);
struct store *store_close(struct store *s); /* returns NULL */
static inline void store_closep(struct store **s)
{
        *s = store_close(*s);
}
#define _cleanup_store_ _cleanup_(store_closep)

/* Give back the memory that only speed needs. */
void store_rest(struct store *s);

/* ---- writing: between store_begin and store_commit (or store_rollback) ------------------------------ */
int store_begin(struct store *s, struct error *error);
int store_commit(struct store *s, struct error *error);
void store_rollback(struct store *s);

struct host_facts {
        const char *id, *name, *os, *kernel, *boot_id;
        /* Wall s: when the inventories of what runs were read, the oldest of them; 0: not known. */
        int64_t inventory;
};
int store_put_host(struct store *s, const struct host_facts *host, int64_t now, struct error *error);
/* The root's inventory now: packages that are no longer listed lose `installed`, their evidence stays. */
int store_put_inventory(struct store *s, const struct root *root, const package_list *packages, int64_t now,
                        struct error *error);
/* One package outside of an inventory (stale ones, Go modules of running programs). */
int store_put_package(struct store *s, const struct package *p, int64_t now, struct error *error);
/* All workloads that run now; those not listed stop `running`. */
int store_put_workloads(struct store *s, const struct workload *list, size_t count, int64_t now,
                        struct error *error);
int store_put_evidence(struct store *s, const evidence_list *list, struct error *error);
/* A coverage record whose `since` lies within an earlier window of the same engine extends it; one that
 * begins later starts a new window, and the time between is a gap. */
int store_put_coverage(struct store *s, const coverage_list *list, struct error *error);
/* The newest word on each (workload, package, object, subject, engine) replaces the one before. */
int store_put_functions(struct store *s, const function_coverage_list *list, struct error *error);
int store_put_losses(struct store *s, const loss_list *list, struct error *error);
int store_put_doubts(struct store *s, const doubt_list *list, struct error *error);
/* What is known of an object already stays as it is. */
int store_put_spared(struct store *s, const spared_list *list, struct error *error);
/* They may be probed again. */
int store_forget_spared(struct store *s, struct error *error);
/* What the look at all could not see, as sentences: they replace those of the look before. */
int store_put_limits(struct store *s, const char *const *limits, size_t count, struct error *error);
/* Forget evidence, packages and workloads not seen for `days`; what is installed keeps its newest evidence of
 * each kind, so that no yes is lost. */
int store_prune(struct store *s, int days, int64_t now, struct error *error);

/* ---- reading --------------------------------------------------------------------------------------- */
struct history {
        struct host_facts host;
        int64_t time; /* wall s of the last look */
        /* Installed now; or put alone (stale ones, Go modules) and their evidence is not over: no other file
         * was seen at its path since, and stale ones are still mapped by a running workload. */
        package_list packages;
        VEC(struct workload) workloads; /* also those that ended, until they are pruned */
        evidence_list evidence;         /* all of it; `stale` only where the old file is still mapped */
        coverage_list coverage;         /* latest window of each (workload, root, runtime) */
        function_coverage_list functions;
        loss_list losses;
        doubt_list doubts;
        spared_list spared;
        VEC(const char *) limits; /* of the last look at all */
};
void history_done(struct history *h); /* frees the arrays; strings are the arena's */
int store_load(struct store *s, struct arena *a, struct history *ret, struct error *error);
/* Files that are not to be probed. Strings are the arena's; free the array only. */
int store_load_spared(struct store *s, struct arena *a, spared_list *ret, struct error *error);
/* The package that a file with this object id was last known to belong to: one of this root before all
 * others. */
int store_package_of_object(struct store *s, const char *object, const char *root, struct arena *a,
                            struct package *ret, struct error *error); /* 1 found, 0 not, -errno */
