# SPDX-License-Identifier: Apache-2.0
"""What armed functions cost: nginx with TLS and gzip while 200 functions of libssl, libcrypto and zlib are watched,
programs that start all the time while libc has functions to be watched, and what Usewear itself spends on arming.

Throughput on a shared machine tells nothing: what is compared is the CPU time that the application itself takes for
one request, or one program. Two nginx run beside each other, one with the libraries that are armed, one with copies of
them that are not. Both get the same requests, some milliseconds each by turns, so that whatever the machine does
otherwise meets both; and the same two processes go through all states: not watched, watched with nothing armed, armed,
and nothing armed again. What is told is how their ratio changes from state to state."""

import atexit
import contextlib
import ctypes
import datetime
import json
import math
import os
import random
import re
import shutil
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import measure
import workloads

SEED = 7


LIBRARIES = {"libssl.so.3": 60, "libcrypto.so.3": 120, "libz.so.1": 20}
SLOT = 0.1  # seconds
REQUEST = b"GET / HTTP/1.1\r\nHost: bench\r\nAccept-Encoding: gzip\r\n\r\n"


class NginxTls(workloads.Nginx):
    """Requests over TLS with gzip on kept connections, sent from here: so many, and no more. Its worker has a CPU of its
    own, where there are two."""

    name, needs = "nginx, TLS and gzip", ("nginx", "openssl")
    requests_a_connection, connections, batches = 10**9, 8, 16

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
            f"listen 127.0.0.1:{self.port} ssl; ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem; "
            "gzip on; gzip_types *;"))
        return ["env", f"LD_LIBRARY_PATH={self.libraries}", *words] if self.libraries else words

    def __enter__(self):
        super().__enter__()
        worker = int(subprocess.run(["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True,
                                    check=True).stdout.split()[0])
        os.sched_setaffinity(worker, {max(os.sched_getaffinity(0))})
        self.clock = ~worker << 3 | 2  # CPU time of that process, ns
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self.sockets = []
        for _ in range(self.connections):
            plain = socket.create_connection(("127.0.0.1", self.port))
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.sockets.append(context.wrap_socket(plain))
        answer = b""
        self.sockets[0].sendall(REQUEST)
        while not answer.endswith(b"\r\n0\r\n\r\n"):
            answer += self.sockets[0].recv(65536)
        self.size = len(answer)
        return self

    def __exit__(self, *what):
        for one in self.sockets:
            one.close()
        super().__exit__(*what)

    def window(self):
        """(CPU seconds of the worker a request, seconds a request) over the same number of requests each time."""
        begin, cpu = time.monotonic(), time.clock_gettime(self.clock)
        for _ in range(self.batches):
            for one in self.sockets:
                one.send(REQUEST)
            for one in self.sockets:
                left = self.size
                while left > 0:
                    left -= len(one.recv(65536))
        count = self.batches * self.connections
        return (time.clock_gettime(self.clock) - cpu) / count, (time.monotonic() - begin) / count

    def slots(self, ended):
        """CPU seconds a request in tenths of a second, without a gap, until ended(), which gets their number."""
        found = []
        while not ended(len(found)):
            until, costs = time.monotonic() + SLOT, []
            while not costs or time.monotonic() < until:
                costs.append(self.window()[0])
            found.append(statistics.mean(costs))
        return found


def copies(folder, libraries):
    """The same libraries as other files, of another build as far as anybody can see: nobody owns them."""
    for soname, path in libraries.items():
        note = subprocess.run(["readelf", "-n", path], capture_output=True, text=True, check=True).stdout
        build = bytes.fromhex(re.search(r"Build ID: (\w+)", note)[1])
        (folder / soname).write_bytes(Path(path).read_bytes().replace(build, bytes(b ^ 0xFF for b in build)) + b"bench")
    return folder


class Programs(workloads.ExecStorm):
    what, command = "`/bin/true`", ()

    def slots(self, seconds):
        """(programs, CPU seconds with what their parent spends on them, seconds) of each tenth of a second of a storm."""
        text = subprocess.run([self.program, str(seconds), str(SLOT), *self.command], capture_output=True, text=True,
                              check=True).stdout
        return [tuple(map(float, line.split())) for line in text.splitlines()]


class Checks(Programs):
    """Shell scripts that run programs one after the other: what a busy build does besides compiling."""

    what = "A shell script that runs ten small programs, as configure does,"

    def __enter__(self):
        super().__enter__()
        self.command = ("/bin/sh", str(workloads.HERE / "checks.sh"), self.folder.name)
        return self


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


BEFORE, STORM, PHASE, CALM = 10, 4, 3, 10  # tenths of a second; seconds; seconds; tenths without a change
WINDOW = 30  # tenths of a second: from an import until it is looked at, armed, and what ran is taken away
NGINX_INTERVAL = 2  # seconds between full looks, so that what is imported is soon armed


def probes_of(sensor):
    """(path, how many) of each link of probes; the guards of links are bound to the process itself."""
    texts = []
    for info in Path(f"/proc/{sensor.process.pid}/fdinfo").iterdir():
        try:
            texts.append(info.read_text())
        except OSError:
            continue
    return [(re.search(r"^path:\s+(\S+)", t, re.M)[1], int(re.search(r"^uprobe_cnt:\s+(\d+)", t, re.M)[1]))
            for t in texts if "uprobe_multi" in t and re.search(r"^pid:\s+0$", t, re.M)]


def compared(armed, other):
    """For PHASE seconds one, the other, the other, one: log of the ratio of their CPU a request, of both together, and of
    both together in wall time."""
    ratios, sums, walls, until = [], [], [], time.monotonic() + PHASE
    with measure.pinned():
        while not ratios or time.monotonic() < until:
            (a, wall_a), (b, wall_b), (c, wall_c), (d, wall_d) = (n.window() for n in (armed, other, other, armed))
            ratios.append(math.log((a + d) / (b + c)))
            sums.append(math.log((a + b + c + d) / 4))
            walls.append(math.log((wall_a + wall_b + wall_c + wall_d) / 4))
    return {"ratio": statistics.median(ratios), "cpu": statistics.median(sums), "wall": statistics.median(walls)}


def wait_calm(sensor, wanted):
    """Until the probes are as wanted, and were not changed for a second; 20 s at most."""
    counts = []
    while len(counts) < 20 * CALM:
        time.sleep(1 / CALM)
        counts.append(sum(count for _, count in probes_of(sensor)))
        last = counts[-CALM:]
        if len(last) == CALM and wanted(last[0]) and len(set(last)) == 1:
            return


def put_advisories(state, of):
    """As an import leaves them."""
    shutil.copy(Path(of.name) / "advisory.db", Path(state) / "next.db")
    os.replace(Path(state) / "next.db", Path(state) / "advisory.db")


def nginx_round(program, state, states, one, other, folder, found):
    """All states in turn: not watched, watched, armed, watched."""
    put_advisories(state, states["bare"])
    found["off"].append(compared(one, other))
    sensor = measure.Sensor(program, state, "--interval", str(NGINX_INTERVAL))
    sensor.read_on()
    before = compared(one, other)
    put_advisories(state, states["armed"])
    wait_calm(sensor, bool)
    found["armed"].append(compared(one, other))
    with measure.Statistics(), measure.pinned():  # the kernel counts runs only meanwhile
        hits, begin = sensor.probe_runs()[0], time.monotonic()
        one.slots(lambda n: n == BEFORE)
        found["hits"].append((sensor.probe_runs()[0] - hits) / (time.monotonic() - begin))
    found["left"].append(sum(count for _, count in probes_of(sensor)))
    assert not any(path.startswith(folder) for path, _ in probes_of(sensor))
    put_advisories(state, states["bare"])
    wait_calm(sensor, lambda n: not n)
    after = compared(one, other)
    found["bare"].append({kind: (before[kind] + after[kind]) / 2 for kind in before})
    found["bare apart"].append(after["ratio"] - before["ratio"])
    sensor.stop()


def window(nginx, begin):
    """(the dearest tenth of a second of a window that begins with this, the mean of all), against the median before."""
    with measure.pinned():
        before = statistics.median(nginx.slots(lambda n: n == BEFORE))
    begin()
    with measure.pinned():
        slots = nginx.slots(lambda n: n == WINDOW)
    return max(slots) / before, statistics.mean(slots) / before


NOTHING = "nothing, twice a round"
STARTS = [NOTHING, "nothing, and nobody watches", "advisories come that arm nothing", "200 functions are armed", "their probes are taken away",
          "a watch starts"]


def dip_bench(program, rounds):
    """{what begins: [window()]}, all of them in each round."""
    names = choose("nginx", LIBRARIES)
    states = {"armed": with_advisories(program, names), "bare": with_advisories(program, {s: (p, []) for s, (p, _) in names.items()})}
    found = {kind: [] for kind in STARTS}
    with tempfile.TemporaryDirectory(prefix="usewear-bench-") as state, NginxTls(18443) as nginx:
        for _ in range(rounds):
            sensors = []
            put_advisories(state, states["bare"])
            found[STARTS[1]].append(window(nginx, lambda: None))
            found[STARTS[5]].append(window(nginx, lambda: sensors.append(
                measure.Sensor(program, state, "--interval", str(NGINX_INTERVAL), wait=False))))
            sensor = sensors[0]
            sensor.wait()
            sensor.read_on()
            time.sleep(NGINX_INTERVAL)
            found[NOTHING].append(window(nginx, lambda: None))
            found[STARTS[2]].append(window(nginx, lambda: put_advisories(state, states["bare"])))
            found[STARTS[3]].append(window(nginx, lambda: put_advisories(state, states["armed"])))
            wait_calm(sensor, bool)
            found[NOTHING].append(window(nginx, lambda: None))
            found[STARTS[4]].append(window(nginx, lambda: put_advisories(state, states["bare"])))
            wait_calm(sensor, lambda n: not n)
            sensor.stop()
    for one in states.values():
        one.cleanup()
    return found


def stands_out(values, quiet):
    """In how many of all pairs the value is the larger one, and by how many standard errors that is more than half of them
    (Mann and Whitney 1947)."""
    pairs = len(values) * len(quiet)
    larger = sum((v > q) + (v == q) / 2 for v in values for q in quiet)
    return larger / pairs, (larger - pairs / 2) / math.sqrt(pairs * (len(values) + len(quiet) + 1) / 12)


def dip_row(kind, found):
    dearest, means = zip(*found[kind])
    low, middle, high = statistics.quantiles(dearest, n=4)
    share, errors = stands_out(dearest, [d for d, _ in found[NOTHING]])
    told = "" if kind == NOTHING else f"{100 * share:.0f} % ({errors:+.1f} σ)"
    return f"| {kind} | {middle:.3f} | {low:.3f}–{high:.3f} | {told} | {statistics.median(means):.3f} |"


def dip_table(program, rounds):
    lines = ["## Armed functions: the moment of arming", ""]
    if missing(NginxTls):
        return lines + [f"{NginxTls.name}: not run, needs {' and '.join(missing(NginxTls))}.", ""]
    found = dip_bench(program, rounds)
    return lines + [
        measured(rounds) + f" The same nginx alone: CPU a request in each tenth of a second of the {WINDOW / 10:.0f} s from the moment on that "
        f"something begins, against the median of the second before. A watch with an interval of {NGINX_INTERVAL} s looks at everything once "
        "or twice in each window. The dearest of so many tenths is dear by chance, so that it is compared with the dearest ones of windows in "
        "which nothing begins: in how many of all pairs it is the dearer one. It stands out of the noise if that is more than 2 σ from a half.", "",
        "| what begins | dearest tenth, median | middle half | dearer than when nothing begins | mean of the window |", "|---|---|---|---|---|",
        *(dip_row(kind, found) for kind in STARTS), ""]


def nginx_bench(program, rounds):
    names = choose("nginx", LIBRARIES)
    states = {"armed": with_advisories(program, names), "bare": with_advisories(program, {s: (p, []) for s, (p, _) in names.items()})}
    found = {"off": [], "bare": [], "armed": [], "bare apart": [], "hits": [], "left": []}
    with tempfile.TemporaryDirectory(prefix="usewear-bench-") as folder, tempfile.TemporaryDirectory(prefix="usewear-bench-") as state, \
            NginxTls(18443) as one, NginxTls(18453, copies(Path(folder), {s: p for s, (p, _) in names.items()})) as other:
        os.chmod(folder, 0o755)
        for _ in range(rounds):
            nginx_round(program, state, states, one, other, folder, found)
        found["off"].append(compared(one, other))
    for one_state in states.values():
        one_state.cleanup()
    around = [{kind: (a[kind] + b[kind]) / 2 for kind in a} for a, b in zip(found["off"], found["off"][1:])]

    def changed(before, after, kind):
        return measure.ratio([math.exp(v[kind]) for v in before], [math.exp(v[kind]) for v in after])
    bare, armed = found["bare"], found["armed"]
    return {"functions": sum(len(f) for _, f in names.values()), "left": statistics.median(found["left"]),
            "cost": math.exp(statistics.median(v["cpu"] for v in found["off"])),
            "rate": math.exp(-statistics.median(v["wall"] for v in found["off"])),
            "armed": changed(bare, armed, "ratio"),
            "same": measure.ratio([1] * rounds, [math.exp(v) for v in found["bare apart"]]),
            "watched": changed(around, bare, "cpu"), "all": changed(around, armed, "cpu"),
            "watched wall": changed(around, bare, "wall"), "all wall": changed(around, armed, "wall"),
            "hits": statistics.median(found["hits"]), "most": max(found["hits"])}


CPU, WALL = 1, 2  # columns of slots


def per_program(slots, column=CPU):
    return sum(slot[column] for slot in slots) / sum(slot[0] for slot in slots)


TOGETHER = 4  # watches at once, so that what one takes stands out of the noise


@contextlib.contextmanager
def watches(program, states):
    """One watch for each state folder."""
    sensors = [measure.Sensor(program, state.name) for state in states]
    yield sensors
    for one in sensors:
        one.stop()


def of_one(r):
    """Of a ratio with all these watches, what each of them makes of it."""
    return {key: (1 + r[key]) ** (1 / TOGETHER) - 1 if key == "resolution" else r[key] ** (1 / TOGETHER) for key in r}


def storm_bench(program, rounds, load):
    names, second = choose("true", {"libc.so.6": 200}), round(1 / SLOT)
    empty = [with_advisories(program, {s: (p, []) for s, (p, _) in names.items()}) for _ in range(TOGETHER)]
    armed = with_advisories(program, names)
    states = {"off": [], "bare": empty[:1], "armed": [armed], "together": empty}
    found, left, own = {kind: [] for kind in states}, [], []
    with load() as programs:
        for i in range(rounds):
            for kind in (list(found) if i % 2 == 0 else list(found)[::-1]):
                with watches(program, states[kind]) as sensors:
                    time.sleep(3)  # they have seen nothing of the storm
                    before = sum(sum(one.cpu_seconds()) for one in sensors)
                    found[kind].append(programs.slots(STORM))
                    if kind == "bare":
                        own.append((sum(sensors[0].cpu_seconds()) - before) / sum(slot[0] for slot in found[kind][-1]))
                    if kind == "armed":
                        left.append(sum(count for _, count in probes_of(sensors[0])))
    for state in (*empty, armed):
        state.cleanup()

    def ratio(a, b, part, column=CPU):
        return measure.ratio([per_program(s[part], column) for s in found[a]], [per_program(s[part], column) for s in found[b]])
    return {"own": own, "cost": statistics.median(per_program(s) for s in found["off"]), "left": statistics.median(left),
            "watch": ratio("off", "bare", slice(None)), "wall": ratio("off", "bare", slice(None), WALL),
            "each": of_one(ratio("off", "together", slice(None))), "each wall": of_one(ratio("off", "together", slice(None), WALL)),
            "begin": ratio("bare", "armed", slice(0, 1)), "first": ratio("bare", "armed", slice(0, second)),
            "later": ratio("bare", "armed", slice(second, None))}


VICTIM = """#include <dlfcn.h>
#include <unistd.h>
int main(int argc, char **argv) { for (int i = 1; i < argc; i++) if (!dlopen(argv[i], RTLD_LAZY)) return 1; write(1, "1\\n", 2); return pause(); }
"""


LOOKS = 6  # a second apart: each asks some more processes of a workload what they have called


def spent_on_functions(lines):
    """CPU seconds of sensor and worker in the looks that these lines tell of: for functions, and for what was called before."""
    looks = [look for look in map(json.loads, lines) if look["schema"] == "usewear/costs/1"]
    return [sum(look[who].get(step, 0) for look in looks) / 1e6 for step in ("functions", "calls") for who in ("sensor_us", "worker_us")]


def mapping(libraries):
    """How many processes map one of these files, whoever started them."""
    count, paths = 0, tuple(str(Path(path).resolve()) for path in libraries)
    for maps in Path("/proc").glob("[0-9]*/maps"):
        with contextlib.suppress(OSError):
            count += any(path in maps.read_text() for path in paths)
    return count


def arming_cpu(program, states, rounds, libraries):
    """What a watch that runs spends when advisories come: a list of {of both steps, as it tells itself, by sensor and by
    worker; of all that both do}, each above the same time in which others come that arm nothing; the probes set, and the
    processes that map the libraries."""
    found, probes, processes = [], [], []
    with tempfile.TemporaryDirectory(prefix="usewear-bench-") as state:
        put_advisories(state, states["bare"])
        sensor = measure.Sensor(program, state, "--interval", "1", "--costs", "1")
        sensor.read_on()
        time.sleep(2 * LOOKS)  # runtimes were looked into

        def come(kind):
            told, before = len(sensor.lines), sum(sensor.cpu_seconds())
            put_advisories(state, states[kind])
            time.sleep(LOOKS)
            return spent_on_functions(sensor.lines[told:]), sum(sensor.cpu_seconds()) - before
        for _ in range(rounds):
            nothing, all_nothing = come("bare")
            processes.append(mapping(libraries))
            step, everything = come("armed")
            probes.append(sum(count for _, count in probes_of(sensor)))
            come("bare")
            found.append({kind: some - none for kind, some, none in
                          zip(("sensor", "worker", "calls sensor", "calls worker", "all"), (*step, everything), (*nothing, all_nothing))})
        sensor.stop()
    return found, statistics.median(probes), processes


def first_look_cpu(program, states, rounds):
    """CPU seconds that a watch takes more for its first look when it arms these functions, by turns."""
    spent = {"armed": [], "bare": []}
    for i in range(rounds):
        for kind in (("armed", "bare") if i % 2 == 0 else ("bare", "armed")):
            sensor = measure.Sensor(program, states[kind].name)
            time.sleep(0.5)
            spent[kind].append(sum(sensor.cpu_seconds()))
            sensor.stop()
    return [a - b for a, b in zip(spent["armed"], spent["bare"])]


def missing(kind):
    return [p for p in kind.needs if not shutil.which(p) and not Path(f"/usr/sbin/{p}").exists()]


def ratio_text(r):
    return f"{r['median']:.3f} | {r['low']:.3f}–{r['high']:.3f} | ±{100 * r['resolution']:.1f} %"


def spread(values):
    """In ms: median, least and most."""
    return f"{1000 * statistics.median(values):.0f} ({1000 * min(values):.0f} to {1000 * max(values):.0f})"


def own_rows(program, rounds, count=50):
    names = choose("curl", LIBRARIES)
    states = {"armed": with_advisories(program, names), "bare": with_advisories(program, {s: (p, []) for s, (p, _) in names.items()})}
    with tempfile.TemporaryDirectory(prefix="usewear-bench-") as folder:
        victim = Path(folder) / "victim"
        subprocess.run(["cc", "-O2", "-o", victim, "-x", "c", "-", "-ldl"], input=VICTIM, text=True, check=True)
        python = "import hashlib, ssl, sys, zlib; print(1, flush=True); sys.stdin.read()"
        for what, command in (("small programs", [victim, *names]), ("Python processes", [sys.executable, "-c", python])):
            victims = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(count)]
            for one in victims:
                atexit.register(one.kill)  # a bench that is broken off leaves nothing behind
                one.stdout.readline()
            found, probes, processes = arming_cpu(program, states, rounds, [path for path, _ in names.values()])
            first = first_look_cpu(program, states, rounds)
            for one in victims:
                one.kill()
                one.communicate()
            yield (f"| {count} {what} | {statistics.median(processes):.0f} ({min(processes)} to {max(processes)}) | {probes:.0f} | {spread([f['sensor'] for f in found])} | {spread([f['worker'] for f in found])} | "
                   f"{spread([f['sensor'] + f['worker'] for f in found])} | "
                   f"{spread([f['calls sensor'] + f['calls worker'] for f in found])} | {spread([f['all'] for f in found])} | {spread(first)} |")
    for state in states.values():
        state.cleanup()


