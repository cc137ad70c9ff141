# SPDX-License-Identifier: Apache-2.0
"""Looks at processes that make and drop code at full speed: no crash, no wrong answer, and the process survives.

USEWEAR_CHURN says for how many seconds each interpreter is looked at (default 3)."""

import json
import os
import subprocess
import time

import pytest
from judge import PROGRAM, Follow, interpreters, last_part, start

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: reads the memory of other processes")


def check(functions, before, after):
    """Each is (file, name, answer, reason); so many late ones had run before the look, and so many behind it."""
    answers = {last_part(name): answer for file, name, answer, _ in functions if file.endswith("stay.py")}
    reasons = {reason for file, _, answer, reason in functions if file.endswith("stay.py") and answer == "unknown"}
    assert not reasons
    assert len(answers) >= 2200
    for n in range(100):
        assert answers[f"ran_{n}"] == "yes"
        assert answers[f"never_{n}"] == "not_observed"
    for n in range(before):
        assert answers[f"late_{n}"] == "yes"
    for n in range(after + 1, 2000):
        assert answers[f"late_{n}"] == "not_observed"
    # Three methods of each class run at most; a class is seen while it is made, never wrongly as run.
    assert not [name for file, name, answer, _ in functions
                if file == "<string>" and answer == "yes" and "C.m" in name and last_part(name) not in ("m1", "m2")]


def first_look(pid, folder):
    done = subprocess.run([PROGRAM, "functions", pid, "--json", "--state", folder], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert not report["losses"]
    return [(f["file"], f["name"], f["answer"], f.get("reason")) for f in report["functions"]]


@pytest.mark.parametrize("interpreter", interpreters(), ids=str)
def test_churn(interpreter, tmp_path):
    process = start(interpreter, "plain", "churn", "", tmp_path)
    pid = process.stdout.readline().split()[1]
    progress = interpreter.work(tmp_path) / "progress"
    end = time.monotonic() + float(os.environ.get("USEWEAR_CHURN", 3))
    first = later = 0
    with Follow(pid) as follow:
        while time.monotonic() < end or not later:
            anew = later >= 5 * first
            before = int(progress.read_text())
            functions = first_look(pid, tmp_path) if anew else follow.look()
            if interpreter.free_threaded:
                break
            check(functions, before, int(progress.read_text()))
            first += anew
            later += not anew
            time.sleep(0.1)
    assert process.poll() is None
    process.kill()
    process.communicate()
    print(f"{interpreter}: {first} first looks, {later} later ones")
