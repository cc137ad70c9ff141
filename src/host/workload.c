/* SPDX-License-Identifier: Apache-2.0 */
#include "host/workload.h"

#include "format/procfs.h"

#include <errno.h>

/* A cgroup path is read from its leaf to its root: the innermost container wins over everything, because a
 * container may run a whole systemd of its own; after it the outermost systemd unit, because units delegate
 * cgroups below themselves as they like. */

enum { ID_LEAST = 64 }; /* docker, podman, containerd's CRI and CRI-O: 32 random bytes in hex */

static bool is_hex_id(struct span s)
{
        if (s.size < ID_LEAST)
                return false;
        for (size_t i = 0; i < ID_LEAST; i++)
                if (!((s.data[i] >= '0' && s.data[i] <= '9') || (s.data[i] >= 'a' && s.data[i] <= 'f')))
                        return false;
        return s.size == ID_LEAST;
}

static bool strip_prefix(struct span *s, const char *prefix)
{
        if (!span_starts(*s, prefix))
                return false;
        s->data += strlen(prefix);
        s->size -= strlen(prefix);
        return true;
}

static bool strip_suffix(struct span *s, const char *suffix)
{
        if (!span_ends(*s, suffix))
                return false;
        s->size -= strlen(suffix);
        return true;
}

/* Names that the runtimes give to the cgroup of a container: "PREFIX-ID.scope" under systemd, "PREFIX-ID"
 * without it. Their monitors (conmon) run beside the container, not in it. */
enum id_form {
        ID_NONE, /* the monitor */
        ID_HEX,
        ID_ANY_IN_SCOPE, /* chosen by people, so only believed under systemd: a cgroup may be called
                            "runc-tests" by anybody */
        ID_ANY,
};

static const struct {
        const char *prefix, *runtime;
        enum id_form form;
} scopes[] = {
        {"libpod-conmon-", "podman", ID_NONE},
        {"crio-conmon-", "cri-o", ID_NONE},
        {"docker-", "docker", ID_HEX},
        {"libpod-", "podman", ID_HEX},
        {"cri-containerd-", "containerd", ID_HEX},
        {"nerdctl-", "containerd", ID_HEX},
        {"crio-", "cri-o", ID_HEX},
        {"runc-", "runc", ID_ANY_IN_SCOPE},
        {"crun-", "crun", ID_ANY_IN_SCOPE},
        {"lxc.payload.", "lxc", ID_ANY},
};

struct container_name {
        struct span id;
        const char *runtime;
};

static bool container_scope(struct span segment, struct container_name *ret)
{
        bool scope = strip_suffix(&segment, ".scope");
        for (size_t i = 0; i < ARRAY_SIZE(scopes); i++) {
                struct span id = segment;
                if (!strip_prefix(&id, scopes[i].prefix))
                        continue;
                enum id_form form = scopes[i].form;
                if (form == ID_NONE)
                        return false;
                if (!id.size || !(is_hex_id(id) || form == ID_ANY || (form == ID_ANY_IN_SCOPE && scope)))
                        continue;
                *ret = (struct container_name){id, scopes[i].runtime};
                return true;
        }
        return false;
}

/* Parent directories under which runtimes put bare ids. */
static const char *container_parent(struct span parent)
{
        if (span_equal(parent, "docker"))
                return "docker";
        if (span_equal(parent, "libpod_parent"))
                return "podman";
        if (span_equal(parent, "lxc") || span_equal(parent, "lxc.payload"))
                return "lxc";
        if (span_equal(parent, "crun"))
                return "crun";
        return NULL;
}

/* systemd-nspawn: machine-NAME.scope below machine.slice, where virtual machines look the same, or its
 * template service. */
static bool nspawn_unit(struct span segment, struct span parent, struct container_name *ret)
{
        bool scope = span_equal(parent, "machine.slice") && strip_suffix(&segment, ".scope") &&
                     strip_prefix(&segment, "machine-") && !span_starts(segment, "qemu") &&
                     !span_starts(segment, "lxc");
        bool service =
                !scope && strip_suffix(&segment, ".service") && strip_prefix(&segment, "systemd-nspawn@");
        if (!(scope || service) || !segment.size)
                return false;
        *ret = (struct container_name){segment, "nspawn"};
        return true;
}

