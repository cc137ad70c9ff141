# SPDX-License-Identifier: Apache-2.0
"""What the user names by hand is watched beside what advisories name, and what ran is evidence of its workload."""

import datetime
import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from native import HERE, Service, compile_c, go_build
from whole import PROGRAM, Watch, needs_root, usewear, wait_until

pytestmark = needs_root
MOUNT = "mountpoint -q /sys/kernel/tracing || mount -t tracefs none /sys/kernel/tracing || exit 9; exec \"$@\""
WITH_TRACEFS = ("unshare", "-m", "sh", "-c", MOUNT, "sh")


@pytest.fixture(scope="module")
def tracefs():
    """In a mount namespace of its own: tracefs may not be mounted here."""
    if subprocess.run([*WITH_TRACEFS, "true"], stderr=subprocess.DEVNULL).returncode:
        pytest.skip("tracefs cannot be mounted")


def listed(state, service):
    done = usewear(state, "functions", "--workload", service.workload, "--json", check=False)
    return {f["name"]: f for f in json.loads(done.stdout)["functions"]} if done.returncode == 0 else {}


@pytest.mark.usefixtures("silence")
def test_function_by_hand(tmp_path):
    """A program that no package owns: a function that runs, one that does not."""
    state = tmp_path / "state"
    library = compile_c(tmp_path / "libvictim.so.1", HERE / "victims/native_library.c", "-shared", "-fPIC", "-g")
    program = compile_c(tmp_path / "program", HERE / "victims/native_program.c", str(library))
    with Service("usewear-test-asked", program, env={**os.environ, "LD_LIBRARY_PATH": str(tmp_path)}) as service, \
            Watch(state, "--function", f"{library}:lib_called", "--function", f"{library}:lib_never") as watch:
        wait_until(lambda: listed(state, service).get("lib_never", {}).get("answer") == "not_observed")
        service.tell("lib_called")
        ran = wait_until(lambda: (f := listed(state, service).get("lib_called")) and f["answer"] == "yes" and f)
        assert ran["engine"] == "uprobe" and ran["package"] is None and ran["container"] == "libvictim.so.1"
        never = wait_until(lambda: (f := listed(state, service).get("lib_never")) and f["answer"] == "not_observed" and f)
        assert never["armed_since"] == never["after"] <= never["until"]
        assert watch.stop() == 0


@pytest.mark.parametrize("stripped", [False, True])
def test_one_version_of_a_function(tmp_path, stripped):
    """NAME@VERSION is that version, a plain name all of them. Of one alone no silence is told: its copies bear no version."""
    state, script = tmp_path / "state", tmp_path / "versions"
    script.write_text("V_1 { global: measure; local: *; };\nV_2 { global: measure; } V_1;\n")
    library = compile_c(tmp_path / "libvictim.so.1", HERE / "victims/versioned.c", "-DLIBRARY", "-shared", "-fPIC", "-g",
                        f"-Wl,--version-script={script}", *(["-s"] if stripped else []))
    program = compile_c(tmp_path / "program", HERE / "victims/versioned.c", str(library), "-Wl,-z,now")  # no slot tells
    asked = [word for name in ("measure", "measure@V_1", "measure@@V_2", "measure@V_3") for word in ("--function", f"{library}:{name}")]
    with Service("usewear-test-versions", program, env={**os.environ, "LD_LIBRARY_PATH": str(tmp_path)}) as service, \
            Watch(state, *asked) as watch:
        def answers():
            return {name: f["answer"] for name, f in listed(state, service).items()}
        wait_until(lambda: len(listed(state, service)) == 4 and all(f["armed_since"] for name, f in listed(state, service).items()
                                                                    if name != "measure@V_3"))
        reasons = {name: f["reason"] for name, f in listed(state, service).items()}
        assert "no symbol of that name in that version" in reasons["measure@V_3"], reasons
        assert "one version of it was asked for" in reasons["measure@V_1"], reasons
        assert service.tell("old") == "old 3\n"
        wait_until(lambda: answers()["measure@V_1"] == "yes")
        assert answers() == {"measure": "yes", "measure@V_1": "yes", "measure@@V_2": "unknown", "measure@V_3": "unknown"}
        assert service.tell("new") == "new 5\n"
        wait_until(lambda: answers()["measure@@V_2"] == "yes")
        assert watch.stop() == 0


