# SPDX-License-Identifier: Apache-2.0
"""A thread may be in a cgroup of its own, below that of its process: what it runs its workload has run."""

import subprocess
import time

import pytest
from native import Service
from test_native_asked import listed
from whole import Watch, needs, needs_host_pids, needs_root, wait_until

pytestmark = [needs_root, needs_host_pids, needs("cc")]

PROGRAM = r"""
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>
static pthread_barrier_t begin, end;
__attribute__((noinline)) int vulnerable(int x) { return getppid() + x; }
static void *serve(void *unused)
{
        printf("%d\n", (int)syscall(SYS_gettid));
        for (;;) {
                pthread_barrier_wait(&begin);
                vulnerable(7);
                pthread_barrier_wait(&end);
        }
        return unused;
}
int main(void)
{
        char line[64];
        pthread_t thread;
        setvbuf(stdout, NULL, _IOLBF, 0);
        pthread_barrier_init(&begin, NULL, 2);
        pthread_barrier_init(&end, NULL, 2);
        puts("ready");
        while (fgets(line, sizeof(line), stdin)) {
                if (line[0] == 't') {
                        pthread_create(&thread, NULL, serve, NULL);
                        continue;
                }
                pthread_barrier_wait(&begin);
                pthread_barrier_wait(&end);
                puts("ran");
        }
}
"""


def give_own_cgroup(service, folder, thread):
    folder.mkdir()
    if not (folder / "tasks").exists():
        (folder / "cgroup.type").write_text("threaded")
    (folder / ("tasks" if (folder / "tasks").exists() else "cgroup.threads")).write_text(str(thread))


def test_thread_in_a_cgroup_of_its_own(tmp_path):
    state, program = tmp_path / "state", tmp_path / "program"
    (tmp_path / "program.c").write_text(PROGRAM)
    subprocess.run(["cc", "-O2", "-g", "-pthread", "-o", program, tmp_path / "program.c"], check=True)
    with Service("usewear-test-thread", program) as service, Watch(state, "--function", f"{program}:vulnerable") as watch:
        wait_until(lambda: listed(state, service).get("vulnerable", {}).get("answer") == "not_observed")
        folder = service.folder / "thread"
        try:
            try:
                give_own_cgroup(service, folder, int(service.tell("t")))
            except OSError as e:
                pytest.skip(f"cannot put a thread into a cgroup: {e}")
            assert service.tell("g") == "ran\n"
            wait_until(lambda: listed(state, service)["vulnerable"]["answer"] == "yes")
            assert watch.stop() == 0
        finally:
            service.process.kill()
            service.process.wait()
            while folder.exists():
                try:
                    folder.rmdir()
                except OSError:
                    time.sleep(0.1)