/* SLICE:PREFIX:ID, taken literally as a directory where the drivers of kubelet and runtime disagree. */
static bool container_triple(struct span segment, struct container_name *ret)
{
        const char *colon = segment.size ? memrchr(segment.data, ':', segment.size) : NULL;
        if (!colon)
                return false;
        struct span id = {colon + 1, segment.size - (size_t)(colon + 1 - segment.data)};
        struct span before = {segment.data, (size_t)(colon - segment.data)};
        if (!is_hex_id(id))
                return false;
        *ret = (struct container_name){id, span_ends(before, ":cri-containerd") ? "containerd"
                                           : span_ends(before, ":crio")         ? "cri-o"
                                           : span_ends(before, ":docker")       ? "docker"
                                                                                : NULL};
        return true;
}

/* Whether `segment`, lying in `parent`, is the cgroup of a container. */
static bool container_segment(struct span segment, struct span parent, struct container_name *ret)
{
        if (container_triple(segment, ret) || container_scope(segment, ret) ||
            nspawn_unit(segment, parent, ret))
                return true;
        const char *runtime = container_parent(parent);
        if (!is_hex_id(segment) && !(str_equal(runtime, "lxc") && segment.size))
                return false;
        *ret = (struct container_name){segment, runtime};
        return true;
}

/* "pod0a1b…", or "kubepods-burstable-pod0a1b_….slice": the uid of a Kubernetes pod, dashes restored. */
static char *pod_uid(struct span segment, struct arena *a)
{
        if (strip_suffix(&segment, ".slice")) {
                const char *at = segment.size ? memmem(segment.data, segment.size, "-pod", 4) : NULL;
                if (!span_starts(segment, "kubepods") || !at)
                        return NULL;
                segment.size -= (size_t)(at + 1 - segment.data);
                segment.data = at + 1;
        }
        if (!strip_prefix(&segment, "pod") || (segment.size != 36 && segment.size != 32))
                return NULL;
        char *uid = arena_strndup(a, segment.data, segment.size);
        for (char *at = uid; at && *at; at++) {
                if (*at == '_')
                        *at = '-';
                bool hex = (*at >= '0' && *at <= '9') || (*at >= 'a' && *at <= 'f');
                if (!hex && *at != '-')
                        return NULL;
        }
        return uid;
}

/* systemd-run numbers what it starts ("run-r1f….service", "run-u12.scope", "run-p7-i8.service"): such a
 * name would not survive a restart. */
static bool is_numbered(struct span name)
{
        bool digit = false;
        if (!strip_prefix(&name, "run-"))
                return false;
        for (size_t i = 0; i < name.size; i++) {
                if (!memchr("0123456789abcdefrupi-", name.data[i], 21))
                        return false;
                digit |= name.data[i] >= '0' && name.data[i] <= '9';
        }
        return digit;
}

static char *unit_name(struct span unit, struct arena *a)
{
        const char *dot = memrchr(unit.data, '.', unit.size);
        struct span stem = {unit.data, (size_t)(dot - unit.data)};
        if (is_numbered(stem))
                return arena_printf(a, "run-*%.*s", (int)(unit.size - stem.size), dot);
        return arena_strndup(a, unit.data, unit.size);
}

struct judged {
        struct workload_hint hint;
        bool out_of_memory;
};

/* The last component of *left, which is cut off. */
static struct span leaf_cut(struct span *left)
{
        const char *slash = left->size ? memrchr(left->data, '/', left->size) : NULL;
        if (!slash)
                return (struct span){};
        struct span leaf = {slash + 1, left->size - (size_t)(slash + 1 - left->data)};
        left->size = (size_t)(slash - left->data);
        return leaf;
}

static bool judge_container(struct span path, struct arena *a, struct judged *j)
{
        while (path.size) {
                struct span segment = leaf_cut(&path), above = path, parent = leaf_cut(&above);
                struct container_name name;
                if (container_segment(segment, parent, &name)) {
                        j->hint.container_id = arena_strndup(a, name.id.data, name.id.size);
                        j->hint.runtime = name.runtime;
                        j->out_of_memory |= !j->hint.container_id;
                        /* Only the directory right above a container is its pod, or the first of a triple. */
                        struct span slice = segment;
                        j->hint.pod_uid = pod_uid(parent, a);
                        if (!j->hint.pod_uid && span_cut(&segment, ':', &slice))
                                j->hint.pod_uid = pod_uid(slice, a);
                        return true;
                }
                j->hint.pod_uid = pod_uid(segment, a);
                if (j->hint.pod_uid)
                        return true;
        }
        return false;
}

