/* SPDX-License-Identifier: Apache-2.0 */
#include "prober/worker_owner.h"

#include "base/file.h"
#include "host/root.h"
#include "prober/worker_root.h"
#include "prober/worker_view.h"

#include <errno.h>
#include <stdio.h>

/* Whose file it is: the package that owns its path, in the version that was installed when the process
 * mapped it; else the one that owned a library of its name in its folder, where the file is gone; else the
 * one whose file it is a link to or a copy of, in this root or in the host's. For what the distribution does
 * not own, also the modules that are linked into it. What cannot be told stays a doubt about those who ship
 * such a file: without it, they could be called not loaded. */

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

/* ---- under another name ------------------------------------------------------------------------------- */

static const char *last_part(const char *path)
{
        const char *slash = strrchr(path, '/');
        return slash ? slash + 1 : path;
}

/* What the library is called by those who need it; the file's own name where it does not say. */
static const char *library_name(const struct mapped_file *f)
{
        return f->soname ? f->soname : last_part(f->path);
}

/* An upgrade that brings libz.so.1.3 deletes libz.so.1.2, which nobody owns then; "libz.so.1" beside it is
 * still owned by the same package. */
static const struct package *owner_before(const struct inventory *inventory, const struct mapped_file *f,
                                          const char *name, struct arena *a)
{
        const char *beside = arena_printf(a, "%.*s%s", (int)(last_part(f->path) - f->path), f->path, name);
        return beside && inventory_is_os_owned(inventory, beside) ? inventory_owner(inventory, beside, NULL)
                                                                  : NULL;
}

static int doubt_all(const package_refs *refs, struct file_reply *reply)
{
        vec_each (ref, refs) {
                struct package *slot = vec_add(&reply->doubted);
                if (!slot)
                        return -ENOMEM;
                *slot = **ref;
        }
        return 0;
}

/* Several packages say that the file is theirs: each of them may be the one that is used. */
static int doubt_owners(const struct inventory *inventory, struct arena *a, struct file_reply *reply)
{
        package_refs refs = {};
        int r = inventory_owners(inventory, reply->file.path, &refs);
        if (r == 0)
                r = doubt_all(&refs, reply);
        vec_done(&refs);
        reply->doubt = arena_printf(a, "%s belongs to several packages with equal right", reply->file.path);
        return !reply->doubt || r == -ENOMEM ? -ENOMEM : 0; /* too many: a doubt about all */
}

static int doubt(const struct copies *copies, const struct inventory *inventory, const char *name,
                 const char *why, struct arena *a, struct file_reply *reply)
{
        package_refs refs = {};
        int r = copies_named(copies, inventory, name, &refs);
        if (r == 0)
                r = doubt_all(&refs, reply);
        vec_done(&refs);
        reply->doubt = arena_printf(a, "%s may be its file under another name: %s", reply->file.path, why);
        return reply->doubt ? r : -ENOMEM;
}

/* Compare with the packaged files of a root whose inventory is known. 1: found, 0, or -ENOMEM. */
static int find_copy(struct worker *w, const char *root_id, int root_fd, int fd, const char *name,
                     struct arena *a, struct file_reply *reply)
{
        const struct inventory *inventory = NULL;
        struct copies *copies = worker_copies_of(w, root_id, &inventory);
        const struct package *owner = NULL;
        if (w->first && (!copies || !copies_are_listed(copies, inventory)))
                return -EAGAIN;
        if (!copies || root_fd < 0)
                return 0;
        int r = copies_find(copies, inventory, root_fd, fd, reply->file.object, &owner);
        if (r == 1) {
                reply->has_owner = reply->copied = true;
                reply->owner = *owner;
                reply->doubted.count = 0;
                reply->doubt = NULL;
                return 1;
        }
        if (r == -EAGAIN)
                return doubt(copies, inventory, name, "not compared with all packaged files yet", a, reply);
        if (r == 0 && !reply->file.object)
                return doubt(copies, inventory, name, "it could not be read", a, reply);
        return r;
}

/* Packaged files lie where the root's inventory saw them. */
static int find_copy_in_root(struct worker *w, int fd, int root_fd, const struct probe_job *job,
                             const char *name, struct arena *a, struct file_reply *reply)
{
        if (worker_sees_root(w, job))
                return find_copy(w, job->root_id, root_fd, fd, name, a, reply);
        _cleanup_close_ int first_fd = worker_first_root_open(w, job);
        if (first_fd >= 0)
                return find_copy(w, job->root_id, first_fd, fd, name, a, reply);
        reply->doubt = arena_printf(a, "%s was not compared with packaged files: %s", reply->file.path,
                                    strerror(-first_fd));
        return reply->doubt ? 0 : -ENOMEM;
}

static int attribute_copy(struct worker *w, int fd, int root_fd, const struct probe_job *job, struct arena *a,
                          const struct inventory *inventory, struct file_reply *reply)
{
        const char *name = library_name(&reply->file);
        if (inventory && is_gone(reply->file.state)) {
                const struct package *owner = owner_before(inventory, &reply->file, name, a);
                if (owner) {
                        reply->has_owner = true;
                        reply->owner = *owner;
                        return make_stale(inventory, job->started, a, &reply->owner);
                }
        }
        int r = inventory ? find_copy_in_root(w, fd, root_fd, job, name, a, reply) : 0;
        if (r || str_equal(job->root_id, "host"))
                return r < 0 ? r : 0;
        _cleanup_close_ int host_fd = root_open_host();
        r = find_copy(w, "host", host_fd, fd, name, a, reply);
        return r < 0 ? r : 0;
}

static bool is_code(const struct mapped_file *f)
{
        return f->elf || (f->state != FILE_MEMORY && (f->unreadable || !f->object));
}

int worker_attribute(struct worker *w, int fd, int root_fd, const struct probe_job *job, struct arena *a,
                     struct file_reply *reply)
{
        bool tie = false, unread = false;
        const struct inventory *inventory = worker_inventory_at(w, job, reply->file.path, &unread);
        if (w->first && (!inventory || unread))
                return -EAGAIN;
        if (unread && is_code(&reply->file)) {
                reply->doubt = arena_printf(a, "%s: " VIEW_UNREAD, reply->file.path);
                return reply->doubt ? 0 : -ENOMEM;
        }
        const struct package *owner = inventory && reply->file.state != FILE_MEMORY
                                              ? inventory_owner(inventory, reply->file.path, &tie)
                                              : NULL;
        int stale = 0;
        if (owner) {
                reply->has_owner = true;
                reply->owner = *owner;
                if (is_gone(reply->file.state))
                        stale = make_stale(inventory, job->started, a, &reply->owner);
        } else if (tie) {
                stale = doubt_owners(inventory, a, reply);
        } else if (is_code(&reply->file)) {
                stale = attribute_copy(w, fd, root_fd, job, a, inventory, reply);
        }
        if (reply->file.state == FILE_MEMORY)
                return stale;
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
