/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* How one ecosystem is read. One walk of the root hands every file whose name a reader asks for to that
 * reader; the reader adds packages and says whose files are whose. A reader is one file of this folder, with
 * one struct reader in the table of readers.c. Only this folder sees it.
 *
 * The distribution's package owns its files: readers run in the order of the table, the
 * distribution's first, and who claims a file first keeps it. What a reader takes from a file depends on
 * nothing but that file and the files that it opens through inventory_open, because it is remembered by
 * their identities and not read again while these stay the same. */

#include "format/elf.h"
#include "format/os_release.h"
#include "inventory/inventory.h"
#include "inventory/owners.h"
#include "inventory/walked.h"

/* Most bytes of one package database, of one small file of metadata, and of one program. */
enum {
        DATABASE_SIZE = 256 << 20,
        METADATA_SIZE = 4 << 20,
        LARGEST_PROGRAM = 2047 << 20,
        INVENTORY_MEMORY = 512 << 20,
        MOST_LIMITS = 100,
};

/* A file (or folder, for names that end with '/') that a reader asked for. */
struct candidate {
        const char *path; /* absolute in the root: "/app/node_modules/x/package.json" */
        const char *name; /* its last part, points into path */
        uint64_t size;    /* bytes */
        bool executable;  /* has an x bit */
        bool folder;
        /* Name of the distribution's package that owns the file, else NULL. In a look (not a whole tree) such
         * files are not handed out at all. */
        const char *owner;
};

struct reader {
        const char *name; /* "dpkg", "node": what limits are told under */
        /* Names of files, NULL at the end. "package.json" exactly; "*.jar" by ending; "*.dist-info/" a
         * folder. */
        const char *const *names;
        /* May say no by the whole path, without looking at the file. NULL: all. */
        bool (*wants)(const struct candidate *c);
        /* Take what the file tells. 0 or -ENOMEM; what cannot be read becomes a limit. */
        int (*read)(struct inventory *inv, const struct candidate *c);
        /* Called for every executable and shared object (little-endian ELF with an x bit, or named *.so*).
         * The bytes are mapped until it returns: copy what is kept into inv->arena. 0 or -ENOMEM. */
        int (*read_elf)(struct inventory *inv, const struct candidate *c, const struct elf *elf);
        /* The same for programs of machines that are not looked into any closer: big-endian ELF, Mach-O. */
        int (*read_foreign)(struct inventory *inv, const struct candidate *c, struct span program);
        /* Files that the distribution owns are not handed out, not even in a whole tree. */
        bool skip_owned;
        /* Files and folders that change whenever something is installed, upgraded or removed (absolute, NULL
         * at the end; a name that ends with "-wal" is what a database was not told yet). Where one lies
         * deeper in a tree, a root begins. */
        const char *const *databases;
        /* Read them, before any file is handed out. */
        int (*begin)(struct inventory *inv);
        bool beside; /* … of what is no part of the distribution */
};

/* Distributions. */
extern const struct reader reader_apk, reader_bundles, reader_dpkg, reader_opkg, reader_pacman, reader_rpm;
extern const struct reader reader_go, reader_python, reader_python_bundle;
/* Languages and what no package owns. */
extern const struct reader reader_node, reader_node_archive, reader_javascript, reader_java, reader_ruby,
        reader_php, reader_rust, reader_dotnet, reader_native, reader_manifests, reader_conan;

/* One install or upgrade in the package manager's log. */
struct log_entry {
        const char *name, *arch, *before, *after; /* versions, NULL: none */
        int64_t time;                             /* wall s */
};

