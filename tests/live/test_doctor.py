# SPDX-License-Identifier: Apache-2.0
"""What doctor says of things that other machines have otherwise."""
import json
import os
import subprocess

import pytest
from stream import needs_root


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
    assert any("memlock" in one["what"] for one in doctor["missing"]) == old
