# SPDX-License-Identifier: Apache-2.0
"""The usewear-download of the packages is built, and asks for no library but libcurl and libc."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2]


def test_it_is_built_for_any_distribution(tmp_path):
    if not shutil.which("readelf"):
        pytest.skip("needs readelf")
    program = tmp_path / "usewear-download"
    done = subprocess.run([SOURCE / "tools/release/download", os.uname().machine, program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    listed = subprocess.run(["readelf", "-dVW", program], capture_output=True, text=True, check=True).stdout
    assert set(re.findall(r"NEEDED.*\[(.*)\]", listed)) == {"libcurl.so.4", "libc.so.6"}
    assert "CURL_OPENSSL_4" not in listed, "other distributions' libcurl has no such version"
    said = subprocess.run([program], capture_output=True, text=True, check=False)
    assert said.returncode not in (127, -11) and "symbol" not in said.stderr, said.stderr
