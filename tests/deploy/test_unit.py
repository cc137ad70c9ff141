# SPDX-License-Identifier: Apache-2.0
"""usewear watch with the rights and the system calls of deploy/usewear.service, and no others."""

import contextlib
import functools
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
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


def confined(without=()):
    names = [name for name in values("CapabilityBoundingSet") if name not in without]
    bounding = ",".join(["-all", *("+" + name.removeprefix("CAP_").lower() for name in names)])
    return ["setpriv", "--nnp", f"--bounding-set={bounding}", PROGRAM]


def status(pid):
    return dict(re.findall(r"^(\w+):\s*(.*)$", Path(f"/proc/{pid}/status").read_text(), re.M))


def children(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def until(condition, seconds=60):
    """What it gives once that is something."""
    for _ in range(seconds * 10):
        with contextlib.suppress(FileNotFoundError, ValueError):
            if found := condition():
                return found
        time.sleep(0.1)
    pytest.fail("it never came so far")


class Confined:
    def __init__(self, filtered, state):
        self.process = subprocess.Popen([filtered, *confined(), "watch", "--json", "--interval", "2", "--state", state],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.process.stdin.write("\n".join(sorted(allowed_calls())) + "\n")
        self.process.stdin.close()

    def look(self):
        return json.loads(self.process.stdout.readline() or self.process.stderr.read())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.rest, self.errors = self.process.stdout.read(), self.process.stderr.read()
        assert self.process.wait(60) == 0, self.errors


def workers(pid, but=()):
    """Those that have become nobody and are filtered; one that is replaced may still be there."""
    found = {}
    for child in children(pid):
        try:
            found[child] = status(child)
        except FileNotFoundError:
            continue
    return {child: rights for child, rights in found.items() if rights["Uid"].split()[0] == "65534" and rights["Seccomp"] == "2" and child not in but}


def test_watch_and_its_workers_keep_only_what_they_need(filtered, tmp_path):
    """A worker that is started later too: its rights are not in effect in the process that starts it. The first one is
    killed before it has read much, since the second has to read all of that again."""
    own = bits("CAP_SYS_PTRACE", "CAP_DAC_READ_SEARCH", "CAP_CHECKPOINT_RESTORE")
    with Confined(filtered, tmp_path / "state") as watch:
        first = until(lambda: workers(watch.process.pid))
        dropped = until(lambda: not int(status(watch.process.pid)["CapEff"], 16) & bits("CAP_SYS_PTRACE"))
        for pid in first:
            os.kill(pid, signal.SIGKILL)
        second = until(lambda: workers(watch.process.pid, but=first))
        looks = [watch.look(), watch.look()]
        now = status(watch.process.pid)
    union = bits(*values("CapabilityBoundingSet"))
    assert int(now["CapEff"], 16) == bits("CAP_BPF", "CAP_PERFMON", "CAP_KILL")
    assert int(now["CapPrm"], 16) == union and int(now["CapBnd"], 16) == union
    assert dropped
    for rights in [*first.values(), *second.values()]:
        assert int(rights["CapPrm"], 16) == int(rights["CapEff"], 16) == own
    assert all(look["processes"] > 1 for look in looks) and looks[1]["roots"] >= 1
    assert "no events" not in watch.errors, watch.errors


def test_doctor_works_confined_and_tells_what_is_kept(filtered):
    done = subprocess.run([filtered, *confined(), "doctor", "--json"], input="\n".join(allowed_calls()) + "\n", capture_output=True,
                          text=True, check=True)
    doctor = json.loads(done.stdout)
    assert {right["name"] for right in doctor["kept_by_watch"]} == set(values("CapabilityBoundingSet"))
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


def test_systemd_calls_its_exposure_low(tmp_path):
    """OK is what systemd says up to 4.9; the unit has 3.3."""
    if not shutil.which("systemd-analyze"):
        pytest.skip("needs systemd-analyze")
    copy = tmp_path / UNIT.name
    shutil.copy(UNIT, copy)
    done = subprocess.run(["systemd-analyze", "security", "--no-pager", "--offline=true", "--threshold=35", copy], capture_output=True,
                          text=True, check=False)
    if "unrecognized option" in done.stderr:
        pytest.skip("needs systemd 250")
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr


def test_all_ways_to_run_it_name_the_same_rights():
    """The unit, the container and the DaemonSet."""
    unit = {name.removeprefix("CAP_") for name in values("CapabilityBoundingSet")}
    container = re.search(r"--cap-add=([a-z_,]+)", (SOURCE / "deploy/Containerfile").read_text()).group(1)
    kubernetes = re.search(r"add: \[(.*)\]", (SOURCE / "deploy/kubernetes.yaml").read_text()).group(1)
    assert unit == {name.upper() for name in container.split(",")} == {name.strip() for name in kubernetes.split(",")}


# ---- each right is needed: what goes wrong without it ----

@pytest.mark.parametrize("right", ["CAP_BPF", "CAP_PERFMON"])
def test_without_it_there_are_no_events(right):
    done = subprocess.run([*confined([right]), "doctor", "--json"], capture_output=True, text=True, check=True)
    doctor = json.loads(done.stdout)
    assert right in doctor["events_error"]
    assert not [hook for hook in doctor["hooks"] if hook["state"] == "serving"]


def lonely(command):
    """In a /proc of their own, with nothing else to look at; without events, which need the host's pids."""
    return subprocess.run(["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", command], capture_output=True,
                          text=True, check=True)


# Two programs of another user in a folder that is closed to others; one is deleted while it runs.
FOREIGN = """set -e
chmod 755 {0}; mkdir -m 700 {0}/closed; cp $(command -v sleep) {0}/closed/kept; cp {0}/closed/kept {0}/closed/deleted
chown -R 1234:1234 {0}/closed
for name in kept deleted; do setpriv --reuid 1234 --regid 1234 --clear-groups {0}/closed/$name 1000 & done
sleep 0.3; rm {0}/closed/deleted
{1} scan --json --state {0}/state"""


@pytest.fixture(scope="module")
def told_without():
    """told_without(right): what a scan says of them."""
    @functools.cache
    def get(*rights):
        with tempfile.TemporaryDirectory(prefix="usewear-rights-") as folder:
            return lonely(FOREIGN.format(folder, shlex.join(map(str, confined(rights))))).stdout
    return get


@pytest.mark.parametrize("right, said", [("CAP_SYS_PTRACE", "no CAP_SYS_PTRACE"),
                                         ("CAP_DAC_READ_SEARCH", "refused in spite of CAP_SYS_PTRACE"),
                                         ("CAP_CHECKPOINT_RESTORE", "may be copies of packaged ones")])
def test_without_it_processes_of_other_users_are_not_read(told_without, right, said):
    assert said in told_without(right)
    assert said not in told_without()


def test_without_kill_a_worker_cannot_be_ended():
    """It runs as nobody, and root without the right may not signal it."""
    worker = subprocess.Popen(["sleep", "1000"], user=65534, group=65534, extra_groups=[])
    try:
        ended = [subprocess.run([*confined(without)[:-1], "sh", "-c", f"kill -0 {worker.pid}"], capture_output=True).returncode == 0
                 for without in ((), ("CAP_KILL",))]
        assert ended == [True, False]
    finally:
        worker.kill()
        worker.wait()


@pytest.fixture
def lonely_watch(tmp_path):
    """lonely_watch(right): the pid of a watch without it, in a /proc of its own."""
    running = []

    def start(right):
        running.append(subprocess.Popen(["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", *confined([right]), "watch",
                                         "--state", tmp_path / "state"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        return until(lambda: children(running[0].pid))[0]
    yield start
    running[0].kill()
    running[0].wait()


@pytest.mark.parametrize("right, key", [("CAP_SETUID", "Uid"), ("CAP_SETGID", "Gid")])
def test_without_it_the_worker_stays_root(lonely_watch, right, key):
    watch = lonely_watch(right)
    worker = until(lambda: [child for child in children(watch) if status(child)["Seccomp"] == "2"])[0]
    assert status(worker)[key].split() == ["0"] * 4
