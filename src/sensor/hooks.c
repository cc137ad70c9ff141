/* SPDX-License-Identifier: Apache-2.0 */

/* The table of alternatives, and what attaching one means. tp_btf reads its arguments without a copy,
 * raw_tp serves where the kernel's BTF does not name the tracepoint; mappings are best seen in the
 * function that announces them to perf, or in one that is called for the same mappings, and where no
 * trampoline may be set, perf itself tells. */

#include "sensor/state.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* All perf buffers together; with the ring and the maps below 16 MiB at 128 CPUs. */
enum { PERF_BYTES = 6 << 20, DEDUP_KEYS = 16384 };
enum { PID_NS_INITIAL = -268435460 /* 0xEFFFFFFC, linux/proc_ns.h PROC_PID_INIT_INO */ };

const struct hook_source sensor_sources[_SOURCE_MAX] = {
        [SOURCE_EXEC] = {1u << EVENT_EXEC, {"tp_btf/sched_process_exec", "raw_tp/sched_process_exec"}},
        [SOURCE_FORK] = {1u << EVENT_FORK, {"tp_btf/sched_process_fork", "raw_tp/sched_process_fork"}},
        [SOURCE_EXIT] = {1u << EVENT_EXIT, {"tp_btf/sched_process_exit", "raw_tp/sched_process_exit"}},
        [SOURCE_MAP] = {1u << EVENT_MAP,
                        {"fentry/perf_event_mmap", "fentry/vma_set_page_prot", "PERF_RECORD_MMAP2"}},
        [SOURCE_SOCKET] = {1u << EVENT_LISTEN | 1u << EVENT_CONNECT,
                           {"tp_btf/inet_sock_set_state", "raw_tp/inet_sock_set_state",
                            "tracepoint/sock/inet_sock_set_state"}},
};

/* The program behind each alternative; NULL: perf. */
static const char *const program_names[_SOURCE_MAX][HOOK_ALTERNATIVES] = {
        [SOURCE_EXEC] = {"exec_btf", "exec_raw"},
        [SOURCE_FORK] = {"fork_btf", "fork_raw"},
        [SOURCE_EXIT] = {"exit_btf", "exit_raw"},
        [SOURCE_MAP] = {"map_fentry", "map_protected", NULL},
        [SOURCE_SOCKET] = {"socket_btf", "socket_raw", "socket_tp"},
};

void hooks_preload(struct sensor *s, uint32_t sources)
{
        const char *names[_SOURCE_MAX + 2];
        size_t count = 0;
        for (size_t i = 0; i < _SOURCE_MAX; i++)
                if (sources & 1u << i)
                        names[count++] = program_names[i][0];
        if (sources & 1u << SOURCE_MAP) {
                names[count++] = "moved_raw";
                names[count++] = "processes_now";
        }
        /* Where one of them is refused, each is loaded alone when its turn comes, and says why not. */
        (void)programs_load(&s->programs, names, count);
}

static int attach_named(struct sensor *s, const char *name, struct bpf_link **ret, char *reason, size_t size)
{
        struct bpf_program *program = programs_get(&s->programs, name);
        if (!program) {
                int r = -errno;
                snprintf(reason, size, "%s", programs_refusal(r));
                return r;
        }
        struct bpf_link *link = bpf_program__attach(program);
        if (!link) {
                int r = -errno;
                snprintf(reason, size, "cannot be attached: %s", programs_refusal(r));
                return r;
        }
        *ret = link;
        return 0;
}

static void perf_detach(struct sensor *s)
{
        perf_buffers_done(&s->perf);
        waking_close_bells(s);
        process_table_done(&s->processes);
        dedup_done(&s->dedup);
        free(s->perf_mapped);
        s->perf_mapped = NULL;
        s->uses_perf = false;
}

