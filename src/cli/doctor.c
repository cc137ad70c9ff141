/* SPDX-License-Identifier: Apache-2.0 */

/* What works on this kernel and with these rights. Everything is really tried: the sensor is opened and
 * its hooks proven, the snapshot is taken; and whatever is missing comes with what it costs and what to
 * do about it. */

#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "cli/doctor_functions.h"
#include "cli/options.h"
#include "cli/rights.h"
#include "host/cgroup.h"
#include "sensor/sensor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>

enum { PROBLEMS = 32, HOOKS = 64 };

struct problem {
        char what[256];
        const char *costs, *mend;
};

struct diagnosis {
        struct utsname kernel;
        struct support support;
        struct cgroup_choice cgroup;
        struct hook hooks[HOOKS];
        size_t hook_count;
        struct sensor_cost cost;
        struct error events; /* text empty: the sensor works */
        struct hook snapshot;
        int activity; /* 0, or why the iterator over threads cannot be had */
        uint64_t mappings;
        bool hidepid;
        struct function_diagnosis functions;
        struct problem problems[PROBLEMS];
        size_t problem_count;
};

static void add_problem(struct diagnosis *d, const char *what, const char *detail, const char *costs,
                        const char *mend)
{
        if (d->problem_count >= PROBLEMS)
                return;
        struct problem *p = &d->problems[d->problem_count++];
        snprintf(p->what, sizeof(p->what), "%s%s%s", what, *detail ? ": " : "", detail);
        p->costs = costs;
        p->mend = mend;
}

/* ---- looking ---------------------------------------------------------------------------------------- */

static void try_sensor(struct diagnosis *d, const char *state)
{
        struct sensor_options options = {.cgroup_subsystem = d->cgroup.subsystem};
        _cleanup_sensor_ struct sensor *sensor = NULL;
        int r = sensor_open(&options, &sensor, &d->events);
        function_diagnose(sensor, state, &d->functions);
        if (r < 0)
                return;
        d->events.text[0] = 0;
        const struct hook *hooks = sensor_hooks(sensor, &d->hook_count);
        d->hook_count = MIN(d->hook_count, (size_t)HOOKS);
        memcpy(d->hooks, hooks, d->hook_count * sizeof(*hooks));
        sensor_cost(sensor, &d->cost);
}

static int count_mapping(void *context, _unused_ const struct snapshot_mapping *mapping)
{
        ++*(uint64_t *)context;
        return 0;
}

/* With hidepid nobody else's processes are in /proc, unless one may ptrace them. */
static bool proc_hides_processes(void)
{
        _cleanup_buf_ struct buf text = BUF_INIT(1 << 20);
        struct span rest, line;
        if (file_read_at(AT_FDCWD, "/proc/self/mounts", &text) < 0)
                return false;
        rest = (struct span){text.data, text.size};
        while (span_cut(&rest, '\n', &line)) {
                /* Its source may be called anything: "none /proc proc rw,hidepid=2 0 0". */
                struct span source, place, kind;
                if (!span_cut(&line, ' ', &source) || !span_cut(&line, ' ', &place) ||
                    !span_cut(&line, ' ', &kind) || !span_equal(place, "/proc") || !span_equal(kind, "proc"))
                        continue;
                char options[512];
                snprintf(options, sizeof(options), "%.*s", (int)MIN(line.size, sizeof(options) - 1),
                         line.data);
                if (strstr(options, "hidepid=") && !strstr(options, "hidepid=0") &&
                    !strstr(options, "hidepid=off"))
                        return true;
        }
        return false;
}

static bool held(const struct diagnosis *d, const char *capability)
{
        for (size_t i = 0; i < d->support.capability_count; i++)
                if (str_equal(d->support.capabilities[i].name, capability))
                        return d->support.capabilities[i].held;
        return false;
}

