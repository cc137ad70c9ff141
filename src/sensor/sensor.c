/* SPDX-License-Identifier: Apache-2.0 */

/* Opening a sensor is settling its hooks: each is attached and proven, events of everybody else buffer
 * meanwhile, and from then on there is only draining. */

#include "sensor/state.h"

#include "base/str.h"

#include <errno.h>
#include <string.h>

enum { RING_SIZE = 4 << 20, KEPT_MOST = 16 << 20 };
enum { FETCH_NS = 200000000 /* process events wake nobody: a timer fetches them */ };

static uint32_t sources_of(uint32_t types)
{
        uint32_t sources = 0;
        for (size_t i = 0; i < _SOURCE_MAX; i++)
                if (sensor_sources[i].types & types)
                        sources |= 1u << i;
        /* Where mappings come from perf, they are told apart by what the process events say. */
        if (sources & 1u << SOURCE_MAP)
                sources |= 1u << SOURCE_EXEC | 1u << SOURCE_FORK | 1u << SOURCE_EXIT;
        return sources;
}

static int check_support(struct support *ret, struct error *error)
{
        struct support support;
        int r = support_probe_rights(&support);
        if (r < 0)
                return error_set(error, r, "cannot tell what this kernel supports: %s", strerror(-r));
        *ret = support;
        for (size_t i = 0; i < support.capability_count; i++)
                if (support.capabilities[i].required && !support.capabilities[i].held)
                        return error_set(error, -EPERM,
                                         "no events: %s is missing, so that %s; run as root. Snapshots only",
                                         support.capabilities[i].name, support.capabilities[i].without);
        if (!support.initial_user_ns)
                return error_set(error, -EPERM,
                                 "no events: the rights of a user namespace do not count for BPF; "
                                 "start on the host. Snapshots only");
        if (!support.sysfs)
                return error_set(error, -EOPNOTSUPP,
                                 "no events: /sys is not mounted here, and the kernel's BTF lies there. "
                                 "Snapshots only");
        if (!support.btf)
                return error_set(error, -EOPNOTSUPP,
                                 "no events: this kernel has no BTF (CONFIG_DEBUG_INFO_BTF). Snapshots only");
        if (support.bpf_refused)
                return error_set(error, -EPERM,
                                 "no events: bpf() is refused in spite of the rights: by a seccomp filter, a "
                                 "security module, or, before Linux 5.11, the limit of locked memory "
                                 "(memlock). Snapshots only");
        if (!support.ring_buffer)
                return error_set(error, -EOPNOTSUPP,
                                 "no events: this kernel has no BPF ring buffer (Linux 5.8). Snapshots only");
        return 0;
}

static bool valid_ring_size(size_t size)
{
        size_t page = (size_t)sysconf(_SC_PAGESIZE);
        return size >= page && size <= UINT32_MAX / 2 && !(size & (size - 1));
}

int sensor_open(const struct sensor_options *options, struct sensor **ret, struct error *error)
{
        struct support support = {};
        int r = check_support(&support, error);
        if (r < 0)
                return r;
        size_t ring_size = options->ring_size ?: RING_SIZE;
        if (!valid_ring_size(ring_size))
                return error_set(error, -EINVAL, "ring size %zu: needs a power of two of at least a page",
                                 ring_size);
        _cleanup_sensor_ struct sensor *s = calloc(1, sizeof(*s));
        if (!s)
                return error_set(error, -ENOMEM, "out of memory");
        s->epoll = s->timer = s->bells.epoll = -1;
        s->kept = BUF_INIT(KEPT_MOST);
        s->types = options->types ?: UINT32_MAX;
        s->keep_all = options->all;
        s->prove_with = options->prove_with;
        s->single_probes = options->single_probes;
        s->programs.settings = (struct programs_settings){.ring_size = ring_size,
                                                          .cgroup_subsystem = options->cgroup_subsystem,
                                                          .keep_all = options->all,
                                                          .no_folders = options->no_folders};
        uint64_t fetch_ns = options->fetch_ns ?: FETCH_NS;
        r = waking_open(s, fetch_ns, MAX(options->rest_ns ?: 2 * fetch_ns, fetch_ns));
        if (r < 0)
                return error_set(error, r, "cannot set up the sensor: %s", strerror(-r));

        libbpf_set_print(NULL); /* what goes wrong is in what it returns */
        uint32_t sources = sources_of(s->types);
        hook_table_init(&s->table, sensor_sources, _SOURCE_MAX);
        hooks_preload(s, sources);
        uint32_t serving = hook_table_settle(&s->table, sources, &sensor_hook_ops, s);
        s->hook_count = hook_table_report(&s->table, sources, s->hooks, ARRAY_SIZE(s->hooks));
        if (!serving && sources && str_equal(support.lockdown, "confidentiality"))
                return error_set(error, -EPERM,
                                 "no events: kernel lockdown (confidentiality) forbids BPF to read "
                                 "kernel memory. Snapshots only");
        if (!serving && sources && support_lacks_locked_memory())
                return error_set(
                        error, -EPERM,
                        "no events: maps and programs count as locked memory here (before Linux 5.11), and "
                        "too little of it is allowed (memlock). Snapshots only");
        if (!serving && sources)
                return error_set(error, -EOPNOTSUPP, "no events: no hook works here (%s: %s). Snapshots only",
                                 s->hook_count ? s->hooks[0].name : "none",
                                 s->hook_count ? s->hooks[0].reason : "none wanted");
        *ret = TAKE_PTR(s);
        return 0;
}

void sensor_stop(struct sensor *s)
{
        hooks_detach_all(s);
}

struct sensor *sensor_close(struct sensor *s)
{
        if (!s)
                return NULL;
        hooks_detach_all(s);
        bpf_link__destroy(s->processes_link);
        ring_buffer__free(s->ring);
        perf_buffers_done(&s->perf);
        waking_close_bells(s);
        process_table_done(&s->processes);
        free(s->perf_mapped);
        dedup_done(&s->dedup);
        programs_done(&s->programs);
        buf_done(&s->kept);
        close_fd(&s->timer);
        close_fd(&s->epoll);
        free(s);
        return NULL;
}

int sensor_fd(const struct sensor *s)
{
        return s->epoll;
}

int sensor_drain(struct sensor *s, sensor_handler handler, void *context)
{
        struct waking waking;
        int r = waking_begin(s, &waking);
        if (r < 0)
                return r;
        s->handler = handler;
        s->context = context;
        s->handler_result = 0;
        r = flow_drain(s);
        s->handler = NULL;
        int waited = waking_end(s, &waking);
        return s->handler_result ? s->handler_result : r < 0 ? r : waited;
}

const struct hook *sensor_hooks(const struct sensor *s, size_t *ret_count)
{
        *ret_count = s->hook_count;
        return s->hooks;
}

bool sensor_serves(const struct sensor *s, enum event_type type)
{
        for (size_t i = 0; i < s->hook_count; i++)
                if (s->hooks[i].type == type && s->hooks[i].state == HOOK_SERVING)
                        return true;
        return false;
}
