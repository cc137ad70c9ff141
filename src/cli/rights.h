/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The rights that `usewear watch` keeps once its programs are in the kernel, and what for. */

#include <stdbool.h>
#include <stddef.h>

struct right {
        const char *name; /* "CAP_BPF" */
        int number;       /* linux/capability.h */
        bool worker;      /* of the prober worker, which is started anew; else of the process that stays */
        const char *use;
        int instead; /* kept where it is held and this one is not; -1 none */
};

/* `admin`: probes are perf uprobes here. */
const struct right *rights_kept(bool admin, size_t *ret_count);
struct rights_need {
        bool foreign_state; /* CAP_DAC_OVERRIDE stays: root writes to a folder of somebody else */
        bool admin;         /* CAP_SYS_ADMIN stays permitted, in effect only while a probe is attached */
};
/* Give up for good whatever is not in the table, and take the worker's rights out of the effective set of
 * this process. Before any other thread is started; descriptors that are open stay usable. 0 or -errno. */
int rights_drop(const struct rights_need *need);
