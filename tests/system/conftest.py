# SPDX-License-Identifier: Apache-2.0
"""What the tests of the database share. The program under test is $USEWEAR, else build/usewear of this source tree."""
import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    """A state folder with the starter set, made once; to be copied."""
    state = tmp_path_factory.mktemp("template") / "state"
    subprocess.run([os.environ.get("USEWEAR", ROOT / "build/usewear"), "db", "status", "--state", state], check=True,
                   stdout=subprocess.DEVNULL)
    return state
