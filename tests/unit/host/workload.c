/* SPDX-License-Identifier: Apache-2.0 */
#include "host/workload.h"

#include <errno.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* Texts of /proc/PID/cgroup as the runtimes produce them, and what must be read out of each. */

#define ID   "4f5d8d8f3c0a4b7e9d1c2b3a4f5e6d7c8b9a0f1e2d3c4b5a69788796a5b4c3d2"
#define ID2  "00000000000000000000000000000000000000000000000000000000000000aa"
#define POD  "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"
#define POD_ "0a1b2c3d_4e5f_6071_8293_a4b5c6d7e8f9"

struct sample {
        const char *text;
        enum workload_kind kind;
        const char *unit, *container, *runtime, *pod;
        uint32_t uid;
};

static const struct sample samples[] = {
        /* the host */
        {"0::/\n", WORKLOAD_HOST, NULL, NULL, NULL, NULL, 0},
        {"", WORKLOAD_HOST, NULL, NULL, NULL, NULL, 0},
        {"0::/custom/group\n", WORKLOAD_HOST, NULL, NULL, NULL, NULL, 0},
        /* systemd */
        {"0::/system.slice/nginx.service\n", WORKLOAD_SYSTEMD, "nginx.service", NULL, NULL, NULL, 0},
        {"0::/init.scope\n", WORKLOAD_SYSTEMD, "init.scope", NULL, NULL, NULL, 0},
        {"0::/system.slice/system-getty.slice/getty@tty1.service\n", WORKLOAD_SYSTEMD, "getty@tty1.service",
         NULL, NULL, NULL, 0},
        {"0::/system.slice/apache2.service/worker/3\n", WORKLOAD_SYSTEMD, "apache2.service", NULL, NULL, NULL,
         0},
        {"0::/system.slice/run-r5c2f0b1d2e3f4a5b.service\n", WORKLOAD_SYSTEMD, "run-*.service", NULL, NULL,
         NULL, 0},
        {"0::/system.slice/run-u12.scope\n", WORKLOAD_SYSTEMD, "run-*.scope", NULL, NULL, NULL, 0},
        {"0::/system.slice/run-parts.service\n", WORKLOAD_SYSTEMD, "run-parts.service", NULL, NULL, NULL, 0},
        {"12:pids:/system.slice/cron.service\n5:memory:/system.slice/cron.service\n"
         "1:name=systemd:/system.slice/cron.service\n0::/system.slice/cron.service\n",
         WORKLOAD_SYSTEMD, "cron.service", NULL, NULL, NULL, 0},
        {"4:memory:/\n1:name=systemd:/system.slice/cron.service\n", WORKLOAD_SYSTEMD, "cron.service", NULL,
         NULL, NULL, 0},
        {"0::/system.slice/gone.service (deleted)\n", WORKLOAD_SYSTEMD, "gone.service", NULL, NULL, NULL, 0},
        /* sessions and the user manager */
        {"0::/user.slice/user-1000.slice/session-3.scope\n", WORKLOAD_USER, NULL, NULL, NULL, NULL, 1000},
        {"0::/user.slice/user-1000.slice/user@1000.service/init.scope\n", WORKLOAD_USER, NULL, NULL, NULL,
         NULL, 1000},
        {"0::/user.slice/user-1000.slice/user@1000.service/app.slice/app-gnome-firefox-4711.scope\n",
         WORKLOAD_USER, NULL, NULL, NULL, NULL, 1000},
        {"0::/user.slice/user-1001.slice/user@1001.service/app.slice/pipewire.service\n", WORKLOAD_SYSTEMD,
         "user@1001.service/pipewire.service", NULL, NULL, NULL, 1001},
        /* docker: cgroupfs and systemd drivers, v1, v2, hybrid, rootless, systemd inside, nested */
        {"5:memory:/docker/" ID "\n1:name=systemd:/docker/" ID "\n0::/\n", WORKLOAD_CONTAINER, NULL, ID,
         "docker", NULL, 0},
        {"0::/docker/" ID "\n", WORKLOAD_CONTAINER, NULL, ID, "docker", NULL, 0},
        {"0::/system.slice/docker-" ID ".scope\n", WORKLOAD_CONTAINER, "docker-" ID ".scope", ID, "docker",
         NULL, 0},
        {"0::/user.slice/user-1000.slice/user@1000.service/user.slice/docker-" ID ".scope\n",
         WORKLOAD_CONTAINER, NULL, ID, "docker", NULL, 1000},
        {"0::/docker/" ID "/system.slice/nginx.service\n", WORKLOAD_CONTAINER, "nginx.service", ID, "docker",
         NULL, 0},
        {"0::/docker/" ID "/docker/" ID2 "\n", WORKLOAD_CONTAINER, NULL, ID2, "docker", NULL, 0},
        {"9:memory:/ecs/0123/" ID "\n", WORKLOAD_CONTAINER, NULL, ID, NULL, NULL, 0},
        {"0::/system.slice/docker.service\n", WORKLOAD_SYSTEMD, "docker.service", NULL, NULL, NULL, 0},
        {"0::/docker/not-an-id\n", WORKLOAD_HOST, NULL, NULL, NULL, NULL, 0},
        /* podman: crun puts the process one level deeper; conmon is not in the container */
        {"0::/machine.slice/libpod-" ID ".scope/container\n", WORKLOAD_CONTAINER, "libpod-" ID ".scope", ID,
         "podman", NULL, 0},
        {"0::/machine.slice/libpod-conmon-" ID ".scope\n", WORKLOAD_SYSTEMD, "libpod-conmon-" ID ".scope",
         NULL, NULL, NULL, 0},
        {"7:pids:/libpod_parent/libpod-" ID "\n0::/\n", WORKLOAD_CONTAINER, NULL, ID, "podman", NULL, 0},
        {"0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID ".scope/container\n",
         WORKLOAD_CONTAINER, NULL, ID, "podman", NULL, 1000},
        {"0::/machine.slice/machine-libpod_pod_" ID2 ".slice/libpod-" ID ".scope\n", WORKLOAD_CONTAINER,
         "libpod-" ID ".scope", ID, "podman", NULL, 0},
        /* Kubernetes */
        {"11:pids:/kubepods/burstable/pod" POD "/" ID "\n", WORKLOAD_K8S, NULL, ID, NULL, POD, 0},
        {"0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" POD_ ".slice/cri-containerd-" ID
         ".scope\n",
         WORKLOAD_K8S, "cri-containerd-" ID ".scope", ID, "containerd", POD, 0},
        {"0::/kubepods.slice/kubepods-pod" POD_ ".slice/crio-" ID ".scope\n", WORKLOAD_K8S,
         "crio-" ID ".scope", ID, "cri-o", POD, 0},
        {"0::/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" POD_ ".slice/crio-" ID
         ".scope/container\n",
         WORKLOAD_K8S, "crio-" ID ".scope", ID, "cri-o", POD, 0},
        {"0::/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" POD_ ".slice/docker-" ID
         ".scope\n",
         WORKLOAD_K8S, "docker-" ID ".scope", ID, "docker", POD, 0},
        {"0::/system.slice/containerd.service/kubepods-burstable-pod" POD_ ".slice:cri-containerd:" ID "\n",
         WORKLOAD_K8S, "containerd.service", ID, "containerd", POD, 0},
        {"10:memory:/kubepods/besteffort/pod0123456789abcdef0123456789abcdef/" ID "\n", WORKLOAD_K8S, NULL,
         ID, NULL, "0123456789abcdef0123456789abcdef", 0},
        {"0::/docker/" ID2 "/kubelet/kubepods/pod" POD "/" ID "\n", WORKLOAD_K8S, NULL, ID, NULL, POD, 0},
        {"0::/kubepods/pod" POD "\n", WORKLOAD_K8S, NULL, NULL, NULL, POD, 0},
        {"0::/kubepods/podcast/x\n", WORKLOAD_HOST, NULL, NULL, NULL, NULL, 0},
        /* others */
        {"0::/system.slice/runc-web.scope\n", WORKLOAD_CONTAINER, "runc-web.scope", "web", "runc", NULL, 0},
        {"0::/runc-tests\n", WORKLOAD_HOST, NULL, NULL, NULL, NULL, 0},
        {"0::/system.slice/nerdctl-" ID ".scope\n", WORKLOAD_CONTAINER, "nerdctl-" ID ".scope", ID,
         "containerd", NULL, 0},
        {"0::/default/" ID "\n", WORKLOAD_CONTAINER, NULL, ID, NULL, NULL, 0},
        {"0::/lxc.payload.c1/system.slice/ssh.service\n", WORKLOAD_CONTAINER, "ssh.service", "c1", "lxc",
         NULL, 0},
        {"3:memory:/lxc/c2\n", WORKLOAD_CONTAINER, NULL, "c2", "lxc", NULL, 0},
        {"0::/machine.slice/machine-deb.scope/payload/init.scope\n", WORKLOAD_CONTAINER, "machine-deb.scope",
         "deb", "nspawn", NULL, 0},
        {"0::/machine.slice/machine-qemu\\x2d1\\x2dvm.scope/emulator\n", WORKLOAD_SYSTEMD,
         "machine-qemu\\x2d1\\x2dvm.scope", NULL, NULL, NULL, 0},
        /* rubbish must be skipped, not believed */
        {"nonsense\n:::\n0:\n7:x\n1:name=systemd:/system.slice/a.service", WORKLOAD_SYSTEMD, "a.service",
         NULL, NULL, NULL, 0},
};

