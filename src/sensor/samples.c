/* SPDX-License-Identifier: Apache-2.0 */

/* The timer interrupt that comes anyway, else a perf event of our own that comes 19 times a second: a prime,
 * so that it does not fall in step with what it looks at. */

#include "sensor/state.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SAMPLES_PER_SECOND = 19 };

static int add_link(struct sensor *s, struct bpf_link *link)
{
        struct bpf_link **more = link ? reallocarray(s->samplers, s->sampler_count + 1, sizeof(*more)) : NULL;
        if (!more) {
                int r = link ? -ENOMEM : -errno;
                bpf_link__destroy(link);
                return r;
        }
        s->samplers = more;
        s->samplers[s->sampler_count++] = link;
        return 0;
}

static int attach_tick(struct sensor *s)
{
        struct bpf_program *program = programs_get(&s->programs, "sample_tick");
        return program ? add_link(s, bpf_program__attach_raw_tracepoint(program, "local_timer_entry"))
                       : -errno;
}

static int attach_perf(struct sensor *s)
{
        struct bpf_program *program = programs_get(&s->programs, "sample_perf");
        int cpus = libbpf_num_possible_cpus(), r = program ? 0 : -errno;
        struct perf_event_attr attributes = {
                .type = PERF_TYPE_SOFTWARE,
                .size = sizeof(attributes),
                .config = PERF_COUNT_SW_CPU_CLOCK,
                .sample_freq = SAMPLES_PER_SECOND,
                .freq = 1,
                .exclude_idle = 1,
        };
        for (int cpu = 0; r >= 0 && cpu < cpus; cpu++) {
                int fd = (int)syscall(SYS_perf_event_open, &attributes, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
                if (fd < 0 && errno == ENODEV) /* offline */
                        continue;
                r = fd < 0 ? -errno : add_link(s, bpf_program__attach_perf_event(program, fd));
                if (r < 0 && fd >= 0)
                        close(fd);
        }
        return r < 0 ? r : s->sampler_count ? 0 : -ENODEV;
}

void samples_detach_all(struct sensor *s)
{
        for (size_t i = 0; i < s->sampler_count; i++)
                bpf_link__destroy(s->samplers[i]);
        free(s->samplers);
        s->samplers = NULL;
        s->sampler_count = 0;
}

int sensor_sample_code(struct sensor *s)
{
        s->sample_hook = "raw_tp/local_timer_entry";
        int r = attach_tick(s);
        if (r < 0) {
                s->sample_hook = "perf_event";
                r = attach_perf(s);
        }
        if (r == 0)
                r = flow_open_ring(s);
        if (r < 0) {
                samples_detach_all(s);
                s->sample_hook = NULL;
        }
        return r;
}

const char *sensor_sample_hook(const struct sensor *s)
{
        return s->sample_hook;
}
