# SPDX-License-Identifier: Apache-2.0
"""What the live tests share: the built program, victims compiled by cc, and the event stream.

The program under test is $USEWEAR, else build/usewear of this source tree. Tests that need rights are
skipped by name where they are missing.
"""
import collections
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

import pytest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")

COUNTS = re.compile(r"^usewear: (\w+) +made (\d+) = seen (\d+) \+ deduplicated (\d+) \+ dropped (\d+)$")
Counts = collections.namedtuple("Counts", "made seen deduplicated dropped")


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


class Stream:
    """What `usewear events` printed, and its counts once it has ended."""

    def __init__(self, process):
        self.process = process
        self.events, self.counts, self.stderr = [], {}, ""

    def of(self, *types, **fields):
        return [e for e in self.events if (not types or e["type"] in types) and
                all(e.get(k) == v for k, v in fields.items())]


@contextlib.contextmanager
def event_stream(usewear, *args):
    """Run `usewear events`; inside of the block its hooks are attached, behind it the stream is whole."""
    process = subprocess.Popen([usewear, "events", *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               text=True, bufsize=-1)
    stream = Stream(process)
    out = subprocess_reader(process)
    first = process.stderr.readline()
    if "watching" not in first:
        process.wait(10)
        pytest.fail(f"events did not start: {first}")
    try:
        yield stream
    finally:
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        stream.stderr = process.stderr.read()
        stream.returncode = process.wait(20)
        stream.events = [json.loads(line) for line in out()]
        for line in stream.stderr.splitlines():
            match = COUNTS.match(line)
            if match:
                stream.counts[match[1]] = Counts(*map(int, match.groups()[1:]))


def subprocess_reader(process):
    """Read stdout in the background, so that the pipe never fills."""
    import threading
    lines = []
    thread = threading.Thread(target=lambda: lines.extend(process.stdout))
    thread.start()

    def finish():
        thread.join()
        return lines
    return finish


@pytest.fixture
def events(usewear):
    return lambda *args: event_stream(usewear, *args)


def assert_adds_up(stream):
    """made = seen + deduplicated + dropped for each type, and seen is what was printed."""
    assert stream.counts, stream.stderr
    printed = collections.Counter(e["type"] for e in stream.events)
    for name, c in stream.counts.items():
        assert c.made == c.seen + c.deduplicated + c.dropped, (name, c)
        assert c.seen == printed[name], (name, c, printed[name])


@pytest.fixture(scope="session")
def doctor(usewear):
    done = subprocess.run([usewear, "doctor", "--json"], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.fixture
def cgroups(doctor):
    """cgroups(n) makes n cgroups in the hierarchy that tells workloads apart: (folder, id) each."""
    mount = doctor["cgroup"]["mount"]
    made = []
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
            folder = base / f"usewear-test-{os.getpid()}-{len(made)}"
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
