/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One import is one transaction: import_begin, any number of records, then import_end (or import_abort,
 * which leaves the database as it was). Private to src/advisory. */

#include "advisory/database.h"
#include "base/buf.h"
#include "base/str.h"

#include <sys/stat.h>

struct import {
        struct advisory_db *db;
        const struct import_watch *watch; /* or NULL */
        struct import_result *result;
        const char *path;    /* what is read, for sentences */
        const char *source;  /* where it comes from, for status; NULL: the path */
        const char *folder;  /* name of the archive's folder ("PyPI" of PyPI/all.zip), or "" */
        bool holds;          /* what is not an ecosystem's whole archive is held by its own path as well */
        bool starter, named; /* named: the folder was given, not read off the path */
        int64_t as_of;       /* wall s: newest date by the collection's own word; 0: that of its records */
        struct buf text;     /* scratch for the columns */
};

int import_begin(struct import *i, struct error *error);
/* One record. A broken one is noted and counted, and is no failure. -errno: the database failed. */
int import_record(struct import *i, const char *name, const char *json, size_t size, struct error *error);
/* Books the records to their ecosystems and commits. `complete`: they are all that an ecosystem has, so
 * what an earlier import of that ecosystem held beyond them goes. */
int import_end(struct import *i, bool complete, struct error *error);
void import_abort(struct import *i);
/* Within a transaction: what the ecosystem holds beyond `ids` (lines) goes. */
int import_let_go(struct import *i, const char *ecosystem, struct span ids, uint64_t *ret_removed,
                  struct error *error);

int import_kev(struct import *i, const char *json, size_t size, struct error *error);
void import_note(const struct import *i, const char *name, const struct error *trouble);
void import_progress(const struct import *i, uint64_t done, uint64_t total);
/* Book a source: KEV, EPSS. */
int import_source(struct import *i, const char *ecosystem, int64_t newest, struct error *error);
/* EPSS scores, plain or gzip, through zlib's own reader. Takes the descriptor's duplicate. */
int import_epss(struct import *i, int fd, struct error *error);
/* Records of an all.zip. */
int import_zip(struct import *i, int fd, uint64_t size, struct error *error);

/* ---- files ---- */
enum import_kind { KIND_ZIP, KIND_EPSS, KIND_JSON, KIND_UNKNOWN };
enum import_kind import_recognise(int fd);
/* A descriptor that does not block, and what it is of. Or -errno with a sentence. */
int import_open(const char *path, struct stat *ret, struct error *error);
/* Name of the folder that the path lies in ("PyPI" of "…/PyPI/all.zip"), or "". Returns `to`. */
const char *import_folder_name(const char *path, char to[static 256]);
/* A record, or the KEV catalogue. Within a transaction. */
int import_json(struct import *i, int fd, struct error *error);
/* The whole file, as an import of its own, told like `from`. -ENODATA: neither advisories nor KEV nor EPSS.
 */
int import_file(const struct import *from, const char *path, struct error *error);
/* What matching remembered may change now. */
void import_releases_forget(struct advisory_db *db);

/* The name as records and packages of the ecosystem are compared: PEP 503 for PyPI, lower case where the
 * registry ignores case. Appended to the buffer. `ecosystem` without release. */
int name_normalise(const char *ecosystem, const char *name, struct buf *to);
/* Length of the ecosystem in "Debian:12". */
static inline size_t ecosystem_size(const char *ecosystem)
{
        return strcspn(ecosystem, ":");
}
