/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/doctor_diagnosis.h"

#include "cli/descriptors.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What is missing, what that costs, and what to do about it. */

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
        if (!d->filters_calls)
                add_problem(
                        d, "this kernel has no filters of system calls, or forbids them",
                        "CONFIG_SECCOMP_FILTER",
                        "who takes over the worker, which parses foreign bytes, may call the whole kernel",
                        "use a kernel with them; the worker's other limits hold all the same");
        if (d->hides)
                add_problem(d, "/proc is mounted with hidepid", "", "processes of other users are not seen",
                            "hold CAP_SYS_PTRACE, or mount /proc with the gid= of Usewear's user");
        if (!d->support.procfs)
                add_problem(d, "/proc is not mounted here", "", "nothing that runs can be seen",
                            "mount -t proc proc /proc, or start where it is mounted");
        if (d->pids_only)
                add_problem(d, "/proc shows nothing but processes", "subset=pid",
                            "settings of the kernel and hierarchies of cgroup v1 are not known",
                            "mount /proc without subset= (ProcSubset=all in a unit)");
        if (!d->support.initial_user_ns)
                add_problem(d, "started in a user namespace", "",
                            "its rights count only for what belongs to it: no events",
                            "start on the host, or in a container that has no user namespace");
        if (!d->support.initial_pid_ns)
                add_problem(d, "started in a pid namespace of its own", "",
                            "processes outside of it are not seen, and pids do not agree with the kernel's",
                            "start on the host, or in a container with the host's pid namespace");
}

/* Who may raise the limit does so; only where nothing works it is worth a word. */
static void judge_memory(struct diagnosis *d)
{
        if (*d->events.text && support_lacks_locked_memory())
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
        if (d->snapshot.state != HOOK_SERVING && d->support.btf && d->support.initial_user_ns &&
            held(d, "CAP_BPF") && held(d, "CAP_PERFMON"))
                add_problem(d, "no task_vma iterator", d->snapshot.reason,
                            "each look reads /proc/PID/maps instead, about four times slower",
                            d->support.iterators
                                    ? "none needed; this kernel has it, and the reason says why not"
                                    : "none needed; Linux 5.12 has it");
        if (d->cgroup.layout == CGROUP_NONE)
                add_problem(d, "no cgroups", "", "workloads cannot be told apart by the kernel",
                            "mount a cgroup hierarchy (/sys/fs/cgroup)");
}

static void judge_descriptors(struct diagnosis *d)
{
        char number[64];
        size_t most = descriptors_few();
        if (!most)
                return;
        snprintf(number, sizeof(number), "%zu, of %d that are needed", most, DESCRIPTORS_NEEDED);
        add_problem(d, "too few files may be open", number, "events, probes and looks fail",
                    "ulimit -n, or LimitNOFILE= in a unit");
}

/* Where there is none yet it is made. */
static void judge_state(struct diagnosis *d)
{
        if (access(d->state, W_OK | X_OK) < 0 && errno != ENOENT)
                add_problem(d, "the state folder cannot be written", strerror(errno),
                            "scan and watch cannot keep what they see, and end at once",
                            "mend the folder, or name another with --state DIR");
}

void diagnosis_judge(struct diagnosis *d)
{
        judge_state(d);
        judge_events(d);
        judge_rights(d);
        judge_kernel(d);
        judge_memory(d);
        judge_descriptors(d);
}
