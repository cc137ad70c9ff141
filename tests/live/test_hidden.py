# SPDX-License-Identifier: Apache-2.0
"""Processes that /proc does not list: who may look past hidepid sees all, who may not denies nothing; a pid namespace
has a gap."""
import contextlib
import json
import subprocess
import sys

import pytest
from whole import PROGRAM, Victim, Watch, needs, needs_root, scan_as_nobody

GROUP = 12345  # nobody is in it: by default root's own group sees all


def mounted(options):
    return ["unshare", "--mount", "sh", "-c", f'mount -t proc -o {options} proc /proc && exec "$@"', "sh"]


@needs_root
@pytest.mark.parametrize("options", [f"hidepid=2,gid={GROUP}", "hidepid=4"])
def test_watch_sees_all_though_it_gave_its_rights_away(tmp_path, options):
    if subprocess.run([*mounted(options), "true"], stderr=subprocess.DEVNULL).returncode:
        pytest.skip("this kernel has no such option of /proc")
    with contextlib.ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(Victim("sh", "-c", "echo ready; read line"))
        watch = stack.enter_context(Watch(tmp_path, before=mounted(options)))
        assert json.loads(watch.first)["processes"] > 3, watch.first


@needs_root
@needs("setpriv")
def test_who_may_not_look_past_it_denies_nothing():
    report = json.loads(scan_as_nobody("--json", before=mounted("hidepid=2")))
    assert any("hidepid" in limit for limit in report["limits"]), report["limits"]
    packages = report["funnel"]["packages"]
    assert packages["unknown"] + packages["loaded"] == packages["installed"], packages


def doctor_of(*before):
    done = subprocess.run([*before, PROGRAM, "doctor", "--json"], capture_output=True, text=True)
    if not done.stdout:
        pytest.skip("refused here: " + done.stderr)
    doctor = json.loads(done.stdout)
    return doctor, json.dumps(doctor["missing"])


@needs_root
@needs("setpriv")
@pytest.mark.parametrize("options, seen", [("hidepid=2", True), ("hidepid=4", False), (f"hidepid=2,gid={GROUP}", False)])
def test_doctor_says_who_does_not_see_all(options, seen):
    """Root without the right to trace is still in its own group."""
    doctor, missing = doctor_of(*mounted(options), "setpriv", "--bounding-set=-sys_ptrace", "--inh-caps=-sys_ptrace")
    assert doctor["kernel"]["hidepid"]
    assert ("processes of other users are not seen" in missing) != seen, missing


@needs_root
def test_proc_that_shows_processes_only():
    """ProcSubset=pid hides the kernel's list of controllers, not the cgroups."""
    if subprocess.run([*mounted("subset=pid"), "true"], stderr=subprocess.DEVNULL).returncode:
        pytest.skip("this kernel has no such option of /proc")
    doctor, missing = doctor_of(*mounted("subset=pid"))
    assert "subset=pid" in missing
    here, there = (json.loads(subprocess.run([*before, PROGRAM, "doctor", "--json"], capture_output=True, text=True).stdout)["cgroup"]
                   for before in ([], mounted("subset=pid")))
    if here["layout"] in ("v2", "hybrid"):
        assert there["layout"] == here["layout"]


@needs_root
def test_what_runs_outside_of_a_pid_namespace_is_a_gap(tmp_path):
    done = subprocess.run(["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", PROGRAM, "scan", "--json", "--state", tmp_path],
                          capture_output=True, text=True, check=True)
    gaps = [gap for one in json.loads(done.stdout)["coverage"] for gap in one["gaps"]]
    assert any("outside of this pid namespace" in gap for gap in gaps), gaps


@needs_root
def test_proc_of_another_pid_namespace_names_the_processes():
    """Its pids are not those that our system calls take: who is meant is found by its folder all the same."""
    with Victim(sys.executable, "-c", "import time\nprint('ready', flush=True)\ntime.sleep(1000)") as victim:
        command = [PROGRAM, "functions", str(victim.process.pid), "--json"]
        here, elsewhere = (json.loads(subprocess.run([*before, *command], capture_output=True, text=True, check=True).stdout)
                           for before in ([], ["unshare", "--pid", "--fork", "--kill-child"]))
    told = [[(engine["runtime"], engine["version"]) for engine in one["engines"]] for one in (here, elsewhere)]
    if not told[0]:
        pytest.skip("no engine for the Python that runs this")
    assert told[0] == told[1], elsewhere["losses"]
