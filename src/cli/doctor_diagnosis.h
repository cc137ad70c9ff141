/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What usewear doctor found: looked at in doctor.c, judged in doctor_judge.c, told in doctor_text.c and
 * doctor_json.c. */

#include "cli/doctor_functions.h"
#include "host/cgroup.h"
#include "sensor/sensor.h"

#include <sys/utsname.h>

enum { PROBLEMS = 32, HOOKS = 64 };

struct problem {
        char what[640];
        const char *costs, *mend;
};

struct diagnosis {
        const char *state; /* folder */
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
        bool filters_calls; /* the worker is kept from all system calls but those that it needs */
        const char *hides;  /* NULL, or why /proc may not list all processes to us */
        bool pids_only;     /* /proc shows nothing but processes */
        struct function_diagnosis functions;
        struct problem problems[PROBLEMS];
        size_t problem_count;
};

const char *hook_state_name(enum hook_state state); /* "serving", "refused", "silent", "untried" */
/* Fill in the problems from all else. */
void diagnosis_judge(struct diagnosis *d);
void diagnosis_print(const struct diagnosis *d);
int diagnosis_write_json(const struct diagnosis *d); /* to stdout; 0 or -errno */
