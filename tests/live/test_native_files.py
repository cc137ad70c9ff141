# SPDX-License-Identifier: Apache-2.0
"""Functions are watched in the file that is mapped, wherever it lies and whatever became of it on disk."""

import os
import re
import shutil
import subprocess
import time

import pytest
from native import HERE, Service, compile_c
from test_native_watch import answers, import_advisories, library_root, wall
from whole import Watch, needs_host_pids, needs_root, overlay, wait_until

pytestmark = [needs_root, pytest.mark.usefixtures("silence")]


def text_pages(pid, name):
    """What the process executes of that file now, breakpoints included."""
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb") as memory:
        for line in maps:
            found = re.match(r"(\w+)-(\w+) r-xp .*" + re.escape(name), line)
            if found:
                begin, end = (int(part, 16) for part in found.groups())
                memory.seek(begin)
                return memory.read(end - begin)
    return b""


@pytest.fixture
def root(tmp_path):
    """The root of test_native_watch, with a program that loads the library when it is told to."""
    made = library_root(tmp_path)
    compile_c(made / "late", HERE / "victims/native_late.c", "-D_GNU_SOURCE", "-ldl")
    import_advisories(tmp_path, tmp_path / "state")
    return made


def late(root, name="usewear-test-late"):
    return Service(name, "chroot", root, "/late", env={"LD_LIBRARY_PATH": "/usr/lib", "PATH": os.environ["PATH"]})


def reached(state, service, name):
    return wait_until(lambda: (a := answers(state, service)) and name in a and a[name]["level"] == "reached" and a[name])


@needs_host_pids  # new mappings are told by events, which this waits for
def test_library_loaded_late_is_armed_and_unarmed(tmp_path, root):
    """Loaded while watched, called, closed; opened again by another workload, which has its own answer."""
    state = tmp_path / "state"
    library = root / "usr/lib/libvictim.so.1"
    with Watch(state) as watch, late(root) as service:
        assert service.tell("open /usr/lib/libvictim.so.1") == "open 1\n"
        begin = time.monotonic()
        while text_pages(service.process.pid, "libvictim.so.1") in library.read_bytes():
            assert time.monotonic() - begin < 120
            time.sleep(0.005)
        print(f"armed {1000 * (time.monotonic() - begin):.0f} ms after dlopen")
        service.tell("fork lib_called")
        first = reached(state, service, "lib_called")
        with late(root, "usewear-test-other") as other:
            assert other.tell("open /usr/lib/libvictim.so.1") == "open 1\n"
            quiet = wait_until(lambda: (a := answers(state, other)) and
                               a["lib_called"]["reached"]["answer"] == "not_observed" and a["lib_called"])
            assert quiet["reached"]["since"] >= first["reached"]["since"]
            other.tell("call lib_called")
            reached(state, other, "lib_called")
        # Nobody maps it any more, a look forgets it; the same workload loads it again.
        service.tell("close")
        watch.look()
        assert service.tell("open /usr/lib/libvictim.so.1") == "open 1\n"
        wait_until(lambda: text_pages(service.process.pid, "libvictim.so.1") not in library.read_bytes())
        service.tell("close")
        assert watch.stop() == 0


def test_second_copy_that_is_gone_before_it_is_probed(tmp_path, root):
    """A package ships the library twice: a moment's process of the workload runs the function in the other one. Whether that was
    probed in time or not, no silence goes on over it."""
    state = tmp_path / "state"
    other = root / "usr/lib/other/libvictim.so.1"
    other.parent.mkdir()
    shutil.copy(root / "usr/lib/libvictim.so.1", other)
    with open(root / "var/lib/dpkg/info/libvictim1:amd64.list", "a") as listed:
        listed.write("/usr/lib/other\n/usr/lib/other/libvictim.so.1\n")
    with Watch(state) as watch, late(root) as service:
        assert service.tell("open /usr/lib/libvictim.so.1") == "open 1\n"
        wait_until(lambda: (a := answers(state, service)) and a["lib_called"]["reached"]["answer"] == "not_observed")
        time.sleep(1.1)  # the silence has a length
        called = int(time.time())
        join = f"echo $$ > '{service.folder}/cgroup.procs' && exec \"$@\""
        done = subprocess.run(["sh", "-c", join, "sh", "chroot", root, "/late"], capture_output=True, text=True,
                              input="open /usr/lib/other/libvictim.so.1\ncall lib_called\n")
        assert done.stdout == "ready\nopen 1\ncall 1\n", done
        watch.look()
        found = answers(state, service)["lib_called"]["reached"]
        assert found["answer"] != "not_observed" or wall(found["since"]) >= called, found
        assert answers(state, service)["lib_never"]["reached"]["answer"] != "yes"
        assert watch.stop() == 0


