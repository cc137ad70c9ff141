/* SPDX-License-Identifier: Apache-2.0 */
#include "prober/worker_file.h"

#include "prober/reply.h"

#include <errno.h>

/* Whose file it is: the package that owns its path, in the version that was installed when the process
 * mapped it; for what no package owns, the Go modules that are linked into it. */

/* dpkg's binary rebuilds: the source keeps its version without "+bN". */
static bool is_rebuild_of(const char *version, const char *source_version, size_t *ret_size)
{
        const char *at = strstr(version, "+b");
        if (!at || !at[2] || strspn(at + 2, "0123456789") != strlen(at + 2))
                return false;
        *ret_size = (size_t)(at - version);
        return strlen(source_version) == *ret_size && !strncmp(version, source_version, *ret_size);
}

/* The owner of a file that lies there no more is the version that was installed when it was mapped. */
static int make_stale(const struct inventory *inventory, int64_t started, struct arena *a,
                      struct package *owner)
{
        const char *now = owner->version, *source_now = owner->source_version;
        const char *then = inventory_version_at(inventory, owner->name, owner->arch, started);
        size_t size = 0, size_then = 0;
        owner->stale = true;
        owner->version = then;
        owner->source_version = NULL;
        if (!then || !now || !source_now)
                return 0;
        if (!strcmp(then, now))
                owner->source_version = source_now;
        else if (!strcmp(now, source_now))
                owner->source_version = then;
        else if (is_rebuild_of(now, source_now, &size)) {
                const char *at = strstr(then, "+b");
                size_then = at && strspn(at + 2, "0123456789") == strlen(at + 2) ? (size_t)(at - then)
                                                                                 : strlen(then);
                owner->source_version = arena_strndup(a, then, size_then);
                if (!owner->source_version)
                        return -ENOMEM;
        }
        return 0;
}

static bool is_gone(enum file_state state)
{
        return state == FILE_REPLACED || state == FILE_DELETED;
}

int worker_attribute(struct worker *w, int fd, const struct probe_job *job, struct arena *a,
                     struct file_reply *reply)
{
        if (reply->file.state == FILE_MEMORY)
                return 0;
        const struct inventory *inventory = worker_inventory_of(w, job);
        const struct package *owner = inventory ? inventory_owner(inventory, reply->file.path, NULL) : NULL;
        int stale = 0;
        if (owner) {
                reply->has_owner = true;
                reply->owner = *owner;
                if (is_gone(reply->file.state))
                        stale = make_stale(inventory, job->started, a, &reply->owner);
        }
        /* What a distribution built belongs to its package, whatever is linked into it. A wheel or an npm
         * package is no distribution: the crates, modules and libraries in it have advisories of their own.
         */
        if (stale < 0 || !inventory || !reply->file.elf || fd < 0 ||
            inventory_is_os_owned(inventory, reply->file.path))
                return stale;
        int r = inventory_linked(fd, job->root_id, reply->file.path, a, &reply->linked);
        if (is_gone(reply->file.state))
                vec_each (module, &reply->linked)
                        module->stale = true;
        return r == -ENOMEM ? r : 0;
}
