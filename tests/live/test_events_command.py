# SPDX-License-Identifier: Apache-2.0
"""`usewear events` and `usewear doctor` as commands: filters, ends, rights, and what stays behind."""
import json
import os
import pathlib
import secrets
import shutil
import signal
import subprocess
import time

import pytest

from stream import needs_root
from whole import needs_host_pids

bpftool = shutil.which("bpftool", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
needs_bpftool = pytest.mark.skipif(not bpftool, reason="needs bpftool")


def bpf(*args):
    done = subprocess.run([bpftool, "-j", *args], capture_output=True, text=True, check=True)
    return json.loads(done.stdout or "[]")


def own_ids(pid, kind):
    """Ids of the BPF objects whose descriptors the process holds."""
    ids = set()
    for fd in os.listdir(f"/proc/{pid}/fdinfo"):
        try:
            text = pathlib.Path(f"/proc/{pid}/fdinfo/{fd}").read_text(encoding="ascii")
        except FileNotFoundError:
            continue  # files of /proc that it reads at the moment
        ids |= {int(line.split()[1]) for line in text.splitlines() if line.startswith(f"{kind}_id:")}
    return ids


@pytest.fixture
def started(usewear):
    """A running `usewear events`, its hooks attached."""
    running = []

    def start(*args, stdout=subprocess.DEVNULL):
        process = subprocess.Popen([usewear, "events", *args], stdout=stdout, stderr=subprocess.PIPE, text=True)
        running.append(process)
        assert "watching" in process.stderr.readline()
        return process
    yield start
    for process in running:
        process.kill()
        process.wait()


@needs_root
def test_filters(events, steered):
    one, two = steered(), steered()
    with events("--pid", str(one.pid)) as stream:
        one.do("listen 4")
        two.do("listen 4")
    assert {e["pid"] for e in stream.events} == {one.pid}
    with events("--comm", "steered", "--type", "listen") as stream:
        two.do("listen 4")
        subprocess.run(["true"], check=True)
    assert {(e["comm"], e["type"]) for e in stream.events} == {("steered", "listen")}


@needs_root
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_are_a_clean_end(started, number):
    process = started()
    process.send_signal(number)
    assert process.wait(10) == 0
    assert "made" in process.stderr.read()


@needs_root
def test_closed_pipe_is_a_clean_end(started):
    process = started("--type", "exec", stdout=subprocess.PIPE)
    process.stdout.close()
    for _ in range(100):
        subprocess.run(["true"], check=True)
        if process.poll() is not None:
            break
        time.sleep(0.05)
    assert process.wait(10) == 0


def test_usage_errors(usewear):
    for args in ["--type", "nonsense"], ["--nonsense"], ["extra"], ["--ring", "5000"]:
        done = subprocess.run([usewear, "events", *args], capture_output=True, text=True, timeout=20, check=False)
        assert done.returncode == 2, args
        assert done.stdout == "" and done.stderr.startswith("usewear: ") and done.stderr.count("\n") == 1


@needs_root
@needs_bpftool
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left(started, number):
    process = started()
    programs, links = own_ids(process.pid, "prog"), own_ids(process.pid, "link")
    maps = own_ids(process.pid, "map")
    assert programs and links and maps
    process.send_signal(number)
    process.wait(10)
    left = True
    for _ in range(50):  # the kernel frees them a moment later
        left = (programs & {p["id"] for p in bpf("prog", "show")} or links & {x["id"] for x in bpf("link", "show")} or
                maps & {m["id"] for m in bpf("map", "show")})
        if not left:
            break
        time.sleep(0.1)
    assert not left


@needs_root
@needs_bpftool
def test_no_hook_on_system_calls(started, doctor):
    assert not [h for h in doctor["hooks"] if "sys_enter" in h["name"] or "sys_exit" in h["name"] or
                "syscalls" in h["name"]]
    process = started()
    own = own_ids(process.pid, "link")
    links = [x for x in bpf("link", "show") if x["id"] in own]
    assert links and len(links) == len(own)
    for link in links:
        assert not link.get("tp_name", "").startswith("sys_"), link
    for perf in bpf("perf", "show"):
        assert perf["pid"] != process.pid or "sys_" not in perf.get("tracepoint", ""), perf


@needs_root
@needs_host_pids
def test_doctor_shows_a_proven_hook_for_each_event(doctor):
    serving = {h["event"]: h["name"] for h in doctor["hooks"] if h["state"] == "serving"}
    assert set(serving) == {"exec", "fork", "exit", "map", "listen", "connect"}
    for h in doctor["hooks"]:
        assert (h["state"] in ("refused", "silent")) == bool(h["reason"]), h
    assert doctor["snapshot"]["state"] in ("serving", "refused")
    assert 0 < doctor["kernel_memory"] <= 16 << 20


@needs_root
def test_without_rights(usewear, tmp_path):
    setpriv = shutil.which("setpriv")
    if not setpriv:
        pytest.skip("needs setpriv")
    copy = pathlib.Path("/tmp") / f"usewear-test-{secrets.token_hex(4)}"
    shutil.copy(usewear, copy)
    copy.chmod(0o755)
    try:
        nobody = [setpriv, "--reuid", "65534", "--regid", "65534", "--clear-groups", str(copy)]
        done = subprocess.run([*nobody, "events"], capture_output=True, text=True, timeout=20, cwd="/", check=False)
        assert done.returncode == 2 and done.stdout == ""
        assert "CAP_BPF" in done.stderr and done.stderr.count("\n") == 1
        done = subprocess.run([*nobody, "doctor", "--json"], capture_output=True, text=True, timeout=20, cwd="/",
                              check=False)
        assert done.returncode == 0
        report = json.loads(done.stdout)
        assert "CAP_BPF" in report["events_error"]
        missing = " ".join(m["what"] for m in report["missing"])
        for name in "CAP_BPF", "CAP_PERFMON", "CAP_SYS_PTRACE":
            assert name in missing
        assert all(m["costs"] and m["mend"] for m in report["missing"])
    finally:
        copy.unlink()


@needs_root
def test_in_a_pid_namespace_of_its_own(usewear):
    """Events still come, by the kernel's numbers; and doctor says what is wrong."""
    unshare = shutil.which("unshare")
    if not unshare:
        pytest.skip("needs unshare")
    done = subprocess.run([unshare, "--pid", "--fork", "--mount-proc", usewear, "doctor", "--json"],
                          capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0:
        pytest.skip("cannot make a pid namespace: " + done.stderr)
    report = json.loads(done.stdout)
    assert report["kernel"]["initial_pid_namespace"] is False
    assert "pid namespace" in " ".join(m["what"] for m in report["missing"])
    serving = {h["event"] for h in report["hooks"] if h["state"] == "serving"}
    assert {"exec", "fork", "exit", "listen", "connect"} <= serving


@needs_root
def test_workload_of_an_event(events, steered, cgroups):
    """Named even when the process of the event is gone: the cgroup is still there."""
    (folder, number), = cgroups(1)
    stays = steered()
    (folder / "cgroup.procs").write_text(str(stays.pid))
    with events("--type", "exec") as stream:
        quick = subprocess.Popen(["sh", "-c", f"echo $$ > {folder}/cgroup.procs; exec true"])
        quick.wait()
    e = [e for e in stream.of("exec", pid=quick.pid) if e["comm"] == "true"][0]
    assert e["cgroup"] == number
    assert e["workload"] and e["workload"]["id"] and e["workload"]["kind"]
    name = e["workload"]["id"]
    with events("--type", "exec", "--workload", name) as stream:
        quick = subprocess.Popen(["true"])
        quick.wait()
        other = subprocess.Popen(["sh", "-c", f"echo $$ > {folder}/cgroup.procs; exec true"])
        other.wait()
    assert {e["workload"]["id"] for e in stream.events} == {name}
    assert stream.of("exec", pid=other.pid)


@needs_root
def test_doctor_does_not_blame_the_kernel_for_a_missing_sys(usewear):
    """As in a fresh root: what the kernel has cannot be seen there."""
    hidden = 'mount -t tmpfs none /sys && exec "$@" doctor --json'
    done = subprocess.run(["unshare", "--mount", "sh", "-c", hidden, "sh", usewear], capture_output=True, text=True, check=True)
    told = [one["what"] for one in json.loads(done.stdout)["missing"]]
    assert any("/sys is not mounted" in what for what in told)
    assert not any("task_vma" in what for what in told), told
