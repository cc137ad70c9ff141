/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Being woken by the first executable mapping that somebody makes, and by none of those that follow. */

#include "base/vec.h"

struct perf_bell {
        int fd, cpu;
        void *map;     /* control page and one page of data, which nobody reads */
        uint64_t head; /* of the data, when it was set */
};

struct perf_bells {
        VEC(struct perf_bell) cpus;
        int epoll; /* readable when one of them has rung */
};

/* On no CPU yet. 0 or -errno. */
int perf_bells_open(struct perf_bells *b);
void perf_bells_done(struct perf_bells *b);
/* On one CPU more. 0 or -errno. */
int perf_bells_add(struct perf_bells *b, int cpu);
/* One that has rung falls silent soon, until this. */
void perf_bells_set(struct perf_bells *b);
bool perf_bells_rang(const struct perf_bells *b);    /* since then */
size_t perf_bells_bytes(const struct perf_bells *b); /* kernel memory */