@pytest.mark.usefixtures("silence")
def test_function_of_a_process_that_moved(tmp_path):
    """Its call comes from a cgroup that no look has seen: it is told of the workload, as soon as that is known."""
    state = tmp_path / "state"
    library = compile_c(tmp_path / "libvictim.so.1", HERE / "victims/native_library.c", "-shared", "-fPIC", "-g")
    program = compile_c(tmp_path / "program", HERE / "victims/native_program.c", str(library), "-Wl,-z,now")  # no slot tells
    moved = Service("usewear-test-moved", program)
    with Service("usewear-test-asked", program, env={**os.environ, "LD_LIBRARY_PATH": str(tmp_path)}) as service, \
            Watch(state, "--function", f"{library}:lib_called") as watch:
        wait_until(lambda: listed(state, service).get("lib_called", {}).get("answer") == "not_observed")
        moved.folder.mkdir(exist_ok=True)
        try:
            (moved.folder / "cgroup.procs").write_text(str(service.process.pid))
            service.tell("lib_called")
            watch.look()
            wait_until(lambda: listed(state, moved).get("lib_called", {}).get("answer") == "yes")
        finally:
            (service.folder / "cgroup.procs").write_text(str(service.process.pid))
            moved.folder.rmdir()
        assert watch.stop() == 0


@pytest.mark.usefixtures("silence")
def test_function_of_a_workload_with_a_new_name(tmp_path):
    """Its cgroup is renamed after a call: what the workload of the new name calls is told again."""
    state = tmp_path / "state"
    library = compile_c(tmp_path / "libvictim.so.1", HERE / "victims/native_library.c", "-shared", "-fPIC", "-g")
    program = compile_c(tmp_path / "program", HERE / "victims/native_program.c", str(library), "-Wl,-z,now")
    new = Service("usewear-test-renamed", program)
    with Service("usewear-test-asked", program, env={**os.environ, "LD_LIBRARY_PATH": str(tmp_path)}) as service, \
            Watch(state, "--function", f"{library}:lib_called") as watch:
        wait_until(lambda: listed(state, service).get("lib_called", {}).get("answer") == "not_observed")
        service.tell("lib_called")
        wait_until(lambda: listed(state, service)["lib_called"]["answer"] == "yes")
        try:
            service.folder.rename(new.folder)
        except OSError as e:
            pytest.skip(f"a cgroup cannot be renamed here (only cgroup v1 can): {e}")
        try:
            wait_until(lambda: watch.look() or "lib_called" in listed(state, new))
            service.tell("lib_called")
            wait_until(lambda: listed(state, new)["lib_called"]["answer"] == "yes")
        finally:
            new.folder.rename(service.folder)
        assert watch.stop() == 0


GO_PROGRAM = """package main

import (
	"bufio"
	"fmt"
	"os"

	"golang.org/x/text/language"
)

func main() {
	fmt.Println("ready")
	for in := bufio.NewScanner(os.Stdin); in.Scan(); fmt.Println("done") {
		language.Parse(in.Text())
	}
}
"""


CGO_PROGRAM = """package main

// __attribute__((noinline)) int from_c(int x) { return x * 3 + 1; }
// __attribute__((noinline)) int never_from_c(int x) { return x * 5 + 2; }
// int (*volatile kept)(int) = never_from_c;
import "C"

import (
	"bufio"
	"fmt"
	"os"
)

func main() {
	fmt.Println("ready")
	for in := bufio.NewScanner(os.Stdin); in.Scan(); fmt.Println("done") {
		C.from_c(C.int(len(in.Text())))
	}
}
"""


