/* SPDX-License-Identifier: Apache-2.0 */

/* What works on this kernel and with these rights. Everything is really tried: the sensor is opened and
 * its hooks proven, the snapshot is taken; and whatever is missing comes with what it costs and what to
 * do about it. */

#include "base/log.h"
#include "cli/doctor_diagnosis.h"
#include "cli/options.h"
#include "host/hidden.h"
#include "prober/prober.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

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

static void diagnose(struct diagnosis *d, const char *state)
{
        d->state = state;
        uname(&d->kernel);
        if (support_probe(&d->support) < 0)
                d->support = (struct support){.lockdown = "unknown"};
        if (cgroup_choose(&d->cgroup) < 0)
                d->cgroup = (struct cgroup_choice){.layout = CGROUP_NONE, .subsystem = -1};
        d->filters_calls = prober_filters_calls();
        d->hidepid = hidden_by_mount();
        d->hides = hidden_from_us();
        d->pids_only = access("/proc/self/stat", F_OK) == 0 && access("/proc/stat", F_OK) < 0;
        try_sensor(d, state);
        sensor_snapshot(count_mapping, &d->mappings, &d->snapshot);
        _cleanup_activity_ struct activity *activity = NULL;
        d->activity = activity_open(&activity);
        diagnosis_judge(d);
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
                diagnosis_print(&d);
        else
                r = diagnosis_write_json(&d);
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