static void samples_are_classified(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
                _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
                const struct sample *s = &samples[i];
                struct workload_hint hint;
                print_message("%s", s->text);
                assert_int_equal(workload_classify(span_of(s->text), &a, &hint), 0);
                assert_string_equal(workload_kind_name(hint.kind), workload_kind_name(s->kind));
                assert_true(str_equal(hint.container_id, s->container));
                assert_true(str_equal(hint.runtime, s->runtime));
                assert_true(str_equal(hint.pod_uid, s->pod));
                assert_int_equal(hint.uid, s->uid);
                if (s->kind == WORKLOAD_SYSTEMD)
                        assert_true(str_equal(hint.unit, s->unit));
        }
}

static void memory_that_is_out_is_said(void **state)
{
        (void)state;
        _cleanup_arena_ struct arena a = ARENA_INIT(8);
        struct workload_hint hint = {.uid = 7};
        assert_int_equal(workload_classify(SPAN("0::/system.slice/nginx.service\n"), &a, &hint), -ENOMEM);
        assert_int_equal(hint.uid, 7);
}

static void names_are_those_of_the_schema(void **state)
{
        (void)state;
        assert_string_equal(workload_kind_name(WORKLOAD_K8S), "k8s");
        assert_string_equal(workload_kind_name(WORKLOAD_HOST), "host");
        assert_string_equal(answer_name(ANSWER_NOT_OBSERVED), "not_observed");
        assert_string_equal(answer_name((enum answer_value)99), "unknown");
}

