/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Inside of src/prober: the worker's memory, and the jobs that concern packages. */

#include "base/map.h"
#include "host/process.h"
#include "inventory/copies.h"
#include "inventory/inventory.h"
#include "prober/channel.h"

struct cached_root {
        struct inventory *inventory;
        struct copies *copies; /* what its packages' files are known by; NULL until somebody asks */
        uint64_t fingerprint;  /* of the packages that `copies` speaks of */
        uint64_t stamp;        /* inventory_stamp() with the first `stamped` folders of modules */
        size_t stamped;
        bool told;                    /* `inventory` is what the last answer told */
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
};

/* A descriptor of the root that the job speaks of, after proof that the process still lives in it; -ESRCH
 * otherwise. */
int worker_root_open(struct worker *w, const struct probe_job *job);
void worker_roots_done(struct worker *w);
struct module_cache *module_cache_free(struct module_cache *c); /* returns NULL */
/* Whose a module is. */
struct module_owner {
        const struct package *package; /* NULL: nobody's, or … */
        const char *shared; /* … by this path it belongs to several with equal right; else NULL */
};
/* The owner of a module's file, by whatever path it was imported. `root_fd` is -1 until a file has to be
 * opened, then a descriptor for the next ones, which the caller closes, or another negative. `shared` lies in
 * `a`, or lives as long as the inventory. */
struct module_owner worker_module_owner(struct worker *w, const struct probe_job *job,
                                        const struct inventory *inventory, const char *file,
                                        const char *module, struct arena *a, int *root_fd);
/* The path of the mapped file in the job's root, as it was when the process was looked at. 0 or -ENOMEM. */
int worker_path_in_root(const struct probe_job *job, struct arena *a, const char **ret);
int worker_inventory(struct worker *w, const struct probe_job *job, struct buf *reply);
int worker_stamp(struct worker *w, const struct probe_job *job, struct buf *reply);
int worker_file(struct worker *w, const struct probe_job *job, struct buf *reply);
int worker_functions(struct worker *w, const struct probe_job *job, struct buf *reply);
int worker_calls(const struct probe_job *job, struct buf *reply);
int worker_runtimes(struct worker *w, const struct probe_job *job, struct buf *reply);
void worker_runtimes_done(struct worker *w);
struct file_reply;
/* Fill in `has_owner`, `owner`, `linked` and `doubted` of a file whose content was examined. 0 or -ENOMEM. */
int worker_attribute(struct worker *w, int fd, int root_fd, const struct probe_job *job, struct arena *a,
                     struct file_reply *reply);
/* What the packages of a root that was read are known by, or NULL: it was not, or memory is out. */
struct copies *worker_copies_of(struct worker *w, const char *root_id, const struct inventory **ret);
/* The inventory of the job's root: from memory, else read now. NULL: it cannot be read, or must not be. */
const struct inventory *worker_inventory_of(struct worker *w, const struct probe_job *job);