@pytest.mark.parametrize("stripped", [False, True])
def test_function_of_c_in_a_program_of_go(tmp_path, stripped):
    """Go's own table does not tell of it: it is never said not to be there, and seen where a symbol bears its name."""
    state = tmp_path / "state"
    program = go_build(tmp_path, CGO_PROGRAM, flags=["-ldflags=-s -w"] if stripped else [])
    with Service("usewear-test-cgo", program) as service, \
            Watch(state, *[word for name in ("from_c", "never_from_c", "main.main", "main.none", "main.main@V_1")
                           for word in ("--function", f"{program}:{name}")]) as watch:
        found = wait_until(lambda: len(f := listed(state, service)) == 5 and f)
        assert found["main.none"]["answer"] == "not_observed" and found["main.main@V_1"]["answer"] == "unknown", found
        assert found["from_c"]["answer"] == found["never_from_c"]["answer"] == "unknown", found
        if not stripped:
            wait_until(lambda: listed(state, service)["from_c"]["armed_since"])
        assert service.tell("x") == "done\n"
        watch.look()
        wait_until(lambda: listed(state, service)["from_c"]["answer"] == ("unknown" if stripped else "yes"))
        assert listed(state, service)["never_from_c"]["answer"] == "unknown"
        assert watch.stop() == 0


def test_function_by_hand_is_its_modules(tmp_path):
    """Several modules are linked into a Go program: the one whose function ran was used."""
    state = tmp_path / "state"
    program = go_build(tmp_path, GO_PROGRAM, ["golang.org/x/text v0.3.5"])
    with Service("usewear-test-linked", program) as service, \
            Watch(state, "--function", f"{program}:golang.org/x/text/language.Parse", "--function", f"{program}:fmt.Println") as watch:
        found = wait_until(lambda: (f := listed(state, service)) and {"fmt.Println", "Parse"} <= set(f) and f)
        assert found["fmt.Println"]["package"]["name"] == "stdlib", found
        service.tell("de")
        ran = wait_until(lambda: (f := listed(state, service).get("Parse")) and f["answer"] == "yes" and f)
        assert ran["package"]["name"] == "golang.org/x/text" and ran["package"]["version"] == "v0.3.5", ran
        assert watch.stop() == 0


GO_MAIN = """package main

import (
	"bufio"
	"fmt"
	"os"
)

type server struct{ name string }

//go:noinline
func (s *server) handle(text string) { fmt.Println(s.name, text) }

//go:noinline
func show[T any](value T) { fmt.Println(value) }

//go:noinline
func never(text string) { fmt.Println(text) }

func init() { fmt.Fprintln(os.Stderr, "begun") }

func main() {
	fmt.Println("ready")
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		if in.Text() == "never" {
			never("")
		}
		show(len(in.Text()))
		(&server{"done"}).handle(in.Text())
	}
}
"""


def test_function_of_the_package_main(tmp_path):
    """Its import path is what advisories write, and "main" what the program's table has. Names may be those of nm and of traces."""
    state = tmp_path / "state"
    program = go_build(tmp_path, GO_MAIN, language="1.18")
    ran = ("example.com/victim.server.handle", "main.(*server).handle", "main.show[...]", "main.show")
    asked = (*ran, "example.com/victim.never", "main.nothing")
    with Service("usewear-test-main", program) as service, \
            Watch(state, *[word for name in asked for word in ("--function", f"{program}:{name}")]) as watch:
        def answers():
            return sorted(f["answer"] for f in json.loads(usewear(state, "functions", "--workload", service.workload, "--json",
                                                                  check=False).stdout or '{"functions": []}')["functions"])
        wait_until(lambda: answers() == ["not_observed"] * len(asked))
        assert service.tell("now") == "3\n"
        wait_until(lambda: answers() == ["not_observed"] * 2 + ["yes"] * len(ran))
        assert watch.stop() == 0


def test_hook_by_hand(tmp_path, tracefs):
    """Forks of a shell are evidence of its workload, and not of one that does not fork."""
    state = tmp_path / "state"
    shell = ("sh", "-c", "echo ready; while read line; do /bin/true; echo done; done")
    with Service("usewear-test-forks", *shell) as forks, Service("usewear-test-quiet", *shell) as quiet, \
            Watch(state, "--hook", "tracepoint:sched:sched_process_fork", before=WITH_TRACEFS) as watch:
        assert forks.tell("go") == "done\n"
        found = wait_until(lambda: listed(state, forks))
        assert [(f["engine"], f["answer"]) for f in found.values()] == [("tracepoint", "yes")]
        assert not listed(state, quiet)
        assert watch.stop() == 0


