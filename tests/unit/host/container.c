/* SPDX-License-Identifier: Apache-2.0 */
#include "host/container.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>

/* State files as each runtime writes them (cut to what matters), below a folder that plays the host. */

#define ID    "4f5d8d8f3c0a4b7e9d1c2b3a4f5e6d7c8b9a0f1e2d3c4b5a69788796a5b4c3d2"
#define IMAGE "1111111111111111111111111111111111111111111111111111111111111111"

static char host[] = "/tmp/usewear-container-XXXXXX";

static void put(const char *path, const char *text)
{
        char full[512];
        snprintf(full, sizeof(full), "%s/%s", host, path);
        char *slash = strrchr(full, '/');
        *slash = 0;
        assert_int_equal(file_make_dirs(full), 0);
        *slash = '/';
        FILE *f = fopen(full, "w");
        assert_non_null(f);
        fputs(text, f);
        fclose(f);
}

static int make_host(void **state)
{
        (void)state;
        strcpy(host + strlen(host) - 6, "XXXXXX");
        return mkdtemp(host) ? 0 : -1;
}

static int remove_host(void **state)
{
        (void)state;
        char command[600];
        snprintf(command, sizeof(command), "rm -rf '%s'", host);
        return system(command);
}

static int find(const struct workload_hint *hint, struct arena *a, struct container *ret)
{
        _cleanup_close_ int fd = open(host, O_PATH | O_DIRECTORY | O_CLOEXEC);
        assert_true(fd >= 0);
        return container_find(fd, hint, a, ret);
}

static void docker(void **state)
{
        (void)state;
        _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
        struct container c;
        put("etc/docker/daemon.json", "{\"data-root\": \"/srv/docker\"}");
        put("srv/docker/containers/" ID "/config.v2.json",
            "{\"ID\":\"" ID "\",\"Name\":\"/web\",\"Image\":\"sha256:" IMAGE
            "\",\"Config\":{\"Image\":\"nginx:1.27\"}}");
        struct workload_hint hint = {.kind = WORKLOAD_CONTAINER, .container_id = ID, .runtime = "docker"};
        assert_int_equal(find(&hint, &a, &c), 1);
        assert_string_equal(c.name, "web");
        assert_string_equal(c.image, "nginx:1.27");
        assert_string_equal(c.image_digest, "sha256:" IMAGE);
        assert_null(c.pod_name);
}

static void podman_of_a_user(void **state)
{
        (void)state;
        _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
        struct container c;
        static const char list[] =
                "[{\"id\":\"other\"},{\"id\":\"" ID "\",\"names\":[\"db\"],\"image\":\"" IMAGE
                "\",\"metadata\":\"{\\\"image-name\\\":\\\"docker.io/library/postgres:16\\\"}\"}]";
        put("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nann:x:1000:1000:Ann:/home/ann:/bin/sh\n");
        put("home/ann/.local/share/containers/storage/overlay-containers/containers.json", list);
        struct workload_hint hint = {
                .kind = WORKLOAD_CONTAINER, .container_id = ID, .runtime = "podman", .uid = 1000};
        assert_int_equal(find(&hint, &a, &c), 1);
        assert_string_equal(c.name, "db");
        assert_string_equal(c.image, "docker.io/library/postgres:16");
        assert_string_equal(c.image_digest, "sha256:" IMAGE);
        /* The same id, claimed by the system or by somebody else, is not theirs. */
        hint.uid = 0;
        assert_int_equal(find(&hint, &a, &c), 0);
        assert_null(c.name);
        assert_string_equal(c.id, ID);
}

static void containerd_of_kubernetes(void **state)
{
        (void)state;
        _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
        struct container c;
        put("run/containerd/io.containerd.runtime.v2.task/k8s.io/" ID "/config.json",
            "{\"annotations\":{\"io.kubernetes.cri.container-type\":\"container\","
            "\"io.kubernetes.cri.container-name\":\"api\",\"io.kubernetes.cri.sandbox-namespace\":\"shop\","
            "\"io.kubernetes.cri.sandbox-name\":\"api-5d8f7c9b6d-x7k2p\","
            "\"io.kubernetes.cri.image-name\":\"registry.example/api:3\"}}");
        struct workload_hint hint = {.kind = WORKLOAD_K8S, .container_id = ID, .runtime = "containerd"};
        assert_int_equal(find(&hint, &a, &c), 1);
        assert_string_equal(c.pod_namespace, "shop");
        assert_string_equal(c.pod_name, "api-5d8f7c9b6d-x7k2p");
        assert_string_equal(c.pod_container, "api");
        assert_string_equal(c.image, "registry.example/api:3");
}

