/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Bringing the advisories up to date from a copy of the OSV bucket's layout (google/osv.dev, docs/data.md):
 * ECOSYSTEM/all.zip, ECOSYSTEM/ID.json, ECOSYSTEM/modified_id.csv; and from where KEV and EPSS are published.
 */

#include "advisory/advisory.h"
#include "update/fetch.h"

#define UPDATE_URL  "https://osv-vulnerabilities.storage.googleapis.com"
#define UPDATE_KEV  "https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json"
#define UPDATE_EPSS "https://epss.empiricalsecurity.com/epss_scores-current.csv.gz"

struct update_watch {
        void *context;
        /* bytes of a file that are there, of `total` (0: not told) */
        void (*progress)(void *context, const char *what, uint64_t done, uint64_t total);
        void (*wait)(void *context, const char *what, unsigned seconds,
                     const char *why); /* before a new attempt */
};

struct updater {
        struct advisory_db *db;
        struct fetcher *fetcher;
        const char *folder; /* where unfinished files lie, made where missing */
        const char *url;    /* base, without a '/' at its end */
        unsigned patience;  /* s that are waited at most before a new attempt, unless the server asks for more
                             */
        const struct update_watch *watch;
        const struct import_watch *import_watch;
};

enum update_outcome { UPDATE_UNCHANGED, UPDATE_CHANGES /* single records */, UPDATE_WHOLE };

struct update_result {
        enum update_outcome outcome;
        uint64_t bytes; /* that came over the network */
        uint64_t removed;
        struct import_result import;
};

/* One ecosystem, without release. 0 or -errno with a sentence; then what was there before is still there. */
int update_ecosystem(struct updater *u, const char *ecosystem, struct update_result *ret,
                     struct error *error);
/* A single file that advisory_import knows: KEV, EPSS. `name` as in status. */
int update_file(struct updater *u, const char *name, const char *url, struct update_result *ret,
                struct error *error);
