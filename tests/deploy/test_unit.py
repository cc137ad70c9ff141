# SPDX-License-Identifier: Apache-2.0
"""usewear watch with the rights and the system calls of deploy/usewear.service, and no others."""

import json
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("USEWEAR", str(SOURCE / "build/usewear"))
UNIT = SOURCE / "deploy/usewear.service"
NUMBERS = {"CAP_KILL": 5, "CAP_SETGID": 6, "CAP_SETUID": 7, "CAP_SETPCAP": 8, "CAP_DAC_READ_SEARCH": 2, "CAP_SYS_PTRACE": 19,
           "CAP_SYS_ADMIN": 21, "CAP_PERFMON": 38, "CAP_BPF": 39, "CAP_CHECKPOINT_RESTORE": 40}

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def values(key):
    return [word for line in re.findall(rf"^{key}=(.*)$", UNIT.read_text(), re.M) for word in line.split()]


def bits(*names):
    return sum(1 << NUMBERS[name] for name in names)


def expand(group):
    """The system calls of one of systemd's groups."""
    listed = subprocess.run(["systemd-analyze", "syscall-filter", group], capture_output=True, text=True, check=True).stdout
    calls = set()
    for line in listed.splitlines()[1:]:
        word = line.strip()
        if word and not word.startswith("#"):
            calls |= expand(word) if word.startswith("@") else {word}
    return calls


def allowed_calls():
    first, *rest = re.findall(r"^SystemCallFilter=(.*)$", UNIT.read_text(), re.M)
    calls = expand("@default")
    for word in first.split():
        calls |= expand(word) if word.startswith("@") else {word}
    for line in rest:
        assert line.startswith("~"), line
        for word in line[1:].split():
            calls -= (expand(word) if word.startswith("@") else {word}) - expand("@default")
    return calls | {"execve"}


@pytest.fixture(scope="module")
def filtered(tmp_path_factory):
    if not shutil.which("systemd-analyze"):
        pytest.skip("needs systemd-analyze, to know what the groups of system calls hold")
    program = tmp_path_factory.mktemp("filtered") / "filtered"
    subprocess.run(["cc", "-Wall", "-Werror", "-o", program, Path(__file__).parent / "filtered.c", "-lseccomp"], check=True)
    return program


def confined():
    bounding = ",".join(["-all", *("+" + name.removeprefix("CAP_").lower() for name in values("CapabilityBoundingSet"))])
    return ["setpriv", "--nnp", f"--bounding-set={bounding}", PROGRAM]


def status(pid):
    return dict(re.findall(r"^(\w+):\s*(.*)$", Path(f"/proc/{pid}/status").read_text(), re.M))


def children(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


class Confined:
    def __init__(self, filtered, state):
        self.process = subprocess.Popen([filtered, *confined(), "watch", "--json", "--interval", "2", "--state", state],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.process.stdin.write("\n".join(sorted(allowed_calls())) + "\n")
        self.process.stdin.close()
        self.first = json.loads(self.process.stdout.readline() or self.process.stderr.read())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.rest, self.errors = self.process.stdout.read(), self.process.stderr.read()
        assert self.process.wait(60) == 0, self.errors


def workers(pid, but=()):
    """Those that have become nobody; one that is replaced may still be there."""
    found = {}
    for child in children(pid):
        try:
            found[child] = status(child)
        except FileNotFoundError:
            continue
    return {child: rights for child, rights in found.items() if rights["Uid"].split()[0] == "65534" and child not in but}


def test_watch_and_its_workers_keep_only_what_they_need(filtered, tmp_path):
    """A worker that is started later too: its rights are not in effect in the process that starts it."""
    own = bits("CAP_SYS_PTRACE", "CAP_DAC_READ_SEARCH", "CAP_CHECKPOINT_RESTORE")
    with Confined(filtered, tmp_path / "state") as watch:
        now, first = status(watch.process.pid), workers(watch.process.pid)
        for pid in first:
            os.kill(pid, signal.SIGKILL)
        second = {}
        for _ in range(300):
            second = workers(watch.process.pid, but=first)
            if second:
                break
            time.sleep(0.1)
        again = json.loads(watch.process.stdout.readline())
    union = bits(*values("CapabilityBoundingSet")) & ~bits("CAP_SETPCAP")
    assert int(now["CapEff"], 16) == bits("CAP_BPF", "CAP_PERFMON", "CAP_KILL")
    assert int(now["CapPrm"], 16) == union and int(now["CapBnd"], 16) == union
    assert first and second
    for rights in [*first.values(), *second.values()]:
        assert int(rights["CapPrm"], 16) == int(rights["CapEff"], 16) == own
        assert rights["Seccomp"] == "2"
    assert watch.first["processes"] > 1 and again["processes"] > 1 and again["roots"] >= 1
    assert "no events" not in watch.errors, watch.errors


def test_doctor_works_confined_and_tells_what_is_kept(filtered):
    done = subprocess.run([filtered, *confined(), "doctor", "--json"], input="\n".join(allowed_calls()) + "\n", capture_output=True,
                          text=True, check=True)
    doctor = json.loads(done.stdout)
    assert {right["name"] for right in doctor["kept_by_watch"]} | {"CAP_SETPCAP"} == set(values("CapabilityBoundingSet"))
    assert all(right["use"] for right in doctor["kept_by_watch"])
    here = json.loads(subprocess.run([PROGRAM, "doctor", "--json"], capture_output=True, text=True, check=True).stdout)
    serving = [{hook["event"] for hook in one["hooks"] if hook["state"] == "serving"} for one in (doctor, here)]
    assert serving[0] == serving[1], doctor["hooks"]


def test_systemd_accepts_the_unit(tmp_path):
    if not shutil.which("systemd-analyze"):
        pytest.skip("needs systemd-analyze")
    copy = tmp_path / UNIT.name
    copy.write_text(UNIT.read_text().replace("/usr/bin/usewear", "/bin/true"))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", copy], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and not done.stderr.strip(), done.stderr


def test_all_ways_to_run_it_name_the_same_rights():
    """The unit, the container and the DaemonSet."""
    unit = {name.removeprefix("CAP_") for name in values("CapabilityBoundingSet")}
    container = re.search(r"--cap-add=([a-z_,]+)", (SOURCE / "deploy/Containerfile").read_text()).group(1)
    kubernetes = re.search(r"add: \[(.*)\]", (SOURCE / "deploy/kubernetes.yaml").read_text()).group(1)
    assert unit == {name.upper() for name in container.split(",")} == {name.strip() for name in kubernetes.split(",")}
