# SPDX-License-Identifier: Apache-2.0
"""A file that is written over where it is, while it is probed: its functions lie elsewhere now."""

import shutil

import pytest
from native import Service, compile_c
from test_native_asked import listed
from test_native_compilers import settle
from whole import Watch, needs, needs_root, wait_until

pytestmark = [needs_root, pytest.mark.usefixtures("silence"), needs("cc")]

BEFORE = r"""
int sink;
__attribute__((noinline, aligned(4096))) int vulnerable(int x) { while (x--) sink += x; return sink; }
__attribute__((noinline, aligned(4096))) int zother(int x) { return x + sink; }
"""
# Where the function was, there is the middle of an instruction now.
AFTER = r"""
int sink;
__attribute__((noinline, aligned(4096))) int other(int x);
__asm__(".pushsection .text\n.balign 4096\n.globl other\n.type other,@function\nother:\n"
        "mov $0x11223344, %eax\nmov $0x55667788, %ecx\nmov $0x55667788, %edx\nmov $0x55667788, %esi\nmov %edx, %eax\nret\n.size other, .-other\n.popsection");
__attribute__((noinline, aligned(4096))) int vulnerable(int x) { while (x--) sink += x; return sink; }
"""
PROGRAM = r"""
#include <stdio.h>
#include <string.h>
#include <dlfcn.h>
int main(int argc, char **argv)
{
        char line[64];
        void *library = dlopen(argv[1], RTLD_NOW);
        int (*vulnerable)(int) = (int (*)(int))dlsym(library, "vulnerable");
        int (*other)(int) = (int (*)(int))dlsym(library, "other");
        setvbuf(stdout, NULL, _IOLBF, 0);
        printf("ready\n");
        while (fgets(line, sizeof(line), stdin))
                if (!strncmp(line, "go", 2))
                        printf("ran %d\n", vulnerable(4));
                else
                        printf("other %x\n", other ? other(1) : 0);
        return argc < 0;
}
"""


def test_written_over(tmp_path):
    state = tmp_path / "state"
    for name, text in (("before", BEFORE), ("after", AFTER), ("program", PROGRAM)):
        (tmp_path / f"{name}.c").write_text(text)
    build = ("-g", "-shared", "-fPIC", "-fno-toplevel-reorder", "-Wl,--build-id")
    library = compile_c(tmp_path / "libthing.so.1", tmp_path / "before.c", *build)
    later = compile_c(tmp_path / "later.so", tmp_path / "after.c", *build)
    program = compile_c(tmp_path / "program", tmp_path / "program.c", "-ldl")
    with Service("usewear-test-written", program, library) as service, \
            Watch(state, "--function", f"{library}:vulnerable") as watch:
        before = settle(state, service, "vulnerable")
        shutil.copyfile(later, library)
        with Service("usewear-test-anew", program, library) as new:
            after = wait_until(lambda: (a := listed(state, new).get("vulnerable")) and "written" in (a["reason"] or "") and a)
            old = listed(state, service)["vulnerable"]
            assert new.tell("go") == "ran 6\n"
        with Service("usewear-test-last", program, library) as last:  # what lies there now is whole
            assert last.tell("other") == "other 55667788\n"
        watch.look()
        with Service("usewear-test-fresh", program, library) as fresh:
            wait_until(lambda: listed(state, fresh).get("vulnerable", {}).get("answer") == "not_observed")
            assert fresh.tell("go") == "ran 6\n"
            wait_until(lambda: listed(state, fresh)["vulnerable"]["answer"] == "yes")
        assert watch.stop() == 0
    assert before["answer"] == "not_observed", before
    assert after["answer"] == old["answer"] == "unknown", (after, old)
