# SPDX-License-Identifier: Apache-2.0
"""A program that runs a copy of its code runs the breakpoints in it, too, and is ended by them: that happens once at most, and
not where a copy could be seen before. The file is not probed any more, which is said."""

import json
import os
import signal
import subprocess

import pytest
from native import HERE, Service, compile_c
from test_native_asked import listed
from test_native_files import text_pages
from whole import Watch, needs_host_pids, needs_root, usewear, wait_until

pytestmark = [needs_root, pytest.mark.usefixtures("silence")]


@pytest.fixture
def program(tmp_path):
    return compile_c(tmp_path / "copied", HERE / "victims/copied.c", "-g", "-O1")


def kernel():
    return tuple(int(part) for part in os.uname().release.split("-")[0].split(".")[:2])


def answer(state, service, name="victim_copied"):
    return listed(state, service).get(name, {})


def wait_for(state, service, wanted, name="victim_copied"):
    return wait_until(lambda: (a := answer(state, service, name)).get("answer") == wanted and a)


def spared(state):
    return json.loads(usewear(state, "doctor", "--json", check=False).stdout)["functions"]["not_probed_any_more"]


def test_copy_ends_a_program_once(tmp_path, program):
    """The copy is nowhere near the code, so that nothing tells of it before. Not in later runs either, until the user asks."""
    state = tmp_path / "state"
    asked = ("--function", f"{program}:victim_copied", "--function", f"{program}:victim_behind")
    with Service("usewear-test-other", program) as other:
        clean = text_pages(other.process.pid, "copied")
        with Watch(state, *asked) as watch:
            with Service("usewear-test-copies", program) as copies:
                wait_for(state, other, "not_observed")
                wait_for(state, copies, "not_observed")
                assert spared(state) == []
                assert copies.tell("copy") == ""
                assert copies.process.wait() == -signal.SIGTRAP
                found = wait_for(state, other, "unknown")
                assert "ended by SIGTRAP" in found["reason"]
            assert text_pages(other.process.pid, "copied") == clean
            [kept] = spared(state)
            assert kept["path"] == str(program) and kept["program"] == "copied" and "SIGTRAP" in kept["reason"]
            text = usewear(state, "doctor", check=False).stdout
            assert f"because of copied: {program}" in text and "usewear watch --probe-again" in text
            with Service("usewear-test-copies", program) as again:
                assert again.tell("copy") == "copy 1\n"
                assert watch.stop() == 0
        with Watch(state, *asked) as watch, Service("usewear-test-copies", program) as again:
            watch.look()
            assert "ended by SIGTRAP" in wait_for(state, again, "unknown")["reason"]
            assert again.tell("copy") == "copy 1\n"
            assert text_pages(other.process.pid, "copied") == clean
            assert watch.stop() == 0
        with Watch(state, *asked, "--probe-again") as watch:
            wait_until(lambda: text_pages(other.process.pid, "copied") != clean)
            assert spared(state) == []
            wait_for(state, other, "not_observed")
            assert watch.stop() == 0


def test_copy_of_a_process_that_was_never_looked_at(tmp_path, program):
    """A child that lives for a moment: what its workload maps is not probed any more."""
    state = tmp_path / "state"
    with Service("usewear-test-copies", program) as copies, Watch(state, "--function", f"{program}:victim_copied") as watch:
        clean = program.read_bytes()
        wait_until(lambda: text_pages(copies.process.pid, "copied") not in clean)
        wait_for(state, copies, "not_observed")
        assert copies.tell("fork") == f"fork {signal.SIGTRAP.value}\n"
        wait_until(lambda: text_pages(copies.process.pid, "copied") in clean)
        assert copies.tell("fork") == "fork 0\n"
        assert copies.tell("copy") == "copy 1\n"
        assert "ended by SIGTRAP" in wait_for(state, copies, "unknown")["reason"]
        assert watch.stop() == 0


