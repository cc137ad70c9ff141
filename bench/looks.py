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
LATER = 40  # looks: enough to go through all memory, part by part, more than once

# Waits, and imports something that is new when it is told to.
WAIT = """
import sys
print("ready", flush=True)
for line in sys.stdin:
    import colorsys
    print("ready", flush=True)
"""
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
""" + WAIT
LARGE = f"""
import email, http.client, json, logging, ssl, sys, unittest, xml.dom.minidom
heap = [{{"a": n, "b": [str(n)]}} for n in range({HEAP_MIB} * 2300)]
""" + WAIT


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

    def go_on(self):
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "ready\n"


class Looker:
    """bench-look at one process; `prefix` is put before its command."""

    def __init__(self, program, pid, prefix=()):
        helper = Path(program).parent / "tests" / "bench-look"
        self.process = subprocess.Popen([*prefix, helper, str(pid), program], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)

    def look(self, word="look"):
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("bench-look ended")
        return [int(n) for n in line.split()]

    def stop(self):
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
        after = memory_of(victim.process.pid)
        victim.go_on()
        imported = looker.look()
        looker.stop()
    return {"rss": before[0], "first": statistics.median(f[0] for f in firsts), "first_bytes": firsts[0][1],
            "rounds": firsts[0][4], "later": statistics.median(f[0] for f in laters),
            "worst": max(f[0] for f in laters), "later_bytes": statistics.median(f[1] for f in laters),
            "imported": imported[0], "functions": functions, "executed": executed, "anonymous": after[1] - before[1],
            "faults": after[2] - before[2]}


def process_seconds(pid):
    """CPU time of a process, of threads that have ended, too: a server may start one for each connection."""
    return time.clock_gettime(~pid << 3 | 2)


def bench_flask(program, pairs):
    """What a request costs the application, in CPU time of its process, in windows of a second with and without a look.

    Server on one CPU, client and looks on another one; the order within a pair changes from pair to pair."""
    missing = workloads.Flask.missing() or (None if os.cpu_count() > 1 else "needs two CPUs")
    if missing:
        return {"skipped": missing}
    first, second = sorted(os.sched_getaffinity(0))[:2]
    with workloads.Flask() as flask:
        server = flask.process.pid
        os.sched_setaffinity(server, {first})  # threads that it starts inherit it
        flask.client = ["taskset", "-c", str(second)]
        looker = Looker(program, server, prefix=flask.client)
        looker.look()
        costs, latencies = [], {False: [], True: []}

        def window(with_look):
            timer = threading.Timer(0.3, lambda: costs.append(looker.look()[0])) if with_look else None
            before = process_seconds(server)
            if timer:
                timer.start()
            flask(1)
            spent = process_seconds(server) - before
            if timer:
                timer.join()
            latencies[with_look].append(flask.latencies[-1])
            return spent / flask.requests

        for _ in range(5):
            window(False)
        taken = {False: [], True: []}
        for n in range(pairs):
            for with_look in ((False, True) if n % 2 == 0 else (True, False)):
                taken[with_look].append(window(with_look))
        looker.stop()
    return {"off": statistics.median(taken[False]), **measure.ratio(taken[False], taken[True]), "pairs": pairs,
            "cost": statistics.median(costs), "looks": len(costs),
            "p50": [statistics.median(t[0] for t in latencies[w]) for w in (False, True)],
            "p99": [statistics.median(t[1] for t in latencies[w]) for w in (False, True)]}


def table(program, rounds, measured):
    small, many, large = (bench_looks(program, code, LATER) for code in (WAIT, MANY, LARGE))
    lines = [
        "## Looking into Python processes",
        "",
        measured(f"CPU time of the worker for one look (CPython {'.'.join(map(str, sys.version_info[:3]))}); the first one "
                 f"reads what is in memory, median of 3 workers; later ones (median and worst of {LATER}) what had not run, and "
                 "a part of the memory in search of what is new. The look after an import reads all of it again. Under "
                 "`watch` a process that has not run costs none."),
        "",
        "| process | resident | functions | executed | first look | bytes read | later look | worst | bytes read |"
        " after an import | growth of its private memory | its page faults |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name, r in (("interpreter alone", small), (f"{FUNCTIONS:,} functions", many), (f"{HEAP_MIB} MiB of objects", large)):
        lines.append(f"| {name} | {r['rss'] / 1024:.0f} MiB | {r['functions']:,} | {r['executed']:,} |"
                     f" {r['first'] / 1e6:.1f} ms | {r['first_bytes'] / 2**20:.1f} MiB | {r['later'] / 1e6:.1f} ms |"
                     f" {r['worst'] / 1e6:.1f} ms | {r['later_bytes'] / 2**20:.1f} MiB |"
                     f" {r['imported'] / 1e6:.1f} ms | {r['anonymous']} KiB |"
                     f" {r['faults']} |")
    lines += ["", "Budgets: first look 100 ms for a process of 100 MiB, later looks 10 ms for 10,000 functions.", ""]
    flask = bench_flask(program, 4 * rounds)
    if "skipped" in flask:
        lines += [f"Busy Flask application: not run: {flask['skipped']}", ""]
    else:
        lines += [
            f"A busy Flask application, {flask['pairs']} interleaved pairs of windows of 1 s with and without a look: one "
            f"request took {flask['off'] * 1e6:,.0f} µs of the process's CPU without; with looks {flask['median']:.4f} times "
            f"as much (middle half {flask['low']:.3f}–{flask['high']:.3f}, resolution ±{100 * flask['resolution']:.1f} %). "
            f"Latency, median and 99th percentile: {flask['p50'][0]:.2f} and {flask['p99'][0]:.2f} ms without, "
            f"{flask['p50'][1]:.2f} and {flask['p99'][1]:.2f} ms with. {flask['looks']} looks of {flask['cost'] / 1e6:.1f} ms "
            "each, on the other CPU.",
            ""]
    return lines
