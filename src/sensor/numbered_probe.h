/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One probe on kernels that cannot tell a program which of its probes was hit. */

#include <bpf/libbpf.h>
#include <stdbool.h>
#include <stdint.h>

/* Whether a probe may carry a number of its own here: bpf_get_attach_cookie(), 7adfc6c9b315 ("bpf: Add
 * bpf_get_attach_cookie() BPF helper to access bpf_cookie value", 5.15). */
bool probe_cookies_work(void);
/* Load a copy of the loaded program (function_single) that knows `number` and set it at `offset` of the
 * file. A descriptor whose closing takes the probe away, or -errno. */
int numbered_probe_attach(const struct bpf_program *program, const char *path, uint64_t offset,
                          uint32_t number);
