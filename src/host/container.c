/* SPDX-License-Identifier: Apache-2.0 */
#include "host/container.h"

#include "base/file.h"
#include "base/str.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>

/* Each runtime leaves JSON at a place that its own documentation or source fixes. All of them are tried,
 * whatever the cgroup name said: cgroup names tell the runtime only sometimes, and ids do not collide. */

enum { STATE_TEXT = 16 << 20 };

static void json_drop(json_t **j)
{
        json_decref(*j);
}
#define _cleanup_json_ _cleanup_(json_drop)

struct search {
        int host_fd;
        const struct workload_hint *hint;
        const char *home; /* of the user whose rootless containers these may be, or NULL: the system's */
        struct arena *a;
        struct container *found;
        bool out_of_memory;
};

static json_t *load(const struct search *s, const char *path)
{
        _cleanup_buf_ struct buf text = BUF_INIT(STATE_TEXT);
        return file_read_in(s->host_fd, path, &text) < 0 ? NULL : json_loadb(text.data, text.size, 0, NULL);
}

static _printf_(2, 3) json_t *loadf(const struct search *s, const char *format, ...)
{
        char path[PATH_MAX];
        va_list args;
        va_start(args, format);
        int size = vsnprintf(path, sizeof(path), format, args);
        va_end(args);
        return size < 0 || size >= (int)sizeof(path) ? NULL : load(s, path);
}

/* Keep the first thing that any file says. */
static void keep(struct search *s, const char **to, const char *value)
{
        if (*to || !value || !*value)
                return;
        *to = arena_strdup(s->a, value);
        s->out_of_memory |= !*to;
}

static const char *text_of(const json_t *object, const char *key)
{
        return json_string_value(json_object_get(object, key));
}

static void keep_digest(struct search *s, const char *value)
{
        size_t prefix = value && str_starts(value, "sha256:") ? strlen("sha256:") : 0;
        if (!value || s->found->image_digest || strlen(value) != prefix + 64 ||
            strspn(value + prefix, "0123456789abcdef") != 64)
                return;
        s->found->image_digest = arena_printf(s->a, "sha256:%s", value + prefix);
        s->out_of_memory |= !s->found->image_digest;
}

/* ---- Docker: DATA-ROOT/containers/ID/config.v2.json --------------------------------------------------- */

static bool docker_read(struct search *s, const char *data_root)
{
        _cleanup_json_ json_t *config = loadf(s, "%s/containers/%s/config.v2.json", data_root, s->found->id);
        if (!config)
                return false;
        const char *name = text_of(config, "Name");
        keep(s, &s->found->name, name && *name == '/' ? name + 1 : name);
        keep(s, &s->found->image, text_of(json_object_get(config, "Config"), "Image"));
        keep_digest(s, text_of(config, "Image"));
        return true;
}

static bool docker_find(struct search *s)
{
        char path[PATH_MAX];
        if (s->home) {
                snprintf(path, sizeof(path), "%s/.local/share/docker", s->home);
                return docker_read(s, path);
        }
        _cleanup_json_ json_t *daemon = load(s, "etc/docker/daemon.json");
        const char *moved = text_of(daemon, "data-root");
        return (moved && docker_read(s, moved)) || docker_read(s, "var/lib/docker") ||
               docker_read(s, "var/snap/docker/common/var-lib-docker");
}

/* ---- containers/storage: podman, CRI-O, buildah ---------------------------------------------------------
 */

/* overlay-containers/containers.json: [{id, names, image, metadata: JSON text {"image-name": …}}]. */
static bool storage_read(struct search *s, const char *graph_root, const char *list_name)
{
        _cleanup_json_ json_t *list = loadf(s, "%s/overlay-containers/%s", graph_root, list_name);
        json_t *item;
        size_t i;
        json_array_foreach(list, i, item)
        {
                if (!str_equal(text_of(item, "id"), s->found->id))
                        continue;
                const char *metadata_text = text_of(item, "metadata");
                _cleanup_json_ json_t *metadata = metadata_text ? json_loads(metadata_text, 0, NULL) : NULL;
                keep(s, &s->found->name,
                     json_string_value(json_array_get(json_object_get(item, "names"), 0)));
                keep(s, &s->found->image, text_of(metadata, "image-name"));
                keep_digest(s, text_of(item, "image"));
                return true;
        }
        return false;
}

static bool storage_find(struct search *s)
{
        char path[PATH_MAX] = "var/lib/containers/storage";
        if (s->home)
                snprintf(path, sizeof(path), "%s/.local/share/containers/storage", s->home);
        return storage_read(s, path, "containers.json") || storage_read(s, path, "volatile-containers.json");
}

