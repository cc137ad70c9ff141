# SPDX-License-Identifier: Apache-2.0
"""A package's library runs under another name: it is the package's code all the same."""

import os
import shutil
import sqlite3
import subprocess

import pytest
from native import HERE, Service, compile_c
from test_native_watch import answers, import_advisories, library_root
from whole import Watch, advisory, findings, installed, needs_root, overlay, release, usewear, wait_until

pytestmark = needs_root


@pytest.fixture
def root(tmp_path):
    made = library_root(tmp_path)
    compile_c(made / "late", HERE / "victims/native_late.c", "-D_GNU_SOURCE", "-ldl")
    (made / "srv").mkdir()
    import_advisories(tmp_path, tmp_path / "state")
    return made


def late(root, *before):
    return Service("usewear-test-copies", *before, "chroot", root, "/late",
                   env={"LD_LIBRARY_PATH": "/usr/lib", "PATH": os.environ["PATH"]})


def evidence(state, service, name="libvictim1", command="scan"):
    """Files that prove the package loaded in the workload."""
    return {e["subject"]: e for f in findings(state, command)["findings"] if f["package"]["name"] == name
            and f["workload"] and f["workload"]["id"] == service.workload
            for e in f["evidence"] if e["kind"] == "loaded"}


def copied(root):
    shutil.copy(root / "usr/lib/libvictim.so.1", root / "srv/other-name.so")


def linked(root):
    os.link(root / "usr/lib/libvictim.so.1", root / "srv/other-name.so")


def symbolic(root):
    (root / "srv/folder").symlink_to("/usr/lib")
    (root / "srv/other-name.so").symlink_to("folder/libvictim.so.1")


def stripped(root):
    copied(root)
    subprocess.run(["strip", root / "srv/other-name.so"], check=True)


@pytest.mark.parametrize("how", [copied, linked, symbolic, stripped])
def test_other_name(tmp_path, root, how):
    how(root)
    with late(root) as service:
        assert not evidence(tmp_path / "state", service)
        assert service.tell("open /srv/other-name.so") == "open 1\n"
        found = evidence(tmp_path / "state", service)
    assert found and not any(e["stale"] for e in found.values() if "stale" in e), found


def test_bind_mount(tmp_path, root):
    (root / "srv/other-name.so").touch()
    script = f"mount --make-rprivate / && mount --bind {root}/usr/lib/libvictim.so.1 {root}/srv/other-name.so && exec \"$@\""
    if subprocess.run(["unshare", "-m", "sh", "-c", script, "sh", "true"], stderr=subprocess.DEVNULL).returncode:
        pytest.skip("cannot mount in a namespace of its own")
    with late(root, "unshare", "-m", "sh", "-c", script, "sh") as service:
        assert service.tell("open /srv/other-name.so") == "open 1\n"
        assert evidence(tmp_path / "state", service)


def test_overlay(tmp_path, root):
    with overlay(tmp_path / "overlay", root) as merged:
        copied(merged)
        with late(merged) as service:
            assert service.tell("open /srv/other-name.so") == "open 1\n"
            assert list(evidence(tmp_path / "state", service)) == ["/srv/other-name.so"]


def test_memfd(tmp_path, root):
    """What a program unpacks into memory is the package's code, too."""
    (root / "proc").mkdir()
    script = f"mount --make-rprivate / && mount -t proc proc {root}/proc && exec \"$@\""
    if subprocess.run(["unshare", "-m", "sh", "-c", script, "sh", "true"], stderr=subprocess.DEVNULL).returncode:
        pytest.skip("cannot mount in a namespace of its own")
    with late(root, "unshare", "-m", "sh", "-c", script, "sh") as service:
        assert service.tell("memfd /usr/lib/libvictim.so.1") == "memfd 1\n"
        assert evidence(tmp_path / "state", service)


def test_another_build_is_not_it(tmp_path, root):
    """The same soname, another build-id: other code, and the package was not loaded."""
    compile_c(root / "srv/libvictim.so.1", HERE / "victims/native_library.c", "-shared", "-fPIC", "-O1",
              "-Wl,-soname,libvictim.so.1")
    with late(root) as service:
        assert service.tell("open /srv/libvictim.so.1") == "open 1\n"
        assert not evidence(tmp_path / "state", service)