def measured(rounds):
    built = subprocess.run(["git", "-C", Path(__file__).parent, "log", "-1", "--format=%h", "--", "../src", "../bpf"],
                           capture_output=True, text=True).stdout.strip()
    return (f"Measured on {datetime.date.today()}: kernel {os.uname().release}, {os.cpu_count()} CPUs, {rounds} rounds, code of "
            f"{built or 'no known commit'}.")


def nginx_table(program, rounds):
    lines = ["## Armed functions: nginx", ""]
    if missing(NginxTls):
        return lines + [f"{NginxTls.name}: not run, needs {' and '.join(missing(NginxTls))}.", ""]
    r = nginx_bench(program, rounds)
    return lines + [
        measured(rounds) + " TLS and gzip, functions of made-up advisories, a seeded choice of the libraries' exported ones. Compared is "
        f"the CPU time that the worker of nginx takes for one request ({1e6 * r['cost']:.1f} µs without a watch, {r['rate']:,.0f} requests/s); "
        "above 1 is dearer. " + ("" if instruction_counter() else "This machine counts no instructions: there is no performance counter. ") +
        f"Another nginx with copies of the libraries, which are never armed, gets the same requests by turns of {NginxTls.batches * NginxTls.connections}; "
        f"each state of {PHASE} s. What has run once is taken away again: {r['left']:.0f} probes were left of {r['functions']} functions, and got "
        f"{r['hits']:.0f} hits a second (at most {r['most']:.0f}).", "",
        "| nginx, 200 functions wanted | ratio | middle half | resolution |", "|---|---|---|---|",
        f"| steady, armed against nothing armed, both watched: beside the other nginx | {ratio_text(r['armed'])} |",
        f"| the same where nothing changes: nothing armed, before and after | {ratio_text(r['same'])} |",
        f"| watched with nothing armed, against not watched: CPU a request of both nginx | {ratio_text(r['watched'])} |",
        f"| … time a request | {ratio_text(r['watched wall'])} |",
        f"| watched and armed, against not watched: CPU a request of both nginx | {ratio_text(r['all'])} |",
        f"| … time a request | {ratio_text(r['all wall'])} |", ""]


