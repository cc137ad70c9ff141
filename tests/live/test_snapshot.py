# SPDX-License-Identifier: Apache-2.0
"""The snapshot says what /proc/PID/maps says, for processes older than the sensor too."""
import pathlib
import subprocess

import pytest

from stream import needs_root
from whole import needs_host_pids

pytestmark = [needs_root, needs_host_pids]


def executable_maps(pid):
    found = set()
    for line in pathlib.Path(f"/proc/{pid}/maps").read_text(encoding="utf-8").splitlines():
        addresses, rights, offset, _, inode, *path = line.split(None, 5)
        if "x" in rights and inode != "0":
            start, end = (int(x, 16) for x in addresses.split("-"))
            found.add((start, end, int(offset, 16), int(inode), path[0]))
    return found


@pytest.fixture
def snapshot(usewear):
    program = pathlib.Path(usewear).parent / "tests" / "live-snapshot"
    if not program.exists():
        pytest.skip("built without tests")

    def take():
        done = subprocess.run([program], capture_output=True, text=True, check=False, errors="replace")
        if done.returncode == 3:
            pytest.skip("no task_vma iterator: " + done.stdout.strip())
        assert done.returncode == 0
        processes = {}
        for line in done.stdout.splitlines():
            pid, addresses, offset, inode, start_time, path = line.split(" ", 5)
            start, end = (int(x, 16) for x in addresses.split("-"))
            processes.setdefault(int(pid), set()).add(
                ((start, end, int(offset, 16), int(inode), path), int(start_time)))
        return processes
    return take


def test_agrees_with_maps(snapshot, steered, library):
    one, two = steered(), steered()
    one.do(f"dlopen {library}")
    two.do(f"map-deleted {library}")
    two.do("memfd code")
    processes = snapshot()
    for process in one, two:
        assert {m for m, _ in processes[process.pid]} == executable_maps(process.pid)
        with open(f"/proc/{process.pid}/stat", encoding="ascii") as f:
            ticks = int(f.read().rsplit(")", 1)[1].split()[19])
        for _, start in processes[process.pid]:
            assert abs(start // 10_000_000 - ticks) <= 1
    names = {m[4] for m, _ in processes[two.pid]}
    assert f"{library} (deleted)" in names
    assert "/memfd:code (deleted)" in names


def test_leaves_nothing_out(snapshot):
    processes = snapshot()
    others = 0
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) not in processes:
            continue
        try:
            now = executable_maps(entry.name)
        except OSError:
            continue
        others += bool({m for m, _ in processes[int(entry.name)]} & now)
    assert others >= 2
