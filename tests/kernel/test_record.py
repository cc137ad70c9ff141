# SPDX-License-Identifier: Apache-2.0
"""What a run tells of the last one, the page that it writes, and that it boots nothing twice."""

import json
import subprocess
import sys
from pathlib import Path

from record import Record, growth
from written import page


def test_growth_is_told_from_a_fifth_on():
    before = {"exec_btf": 1000, "fork_btf": 100, "map_fentry": None, "gone": 5}
    now = {"exec_btf": 1201, "fork_btf": 120, "map_fentry": 50, "new": 7}
    assert growth("6.1", before, now) == ["exec_btf on 6.1: 1,000 → 1,201 instructions for the verifier"]


def test_a_run_replaces_what_was_known_of_its_kernels(tmp_path):
    path = tmp_path / "recorded.json"
    kept = {"rows": {"exec": "raw_tp"}, "instructions": {}, "release": "6.1.0", "package": "6.1"}
    path.write_text(json.dumps({"amd64": {"kernels": {"6.1": kept, "6.12": kept, "5.10": kept}, "missing": {}},
                                "arm64": {"kernels": {"6.1": kept}, "missing": {}}}))
    record = Record(path)
    record.note("6.1", "exec", "tp_btf")
    record.not_run("6.12", "no such package")
    record.kernel("6.1").update(release="6.1.1", package="6.1.1-1", instructions={"exec_btf": 151024, "sample_tick": None})
    written = page(record.write("amd64", ["6.1", "6.12"]))
    x86, arm = written.split("## x86-64")[1].split("## arm64")
    assert "| exec | raw_tp | tp_btf |" in x86 and "6.1.1-1" in x86 and "Not run: 6.12 (no such package)." in x86
    assert "| exec_btf | **not tested** | 151,024 |" in x86 and "| sample_tick | **not tested** | – |" in x86
    assert "| exec | raw_tp |" in arm
    assert "Not run" not in arm


def test_a_machine_that_is_silent_costs_no_column(tmp_path):
    record = Record(tmp_path / "recorded.json")
    record.note("6.12", "exec", "tp_btf")
    record.kernel("6.12").update(release="6.12.1", package="6.12")
    record.wrong("6.1", "the machine `basic` sent no results")
    record.wrong("6.1", "the machine `basic` sent no results")
    record.kernel("6.1").update(release="6.1.1", package="6.1")
    written = page(record.write("amd64", ["6.1", "6.12"]))
    assert "| exec | **not tested** | tp_btf |" in written
    assert written.count("Wrong on 6.1: the machine `basic` sent no results.") == 1 and "Wrong on 6.12" not in written


def test_an_architecture_without_a_run_is_said():
    one = {"rows": {"exec": "raw_tp"}, "instructions": {}, "release": "6.1.0", "package": "6.1"}
    x86, arm = page({"amd64": {"kernels": {"6.1": one}, "missing": {}}}).split("## arm64")
    assert "Not run" not in x86 and "Not run" in arm


def test_all_modules_share_the_machines():
    """A fixture that two modules import is set up for each of them, and this one boots every machine."""
    done = subprocess.run([sys.executable, "-m", "pytest", "-q", "--setup-plan", "-p", "no:cacheprovider", Path(__file__).parent],
                          capture_output=True, text=True, check=True)
    assert done.stdout.count("SETUP    S boots") == 1
