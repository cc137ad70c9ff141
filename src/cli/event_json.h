/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One event as one object of usewear/event/1 (docs/event.schema.json). */

#include "base/json.h"
#include "cli/event_function.h"
#include "cli/event_workload.h"
#include "sensor/sensor.h"

struct event_writer {
        int64_t wall_offset; /* ns from boottime to wall time */
        const struct event_functions *functions;
};

/* `workload` may be NULL: not known. */
void event_json(struct json *j, const struct event_writer *w, const struct event *e,
                const struct event_workload *workload);
/* The member "time", of a boottime in ns. */
void event_json_time(struct json *j, const struct event_writer *w, uint64_t boottime);