/* ---- OCI bundles: config.json with annotations ----------------------------------------------------------
 */

/* containerd pkg/cri/annotations, CRI-O pkg/annotations, nerdctl pkg/labels. */
static const struct {
        const char *annotation;
        size_t field;
} annotations[] = {
        {"io.kubernetes.cri.sandbox-namespace", offsetof(struct container, pod_namespace)},
        {"io.kubernetes.cri.sandbox-name", offsetof(struct container, pod_name)},
        {"io.kubernetes.cri.container-name", offsetof(struct container, pod_container)},
        {"io.kubernetes.cri.image-name", offsetof(struct container, image)},
        {"io.kubernetes.pod.namespace", offsetof(struct container, pod_namespace)},
        {"io.kubernetes.pod.name", offsetof(struct container, pod_name)},
        {"io.kubernetes.container.name", offsetof(struct container, pod_container)},
        {"io.kubernetes.cri-o.ImageName", offsetof(struct container, image)},
        {"nerdctl/name", offsetof(struct container, name)},
        {"org.opencontainers.image.ref.name", offsetof(struct container, image)},
};

static bool bundle_take(struct search *s, json_t *config)
{
        json_t *given = json_object_get(config, "annotations");
        for (size_t i = 0; i < ARRAY_SIZE(annotations); i++)
                keep(s, (const char **)((char *)s->found + annotations[i].field),
                     text_of(given, annotations[i].annotation));
        keep_digest(s, text_of(given, "io.kubernetes.cri-o.ImageRef"));
        /* The pause container of a pod has no container name. */
        if (str_equal(text_of(given, "io.kubernetes.cri.container-type"), "sandbox") ||
            str_equal(text_of(given, "io.kubernetes.cri-o.ContainerType"), "sandbox"))
                keep(s, &s->found->pod_container, "POD");
        return config != NULL;
}

static bool bundle_read(struct search *s, const char *directory)
{
        _cleanup_json_ json_t *config = loadf(s, "%s/%s/config.json", directory, s->found->id);
        return bundle_take(s, config);
}

/* containerd keeps one directory for each of its namespaces ("k8s.io", "moby", "default" …). */
static bool containerd_find(struct search *s, const char *tasks)
{
        int fd = file_open_dir_in(s->host_fd, tasks);
        DIR *dir = fd < 0 ? NULL : fdopendir(fd);
        bool found = false;
        if (!dir) {
                if (fd >= 0)
                        close(fd);
                return false;
        }
        for (struct dirent *entry; !found && (entry = readdir(dir));) {
                char path[PATH_MAX];
                if (entry->d_name[0] == '.')
                        continue;
                snprintf(path, sizeof(path), "%s/%s", tasks, entry->d_name);
                found = bundle_read(s, path);
        }
        closedir(dir);
        return found;
}

static bool bundle_find(struct search *s)
{
        static const char *const tasks[] = {"run/containerd/io.containerd.runtime.v2.task",
                                            "run/k3s/containerd/io.containerd.runtime.v2.task"};
        static const char *const graphs[] = {"run/containers/storage/overlay-containers",
                                             "var/lib/containers/storage/overlay-containers"};
        bool found = false;
        if (s->home)
                return false;
        for (size_t i = 0; i < ARRAY_SIZE(tasks) && !found; i++)
                found = containerd_find(s, tasks[i]);
        for (size_t i = 0; i < ARRAY_SIZE(graphs) && !found; i++) {
                _cleanup_json_ json_t *config =
                        loadf(s, "%s/%s/userdata/config.json", graphs[i], s->found->id);
                found = bundle_take(s, config);
        }
        return found;
}

/* ---- bare runc and crun ---------------------------------------------------------------------------------
 */

/* runc: state.json {config: {labels: ["bundle=…"]}}; crun: status {bundle}. The id is what people gave. */
static bool runc_find(struct search *s)
{
        _cleanup_json_ json_t *runc = loadf(s, "run/runc/%s/state.json", s->found->id);
        _cleanup_json_ json_t *crun = runc ? NULL : loadf(s, "run/crun/%s/status", s->found->id);
        const char *bundle = text_of(crun, "bundle");
        json_t *label;
        size_t i;
        if (!runc && !crun)
                return false;
        json_array_foreach(json_object_get(json_object_get(runc, "config"), "labels"), i,
                           label) if (json_string_value(label) &&
                                      str_starts(json_string_value(label), "bundle=")) bundle =
                json_string_value(label) + strlen("bundle=");
        _cleanup_json_ json_t *config = bundle ? loadf(s, "%s/config.json", bundle) : NULL;
        bundle_take(s, config);
        keep(s, &s->found->name, s->found->id);
        return true;
}