def test_deleted_library_is_still_watched(tmp_path, root):
    """An upgrade puts another file in its place; the process runs on with the old one."""
    state = tmp_path / "state"
    library = root / "usr/lib/libvictim.so.1"
    with late(root) as service:
        assert service.tell("open /usr/lib/libvictim.so.1") == "open 1\n"
        with Watch(state) as watch:
            wait_until(lambda: (a := answers(state, service)) and a["lib_never"]["reached"]["answer"] == "not_observed")
            shutil.copy(library, tmp_path / "new")
            os.rename(tmp_path / "new", library)
            service.tell("call lib_called")
            reached(state, service, "lib_called")
            assert answers(state, service)["lib_never"]["reached"]["answer"] != "yes"
            assert watch.stop() == 0


def test_memfd_is_not_mistaken_for_the_library(tmp_path, root):
    """Nobody owns what lies in a memfd: nothing may be said of it, and nothing breaks."""
    state = tmp_path / "state"
    with Watch(state) as watch, Service("usewear-test-memfd", root / "late") as service:
        assert service.tell(f"memfd {root}/usr/lib/libvictim.so.1") == "memfd 1\n"
        service.tell("call lib_called")
        watch.process.send_signal(1)
        assert watch.process.stdout.readline()
        found = answers(state, service)
        assert not found or found["lib_called"]["reached"]["answer"] != "not_observed"
        assert service.tell("call lib_called") == "call 1\n"
        assert watch.stop() == 0


@pytest.fixture
def merged(tmp_path, root):
    """The root as the lower layer of an overlay."""
    with overlay(tmp_path / "overlay", root) as merged:
        yield merged


def test_overlay(tmp_path, merged):
    """Containers map files of layers: the kernel probes the inode below."""
    state = tmp_path / "state"
    with Watch(state) as watch, late(merged) as service:
        assert service.tell("open /usr/lib/libvictim.so.1") == "open 1\n"
        wait_until(lambda: (a := answers(state, service)) and a["lib_called"]["reached"]["answer"] == "not_observed")
        service.tell("call lib_called")
        reached(state, service, "lib_called")
        assert watch.stop() == 0


def test_copied_up_while_mapped(tmp_path, merged):
    """What is probed is the copy, what runs is the file below: silence means nothing."""
    state = tmp_path / "state"
    with late(merged) as service:
        assert service.tell("open /usr/lib/libvictim.so.1") == "open 1\n"
        os.utime(merged / "usr/lib/libvictim.so.1")
        with Watch(state) as watch:
            found = wait_until(lambda: (a := answers(state, service)) and "another layer" in (a["lib_called"]["reached"]["reason"] or "")
                               and a["lib_called"]["reached"])
            service.tell("call lib_called")
            assert found["answer"] == "unknown", found
            watch.look()
            assert answers(state, service)["lib_called"]["reached"]["answer"] != "not_observed"
            assert watch.stop() == 0


def test_killed_watch_leaves_no_breakpoint(tmp_path, root):
    state = tmp_path / "state"
    with late(root) as service:
        service.tell("open /usr/lib/libvictim.so.1")
        before = text_pages(service.process.pid, "libvictim.so.1")
        watch = Watch(state)
        with watch:
            wait_until(lambda: text_pages(service.process.pid, "libvictim.so.1") != before)
            watch.process.kill()
            watch.process.wait()
            wait_until(lambda: text_pages(service.process.pid, "libvictim.so.1") == before)
        assert service.tell("call lib_called") == "call 1\n"
