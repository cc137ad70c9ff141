# SPDX-License-Identifier: Apache-2.0
"""Which machine it is, where Usewear does not run in the machine's own root."""
import hashlib
import json
import shutil
import subprocess

from stream import needs_root


@needs_root
def test_the_machine_is_that_of_pid_1(usewear, victim, tmp_path):
    """As in a container with the host's pids: its own root has another name for the machine, or none."""
    root = tmp_path / "root"
    (root / "etc").mkdir(parents=True)
    (root / "etc/machine-id").write_text("f" * 32 + "\n")
    (root / "etc/os-release").write_text('NAME=Another\nPRETTY_NAME="Another Linux 1"\n')
    shutil.copy(victim("waiting", flags=["-static"]), root / "waiting")
    script = """(
        until [ -e /proc/1/root/waiting ]; do sleep 0.1; done
        "$0" scan --json --state "$1/state"
        echo END
    ) </dev/null & exec chroot "$1/root" /waiting >/dev/null"""
    process = subprocess.Popen(["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", script, usewear, tmp_path],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    said = "".join(iter(process.stdout.readline, "END\n"))
    process.stdin.close()
    process.wait(60)
    host = json.loads(said)["host"]
    assert host["os"] == "Another Linux 1"
    assert host["id"] == hashlib.sha256(b"usewear:" + b"f" * 32).hexdigest()