def test_upgrade_that_changes_the_file_name(tmp_path, root):
    """libvictim.so.1.2 is gone and owned by nobody; libvictim.so.1 beside it still says whose it was."""
    lib = root / "usr/lib"
    (lib / "libvictim.so.1").rename(lib / "libvictim.so.1.2")
    (lib / "libvictim.so.1").symlink_to("libvictim.so.1.2")
    listed = root / "var/lib/dpkg/info/libvictim1:amd64.list"
    listed.write_text(listed.read_text() + "/usr/lib/libvictim.so.1.2\n")
    with late(root) as service:
        assert service.tell("open /usr/lib/libvictim.so.1") == "open 1\n"
        shutil.copy(lib / "libvictim.so.1.2", lib / "libvictim.so.1.3")
        (lib / "libvictim.so.1").unlink()
        (lib / "libvictim.so.1").symlink_to("libvictim.so.1.3")
        (lib / "libvictim.so.1.2").unlink()
        listed.write_text(listed.read_text().replace("so.1.2", "so.1.3"))
        usewear(tmp_path / "state", "scan")
    rows = sqlite3.connect(tmp_path / "state/evidence.db").execute(
        "SELECT p.text, e.stale FROM evidence AS e JOIN name AS p ON p.id = e.package"
        " JOIN name AS s ON s.id = e.subject WHERE s.text = '/usr/lib/libvictim.so.1.2'").fetchall()
    assert [stale for package, stale in rows if "|libvictim1|" in package] == [1], rows


def test_copy_of_the_hosts_library_in_a_chroot(tmp_path, root):
    """A folder with a program and copies of what it needs, without any package database."""
    source, _ = installed("zlib1g")
    library = next(p for p in subprocess.run(["dpkg", "-L", "zlib1g"], capture_output=True, text=True).stdout.split()
                   if "/libz.so.1." in p)
    state = tmp_path / "state"
    usewear(state, "db", "import", str(advisory(tmp_path / "zlib.json", source, "99:1", release())))
    shutil.rmtree(root / "var")
    shutil.copy(os.path.realpath(library), root / "srv/any.so")
    with late(root) as service:
        assert service.tell("open /srv/any.so") == "open 1\n"
        report = findings(state)
    found = [f for f in report["findings"] if f["package"]["name"] == "zlib1g" and f["package"]["root"] == "host"
             and f["workload"] and f["workload"]["id"] == service.workload]
    assert found and found[0]["loaded"]["answer"] == "yes"
    assert "/srv/any.so" in {e["subject"] for e in found[0]["evidence"]}


def test_copy_that_comes_and_goes_while_watched(tmp_path, root):
    state = tmp_path / "state"
    copied(root)
    with Watch(state) as watch, late(root) as service:
        assert service.tell("open /srv/other-name.so") == "open 1\n"
        watch.look()
        service.tell("close")
        found = evidence(state, service, command="report")
        assert watch.stop() == 0
    assert list(found) == ["/srv/other-name.so"]


@pytest.mark.usefixtures("silence")
def test_function_that_runs_in_a_copy(tmp_path, root):
    """The same one under the package's own name is silent, in the same process."""
    state = tmp_path / "state"
    copied(root)
    with Watch(state) as watch, late(root) as service:
        assert service.tell("open /usr/lib/libvictim.so.1") == "open 1\n"
        assert service.tell("open /srv/other-name.so") == "open 1\n"
        watch.look()
        wait_until(lambda: (a := answers(state, service)) and a["lib_called"]["reached"]["answer"] == "not_observed")
        assert service.tell("call lib_called") == "call 1\n"
        wait_until(lambda: (a := answers(state, service)) and a["lib_called"]["reached"]["answer"] == "yes" and
                   a["lib_never"]["reached"]["answer"] == "not_observed")
        assert watch.stop() == 0
