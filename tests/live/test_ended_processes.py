# SPDX-License-Identifier: Apache-2.0
"""What processes used that were gone before anybody could look at them."""

import subprocess

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