static bool type_serves(const struct diagnosis *d, enum event_type type)
{
        for (size_t i = 0; i < d->hook_count; i++)
                if (d->hooks[i].type == type && d->hooks[i].state == HOOK_SERVING)
                        return true;
        return false;
}

/* ---- judging ---------------------------------------------------------------------------------------- */

static void judge_events(struct diagnosis *d)
{
        static const struct {
                enum event_type type;
                const char *costs;
        } table[] = {
                {EVENT_EXEC, "programs that end between two looks are not seen"},
                {EVENT_FORK, "processes that end between two looks are not seen"},
                {EVENT_EXIT, "the end of a process is noticed at the next look only"},
                {EVENT_MAP, "libraries that are loaded and dropped between two looks are not seen"},
                {EVENT_LISTEN, "listeners that close between two looks are not seen"},
                {EVENT_CONNECT, "connections that end between two looks are not seen"},
        };
        if (*d->events.text) {
                add_problem(d, d->events.text, "",
                            "only snapshots: what starts and ends between two looks is not seen",
                            "mend what is named below, then run usewear doctor again");
                return;
        }
        for (size_t i = 0; i < ARRAY_SIZE(table); i++)
                if (!type_serves(d, table[i].type))
                        add_problem(d, "no hook works for event", event_type_name(table[i].type),
                                    table[i].costs, "see the reasons beside the hooks above");
}

static void judge_rights(struct diagnosis *d)
{
        for (size_t i = 0; i < d->support.capability_count; i++)
                if (!d->support.capabilities[i].held)
                        add_problem(d, "missing right", d->support.capabilities[i].name,
                                    d->support.capabilities[i].without,
                                    "run as root, or give the capability (AmbientCapabilities= in a unit)");
        if (d->support.ptrace_scope >= 3 || (d->support.ptrace_scope >= 1 && !held(d, "CAP_SYS_PTRACE")))
                add_problem(
                        d, "Yama forbids to look into processes", "kernel.yama.ptrace_scope",
                        "memory of other processes cannot be read: functions of interpreters stay unknown",
                        "hold CAP_SYS_PTRACE; a scope of 3 can only be changed by a reboot");
        if (d->hidepid && !held(d, "CAP_SYS_PTRACE"))
                add_problem(d, "/proc is mounted with hidepid", "", "processes of other users are not seen",
                            "hold CAP_SYS_PTRACE, or mount /proc with the gid= of Usewear's user");
        if (!d->support.procfs)
                add_problem(d, "/proc is not mounted here", "", "nothing that runs can be seen",
                            "mount -t proc proc /proc, or start where it is mounted");
        if (!d->support.initial_user_ns)
                add_problem(d, "started in a user namespace", "",
                            "its rights count only for what belongs to it: no events",
                            "start on the host, or in a container that has no user namespace");
        if (!d->support.initial_pid_ns)
                add_problem(d, "started in a pid namespace of its own", "",
                            "processes outside of it are not seen, and pids do not agree with the kernel's",
                            "start on the host, or in a container with the host's pid namespace");
}

/* Before Linux 5.11 maps count as locked memory. Who may raise the limit does so; only
 * where nothing works it is worth a word. */
static void judge_memory(struct diagnosis *d)
{
        enum { ENOUGH = 64 << 20 };
        struct rlimit limit;
        int major, minor;
        if (sscanf(d->kernel.release, "%d.%d", &major, &minor) == 2 &&
            (major > 5 || (major == 5 && minor > 10)))
                return;
        if (*d->events.text && getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_max < ENOUGH)
                add_problem(d, "locked memory is limited", "ulimit -l (memlock)",
                            "kernels before 5.11 give BPF no more memory than that: no events",
                            "set LimitMEMLOCK=infinity in the unit, or hold CAP_SYS_RESOURCE");
}

