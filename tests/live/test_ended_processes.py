# SPDX-License-Identifier: Apache-2.0
"""What processes used that were gone before anybody could look at them."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from test_whole import xz_advisory  # noqa: F401  (a fixture)
from whole import Watch, findings, needs_host_pids, needs_root, wait_until


@needs_root
@needs_host_pids
def test_a_file_of_another_root_is_not_the_hosts(xz_advisory, victim, tmp_path):  # noqa: F811
    """Same path, same cgroup, another root: its use is a gap there, and no use of the host's package."""
    root = tmp_path / "root"
    (root / "usr/bin").mkdir(parents=True)
    program = root / "usr/bin/xz"
    program.write_bytes(open(victim("quiet", flags=("-static",)), "rb").read())
    program.chmod(0o755)
    pids = []

    def lost():
        run = subprocess.Popen(["chroot", root, "/usr/bin/xz"])
        run.wait()
        pids.append(run.pid)
        report = findings(xz_advisory, "report")
        return report if any("ended before they could be looked at" in loss["what"] for loss in report["losses"]) else None

    with Watch(xz_advisory, "--interval", "2"):
        report = wait_until(lost, 60)
    found = [f for f in report["findings"] if f["package"]["source"] == "xz-utils"]
    assert found
    assert not [e for f in found for e in f["evidence"] if e["pid"] in pids]


PROGRAM = os.environ.get("USEWEAR", str(Path(__file__).resolve().parents[2] / "build/usewear"))


@needs_root
@needs_host_pids
def test_a_process_that_ends_while_it_is_read_has_no_empty_list(tmp_path):
    """Killed at whatever moment: either it was read, or its end is told."""
    command = [sys.executable, "-c", "import json, sys; json.dumps({}); print('ready', flush=True); sys.stdin.read()"]
    seconds, ended = 60, 0
    for part in (4, 4, 4, *(n / 24 for n in range(1, 25))):
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout.readline() == "ready\n"
            begin = time.monotonic()
            with subprocess.Popen([PROGRAM, "functions", str(process.pid), "--json", "--state", tmp_path], text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE) as asked:
                if part <= 1:
                    time.sleep(part * seconds)
                    process.kill()
                out, err = asked.communicate()
            seconds = min(seconds, time.monotonic() - begin) if part > 1 else seconds
            process.kill()
        if asked.returncode == 0:
            assert json.loads(out)["functions"], (part, out[:300], err)
        else:
            assert (asked.returncode, out) == (2, ""), (part, err)
            assert str(process.pid) in err and len(err.splitlines()) == 1
            ended += 1
        assert part <= 1 or not ended  # nobody killed the first
    assert ended