@pytest.mark.usefixtures("silence")
def test_probes_of_a_program_by_hand(tmp_path):
    """A workload that passes a probe and one that does not; the kernel counts the semaphore up for both."""
    state = tmp_path / "state"
    program = compile_c(tmp_path / "usdt", HERE / "victims/usdt.c")
    with Service("usewear-test-passes", program) as passes, Service("usewear-test-quiet", program) as quiet, \
            Watch(state, *(w for n in ("plain", "guarded") for w in ("--hook", f"usdt:{program}:victim:{n}"))) as watch:
        wait_until(lambda: quiet.tell("a") == "a 1\n" and passes.tell("b") == "b 1\n")
        for service, name, other in ((passes, "guarded", "plain"), (quiet, "plain", "guarded")):
            found = wait_until(lambda: (f := listed(state, service)) and f.get(f"victim:{name}", {}).get("answer") == "yes" and
                               f.get(f"victim:{other}", {}).get("answer") == "not_observed" and f)
            assert found[f"victim:{name}"]["engine"] == "uprobe" and found[f"victim:{name}"]["container"] == "usdt"
            assert found[f"victim:{other}"]["armed_since"]
        assert watch.stop() == 0


@pytest.mark.usefixtures("silence")
def test_probes_that_python_brings_along(tmp_path):
    """Debian's interpreter tells each import; the package that owns it has the evidence."""
    state, python = tmp_path / "state", Path("/usr/bin/python3").resolve()
    notes = subprocess.run(["readelf", "-n", python], capture_output=True, text=True).stdout
    if "import__find__load__start" not in notes:
        pytest.skip(f"{python} has no USDT probes")
    source = "import gc\ngc.disable()\nprint('ready', flush=True)\nfor line in open(0):\n    __import__(line.strip())\n    print('done', flush=True)"
    with Service("usewear-test-usdt", python, "-S", "-c", source) as service, \
            Watch(state, "--hook", f"usdt:{python}:python:import__find__load__start",
                  "--hook", f"usdt:{python}:python:gc__start") as watch:
        wait_until(lambda: listed(state, service).get("python:import__find__load__start", {}).get("answer") == "not_observed")
        assert service.tell("colorsys") == "done\n"
        found = wait_until(lambda: (f := listed(state, service)) and
                           f["python:import__find__load__start"]["answer"] == "yes" and
                           f["python:gc__start"]["answer"] == "not_observed" and f)
        assert found["python:import__find__load__start"]["package"]
        assert watch.stop() == 0


@pytest.mark.usefixtures("silence")
def test_what_the_file_has_not_is_said_and_watched_later(tmp_path):
    """A name that the file has not: one line, and the watch goes on. Where the file is replaced by one that has it, it is
    watched as if it had been there."""
    state = tmp_path / "state"
    whole = compile_c(tmp_path / "whole.so", HERE / "victims/native_library.c", "-shared", "-fPIC", "-g", "-Wl,-soname,libvictim.so.1")
    program = compile_c(tmp_path / "program", HERE / "victims/native_program.c", str(whole), "-Wl,-z,lazy")
    library = compile_c(tmp_path / "libvictim.so.1", HERE / "victims/native_library.c", "-shared", "-fPIC", "-g", "-Dlib_called=lib_other")
    environment = {**os.environ, "LD_LIBRARY_PATH": str(tmp_path)}
    asked = ("--function", f"{library}:lib_called", "--hook", f"usdt:{library}:victim:none", "--function", f"{library}:lib_never")
    with Watch(state, *asked) as watch:
        with Service("usewear-test-older", program, env=environment) as older:
            found = wait_until(lambda: (f := listed(state, older)) and f.get("lib_never", {}).get("answer") == "not_observed" and f)
            for name, reason in (("lib_called", "no symbol of that name"), ("victim:none", "no such USDT probe")):
                assert found[name]["answer"] == "unknown" and reason in found[name]["reason"], found
        doctor = json.loads(usewear(state, "doctor", "--json").stdout)["functions"]["unarmed"]
        assert any("no such USDT probe" in u["reason"] and u["functions"] == 1 for u in doctor), doctor
        whole.rename(library)
        with Service("usewear-test-newer", program, env=environment) as newer:
            wait_until(lambda: listed(state, newer).get("lib_called", {}).get("answer") == "not_observed")
            newer.tell("lib_called")
            wait_until(lambda: listed(state, newer)["lib_called"]["answer"] == "yes")
        assert watch.stop() == 0
    for name in ("lib_called", "none"):
        assert f"watch: {name} in {library} is not watched" in watch.errors, watch.errors


