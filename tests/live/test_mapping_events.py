# SPDX-License-Identifier: Apache-2.0
"""Executable mappings: each file once for each workload, however it came to be mapped."""
import os
import shutil
import signal
import subprocess

from stream import assert_adds_up, needs_root

pytestmark = needs_root


def paths(stream, pid):
    return [e["path"] for e in stream.of("map", pid=pid)]


def test_dlopen_and_dlclose(events, steered, library):
    with events("--type", "map") as stream:
        one = steered()
        one.do(f"dlopen {library}")
        one.do("dlclose")
        one.end()
    e, = [e for e in stream.of("map", pid=one.pid) if e["path"] == str(library)]
    st = library.stat()
    assert e["inode"] == st.st_ino
    assert e["size"] > 0 and e["offset"] % 4096 == 0
    assert e["comm"] == "steered"
    assert e["start"] != 0 and e["cgroup"] != 0
    assert_adds_up(stream)


def test_program_is_mapped_under_its_own_name(events, victim, tmp_path):
    """The loader maps a program after its name is set and before its exec is told."""
    program = tmp_path / "ownname"
    shutil.copy(victim("quiet", flags=("-static",)), program)
    with events("--type", "map", "--comm", "ownname") as stream:
        subprocess.run([program], check=False)
    assert str(program) in [e["path"] for e in stream.events]


def test_started_before_the_sensor(events, steered, library):
    one = steered()
    one.do("threads 1")
    with events("--type", "map") as stream:
        one.do(f"dlopen {library}")
    e, = stream.of("map", pid=one.pid)
    assert e["path"] == str(library)
    assert e["cgroup"] != 0 and e["start"] != 0 and e["comm"] == "steered"


def test_mprotect_counts(events, steered, library):
    with events("--type", "map") as stream:
        one = steered()
        one.do(f"mprotect {library}")
        one.end()
    assert str(library) in paths(stream, one.pid)


def test_deduplicated(events, steered, library):
    with events("--type", "map") as stream:
        one, two = steered(), steered()
        one.do(f"map {library} 300")
        two.do(f"map {library} 300")
    assert len([e for e in stream.of("map") if e["path"] == str(library)]) == 1
    assert stream.counts["map"].deduplicated >= 599
    assert_adds_up(stream)


def test_all_of_them(events, steered, library):
    with events("--type", "map", "--all") as stream:
        one = steered()
        one.do(f"map {library} 2000")
        one.end()
    assert paths(stream, one.pid).count(str(library)) == 2000
    assert stream.counts["map"].deduplicated == 0
    assert stream.counts["map"].dropped == 0
    assert_adds_up(stream)


def test_overflow_is_counted(events, steered, library):
    with events("--type", "map", "--all", "--ring", "4096") as stream:
        one = steered()
        stream.process.send_signal(signal.SIGSTOP)
        one.do(f"map {library} 60000")
        stream.process.send_signal(signal.SIGCONT)
        one.end()
    seen = paths(stream, one.pid).count(str(library))
    c = stream.counts["map"]
    assert c.dropped > 0
    assert seen + c.dropped >= 60000
    assert c.made >= 60000
    assert_adds_up(stream)


def test_same_file_in_two_workloads(events, steered, library, cgroups):
    """One process that moves, and one that starts in the other workload: two facts, not one, not three."""
    (here, here_id), (there, there_id) = cgroups(2)
    with events("--type", "map") as stream:
        one, two = steered(), steered()
        (here / "cgroup.procs").write_text(str(one.pid))
        one.do(f"map {library}")
        (there / "cgroup.procs").write_text(str(one.pid))
        one.do(f"map {library}")
        (there / "cgroup.procs").write_text(str(two.pid))
        two.do(f"map {library}")
        two.end()
        one.end()
    facts = [(e["pid"], e["cgroup"]) for e in stream.of("map") if e["path"] == str(library)]
    assert facts == [(one.pid, here_id), (one.pid, there_id)]


def test_replaced_while_mapped(events, steered, library, tmp_path):
    with events("--type", "map") as stream:
        one = steered()
        one.do(f"dlopen {library}")
        newer = tmp_path / "newer.so"
        shutil.copy(library, newer)
        old_inode, new_inode = library.stat().st_ino, newer.stat().st_ino
        os.rename(newer, library)
        two = steered()
        two.do(f"dlopen {library}")
    found = {e["pid"]: e["inode"] for e in stream.of("map") if e["path"] == str(library)}
    assert found == {one.pid: old_inode, two.pid: new_inode}


def test_deleted(events, steered, library):
    with events("--type", "map") as stream:
        one = steered()
        one.do(f"map-deleted {library}")
    assert f"{library} (deleted)" in paths(stream, one.pid)


def test_deleted_executable(events, victim, tmp_path):
    """A program that runs although nothing lies at its path any more."""
    program = tmp_path / "gone"
    shutil.copy(victim("quiet", flags=("-static",)), program)
    fd = os.open(program, os.O_RDONLY)
    program.unlink()
    with events("--type", "exec,map,exit") as stream:
        process = subprocess.Popen([f"/proc/self/fd/{fd}"], pass_fds=[fd])
        assert process.wait() == 5
    os.close(fd)
    e, = stream.of("exec", pid=process.pid)
    assert e["exe"] == f"{program} (deleted)"
    assert f"{program} (deleted)" in paths(stream, process.pid)
    assert stream.of("exit", pid=process.pid)[0]["status"] == 5


def test_memfd(events, steered):
    with events("--type", "map") as stream:
        one = steered()
        one.do("memfd secret-code")
    assert "/memfd:secret-code (deleted)" in paths(stream, one.pid)


def test_reading_is_not_mapping(events, library):
    with events("--type", "map") as stream:
        subprocess.run(["cat", library], stdout=subprocess.DEVNULL, check=True)
        subprocess.run(["grep", "-c", "x", library], stdout=subprocess.DEVNULL, check=False)
    assert [e for e in stream.of("map") if e["path"] == str(library)] == []
