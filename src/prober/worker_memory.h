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

#include <pthread.h>

struct cached_root {
        struct inventory *inventory;
        struct copies *copies;        /* what its packages' files are known by; NULL until somebody asks */
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
        /* NULL; else this one answers urgent jobs, in a thread of its own, by the roots of that one. It
         * changes nothing of them, and reads them while it holds the lock only. */
        struct worker *first;
        pthread_mutex_t lock;   /* of the first one, who holds it while it changes what hangs on `roots` */
        struct map roots;       /* root id → struct cached_root */
        struct map files;       /* identity and times of a file → what its content tells */
        struct arena names;     /* of `files`; all is forgotten when it is full */
        struct map slots;       /* path, device and inode of a mapped file → struct slot_file */
        size_t slot_names;      /* that they hold */
        uint64_t slots_since;   /* boottime ns: when they were forgotten */
        struct map watched;     /* pid → struct watched_process */
        uint64_t watched_size;  /* bytes that they hold */
        uint64_t forgot_before; /* boottime ns: of who was started before, something may have been known */
        bool viewed;            /* `view` is that of this job's process */
        struct view *view;      /* NULL: it sees the root as its inventory does */
};

/* Take the lock, as often as wanted. 0, or -EAGAIN: the other thread would hold it for too long. */
int roots_lock(struct worker *w);
void roots_unlock(struct worker *w);
struct cached_root *root_find(struct worker *w, const char *root_id); /* NULL: it was not read */
/* Reading the file could block for ever: FUSE or network. */
bool worker_file_may_block(int fd);

/* A descriptor of the root that the job speaks of, after proof that the process still lives in it; -ESRCH
 * otherwise. */
int worker_root_open(struct worker *w, const struct probe_job *job);
/* The path of the mapped file in the job's root, as it was when the process was looked at. 0 or -ENOMEM. */
int worker_path_in_root(const struct probe_job *job, struct arena *a, const char **ret);
