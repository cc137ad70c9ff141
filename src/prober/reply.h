/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The composed replies of the prober; the single ones are packed by their own nouns. */

#include "evidence/native_find.h"
#include "host/mapped_file.h"
#include "inventory/inventory.h"

/* Whose a thing is that was asked for. */
struct thing_owners {
        const uint64_t *packages; /* indexes; none: nobody's, several: each with equal right */
        size_t count;
        const char *unknown; /* NULL, or why it cannot be told */
};

typedef VEC(const char *) sentence_list;

struct inventory_reply {
        package_list packages;
        uint64_t cpu_ns; /* that reading took in the worker */
        uint64_t stamp;  /* inventory_stamp() from before it was read */
        /* If SAME, packages and limits are those of the last answer, and left out. */
        enum inventory_extent extent;
        bool late;       /* not everything was found or read, for want of time */
        uint64_t digest; /* map_hash of all else, made when it is unpacked */
        sentence_list limits;
        VEC(struct thing_owners) owners; /* one for each thing of the job */
};
void inventory_reply_pack(const struct inventory_reply *r, struct buf *to);
int inventory_reply_unpack(struct wire *from, struct arena *a, struct inventory_reply *ret); /* or -EBADMSG */
void inventory_reply_done(struct inventory_reply *r); /* frees the arrays; strings are the arena's */

struct file_reply {
        struct mapped_file file;
        bool has_owner;
        struct package owner; /* stale files: the version that was installed when the process started,
                                 NULL where the package manager's log does not say */
        package_list linked;  /* Go modules */
        bool copied;          /* the owner ships the same file under another name, perhaps in another root */
        /* Several own it with equal right; or nobody does, and it may be a copy of a file of these: that
         * could not be told, because … */
        package_list doubted;
        const char *doubt; /* NULL: there is no doubt. Set without `doubted`: anything may be its original */
};
void file_reply_pack(const struct file_reply *r, struct buf *to);
int file_reply_unpack(struct wire *from, struct arena *a, struct file_reply *ret); /* or -EBADMSG */
void file_reply_done(struct file_reply *r);

/* The very file that the places lie in: to be compared with the one that is probed. */
struct file_identity {
        uint64_t device_major, device_minor, inode, size;
        int64_t mtime_s, mtime_ns;
};
/* Of an open descriptor (O_PATH will do), without asking a file system that could block. 0 or -errno. */
int file_identity_of(int fd, struct file_identity *ret);

enum { FUNCTION_CODE_MOST = 4 };
/* Of every function of such a file. */
#define FUNCTION_NO_ELF "no ELF file of this machine"

struct function_reply {
        struct file_identity identity;
        const char *object;                /* "build-id:…", or NULL */
        struct native_function *functions; /* one for each query of the job */
        const char **owners;               /* of each: package_key() of what was linked into the file and
                                              holds the function, where only its name was given; or NULL */
        size_t count;
        struct elf_code code[FUNCTION_CODE_MOST]; /* its executable segments */
        size_t code_count;
};
void function_reply_pack(const struct function_reply *r, struct buf *to);
int function_reply_unpack(struct wire *from, struct arena *a, struct function_reply *ret); /* or -EBADMSG */

/* One answer for each query of the job: whether it was called. `slotless`: nothing that the process maps has
 * a slot for any of them in its file, so that it need not be asked of others that map the same. 0 or
 * -EBADMSG: not so many. */
void calls_reply_pack(const bool *called, size_t count, bool slotless, struct buf *to);
int calls_reply_unpack(struct wire *from, bool *ret_called, size_t count, bool *ret_slotless);
