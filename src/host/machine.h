/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The machine itself, as reports name it. */

#include "base/arena.h"

struct machine {
        const char *id;     /* machine-id(5) of pid 1's root, hashed with the product's name; 64 hex digits */
        const char *name;   /* host name */
        const char *os;     /* PRETTY_NAME of os-release(5) there, or "Linux" */
        const char *kernel; /* `uname -r` */
        const char *boot_id; /* /proc/sys/kernel/random/boot_id */
};

/* 0 or -ENOMEM. Where there is no machine-id, the host name takes its place. */
int machine_read(struct arena *a, struct machine *ret);
