# SPDX-License-Identifier: Apache-2.0
"""/proc with hidepid: who may look past it sees all, who may not says nothing of what it could not see."""
import contextlib
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from whole import PROGRAM, Victim, Watch, needs, needs_root

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
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        program, state = folder / "usewear", folder / "state"
        shutil.copy(PROGRAM, program)
        state.mkdir()
        os.chown(state, 65534, 65534)
        done = subprocess.run([*mounted("hidepid=2"), "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", program, "scan",
                               "--json", "--state", state], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert any("hidepid" in limit for limit in report["limits"]), report["limits"]
    packages = report["funnel"]["packages"]
    assert packages["unknown"] + packages["loaded"] == packages["installed"], packages
