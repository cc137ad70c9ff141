/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"
#include "base/json.h"
#include "cli/doctor_diagnosis.h"
#include "cli/rights.h"

/* usewear/doctor/1 */

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
        json_bool(j, "seccomp_filters", d->filters_calls);
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
        json_str(j, "state", hook_state_name(h->state));
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

int diagnosis_write_json(const struct diagnosis *d)
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
