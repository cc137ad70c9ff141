/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Inside of src/prober: what the worker keeps between jobs, and the way into the root that a job speaks of.
 */

#include "base/map.h"
#include "host/process.h"
#include "inventory/copies.h"
#include "inventory/inventory.h"
#include "prober/channel.h"
#include "prober/prober.h"
#include "prober/root_marks.h"

struct cached_root {
        struct inventory *inventory;
        struct copies *copies;        /* what its packages' files are known by; NULL until somebody asks */
        uint64_t fingerprint;         /* of the packages that `copies` speaks of */
        struct root_marks marks;      /* from before the last reading … */
        mark_list place_marks;        /* … and of the job's places, in their order */
        int64_t read_at;              /* wall ns: when its reading began */
        bool told;                    /* `inventory` is what the last answer told */
        struct probe_view first;      /* who it was read through */
        struct view_table *views;     /* what others see otherwise; or NULL */
        struct module_cache *modules; /* whose the modules are that no path tells; as long as `inventory` */
        char id[];                    /* key of the map */
};

struct worker {
        struct process_reader *reader;
        struct map roots;      /* root id → struct cached_root */
        struct map files;      /* identity and times of a file → what its content tells */
        struct arena names;    /* of `files`; all is forgotten when it is full */
        struct map watched;    /* pid → struct watched_process */
        uint64_t watched_size; /* bytes that they hold */
        bool viewed;           /* `view` is that of this job's process */
        struct view *view;     /* NULL: it sees the root as its inventory does */
};

/* A descriptor of the root that the job speaks of, after proof that the process still lives in it; -ESRCH
 * otherwise. */
int worker_root_open(struct worker *w, const struct probe_job *job);
/* The path of the mapped file in the job's root, as it was when the process was looked at. 0 or -ENOMEM. */
int worker_path_in_root(const struct probe_job *job, struct arena *a, const char **ret);
