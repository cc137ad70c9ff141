/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Inside of src/sensor: set the probes of one link, so that none stays behind however the process ends. */

#include "sensor/probe_links.h"
#include "sensor/programs.h"

enum { PROBE_LINK_MOST = 32 /* of one link, where it bears several */ };

/* 0 or -errno; -EOPNOTSUPP: without the program. What has been made belongs to the link in either case. */
int probe_attach_many(struct programs *programs, const char *path, struct probe_link *to); /* uprobe_multi */
/* By a perf event, which bears the first probe only. */
int probe_attach_one(struct programs *programs, const char *path, struct probe_link *to);