def test_program_that_copies_when_it_starts(tmp_path, program):
    """Started over and over, as a supervisor does it, while another process keeps the file probed."""
    state = tmp_path / "state"
    with Service("usewear-test-other", program) as other, Watch(state, "--function", f"{program}:victim_copied") as watch:
        clean = program.read_bytes()
        wait_until(lambda: text_pages(other.process.pid, "copied") not in clean)
        ends = []
        for _ in range(20):
            done = subprocess.run([program, "begin"], stdin=subprocess.DEVNULL, capture_output=True)
            ends.append(done.returncode)
            if done.returncode < 0:
                wait_until(lambda: text_pages(other.process.pid, "copied") in clean)
        assert sorted(ends) == [-signal.SIGTRAP] + [0] * 19
        assert watch.stop() == 0


def test_other_ends_take_no_probe_away(tmp_path, program):
    """A program that maps nothing probed is ended by SIGTRAP, one that does by another signal."""
    state = tmp_path / "state"
    with Service("usewear-test-other", program) as other, Service("usewear-test-ended", program) as ended, \
            Service("usewear-test-trapped", "sh", "-c", "echo ready; read line; kill -TRAP $$") as trapped, \
            Watch(state, "--function", f"{program}:victim_copied") as watch:
        wait_for(state, other, "not_observed")
        wait_for(state, ended, "not_observed")
        trapped.tell("go")
        assert trapped.process.wait() == -signal.SIGTRAP
        os.kill(ended.process.pid, signal.SIGSEGV)
        assert ended.process.wait() == -signal.SIGSEGV
        watch.look()
        assert answer(state, other)["answer"] == "not_observed"
        assert spared(state) == []
        assert watch.stop() == 0


@needs_host_pids  # whose address the breakpoint has is known of processes that can be told by their pid
@pytest.mark.skipif(os.uname().machine != "x86_64" or kernel() < (5, 15), reason="where a breakpoint is, is told on x86-64 from Linux 5.15 on")
def test_breakpoint_of_its_own_takes_no_probe_away(tmp_path, program):
    """As assertions and programs without memory do it: it is in the file, where no probe is."""
    state = tmp_path / "state"
    with Service("usewear-test-other", program) as other, Service("usewear-test-ended", program) as ended, \
            Watch(state, "--function", f"{program}:victim_copied") as watch:
        wait_for(state, other, "not_observed")
        wait_for(state, ended, "not_observed")
        assert ended.tell("breakpoint") == ""
        assert ended.process.wait() == -signal.SIGTRAP
        watch.look()
        assert answer(state, other)["answer"] == "not_observed", (answer(state, other), spared(state))
        assert spared(state) == []
        assert watch.stop() == 0


def test_code_in_memory_of_its_own_is_not_probed(tmp_path):
    """A program that has moved its code runs the moved code, where no probe is; the next one of it would move the probes with
    it. So nobody's copy of the file is probed."""
    state = tmp_path / "state"
    program = compile_c(tmp_path / "remapped", HERE / "victims/remapped.c", "-g", "-O1")
    asked = ("--function", f"{program}:victim_moved", "--function", f"{program}:victim_stays")
    with Service("usewear-test-in-place", program) as in_place:
        clean = text_pages(in_place.process.pid, "remapped")
        with Service("usewear-test-moved", program) as moved:
            assert moved.tell("remap") == "remap 1\n"
            with Watch(state, *asked) as watch:
                for service in (moved, in_place):
                    for name in ("victim_moved", "victim_stays"):
                        assert "may run a copy of it" in wait_for(state, service, "unknown", name)["reason"]
                assert text_pages(in_place.process.pid, "remapped") == clean
                assert [kept["program"] for kept in spared(state)] == [str(program)]
                assert watch.stop() == 0
        with Watch(state, *asked) as watch:  # nobody is left who has moved it, but the next one will
            with Service("usewear-test-moved", program) as moved:
                watch.look()
                assert moved.tell("remap") == "remap 1\n"
                assert moved.tell("call").startswith("call ")
                assert text_pages(in_place.process.pid, "remapped") == clean
            assert watch.stop() == 0
