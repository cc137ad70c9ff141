/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The workload of an event, found once for each cgroup. */

#include "base/map.h"
#include "host/process.h"
#include "sensor/sensor.h"

struct event_workload {
        uint64_t cgroup;
        const char *id, *name; /* NULL: not known */
        enum workload_kind kind;
        uint64_t tried; /* boottime ns */
};

struct event_workloads {
        struct process_reader *reader;
        struct arena arena;
        struct map known; /* cgroup id → struct event_workload */
        int mount;        /* of the chosen hierarchy, or -1 */
};

/* 0 or -errno. */
int event_workloads_open(struct event_workloads *w, const struct cgroup_choice *choice);
void event_workloads_close(struct event_workloads *w);
/* Never NULL but when memory is out; its id is NULL where the workload cannot be told. */
const struct event_workload *event_workload_find(struct event_workloads *w, const struct event *event);
