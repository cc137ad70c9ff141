/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the container runtimes' own state files say about a container: its name, its image, and where it
 * stands in Kubernetes. Found without talking to any daemon. */

#include "base/arena.h"
#include "host/workload.h"

struct container {
        const char *id;
        const char *name, *image; /* "web", "docker.io/library/nginx:1.27"; NULL: not known */
        const char *image_digest; /* "sha256:…" (of the image's configuration), or NULL */
        const char *pod_namespace, *pod_name, *pod_container; /* Kubernetes; NULL: not known */
};

/* Look the container of the hint up below `host_fd` ("/" of the host). 1: found something; 0: no state
 * file knows it (`ret` holds its id if the hint has one); -ENOMEM. Where the hint names no container, the
 * last part of its path is tried as the id of a bare runc or crun container. */
int container_find(int host_fd, const struct workload_hint *hint, struct arena *a, struct container *ret);

/* The name of the controller that made the pod, judged by its name: Deployments, DaemonSets, Jobs and
 * StatefulSets append parts in a fixed form. The whole name where it has none of them. */
char *container_pod_owner(const char *pod_name, struct arena *a);
