# SPDX-License-Identifier: Apache-2.0
"""In code that a process has mapped writable or shared the kernel sets no probe, and tells nobody; nor does it where code is made
executable afterwards, or was written over. A function that runs there is not seen, and its silence may not be told."""

import contextlib
import shutil

import pytest
from native import Service, compile_c
from test_native_asked import listed
from test_native_compilers import settle
from whole import Watch, needs, needs_root, tmpfs, wait_until

pytestmark = [needs_root, pytest.mark.usefixtures("silence"), needs("cc")]

LIBRARY = "int sink;\n__attribute__((noinline)) int vulnerable(int x) { while (x--) sink += x; return sink; }\n"
# Its probe lies on a call to another page, which looks as the kernel's own call for one that was hit.
CALLING = r"""
int sink;
__attribute__((noinline, aligned(4096))) int other(int x) { while (x--) sink += x; return sink; }
__attribute__((noinline, aligned(4096))) int vulnerable(int x) { other(x); return sink; }
"""
PROGRAM = r"""
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
        char line[64];
        void *library = dlopen(argv[1], RTLD_NOW);
        int (*vulnerable)(int) = (int (*)(int))dlsym(library, "vulnerable");
        void *page = (void *)((uintptr_t)vulnerable & ~4095ul);
        Dl_info info;
        dladdr((void *)vulnerable, &info);
        if (!strcmp(argv[2], "writable") && mprotect(page, 4096, PROT_READ | PROT_WRITE | PROT_EXEC))
                return 1;
        if (!strcmp(argv[2], "shared") &&
            mmap(page, 4096, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_FIXED, open(argv[1], O_RDONLY),
                 (char *)page - (char *)info.dli_fbase) == MAP_FAILED)
                return 2;
        setvbuf(stdout, NULL, _IOLBF, 0);
        puts("ready");
        while (fgets(line, sizeof(line), stdin)) {
                int file = open(argv[1], O_RDONLY);
                off_t offset = (char *)page - (char *)info.dli_fbase;
                if (!strncmp(line, "map", 3) &&
                    (mmap(page, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, file, offset) == MAP_FAILED ||
                     mprotect(page, 4096, PROT_READ | PROT_EXEC)))
                        return 3;
                if (!strncmp(line, "write", 5) &&
                    (mprotect(page, 4096, PROT_READ | PROT_WRITE) || pread(file, page, 4096, offset) < 0 ||
                     mprotect(page, 4096, PROT_READ | PROT_EXEC)))
                        return 4;
                if (!strncmp(line, "drop", 4) && madvise(page, 4096, MADV_DONTNEED))
                        return 5;
                if (!strncmp(line, "poke", 4)) {
                        char code[4096];
                        int memory = open("/proc/self/mem", O_RDWR);
                        if (pread(file, code, 4096, offset) < 0 || pwrite(memory, code, 4096, (off_t)(uintptr_t)page) < 0)
                                return 6;
                        close(memory);
                }
                if (!strncmp(line, "guard", 5)) {
                        int guard = (int)syscall(SYS_userfaultfd, 0);
                        struct uffdio_api api = {.api = UFFD_API, .features = UFFD_FEATURE_MINOR_SHMEM};
                        struct uffdio_register all = {.range = {(uintptr_t)page, 4096}, .mode = UFFDIO_REGISTER_MODE_MINOR};
                        puts(ioctl(guard, UFFDIO_API, &api) || ioctl(guard, UFFDIO_REGISTER, &all) ||
                             madvise(page, 4096, MADV_DONTNEED) ? "cannot" : "done");
                        continue;
                }
                close(file);
                if (!strncmp(line, "go", 2))
                        printf("ran %d\n", vulnerable(4));
                else
                        puts("done");
        }
        return argc < 0;
}
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("unprobed")
    (folder / "library.c").write_text(LIBRARY)
    (folder / "program.c").write_text(PROGRAM)
    library = compile_c(folder / "libthing.so.1", folder / "library.c", "-g", "-shared", "-fPIC", "-Wl,--build-id")
    return compile_c(folder / "program", folder / "program.c", "-D_GNU_SOURCE", "-ldl"), library


@pytest.mark.parametrize("mapped", ["plain", "writable", "shared"])
def test_code_that_the_kernel_does_not_probe(tmp_path, made, mapped):
    program, library = made
    state = tmp_path / "state"
    with Service("usewear-test-unprobed", program, library, mapped) as service, \
            Watch(state, "--function", f"{library}:vulnerable") as watch:
        before = settle(state, service, "vulnerable")
        assert service.tell("go") == "ran 6\n"
        watch.look()
        after = listed(state, service)["vulnerable"]
        assert watch.stop() == 0
    if mapped == "plain":
        assert (before["answer"], after["answer"]) == ("not_observed", "yes"), (before, after)
    else:
        assert before["answer"] == after["answer"] == "unknown", (before, after)
        assert "no probes" in before["reason"], before


@contextlib.contextmanager
def watched(state, program, ways):
    """(the watch, {how: a service of its own}, {how: what is told of its function}) for copies of the library."""
    with contextlib.ExitStack() as stack:
        services = {how: stack.enter_context(Service(f"usewear-test-{how.replace(' ', '-')}", program, copy, "plain"))
                    for how, copy in ways.items()}
        asked = [word for copy in ways.values() for word in ("--function", f"{copy}:vulnerable")]
        watch = stack.enter_context(Watch(state, *asked))
        yield watch, services, {how: settle(state, service, "vulnerable") for how, service in services.items()}
        assert watch.stop() == 0


def test_code_that_loses_its_probes(tmp_path, made):
    program, library = made
    state = tmp_path / "state"
    ways = {how: shutil.copy(library, tmp_path / f"lib{how}.so.1") for how in ("map", "write")}
    (tmp_path / "calling.c").write_text(CALLING)
    ways["map a call"] = compile_c(tmp_path / "libcalling.so.1", tmp_path / "calling.c", "-g", "-shared", "-fPIC", "-Wl,--build-id")
    with watched(state, program, ways) as (_, services, before):
        for how, service in services.items():
            assert service.tell(how) == "done\n"
            assert service.tell("go") == "ran 6\n"
        after = {how: wait_until(lambda s=s: "no probe" in ((a := listed(state, s)["vulnerable"])["reason"] or "") and a)
                 for how, s in services.items()}  # without a full look: events tell
    for how in ways:
        assert before[how]["answer"] == "not_observed", before
        assert after[how]["answer"] == "unknown", after


def test_code_that_loses_its_probes_unseen(tmp_path, made):
    """No event tells of that: the next look at all processes does, in those that have run."""
    program, library = made
    state = tmp_path / "state"
    ways = {how: shutil.copy(library, tmp_path / f"lib{how}.so.1") for how in ("drop", "poke")}
    with watched(state, program, ways) as (watch, services, before):
        watch.look()
        for how, service in services.items():
            assert service.tell(how) == "done\n"
            assert service.tell("go") == "ran 6\n"
        watch.look()
        after = {how: listed(state, service)["vulnerable"] for how, service in services.items()}
    for how in ways:
        assert before[how]["answer"] == "not_observed", before
        assert after[how]["answer"] == "unknown" and "no probe" in after[how]["reason"], after


def test_code_that_cannot_be_read_in_time(tmp_path, made):
    """Who reads the page waits for whoever guards it, and is killed: nobody knows whether its probes are set."""
    program, library = made
    state = tmp_path / "state"
    with tmpfs(tmp_path / "memory") as memory:
        copy = shutil.copy(library, memory)
        with Service("usewear-test-guarded", program, copy, "plain") as service, \
                Watch(state, "--function", f"{copy}:vulnerable") as watch:
            before = settle(state, service, "vulnerable")
            if service.tell("guard") != "done\n":
                pytest.skip("this kernel guards no files in memory (userfaultfd)")
            watch.look()
            after = listed(state, service)["vulnerable"]
            assert watch.stop() == 0
    assert before["answer"] == "not_observed", before
    assert after["answer"] == "unknown" and "cannot be seen" in after["reason"], after
