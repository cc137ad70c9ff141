# SPDX-License-Identifier: Apache-2.0
"""Killed at any moment, nothing stays behind: the code of each process is what its file holds, and runs."""

import os
import random
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest
from native import HERE, compile_c
from test_native_files import text_pages
from whole import PROGRAM, Watch, needs_root, wait_until

pytestmark = [needs_root, pytest.mark.usefixtures("silence")]
ARMER = Path(PROGRAM).parent / "tests/live-armer"
HERD = 150
FUNCTIONS = [f"herd_{i}" for i in range(50)]
# Half of them begin with an instruction that the kernel emulates, half with one that is stepped over elsewhere.
LIBRARY = "static volatile int calls;\n" + "".join(
    f"int {name}(void) {{ {'++calls;' if i % 2 else 'int (*volatile f)(void) = &herd_1; f();'} return {i}; }}\n".replace(
        "int herd_0(", "int herd_1(void);\nint herd_0(") for i, name in enumerate(FUNCTIONS)) + \
    f"int herd_call(void) {{ return {' + '.join(name + '()' for name in FUNCTIONS)}; }}\n"


class Herd:
    """Processes that have the library mapped, and what they execute of it."""

    def __init__(self, folder):
        (folder / "herd.c").write_text(LIBRARY)
        self.library = compile_c(folder / "libherd.so", folder / "herd.c", "-shared", "-fPIC", "-fcf-protection=none")
        program = compile_c(folder / "herd", HERE / "victims/native_herd.c", str(self.library))
        self.process = subprocess.Popen([program, str(HERD)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.pids = [int(pid) for pid in self.process.stdout.readline().split()]
        self.clean = self.text(self.pids[0])
        maps = Path(f"/proc/{self.pids[0]}/maps").read_text()
        self.begin = int(re.search(r"^(\w+)-\w+ r-xp .*libherd", maps, re.M).group(1), 16)  # in all of them: they are forks
        assert len(self.pids) == HERD and self.clean in self.library.read_bytes()

    def text(self, pid):
        return text_pages(pid, "libherd.so")

    def offsets(self):
        """Where the functions lie in the file."""
        headers = subprocess.run(["readelf", "-lW", self.library], capture_output=True, text=True, check=True).stdout
        offset, address = (int(x, 16) for x in re.search(r"LOAD +(\w+) (\w+) .* R E ", headers).groups())
        names = subprocess.run(["nm", "-D", self.library], capture_output=True, text=True, check=True).stdout
        places = dict(reversed(line.split(" T ")) for line in names.splitlines() if " T " in line)
        return [hex(int(places[name], 16) - address + offset) for name in FUNCTIONS]

    def changed(self):
        return sum(self.text(pid) != self.clean for pid in self.pids)

    def wait_for_change(self, seconds=0.3):
        """Until the kernel has begun with it: the first process and the last one differ from what they are now."""
        end = time.monotonic() + seconds
        ends = [open(f"/proc/{pid}/mem", "rb", buffering=0) for pid in (self.pids[0], self.pids[-1])]
        try:
            now = [self.read(memory) for memory in ends]
            while [self.read(memory) for memory in ends] == now and time.monotonic() < end:
                pass
        finally:
            for memory in ends:
                memory.close()

    def read(self, memory):
        return os.pread(memory.fileno(), len(self.clean), self.begin)

    def begin_call(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def called(self):
        """How many called all functions and lived."""
        return int(self.process.stdout.readline())

    def check(self, what):
        assert self.changed() == 0, what
        self.begin_call()
        assert self.called() == HERD, what


@pytest.fixture
def herd(tmp_path):
    made = Herd(tmp_path)
    yield made
    made.process.kill()
    made.process.communicate()


# What is done before the kill, and what is under way when it comes.
MOMENTS = {"arming": ("", "a"), "changing": ("a", "hahahahah"), "ending": ("a", "e")}


# With perf the kernel waits a tenth of a second for each event that is closed, one after the other.
FUNCTIONS_AND_ROUNDS = {"many": (len(FUNCTIONS), 8), "one": (3, 4)}


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("way", ["many", "one"])
def test_killed_at_any_moment(herd, way, moment):
    """`many` is uprobe_multi, `one` a perf event for each probe."""
    if not ARMER.exists():
        pytest.skip("built without tests")
    rng = random.Random(f"{way} {moment}")
    before, during = MOMENTS[moment]
    functions, rounds = FUNCTIONS_AND_ROUNDS[way]
    armer = subprocess.Popen([ARMER, PROGRAM, way, herd.library, *herd.offsets()[:functions]], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, text=True)
    first = armer.stdout.readline()
    if first not in ("uprobe_multi\n", "perf uprobe\n"):
        pytest.skip(first)
    for i in range(rounds):
        armer.stdin.write(before + during + "\n")
        armer.stdin.flush()
        pid = int(armer.stdout.readline())
        for _ in before:
            assert armer.stdout.readline() == "done\n"
        delay = rng.uniform(0, 0.04 if i % 2 else 0.004)
        if i % 2 == 0:
            herd.wait_for_change()
        time.sleep(delay)
        os.kill(pid, signal.SIGKILL)
        for line in armer.stdout:
            if line == "gone\n":
                break
        herd.check(f"round {i}, killed {1000 * delay:.1f} ms after {'the start' if i % 2 else 'the first change'}")
    armer.stdin.close()
    assert armer.wait(60) == 0


def kill_all_of(process, rng):
    """The program and its worker at once, in a moment of what has just begun."""
    time.sleep(rng.uniform(0, 0.002))
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def asked_for(herd):
    return [word for name in FUNCTIONS for word in ("--function", f"{herd.library}:{name}")]


def test_events_are_killed(herd):
    rng = random.Random(1)
    for moment in ["arming", "ending"] * 3:
        events = subprocess.Popen([PROGRAM, "events", *asked_for(herd)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                  text=True, start_new_session=True)
        if moment == "ending":
            next(line for line in events.stderr if "watching" in line)
            events.send_signal(signal.SIGTERM)
        herd.wait_for_change(3)
        kill_all_of(events, rng)
        herd.check(moment)


@pytest.mark.parametrize("moment", ["changing", "ending"])
def test_watch_is_killed(herd, tmp_path, moment):
    """While functions that have run are taken away, and while it ends."""
    rng = random.Random(1)
    with Watch(tmp_path / "state", *asked_for(herd), start_new_session=True) as watch:
        wait_until(lambda: herd.changed() == HERD)
        if moment == "changing":
            herd.begin_call()
        else:
            watch.process.send_signal(signal.SIGTERM)
        herd.wait_for_change(10)
        kill_all_of(watch.process, rng)
    if moment == "changing":
        assert herd.called() == HERD
    herd.check(moment)
