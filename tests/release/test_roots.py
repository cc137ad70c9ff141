# SPDX-License-Identifier: Apache-2.0
"""The release file alone in a foreign root: releases of Debian and Ubuntu, one with musl, one with nothing at all."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "tests/kernel"))
import debian  # noqa: E402

ARCH = os.uname().machine
SUITES = ["bullseye", "bookworm", "trixie", "sid", *debian.UBUNTU]

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@pytest.fixture(scope="module")
def program():
    subprocess.run([SOURCE / "tools/release/build"], check=True, capture_output=True)
    return SOURCE / f"dist/usewear-{ARCH}"


@contextlib.contextmanager
def mounted(root, *kinds):
    made = []
    try:
        for kind in kinds:
            point = root / {"proc": "proc", "sysfs": "sys"}[kind]
            point.mkdir(exist_ok=True)
            subprocess.run(["mount", "-t", kind, kind, point], check=True)
            made.append(point)
        yield
    finally:
        for point in reversed(made):
            subprocess.run(["umount", point], check=True)


def inside(root, *words):
    return subprocess.run([shutil.which("chroot"), root, "/usewear", *words], capture_output=True, text=True, check=False, timeout=120,
                          env={"PATH": "/usr/bin:/bin", "USEWEAR_STATE": "/state"})


def assert_works(root):
    doctor = inside(root, "doctor", "--json")
    assert doctor.returncode == 0, doctor.stderr
    report = json.loads(doctor.stdout)
    assert report["kernel"]["release"] == os.uname().release
    scan = inside(root, "scan", "--json")
    assert scan.returncode == 0, scan.stderr
    return report, json.loads(scan.stdout)


@pytest.fixture(scope="session")
def bootstrap(tmp_path_factory):
    """bootstrap(suite): a fresh minimal root of that release, one for all tests."""
    if not shutil.which("debootstrap"):
        pytest.skip("needs debootstrap")
    made = {}

    def make(suite):
        if suite in made:
            return made[suite]
        root = tmp_path_factory.mktemp(suite)
        root.chmod(0o755)
        cache = debian.CACHE / "debootstrap"
        cache.mkdir(parents=True, exist_ok=True)
        keyring, archive = debian.source(suite, "amd64")
        # All of Ubuntu's are made alike, and a debootstrap may be older than the release.
        script = ["jammy"] if suite in debian.UBUNTU else []
        done = subprocess.run(["debootstrap", "--variant=minbase", f"--keyring={keyring}", f"--cache-dir={cache}", suite, root, archive,
                               *(f"/usr/share/debootstrap/scripts/{name}" for name in script)],
                              capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"no root of {suite}: " + (done.stderr or done.stdout).strip().splitlines()[-1])
        made[suite] = root
        return root
    yield make
    for root in made.values():
        shutil.rmtree(root)


@pytest.mark.parametrize("suite", SUITES)
def test_distribution(suite, bootstrap, program):
    root = bootstrap(suite)
    shutil.copy(program, root / "usewear")
    with mounted(root, "proc", "sysfs"):
        _, findings = assert_works(root)
        version = inside(root, "--version")
    assert version.stdout.startswith("usewear ")
    assert findings["host"]["kernel"] == os.uname().release
    assert findings["funnel"]["packages"]["installed"] > 50


def test_musl(tmp_path, program):
    """A root whose only C library is musl, with a program in it that uses it."""
    try:
        package = debian.Release("bookworm").fetch("musl")
    except debian.NotToBeHad as e:
        pytest.skip(str(e))
    if not shutil.which("busybox"):
        pytest.skip("needs busybox-static")
    debian.unpack(package, tmp_path)
    (tmp_path / "bin").mkdir()
    shutil.copy(shutil.which("busybox"), tmp_path / "bin/busybox")
    shutil.copy(program, tmp_path / "usewear")
    assert list(tmp_path.glob("lib/ld-musl-*"))
    with mounted(tmp_path, "proc", "sysfs"):
        assert_works(tmp_path)


def test_empty_root_with_proc(tmp_path, program):
    shutil.copy(program, tmp_path / "usewear")
    with mounted(tmp_path, "proc", "sysfs"):
        report, _ = assert_works(tmp_path)
    assert any(hook["state"] == "serving" for hook in report["hooks"]) or report["events_error"]


@pytest.mark.parametrize("folders", [[], ["proc", "sys"]])
def test_empty_root_without_anything(tmp_path, program, folders):
    """Without /proc nothing can be looked at, nor where it is only a folder: said in one line, not a crash."""
    shutil.copy(program, tmp_path / "usewear")
    for folder in folders:
        (tmp_path / folder).mkdir()
    assert inside(tmp_path, "--version").returncode == 0
    scan = inside(tmp_path, "scan")
    assert scan.returncode == 2 and "/proc" in scan.stderr, scan.stdout + scan.stderr
