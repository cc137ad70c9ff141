/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What a process belongs to, named so that the name survives restarts. */

#include "base/arena.h"
#include "base/str.h"
#include "host/answer.h"

enum workload_kind {
        WORKLOAD_HOST,      /* "host" */
        WORKLOAD_SYSTEMD,   /* "systemd:nginx.service" */
        WORKLOAD_USER,      /* "user:1000" */
        WORKLOAD_CONTAINER, /* "container:NAME@IMAGE" */
        WORKLOAD_K8S,       /* "k8s:NAMESPACE/OWNER/CONTAINER" */
        _WORKLOAD_KIND_MAX,
};

const char *workload_kind_name(enum workload_kind kind); /* "host", "systemd", "user", "container", "k8s" */

/* What the text of /proc/PID/cgroup alone tells. Strings lie in the arena. */
struct workload_hint {
        enum workload_kind kind;
        const char *unit;         /* systemd unit, or NULL */
        uint32_t uid;             /* of a user session */
        const char *container_id; /* 64 hex digits (or what the runtime uses), or NULL */
        const char *runtime;      /* "docker", "podman", "containerd", "cri-o", "runc", "crun", … or NULL */
        const char *pod_uid;      /* or NULL */
        const char *path;         /* the cgroup path that was judged: in the chosen hierarchy */
};

/* Judge the whole text of /proc/PID/cgroup (v1, v2 or hybrid). 0 or -ENOMEM. */
int workload_classify(struct span cgroup_file, struct arena *a, struct workload_hint *ret);

/* The id of a workload that is no container's: "systemd:UNIT", "user:UID" or "host". NULL: -ENOMEM. */
char *workload_plain_id(const struct workload_hint *hint, struct arena *a);

/* Whose the processes in a cgroup may be, told by its path in the chosen hierarchy: the id of a workload;
 * "k8s:", which is any of a pod; "+" and an id, which is that or any container's, as files of runtimes may
 * tell; or "", nothing: another hierarchy may name another one. `alone`: there is no other. NULL: -ENOMEM. */
const char *workload_of_path(const char *path, bool alone, struct arena *a);
/* Whether that (or NULL: nothing is known) may mean the workload of this id. */
bool workload_may_be(const char *of_path, const char *id);

/* One workload in one root, as one look (or the history) knows it. */
struct workload {
        const char *id, *name, *root; /* root: struct root.id */
        enum workload_kind kind;
        const char **instances; /* container ids, pod uids; may be empty */
        size_t instance_count;
        int64_t first_seen, last_seen; /* wall s */
        bool running;                  /* a process of it was alive at the last look */
        size_t processes, unreadable;  /* alive at the last look; of these, could not be read */
        uint32_t runtimes;             /* enum runtime bits that its processes hold or held */
        struct answer exposed;         /* reason names the address or peer */
        struct answer privileged;      /* reason: "uid 0", "CAP_SYS_ADMIN", … */
};
