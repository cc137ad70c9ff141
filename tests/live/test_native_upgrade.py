# SPDX-License-Identifier: Apache-2.0
"""dpkg installs zlib again, and then a later version of it, while its functions are watched: who has mapped the old file
runs on with it, who starts afterwards is watched in the new one, and no breakpoint stays in either."""

import os
import re
import shutil
import subprocess

import pytest
from native import HERE, Service, compile_c, naming
from test_native_files import text_pages
from whole import Watch, findings, needs, needs_host_pids, needs_root, release, usewear, wait_until

pytestmark = [needs_root, needs("dpkg", "dpkg-deb", "apt-get")]
PROGRAM = "/usr/bin/late"


def run(*words, **options):
    return subprocess.run(words, check=True, capture_output=True, text=True, **options).stdout


@pytest.fixture(scope="module")
def debs(tmp_path_factory):
    """The package that the archive has, and the same under a later version."""
    folder = tmp_path_factory.mktemp("debs")
    folder.chmod(0o755)
    done = subprocess.run(["apt-get", "download", "zlib1g"], cwd=folder, capture_output=True, text=True)
    found = list(folder.glob("zlib1g_*.deb"))
    if done.returncode or not found:
        pytest.skip("apt-get could not download zlib1g: " + done.stderr.strip().splitlines()[-1])
    run("dpkg-deb", "-R", found[0], folder / "tree")
    control = folder / "tree/DEBIAN/control"
    control.write_text(re.sub(r"^(Version: .*)$", r"\1+later1", control.read_text(), flags=re.M))
    run("dpkg-deb", "--root-owner-group", "-b", folder / "tree", folder / "later.deb")
    return found[0], folder / "later.deb"


def install(root, package):
    run("dpkg", f"--root={root}", "--force-depends", "--force-unsafe-io", "-i", package)


@pytest.fixture
def root(tmp_path, debs):
    made = tmp_path / "root"
    for folder in ("var/lib/dpkg/info", "var/lib/dpkg/updates", "etc", "usr/bin", "usr/lib", "usr/sbin", "tmp"):
        (made / folder).mkdir(parents=True)
    for folder in ("bin", "lib", "sbin"):
        (made / folder).symlink_to(f"usr/{folder}")
    (made / "var/lib/dpkg/status").touch()
    shutil.copy("/etc/os-release", made / "etc/os-release")
    compile_c(made / PROGRAM[1:], HERE / "victims/native_late.c", "-D_GNU_SOURCE", "-ldl")
    shutil.copy(shutil.which("sh"), made / "usr/bin/sh")
    for word in run("ldd", made / PROGRAM[1:]).split():
        if word.startswith("/"):
            (made / word[1:]).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(word, made / word[1:])
    install(made, debs[0])
    return made


def library(root):
    return next("/" + str(path.relative_to(root)) for path in root.glob("**/libz.so.1"))


def of(state, service, name):
    """Its findings, one for each version that the workload was seen with."""
    return [f for f in findings(state, "report")["findings"] if f["id"] == f"GO-TEST-{name}" and f["workload"]
            and f["workload"]["id"] == service.workload]


def reached(state, service, name):
    return wait_until(lambda: [f for f in of(state, service, name) if f["level"] == "reached"])[0]


@needs_host_pids
def test_upgrade_while_armed(tmp_path, root, debs):
    state, path = tmp_path / "state", library(root)
    (tmp_path / "advisories").mkdir()
    for name in ("adler32_combine", "crc32_combine_gen64"):
        naming(tmp_path / f"advisories/{name}.json", "zlib", [("libz.so.1", name)], release(), identifier=f"GO-TEST-{name}")
    usewear(state, "db", "import", str(tmp_path / "advisories"))

    def start(name):
        return Service(name, "chroot", root, PROGRAM, env={"PATH": os.environ["PATH"]})
    with start("usewear-test-old") as old:
        assert old.tell(f"open {path}") == "open 1\n"
        clean = text_pages(old.process.pid, "libz.so.1")
        with Watch(state) as watch:
            wait_until(lambda: text_pages(old.process.pid, "libz.so.1") != clean)
            inode = os.stat(f"{root}{path}").st_ino
            for package in (debs[0], debs[1]):
                install(root, package)
                assert old.tell("call crc32_combine_gen64") == "call 1\n"
            assert os.stat(f"{root}{path}").st_ino != inode
            with start("usewear-test-new") as new:
                assert new.tell(f"open {path}") == "open 1\n"
                wait_until(lambda: text_pages(new.process.pid, "libz.so.1") != clean)
                # What is installed is read again before the new file is taken for anybody's.
                assert new.tell("call adler32_combine") == "call 1\n"
                found = reached(state, new, "adler32_combine")
                assert found["package"]["version"].endswith("+later1") and not found["stale"]
                assert {f["package"]["version"] for name in ("adler32_combine", "crc32_combine_gen64")
                        for f in of(state, new, name)} == {found["package"]["version"]}
                # Without debug information silence tells nothing.
                assert {f["reached"]["answer"] for f in of(state, new, "crc32_combine_gen64")} == {"unknown"}
                watch.look()  # a hit is told at once, what became of its file with the next look
                stale = reached(state, old, "crc32_combine_gen64")
                assert stale["stale"] and not stale["package"]["version"].endswith("+later1")
                assert all(f["level"] != "reached" for f in of(state, old, "adler32_combine"))
                assert watch.stop() == 0
                assert text_pages(new.process.pid, "libz.so.1") == clean
        assert text_pages(old.process.pid, "libz.so.1") == clean
        assert old.tell("call adler32_combine") == "call 1\n"