/* ---- finding ----------------------------------------------------------------------------------------------
 */

/* Home directory by the host's passwd(5): rootless runtimes keep their state below it. */
static const char *home_of(int host_fd, uint32_t uid, struct arena *a)
{
        _cleanup_buf_ struct buf text = BUF_INIT(1 << 20);
        if (file_read_in(host_fd, "etc/passwd", &text) < 0)
                return NULL;
        struct span rest = {text.data, text.size}, line;
        while (span_cut(&rest, '\n', &line)) {
                struct span fields[6] = {};
                size_t count = 0;
                uint64_t number;
                while (count < ARRAY_SIZE(fields) && span_cut(&line, ':', &fields[count]))
                        count++;
                if (count == ARRAY_SIZE(fields) && span_to_u64(fields[2], 10, &number) == 0 && number == uid)
                        return arena_strndup(a, fields[5].data, fields[5].size);
        }
        return NULL;
}

/* Ids become parts of paths. */
static bool is_plain(const char *id)
{
        return *id && *id != '.' && !strchr(id, '/') && strlen(id) < NAME_MAX;
}

static const char *last_component(const char *path)
{
        const char *slash = strrchr(path, '/');
        return slash ? slash + 1 : path;
}

int container_find(int host_fd, const struct workload_hint *hint, struct arena *a, struct container *ret)
{
        struct container found = {.id = hint->container_id};
        struct search s = {.host_fd = host_fd, .hint = hint, .a = a, .found = &found};
        bool known = false;
        if (!found.id && hint->kind == WORKLOAD_HOST && hint->path) {
                /* Top-level cgroups are made by root only: one that is named like a running container of
                 * a bare runtime is that container's. */
                const char *candidate = last_component(hint->path);
                if (!is_plain(candidate))
                        return 0;
                found.id = candidate;
                known = runc_find(&s);
                found.id = known ? arena_strdup(a, candidate) : NULL;
                s.out_of_memory |= known && !found.id;
        } else if (found.id && is_plain(found.id)) {
                if (hint->uid)
                        s.home = home_of(host_fd, hint->uid, a);
                /* Annotations know pods, the runtimes' own lists know names: both are asked. */
                known = bundle_find(&s);
                known |= docker_find(&s) || storage_find(&s) || (!s.home && runc_find(&s));
                if (!known && (str_equal(hint->runtime, "lxc") || str_equal(hint->runtime, "nspawn"))) {
                        found.name = found.id;
                        known = true;
                }
        }
        if (s.out_of_memory)
                return -ENOMEM;
        *ret = found;
        return known;
}

/* ---- owners of pods ---------------------------------------------------------------------------------------
 */

/* k8s.io/apimachinery/pkg/util/rand: what generated suffixes are made of. */
static bool is_generated(const char *part, size_t size)
{
        for (size_t i = 0; i < size; i++)
                if (!strchr("bcdfghjklmnpqrstvwxz2456789", part[i]))
                        return false;
        return size > 0;
}

static bool is_number(const char *part, size_t size)
{
        return size > 0 && strspn(part, "0123456789") >= size;
}

/* Where the last "-part" of name[0..size) begins, or 0. */
static size_t last_dash(const char *name, size_t size)
{
        while (size > 0 && name[size - 1] != '-')
                size--;
        return size > 1 ? size - 1 : 0;
}

char *container_pod_owner(const char *name, struct arena *a)
{
        size_t size = strlen(name), dash = last_dash(name, size);
        if (dash && size - dash - 1 == 5 && is_generated(name + dash + 1, 5)) {
                /* DaemonSet and Job: NAME-xxxxx; ReplicaSet: NAME-<hash>-xxxxx; CronJob: NAME-<minute>-xxxxx
                 */
                size_t outer = last_dash(name, dash), middle = dash - outer - 1;
                size = dash;
                if (outer && ((middle >= 8 && middle <= 10 && is_generated(name + outer + 1, middle)) ||
                              (middle >= 8 && is_number(name + outer + 1, middle))))
                        size = outer;
        } else if (dash && is_number(name + dash + 1, size - dash - 1)) {
                size = dash; /* StatefulSet: NAME-0 */
        }
        return arena_strndup(a, name, size);
}