static void judge_kernel(struct diagnosis *d)
{
        if (!d->support.sysfs)
                add_problem(d, "/sys is not mounted here", "",
                            "no events, and workloads cannot be told apart",
                            "mount -t sysfs sysfs /sys, or start where it is mounted");
        else if (!d->support.btf)
                add_problem(
                        d, "the kernel has no BTF", "", "no events; snapshots from /proc only",
                        "use a kernel with CONFIG_DEBUG_INFO_BTF (distributions have it since about 2021)");
        if (str_equal(d->support.lockdown, "confidentiality"))
                add_problem(d, "kernel lockdown", "confidentiality",
                            "BPF may not read kernel memory: no events",
                            "boot with lockdown=integrity, or live with snapshots");
        if (d->snapshot.state != HOOK_SERVING && d->support.btf && held(d, "CAP_BPF") &&
            held(d, "CAP_PERFMON"))
                add_problem(d, "no task_vma iterator", d->snapshot.reason,
                            "each look reads /proc/PID/maps instead, about four times slower",
                            "none needed; Linux 5.12 has it");
        if (d->cgroup.layout == CGROUP_NONE)
                add_problem(d, "no cgroups", "", "workloads cannot be told apart by the kernel",
                            "mount a cgroup hierarchy (/sys/fs/cgroup)");
}

static void diagnose(struct diagnosis *d, const char *state)
{
        uname(&d->kernel);
        if (support_probe(&d->support) < 0)
                d->support = (struct support){.lockdown = "unknown"};
        if (cgroup_choose(&d->cgroup) < 0)
                d->cgroup = (struct cgroup_choice){.layout = CGROUP_NONE, .subsystem = -1};
        d->hidepid = proc_hides_processes();
        try_sensor(d, state);
        sensor_snapshot(count_mapping, &d->mappings, &d->snapshot);
        _cleanup_activity_ struct activity *activity = NULL;
        d->activity = activity_open(&activity);
        judge_events(d);
        judge_rights(d);
        judge_kernel(d);
        judge_memory(d);
}

/* ---- telling ---------------------------------------------------------------------------------------- */

static const char *state_name(enum hook_state state)
{
        switch (state) {
        case HOOK_SERVING:
                return "serving";
        case HOOK_REFUSED:
                return "refused";
        case HOOK_SILENT:
                return "silent";
        default:
                return "untried";
        }
}

static void print_events(const struct diagnosis *d)
{
        puts("Events (each hook below was attached and has delivered an event that was provoked for it)");
        if (*d->events.text)
                printf("  none: %s\n", d->events.text);
        for (size_t i = 0; i < d->hook_count; i++) {
                const struct hook *h = &d->hooks[i];
                if (h->state == HOOK_SERVING)
                        printf("  %-10s %s\n", event_type_name(h->type), h->name);
                else if (h->state != HOOK_UNTRIED)
                        printf("  %-10s not %s: %s\n", event_type_name(h->type), h->name, h->reason);
        }
        if (d->hook_count)
                printf("  kernel memory %.1f MiB\n", (double)d->cost.map_bytes / (1 << 20));
        puts("\nSnapshot of executable mappings");
        if (d->snapshot.state == HOOK_SERVING)
                printf("  %s, %llu mappings now\n", d->snapshot.name, (unsigned long long)d->mappings);
        else
                printf("  /proc/PID/maps; not %s: %s\n", d->snapshot.name, d->snapshot.reason);
        puts("\nLooks into processes with an interpreter (watch)");
        if (d->activity == 0)
                puts("  iter/task tells which processes have not run: these need no new look");
        else
                printf("  each minute a new look at all; not iter/task: %s\n", strerror(-d->activity));
        puts("  all looks together take at most 0.06 % of a CPU, in a storm of new processes 1 %;\n"
             "  what is late says how old its answers are");
}

static const char *yes_no(bool yes)
{
        return yes ? "yes" : "no";
}

static void print_sysctl(const char *name, int value)
{
        if (value < 0)
                printf("  %-26s not there\n", name);
        else
                printf("  %-26s %d\n", name, value);
}

