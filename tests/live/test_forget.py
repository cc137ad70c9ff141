# SPDX-License-Identifier: Apache-2.0
"""A file that nobody watches any more is told again by who maps it next."""
import pathlib
import shutil
import subprocess

import pytest

from stream import needs_root

pytestmark = needs_root


def test_a_forgotten_file_is_told_again(usewear, doctor, library, tmp_path):
    program = pathlib.Path(usewear).parent / "tests" / "live-forget"
    if not program.exists():
        pytest.skip("built without tests")
    if not any(hook["event"] == "map" and hook["state"] == "serving" for hook in doctor["hooks"]):
        pytest.skip("no hook tells mappings here")
    files = [shutil.copy(library, tmp_path / name) for name in ("file", "a", "b", "c")]
    done = subprocess.run([program, *files, usewear], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "1 0 1\n"), done.stdout + done.stderr
