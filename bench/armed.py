# SPDX-License-Identifier: Apache-2.0
"""What armed functions cost: nginx with TLS and gzip while 200 functions of libssl, libcrypto and zlib are watched,
programs that start all the time while libc has functions to be watched, and what Usewear itself spends on arming.

Throughput on a shared machine tells nothing: what is compared is the CPU time that the application itself takes for
one request, or one program. Two nginx run beside each other, one with the libraries that are armed, one with copies of
them that are not, and are loaded by turns, a quarter of a second each: what the machine does otherwise meets both."""

import ctypes
import datetime
import json
import math
import os
import random
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import measure
import workloads

SEED = 7


LIBRARIES = {"libssl.so.3": 60, "libcrypto.so.3": 120, "libz.so.1": 20}
WINDOW, SLOT = 0.25, 0.1  # seconds


class NginxTls(workloads.Nginx):
    """Requests over TLS with gzip, each on a kept connection, while it is told to go on; else it waits."""

    name, needs = "nginx, TLS and gzip", ("nginx", "wrk", "openssl")

    def __init__(self, port, libraries=None):
        self.port, self.libraries = port, libraries

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
        return ["env", f"LD_LIBRARY_PATH={self.libraries}", *words] if self.libraries else words

    def __enter__(self):
        super().__enter__()
        self.worker = int(subprocess.run(["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True,
                                         check=True).stdout.split()[0])
        self.load = subprocess.Popen(["wrk", "-t1", "-c8", "-H", "Accept-Encoding: gzip", "-d3600s",
                                      f"https://127.0.0.1:{self.port}/"], stdout=subprocess.DEVNULL)
        time.sleep(1)
        self.go_on(False)
        return self

    def __exit__(self, *what):
        self.load.kill()
        self.load.wait()
        super().__exit__(*what)

    def go_on(self, wanted):
        self.load.send_signal(signal.SIGCONT if wanted else signal.SIGSTOP)
        time.sleep(0.02)

    def counts(self):
        """(CPU seconds of the worker, to the nanosecond; requests)."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port + 1}/status") as answer:
            return time.clock_gettime(~self.worker << 3 | 2), int(answer.read().split()[9])

    def slots(self, count, seconds):
        """CPU seconds a request in each of so many stretches of that length, without a gap."""
        seen = [self.counts()]
        for _ in range(count):
            time.sleep(seconds)
            seen.append(self.counts())
        return [(b[0] - a[0]) / (b[1] - a[1]) for a, b in zip(seen, seen[1:])]

    def window(self):
        self.go_on(True)
        cost = self.slots(1, WINDOW)[0]
        self.go_on(False)
        return cost


def copies(folder, libraries):
    """The same libraries as other files, of another build as far as anybody can see: nobody owns them."""
    for soname, path in libraries.items():
        note = subprocess.run(["readelf", "-n", path], capture_output=True, text=True, check=True).stdout
        build = bytes.fromhex(re.search(r"Build ID: (\w+)", note)[1])
        (folder / soname).write_bytes(Path(path).read_bytes().replace(build, bytes(b ^ 0xFF for b in build)) + b"bench")
    return folder


class Programs(workloads.ExecStorm):
    def slots(self, seconds):
        """CPU seconds a program, with what its parent spends on it, in each tenth of a second of a storm."""
        text = subprocess.run([self.program, str(seconds), str(SLOT)], capture_output=True, text=True, check=True).stdout
        return [tuple(map(float, line.split())) for line in text.splitlines()]


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


SLOTS, BEFORE, PAIRS, STORM = 25, 10, 10, 4  # tenths of a second of a start, and before it; pairs of windows; seconds


def probes_of(sensor):
    """(path, how many) of each file that has probes."""
    texts = []
    for info in Path(f"/proc/{sensor.process.pid}/fdinfo").iterdir():
        try:
            texts.append(info.read_text())
        except OSError:
            continue
    return [(re.search(r"^path:\s+(\S+)", t, re.M)[1], int(re.search(r"^uprobe_cnt:\s+(\d+)", t, re.M)[1]))
            for t in texts if "uprobe_multi" in t]


def compared(armed, other):
    """How dear a request is where functions are armed, against where they are not."""
    logs = []
    for i in range(PAIRS):
        first, second = (armed, other) if i % 2 == 0 else (other, armed)
        cost = {first: first.window()}
        cost[second] = second.window()
        logs.append(math.log(cost[armed] / cost[other]))
    return math.exp(statistics.mean(logs))


def start(nginx, begin):
    """(what it began, the dearest tenth of a second from then on, the mean of all), against the median before."""
    nginx.go_on(True)
    before = statistics.median(nginx.slots(BEFORE, SLOT))
    began = begin() if begin else None
    slots = nginx.slots(SLOTS, SLOT)
    nginx.go_on(False)
    return began, max(slots) / before, statistics.mean(slots) / before


def nginx_bench(program, rounds):
    names = choose("nginx", LIBRARIES)
    armed_state, bare = with_advisories(program, names), with_advisories(program, {s: (p, []) for s, (p, _) in names.items()})
    off, on, cost, hits, ns, armed = [], [], [], [], [], 0
    starts = {"nothing": [], "nothing to arm": [], "arming": []}
    with tempfile.TemporaryDirectory(prefix="usewear-bench-") as folder, NginxTls(18443) as one, \
            NginxTls(18453, copies(Path(folder), {s: p for s, (p, _) in names.items()})) as other:
        os.chmod(folder, 0o755)
        for i in range(rounds):
            def plain():
                starts["nothing"].append(start(one, None)[1:])
                off.append(compared(one, other))
                cost.append(one.window())

            def watched(state, kind):
                sensor, *dip = start(one, lambda: measure.Sensor(program, state.name, wait=False))
                starts[kind].append(dip)
                sensor.wait()
                time.sleep(3)
                return sensor

            def bare_start():
                watched(bare, "nothing to arm").stop()

            def arming():
                nonlocal armed
                sensor = watched(armed_state, "arming")
                on.append(compared(one, other))
                armed = sum(count for path, count in probes_of(sensor))
                assert not any(path.startswith(folder) for path, _ in probes_of(sensor))
                with measure.Statistics():
                    before = sensor.probe_runs()
                    one.window()
                    after = sensor.probe_runs()
                hits.append((after[0] - before[0]) / WINDOW)
                ns.append((after[1] - before[1]) / (after[0] - before[0]) if after[0] > before[0] else 0)
                sensor.stop()
            for block in ((plain, bare_start, arming) if i % 2 == 0 else (arming, bare_start, plain)):
                block()
    armed_state.cleanup(), bare.cleanup()
    return {"functions": sum(len(f) for _, f in names.values()), "armed": armed, "cost": statistics.median(cost),
            **measure.ratio(off, on), "hits": statistics.median(hits), "most": max(hits), "ns": statistics.median(ns),
            "starts": {kind: [statistics.median(values) for values in zip(*dips)] for kind, dips in starts.items()}}


def per_program(slots):
    return sum(cpu for _, cpu in slots) / sum(count for count, _ in slots)


def storm_bench(program, rounds):
    names, second = choose("true", {"libc.so.6": 200}), round(1 / SLOT)
    states = {"bare": with_advisories(program, {s: (p, []) for s, (p, _) in names.items()}), "armed": with_advisories(program, names)}
    found, left = {"off": [], "bare": [], "armed": []}, []
    with Programs() as programs:
        for i in range(rounds):
            for kind in (list(found) if i % 2 == 0 else list(found)[::-1]):
                sensor = measure.Sensor(program, states[kind].name) if kind in states else None
                time.sleep(3)  # it has seen nothing of the storm
                found[kind].append(programs.slots(STORM))
                if kind == "armed":
                    left.append(sum(count for _, count in probes_of(sensor)))
                if sensor:
                    sensor.stop()
    for state in states.values():
        state.cleanup()

    def ratio(a, b, part):
        return measure.ratio([per_program(s[part]) for s in found[a]], [per_program(s[part]) for s in found[b]])
    return {"cost": statistics.median(per_program(s) for s in found["off"]), "left": statistics.median(left),
            "watch": ratio("off", "bare", slice(None)), "first": ratio("bare", "armed", slice(0, second)),
            "later": ratio("bare", "armed", slice(second, None))}


VICTIM = """#include <dlfcn.h>
#include <unistd.h>
int main(int argc, char **argv) { for (int i = 1; i < argc; i++) if (!dlopen(argv[i], RTLD_LAZY)) return 1; write(1, "1\\n", 2); return pause(); }
"""


def own_cpu(program, names, command, rounds, count=50):
    """CPU seconds that a watch takes more for its first look when it arms these functions in so many processes."""
    victims = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(count)]
    for victim in victims:
        victim.stdout.readline()
    nothing = {soname: (path, []) for soname, (path, _) in names.items()}
    armed, bare = with_advisories(program, names), with_advisories(program, nothing)
    spent = {armed.name: [], bare.name: []}
    for i in range(rounds):
        for state in ((armed, bare) if i % 2 == 0 else (bare, armed)):
            sensor = measure.Sensor(program, state.name)
            time.sleep(0.5)
            spent[state.name].append(sum(sensor.cpu_seconds()))
            sensor.stop()
    for victim in victims:
        victim.kill()
        victim.communicate()
    more = [a - b for a, b in zip(spent[armed.name], spent[bare.name])]
    armed.cleanup(), bare.cleanup()
    return statistics.median(more), statistics.quantiles(more, n=4) if len(more) > 1 else more * 3


def missing(kind):
    return [p for p in kind.needs if not shutil.which(p) and not Path(f"/usr/sbin/{p}").exists()]


def ratio_text(r):
    return f"{r['median']:.3f} | {r['low']:.3f}–{r['high']:.3f} | ±{100 * r['resolution']:.1f} %"


def own_rows(program, rounds):
    names = choose("curl", LIBRARIES)
    with tempfile.TemporaryDirectory(prefix="usewear-bench-") as folder:
        victim = Path(folder) / "victim"
        subprocess.run(["cc", "-O2", "-o", victim, "-x", "c", "-", "-ldl"], input=VICTIM, text=True, check=True)
        python = "import hashlib, ssl, sys, zlib; print(1, flush=True); sys.stdin.read()"
        for what, command in (("small programs", [victim, *names]), ("Python processes", [sys.executable, "-c", python])):
            median, quartiles = own_cpu(program, names, command, rounds)
            yield (f"| 50 {what} | {sum(len(f) for _, f in names.values())} | {1000 * median:.0f} | "
                   f"{1000 * quartiles[0]:.0f} to {1000 * quartiles[2]:.0f} |")


def table(program, rounds, _):
    rounds = max(rounds, 3)
    lines = ["## Armed functions", "",
             f"Written by `bench/run --part armed --write` on {datetime.date.today()}: kernel {os.uname().release}, "
             f"{os.cpu_count()} CPUs, medians of {rounds} rounds. Functions of made-up advisories, a seeded choice of the libraries' "
             "exported ones. Compared is the CPU time that the application takes for one request or program; above 1 is dearer. "
             + ("" if instruction_counter() else "This machine counts no instructions: there is no performance counter."), ""]
    if missing(NginxTls):
        lines += [f"{NginxTls.name}: not run, needs {' and '.join(missing(NginxTls))}."]
    else:
        r = nginx_bench(program, rounds)
        lines += [f"nginx with TLS and gzip, {1e6 * r['cost']:.1f} µs a request, beside one with copies of the libraries that are not armed, "
                  f"loaded by turns for {WINDOW} s each, {PAIRS} pairs a round, with the watch and without. What has run once is "
                  f"taken away again: {r['armed']} probes were left of {r['functions']} functions, and got {r['hits']:.0f} hits a second "
                  f"(at most {r['most']:.0f}) of {r['ns']:.0f} ns, counted by the kernel.", "",
                  "| nginx, 200 functions armed | ratio | middle half | resolution |", "|---|---|---|---|",
                  f"| steady, armed against not armed | {ratio_text(r)} |", "",
                  f"The start of a watch, tenths of a second for {SLOTS * SLOT} s from it on, against the median of the second before:", "",
                  "| what starts | dearest tenth | mean |", "|---|---|---|",
                  *(f"| {kind} | {dip[0]:.3f} | {dip[1]:.3f} |" for kind, dip in r["starts"].items())]
    print(*lines, sep="\n", file=sys.stderr, flush=True)
    r = storm_bench(program, rounds)
    lines += ["", f"A storm of programs (`/bin/true`, {1e6 * r['cost']:.0f} µs each) that begins while 200 functions of libc are wanted; "
              f"{r['left']:.0f} probes are left at its end.", "",
              "| storm | ratio | middle half | resolution |", "|---|---|---|---|",
              f"| watched, nothing to arm, against not watched | {ratio_text(r['watch'])} |",
              f"| armed against nothing to arm, first second | {ratio_text(r['first'])} |",
              f"| … and afterwards ({STORM - 1} s) | {ratio_text(r['later'])} |"]
    print(*lines[-6:], sep="\n", file=sys.stderr, flush=True)
    lines += ["", "Usewear's own CPU for arming, above a start that arms nothing; the budget is 50 ms:", "",
              "| processes that map the 3 libraries | functions | ms | middle half |", "|---|---|---|---|", *own_rows(program, rounds)]
    print(*lines[-2:], sep="\n", file=sys.stderr, flush=True)
    return lines + [""]