def test_nothing_is_watched_without_events(tmp_path):
    """Without root there are no events: what is asked for cannot be had, and that is said before anything else."""
    state = tmp_path / "state"
    state.mkdir()
    os.chown(state, 65534, 65534)
    for folder in (tmp_path, *tmp_path.parents):
        if not folder.stat().st_mode & 1:
            folder.chmod(folder.stat().st_mode | 0o011)
    done = subprocess.run([PROGRAM, "watch", "--state", state, "--function", "/bin/sh:main"], capture_output=True, text=True,
                          timeout=120, user=65534, group=65534, extra_groups=[])
    assert done.returncode == 2 and "cannot be served without events" in done.stderr, done.stderr


@pytest.mark.parametrize("words, said", [(("--function", "nothing"), "FILE:NAME"), (("--hook", "x:y"), "tracepoint:"),
                                         (("--hook", "tracepoint:no:such"), "no such tracepoint"),
                                         (("--function", "/bin/sh:main@"), "NAME@VERSION"), (("--function", "/bin/sh:@V_1"), "NAME@VERSION"),
                                         (("--function", "/bin/sh:a@V@W"), "NAME@VERSION"),
                                         (("--function", "/usr/bin:main"), "no regular file"),
                                         (("--function", "/etc/passwd:main"), "no ELF file"),
                                         (("--hook", "usdt:/etc/passwd:a:b"), "no ELF file"),
                                         (("--hook", "usdt:/dev/null:a:b"), "no regular file")])
def test_what_cannot_be_watched_is_said(tmp_path, tracefs, words, said):
    done = subprocess.run([*WITH_TRACEFS, PROGRAM, "watch", "--state", tmp_path / "state", *words], capture_output=True, text=True,
                          timeout=120)
    assert done.returncode == 2 and said in done.stderr


def run_once(service, program, library, *lines):
    """The program in the workload, over before anybody can look at it."""
    done = subprocess.run(["sh", "-c", f"echo $$ > '{service.folder}/cgroup.procs' && exec \"$@\"", "sh", program], text=True,
                          capture_output=True, input="".join(f"{line}\n" for line in lines),
                          env={**os.environ, "LD_LIBRARY_PATH": str(library.parent)})
    assert done.returncode == 0 and lines[-1] in done.stdout, done


@pytest.mark.usefixtures("silence")
@pytest.mark.parametrize("how", ["replaced", "deleted"])
def test_silence_begins_anew_behind_a_file_that_came_and_went(tmp_path, how):
    """What it held has run, and nobody saw it: each time."""
    state, elsewhere = tmp_path / "state", tmp_path / "elsewhere"
    library = compile_c(tmp_path / "libvictim.so.1", HERE / "victims/native_library.c", "-shared", "-fPIC", "-g",
                        "-Wl,-soname,libvictim.so.1")
    program = compile_c(tmp_path / "program", HERE / "victims/native_program.c", str(library))
    with Service("usewear-test-asked", program, env={**os.environ, "LD_LIBRARY_PATH": str(tmp_path)}) as service, \
            Watch(state, "--function", f"{library}:lib_never") as watch:
        wait_until(lambda: listed(state, service).get("lib_never", {}).get("answer") == "not_observed")
        elsewhere.mkdir()
        copy = Path(shutil.copy(library, elsewhere / library.name))
        if how == "replaced":
            copy = copy.rename(library)
        for again in range(2):
            ran = time.time()
            watch.process.send_signal(signal.SIGSTOP)  # else it may be quick enough to see it
            run_once(service, program, copy, "lib_never")
            if how == "deleted":
                copy = copy.rename(elsewhere / "gone")
            watch.process.send_signal(signal.SIGCONT)
            watch.look()
            watch.look()  # the first one may have begun before it took up the event
            never = listed(state, service)["lib_never"]
            begun = datetime.datetime.fromisoformat(never["armed_since"].replace("Z", "+00:00")).timestamp()
            assert never["answer"] == "unknown" or begun > ran, (again, never, ran)
            if how == "deleted":
                copy = copy.rename(elsewhere / library.name)
        assert watch.stop() == 0