/* systemd: the outermost unit, with the user manager's own units below user@UID.service. */
static bool judge_unit(struct span path, struct arena *a, struct judged *j)
{
        struct span rest = path, segment;
        bool user = false, session = false;
        uint64_t uid = 0;
        while (span_cut(&rest, '/', &segment)) {
                struct span name = segment, number = segment;
                if (strip_suffix(&name, ".slice")) {
                        if (strip_prefix(&name, "user-") && span_to_u64(name, 10, &uid) == 0 &&
                            uid <= UINT32_MAX)
                                session = true;
                        continue;
                }
                bool service = span_ends(segment, ".service");
                if (!service && !span_ends(segment, ".scope"))
                        continue;
                if (!user && strip_prefix(&number, "user@") && strip_suffix(&number, ".service") &&
                    span_to_u64(number, 10, &uid) == 0 && uid <= UINT32_MAX) {
                        user = session = true;
                        continue;
                }
                /* Scopes of a session are what somebody started by hand. */
                if (session && !service)
                        break;
                char *unit = unit_name(segment, a);
                if (unit && user)
                        unit = arena_printf(a, "user@%llu.service/%s", (unsigned long long)uid, unit);
                j->out_of_memory |= !unit;
                j->hint.kind = WORKLOAD_SYSTEMD;
                j->hint.unit = unit;
                j->hint.uid = (uint32_t)uid;
                return true;
        }
        if (!session)
                return false;
        j->hint.kind = WORKLOAD_USER;
        j->hint.uid = (uint32_t)uid;
        return true;
}

static void judge_path(struct span path, struct arena *a, struct judged *j)
{
        j->hint.path = arena_strndup(a, path.data, path.size);
        j->out_of_memory |= !j->hint.path;
        judge_unit(path, a, j);
        if (judge_container(path, a, j))
                j->hint.kind = j->hint.pod_uid ? WORKLOAD_K8S : WORKLOAD_CONTAINER;
}

static int rank(const struct workload_hint *h)
{
        static const int ranks[_WORKLOAD_KIND_MAX] = {
                [WORKLOAD_HOST] = 0,      [WORKLOAD_USER] = 1, [WORKLOAD_SYSTEMD] = 2,
                [WORKLOAD_CONTAINER] = 3, [WORKLOAD_K8S] = 4,
        };
        return ranks[h->kind];
}

int workload_classify(struct span cgroup_file, struct arena *a, struct workload_hint *ret)
{
        struct workload_hint best = {};
        for (struct procfs_cgroup line; procfs_cgroup_next(&cgroup_file, &line);) {
                /* Most hierarchies of v1 repeat the same path. */
                if (best.path && span_equal(line.path, best.path))
                        continue;
                struct judged j = {};
                judge_path(line.path, a, &j);
                if (j.out_of_memory)
                        return -ENOMEM;
                if (!best.path || rank(&j.hint) > rank(&best))
                        best = j.hint;
        }
        *ret = best;
        return 0;
}

const char *workload_kind_name(enum workload_kind kind)
{
        static const char *const names[_WORKLOAD_KIND_MAX] = {
                [WORKLOAD_HOST] = "host",           [WORKLOAD_SYSTEMD] = "systemd", [WORKLOAD_USER] = "user",
                [WORKLOAD_CONTAINER] = "container", [WORKLOAD_K8S] = "k8s",
        };
        return kind < _WORKLOAD_KIND_MAX ? names[kind] : names[WORKLOAD_HOST];
}

char *workload_plain_id(const struct workload_hint *hint, struct arena *a)
{
        switch (hint->kind) {
        case WORKLOAD_SYSTEMD:
                return arena_printf(a, "systemd:%s", hint->unit);
        case WORKLOAD_USER:
                return arena_printf(a, "user:%u", hint->uid);
        default:
                return arena_strdup(a, "host");
        }
}

const char *workload_of_path(const char *path, bool alone, struct arena *a)
{
        struct judged j = {};
        judge_path((struct span){path, strlen(path)}, a, &j);
        char *id = j.out_of_memory ? NULL : workload_plain_id(&j.hint, a);
        if (!id)
                return NULL;
        if (j.hint.kind == WORKLOAD_SYSTEMD)
                return alone ? id : arena_printf(a, "+%s", id);
        if (!alone)
                return "";
        if (j.hint.kind == WORKLOAD_K8S)
                return "k8s:";
        return j.hint.kind == WORKLOAD_USER ? id : arena_printf(a, "+%s", id);
}

bool workload_may_be(const char *of_path, const char *id)
{
        if (!of_path || !*of_path)
                return true;
        if (str_equal(of_path, "k8s:"))
                return str_starts(id, of_path);
        if (*of_path != '+')
                return str_equal(of_path, id);
        return str_equal(of_path + 1, id) || str_starts(id, "container:") || str_starts(id, "k8s:");
}
