# SPDX-License-Identifier: Apache-2.0
"""A stripped library whose debug information lies in a file of its own: found by build-id, by link and checksum, in a
cache of debuginfod; and not taken where it belongs to another file. With it silence means something."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from native import Service
from test_native_watch import answers, import_advisories, library_root
from whole import PROGRAM, Watch, needs, needs_root, wait_until

pytestmark = [needs_root, pytest.mark.usefixtures("silence"), needs("objcopy", "strip", "readelf")]


def split(library, debug, link):
    """Move the debug information into a file; `link` names it in the library."""
    debug.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["objcopy", "--only-keep-debug", library, debug], check=True)
    subprocess.run(["strip", library], check=True)
    if link:
        subprocess.run(["objcopy", f"--add-gnu-debuglink={debug}", library], check=True)


def build_id(library):
    return re.search(r"Build ID: (\w+)", subprocess.run(["readelf", "-n", library], capture_output=True, text=True,
                                                        check=True).stdout)[1]


def by_id(root, library, cache):
    name = build_id(library)
    split(library, root / f"usr/lib/debug/.build-id/{name[:2]}/{name[2:]}.debug", False)


def by_link(root, library, cache):
    split(library, root / "usr/lib/debug/usr/lib/libvictim.debug", True)


def beside(root, library, cache):
    split(library, library.parent / ".debug/libvictim.debug", True)


def by_cache(root, library, cache):
    split(library, cache / build_id(library) / "debuginfo", False)


def of_another(root, library, cache):
    """The name fits, the checksum does not."""
    by_link(root, library, cache)
    with open(root / "usr/lib/debug/usr/lib/libvictim.debug", "ab") as debug:
        debug.write(b"x")


@pytest.mark.parametrize("place, found", [(by_id, True), (by_link, True), (beside, True), (by_cache, True), (of_another, False)],
                         ids=lambda value: value.__name__ if callable(value) else "")
def test_debug_file(tmp_path, monkeypatch, place, found):
    state, cache = tmp_path / "state", tmp_path / "cache"
    monkeypatch.setenv("DEBUGINFOD_CACHE_PATH", str(cache))
    root = library_root(tmp_path, "-Wl,--build-id")
    place(root, root / "usr/lib/libvictim.so.1", cache)
    import_advisories(tmp_path, state)
    with Service("usewear-test-debug", "chroot", root, "/victim",
                 env={"LD_LIBRARY_PATH": "/usr/lib", "PATH": os.environ["PATH"]}) as service, Watch(state) as watch:
        quiet = wait_until(lambda: (a := answers(state, service)) and (q := a["lib_never"]["reached"])["engine"] == "uprobe" and
                           (q["answer"] == "not_observed" or "no debug information" in q["reason"]) and q)
        assert (quiet["answer"] == "not_observed") == found, quiet
        watch.process.kill()


def events(spec, **options):
    """What `usewear events` says of a function, until it watches it."""
    with subprocess.Popen(["unshare", "-m", "sh", "-c", HIDDEN, "sh", PROGRAM, "events", "--function", spec], stderr=subprocess.PIPE,
                          stdout=subprocess.DEVNULL, text=True, **options) as process:
        said = []
        for line in process.stderr:
            said.append(line)
            if "watching" in line:
                process.terminate()
        return "".join(said)


HIDDEN = "[ -d /usr/lib/debug ] && mount -t tmpfs none /usr/lib/debug; exec \"$@\""


@needs("unshare", "apt-get", "dpkg-deb", "dpkg-query")
def test_debug_package_of_debian(tmp_path):
    """The C library's own package: functions of one source file that nothing else names, and one that was always inlined."""
    package = subprocess.run(["dpkg-query", "-W", "-f", "${source:Version}", "libc6"], capture_output=True, text=True)
    libraries = [path for path in Path("/").glob("usr/lib/*/libc.so.6") if os.uname().machine in str(path)]
    if package.returncode or not libraries:
        pytest.skip("the C library is not Debian's")
    done = subprocess.run(["apt-get", "download", f"libc6-dbg={package.stdout}"], cwd=tmp_path, capture_output=True, text=True)
    if done.returncode:
        pytest.skip("libc6-dbg cannot be had: " + (done.stderr.strip().splitlines() or ["?"])[-1])
    subprocess.run(["dpkg-deb", "-x", *tmp_path.glob("*.deb"), tmp_path / "x"], check=True)
    name, library = build_id(libraries[0]), libraries[0]
    (tmp_path / "cache" / name).mkdir(parents=True)
    (tmp_path / f"x/usr/lib/debug/.build-id/{name[:2]}/{name[2:]}.debug").rename(tmp_path / "cache" / name / "debuginfo")
    environment = {**os.environ, "DEBUGINFOD_CACHE_PATH": str(tmp_path / "cache")}
    assert "watching" in events(f"{library}:sysmalloc", env=environment)
    assert "only as inlined copies" in events(f"{library}:checked_request2size", env=environment)
    none = {**os.environ, "DEBUGINFOD_CACHE_PATH": str(tmp_path)}
    assert "no symbol of that name" in events(f"{library}:sysmalloc", env=none)
