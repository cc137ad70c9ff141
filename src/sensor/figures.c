/* SPDX-License-Identifier: Apache-2.0 */

/* Counting is done where things happen: what was made and what was dropped in the kernel, what was seen
 * here. That both sides agree is a fact about the sensor, not an identity of this code. */

#include "sensor/state.h"

#include "base/str.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>

/* The event type that a program's missed runs belong to; 0: none of the events. */
static enum event_type type_of_program(const char *name)
{
        static const struct {
                const char *prefix;
                enum event_type type;
        } table[] = {
                {"exec_", EVENT_EXEC}, {"fork_", EVENT_FORK}, {"exit_", EVENT_EXIT}, {"map_", EVENT_MAP}};
        for (size_t i = 0; i < ARRAY_SIZE(table); i++)
                if (str_starts(name, table[i].prefix))
                        return table[i].type;
        return 0;
}

static void add_missed(void *context, const char *name, const struct program_figures *figures)
{
        struct event_tally *to = context;
        enum event_type type = type_of_program(name);
        to[type].made += figures->missed;
        to[type].dropped += figures->missed;
}

void tally_kernel(const struct sensor *s, struct event_tally to[static _EVENT_MAX])
{
        int fd = programs_map(&s->programs, "tallies"), cpus = libbpf_num_possible_cpus();
        memset(to, 0, sizeof(*to) * _EVENT_MAX);
        if (fd < 0 || cpus <= 0)
                return;
        _cleanup_free_ struct event_tally *each = calloc((size_t)cpus, sizeof(*each));
        for (uint32_t type = 0; each && type < _EVENT_MAX; type++) {
                if (bpf_map_lookup_elem(fd, &type, each) < 0)
                        continue;
                for (int cpu = 0; cpu < cpus; cpu++) {
                        to[type].made += each[cpu].made;
                        to[type].deduplicated += each[cpu].deduplicated;
                        to[type].dropped += each[cpu].dropped;
                }
        }
        programs_figures(&s->programs, add_missed, to);
}

int sensor_counts(struct sensor *s, struct sensor_counts *ret)
{
        struct event_tally kernel[_EVENT_MAX];
        struct sensor_counts counts = {.unknown_records = s->unknown_records,
                                       .broken_records = s->broken_records + s->perf.broken};
        tally_kernel(s, kernel);
        for (size_t type = 1; type < _EVENT_MAX; type++) {
                uint64_t lost = type == EVENT_MAP ? s->perf.lost : 0;
                if (!(s->types & 1u << type))
                        continue;
                counts.types[type].made =
                        kernel[type].made + s->tallies[type].made + lost - s->tallies[type].swallowed;
                counts.types[type].seen = s->tallies[type].seen;
                counts.types[type].deduplicated = kernel[type].deduplicated + s->tallies[type].deduplicated;
                counts.types[type].dropped = kernel[type].dropped + s->tallies[type].dropped + lost;
        }
        counts.moves_dropped = s->moved ? kernel[0].dropped : 0;
        *ret = counts;
        return 0;
}

size_t sensor_errors(struct sensor *s, struct sensor_error *to, size_t room)
{
        int fd = programs_map(&s->programs, "errors");
        struct event_error key, *previous = NULL, next;
        size_t count = 0;
        while (fd >= 0 && count < room && bpf_map_get_next_key(fd, previous, &next) == 0) {
                uint64_t times;
                key = next;
                previous = &key;
                if (bpf_map_lookup_elem(fd, &key, &times) < 0)
                        continue;
                to[count++] = (struct sensor_error){
                        .program = event_type_name(key.type), .error = (int)key.error, .count = times};
        }
        return count;
}

static void add_cost(void *context, _unused_ const char *name, const struct program_figures *figures)
{
        struct sensor_cost *to = context;
        to->runs += figures->runs;
        to->run_ns += figures->run_ns;
}

int sensor_cost(struct sensor *s, struct sensor_cost *ret)
{
        struct sensor_cost cost = {.map_bytes = programs_map_bytes(&s->programs) +
                                                perf_buffers_bytes(&s->perf) + perf_bells_bytes(&s->bells)};
        programs_figures(&s->programs, add_cost, &cost);
        *ret = cost;
        return 0;
}
