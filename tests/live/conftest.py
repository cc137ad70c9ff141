# SPDX-License-Identifier: Apache-2.0
"""What the live tests share: the built program, victims compiled by cc, cgroups.

The program under test is $USEWEAR, else build/usewear of this source tree. Tests that need rights are
skipped by name where they are missing.
"""
import contextlib
import json
import os
import pathlib
import secrets
import shutil
import subprocess

import pytest

from stream import event_stream
from whole import HOST_PIDS

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent


@pytest.fixture(scope="session")
def usewear():
    path = pathlib.Path(os.environ.get("USEWEAR", ROOT / "build" / "usewear")).resolve()
    if not path.exists():
        pytest.fail(f"{path} is not built")
    return str(path)


@pytest.fixture(scope="session")
def victim(tmp_path_factory):
    """victim("name") compiles victims/name.c and returns the path of the program (or with shared=True
    of the library)."""
    folder = tmp_path_factory.mktemp("victims")
    # pytest's folders are closed to others, and some victims run as somebody else.
    for parent in [folder, *folder.parents]:
        if parent.stat().st_uid == os.geteuid() and str(parent) != "/" and "pytest" in str(parent):
            parent.chmod(0o755)

    def build(name, shared=False, flags=(), as_name=None):
        target = folder / ((as_name or name) + (".so" if shared else ""))
        if not target.exists():
            command = ["cc", "-O1", "-g", "-Wall", "-Werror", "-pthread", "-D_GNU_SOURCE"]
            if shared:
                command += ["-shared", "-fPIC"]
            subprocess.run([*command, str(HERE / "victims" / f"{name}.c"), "-o", str(target), *flags], check=True)
        return str(target)

    return build


@pytest.fixture
def events(usewear):
    if not HOST_PIDS:
        pytest.skip("in a pid namespace: pids are not those of events")
    return lambda *args: event_stream(usewear, *args)


@pytest.fixture(scope="session")
def doctor(usewear):
    done = subprocess.run([usewear, "doctor", "--json"], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.fixture(scope="session")
def silence(doctor):
    """Functions that do not run can be told of: without events of mappings what a process maps for a moment is not seen."""
    if not any(hook["event"] == "map" and hook["state"] == "serving" for hook in doctor["hooks"]):
        pytest.skip("no hook tells mappings here")


@pytest.fixture
def cgroups(doctor):
    """cgroups(n) makes n cgroups in the hierarchy that tells workloads apart: (folder, id) each."""
    mount = doctor["cgroup"]["mount"]
    made, run = [], secrets.token_hex(4)
    if not mount or not os.access(mount, os.W_OK):
        pytest.skip("no writable cgroup hierarchy")
    # Below our own cgroup, since a container may not see the top.
    controller = doctor["cgroup"]["controller"] or ""
    own = "/"
    for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines():
        _, names, path = line.split(":", 2)
        if controller in names.split(","):
            own = path
    base = pathlib.Path(mount + own)
    if not controller:
        base = pathlib.Path(mount)

    def make(count):
        for i in range(count):
            folder = base / f"usewear-test-{run}-{len(made)}"
            try:
                folder.mkdir()
            except OSError as e:
                pytest.skip(f"cannot make a cgroup: {e}")
            made.append(folder)
        return [(f, f.stat().st_ino) for f in made[-count:]]

    yield make
    for folder in made:
        for pid in (folder / "cgroup.procs").read_text().split():
            with contextlib.suppress(OSError):
                (base / "cgroup.procs").write_text(pid)
        folder.rmdir()


class Steered:
    """victims/steered.c: does what it is told, one line at a time."""

    def __init__(self, program, *args, **kwargs):
        self.process = subprocess.Popen([program, *args], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        **kwargs)
        self.pid = self.process.pid

    def do(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().strip()
        assert answer.startswith("ok"), (line, answer)
        return answer[3:]

    def end(self):
        self.process.stdin.close()
        return self.process.wait(10)


@pytest.fixture
def steered(victim):
    running = []

    def start(*args, **kwargs):
        running.append(Steered(victim("steered", flags=("-ldl",)), *args, **kwargs))
        return running[-1]
    yield start
    for one in running:
        if one.process.poll() is None:
            one.process.kill()
            one.process.wait()


@pytest.fixture
def library(victim, tmp_path):
    """A library of this test's own: a copy, so that no earlier test has made it known."""
    target = tmp_path / "libvictim.so"
    shutil.copy(victim("library", shared=True), target)
    return target
