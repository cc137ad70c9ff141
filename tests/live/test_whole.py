# SPDX-License-Identifier: Apache-2.0
"""Real programs with real flaws, from their start to the finding that a user reads."""

import contextlib
import json
import os
import re
import signal
import sqlite3
import subprocess
import time
from pathlib import Path

import pytest
from whole import (PROGRAM, Victim, Watch, advisory, findings, installed, needs, needs_host_pids, needs_root,
                   of_package, release, scan_as_nobody, tmpfs, usewear, virtualenv, wait_until)


@pytest.fixture(scope="session")
def python_victim(tmp_path_factory):
    """cryptography has extension modules that fit every CPython 3; jinja2 is Python only."""
    return virtualenv(tmp_path_factory.mktemp("venv"), "cryptography==41.0.0", "cffi", "pycparser", "Jinja2==2.11.2",
                      "MarkupSafe==2.0.1")


@needs_root
def test_extension_module_is_loaded_and_what_is_not_imported_is_not(tmp_path, python_victim):
    code = "import cryptography.hazmat.bindings._rust, sys; print('ready', flush=True); sys.stdin.read()"
    with Victim(python_victim, "-c", code) as victim:
        report = findings(tmp_path)
    folder = python_victim.parents[1]
    loaded = of_package(report, "cryptography", folder)
    assert loaded
    for finding in loaded:
        assert finding["loaded"]["answer"] == "yes"
        mine = [e for e in finding["evidence"] if e["pid"] == victim.process.pid]
        assert {e["engine"] for e in mine} == {"mapped", "cpython"}
        assert finding["executed"]["answer"] != "not_observed", "compiled functions are not looked for"
    pure = of_package(report, "jinja2", folder)
    assert pure
    for finding in pure:
        assert finding["loaded"]["answer"] != "yes"
        assert "engine" not in (finding["loaded"]["reason"] or "")


@needs_root
def test_python_package_that_nobody_imports_is_not_loaded(tmp_path, python_victim):
    """Other processes of this machine may hold back the negative, with a reason that names them."""
    with Victim(python_victim, "-c", "import sys; print('ready', flush=True); sys.stdin.read()"):
        report = findings(tmp_path)
    folder = python_victim.parents[1]
    for finding in of_package(report, "cryptography", folder) + of_package(report, "jinja2", folder):
        loaded = finding["loaded"]
        assert loaded["answer"] == "not_observed" and loaded["engine"] or loaded["reason"], finding
        assert loaded["answer"] != "yes"


GO_PROGRAM = """package main

import (
	"bufio"
	"fmt"
	"os"

	"golang.org/x/text/language"
)

func main() {
	fmt.Println("ready", language.Make("en"))
	bufio.NewReader(os.Stdin).ReadString('\\n')
}
"""


@pytest.fixture(scope="session")
def go_victim(tmp_path_factory):
    folder = tmp_path_factory.mktemp("go")
    (folder / "main.go").write_text(GO_PROGRAM)
    (folder / "go.mod").write_text("module example.com/victim\n\ngo 1.17\n\nrequire golang.org/x/text v0.3.5\n")
    done = subprocess.run(["go", "build", "-mod=mod", "-o", "victim", "."], cwd=folder, capture_output=True, text=True,
                          env={"HOME": str(Path.home()), **os.environ, "GOFLAGS": "-mod=mod", "GONOSUMDB": "*", "GONOSUMCHECK": "1",
                               "GOTOOLCHAIN": "local"})
    if done.returncode:
        pytest.skip("go could not build the victim: " + done.stderr.strip().splitlines()[-1])
    return folder / "victim"


@needs_root
@needs("go")
def test_go_module_is_loaded(tmp_path, go_victim):
    with Victim(go_victim) as victim:
        report = findings(tmp_path)
    found = of_package(report, "golang.org/x/text", go_victim)
    assert "CVE-2021-38561" in {f["id"] for f in found}
    for finding in found:
        assert finding["loaded"]["answer"] == "yes" and finding["loaded"]["engine"] == "go-buildinfo"
        assert any(e["pid"] == victim.process.pid for e in finding["evidence"])


