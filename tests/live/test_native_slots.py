# SPDX-License-Identifier: Apache-2.0
"""What was called before anybody watched, told by lazily bound slots; and nothing where all were bound at the start."""

import contextlib
import os

import pytest
from native import HERE, Service, compile_c
from test_native_asked import listed
from test_native_watch import answers, import_advisories, library_root
from whole import Watch, needs_root, wait_until

pytestmark = [needs_root, pytest.mark.usefixtures("silence")]


def service_of(root, **more):
    return Service("usewear-test-slots", "chroot", root, "/victim",
                   env={"LD_LIBRARY_PATH": "/usr/lib", "PATH": os.environ["PATH"], **more})


def first_answers(tmp_path, service):
    """Of functions that were called before the watch, and of one that was not."""
    state = tmp_path / "state"
    for name in ("lib_called", "lib_twin_b", "lib_host", "lib_chosen"):
        assert service.tell(name).startswith(name)
    with Watch(state) as watch:
        found = wait_until(lambda: (a := answers(state, service)) and
                           a["lib_never"]["reached"]["answer"] == "not_observed" and a)
        assert watch.stop() == 0
    return found


@pytest.fixture
def root(tmp_path, request):
    made = library_root(tmp_path)
    compile_c(made / "victim", HERE / "victims/native_program.c", str(made / "usr/lib/libvictim.so.1"), *request.param)
    import_advisories(tmp_path, tmp_path / "state")
    return made


@pytest.mark.parametrize("root", [("-Wl,-z,lazy",), ("-Wl,-z,lazy,-z,ibtplt", "-fcf-protection=full"), ("-Wl,-z,lazy", "-no-pie")],
                         indirect=True, ids=["lazy", "ibt", "no-pie"])
def test_bound_slot_is_a_call(tmp_path, root):
    with service_of(root) as service:
        found = first_answers(tmp_path, service)
        proof = [e for e in found["lib_called"]["evidence"] if e["kind"] == "reached"]
        assert [(e["engine"], e["subject"], e["pid"]) for e in proof] == [
            ("slot", "libvictim.so.1:lib_called", service.process.pid)]
        assert proof[0]["after"] < proof[0]["first"]  # since the process started, and not more exactly
    # The slot of lib_twin_b is not that of lib_twin_a; what IFUNC chose has another address.
    assert {name for name, f in found.items() if f["reached"]["answer"] == "yes"} == {"lib_called"}


@pytest.mark.parametrize("root, bind", [(("-Wl,-z,now",), ""), (("-Wl,-z,lazy",), "1")], indirect=["root"],
                         ids=["now", "asked"])
def test_slots_bound_at_the_start_tell_nothing(tmp_path, root, bind):
    with service_of(root, **({"LD_BIND_NOW": bind} if bind else {})) as service:
        found = first_answers(tmp_path, service)
    assert {name for name, f in found.items() if f["reached"]["answer"] == "yes"} == set()


@pytest.mark.parametrize("moves", [True, False], ids=["moved", "stayed"])
def test_a_fork_hands_bound_slots_on(tmp_path, moves):
    """The parent called it. Its child tells that, too, but not of the workload to which it goes."""
    state = tmp_path / "state"
    library = compile_c(tmp_path / "libvictim.so.1", HERE / "victims/native_library.c", "-shared", "-fPIC", "-g")
    program = compile_c(tmp_path / "program", HERE / "victims/native_program.c", str(library), "-Wl,-z,lazy")
    moved = Service("usewear-test-moved", program)
    with Service("usewear-test-slots", program, env={**os.environ, "LD_LIBRARY_PATH": str(tmp_path)}) as service:
        service.tell("lib_called")
        child = int(service.tell("fork").split()[1])
        try:
            if moves:
                moved.folder.mkdir(exist_ok=True)
                (moved.folder / "cgroup.procs").write_text(str(child))
            with Watch(state, "--function", f"{library}:lib_called", "--function", f"{library}:lib_never") as watch:
                there = moved if moves else service
                wait_until(lambda: listed(state, there).get("lib_never", {}).get("answer") == "not_observed")
                called = {s.workload: listed(state, s)["lib_called"] for s in {there, service}}
                assert watch.stop() == 0
        finally:
            with contextlib.suppress(OSError):
                (service.folder / "cgroup.procs").write_text(str(child))
                moved.folder.rmdir()
    assert called[service.workload]["answer"] == "yes" and called[service.workload]["engine"] == "slot", called
    assert not moves or called[moved.workload]["answer"] == "not_observed", called
