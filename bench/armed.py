# SPDX-License-Identifier: Apache-2.0
"""What armed functions cost: nginx with TLS and gzip while 200 functions of libssl, libcrypto and zlib are watched,
and programs that start all the time while libc has functions to be watched.

Throughput on a shared machine tells nothing: what is compared is the CPU time that the application itself takes for
one request, or one program, in short windows with and without a watch that arms, in an order that cancels drift."""

import ctypes
import datetime
import json
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

import measure
import workloads

SEED = 7


class NginxTls(workloads.Nginx):
    """Requests per second over TLS with gzip, each on a kept connection; ten handshakes a second beside them."""

    name, needs, port = "nginx, TLS and gzip", ("nginx", "wrk", "openssl"), 18443

    def command(self, folder):
        words = super().command(folder)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=bench", "-days", "2",
                        "-keyout", folder / "key.pem", "-out", folder / "cert.pem"], check=True, stderr=subprocess.DEVNULL)
        (folder / "index.html").write_text("bench " * 2000)
        path = folder / "nginx.conf"
        path.write_text(path.read_text().replace(
            f"listen 127.0.0.1:{self.port};",
            f"listen 127.0.0.1:{self.port + 1}; location /status {{ stub_status; }} "
            f"listen 127.0.0.1:{self.port} ssl; ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem; "
            "gzip on; gzip_types *;"))
        return words

    def __enter__(self):
        super().__enter__()
        self.load = subprocess.Popen(["wrk", "-t1", "-c8", "-H", "Accept-Encoding: gzip", "-d3600s",
                                      f"https://127.0.0.1:{self.port}/"], stdout=subprocess.DEVNULL)
        time.sleep(1)
        self.worker = int(subprocess.run(["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True,
                                         check=True).stdout.split()[0])
        return self

    def __exit__(self, *what):
        self.load.kill()
        self.load.wait()
        super().__exit__(*what)

    def counts(self):
        """(CPU seconds of the worker, requests)."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port + 1}/status") as answer:
            return measure.run_seconds([self.worker]), int(answer.read().split()[9])

    def work(self, seconds):
        """CPU seconds a request."""
        before = self.counts()
        time.sleep(seconds)
        after = self.counts()
        return (after[0] - before[0]) / (after[1] - before[1])


class Programs(workloads.ExecStorm):
    def work(self, seconds):
        """CPU seconds a program, with what its parent spends on it."""
        process = subprocess.Popen([self.program, str(seconds)], stdout=subprocess.PIPE, text=True)
        rate = float(process.stdout.read())
        _, _, usage = os.wait4(process.pid, 0)
        process.returncode = 0
        return (usage.ru_utime + usage.ru_stime) / (rate * seconds)


def exported(library):
    text = subprocess.run(["nm", "-D", "--defined-only", library], capture_output=True, text=True, check=True).stdout
    return sorted({line.split()[-1].split("@")[0] for line in text.splitlines() if " T " in line or " W " in line})


def libraries(program, wanted):
    """{soname: path} of those libraries of the program."""
    text = subprocess.run(["ldd", shutil.which(program) or f"/usr/sbin/{program}"], capture_output=True, text=True).stdout
    found = dict(re.findall(r"(\S+) => (\S+)", text))
    return {name: found[name] for name in wanted if name in found}


def advisories(folder, names):
    """One made-up advisory for each package whose library is among `names`: {soname: (path, [function])}."""
    release = re.search(r'VERSION_ID="?(\d+)', Path("/etc/os-release").read_text())[1]
    for i, (soname, (path, functions)) in enumerate(names.items()):
        real = str(Path(path).resolve())
        owner = subprocess.run(["dpkg-query", "-S", real, real.removeprefix("/usr")], capture_output=True,
                               text=True).stdout.split(":")[0]
        source = subprocess.run(["dpkg-query", "-W", "-f", "${source:Package}\n", owner], capture_output=True, text=True,
                                check=True).stdout.split()[0]
        (folder / f"{i}.json").write_text(json.dumps({
            "schema_version": "1.6.0", "id": f"USEWEAR-BENCH-{i}", "modified": "2026-01-01T00:00:00Z",
            "affected": [{"package": {"ecosystem": f"Debian:{release}", "name": source},
                          "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "99:1"}]}],
                          "ecosystem_specific": {"imports": [{"path": soname, "symbols": functions}]}}]}))


def choose(program, wanted):
    """{soname: (path, functions)}, a seeded choice of `wanted` {soname: count}."""
    dice, found = random.Random(SEED), libraries(program, wanted)
    return {soname: (path, dice.sample(exported(path), min(wanted[soname], len(exported(path)))))
            for soname, path in found.items()}


def with_advisories(program, names):
    state, files = tempfile.TemporaryDirectory(prefix="usewear-bench-"), tempfile.TemporaryDirectory(prefix="usewear-bench-")
    advisories(Path(files.name), names)
    subprocess.run([program, "db", "import", files.name, "--state", state.name], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    files.cleanup()
    return state


def instruction_counter():
    """Whether this machine counts instructions (perf_event_open; PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS)."""
    attributes = (ctypes.c_uint64 * 16)(112 << 32, 1)  # type 0 and size share the first word
    fd = ctypes.CDLL(None).syscall(298, ctypes.byref(attributes), os.getpid(), -1, -1, 0)
    if fd >= 0:
        os.close(fd)
    return fd >= 0


SLOTS = 25  # tenths of a second from the start of the watch on


def dearest(slots):
    """The dearest slot, against the middle one of them."""
    return max(slots[:SLOTS]) / statistics.median(slots[:SLOTS])


def armed_windows(program, state, workload, seconds, count):
    """(windows, dearest slot, hits a second, BPF ns a hit) of a watch that arms; what has run once is taken away before the
    first window."""
    slots, done = [], threading.Event()

    def record():
        while not done.is_set():
            slots.append(workload.work(0.1))
    beside = threading.Thread(target=record)
    if hasattr(workload, "counts"):
        beside.start()
    sensor = measure.Sensor(program, state)
    time.sleep(1)
    done.set()
    if beside.ident:
        beside.join()
    time.sleep(2)
    windows = [workload.work(seconds) for _ in range(count)]
    with measure.Statistics():
        before = sensor.probe_runs()
        workload.work(seconds)
        after = sensor.probe_runs()
    sensor.stop()
    hits = after[0] - before[0]
    return windows, dearest(slots) if slots else None, hits / seconds, (after[1] - before[1]) / hits if hits else 0


def bench(program, workload, names, rounds, seconds):
    """Blocks off, armed, armed, off … of windows each."""
    state, count = with_advisories(program, names), 3
    off, on, dips, quiet, hits, ns = [], [], [], [], [], []
    for i in range(rounds):
        def plain():
            if hasattr(workload, "counts"):
                quiet.append(dearest([workload.work(0.1) for _ in range(SLOTS)]))
            off.append(statistics.median(workload.work(seconds) for _ in range(count)))

        def armed():
            windows, dip, rate, cost = armed_windows(program, state.name, workload, seconds, count)
            on.append(statistics.median(windows))
            dips.append(dip)
            hits.append(rate)
            ns.append(cost)
        for block in ((plain, armed) if i % 2 == 0 else (armed, plain)):
            block()
    state.cleanup()
    return {"off": statistics.median(off), **measure.ratio(off, on), "hits": statistics.median(hits), "most": max(hits),
            "ns": statistics.median(ns), "dip": statistics.median(dips) if quiet else None,
            "quiet": statistics.median(quiet) if quiet else None}


def own_cpu(program, names, count, rounds):
    """CPU seconds that a watch takes more for its first look when it arms these functions in so many processes."""
    victims = [subprocess.Popen([sys.executable, "-c", "import hashlib, ssl, sys, zlib; print(1, flush=True); sys.stdin.read()"],
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(count)]
    for victim in victims:
        victim.stdout.readline()
    nothing = {soname: (path, []) for soname, (path, _) in names.items()}
    armed, bare = with_advisories(program, names), with_advisories(program, nothing)
    spent = {armed.name: [], bare.name: []}
    for i in range(rounds):
        for state in ((armed, bare) if i % 2 == 0 else (bare, armed)):
            sensor = measure.Sensor(program, state.name)
            time.sleep(0.5)
            spent[state.name].append(measure.run_seconds(sensor.family()))
            sensor.stop()
    for victim in victims:
        victim.kill()
        victim.communicate()
    more = [a - b for a, b in zip(spent[armed.name], spent[bare.name])]
    armed.cleanup(), bare.cleanup()
    return statistics.median(more), min(more), max(more)


def missing(kind):
    return [p for p in kind.needs if not shutil.which(p) and not Path(f"/usr/sbin/{p}").exists()]


def table(program, rounds, seconds):
    lines = ["## Armed functions", "",
             f"Written by `bench/run --part armed --write` on {datetime.date.today()}: kernel {os.uname().release}, "
             f"{os.cpu_count()} CPUs. Functions of made-up advisories, a seeded choice of the libraries' exported ones. Compared is "
             f"the CPU time that the application takes for one request or program, in {rounds} interleaved pairs of three windows of "
             f"{seconds} s; above 1 is dearer. What has run once is taken away again, so that the windows show the steady state "
             f"of the rest: *hits* are what these still get, counted by the kernel. *Arming* is the dearest of the first {SLOTS} tenths of a "
             "second of the watch, from its start on, against their median, and *without* the same where nothing starts. "
             + ("" if instruction_counter() else "This machine counts no instructions: there is no performance counter."),
             "", "| workload | functions | CPU without | ratio, armed | middle half | resolution | hits a second (most) | BPF ns a hit |"
             " arming | without |", "|---|---|---|---|---|---|---|---|---|---|"]
    for kind, victim, wanted in ((NginxTls, "nginx", {"libssl.so.3": 60, "libcrypto.so.3": 120, "libz.so.1": 20}),
                                 (Programs, "true", {"libc.so.6": 200})):
        if missing(kind):
            lines.append(f"| {kind.name} | not run: needs {' and '.join(missing(kind))} | | | | | | | | |")
            continue
        names = choose(victim, wanted)
        with kind() as workload:
            r = bench(program, workload, names, rounds, seconds)
        lines.append(f"| {kind.name} | {sum(len(f) for _, f in names.values())} | {1e6 * r['off']:,.1f} µs | {r['median']:.3f} | "
                     f"{r['low']:.3f}–{r['high']:.3f} | ±{100 * r['resolution']:.1f} % | {r['hits']:.0f} ({r['most']:.0f}) | "
                     f"{r['ns']:.0f} | " + (f"{r['dip']:.2f} | {r['quiet']:.2f} |" if r["dip"] else "| |"))
        print(lines[-1], file=sys.stderr, flush=True)
    names = choose("curl", {"libssl.so.3": 60, "libcrypto.so.3": 120, "libz.so.1": 20})
    if names:
        median, low, high = own_cpu(program, names, 50, max(rounds, 3))
        lines += ["", f"Arming {sum(len(f) for _, f in names.values())} functions of {len(names)} libraries that 50 processes map "
                  f"took {1000 * median:.0f} ms of Usewear's own CPU ({1000 * low:.0f} to {1000 * high:.0f}), above a start that arms "
                  "nothing; the budget is 50 ms."]
    return lines + [""]
