# SPDX-License-Identifier: Apache-2.0
"""The iterator over threads that tells who has not run since: who is quiet is not looked into again."""

import os
import pathlib
import subprocess
import sys
import time

import pytest
from whole import PROGRAM, Victim, needs_host_pids, needs_root, wait_until

pytestmark = [needs_root, needs_host_pids]

WAITS = """
import os, sys, threading, time
print("ready", flush=True)
for line in sys.stdin:
    if "thread" in line:
        thread = threading.Thread(target=sum, args=(range(10 ** 6),))
        thread.start()
        thread.join()
    elif "stay" in line:
        threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()
    print("done", flush=True)
"""


class Activity:
    def __enter__(self):
        self.process = subprocess.Popen([pathlib.Path(PROGRAM).parent / "tests/live-activity"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.read(os.getpid())
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()

    def read(self, pid):
        """Thread → (running, switches, runtime, ended switches, ended runtime, groups, start)."""
        self.process.stdin.write(f"{pid}\n")
        self.process.stdin.flush()
        threads = {}
        for line in self.process.stdout:
            words = [int(w) for w in line.split() if w != "."]
            if line.startswith("."):
                self.all = words[0]
                return threads
            threads[words[0]] = tuple(words[1:])
        if self.process.wait() == 3:
            pytest.skip("needs BPF iterators over tasks")
        raise AssertionError("the iterator could not be read")


def settled(activity, pid):
    """Its threads have come to rest: three readings are the same."""
    seen = []
    wait_until(lambda: seen.append(activity.read(pid)) or time.sleep(0.05) or
               (len(seen) > 2 and seen[-1] == seen[-2] == seen[-3]))
    return seen[-1]


def test_who_waits_is_quiet_and_who_ran_is_not():
    with Activity() as activity, Victim(sys.executable, "-c", WAITS) as victim:
        pid = victim.process.pid
        before = settled(activity, pid)
        assert set(before) == {pid} and activity.all >= 3, "all tasks are read, not only those of the asked process"
        running, switches, runtime, _, _, _, start = before[pid]
        assert not running and switches and runtime
        ticks = int(pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
        assert abs(start / 1e9 - ticks / os.sysconf("SC_CLK_TCK")) < 0.02
        assert activity.read(pid) == before, "nothing has run"
        victim.tell("go on")
        after = settled(activity, pid)
        assert after[pid][1] > switches and after[pid][2] > runtime


def test_threads_that_end_are_not_forgotten():
    with Activity() as activity, Victim(sys.executable, "-c", WAITS) as victim:
        pid = victim.process.pid
        before = settled(activity, pid)
        victim.tell("thread")
        after = settled(activity, pid)
        assert set(after) == {pid}
        assert after[pid][3] > before[pid][3] and after[pid][4] > before[pid][4], "what the ended thread did is its process's"
        victim.tell("stay")
        threads = settled(activity, pid)
        assert set(threads) == {int(t) for t in os.listdir(f"/proc/{pid}/task")} and len(threads) == 2


def test_who_is_on_a_cpu_is_seen_there():
    with Activity() as activity, Victim(sys.executable, "-c", "print('ready', flush=True)\nwhile True: pass") as victim:
        pid = victim.process.pid
        first = activity.read(pid)[pid]
        wait_until(lambda: activity.read(pid)[pid][0])
        wait_until(lambda: activity.read(pid)[pid][1:3] != first[1:3])
