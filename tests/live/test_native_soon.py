# SPDX-License-Identifier: Apache-2.0
"""A library that is loaded while a full look reads an inventory: its function is probed before that look ends, and what is told
of it afterwards is what another look would have told."""

import select
import shutil
import signal
import subprocess
import time
from pathlib import Path

from native import HERE, Service, compile_c, naming
from whole import Watch, findings, needs_host_pids, needs_root, release, usewear, wait_until

pytestmark = [needs_root, needs_host_pids]

PACKAGES = 40000  # reading them takes the worker a good part of a second
TRIES = 6
NUMBER = "usewear_soon"


def paragraph(name, source):
    return (f"Package: {name}\nStatus: install ok installed\nArchitecture: amd64\nSource: {source}\nVersion: 1.0-1\n"
            "Description: none\nMaintainer: none <none@example.com>\n\n")


def make_root(folder):
    """A root with many packages, of which one owns the libraries, and a program that loads them."""
    root = folder / "root"
    for name in ("usr/lib", "etc", "var/lib/dpkg/info"):
        (root / name).mkdir(parents=True)
    shutil.copy("/etc/os-release", root / "etc/os-release")
    program = compile_c(root / "victim", HERE / "victims/native_soon.c", "-ldl")
    listed = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    for word in listed.split():
        if word.startswith("/"):
            (root / word[1:]).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(word, root / word[1:])
    names = [f"libsoon{i}.so.1" for i in range(TRIES)]
    for i, name in enumerate(names):
        source = folder / f"{i}.c"
        source.write_text(f"#include <unistd.h>\nint {NUMBER}(int x) {{ int y = getpid(); return getppid() + x * y + {i}; }}\n")
        compile_c(root / "usr/lib" / name, source, "-g", "-shared", "-fPIC", f"-Wl,-soname,{name}")
    (root / "var/lib/dpkg/info/libsoon1.list").write_text(
        "/.\n/usr\n/usr/lib\n" + "".join(f"/usr/lib/{name}\n" for name in names))
    (root / "var/lib/dpkg/status").write_text(
        paragraph("libsoon1", "soon") + "".join(paragraph(f"thing{i}", f"thing{i}") for i in range(PACKAGES)))
    return root, names


def worker_of(pid):
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])


def ticks_of(thread):
    """CPU time of the thread that all but urgent jobs are done by."""
    fields = Path(f"/proc/{thread}/task/{thread}/stat").read_text().rsplit(") ", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def has_ended(watch):
    return bool(select.select([watch.process.stdout], [], [], 0)[0])


def load_during_a_look(watch, service, root, name):
    """Load it while the worker reads the inventory anew. Whether it was probed before that look had ended."""
    status = root / "var/lib/dpkg/status"
    status.write_text(status.read_text())  # else what was read before is taken over
    worker = worker_of(watch.process.pid)
    before = ticks_of(worker)
    watch.process.send_signal(signal.SIGHUP)
    while ticks_of(worker) < before + 10 and not has_ended(watch):
        time.sleep(0.005)
    running = not has_ended(watch)
    assert service.tell(f"load /usr/lib/{name}") == "probed\n"
    probed = running and not has_ended(watch)
    assert watch.process.stdout.readline()
    return probed


def of(state, service, tried):
    return [f for f in findings(state, "report")["findings"]
            if f["id"] == f"GO-TEST-SOON-{tried}" and f["workload"] and f["workload"]["id"] == service.workload]


def test_a_file_does_not_wait_for_a_look(tmp_path):
    state = tmp_path / "state"
    root, names = make_root(tmp_path)
    files = tmp_path / "advisories"
    files.mkdir()
    for i, name in enumerate(names):
        naming(files / f"{i}.json", "soon", [(name, NUMBER)], release(), identifier=f"GO-TEST-SOON-{i}")
    usewear(state, "db", "import", str(files))
    with Service("usewear-test-soon", "chroot", root, "/victim", NUMBER) as service, Watch(state) as watch:
        # A look that is over too soon tells nothing: then once more, with another file.
        tried = next((i for i, name in enumerate(names) if load_during_a_look(watch, service, root, name)), None)
        assert tried is not None
        quiet = wait_until(lambda: [f for f in of(state, service, tried) if f["reached"]["answer"] == "not_observed"])[0]
        assert quiet["package"]["name"] == "libsoon1" and quiet["level"] == "loaded"
        assert service.tell("call") == "called\n"
        reached = wait_until(lambda: [f for f in of(state, service, tried) if f["level"] == "reached"])[0]
        proof = [e for e in reached["evidence"] if e["kind"] == "reached"]
        assert [e["subject"] for e in proof] == [f"{names[tried]}:{NUMBER}"]
        assert watch.stop() == 0
