/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/doctor_diagnosis.h"
#include "cli/rights.h"

#include <stdio.h>
#include <string.h>

/* For people: first what serves, then what is missing. */

const char *hook_state_name(enum hook_state state)
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
        printf("  %-26s %s\n", "seccomp filters", yes_no(d->filters_calls));
        printf("  %-26s %s\n", "hidepid on /proc", yes_no(d->hidepid));
        printf("  %-26s %s\n", "initial pid namespace", yes_no(s->initial_pid_ns));
        if (d->cgroup.layout == CGROUP_NONE) {
                puts("\nWorkloads\n  cgroup layout none: no id of the kernel tells them apart");
                return;
        }
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

void diagnosis_print(const struct diagnosis *d)
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
