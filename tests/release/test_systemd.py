# SPDX-License-Identifier: Apache-2.0
"""The service as it comes, under the systemd of a Debian 12 that boots in qemu from a disk: installed, started, looked
at, reloaded, removed."""

import contextlib
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from test_packages import packages  # noqa: F401  a fixture

SOURCE = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "tests/kernel"))
import debian  # noqa: E402
import kernels  # noqa: E402
import machine  # noqa: E402

NUMBERS = {"CAP_KILL": 5, "CAP_PERFMON": 38, "CAP_BPF": 39, "CAP_SYS_PTRACE": 19, "CAP_DAC_READ_SEARCH": 2,
           "CAP_CHECKPOINT_RESTORE": 40, "CAP_SETUID": 7, "CAP_SETGID": 6}
OWN = {"CAP_BPF", "CAP_PERFMON", "CAP_KILL"}
WORKERS = {"CAP_SYS_PTRACE", "CAP_DAC_READ_SEARCH", "CAP_CHECKPOINT_RESTORE"}
UNIT = """[Service]
Type=idle
ExecStart=/bin/bash /root/try.sh
[Install]
WantedBy=multi-user.target
"""
DISK, BOOT_S = "2G", 900

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def run(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout[-2000:] + done.stderr[-2000:]


@pytest.fixture(scope="module")
def told(packages, tmp_path_factory):  # noqa: F811
    for program in "debootstrap", "qemu-system-x86_64", "mke2fs":
        if not shutil.which(program):
            pytest.skip(f"needs {program}")
    if ".deb" not in packages:
        pytest.skip("needs dpkg-deb")
    kernel = kernels.get_kernel("6.1")
    if isinstance(kernel, str):
        pytest.skip(f"Debian 12's kernel cannot be had: {kernel}")
    root = tmp_path_factory.mktemp("systemd") / "root"
    cache = debian.CACHE / "debootstrap"
    cache.mkdir(parents=True, exist_ok=True)
    code, said = run("debootstrap", "--variant=minbase", "--include=systemd-sysv", f"--keyring={debian.KEYRING}",
                     f"--cache-dir={cache}", "bookworm", root, debian.mirror())
    if code:
        pytest.skip("no root of bookworm: " + said.strip().splitlines()[-1])
    shutil.copy(packages[".deb"][0], root / "root/usewear.deb")
    shutil.copy(Path(__file__).parent / "systemd.sh", root / "root/try.sh")
    units = root / "etc/systemd/system"
    (units / "try.service").write_text(UNIT)
    (units / "multi-user.target.wants").mkdir(exist_ok=True)
    (units / "multi-user.target.wants/try.service").symlink_to("../try.service")
    (units / "serial-getty@ttyS0.service").symlink_to("/dev/null")
    (root / "etc/machine-id").write_text("0123456789abcdef0123456789abcdef\n")  # else it would ask who it is
    shutil.rmtree(root / "var/cache/apt")
    image = root.parent / "disk"
    code, said = run("mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", "-d", root, image, DISK)
    assert code == 0, said
    shutil.rmtree(root)
    try:
        told = machine.run(kernel.image, "root=/dev/nvme0n1 rw rootwait systemd.show_status=0 loglevel=1",
                           ["-drive", f"file={image},if=none,id=disk,format=raw", "-device", "nvme,drive=disk,serial=1"],
                           seconds=BOOT_S)
        run("debugfs", "-R", f"dump /root/evidence.db {image.parent}/evidence.db", image)
        yield told
    finally:
        image.unlink()


def bits(names):
    return sum(1 << NUMBERS[name] for name in names)


def status(told, name):
    return dict(re.findall(r"^(\w+):\s*(.*)$", told.text(name), re.M))


def test_it_is_installed_but_not_started(told):
    assert told.rc("install") == 0, told.text("install.err")
    assert told.text("enabled.out").strip() == "disabled"
    assert told.text("idle.out").strip() == "inactive"


def test_it_starts_looks_and_lives(told):
    assert told.rc("start") == 0, told.text("start.err")
    journal = told.text("journal.out")
    looks = [json.loads(line) for line in journal.splitlines() if line.startswith("{")]
    assert len(looks) >= 4, journal
    assert all(look["processes"] > 5 and look["roots"] >= 1 for look in looks)
    assert "no events" not in journal, journal
    assert told.rc("reload") == 0 and told.text("still.out").strip() == "active"
    shown = dict(line.split("=", 1) for line in told.text("show.out").splitlines() if "=" in line)
    assert shown["NRestarts"] == "0" and shown["Result"] == "success", shown


def test_each_process_has_only_its_rights(told):
    own = status(told, "watch.status")
    everything = set(NUMBERS)
    assert int(own["CapEff"], 16) == bits(OWN)
    assert int(own["CapPrm"], 16) == int(own["CapBnd"], 16) == bits(everything)
    assert own["NoNewPrivs"] == "1" and own["Seccomp"] == "2"
    workers = [status(told, name) for name in told.files if re.fullmatch(r"worker-\d+\.status", name)]
    assert workers
    for rights in workers:
        assert rights["Uid"].split() == ["65534"] * 4
        assert int(rights["CapPrm"], 16) == int(rights["CapEff"], 16) == bits(WORKERS)


def test_it_knows_what_stays_and_what_has_ended(told, tmp_path_factory):
    path, = {found.resolve() for found in tmp_path_factory.getbasetemp().glob("systemd*/evidence.db")}
    with contextlib.closing(sqlite3.connect(path)) as db:
        used = set(db.execute("SELECT DISTINCT w.text, p.name FROM evidence e JOIN name w ON w.id = e.workload "
                              "JOIN package p ON p.key = e.package"))
    assert ("systemd:stays.service", "coreutils") in used and ("systemd:ended.service", "perl-base") in used, used
    report = json.loads(told.text("report.out"))
    assert report["schema"] == "usewear/findings/1"
    assert report["funnel"]["packages"]["loaded"] > 10
    assert told.text("modes.out").splitlines()[0].startswith("700 root")
    assert all(line.startswith(("600 root", "700 root")) for line in told.text("modes.out").splitlines()), told.text("modes.out")


def test_systemd_calls_its_exposure_low(told):
    exposure = float(re.search(r"exposure level for usewear\.service: ([\d.]+)", told.text("security.out")).group(1))
    assert exposure <= 3.5, told.text("security.out")


def test_doctor_beside_it_has_nothing_to_mend(told):
    assert told.rc("doctor") == 0
    doctor = json.loads(told.text("doctor.out"))
    assert {hook["event"] for hook in doctor["hooks"] if hook["state"] == "serving"} == {"exec", "fork", "exit", "map", "listen",
                                                                                        "connect"}
    assert doctor["missing"] == []


def test_removing_stops_it_and_purging_takes_its_history(told):
    assert told.rc("remove") == 0, told.text("remove.err")
    assert told.text("stopped.out").strip() == "inactive"
    assert told.rc("kept") == 0
    assert told.rc("purge") == 0, told.text("purge.err")
    assert not told.text("left.out").strip()