static void crio_sandbox(void **state)
{
        (void)state;
        _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
        struct container c;
        put("run/containers/storage/overlay-containers/" ID "/userdata/config.json",
            "{\"annotations\":{\"io.kubernetes.cri-o.ContainerType\":\"sandbox\",\"io.kubernetes.pod."
            "namespace\":\"ns\","
            "\"io.kubernetes.pod.name\":\"p-0\",\"io.kubernetes.cri-o.ImageRef\":\"" IMAGE "\"}}");
        struct workload_hint hint = {.kind = WORKLOAD_K8S, .container_id = ID, .runtime = "cri-o"};
        assert_int_equal(find(&hint, &a, &c), 1);
        assert_string_equal(c.pod_container, "POD");
        assert_string_equal(c.image_digest, "sha256:" IMAGE);
}

static void bare_runc_and_crun(void **state)
{
        (void)state;
        _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
        struct container c;
        put("run/runc/web/state.json", "{\"id\":\"web\",\"config\":{\"labels\":[\"bundle=/srv/web\"]}}");
        put("srv/web/config.json", "{\"annotations\":{\"org.opencontainers.image.ref.name\":\"web:2\"}}");
        put("run/crun/db/status", "{\"pid\":7,\"bundle\":\"/nowhere\"}");
        struct workload_hint hint = {.kind = WORKLOAD_HOST, .path = "/web"};
        assert_int_equal(find(&hint, &a, &c), 1);
        assert_string_equal(c.name, "web");
        assert_string_equal(c.image, "web:2");
        hint.path = "/db";
        assert_int_equal(find(&hint, &a, &c), 1);
        assert_string_equal(c.id, "db");
        assert_null(c.image);
        hint.path = "/neither";
        assert_int_equal(find(&hint, &a, &c), 0);
        assert_null(c.id);
        hint.path = "/..";
        c.id = "untouched";
        assert_int_equal(find(&hint, &a, &c), 0);
}

static void hostile_state_is_no_harm(void **state)
{
        (void)state;
        _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
        struct container c;
        put("var/lib/docker/containers/" ID "/config.v2.json",
            "{\"Name\":17,\"Image\":\"sha256:short\",\"Config\":[]}");
        put("var/lib/containers/storage/overlay-containers/containers.json", "[[[[");
        struct workload_hint hint = {.kind = WORKLOAD_CONTAINER, .container_id = ID};
        assert_int_equal(find(&hint, &a, &c), 1);
        assert_null(c.name);
        assert_null(c.image_digest);
        hint.container_id = "../../../etc";
        assert_int_equal(find(&hint, &a, &c), 0);
}

static void owners_of_pods(void **state)
{
        (void)state;
        static const struct {
                const char *pod, *owner;
        } cases[] = {
                {"api-5d8f7c9b6d-x7k2p", "api"}, /* Deployment */
                {"my-long-app-7f9c4d8b65-zzt4w", "my-long-app"},
                {"node-exporter-x7k2p", "node-exporter"}, /* DaemonSet */
                {"postgres-0", "postgres"},               /* StatefulSet */
                {"backup-28391234-qx9z4", "backup"},      /* CronJob */
                {"etcd-master1", "etcd-master1"},         /* static pod: no vowels in generated names */
                {"kube-proxy", "kube-proxy"},
                {"x", "x"},
                {"-x7k2p", "-x7k2p"},
                {"", ""},
        };
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_arena_ struct arena a = ARENA_INIT(4096);
                assert_string_equal(container_pod_owner(cases[i].pod, &a), cases[i].owner);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(docker, make_host, remove_host),
                cmocka_unit_test_setup_teardown(podman_of_a_user, make_host, remove_host),
                cmocka_unit_test_setup_teardown(containerd_of_kubernetes, make_host, remove_host),
                cmocka_unit_test_setup_teardown(crio_sandbox, make_host, remove_host),
                cmocka_unit_test_setup_teardown(bare_runc_and_crun, make_host, remove_host),
                cmocka_unit_test_setup_teardown(hostile_state_is_no_harm, make_host, remove_host),
                cmocka_unit_test(owners_of_pods),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