static void print_kernel(const struct diagnosis *d)
{
        const struct support *s = &d->support;
        printf("\nKernel %s, %s\n", d->kernel.release, d->kernel.machine);
        printf("  %-26s %s\n", "BTF", yes_no(s->btf));
        printf("  %-26s %s\n", "BPF ring buffer", yes_no(s->ring_buffer));
        printf("  %-26s %s\n", "BPF task_vma iterator", yes_no(s->iterators));
        printf("  %-26s %s\n", "BPF trampolines (fentry)", yes_no(s->trampolines));
        printf("  %-26s %s\n", "tracefs", yes_no(s->tracefs));
        printf("  %-26s %s\n", "lockdown", s->lockdown);
        print_sysctl("unprivileged_bpf_disabled", s->unprivileged_bpf);
        print_sysctl("perf_event_paranoid", s->perf_event_paranoid);
        print_sysctl("yama.ptrace_scope", s->ptrace_scope);
        printf("  %-26s %s\n", "hidepid on /proc", yes_no(d->hidepid));
        printf("  %-26s %s\n", "initial pid namespace", yes_no(s->initial_pid_ns));
        printf("\nWorkloads\n  cgroup layout %s; told apart by the id in %s%s\n",
               cgroup_layout_name(d->cgroup.layout),
               *d->cgroup.controller ? "the v1 hierarchy of controller " : "the v2 hierarchy",
               d->cgroup.controller);
}

static void print_kept(const struct diagnosis *d)
{
        size_t count;
        const struct right *kept = rights_kept(d->functions.admin, &count);
        puts("\nRights that usewear watch keeps once it is attached; it gives up all others");
        for (size_t i = 0; i < count; i++)
                printf("  %-26s %s%s\n", kept[i].name, kept[i].worker ? "the worker " : "", kept[i].use);
}

static void print_text(const struct diagnosis *d)
{
        print_events(d);
        function_diagnosis_print(&d->functions);
        print_kernel(d);
        puts("\nRights");
        for (size_t i = 0; i < d->support.capability_count; i++)
                printf("  %-26s %s\n", d->support.capabilities[i].name,
                       d->support.capabilities[i].held ? "held" : "missing");
        print_kept(d);
        if (!d->problem_count) {
                puts("\nNothing is missing.");
                return;
        }
        puts("\nWhat is missing");
        for (size_t i = 0; i < d->problem_count; i++)
                printf("  %s\n      costs: %s\n      to do: %s\n", d->problems[i].what, d->problems[i].costs,
                       d->problems[i].mend);
}

static void write_kernel(struct json *j, const struct diagnosis *d)
{
        const struct support *s = &d->support;
        json_object(j, "kernel");
        json_str(j, "release", d->kernel.release);
        json_str(j, "machine", d->kernel.machine);
        json_bool(j, "btf", s->btf);
        json_bool(j, "ring_buffer", s->ring_buffer);
        json_bool(j, "task_vma_iterator", s->iterators);
        json_bool(j, "trampolines", s->trampolines);
        json_bool(j, "tracefs", s->tracefs);
        json_str(j, "lockdown", s->lockdown);
        json_i64(j, "unprivileged_bpf_disabled", s->unprivileged_bpf);
        json_i64(j, "perf_event_paranoid", s->perf_event_paranoid);
        json_i64(j, "ptrace_scope", s->ptrace_scope);
        json_bool(j, "hidepid", d->hidepid);
        json_bool(j, "initial_pid_namespace", s->initial_pid_ns);
        json_end(j);
        json_object(j, "cgroup");
        json_str(j, "layout", cgroup_layout_name(d->cgroup.layout));
        json_str(j, "controller", *d->cgroup.controller ? d->cgroup.controller : NULL);
        json_str(j, "mount", d->cgroup.mount);
        json_end(j);
}

