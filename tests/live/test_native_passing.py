# SPDX-License-Identifier: Apache-2.0
"""Processes of a moment in cgroups that are gone with them: what they mapped nobody knows, and it ends the silence of those
workloads that they may have been, and of no other."""

import os
import shutil
import subprocess
import time

import pytest
from native import HERE, RUN, Service, cgroup_base, compile_c
from test_native_watch import answers, import_advisories, library_root, wall
from whole import Watch, needs_host_pids, needs_root, wait_until

pytestmark = [needs_root, needs_host_pids, pytest.mark.usefixtures("silence")]


@pytest.fixture
def root(tmp_path):
    made = library_root(tmp_path)
    compile_c(made / "late", HERE / "victims/native_late.c", "-D_GNU_SOURCE", "-ldl")
    import_advisories(tmp_path, tmp_path / "state")
    return made


def pass_by(folder, program):
    """A program that was never seen before runs in a new cgroup, and both are gone."""
    shutil.copy("/bin/true", program)
    folder.mkdir(parents=True)
    subprocess.run(["sh", "-c", f"echo $$ > '{folder}/cgroup.procs' && exec '{program}'"], check=True)
    folder.rmdir()
    os.unlink(program)


def silence_of(state, service):
    found = answers(state, service).get("lib_never", {}).get("reached", {})
    return found if found.get("answer") == "not_observed" else None


def test_silence_ends_with_what_passed_in_its_workload_alone(tmp_path, root):
    state = tmp_path / "state"
    library = {"LD_LIBRARY_PATH": "/usr/lib", "PATH": os.environ["PATH"]}
    with Watch(state) as watch, Service("usewear-test-steady", "chroot", root, "/late", env=library) as service:
        assert service.tell("open /usr/lib/libvictim.so.1") == "open 1\n"
        for attempt in range(3):  # something else on this machine may end all silences
            before = wait_until(lambda: silence_of(state, service))
            time.sleep(1.1 + max(0, wall(before["since"]) - time.time()))  # one that would begin anew would show it
            for i in range(5):
                pass_by(cgroup_base() / f"usewear-test-passer{attempt}{i}-{RUN}.service", tmp_path / f"passer{i}")
            watch.look()
            now = wait_until(lambda: silence_of(state, service))
            if now["since"] == before["since"]:
                break
        assert now["since"] == before["since"]
        passed = int(time.time())
        above = cgroup_base() / f"usewear-test-above-{RUN}"
        pass_by(above / service.folder.name, tmp_path / "member")
        above.rmdir()
        watch.look()
        after = wait_until(lambda: silence_of(state, service))
        assert wall(after["since"]) >= passed, (before, after)
        assert watch.stop() == 0
