# SPDX-License-Identifier: Apache-2.0
"""How long a new file runs unwatched: from the moment that a process has mapped a library to the breakpoint in the function
of it that an advisory names. The process looks at its own code, so that nothing is added by who measures."""

import datetime
import json
import os
import random
import re
import shutil
import signal
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import measure

HERE = Path(__file__).parent
FUNCTION = "bench_quiet"
SOURCE = f"#include <unistd.h>\nint {FUNCTION}(int x) {{ int y = getpid(); return getppid() + x * y + {{number}}; }}\n"


def compiled(output, source, *flags):
    subprocess.run(["cc", "-O2", "-o", output, *flags, "-x", "c", "-"], input=source, text=True, check=True)
    return output


def make_root(root, libraries):
    """A Debian root whose one package owns these libraries, no two alike, and a program that loads them."""
    for folder in ("usr/lib", "etc", "var/lib/dpkg/info"):
        (root / folder).mkdir(parents=True)
    shutil.copy("/etc/os-release", root / "etc/os-release")
    compiled(root / "late", (HERE / "late.c").read_text(), "-D_GNU_SOURCE", "-ldl")
    listed = subprocess.run(["ldd", root / "late"], capture_output=True, text=True, check=True).stdout
    for word in listed.split():
        if word.startswith("/"):
            (root / word[1:]).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(word, root / word[1:])
    for i, name in enumerate(libraries):
        compiled(root / "usr/lib" / name, SOURCE.replace("{number}", str(i)), "-shared", "-fPIC", f"-Wl,-soname,{name}")
    (root / "var/lib/dpkg/status").write_text(
        "Package: libbench1\nStatus: install ok installed\nArchitecture: amd64\nSource: bench\nVersion: 1.0-1\n"
        "Description: none\nMaintainer: none <none@example.com>\n\n")
    (root / "var/lib/dpkg/info/libbench1.list").write_text(
        "/.\n/usr\n/usr/lib\n" + "".join(f"/usr/lib/{name}\n" for name in libraries))


def advise(path, libraries):
    release = re.search(r'VERSION_ID="?(\d+)', Path("/etc/os-release").read_text())[1]
    path.write_text(json.dumps({
        "schema_version": "1.6.0", "id": "USEWEAR-BENCH-LATE", "modified": "2026-01-01T00:00:00Z",
        "affected": [{"package": {"ecosystem": f"Debian:{release}", "name": "bench"},
                      "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "99:1"}]}],
                      "ecosystem_specific": {"imports": [{"path": name, "symbols": [FUNCTION]} for name in libraries]}}]}))


class Late:
    """One process that stays, and loads what it is told."""

    def __init__(self, root):
        self.process = subprocess.Popen(["chroot", root, "/late", FUNCTION], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)

    def load(self, name):
        self.process.stdin.write(f"/usr/lib/{name}\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def end(self):
        self.process.kill()
        self.process.communicate()


def start(root, name):
    """A program that ends as soon as it has seen the breakpoint."""
    done = subprocess.run(["chroot", root, "/late", FUNCTION, f"/usr/lib/{name}"], capture_output=True, text=True, check=True)
    return float(done.stdout)


def measured(program, count):
    """{what: milliseconds of each}; -1: never."""
    names = [f"libbench{i}.so.1" for i in range(3 * count)]
    dice, times = random.Random(3), {"a running process loads a file": [], "a program starts with a file": [],
                                     "a program starts with a file that is watched already": [],
                                     "a running process loads a file while a full look runs": []}
    with tempfile.TemporaryDirectory(prefix="usewear-bench-") as place:
        root, state, files = (Path(place) / name for name in ("root", "state", "advisories"))
        os.chmod(place, 0o755)
        make_root(root, names)
        files.mkdir()
        advise(files / "late.json", names)
        subprocess.run([program, "db", "import", files, "--state", state], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        late = Late(root)
        sensor = measure.Sensor(program, state)
        runs = list(times.values())
        for i in range(count):
            time.sleep(dice.uniform(0.2, 0.6))  # at no fixed distance from the sensor's own turns
            runs[0].append(late.load(names[2 * i]))
            time.sleep(dice.uniform(0.2, 0.6))
            runs[1].append(start(root, names[2 * i + 1]))
            runs[2].append(start(root, names[2 * i]))
        for i in range(count):
            time.sleep(dice.uniform(0.2, 0.6))
            sensor.process.send_signal(signal.SIGHUP)  # it reads everything anew
            time.sleep(dice.uniform(0.02, 0.2))
            runs[3].append(late.load(names[2 * count + i]))
            sensor.process.stdout.readline()
        late.end()
        sensor.stop()
    return times


def cell(values, share):
    return f"{sorted(values)[min(len(values) - 1, int(share * len(values)))]:.1f}"


def table(program, rounds):
    count = 10 * rounds
    lines = ["## From a new file to its probes", "",
             f"Written by `bench/run --part arming --write` on {datetime.date.today()}: kernel {os.uname().release}, "
             f"{os.cpu_count()} CPUs. Milliseconds from the end of the mapping to the breakpoint, seen by the process itself; the aim "
             "is 100. What runs earlier in a file that was never seen before is missed, and no silence is told of that time.",
             "", "| what | files | median | nine in ten | worst | never in 10 s |", "|---|---|---|---|---|---|"]
    for what, values in measured(program, count).items():
        seen = [v for v in values if v >= 0]
        lines.append(f"| {what} | {len(values)} | {statistics.median(seen):.1f} | {cell(seen, 0.9)} | {max(seen):.1f} | "
                     f"{len(values) - len(seen)} |" if seen else f"| {what} | {len(values)} | | | | {len(values)} |")
    return lines + [""]