@pytest.fixture
def xz_advisory(tmp_path):
    source, _ = installed("xz-utils")
    state = tmp_path / "state"
    usewear(state, "db", "import", str(advisory(tmp_path / "xz.json", source, "99:1", release())))
    return state


@needs_root
@needs_host_pids
def test_watch_sees_what_runs_before_and_after_and_for_a_moment(xz_advisory):
    """xz is gone long before anybody can look at it."""
    state = xz_advisory
    with Watch(state) as watch:
        time.sleep(1)
        subprocess.run(["xz", "--version"], check=True, stdout=subprocess.DEVNULL)
        found = wait_until(lambda: [f for f in findings(state, "report")["findings"]
                                    if f["id"] == "USEWEAR-TEST-1" and f["level"] == "loaded"
                                    and any("xz" in e["subject"] for e in f["evidence"])])
        assert found[0]["workload"] is not None
        assert watch.stop() == 0


@contextlib.contextmanager
def running_xz():
    with Victim("sh", "-c", "echo ready; exec xz -dc") as victim:
        # Its libraries follow the program.
        wait_until(lambda: "liblzma" in Path(f"/proc/{victim.process.pid}/maps").read_text())
        yield


@needs_root
def test_history_survives_the_process(xz_advisory):
    state = xz_advisory
    with running_xz():
        first = [f for f in findings(state)["findings"] if f["id"] == "USEWEAR-TEST-1"]
    assert first[0]["level"] == "loaded"
    later = [f for f in findings(state)["findings"] if f["id"] == "USEWEAR-TEST-1"]
    assert later[0]["level"] == "loaded"


@needs_root
def test_second_watch_says_so(tmp_path):
    with Watch(tmp_path) as watch:
        second = usewear(tmp_path, "watch", check=False)
        assert second.returncode == 2
        assert str(watch.process.pid) in second.stderr
        assert findings(tmp_path)["host"]["name"]
        watch.process.send_signal(signal.SIGHUP)
        assert watch.process.stdout.readline()
        assert watch.stop() == 0


@needs_root
def test_killed_watch_loses_nothing_committed(tmp_path):
    with Watch(tmp_path) as watch:
        watch.stop(signal.SIGKILL)
    database = sqlite3.connect(tmp_path / "evidence.db")
    assert database.execute("pragma integrity_check").fetchone() == ("ok",)
    assert findings(tmp_path, "report")["funnel"]["packages"]["installed"] > 0
    with Watch(tmp_path) as again:
        assert again.stop() == 0


@needs_root
def test_full_disk_is_one_clear_error(tmp_path):
    with tmpfs(tmp_path / "small", "size=64k") as state:
        done = usewear(state, "scan", check=False)
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert "space" in done.stderr or "full" in done.stderr


@needs_root
@needs("setpriv")
def test_without_root_it_says_what_is_missing():
    assert "not root" in scan_as_nobody()


@needs_root
def test_gate_trips_on_a_loaded_flaw(xz_advisory):
    state = xz_advisory
    with running_xz():
        usewear(state, "scan")
    assert usewear(state, "report", "--fail-on", "loaded", check=False).returncode == 1
    assert usewear(state, "report", "--fail-on", "nonsense", check=False).returncode == 2


@needs_root
def test_explain_names_the_evidence(xz_advisory):
    state = xz_advisory
    with running_xz():
        usewear(state, "scan")
    text = usewear(state, "explain", "USEWEAR-TEST-1").stdout
    assert "mapped" in text and "xz" in text and "99:1" in text
    missing = usewear(state, "explain", "CVE-1999-0000", check=False)
    assert missing.returncode == 2 and "CVE-1999-0000" in missing.stderr


@needs_root
def test_worker_outlives_signals_to_the_group(tmp_path):
    """A service manager ends all processes of a service at once; the last look still has its worker."""
    with Watch(tmp_path) as watch:
        worker = int(subprocess.run(["pgrep", "-P", str(watch.process.pid)], capture_output=True, text=True,
                                    check=True).stdout.split()[0])
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            os.kill(worker, number)
        time.sleep(0.5)
        assert Path(f"/proc/{worker}/comm").exists()
        assert watch.stop() == 0
    wait_until(lambda: not Path(f"/proc/{worker}").exists())


