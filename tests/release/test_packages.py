# SPDX-License-Identifier: Apache-2.0
"""deploy/packages: the .deb and the .rpm install, work, say how they are used, and go without a trace."""

import contextlib
import gzip
import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from test_roots import bootstrap, mounted  # noqa: F401  a fixture

SOURCE = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "tests/system"))
from bucket import Bucket  # noqa: E402

ARCH = os.uname().machine
STATE = "var/lib/usewear"
DOWNLOAD = "usr/libexec/usewear/usewear-download"

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


@pytest.fixture(scope="module")
def packages():
    """The paths of what was packed by their ending: the program, and what fetches advisories for it."""
    run("tools/release/build", cwd=SOURCE)
    found = {}
    for line in run("deploy/packages", cwd=SOURCE).split():
        if line.startswith("dist/"):
            found.setdefault(Path(line).suffix, []).append(SOURCE / line)
    assert all([path.name.startswith("usewear-download") for path in both] == [False, True] for both in found.values())
    return found


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
    program, download = packages[".deb"]
    run(*dpkg, "--install", program)
    run(*dpkg, "--force-depends", "--install", download)
    assert os.access(root / DOWNLOAD, os.X_OK)
    assert_complete(root, "usr/share/zsh/vendor-completions")
    assert "Status: install ok installed" in (root / "var/lib/dpkg/status").read_text()
    run(*dpkg, "--remove", "usewear")
    assert (root / STATE / "evidence.db").exists(), "the history is the user's until he purges it"
    assert "usewear-download" in run(*dpkg, "--get-selections")
    run(*dpkg, "--purge", "usewear", "usewear-download")
    left = {path for path in tree(root) - before if not path.startswith(("var/lib/dpkg", "var/log"))}
    assert not left and not (root / STATE).exists()


def test_rpm(packages, tmp_path):
    if ".rpm" not in packages:
        pytest.skip("needs rpmbuild")
    scripts = run("rpm", "-qp", "--nosignature", "--scripts", packages[".rpm"][0])
    assert "try-restart usewear.service" in scripts.split("postuninstall")[1], "an upgrade leaves the old program running"
    root = tmp_path / "root"
    (root / "bin").mkdir(parents=True)
    if not shutil.which("busybox"):
        pytest.skip("needs busybox-static")
    shutil.copy(shutil.which("busybox"), root / "bin/sh")
    rpm = ["rpm", f"--root={root}", "--nodeps"]
    run("rpm", f"--root={root}", "--initdb")
    before = tree(root)
    run(*rpm, "--install", *packages[".rpm"])
    assert os.access(root / DOWNLOAD, os.X_OK)
    assert_complete(root, "usr/share/zsh/site-functions")
    assert "usewear" in run("rpm", f"--root={root}", "-qa")
    run(*rpm, "--erase", "usewear", "usewear-download")
    assert not {path for path in tree(root) - before if "rpm" not in path}


RECORD = {"id": "DSA-1-1", "modified": "2026-01-01T00:00:00Z", "affected": [
    {"package": {"ecosystem": "Debian:12", "name": "src"}, "ranges": [
        {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2"}]}]}]}


@pytest.mark.parametrize("suite", ["bookworm", "trixie"])
def test_apt_installs_both_and_advisories_can_be_fetched(packages, bootstrap, suite, tmp_path):  # noqa: F811
    """With libcurl as that release has it."""
    if ".deb" not in packages:
        pytest.skip("needs dpkg-deb")
    root = bootstrap(suite)
    for package in packages[".deb"]:
        shutil.copy(package, root / "tmp")
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}

    def inside(*words):
        return run(shutil.which("chroot"), root, *words, env=environment)

    bucket = Bucket(tmp_path / "bucket")
    bucket.put("Debian", {"DSA-1-1": ("2026-01-01T00:00:00.5Z", RECORD)})
    with contextlib.closing(bucket), mounted(root, "proc", "sysfs"):
        inside("apt-get", "update", "-q")
        inside("apt-get", "install", "-q", "-y", "--no-install-recommends", *(f"/tmp/{path.name}" for path in packages[".deb"]))
        assert inside("usewear", "--version").startswith("usewear ")
        assert "1 imported" in inside("usewear", "db", "update", "--url", bucket.url, "Debian")
        inside("apt-get", "purge", "-q", "-y", "usewear", "usewear-download")
    assert not (root / "usr/bin/usewear").exists() and not (root / "usr/libexec/usewear").exists()
    assert not (root / STATE).exists()


def test_packing_again_gives_the_same_debs(packages):
    if ".deb" not in packages:
        pytest.skip("needs dpkg-deb")
    # Times come from the last commit, which somebody may make meanwhile.
    now = {**os.environ, "SOURCE_DATE_EPOCH": "1700000000"}
    packed = []
    for _ in range(2):
        run("deploy/packages", cwd=SOURCE, env=now)
        packed.append([hashlib.sha256(path.read_bytes()).hexdigest() for path in packages[".deb"]])
    assert packed[0] == packed[1]
