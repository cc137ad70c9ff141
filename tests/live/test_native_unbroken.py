# SPDX-License-Identifier: Apache-2.0
"""What is watched runs on as if it were not: under seccomp, in namespaces of its own, while its stack grows and moves,
while programs start all the time, and while its library is replaced."""

import json
import os
import shutil
import subprocess

import pytest
from native import HERE, Service, compile_c, go_build
from test_native_files import late, text_pages
from test_native_watch import answers, import_advisories, library_root
from whole import Watch, needs_root, usewear, wait_until

pytestmark = [needs_root, pytest.mark.usefixtures("silence")]


def answer_of(state, service, name):
    done = usewear(state, "functions", "--workload", service.workload, "--json", check=False)
    found = json.loads(done.stdout)["functions"] if done.returncode == 0 else []
    return next((f["answer"] for f in found if f["name"] == name), None)


def strict_victim(folder):
    library = compile_c(folder / "libstrict.so.1", HERE / "victims/native_strict_library.c", "-shared", "-fPIC", "-g")
    return library, compile_c(folder / "strict", HERE / "victims/native_strict.c", str(library))


NAMESPACES = ("unshare", "-Urm", "--propagation", "unchanged")


@pytest.mark.parametrize("before, how", [((), ()), ((), ("filter",)), (NAMESPACES, ()), (NAMESPACES, ("filter",))],
                         ids=["strict", "filter", "namespaces", "namespaces-filter"])
def test_calls_go_on_where_nothing_else_is_allowed(tmp_path, before, how):
    """The probe itself must not look like a system call of the victim."""
    if before and subprocess.run([*before, "true"], stderr=subprocess.DEVNULL).returncode:
        pytest.skip("no user namespaces here")
    state = tmp_path / "state"
    library, program = strict_victim(tmp_path)
    asked = ("--function", f"{library}:lib_quiet", "--function", f"{library}:lib_nop")
    with Service("usewear-test-strict", *before, program, *how, env={**os.environ, "LD_LIBRARY_PATH": str(tmp_path)}) as service, \
            Watch(state, *asked) as watch:
        wait_until(lambda: answer_of(state, service, "lib_quiet") == "not_observed", 120)
        for _ in range(20):
            assert service.tell("go") == "done\n"
        for name in ("lib_quiet", "lib_nop"):
            wait_until(lambda: answer_of(state, service, name) == "yes", 120)
        assert service.tell("go") == "done\n"
        assert watch.stop() == 0
        assert service.tell("go") == "done\n"


def test_forks_go_on_while_probes_come_and_go(tmp_path):
    """A child must not find half of a breakpoint, nor one that nobody answers for any more."""
    library, _ = strict_victim(tmp_path)
    program = compile_c(tmp_path / "forks", HERE / "victims/native_forks.c", "-D_GNU_SOURCE", str(library))
    with Service("usewear-test-forks", program, env={**os.environ, "LD_LIBRARY_PATH": str(tmp_path)}) as service:
        for turn in range(5):
            state = tmp_path / f"state{turn}"
            with Watch(state, "--function", f"{library}:lib_quiet", "--function", f"{library}:lib_nop") as watch:
                wait_until(lambda: answer_of(state, service, "lib_quiet") == "yes", 120)
                assert answer_of(state, service, "lib_nop") != "yes"
                assert watch.stop() == 0
        forks, bad = map(int, service.tell("counts").split())
        assert forks > 50 and bad == 0


GROWING = """package main

import (
	"bufio"
	"fmt"
	"os"
	"sync"
)

//go:noinline
func Grow(n int, pad [32]int) int {
	if n == 0 {
		return pad[3]
	}
	pad[n%32] = n
	return Grow(n-1, pad) + 1
}

//go:noinline
func Rare(n int) int { return Grow(n, [32]int{}) }

func main() {
	fmt.Println("ready")
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var all sync.WaitGroup
		sums := make([]int, 64)
		for i := range sums {
			all.Add(1)
			go func(i int) { defer all.Done(); for k := 0; k < 20; k++ { sums[i] += Rare(500 + i) } }(i)
		}
		all.Wait()
		total := 0
		for _, sum := range sums {
			total += sum
		}
		fmt.Println(total)
	}
}
"""


def test_growing_stacks_of_go(tmp_path):
    """Stacks are copied while the probes are set, hit, found too hot and taken away."""
    state = tmp_path / "state"
    program = go_build(tmp_path, GROWING)
    with Service("usewear-test-grow", program) as service:
        expected = service.tell("go")
        with Watch(state, "--function", f"{program}:main.Grow", "--function", f"{program}:main.Rare") as watch:
            wait_until(lambda: answer_of(state, service, "main.Rare") == "not_observed", 120)
            for _ in range(10):
                assert service.tell("go") == expected
            wait_until(lambda: answer_of(state, service, "main.Rare") == "yes", 120)
            assert watch.stop() == 0
        assert service.tell("go") == expected


def test_programs_start_while_their_library_is_armed(tmp_path):
    state = tmp_path / "state"
    library, program = strict_victim(tmp_path)
    environment = {**os.environ, "LD_LIBRARY_PATH": str(tmp_path)}
    with Service("usewear-test-strict", program, env=environment) as service, \
            Watch(state, "--function", f"{library}:lib_quiet") as watch:
        wait_until(lambda: answer_of(state, service, "lib_quiet") == "not_observed", 120)
        for _ in range(300):
            done = subprocess.run([program], input="go\n", text=True, capture_output=True, env=environment)
            assert (done.returncode, done.stdout) == (-9, "ready\ndone\n")  # strict mode forbids exit_group
        assert service.tell("go") == "done\n"
        assert watch.stop() == 0


def test_library_is_replaced_while_armed(tmp_path):
    """As apt does it: another file under the same name; who has mapped the old one keeps it, and both run on."""
    state = tmp_path / "state"
    root = library_root(tmp_path)
    compile_c(root / "late", HERE / "victims/native_late.c", "-D_GNU_SOURCE", "-ldl")
    import_advisories(tmp_path, state)
    library = root / "usr/lib/libvictim.so.1"
    with late(root, "usewear-test-old") as old:
        assert old.tell("open /usr/lib/libvictim.so.1") == "open 1\n"
        clean = text_pages(old.process.pid, "libvictim.so.1")
        with Watch(state) as watch:
            wait_until(lambda: text_pages(old.process.pid, "libvictim.so.1") != clean)
            for _ in range(5):
                shutil.copy(library, tmp_path / "new")
                library.unlink()
                os.rename(tmp_path / "new", library)
                assert old.tell("call lib_never") == "call 1\n"
            with late(root, "usewear-test-new") as new:
                assert new.tell("open /usr/lib/libvictim.so.1") == "open 1\n"
                wait_until(lambda: text_pages(new.process.pid, "libvictim.so.1") != clean)
                assert new.tell("call lib_called") == "call 1\n"
                wait_until(lambda: answers(state, new).get("lib_called", {}).get("level") == "reached")
                assert watch.stop() == 0
                assert text_pages(new.process.pid, "libvictim.so.1") == clean
        assert text_pages(old.process.pid, "libvictim.so.1") == clean
        assert old.tell("call lib_called") == "call 1\n"
