# SPDX-License-Identifier: Apache-2.0
"""A soak that cannot fail proves nothing: with a leak planted in the watch it has to say so. By `make soak`."""

import os
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@pytest.mark.parametrize("what, grows", [("descriptors", "descriptors grows"), ("memory", "watch MiB grows")])
def test_a_planted_leak_is_found(what, grows):
    done = subprocess.run([Path(__file__).parent / "run", "--minutes", "1.5", "--sleepers", "50", "--plant", what], capture_output=True,
                          text=True, check=False)
    assert done.returncode == 1 and f"FAILED: {grows}" in done.stdout, done.stdout[-4000:] + done.stderr
