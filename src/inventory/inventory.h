/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What is installed in one root, and whose file is whose. Lives in the prober worker; only package
 * records leave it. */

#include "inventory/package.h"

struct inventory;

/* A folder or file of the root, to which an inventory keeps. */
struct inventory_part {
        const char *path;
        const char *type; /* of the file system that is mounted there; NULL: the root's own */
};

struct inventory_hints {
        const char *const *python_paths; /* module directories of interpreters that run in this root */
        size_t python_path_count;
        const bool *python_again; /* inventory_extend: which of them changed, and are walked again; or NULL */
        /* Where something runs: working directories, scripts, archives and programs that are open or mapped
         * (absolute in the root). Folders are looked at with all that lies below them. */
        const char *const *places;
        size_t place_count;
        /* Look at nothing but what lies in these; none: no such limit. */
        const struct inventory_part *parts;
        size_t part_count;
        const char *kernel_release; /* `uname -r` where the root is the host's, else NULL */
        bool whole;                 /* look at the whole tree, not only at the places */
        bool caches;                /* … and at package managers' and build caches in it */
        bool every_mount;           /* … and at network and FUSE file systems mounted in it … */
        bool one_file_system;       /* … or at nothing that is mounted in it */
        bool remember;              /* keep what a later inventory can take over */
        bool lent;                  /* the previous one stays its owner's, who has it asked meanwhile */
        /* When to stop (boottime ns; 0: never). What was not read by then is left out, and said so: half of
         * the time is for finding files, all of it for reading them. */
        uint64_t until;
        uint64_t inflatable; /* bytes that all archives may unpack to together; 0: 32 GiB */
};

/* Read what is installed below `root_fd` ("/" of the root). What could not be read becomes a limit, never a
 * failure: an unreadable package database is named there. What `previous` (may be NULL) was read from and has
 * not changed (inode, size, mtime, ctime) is taken from it; it is consumed in any case, unless it is
 * lent. 0 or -errno
 * (memory). */
int inventory_read(int root_fd, const char *root_id, const struct inventory_hints *hints,
                   struct inventory *previous, struct inventory **ret);
/* The same root again, when no more is known than that something runs at places that were not hinted at
 * before, or that folders of modules changed: only these are walked, and what lies elsewhere is taken as it
 * was. `inv` is consumed. What became of it (after INVENTORY_MORE `*ret` may be `inv`, too, and its packages
 * lie elsewhere), or -ENOMEM. */
enum inventory_extent {
        INVENTORY_READ, /* all places were walked, as they had to be */
        INVENTORY_SAME, /* nothing came to it or went: `*ret` is `inv` */
        INVENTORY_MORE, /* something did */
};
int inventory_extend(int root_fd, const struct inventory_hints *hints, struct inventory *inv,
                     struct inventory **ret);
/* A number that differs where something was installed, upgraded or removed since: of the package managers'
 * databases and the folders of Python modules. Costs a status call each. */
uint64_t inventory_stamp(int root_fd, const char *const *python_paths, size_t count);
/* The same for one folder (or archive) of modules. 0: it is not there. */
uint64_t inventory_folder_mark(int root_fd, const char *folder);
/* The same for one place: of an archive itself, of a folder the modules that Node would take there. 0: there
 * are none. A program that is built again is no package that was upgraded. */
uint64_t inventory_place_mark(int root_fd, const char *place);
struct inventory *inventory_free(struct inventory *inv); /* returns NULL */
static inline void inventory_freep(struct inventory **inv)
{
        *inv = inventory_free(*inv);
}
#define _cleanup_inventory_ _cleanup_(inventory_freep)

const package_list *inventory_packages(const struct inventory *inv);
/* Sentences about what was left out ("var/lib/dpkg/status: cut at 64 MiB"). */
const char *const *inventory_limits(const struct inventory *inv, size_t *ret_count);
/* Whether not everything was found or read, for want of time. */
bool inventory_lacks_time(const struct inventory *inv);
/* How many files were looked for, and how many of them had to be read this time. */
struct inventory_counts {
        size_t files, read;
};
struct inventory_counts inventory_counts(const struct inventory *inv);

/* ---- whose it is ------------------------------------------------------------------------------------ */

/* The package that owns the path (absolute in the root; usr-merge spelling does not matter), the
 * distribution's package first, then by the closest claim. An entry of an archive is spelled
 * "/a.jar!/com/x/Y.class". NULL: nobody, or several with equal right (`ret_tie`, may be NULL, is set). */
const struct package *inventory_owner(const struct inventory *inv, const char *path, bool *ret_tie);

/* All packages that own the path with equal right, appended to `to`: one, or those of a tie. 0, -E2BIG (there
 * are more than INVENTORY_MOST_OWNERS) or -ENOMEM. */
enum { INVENTORY_MOST_OWNERS = 100 };
typedef VEC(const struct package *) package_refs;
int inventory_owners(const struct inventory *inv, const char *path, package_refs *to);

/* Whether the owner is one of the distribution's packages. */
bool inventory_is_os_owned(const struct inventory *inv, const char *path);

enum inside {
        INSIDE_CLASS,  /* Java binary class name in a jar: "com.x.Outer$Inner" */
        INSIDE_GO,     /* import path or symbol in a Go program: "net/http", "gopkg.in/yaml.v3.(*T).M" */
        INSIDE_RUST,   /* demangled symbol in a Rust program: "<regex_syntax::Parser as core::Debug>::fmt" */
        INSIDE_MODULE, /* Python module, in a module folder, zipapp or egg: "yaml.loader" */
};
/* The packages that a thing in a file (or folder of modules) belongs to, appended to `to`: none, one, or
 * several with equal right; those of the file where nobody claims it more closely. What a compiler brought
 * along without a package of its own (Rust's std) is nobody's. As inventory_owners. */
int inventory_owners_inside(const struct inventory *inv, const char *container, enum inside kind,
                            const char *name, package_refs *to);
/* The same for what a person asks, with the kind told by what the container is: a path, "/a.jar!/x/Y.class",
 * or CONTAINER!NAME with one of the names above ("/a.jar!x.Y", "/bin/prog!net/http"). The container is looked
 * at below `root_fd`. */
int inventory_owners_named(const struct inventory *inv, int root_fd, const char *thing, package_refs *to);

/* The version of OS package `name` that was installed at wall time `at`, by the package manager's log
 * (dpkg.log), or NULL where it does not say. For files that were replaced while mapped. */
const char *inventory_version_at(const struct inventory *inv, const char *name, const char *arch, int64_t at);

/* Packages linked into the executable behind `fd` (Go modules, Rust crates …), appended to `to`. `path` is
 * where it lies in the root; strings lie in `a`. 0 (also when it holds none) or -errno. */
int inventory_linked(int fd, const char *root_id, const char *path, struct arena *a, package_list *to);
