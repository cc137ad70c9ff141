# SPDX-License-Identifier: Apache-2.0
"""No data is not clean: without a finished look, or without the advisories that were imported, nothing is judged."""
import os
import pathlib
import sqlite3
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
USEWEAR = os.environ.get("USEWEAR", ROOT / "build/usewear")


def usewear(state, *args, **more):
    return subprocess.run([USEWEAR, *map(str, args), "--state", str(state)], text=True, capture_output=True,
                          timeout=120, **more)


@pytest.fixture
def unfinished(tmp_path):
    """What a scan leaves that was ended before its look was."""
    state = tmp_path / "state"
    scan = usewear(state, "scan")
    if scan.returncode != 0:
        pytest.skip(scan.stderr)
    with sqlite3.connect(state / "evidence.db") as db:
        db.execute("DELETE FROM meta WHERE key = 'time'")
    return state


def test_history_without_a_look_is_no_clean_machine(unfinished):
    for args in (["report"], ["report", "--json"], ["report", "--fail-on", "present"], ["explain", "CVE-2021-44228"]):
        run = usewear(unfinished, *args)
        assert run.returncode == 2 and not run.stdout, args
        assert "run usewear scan" in run.stderr and run.stderr.count("\n") == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become another user")
def test_advisories_that_may_not_be_read_are_not_the_starter_set(tmp_path):
    state = tmp_path / "state"
    assert usewear(state, "db", "status").returncode == 0
    state.chmod(0o700)

    def become_nobody():
        os.setgroups([])
        os.setresgid(65534, 65534, 65534)
        os.setresuid(65534, 65534, 65534)

    tmp_path.chmod(0o755)
    run = usewear(state, "db", "status", preexec_fn=become_nobody)
    assert run.returncode == 2 and not run.stdout
    assert "Permission denied" in run.stderr
