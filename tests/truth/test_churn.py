# SPDX-License-Identifier: Apache-2.0
"""Looks at processes that make and drop code at full speed: no crash, no wrong answer, and the process survives.

USEWEAR_CHURN says for how many seconds each interpreter is looked at (default 3)."""

import json
import os
import subprocess
import time

import pytest
from judge import PROGRAM, interpreters, last_part, start

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: reads the memory of other processes")


@pytest.mark.parametrize("interpreter", interpreters(), ids=str)
def test_churn(interpreter, tmp_path):
    process = start(interpreter, "plain", "churn", "", tmp_path)
    pid = process.stdout.readline().split()[1]
    end = time.monotonic() + float(os.environ.get("USEWEAR_CHURN", 3))
    looks = 0
    while time.monotonic() < end or not looks:
        done = subprocess.run([PROGRAM, "functions", pid, "--json", "--state", tmp_path], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        report = json.loads(done.stdout)
        assert not report["losses"]
        if interpreter.free_threaded:
            break
        answers = {last_part(f["name"]): f["answer"] for f in report["functions"] if f["file"] == "<string>"}
        for n in range(100):
            assert answers[f"ran_{n}"] == ("yes" if interpreter.minor != 12 else answers[f"ran_{n}"])
            assert answers[f"ran_{n}"] != "not_observed"
            assert answers[f"never_{n}"] != "yes"
        # Three methods of each class run at most; a class is seen while it is made, never wrongly as run.
        assert not [f for f in report["functions"] if f["answer"] == "yes" and "C.m" in f["name"] and
                    last_part(f["name"]) not in ("m1", "m2")]
        looks += 1
    assert process.poll() is None
    process.kill()
    process.communicate()
    print(f"{interpreter}: {looks} looks")
