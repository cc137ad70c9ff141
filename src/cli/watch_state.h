/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What usewear watch keeps; only its files see it. */

#include "base/allowance.h"
#include "base/error.h"
#include "base/loop.h"
#include "cli/watch_asked.h"
#include "cli/watch_dirty.h"
#include "cli/watch_print.h"
#include "host/cgroup.h"
#include "look/look.h"
#include "sensor/sensor.h"

struct watch {
        struct sensor *sensor; /* NULL: snapshots only */
        struct cgroup_choice cgroup;
        struct look *look;
        struct loop *loop;
        const char *state;
        uint64_t interval_s, keep_days;
        struct option_list functions, hooks; /* by hand */
        struct watch_asked asked;
        bool json, probe_again;
        bool elsewhere; /* in a pid namespace of its own, where other numbers tell than in events */
        struct watch_costs costs;
        bool first_look; /* that look runs */
        bool looking;    /* a look runs, and drains events while it waits */
        bool hit;        /* a function ran that had not before */
        bool news;       /* something else is to be committed */
        bool prompt;     /* an interpreter was started */
        struct dirty_list dirty;
        uint64_t ticked; /* boottime ns */
        struct allowance small, urgently, soon;
        uint64_t small_at;                                     /* boottime ns: last small look */
        bool asked_soon;                                       /* the next full look comes before its time */
        uint64_t next_look, last_look, next_prune, next_count; /* boottime s */
        uint64_t dropped[_EVENT_MAX], moves_dropped;
        struct error said; /* why a look failed since the last full one that worked; or empty */
};

/* ---- watch_looks.c ---- */
/* No look has been yet. */
void watch_looks_begin(struct watch *w);
/* At everything, now. 0, or -errno after it was said, once for each cause. */
int watch_look_at_all(struct watch *w, bool print);
/* At everything, as soon as it may be again. */
void watch_look_soon(struct watch *w);
/* What is new and cannot wait, if such looks may go on. */
void watch_look_urgently(struct watch *w);
/* What is due of all looks: to be called once a second. */
void watch_look_when_due(struct watch *w);

/* ---- watch_events.c ---- */
/* Take what has come; the context is the struct watch. */
void watch_drain(void *context);
/* The same before something is told, with what was lost where that is a silence. */
void watch_settle(void *context, bool silence);
/* A process was moved to another cgroup. */
void watch_take_move(void *context, int pid, uint64_t cgroup);
void watch_take_cgroup(void *context, uint64_t cgroup, const char *path);
/* Note what the kernel has lost, if that is due. */
void watch_count_when_due(struct watch *w);
