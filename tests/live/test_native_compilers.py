# SPDX-License-Identifier: Apache-2.0
"""What a compiler inlined where nobody can see it: a function runs, and no breakpoint of it is met. Its silence may not be told
then. And functions without a name, which are asked for by their address."""

import os
import signal
import subprocess
import time

import pytest
from native import Service
from test_native_asked import listed
from whole import Watch, needs, needs_root, wait_until

pytestmark = [needs_root, pytest.mark.usefixtures("silence")]

PART = "volatile int sink;\nint vulnerable(int x) { sink += x; return sink * 3 + 1; }\n"
OTHER = "int vulnerable(int x);\nint path(int x) { return vulnerable(x) + 1; }\n"
MAIN = r"""
#include <stdio.h>
int path(int x);
extern volatile int sink;
int (*volatile keep)(int);
int vulnerable(int x);
int main(void)
{
        char line[64];
        setvbuf(stdout, NULL, _IOLBF, 0);
        keep = vulnerable;
        puts("ready");
        while (fgets(line, sizeof(line), stdin)) {
                int before = sink;
                path(7);
                printf("ran %d\n", sink - before);
        }
}
"""


PASSING = "not armed yet", "not looked into yet", "before it could be probed"


def settle(state, service, name):
    """Its answer, once it is none that passes by itself."""
    return wait_until(lambda: (a := listed(state, service).get(name)) and
                      not (a["answer"] == "unknown" and any(text in a["reason"] for text in PASSING)) and a)


def silence(tmp_path, program, name):
    """Its answers before and after it ran as an inlined copy, which the program itself tells."""
    state = tmp_path / "state"
    with Service("usewear-test-compiled", program) as service, Watch(state, "--function", f"{program}:{name}") as watch:
        before = settle(state, service, name)
        assert service.tell("go") == "ran 7\n"
        watch.look()
        after = settle(state, service, name)
        assert watch.stop() == 0
    return before, after


def clang_joined(folder, described):
    """As link-time optimisation does it: the parts are one before they are optimised."""
    for name, text in (("part", PART), ("other", OTHER), ("main", MAIN)):
        (folder / f"{name}.c").write_text(text)
        subprocess.run(["clang", "-O2", *(["-g"] if name in described else []), "-c", "-emit-llvm", "-o", folder / f"{name}.bc",
                        folder / f"{name}.c"], check=True)
    subprocess.run(["llvm-link", "-o", folder / "all.bc", *(folder / f"{n}.bc" for n in ("part", "other", "main"))], check=True)
    subprocess.run(["clang", "-O2", "-o", folder / "joined", folder / "all.bc"], check=True)
    return folder / "joined"


@needs("clang", "llvm-link")
@pytest.mark.parametrize("described", [("part", "other", "main"), ("part", "main")], ids=["all", "one-without"])
def test_units_that_clang_joined(tmp_path, described):
    before, after = silence(tmp_path, clang_joined(tmp_path, described), "vulnerable")
    assert before["answer"] == after["answer"] == "unknown", (before, after)
    if "other" in described:  # the copy is in main, which runs already when its guard comes
        assert "may have been running" in before["reason"], before
    else:
        assert "no debug information" in before["reason"], before


PARSER = """use std::sync::atomic::{AtomicI64, Ordering::SeqCst};
pub static SUM: AtomicI64 = AtomicI64::new(0);
#[inline]
pub fn vulnerable(x: i64) -> i64 { SUM.fetch_add(x, SeqCst) * 3 + 1 }
#[inline(never)]
pub fn keep() -> fn(i64) -> i64 { std::hint::black_box(vulnerable) }
"""
USER = """use std::io::Write;
fn main() {
    let kept = parser::keep();
    println!("ready");
    for line in std::io::stdin().lines() {
        let before = parser::SUM.load(std::sync::atomic::Ordering::SeqCst);
        if line.unwrap() == "kept" { kept(1); }
        parser::vulnerable(7);
        println!("ran {}", parser::SUM.load(std::sync::atomic::Ordering::SeqCst) - before);
        std::io::stdout().flush().unwrap();
    }
}
"""


