# SPDX-License-Identifier: Apache-2.0
"""What is measured: the sensor process seen from outside, and pairs of runs with and without it."""

import atexit
import contextlib
import math
import os
import re
import signal
import statistics
import subprocess
import threading
import time
from pathlib import Path


def run_seconds(pids):
    """CPU seconds of all their threads, from the scheduler's own nanoseconds."""
    return sum(int(path.read_text().split()[0]) for pid in pids for path in Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e9


class Sensor:
    """`usewear watch` with a state folder of its own; ready when its first look is done."""

    lines = None

    def __init__(self, program, state, *options, wait=True):
        self.process = subprocess.Popen(
            [program, "watch", "--json", "--state", str(state), *options],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        atexit.register(self.process.kill)  # a bench that is broken off leaves nothing behind
        if wait:
            self.wait()

    def wait(self):
        if not self.process.stdout.readline():
            raise SystemExit("the sensor did not start: " + self.process.stderr.read())

    def read_on(self):
        """Take whatever it prints from now on into `lines`, so that it never waits for its reader."""
        self.lines = []
        threading.Thread(target=lambda: self.lines.extend(self.process.stdout), daemon=True).start()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        if self.lines is None:
            self.process.communicate(timeout=60)
        else:
            self.process.wait(timeout=60)

    def family(self):
        """The sensor and its worker."""
        children = subprocess.run(["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True)
        return [self.process.pid, *map(int, children.stdout.split())]

    def cpu_seconds(self):
        """Of the sensor and of its worker, to the nanosecond (CLOCK_PROCESS_CPUTIME_ID of another process)."""
        spent = [time.clock_gettime(~pid << 3 | 2) for pid in self.family()]
        return [spent[0], sum(spent[1:])]

    def resident_kib(self):
        sizes = []
        for pid in self.family():
            status = Path(f"/proc/{pid}/status").read_text()
            sizes.append(int(re.search(r"VmRSS:\s+(\d+)", status)[1]))
        return sizes

    def own_kib(self):
        """What each has to itself: neither shared with the other one nor with the file cache."""
        texts = [Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in self.family()]
        return [sum(map(int, re.findall(r"^Private_\w+:\s+(\d+)", text, re.M))) for text in texts]

    def probe_runs(self):
        """(runs, ns) of the programs behind the links of uprobe_multi, counted while statistics are on."""
        texts = []
        for info in Path(f"/proc/{self.process.pid}/fdinfo").iterdir():
            try:
                texts.append(info.read_text())
            except OSError:
                continue
        fields = [dict(re.findall(r"^(\w+):\s+(\S+)$", text, re.M)) for text in texts]
        behind = {f["prog_id"] for f in fields if f.get("link_type") == "uprobe_multi"}
        own = {f["prog_id"]: f for f in fields if "run_cnt" in f and f["prog_id"] in behind}.values()
        return sum(int(f["run_cnt"]) for f in own), sum(int(f["run_time_ns"]) for f in own)

    def programs(self):
        """(runs, ns) of all BPF programs that the sensor holds, and the bytes of its maps."""
        runs = ns = memory = 0
        seen = set()
        for info in Path(f"/proc/{self.process.pid}/fdinfo").iterdir():
            try:
                text = info.read_text()
            except OSError:
                continue
            field = dict(re.findall(r"^(\w+):\s+(\d+)$", text, re.M))
            key = ("prog", field.get("prog_id")) if "prog_id" in field else ("map", field.get("map_id"))
            if key in seen or key[1] is None or "link_id" in field:
                continue
            seen.add(key)
            memory += int(field.get("memlock", 0))
            if key[0] == "prog":
                runs += int(field.get("run_cnt", 0))
                ns += int(field.get("run_time_ns", 0))
        return runs, ns, memory


class Statistics:
    """BPF run-time statistics are switched on for as long as this lives: they cost a little themselves."""

    path = Path("/proc/sys/kernel/bpf_stats_enabled")

    def __enter__(self):
        self.before = self.path.read_text()
        self.path.write_text("1")

    def __exit__(self, *_):
        self.path.write_text(self.before)


@contextlib.contextmanager
def pinned():
    """This process on the first of its CPUs; what it starts meanwhile as well."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def pairs(workload, start_sensor, rounds):
    """Throughputs without and with the sensor, in an order that cancels drift: off on, on off, …"""
    off, on = [], []

    def one(with_sensor):
        sensor = start_sensor() if with_sensor else None
        if not sensor:
            time.sleep(0.5)
        (on if with_sensor else off).append(workload())
        if sensor:
            sensor.stop()

    one(False), one(True)
    off.clear(), on.clear()  # the first pair only warms up
    for i in range(rounds):
        for with_sensor in ((False, True) if i % 2 == 0 else (True, False)):
            one(with_sensor)
    return off, on


def ratio(off, on):
    """Median of on/off over the pairs, its quartiles, and the resolution: what the same number of pairs
    could have told apart (standard error of the median of the log ratios, times two)."""
    logs = sorted(math.log(b / a) for a, b in zip(off, on))
    quartiles = statistics.quantiles(logs, n=4) if len(logs) > 1 else [logs[0]] * 3
    error = 2 * 1.2533 * statistics.stdev(logs) / math.sqrt(len(logs)) if len(logs) > 1 else float("nan")
    return {"median": math.exp(statistics.median(logs)), "low": math.exp(quartiles[0]),
            "high": math.exp(quartiles[2]), "resolution": math.exp(error) - 1}


def write_section(document, text):
    """Put a section, which begins with its "## " heading, in the place of the one with that heading, or at the end."""
    heading = text.splitlines()[0]
    before, found, rest = document.read_text().partition(f"\n{heading}\n")
    after = rest[rest.index("\n## "):] if "\n## " in rest else ""
    document.write_text(before.rstrip("\n") + "\n\n" + text.rstrip("\n") + "\n" + after)
