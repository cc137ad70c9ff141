# SPDX-License-Identifier: Apache-2.0
"""What doctor says of things that other machines have otherwise."""
import contextlib
import json
import os
import secrets
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from stream import needs_root
from whole import SOURCE, Watch


@needs_root
@pytest.mark.parametrize("source", ["proc", "none"])
@pytest.mark.parametrize("option", ["hidepid=2", "hidepid=0"])
def test_hidepid_is_told_whatever_the_mount_is_called(usewear, source, option):
    command = f'mount -t proc -o {option} {source} /proc && exec "$0" doctor --json'
    done = subprocess.run(["unshare", "--mount", "sh", "-c", command, usewear], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["kernel"]["hidepid"] == (option == "hidepid=2")


@needs_root
def test_locked_memory_is_only_a_matter_of_old_kernels(usewear):
    """Events fail here for want of rights: a limit that newer kernels do not apply to BPF is not what is missing."""
    command = 'ulimit -l 64; exec setpriv --reuid 65534 --regid 65534 --clear-groups "$0" doctor --json'
    done = subprocess.run(["sh", "-c", command, usewear], capture_output=True, text=True, check=True)
    doctor = json.loads(done.stdout)
    old = tuple(map(int, os.uname().release.split(".")[:2])) < (5, 11)
    assert doctor["events_error"]
    assert old or not any("memlock" in one["what"] for one in doctor["missing"])


@needs_root
def test_a_state_folder_that_cannot_be_written_is_told(usewear, tmp_path):
    """Before watch ends because of it."""
    command = 'mount -t tmpfs -o ro none "$1" && exec "$0" doctor --json --state "$1"'
    done = subprocess.run(["unshare", "--mount", "sh", "-c", command, usewear, tmp_path], capture_output=True, text=True, check=True)
    assert [one for one in json.loads(done.stdout)["missing"] if "Read-only" in one["what"] and "--state" in one["mend"]]
    for state in tmp_path, tmp_path / "not there yet":
        done = subprocess.run([usewear, "doctor", "--json", "--state", state], capture_output=True, text=True, check=True)
        assert not [one for one in json.loads(done.stdout)["missing"] if "--state" in one["mend"]]


@needs_root
def test_without_cgroups_nothing_is_said_to_tell_workloads_apart(usewear):
    command = """for folder in $(awk '/ - cgroup2? /{print $5}' /proc/self/mountinfo | sort -r); do umount "$folder" || exit 9; done
    exec "$0" doctor"""
    done = subprocess.run(["unshare", "--mount", "sh", "-c", command, usewear], capture_output=True, text=True)
    if done.returncode == 9:
        pytest.skip("the hierarchies cannot be taken away here")
    assert "cgroup layout none" in done.stdout and "hierarchy of" not in done.stdout and "v2 hierarchy" not in done.stdout, done.stdout


IN_NAMESPACE = """
for folder in $(awk '/ - cgroup /{print $5}' /proc/self/mountinfo); do umount "$folder" || exit 9; done
"$0" doctor --json >"$1/doctor"
timeout -s INT 60 "$0" events --type exec --comm usewear-probe >"$1/events" 2>"$1/notes" &
until grep -q watching "$1/notes" || ! kill -0 $!; do sleep 0.1; done
for i in 1 2 3; do "$1/usewear-probe" 0.1; done
kill -INT $!
wait $!
"""


@needs_root
def test_cgroup_namespace_below_a_mount_that_reaches_above_it(usewear, tmp_path):
    """As in a Kubernetes pod with the host's /sys: whose an event is, is told all the same."""
    whole = [line.split()[4] for line in open("/proc/self/mountinfo") if " - cgroup2 " in line and line.split()[3] == "/"]
    if not whole or not os.access(whole[0], os.W_OK):
        pytest.skip("needs a cgroup2 mount that can be written to")
    shutil.copy(shutil.which("sleep"), tmp_path / "usewear-probe")
    upper = Path(whole[0]) / f"usewear-test-{secrets.token_hex(4)}"
    home = upper / "pod"
    home.mkdir(parents=True)
    inode = home.stat().st_ino
    enter = f'echo $$ >{home}/cgroup.procs && exec unshare --mount --cgroup sh -c "$2" "$0" "$1"'
    try:
        done = subprocess.run(["sh", "-c", enter, usewear, tmp_path, IN_NAMESPACE], capture_output=True, text=True, timeout=120)
    finally:
        for folder in (home, upper):
            for _ in range(50):
                with contextlib.suppress(OSError):
                    folder.rmdir()
                    break
                time.sleep(0.1)
    if done.returncode == 9:
        pytest.skip("the other hierarchies cannot be taken away here")
    cgroup = json.loads((tmp_path / "doctor").read_text())["cgroup"]
    assert (cgroup["layout"], cgroup["mount"]) == ("v2", str(home)), done.stderr
    events = [json.loads(line) for line in (tmp_path / "events").read_text().splitlines()]
    assert events and all(e["cgroup"] == inode and e["workload"] for e in events), events[:3]


UNFILTERED = SOURCE / "build/tests/live-unfiltered"


@needs_root
@pytest.mark.parametrize("kernel", ["this", "none"])
def test_filters_of_system_calls(usewear, kernel):
    before = [UNFILTERED, kernel] if kernel == "none" else []
    doctor = json.loads(subprocess.run([*before, usewear, "doctor", "--json"], capture_output=True, text=True, check=True).stdout)
    said = [one for one in doctor["missing"] if "filters of system calls" in one["what"]]
    assert doctor["kernel"]["seccomp_filters"] == (kernel == "this") and bool(said) == (kernel == "none")


@needs_root
@pytest.mark.parametrize("kernel", ["this", "prctl", "none"])
def test_each_thread_of_the_worker_is_shut_in(tmp_path, kernel):
    """Without the way to set a filter in all threads at once, too; where there are none at all the worker works all the same."""
    def filters(task):
        fields = dict(line.split(":", 1) for line in (task / "status").read_text().splitlines() if ":" in line)
        return int(fields["Seccomp_filters"])
    with Watch(tmp_path / "state", before=[] if kernel == "this" else [UNFILTERED, kernel]) as watch:
        own = filters(Path(f"/proc/{watch.process.pid}"))
        [worker] = Path(f"/proc/{watch.process.pid}/task/{watch.process.pid}/children").read_text().split()
        threads = list(Path(f"/proc/{worker}/task").iterdir())
        assert len(threads) == 2
        assert {filters(task) for task in threads} == {own if kernel == "none" else own + 1}
        assert watch.stop() == 0
