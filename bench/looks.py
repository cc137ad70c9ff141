# SPDX-License-Identifier: Apache-2.0
"""What looking into Python processes costs: the looks themselves, and the process that is looked at."""

import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import measure
import workloads

HERE = Path(__file__).parent
FUNCTIONS = 10000
HEAP_MIB = 100

# A program of many functions, each tenth of which runs, and one with a large heap.
MANY = f"""
import os, sys
folder = sys.argv[1]
sys.path.insert(0, folder)
for m in range(100):
    with open(os.path.join(folder, "part%d.py" % m), "w") as f:
        for n in range({FUNCTIONS // 100}):
            f.write("def f%d(x):\\n    return [y + 1 for y in range(x)] if x else x\\n" % n)
    part = __import__("part%d" % m)
    for n in range(0, {FUNCTIONS // 100}, 10):
        getattr(part, "f%d" % n)(3)
print("ready", flush=True)
sys.stdin.read()
"""
LARGE = f"""
import email, http.client, json, logging, ssl, sys, unittest, xml.dom.minidom
heap = [{{"a": n, "b": [str(n)]}} for n in range({HEAP_MIB} * 2300)]
print("ready", flush=True)
sys.stdin.read()
"""


class Victim:
    def __init__(self, code):
        self.folder = tempfile.TemporaryDirectory(prefix="usewear-bench-")
        self.process = subprocess.Popen([sys.executable, "-c", code, self.folder.name], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "ready\n"
        seen = []
        while len(seen) < 5 or len(set(seen[-5:])) > 1:  # until it waits
            time.sleep(0.2)
            seen.append(memory_of(self.process.pid)[1:])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()
        self.folder.cleanup()


class Looker:
    """bench-look at one process. `every`: seconds between looks in the background, until stop()."""

    def __init__(self, program, pid, every=None):
        helper = Path(program).parent / "tests" / "bench-look"
        self.process = subprocess.Popen([helper, str(pid), program], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)
        self.done, self.costs = threading.Event(), []
        self.thread = threading.Thread(target=self.go_on, args=(every,)) if every else None
        if self.thread:
            self.look()
            self.thread.start()

    def look(self, word="look"):
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("bench-look ended")
        return [int(n) for n in line.split()]

    def go_on(self, every):
        while not self.done.wait(every):
            self.costs.append(self.look()[0])

    def stop(self):
        self.done.set()
        if self.thread:
            self.thread.join()
        self.process.communicate(timeout=60)


def memory_of(pid):
    """Resident KiB, private writable KiB, minor faults."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(re.search(r"^Rss: +(\d+)", rollup, re.M)[1]), int(re.search(r"^Anonymous: +(\d+)", rollup, re.M)[1]),
            int(fields[7]))


def bench_looks(program, code, later):
    """A first look and later ones; what they left in the process."""
    with Victim(code) as victim:
        before = memory_of(victim.process.pid)
        firsts = []
        for _ in range(3):
            looker = Looker(program, victim.process.pid)
            firsts.append(looker.look())
            if len(firsts) < 3:
                looker.stop()
        laters = [looker.look() for _ in range(later)]
        _, _, functions, executed, _ = looker.look("count")
        looker.stop()
        after = memory_of(victim.process.pid)
    return {"rss": before[0], "first": statistics.median(f[0] for f in firsts), "first_bytes": firsts[0][1],
            "rounds": firsts[0][4], "later": statistics.median(f[0] for f in laters),
            "worst": max(f[0] for f in laters), "later_bytes": statistics.median(f[1] for f in laters),
            "functions": functions, "executed": executed, "anonymous": after[1] - before[1],
            "faults": after[2] - before[2]}


def bench_flask(program, rounds, seconds):
    """The application busy with and without a look each second."""
    missing = workloads.Flask.missing()
    if missing:
        return {"skipped": missing}
    with workloads.Flask() as flask:
        lookers = []

        def start():
            lookers.append(Looker(program, flask.process.pid, every=1))
            return lookers[-1]

        off, on = measure.pairs(lambda: flask(seconds), start, rounds)
        half = len(flask.latencies) - 2 * rounds  # without the pair that warmed up
        order = [w for i in range(rounds) for w in ((False, True) if i % 2 == 0 else (True, False))]
        slow = {w: [t for t, with_looks in zip(flask.latencies[half:], order) if with_looks == w] for w in (False, True)}
    costs = [c for looker in lookers for c in looker.costs]
    return {"off": statistics.median(off), **measure.ratio(off, on), "looks": len(costs),
            "cost": statistics.median(costs), "p50": [statistics.median(t[0] for t in slow[w]) for w in (False, True)],
            "p99": [statistics.median(t[1] for t in slow[w]) for w in (False, True)],
            "latency": measure.ratio(*[[t[1] for t in slow[w]] for w in (False, True)])}


def table(program, rounds, seconds, measured):
    small = bench_looks(program, "import sys; print('ready', flush=True); sys.stdin.read()", 20)
    many = bench_looks(program, MANY, 20)
    large = bench_looks(program, LARGE, 20)
    lines = [
        "## Looking into Python processes",
        "",
        measured(f"CPU time of the worker for one look (CPython {'.'.join(map(str, sys.version_info[:3]))}); the first one "
                 "reads what is in memory, median of 3 workers, later ones (median and worst of 20, each tenth of which "
                 "reads all memory again) only what had not run. Under `watch` a process that has not run costs none."),
        "",
        "| process | resident | functions | executed | first look | bytes read | later look | worst | bytes read |"
        " growth of its private memory | its page faults |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name, r in (("interpreter alone", small), (f"{FUNCTIONS:,} functions", many), (f"{HEAP_MIB} MiB of objects", large)):
        lines.append(f"| {name} | {r['rss'] / 1024:.0f} MiB | {r['functions']:,} | {r['executed']:,} |"
                     f" {r['first'] / 1e6:.1f} ms | {r['first_bytes'] / 2**20:.1f} MiB | {r['later'] / 1e6:.1f} ms |"
                     f" {r['worst'] / 1e6:.1f} ms | {r['later_bytes'] / 2**20:.1f} MiB | {r['anonymous']} KiB |"
                     f" {r['faults']} |")
    lines += ["", "Budgets: first look 100 ms for a process of 100 MiB, later looks 10 ms for 10,000 functions.", ""]
    flask = bench_flask(program, rounds, seconds)
    if "skipped" in flask:
        lines += [f"Busy Flask application: not run: {flask['skipped']}", ""]
    else:
        lines += [
            f"A busy Flask application ({flask['off']:,.0f} requests/s, one process) with a look each second, {rounds} "
            f"interleaved pairs of {seconds} s: throughput {flask['median']:.3f} of that without (middle half "
            f"{flask['low']:.3f}–{flask['high']:.3f}, resolution ±{100 * flask['resolution']:.1f} %); latency median "
            f"{flask['p50'][0]:.2f} ms without, {flask['p50'][1]:.2f} ms with; 99th percentile {flask['p99'][0]:.2f} and "
            f"{flask['p99'][1]:.2f} ms (ratio {flask['latency']['median']:.3f}, resolution "
            f"±{100 * flask['latency']['resolution']:.1f} %). {flask['looks']} looks of {flask['cost'] / 1e6:.1f} ms each, "
            "on the other CPU.",
            ""]
    return lines