@needs("rustc")
@pytest.mark.parametrize("flags", [("-g",), ()], ids=["all", "crate-without"])
def test_crate_without_debug_information(tmp_path, flags):
    """The crate of the program has it or not; the crate whose function it is has it."""
    (tmp_path / "parser.rs").write_text(PARSER)
    (tmp_path / "user.rs").write_text(USER)
    rustc = ["rustc", "--edition", "2021", "-O", "--out-dir", tmp_path]
    subprocess.run([*rustc, "-g", "--crate-type", "rlib", "--crate-name", "parser", tmp_path / "parser.rs"], check=True)
    subprocess.run([*rustc, *flags, "--extern", f"parser={tmp_path}/libparser.rlib", tmp_path / "user.rs"], check=True)
    before, after = silence(tmp_path, tmp_path / "user", "parser::vulnerable")
    assert before["answer"] == after["answer"] == "unknown", (before, after)
    assert ("may have been running" in before["reason"]) == bool(flags), before


NAMELESS = r"""
#include <stdio.h>
volatile int sink;
static __attribute__((noinline)) int called(int x) { sink += x; return getchar_unlocked() + sink; }
static __attribute__((noinline)) int quiet(int x) { sink -= x; return getchar_unlocked() - sink; }
int main(int argc, char **argv)
{
        setvbuf(stdout, NULL, _IOLBF, 0);
        puts("ready");
        while (called(argc) >= 0)
                puts(argc > 9 && quiet(argc) ? "quiet" : "called");
        return argv[0] == NULL;
}
"""


@needs("cc", "nm", "strip")
def test_function_without_a_name(tmp_path):
    """In a stripped program, asked for by its address, as objdump prints it."""
    state, program = tmp_path / "state", tmp_path / "nameless"
    (tmp_path / "nameless.c").write_text(NAMELESS)
    subprocess.run(["cc", "-O2", "-o", program, tmp_path / "nameless.c"], check=True)
    symbols = subprocess.run(["nm", program], capture_output=True, text=True, check=True).stdout
    address = {name: f"0x{int(at, 16):x}" for at, kind, name in (line.split() for line in symbols.splitlines() if len(line.split()) == 3)}
    subprocess.run(["strip", program], check=True)
    asked = [f"{program}:{address[name]}" for name in ("called", "quiet")]
    with Service("usewear-test-nameless", program) as service, \
            Watch(state, "--function", asked[0], "--function", asked[1]) as watch:
        wait_until(lambda: listed(state, service).get(address["called"], {}).get("armed_since"))
        assert service.tell("x") == "called\n"
        ran = wait_until(lambda: (f := listed(state, service).get(address["called"])) and f["answer"] == "yes" and f)
        assert ran["engine"] == "uprobe" and ran["container"] == "nameless"
        quiet = settle(state, service, address["quiet"])
        assert quiet["answer"] == "not_observed", quiet  # the code at that address, not copies of it
        assert watch.stop() == 0


FORKING = r"""
#include <stdio.h>
#include <unistd.h>
volatile int sink;
int (*volatile keep)(int);
static inline __attribute__((always_inline)) int body(int x) { sink += x; return sink * 3 + 1; }
int vulnerable(int x) { return body(x); }
int main(void)
{
        char line[64];
        setvbuf(stdout, NULL, _IOLBF, 0);
        keep = vulnerable;
        puts("ready");
        while (fgets(line, sizeof(line), stdin)) {
                int before = sink;
                if (line[0] == 'f' && fork())
                        for (;;)
                                pause();
                if (line[0] == 'f') {
                        printf("forked %d\n", (int)getpid());
                        continue;
                }
                vulnerable(7);
                printf("ran %d\n", sink - before);
        }
}
"""


def test_a_child_goes_on_where_its_parent_was(tmp_path):
    """`main` runs since before its guard came, in the child, too, and when the parent is gone."""
    state, program = tmp_path / "state", tmp_path / "forking"
    (tmp_path / "forking.c").write_text(FORKING)
    subprocess.run(["cc", "-O2", "-g", "-o", program, tmp_path / "forking.c"], check=True)
    with Service("usewear-test-forking", program) as service, Watch(state, "--function", f"{program}:vulnerable") as watch:
        assert "may have been running" in settle(state, service, "vulnerable")["reason"]
        time.sleep(2.5)  # the child is younger than the guard, whose time is told in seconds
        assert service.tell("fork").startswith("forked ")
        watch.look()
        service.process.kill()
        service.process.wait()
        watch.look()
        assert "may have been running" in settle(state, service, "vulnerable")["reason"]
        assert service.tell("go") == "ran 7\n"
        watch.look()
        assert listed(state, service)["vulnerable"]["answer"] == "unknown"
        assert watch.stop() == 0


