# SPDX-License-Identifier: Apache-2.0
"""deploy/packages: the .deb and the .rpm install, work, say how they are used, and go without a trace."""

import gzip
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2]
ARCH = os.uname().machine
STATE = "var/lib/usewear"

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


@pytest.fixture(scope="module")
def packages():
    """The paths of what was packed, by their ending."""
    run("tools/release/build", cwd=SOURCE)
    return {Path(line).suffix: SOURCE / line for line in run("deploy/packages", cwd=SOURCE).split() if line.startswith("dist/")}


def tree(root):
    return {str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir() or path.is_symlink()}


def assert_complete(root, zsh):
    program = root / "usr/bin/usewear"
    assert run(program, "--version").startswith("usewear ")
    commands = re.findall(r"^  ([a-z]+) +\S", run(program, "--help"), re.M)
    commands.remove("usewear") if "usewear" in commands else None
    assert len(commands) > 5
    for name in ["usewear", *(f"usewear-{command}" for command in commands)]:
        page = gzip.decompress((root / f"usr/share/man/man1/{name}.1.gz").read_bytes())
        assert name.encode().replace(b"-", rb"\-") in page
    for path in ("usr/lib/systemd/system/usewear.service", "usr/share/doc/usewear/copyright",
                 "usr/share/bash-completion/completions/usewear", f"{zsh}/_usewear",
                 "usr/share/fish/vendor_completions.d/usewear.fish"):
        assert (root / path).stat().st_size > 0


def test_deb(packages, tmp_path):
    """Into a root of its own: dpkg's files and shell come from here, by a chroot without anything else."""
    if ".deb" not in packages or not shutil.which("busybox"):
        pytest.skip("needs dpkg-deb and busybox-static")
    root = tmp_path / "root"
    for folder in ("bin", "var/lib/dpkg/info", "var/lib/dpkg/updates", "var/log", STATE, "tmp"):
        (root / folder).mkdir(parents=True)
    (root / "var/lib/dpkg/status").touch()
    (root / "var/lib/dpkg/available").touch()
    shutil.copy(shutil.which("busybox"), root / "bin/sh")
    for name in ("rm", "rmdir"):
        (root / f"bin/{name}").symlink_to("sh")
    (root / STATE / "evidence.db").write_text("kept until purged")
    before = tree(root)
    dpkg = ["dpkg", f"--root={root}", "--force-not-root", "--no-triggers"]
    run(*dpkg, "--install", packages[".deb"])
    assert_complete(root, "usr/share/zsh/vendor-completions")
    assert "Status: install ok installed" in (root / "var/lib/dpkg/status").read_text()
    run(*dpkg, "--remove", "usewear")
    assert (root / STATE / "evidence.db").exists(), "the history is the user's until he purges it"
    run(*dpkg, "--purge", "usewear")
    left = {path for path in tree(root) - before if not path.startswith(("var/lib/dpkg", "var/log"))}
    assert not left and not (root / STATE).exists()


def test_rpm(packages, tmp_path):
    if ".rpm" not in packages:
        pytest.skip("needs rpmbuild")
    root = tmp_path / "root"
    (root / "bin").mkdir(parents=True)
    if not shutil.which("busybox"):
        pytest.skip("needs busybox-static")
    shutil.copy(shutil.which("busybox"), root / "bin/sh")
    rpm = ["rpm", f"--root={root}", "--nodeps"]
    run("rpm", f"--root={root}", "--initdb")
    before = tree(root)
    run(*rpm, "--install", packages[".rpm"])
    assert_complete(root, "usr/share/zsh/site-functions")
    assert "usewear" in run("rpm", f"--root={root}", "-qa")
    run(*rpm, "--erase", "usewear")
    assert not {path for path in tree(root) - before if "rpm" not in path}


def test_packing_again_gives_the_same_deb(packages):
    if ".deb" not in packages:
        pytest.skip("needs dpkg-deb")
    first = packages[".deb"].read_bytes()
    run("deploy/packages", cwd=SOURCE)
    assert packages[".deb"].read_bytes() == first
