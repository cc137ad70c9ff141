# SPDX-License-Identifier: Apache-2.0
"""usewear events --function: a native function runs, and who ran it is told; one that does not run is not."""

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from whole import PROGRAM, needs_host_pids, needs_root

pytestmark = needs_root
HERE = Path(__file__).parent


def build(folder, name, *flags, source="functions.c"):
    out = folder / name
    subprocess.run(["cc", "-O2", "-o", out, HERE / "victims" / source, *flags], check=True)
    return out


class Victim:
    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "ready\n"

    def call(self, letter):
        self.process.stdin.write(letter + "\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline().startswith(letter)

    def end(self):
        self.process.stdin.close()
        assert self.process.wait(timeout=10) == 0


class Events:
    def __init__(self, *specs, option="--function", before=()):
        words = [word for spec in specs for word in (option, spec)]
        self.process = subprocess.Popen([*before, PROGRAM, "events", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        text=True)
        self.notes = []
        for line in self.process.stderr:
            self.notes.append(line)
            if "watching" in line:
                break

    def end(self):
        time.sleep(0.3)
        self.process.send_signal(signal.SIGINT)
        out, err = self.process.communicate(timeout=30)
        assert self.process.returncode == 0, err
        return [json.loads(line) for line in out.splitlines()]


def text_of(pid, program):
    """The pages of the program's code, as the process has them now."""
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb") as memory:
        for line in maps:
            words = line.split()
            if len(words) > 5 and words[5] == str(program) and "x" in words[1]:
                begin, end = (int(part, 16) for part in words[0].split("-"))
                memory.seek(begin)
                return memory.read(end - begin)
    raise AssertionError("no code mapped")


@needs_host_pids
@pytest.mark.parametrize("flags", [(), ("-s", "-rdynamic"), ("-static-pie",), ("-no-pie",)], ids=str)
def test_running_process(tmp_path, flags):
    program = build(tmp_path, "victim", *flags)
    victim = Victim(program)
    events = Events(f"{program}:victim_a", f"{program}:victim_b")
    for _ in range(3):
        victim.call("a")
    seen = events.end()
    victim.end()
    assert [(e["type"], e["pid"], e["comm"], e["function"], e["file"]) for e in seen] == [
        ("function", victim.process.pid, "victim", "victim_a", str(program))]
    assert seen[0]["workload"]["id"]


def test_stripped_name_is_unknown(tmp_path):
    program = build(tmp_path, "victim", "-s")
    done = subprocess.run([PROGRAM, "events", "--function", f"{program}:victim_a"], capture_output=True, text=True)
    assert done.returncode == 2 and "no symbol of that name" in done.stderr


def test_process_that_starts_later_and_forks(tmp_path):
    program = build(tmp_path, "victim")
    events = Events(f"{program}:victim_b")
    done = subprocess.run(["sh", "-c", f"echo b | {program}; exit 3"], capture_output=True, text=True)
    assert done.returncode == 3
    seen = events.end()
    assert [e["function"] for e in seen] == ["victim_b"]


def test_killed_sensor_leaves_no_breakpoint(tmp_path):
    program = build(tmp_path, "victim")
    victim = Victim(program)
    before = text_of(victim.process.pid, program)
    events = Events(f"{program}:victim_a", f"{program}:victim_b")
    armed = text_of(victim.process.pid, program)
    assert armed != before and sum(x != y for x, y in zip(armed, before)) == 2
    events.process.kill()
    events.process.wait()
    for _ in range(100):
        if text_of(victim.process.pid, program) == before:
            break
        time.sleep(0.02)
    assert text_of(victim.process.pid, program) == before
    victim.call("a")
    victim.end()


GO = shutil.which("go", path=os.environ["PATH"] + ":/usr/local/go/bin:/usr/lib/go/bin")
GO_SOURCE = """package main

import ("fmt"; "os")

type Stack[T any] struct{ items []T }

//go:noinline
func (s *Stack[T]) Push(x T) { s.items = append(s.items, x) }

// Inlined; called only for b. The compiler may compute pure() ahead of time.
func inlined(n int) int { if n > 100 { return n }; fmt.Fprintln(os.Stderr, n); return n*3 + len(os.Args) }
func pure(n int) int { return n*3 + 1 }

//go:noinline
func never(n int) int { return n + len(os.Args) }

// Deep calls move the stack.
func deep(n int) int { var pad [64]int; pad[n%64] = n; if n == 0 { return pad[0] }; return deep(n-1) + pad[n%64] }

func main() {
	fmt.Println("ready")
	var line string
	for {
		if _, err := fmt.Scanln(&line); err != nil { return }
		switch line {
		case "a": var s Stack[string]; s.Push("x")
		case "b": fmt.Fprintln(os.Stderr, inlined(len(line)), pure(len(line)))
		case "c": done := make(chan int); for i := 0; i < 50; i++ { go func() { done <- deep(20000) }() }; for i := 0; i < 50; i++ { <-done }
		case "never": never(1)
		}
		fmt.Println(line, "done")
	}
}
"""


@pytest.mark.skipif(not GO, reason="no go")
@pytest.mark.parametrize("flags", [(), ("-ldflags=-s -w",), ("-ldflags=-s -w", "-buildmode=pie")], ids=str)
def test_go(tmp_path, flags):
    (tmp_path / "go.mod").write_text("module victim\ngo 1.20\n")
    (tmp_path / "main.go").write_text(GO_SOURCE)
    program = tmp_path / "victim"
    subprocess.run([GO, "build", *flags, "-o", program, "."], cwd=tmp_path, check=True,
                   env={"HOME": str(Path.home()), **os.environ, "GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local"})
    victim = Victim(program)
    events = Events(*(f"{program}:main.{name}" for name in ("Stack.Push", "inlined", "never", "deep")))
    for letter in "acb":
        victim.call(letter)
    seen = events.end()
    victim.call("c")
    victim.end()
    assert [e["function"] for e in seen] == ["main.Stack.Push", "main.deep", "main.inlined"]


@needs_host_pids
def test_probes_of_the_program(tmp_path):
    """The kernel counts the semaphore up only while somebody watches."""
    program = build(tmp_path, "usdt", source="usdt.c")
    victim = Victim(program)
    victim.call("b")
    events = Events(*(f"usdt:{program}:victim:{name}" for name in ("plain", "guarded")), option="--hook")
    for letter in "aba":
        victim.call(letter)
    seen = events.end()
    victim.process.stdin.write("b\n")
    victim.process.stdin.flush()
    assert victim.process.stdout.readline() == "b 0\n"
    victim.end()
    assert [(e["type"], e["pid"], e["hook"].rsplit(":", 1)[1]) for e in seen] == [
        ("hook", victim.process.pid, "plain"), ("hook", victim.process.pid, "guarded")]
    missing = subprocess.run([PROGRAM, "events", "--hook", f"usdt:{program}:victim:none"], capture_output=True, text=True)
    assert missing.returncode == 2 and "no such USDT probe" in missing.stderr


def test_tracepoint():
    """In a mount namespace of its own: tracefs may not be mounted here."""
    mount = "mountpoint -q /sys/kernel/tracing || mount -t tracefs none /sys/kernel/tracing || exit 9; exec \"$@\""
    events = Events("tracepoint:sched:sched_process_exec", option="--hook", before=("unshare", "-m", "sh", "-c", mount, "sh"))
    if events.process.poll() == 9:
        pytest.skip("tracefs cannot be mounted")
    subprocess.run(["true"], check=True)
    seen = events.end()
    assert seen and {(e["type"], e["hook"]) for e in seen} == {("hook", "tracepoint:sched:sched_process_exec")}
    wrong = subprocess.run([PROGRAM, "events", "--hook", "tracepoint:sched"], capture_output=True, text=True)
    assert wrong.returncode == 2 and "tracepoint:CATEGORY:NAME" in wrong.stderr