HOSTING = r"""
#include <stdio.h>
#include <unistd.h>
volatile int sink;
int (*volatile keep)(int);
static inline __attribute__((always_inline)) int body(int x) { sink += x; return sink * 3 + 1; }
int vulnerable(int x) { return body(x); }
static char line[64];
__attribute__((noinline)) void host(void)
{
        puts("inside");
        while (fgets(line, sizeof(line), stdin)) {
                int before = sink;
                if (line[0] == 'f' && fork())
                        for (;;)
                                pause();
                if (line[0] == 'f') {
                        printf("forked %d\n", (int)getpid());
                        continue;
                }
                vulnerable(7);
                printf("ran %d\n", sink - before);
        }
}
int main(void)
{
        setvbuf(stdout, NULL, _IOLBF, 0);
        keep = vulnerable;
        puts("ready");
        while (fgets(line, sizeof(line), stdin))
                host();
}
"""


@pytest.mark.parametrize("ends", [False, True], ids=["stays", "ends"])
def test_a_child_that_comes_to_another_workload(tmp_path, ends):
    """It brings along where its parent was, whether it is looked at there or gone before."""
    state, program = tmp_path / "state", tmp_path / "hosting"
    (tmp_path / "hosting.c").write_text(HOSTING)
    subprocess.run(["cc", "-O2", "-g", "-o", program, tmp_path / "hosting.c"], check=True)
    with Service("usewear-test-hosting", program) as old:
        assert old.tell("host") == "inside\n"
        check_visit(state, program, old, ends)


def check_visit(state, program, old, ends):
    with Watch(state, "--function", f"{program}:vulnerable") as watch:
        settle(state, old, "vulnerable")
        time.sleep(2.5)
        with Service("usewear-test-young", program) as young:
            quiet = settle(state, young, "vulnerable")
            assert quiet["answer"] == "not_observed", quiet
            child = int(old.tell("fork").split()[1])
            (young.folder / "cgroup.procs").write_text(str(child))
            if not ends:
                watch.look()
                assert "may have been running" in settle(state, young, "vulnerable")["reason"]
            assert old.tell("go") == "ran 7\n"
            if ends:
                os.kill(child, signal.SIGKILL)
            watch.look()
            seen = settle(state, young, "vulnerable")
            assert seen["answer"] == "unknown" and "may have been running" in seen["reason"], seen
        assert watch.stop() == 0


TWINS = r"""
volatile int sink;
int vulnerable(int x) { sink += x; return sink * 3 + 1; }
int first(int x) { int r = vulnerable(x) ^ 5; return r > 10 ? r - 3 : r; }
int second(int x) { int r = vulnerable(x) ^ 5; return r > 10 ? r - 3 : r; }
int (*const table[])(int) = {first, second};
"""
PICKS = r"""
#include <stdio.h>
extern volatile int sink;
extern int (*const table[])(int);
int main(void)
{
        char line[64];
        setvbuf(stdout, NULL, _IOLBF, 0);
        puts("ready");
        while (fgets(line, sizeof(line), stdin)) {
                int before = sink;
                table[1](7);
                printf("ran %d\n", sink - before);
        }
}
"""


@needs("gcc")
@pytest.mark.parametrize("identical", [True, False])
def test_functions_that_gcc_found_identical(tmp_path, identical):
    """GCC makes one of them a jump to the other, and inlines that again: debug information has no word of the copy. In a process
    that is younger than the guards, so that nothing else makes its silence unknown."""
    state, program = tmp_path / "state", tmp_path / "twins"
    (tmp_path / "twins.c").write_text(TWINS if identical else TWINS.replace("^ 5", "^ 6", 1))
    (tmp_path / "picks.c").write_text(PICKS)
    subprocess.run(["gcc", "-O2", "-g", "-o", program, tmp_path / "twins.c", tmp_path / "picks.c"], check=True)
    with Service("usewear-test-older", program) as older, Watch(state, "--function", f"{program}:vulnerable") as watch:
        settle(state, older, "vulnerable")
        time.sleep(2.5)  # times of guards are told in seconds
        with Service("usewear-test-younger", program) as service:
            before = settle(state, service, "vulnerable")
            assert service.tell("go") == "ran 7\n"
            watch.look()
            after = settle(state, service, "vulnerable")
        assert watch.stop() == 0
    assert after["answer"] == "unknown", (before, after)
    assert before["answer"] == ("unknown" if identical else "not_observed"), before
    assert ("no debug information of a part" if identical else "holds a copy") in after["reason"], after