struct inventory {
        struct arena arena; /* what packages point to */
        const char *root_id;
        int root_fd;                  /* borrowed while reading */
        struct inventory_hints hints; /* without places */
        struct walked walked;
        struct os_release os;
        bool usr_merged; /* "/lib" is "/usr/lib" here */
        package_list packages;
        struct owners owners;
        VEC(const char *) limits;
        size_t limits_more; /* beyond MOST_LIMITS */
        VEC(struct log_entry) log;
        size_t os_count;                   /* the first so many packages are the distribution's */
        struct recall *recall;             /* what was read, and from which files; NULL: not remembered */
        bool reading;                      /* what is added now belongs to the last reading of `recall` */
        const struct candidate *candidate; /* the one that is being read, or NULL */
        bool denied;                       /* something of it may not be read */
        struct inventory_counts counts;
        uint64_t inflatable;   /* bytes that archives may still unpack to, all together */
        bool cut;              /* something of what is being read had no room or time: to be read anew */
        size_t settled;        /* the first so many packages were there before what is added now */
        bool contested;        /* a name was claimed that one of those, but the distribution's, had claimed */
        bool late;             /* not everything was found or read, for want of time */
        struct tables *tables; /* signatures, once a reader has asked for them (tables.h); or NULL */
};

/* Most packages of one distribution's database; inventory_too_many() says that there are more. */
enum { MOST_PACKAGES = 100000 };
void inventory_too_many(struct inventory *inv, const char *database);
/* A sentence for what was left out. */
void inventory_limit(struct inventory *inv, const char *format, ...) _printf_(2, 3);
/* A new package in this root; NULL: out of memory. Valid until the next one. Root, path and owner are those
 * of the file that is being read; the rest is to be filled in (name and ecosystem at least). */
struct package *inventory_add(struct inventory *inv);
/* The index of the package that was added last: what claims are made with. */
static inline size_t inventory_last(const struct inventory *inv)
{
        return inv->packages.count - 1;
}

/* Bytes of a name or version. */
enum { INVENTORY_LONGEST_NAME = 1024 };
/* Whether it has a name that a package may have. */
bool inventory_is_sane(const struct package *p);
/* Whether there is no time left to read anything. */
bool inventory_is_late(const struct inventory *inv);

/* Open a regular file of the root, and remember that what is being read depends on it. A descriptor or
 * -errno. */
int inventory_open(struct inventory *inv, const char *path);
/* Append the whole file, up to the buffer's limit (-EFBIG; what fits is there). 0 or -errno. */
int inventory_read_file(struct inventory *inv, const char *path, struct buf *to);
/* Call for each entry of a folder but "." and "..", in the order of names, until it returns non-zero, which
 * is returned. -errno where the folder cannot be read; at most 1,000,000 entries. */
typedef int (*inventory_entry)(void *context, struct inventory *inv, const char *name);
int inventory_list(struct inventory *inv, const char *path, inventory_entry handler, void *context);
/* "site" and "../../bin/x" without the dots and with one '/' between parts, in the arena; a relative path
 * stands in `folder`. NULL: too long, or out of memory. */
char *inventory_resolve(struct inventory *inv, const char *folder, const char *relative);
/* The same into `to`; its length, or 0: too long, or nothing is left. */
size_t inventory_join(const char *folder, const char *relative, char *to, size_t room);

/* Claims; the first one stays. 0 or -ENOMEM.
 * That the file belongs to the package with this index. */
int inventory_own(struct inventory *inv, const char *path, size_t index);
/* Everything below the folder that nobody claims more closely. */
int inventory_own_folder(struct inventory *inv, const char *path, size_t index);
/* Everything in a file that holds several packages below `prefix`, parts separated by '/': classes of a jar
 * ("com/fasterxml/jackson"), import paths of a Go program ("golang.org/x/text"), crates of a Rust program
 * ("regex_syntax"), modules of a zipapp. "" is the rest of it. Archives inside archives are spelled
 * "/app.jar!/BOOT-INF/lib/a.jar". */
int inventory_own_inside(struct inventory *inv, const char *container, const char *prefix, size_t index);

/* Ecosystem and release of the distribution's packages. */
void inventory_distribution(const struct inventory *inv, const char **ret_ecosystem,
                            const char **ret_release);

/* Readers of fixed places. 0 or -ENOMEM. */
int inventory_read_os(struct inventory *inv);
/* Whether the root's distribution is Ubuntu with Pro attached: all of its packages get the longer support. */
bool inventory_has_extended(const struct inventory *inv);
int inventory_add_kernel(struct inventory *inv);
int inventory_read_dpkg_log(struct inventory *inv);