def storm_table(program, rounds, load=Programs, title="a storm of programs"):
    r = storm_bench(program, rounds, load)
    return [f"## Armed functions: {title}", "",
            measured(rounds) + f" {load.what} {1e6 * r['cost']:.0f} µs of CPU each with what its parent spends on it, begins while 200 functions "
            f"of libc are wanted; {r['left']:.0f} probes are left at its end. Compared is that CPU time, where nothing else is said; above 1 is "
            "dearer. With nothing to arm sensor and worker take, beside that, "
            f"{1e6 * statistics.median(r['own']):.1f} µs for each ({1e6 * min(r['own']):.1f} to {1e6 * max(r['own']):.1f}).", "",
            "| storm | ratio | middle half | resolution |", "|---|---|---|---|",
            f"| watched, nothing to arm, against not watched | {ratio_text(r['watch'])} |",
            f"| … time for each | {ratio_text(r['wall'])} |",
            f"| the same from {TOGETHER} watches at once: what each of them takes | {ratio_text(r['each'])} |",
            f"| … time for each | {ratio_text(r['each wall'])} |",
            f"| armed against nothing to arm, first tenth of a second | {ratio_text(r['begin'])} |",
            f"| … first second | {ratio_text(r['first'])} |",
            f"| … and afterwards ({STORM - 1} s) | {ratio_text(r['later'])} |", ""]


def arming_table(program, rounds):
    return ["## Armed functions: the CPU of Usewear itself for arming", "",
            measured(rounds) + " ms, median (least to most). Advisories that name 200 functions come into a watch that runs, and its looks of the "
            f"following {LOOKS} s, a second apart, tell what they spent on arming: finding the functions, setting the probes, and checking that "
            "they are set in each process; and what on asking each process which of them it had called before, by both. Beside it all that sensor "
            "and worker spent in that time; everything above the same time in which advisories come that name none. And what the first look of a "
            "watch that starts takes more when it arms. The budget is 50 ms for arming by sensor and worker.", "",
            "| processes that map the 3 libraries | with those of others | probes | sensor | worker | both | called before | by all they spent | in a first look |",
            "|---|---|---|---|---|---|---|---|---|", *own_rows(program, rounds), ""]


def table(program, rounds, part):
    """The lines of one part: "nginx", "dip", "storm", "checks" or "own"."""
    return {"nginx": nginx_table, "dip": dip_table, "storm": storm_table, "own": arming_table,
            "checks": lambda *how: storm_table(*how, Checks, "scripts that run programs")}[part](program, max(rounds, 2))
