# SPDX-License-Identifier: Apache-2.0
"""Functions that a library has in a header: who includes it has copies of his own, which run while the library's is silent."""

import subprocess

import pytest
from native import Service
from test_native_asked import listed
from test_native_compilers import settle
from whole import Watch, needs, needs_root

pytestmark = [needs_root, pytest.mark.usefixtures("silence")]

HEADER = r"""
extern volatile int sink;
struct parser { int parse(int x) { sink = sink + x; return sink * 3 + 1; } };
namespace made { template <typename T> int templated(T x) { sink = sink + x; return sink * 5 + 1; }
static inline int fixed(int x) { sink = sink + x; return sink * 7 + 1; }
}
extern "C" int strict(int x);
int own(int x);
"""
LIBRARY = r"""
#include "header.h"
#include <stdio.h>
volatile int sink;
struct hidden { int parse(int x) { sink = sink + x; return sink * 9 + 1; } };
int (parser::*volatile keep)(int) = &parser::parse;
int (hidden::*volatile keep_hidden)(int) = &hidden::parse;
int (*volatile keep_templated)(int) = made::templated<int>;
int (*volatile keep_fixed)(int) = made::fixed;
int strict(int x) { return x * sink; }
int own(int x) { parser p; int before = sink; (p.*keep)(x); keep_templated(x); keep_fixed(x); return sink - before; }
"""
USER = r"""
#include "header.h"
#include <stdio.h>
int main(void)
{
        char line[64];
        parser p;
        setvbuf(stdout, NULL, _IOLBF, 0);
        puts("ready");
        while (fgets(line, sizeof(line), stdin)) {
                int before = sink;
                if (line[0] == 'o')
                        own(7);
                else
                        printf("", p.parse(7), made::templated(7), made::fixed(7));
                printf("ran %d\n", sink - before);
        }
}
"""
FROM_HEADER = "parser::parse", "made::templated", "made::fixed"
OTHERS = "strict", "hidden::parse"


def build(folder, compiler, *flags):
    for name, text in (("header.h", HEADER), ("library.cpp", LIBRARY), ("user.cpp", USER)):
        (folder / name).write_text(text)
    subprocess.run([compiler, "-O2", "-g", "-w", "-shared", "-fPIC", "-o", folder / "libheader.so", folder / "library.cpp"], check=True)
    subprocess.run([compiler, "-O2", "-w", *flags, "-o", folder / "user", folder / "user.cpp", folder / "libheader.so",
                    f"-Wl,-rpath,{folder}"], check=True)
    return folder / "user", folder / "libheader.so"


@pytest.mark.parametrize("compiler", [pytest.param(c, marks=needs(c)) for c in ("g++", "clang++")])
@pytest.mark.parametrize("flags", [(), ("-fno-inline",)], ids=["inlined", "copied"])
def test_functions_of_a_public_header(tmp_path, compiler, flags):
    state, (program, library) = tmp_path / "state", build(tmp_path, compiler, *flags)
    asked = [w for name in FROM_HEADER + OTHERS for w in ("--function", f"{library}:{name}")]
    with Service("usewear-test-header", program) as service, Watch(state, *asked) as watch:
        before = {name: settle(state, service, name) for name in FROM_HEADER + OTHERS}
        assert service.tell("user") == "ran 21\n"
        watch.look()
        after = listed(state, service)
        for name in FROM_HEADER:
            assert before[name]["answer"] == "unknown" and "may be inlined" in before[name]["reason"], (name, before[name])
            assert after[name]["answer"] == "unknown", (name, after[name])
        for name in OTHERS:
            assert before[name]["answer"] == after[name]["answer"] == "not_observed", (name, before[name], after[name])
        assert service.tell("own") == "ran 21\n"
        watch.look()
        after = listed(state, service)
        assert watch.stop() == 0
    if not flags:  # else the program's own copies may answer the library, too
        assert [after[name]["answer"] for name in FROM_HEADER] == ["yes"] * 3, after


RUST_LIBRARY = """use std::sync::atomic::{AtomicI64, Ordering::SeqCst};
pub static SUM: AtomicI64 = AtomicI64::new(0);
#[inline]
pub fn vulnerable(x: i64) -> i64 { SUM.fetch_add(x, SeqCst) * 3 + 1 }
#[inline(never)]
pub fn keep() -> fn(i64) -> i64 { std::hint::black_box(vulnerable) }
"""
RUST_USER = """use std::io::Write;
fn main() {
    println!("ready");
    for _ in std::io::stdin().lines() {
        let before = shared::SUM.load(std::sync::atomic::Ordering::SeqCst);
        shared::vulnerable(7);
        println!("ran {}", shared::SUM.load(std::sync::atomic::Ordering::SeqCst) - before);
        std::io::stdout().flush().unwrap();
    }
}
"""


@needs("rustc")
def test_crate_that_is_a_library_of_its_own(tmp_path):
    state, library = tmp_path / "state", tmp_path / "libshared.so"
    (tmp_path / "shared.rs").write_text(RUST_LIBRARY)
    (tmp_path / "user.rs").write_text(RUST_USER)
    rustc = ["rustc", "--edition", "2021", "-O", "-C", "prefer-dynamic", "-C", f"link-arg=-Wl,-rpath,{tmp_path}", "--out-dir", tmp_path]
    subprocess.run([*rustc, "-g", "--crate-type", "dylib", "--crate-name", "shared", tmp_path / "shared.rs"], check=True)
    subprocess.run([*rustc, "--extern", f"shared={library}", tmp_path / "user.rs"], check=True)
    root = subprocess.run(["rustc", "--print", "target-libdir"], capture_output=True, text=True, check=True).stdout.strip()
    with Service("usewear-test-dylib", "env", f"LD_LIBRARY_PATH={root}", tmp_path / "user") as service, \
            Watch(state, "--function", f"{library}:shared::vulnerable") as watch:
        before = settle(state, service, "shared::vulnerable")
        assert service.tell("go") == "ran 7\n"
        watch.look()
        after = listed(state, service)["shared::vulnerable"]
        assert watch.stop() == 0
    assert before["answer"] == after["answer"] == "unknown", (before, after)