static int perf_attach_steps(struct sensor *s, char *reason, size_t size)
{
        struct stat ns;
        if (stat("/proc/self/ns/pid", &ns) < 0 || (int32_t)ns.st_ino != PID_NS_INITIAL) {
                snprintf(reason, size, "its pids are those of this pid namespace, and the host's are needed");
                return -EOPNOTSUPP;
        }
        int r = attach_named(s, "moved_raw", &s->moved_link, reason, size);
        if (r < 0)
                return r;
        r = attach_named(s, "processes_now", &s->processes_link, reason, size);
        if (r < 0)
                return r;
        r = dedup_init(&s->dedup, DEDUP_KEYS);
        if (r >= 0 && !(s->perf_mapped = calloc(EVENT_MAPPED_NUMBERS, sizeof(*s->perf_mapped))))
                r = -ENOMEM;
        if (r >= 0)
                r = perf_buffers_open(&s->perf, PERF_BYTES);
        if (r >= 0)
                r = processes_refill(s);
        if (r < 0)
                snprintf(reason, size, "perf_event_open: %s%s", strerror(-r),
                         r == -EACCES
                                 ? "; kernel.perf_event_paranoid is above 2, and CAP_SYS_ADMIN is missing"
                                 : "");
        return r;
}

static int perf_attach(struct sensor *s, char *reason, size_t size)
{
        int r = perf_attach_steps(s, reason, size);
        if (r < 0) {
                s->moved_link = (bpf_link__destroy(s->moved_link), NULL);
                s->processes_link = (bpf_link__destroy(s->processes_link), NULL);
                perf_detach(s);
                return r;
        }
        vec_each (cpu, &s->perf.cpus)
                waking_by(s, cpu->fd);
        waking_open_bells(s);
        s->uses_perf = true;
        return 0;
}

static int attach(void *context, size_t source, size_t alternative, char *reason, size_t size)
{
        struct sensor *s = context;
        const char *name = program_names[source][alternative];
        int r = name ? attach_named(s, name, &s->links[source], reason, size) : perf_attach(s, reason, size);
        if (r < 0)
                return r;
        r = flow_open_ring(s);
        if (r < 0) {
                snprintf(reason, size, "the ring buffer cannot be mapped: %s", strerror(-r));
                sensor_hook_ops.detach(s, source);
        }
        return r;
}

static void detach(void *context, size_t source)
{
        struct sensor *s = context;
        s->links[source] = (bpf_link__destroy(s->links[source]), NULL);
        if (source == SOURCE_MAP && s->uses_perf) {
                s->moved_link = (bpf_link__destroy(s->moved_link), NULL);
                s->processes_link = (bpf_link__destroy(s->processes_link), NULL);
                perf_detach(s);
        }
}

int sensor_tell_moves(struct sensor *s, sensor_moved moved, void *context)
{
        char reason[sizeof(s->hooks[0].reason)];
        int r = s->moved_link ? 0 : attach_named(s, "moved_raw", &s->moved_link, reason, sizeof(reason));
        if (r == 0)
                r = flow_open_ring(s);
        if (r < 0)
                return r;
        s->moved = moved;
        s->moved_context = context;
        return 0;
}

int sensor_tell_cgroups(struct sensor *s, sensor_cgroup_made made, void *context)
{
        char reason[sizeof(s->hooks[0].reason)];
        int r = attach_named(s, "made_raw", &s->made_link, reason, sizeof(reason));
        if (r == 0)
                r = flow_open_ring(s);
        if (r < 0)
                return r;
        s->cgroup_made = made;
        s->cgroup_made_context = context;
        return 0;
}

void hooks_detach_all(struct sensor *s)
{
        for (size_t i = 0; i < _SOURCE_MAX; i++)
                s->links[i] = (bpf_link__destroy(s->links[i]), NULL);
        s->moved_link = (bpf_link__destroy(s->moved_link), NULL);
        s->made_link = (bpf_link__destroy(s->made_link), NULL);
        functions_detach_all(s);
        tracepoints_detach_all(s);
        samples_detach_all(s);
        perf_buffers_stop(&s->perf);
        s->stopped = true;
}

enum { PROOF_MS = 5000, PROOF_STEP_MS = 2 };

static uint32_t prove(void *context, uint32_t types)
{
        struct sensor *s = context;
        s->proving = true;
        if (proof_start(&s->proof, s->prove_with) >= 0) {
                bool ended = false;
                for (int waited = 0; waited < PROOF_MS && !ended; waited += PROOF_STEP_MS) {
                        ended = proof_ended(&s->proof);
                        flow_drain(s);
                        if (!ended)
                                usleep(PROOF_STEP_MS * 1000);
                }
        }
        proof_stop(&s->proof);
        flow_drain(s);
        s->proving = false;
        return s->proof.came & types;
}

const struct hook_ops sensor_hook_ops = {.attach = attach, .detach = detach, .prove = prove};
