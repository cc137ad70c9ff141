/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One probe on kernels that cannot tell a program which of its probes was hit. */

#include "sensor/sensor.h"

#include <bpf/libbpf.h>

struct perf_event_attr;

/* Whether a probe may carry a number of its own here: bpf_get_attach_cookie(), 7adfc6c9b315 ("bpf: Add
 * bpf_get_attach_cookie() BPF helper to access bpf_cookie value", 5.15). */
bool probe_cookies_work(void);
/* The event of a probe at that place. `path` has to stay as long as `ret` does. 0, or -EOPNOTSUPP: this
 * kernel knows no such events. */
int probe_event_describe(const char *path, const struct function_probe *probe, struct perf_event_attr *ret);
/* Load a copy of the loaded program (function_single, hook_tracepoint) that knows the number, and set it at
 * that place of the file, or at the tracepoint: a descriptor whose closing takes it away, or -errno; -ENOENT
 * also where tracefs is not mounted. */
int numbered_probe_attach(const struct bpf_program *program, const char *path,
                          const struct function_probe *probe);
int numbered_tracepoint_attach(const struct bpf_program *program, const char *category, const char *name,
                               uint32_t number);