static void write_hook(struct json *j, const char *key, const struct hook *h)
{
        json_object(j, key);
        json_str(j, "event", event_type_name(h->type));
        json_str(j, "name", h->name);
        json_str(j, "state", state_name(h->state));
        json_str(j, "reason", *h->reason ? h->reason : NULL);
        json_end(j);
}

static void write_kept(struct json *j, const struct diagnosis *d)
{
        size_t count;
        const struct right *kept = rights_kept(d->functions.admin, &count);
        json_array(j, "kept_by_watch");
        for (size_t i = 0; i < count; i++) {
                json_object(j, NULL);
                json_str(j, "name", kept[i].name);
                json_str(j, "process", kept[i].worker ? "worker" : "watch");
                json_str(j, "use", kept[i].use);
                json_end(j);
        }
        json_end(j);
}

static int print_json(const struct diagnosis *d)
{
        _cleanup_buf_ struct buf out = BUF_INIT(1 << 20);
        struct json j = JSON_INIT(&out, 2);
        json_object(&j, NULL);
        json_str(&j, "schema", "usewear/doctor/1");
        write_kernel(&j, d);
        json_array(&j, "hooks");
        for (size_t i = 0; i < d->hook_count; i++)
                write_hook(&j, NULL, &d->hooks[i]);
        json_end(&j);
        json_str(&j, "events_error", *d->events.text ? d->events.text : NULL);
        write_hook(&j, "snapshot", &d->snapshot);
        json_bool(&j, "activity", d->activity == 0);
        json_u64(&j, "kernel_memory", d->cost.map_bytes);
        json_array(&j, "capabilities");
        for (size_t i = 0; i < d->support.capability_count; i++) {
                json_object(&j, NULL);
                json_str(&j, "name", d->support.capabilities[i].name);
                json_bool(&j, "held", d->support.capabilities[i].held);
                json_str(&j, "without", d->support.capabilities[i].without);
                json_end(&j);
        }
        json_end(&j);
        function_diagnosis_json(&j, &d->functions);
        write_kept(&j, d);
        json_array(&j, "missing");
        for (size_t i = 0; i < d->problem_count; i++) {
                json_object(&j, NULL);
                json_str(&j, "what", d->problems[i].what);
                json_str(&j, "costs", d->problems[i].costs);
                json_str(&j, "mend", d->problems[i].mend);
                json_end(&j);
        }
        json_end(&j);
        json_end(&j);
        buf_add_char(&out, '\n');
        return out.error ? out.error : file_write_fd(STDOUT_FILENO, out.data, out.size);
}

static int run(int argc, char **argv)
{
        struct diagnosis d = {};
        bool json = false;
        const struct option_spec specs[] = {{"--json", OPTION_FLAG, &json}};
        struct options o = {.command = &command_doctor, .specs = specs, .spec_count = ARRAY_SIZE(specs)};
        int r = options_parse(&o, argc, argv);
        if (r)
                return r > 0 ? 0 : EXIT_USAGE;
        diagnose(&d, o.state);
        if (!json)
                print_text(&d);
        else
                r = print_json(&d);
        function_diagnosis_done(&d.functions);
        if (r < 0 && r != -EPIPE) {
                log_error(r, "doctor: cannot write: %s", strerror(-r));
                return EXIT_USAGE;
        }
        return 0;
}

const struct command command_doctor = {
        .name = "doctor",
        .summary = "what works on this kernel and with these rights, and what to do about the rest",
        .help = "Usage: usewear doctor [OPTION…]\n\n"
                "Try every part of the sensor here and now: which hook serves each event and why better "
                "ones\n"
                "do not, which rights are missing, how workloads are told apart; and for each thing that is\n"
                "missing what it costs and what to do. Works without root.\n\n"
                "  --json        print usewear/doctor/1\n"
                "  --state DIR   where a watch keeps its history: it tells how functions are watched\n\n"
                "Example:\n  usewear doctor\n",
        .run = run,
};