/* A cgroup whose processes nobody has seen. */
static void test_of_path(void **state)
{
        static const struct {
                const char *path, *alone, *among;
        } paths[] = {
                {"/system.slice/cron.service", "systemd:cron.service", "+systemd:cron.service"},
                {"/user.slice/user-1000.slice/session-3.scope", "user:1000", ""},
                {"/custom/group", "+host", ""},
                {"/docker/" ID, "+host", ""},
                {"/kubepods/burstable/pod" POD "/" ID, "k8s:", ""},
                {"/system.slice/docker-" ID ".scope", "+host", ""},
        };
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
                _cleanup_arena_ struct arena a = ARENA_INIT(1 << 16);
                assert_string_equal(workload_of_path(paths[i].path, true, &a), paths[i].alone);
                assert_string_equal(workload_of_path(paths[i].path, false, &a), paths[i].among);
        }
}

static void test_may_be(void **state)
{
        (void)state;
        assert_true(workload_may_be(NULL, "systemd:a.service"));
        assert_true(workload_may_be("", "systemd:a.service"));
        assert_true(workload_may_be("k8s:", "k8s:a/b/c"));
        assert_false(workload_may_be("k8s:", "host"));
        assert_true(workload_may_be("systemd:a.service", "systemd:a.service"));
        assert_false(workload_may_be("systemd:a.service", "systemd:b.service"));
        assert_false(workload_may_be("systemd:a.service", "container:a@b"));
        assert_true(workload_may_be("+systemd:a.service", "systemd:a.service"));
        assert_true(workload_may_be("+systemd:a.service", "container:a@b"));
        assert_false(workload_may_be("+systemd:a.service", "host"));
        assert_true(workload_may_be("+host", "host"));
        assert_true(workload_may_be("+host", "k8s:a/b/c"));
        assert_false(workload_may_be("+host", "user:1000"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(samples_are_classified),
                cmocka_unit_test(memory_that_is_out_is_said),
                cmocka_unit_test(names_are_those_of_the_schema),
                cmocka_unit_test(test_of_path),
                cmocka_unit_test(test_may_be),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
