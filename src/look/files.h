/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Mapped files that were examined, so that a library which three hundred processes map is opened once. */

#include "base/map.h"
#include "host/process.h"
#include "prober/reply.h"

/* In which workload and root (struct group.serial) the evidence of a file was put, and by which join. */
struct file_mark {
        uint64_t group, join;
};

struct used_file {
        struct arena arena;
        const char *key;
        struct file_reply reply;   /* valid once examined */
        const char *owner_key;     /* package_key() of reply.owner, or NULL */
        const char **linked_keys;  /* of reply.linked */
        const char **doubted_keys; /* of reply.doubted */
        bool asked, examined;
        int asked_pid;              /* the process through which it was asked for last */
        int failure;                /* why that failed, 0 or -errno */
        uint64_t examined_at;       /* boottime ns; 0: anew at the next full look, because of a doubt */
        struct probed_file *probed; /* valid while probed_epoch is that of struct native_watch */
        uint64_t probed_epoch;
        struct ran_code *ran; /* what was found running in it last, or NULL; lives as long as the look */
        VEC(struct file_mark) marks;
};

struct file_cache {
        struct map files;
};

/* A record that no cache knows; NULL: out of memory. */
struct used_file *files_new(const char *root_id, const struct mapping *m);
void files_free(struct used_file *f); /* one of those, or NULL */
/* The record of this mapping's file in that root, made when it is new; NULL: out of memory. */
struct used_file *files_intern(struct file_cache *c, const char *root_id, const struct mapping *m);
/* Take over a reply of the prober. 0, -EBADMSG or -ENOMEM. */
int files_examined(struct used_file *f, struct wire *reply);
/* Ask for it once more, through any process. */
void files_forget_reply(struct used_file *f);
/* Forget all that were examined before `boottime`, and what could not be examined. */
void files_expire(struct file_cache *c, uint64_t boottime);
void files_done(struct file_cache *c);