@needs_root
def test_nothing_is_printed_into_a_file_where_the_output_is_closed(tmp_path):
    """The first file that is opened takes the place of what is closed: here the lock of the state folder."""
    lock = tmp_path / "watch.lock"
    process = subprocess.Popen(["sh", "-c", 'exec "$0" "$@" >&-', PROGRAM, "watch", "--json", "--state", tmp_path])
    wait_until(lambda: lock.exists() and lock.read_text())
    process.send_signal(signal.SIGTERM)
    assert process.wait(300) == 0
    assert lock.read_text() == f"{process.pid}\n"


@needs_root
def test_it_takes_the_descriptors_that_it_may_have(tmp_path):
    """A shell's limit is lower than what may be asked for."""
    with Watch(tmp_path, before=["sh", "-c", 'ulimit -S -n 40 && exec "$@"', "sh"]) as watch:
        assert json.loads(watch.first)["packages"] >= 0
        limits = Path(f"/proc/{watch.process.pid}/limits").read_text()
    soft, hard = next(line.split()[3:5] for line in limits.splitlines() if line.startswith("Max open files"))
    assert soft == hard


@needs_root
def test_it_ends_at_once_during_its_first_look(tmp_path):
    """A worker that hangs is waited for no longer; what the history has stays, and nothing half is added."""
    usewear(tmp_path, "scan")
    before = findings(tmp_path, "report")["time"]
    process = subprocess.Popen([PROGRAM, "watch", "--state", str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    comm = Path(f"/proc/{process.pid}/comm")

    def worker():
        for pid in children.read_text().split():
            with contextlib.suppress(OSError):  # others of them are there for a moment
                if b"\0prober\0" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    return int(pid)
    while not (pid := worker()):
        assert process.poll() is None
        time.sleep(0.002)  # it is stopped before that look ends
    os.kill(pid, signal.SIGSTOP)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0 and not comm.exists(), errors
    assert "ended during its first look" in errors
    assert findings(tmp_path, "report")["time"] == before


@needs_root
def test_it_says_that_it_stores_again_after_a_full_disk(tmp_path):
    with tmpfs(tmp_path / "state", "size=256m") as state, Watch(state) as watch:
        with (state / "filler").open("wb", buffering=0) as filler, contextlib.suppress(OSError):
            while True:
                filler.write(bytes(65536))
        with (state / "filler").open("ab", buffering=0) as filler, contextlib.suppress(OSError):
            while True:
                filler.write(b"x")
        watch.process.send_signal(signal.SIGHUP)
        said = watch.process.stderr.readline()
        assert "space" in said or "full" in said, said
        (state / "filler").unlink()
        watch.process.send_signal(signal.SIGHUP)
        while "looks work again" not in (said := watch.process.stderr.readline()):
            assert "space" in said or "full" in said, said  # a smaller look may have met it elsewhere
        assert watch.stop() == 0


@needs_root
def test_too_few_descriptors_are_named_with_their_number(tmp_path):
    few = ["sh", "-c", 'ulimit -n 100 && exec "$@"', "sh"]
    done = subprocess.run([*few, PROGRAM, "scan", "--state", tmp_path], capture_output=True, text=True, timeout=300)
    assert "only 100 files may be open here" in done.stderr
    done = subprocess.run([*few, PROGRAM, "doctor", "--json", "--state", tmp_path], capture_output=True, text=True, timeout=300)
    assert "too few files may be open: 100" in json.dumps(json.loads(done.stdout)["missing"])


@needs_root
@needs("setpriv")
def test_who_could_not_be_read_is_named():
    with Victim("sh", "-c", "echo ready; read line") as victim:
        limits = json.loads(scan_as_nobody("--json"))["limits"]
    told = [limit for limit in limits if "could not be read" in limit]
    assert told and all(re.search(r"\(pid \d+ \S+.*\)$", limit) for limit in told), limits
    assert victim.process.pid > 0
