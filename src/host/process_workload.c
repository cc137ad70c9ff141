/* SPDX-License-Identifier: Apache-2.0 */
#include "host/process_reader.h"

#include <errno.h>

/* From what the cgroup tells and what the runtimes' state files add to the names (workload.h). What no
 * file knows keeps the container's id: such a name does not survive a restart, but it is not wrong. */

enum { SHORT_ID = 12 }; /* digits of a container id that people use */

static int find_cached(struct process_reader *reader, const struct workload_hint *hint,
                       const struct container **ret)
{
        const char *key = hint->container_id ? hint->container_id : hint->path;
        struct container *known = key ? map_get_str(&reader->containers, key) : NULL;
        if (!known) {
                struct container found = {};
                known = arena_alloc(&reader->cache, sizeof(*known));
                char *kept = arena_strdup(&reader->cache, key ? key : "");
                if (!known || !kept)
                        return -ENOMEM;
                int r = container_find(reader->host_fd, hint, &reader->cache, &found);
                if (r < 0)
                        return r;
                if (r == 0 && !hint->container_id)
                        found = (struct container){};
                /* The hint's strings live shorter than the cache. */
                found.id = found.id ? arena_strdup(&reader->cache, found.id) : NULL;
                *known = found;
                r = map_put_str(&reader->containers, kept, known);
                if (r < 0)
                        return r;
        }
        *ret = known;
        return 0;
}

static int name_pod(struct process *p, const struct container *c, struct arena *a)
{
        const char *container = c->pod_container ? c->pod_container : c->name;
        if (c->pod_namespace && c->pod_name && container) {
                char *owner = container_pod_owner(c->pod_name, a);
                if (!owner)
                        return -ENOMEM;
                p->workload_name = arena_printf(a, "%s/%s/%s", c->pod_namespace, owner, container);
        } else if (c->id) {
                p->workload_name = arena_printf(a, "%s/%.*s", p->hint.pod_uid, SHORT_ID, c->id);
        } else {
                p->workload_name = arena_strdup(a, p->hint.pod_uid);
        }
        p->workload_id = p->workload_name ? arena_printf(a, "k8s:%s", p->workload_name) : NULL;
        return p->workload_id ? 0 : -ENOMEM;
}

static int name_container(struct process *p, const struct container *c, struct arena *a)
{
        const char *name = c->name, *image = c->image ? c->image : c->image_digest;
        if (!name)
                name = arena_printf(a, "%.*s", SHORT_ID, c->id);
        if (!name)
                return -ENOMEM;
        p->workload_name = arena_strdup(a, name);
        p->workload_id = image ? arena_printf(a, "container:%s@%s", name, image)
                               : arena_printf(a, "container:%s", name);
        return p->workload_name && p->workload_id ? 0 : -ENOMEM;
}

static int name_plain(struct process *p, struct arena *a)
{
        char *id = workload_plain_id(&p->hint, a), *colon = id ? strchr(id, ':') : NULL;
        p->workload_id = id;
        p->workload_name = colon ? colon + 1 : id;
        return id ? 0 : -ENOMEM;
}

/* The image is the root only for who lives at its top: not for processes that share the host's root, nor
 * in a chroot inside of the container. */
static int name_root(struct process *p, const struct container *c, bool at_root, struct arena *a)
{
        if (!at_root || !p->root.id || str_equal(p->root.id, "host"))
                return 0;
        if (c->image_digest) {
                p->root.id = arena_printf(a, "image:%s", c->image_digest);
                if (!p->root.id)
                        return -ENOMEM;
        }
        if (c->image) {
                p->root.description = arena_strdup(a, c->image);
                if (!p->root.description)
                        return -ENOMEM;
        }
        return 0;
}

int process_name_workload(struct process_reader *reader, struct process *p, bool at_root, struct arena *a)
{
        const struct container *c = NULL;
        if (p->hint.container_id || p->hint.kind == WORKLOAD_HOST) {
                int r = find_cached(reader, &p->hint, &c);
                if (r < 0)
                        return r;
        }
        if (!c || !c->id)
                return p->hint.kind == WORKLOAD_K8S ? name_pod(p, &(struct container){}, a)
                                                    : name_plain(p, a);
        if (p->hint.kind == WORKLOAD_HOST)
                p->hint.kind = WORKLOAD_CONTAINER;
        p->instance = arena_strdup(a, c->id);
        if (!p->instance)
                return -ENOMEM;
        /* Docker under Kubernetes, or a pod that only its annotations give away. */
        if (c->pod_namespace && c->pod_name)
                p->hint.kind = WORKLOAD_K8S;
        int r = p->hint.kind == WORKLOAD_K8S && (p->hint.pod_uid || c->pod_name) ? name_pod(p, c, a)
                                                                                 : name_container(p, c, a);
        return r < 0 ? r : name_root(p, c, at_root, a);
}
