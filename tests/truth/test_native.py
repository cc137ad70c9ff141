# SPDX-License-Identifier: Apache-2.0
"""Native functions: what usewear watch says of each, held against victims that count their own calls, and against
breakpoints in another copy of programs that do not. A wrong yes or a wrong no fails; what was armed and ran must be yes."""

import contextlib
import datetime
import json
import os
import random
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "live"))
sys.path.insert(0, str(Path(__file__).resolve().parent))
import described  # noqa: E402
import foreign  # noqa: E402
import native_victims as victims  # noqa: E402
from native import GO, Service, naming  # noqa: E402
from native_rows import judge, wall  # noqa: E402
from whole import Watch, findings, needs_root, release, usewear, wait_until  # noqa: E402

pytestmark = needs_root
SEED = 20261126


def import_all(folder, state, names, package, container, ecosystem):
    """One advisory a function of {number: name}, so that each has an answer of its own."""
    files = folder / "advisories"
    files.mkdir()
    for n, name in names.items():
        naming(files / f"{n}.json", package, [(container, name)], ecosystem, identifier=f"GO-TRUTH-{n}",
               fixed="99.0.0" if ecosystem == "Go" else "99:1")
    usewear(state, "db", "import", str(files))


def answers(state, service):
    return {int(f["id"].rsplit("-", 1)[1]): f["reached"] for f in findings(state, "report")["findings"]
            if f["id"].startswith("GO-TRUTH-") and f["workload"] and f["workload"]["id"] == service.workload}


def probed_since(state, service):
    """{FILE:FUNCTION: since when}, also of those whose silence proves nothing."""
    with contextlib.closing(sqlite3.connect(state / "evidence.db")) as db:
        found = db.execute("select s.text, max(since) from function_coverage join name s on s.id = subject "
                           "join name w on w.id = workload where w.text = ? group by 1", (service.workload,))
        return {name: datetime.datetime.fromtimestamp(since, datetime.timezone.utc).isoformat() for name, since in found}


def settled(state, service, count, armed_after=0):
    """All functions have an answer that looking into the file gave; those that are silent, since later than that."""
    waiting = []

    def look():
        nonlocal waiting
        found = answers(state, service)
        if any(a["answer"] == "not_observed" and wall(a["since"]) < armed_after for a in found.values()):
            return None
        waiting = [a["reason"] for a in found.values() if a["answer"] == "unknown" and re.search(
            "not armed yet|not looked into|every process|is not watched|no engine|not watched up to|not caught", a["reason"] or "")]
        return found if len(found) == count and not waiting else None
    try:
        return wait_until(look, 300)
    except AssertionError as e:
        raise AssertionError(f"{len(waiting)} of {count} wait: {sorted(set(waiting))[:5]}") from e


def run_counted(name, tmp_path, command, names, package, container, ecosystem, ways, least=0.8, named=None, **options):
    """`named`: for how many of the functions there is an advisory; all are called."""
    state, dice, count = tmp_path / "state", random.Random(SEED), len(names)
    chosen = set(random.Random(SEED + 3).sample(range(count), named or count))
    import_all(tmp_path, state, {n: names[n] for n in chosen}, package, container, ecosystem)
    with Service("usewear-truth", *command, **options) as service:
        for n in dice.sample(range(count), count // 4):  # these run before anybody watches
            assert service.tell(f"call {n}") == "done\n"
        with Watch(state) as watch:
            before = settled(state, service, len(chosen))
            counts = [int(word) for word in service.tell("counts").split()]
            earlier, ended = {n for n, old in enumerate(counts) if old}, {}
            for n in dice.sample(range(count), count // 3):
                assert service.tell(f"{dice.choice(ways)} {n}") == "done\n"
                new, now = [int(word) for word in service.tell("counts").split()], time.time()
                ended.update((k, now) for k in chosen if new[k] > counts[k])
                counts = new
            # One more full look, after all events are in.
            time.sleep(1)
            watch.look()
            after = answers(state, service)
            assert watch.stop() == 0
    judge(name, before, after, set(ended), earlier, least=least, ended=ended)


LIBRARIES = {
    "C library, -O2 -g": ("-O2", "-g"),
    "C library, -O3 -g, interposition off": ("-O3", "-g", "-fno-semantic-interposition"),
    "C library, LTO -g": ("-O2", "-g", "-flto", "-fno-semantic-interposition"),
    "C library, CET": ("-O2", "-g", "-fcf-protection=full"),
    "C library, stripped": ("-O2", "-s"),
    "C library, folded by gold -g": ("-O2", "-g", "-ffunction-sections", "-fuse-ld=gold", "-Wl,--icf=all"),
}
EXPORTED, NAMED, SAME = 300, 190, 18  # not more than 200 functions of a file are probed


@pytest.mark.parametrize("name", LIBRARIES)
def test_c_library(tmp_path, name):
    run_library(name, tmp_path, LIBRARIES[name], named=NAMED)


def test_more_functions_than_are_probed(tmp_path):
    run_library("C library, all 300 named", tmp_path, ("-O2", "-g"), least=0.55)


def run_library(name, tmp_path, flags, **options):
    count = EXPORTED
    root = victims.debian_root(tmp_path, "/usr/lib/libvictim.so.1")
    (tmp_path / "library.c").write_text(victims.c_library(count - SAME, SEED, SAME))
    (tmp_path / "program.c").write_text(victims.c_program(count, same=SAME))
    library = root / "usr/lib/libvictim.so.1"
    subprocess.run(["cc", "-shared", "-fPIC", "-pthread", "-Wl,-soname,libvictim.so.1", *flags, "-o", library,
                    tmp_path / "library.c"], check=True)
    subprocess.run(["cc", "-O2", "-pthread", "-o", root / "victim", tmp_path / "program.c", library], check=True)
    shutil.copy(shutil.which("sh"), root / "sh")
    for binary in (root / "victim", root / "sh"):
        victims.copy_needed(root, binary, str(root / "usr/lib"))
    run_counted(name, tmp_path, ("chroot", root, "/victim"), [f"lib_{n}" for n in range(count)], "victim",
                "libvictim.so.1", release(), ("call", "thread", "fork"), **options,
                env={"LD_LIBRARY_PATH": "/usr/lib", "PATH": os.environ["PATH"]})


def test_library_that_comes_and_goes(tmp_path):
    """Loaded by dlopen while watched, closed and loaded again. What runs before the arming may be missed, but no
    silence may be told of its time."""
    count = 190
    state, root = tmp_path / "state", victims.debian_root(tmp_path, "/usr/lib/libvictim.so.1")
    (tmp_path / "library.c").write_text(victims.c_library(count, SEED + 2))
    (tmp_path / "program.c").write_text(victims.c_late_program(count, "/usr/lib/libvictim.so.1"))
    subprocess.run(["cc", "-shared", "-fPIC", "-pthread", "-Wl,-soname,libvictim.so.1", "-O2", "-g", "-o",
                    root / "usr/lib/libvictim.so.1", tmp_path / "library.c"], check=True)
    subprocess.run(["cc", "-O2", "-pthread", "-rdynamic", "-o", root / "victim", tmp_path / "program.c", "-ldl"], check=True)
    shutil.copy(shutil.which("sh"), root / "sh")
    for binary in (root / "victim", root / "sh"):
        victims.copy_needed(root, binary, str(root / "usr/lib"))
    import_all(tmp_path, state, {n: f"lib_{n}" for n in range(count)}, "victim", "libvictim.so.1", release())
    dice = random.Random(SEED)
    turns = dice.sample(range(count), count // 2)
    with Service("usewear-truth", "chroot", root, "/victim",
                 env={"LD_LIBRARY_PATH": "/usr/lib", "PATH": os.environ["PATH"]}) as service, Watch(state) as watch:
        called, ran, early, before = {}, set(), set(), {}

        def call(numbers, to):
            counts = [int(word) for word in service.tell("counts").split()]
            for n in numbers:
                assert service.tell(f"{dice.choice(('call', 'thread', 'fork'))} {n}") == "done\n"
            now = time.time()
            new = {n for n, (old, new) in enumerate(zip(counts, map(int, service.tell("counts").split()))) if new > old}
            called.update((n, now) for n in new)
            to |= new
        for i in range(0, 4, 2):
            opened = time.time()
            assert service.tell("open 0") == "done\n"
            call(turns[i::8], early)
            before = settled(state, service, count, armed_after=opened)
            call([n for k in (i + 1, i + 4, i + 5) for n in turns[k::8]], ran)
            time.sleep(1)
            watch.look()
            after = answers(state, service)
            if i == 0:
                assert service.tell("close 0") == "done\n"
                watch.look()  # a look that sees nobody map it any more
        assert watch.stop() == 0
    for n in early - ran:
        if after[n]["answer"] == "not_observed":
            assert wall(after[n]["since"]) >= called[n], (n, after[n], called[n])
    judge("C library, dlopen and dlclose", before, after, ran | {n for n in early if after[n]["answer"] == "yes"})


def run_static(name, tmp_path, compile_victim, names):
    """A program that is one file, and that a Debian package owns."""
    root = victims.debian_root(tmp_path, "/usr/lib/victim")
    compile_victim(root / "usr/lib/victim")
    run_counted(name, tmp_path, ("chroot", root, "/usr/lib/victim"), names, "victim", "victim", release(),
                ("call", "thread"))


def test_static_pie(tmp_path):
    count = 150
    (tmp_path / "all.c").write_text(victims.c_library(count - SAME, SEED + 1, SAME) + victims.c_program(count, same=SAME))
    run_static("C, static PIE -g", tmp_path, lambda out: subprocess.run(
        ["cc", "-O2", "-g", "-static-pie", "-pthread", "-o", out, tmp_path / "all.c"], check=True),
        [f"lib_{n}" for n in range(count)])


@pytest.mark.skipif(not shutil.which("c++"), reason="needs c++")
def test_cxx_templates(tmp_path):
    count = 100
    (tmp_path / "all.cc").write_text(victims.cxx_program(count))
    run_static("C++ templates, static -g", tmp_path, lambda out: subprocess.run(
        ["c++", "-O2", "-g", "-static", "-pthread", "-fpermissive", "-w", "-o", out, tmp_path / "all.cc"], check=True),
        [f"victim::Box{n}::put" for n in range(count)])


@pytest.mark.skipif(not shutil.which("rustc"), reason="needs rustc")
@pytest.mark.parametrize("mangling", ["legacy", "v0"])
def test_rust(tmp_path, mangling):
    count = 90
    (tmp_path / "main.rs").write_text(victims.rust_program(count))

    def compile_victim(out):
        done = subprocess.run(["rustc", "--edition", "2021", "-O", "-g", "-C", "target-feature=+crt-static",
                               "-C", f"symbol-mangling-version={mangling}", "-Z", "unstable-options", "--crate-name",
                               "market", "-o", out, tmp_path / "main.rs"], capture_output=True, text=True,
                              env={**os.environ, "RUSTC_BOOTSTRAP": "1"})
        if done.returncode:
            pytest.skip("rustc: " + done.stderr.strip().splitlines()[-1])
    run_static(f"Rust, {mangling} names", tmp_path, compile_victim, ["market::" + n for n in victims.rust_names(count)])


def toolchain(version):
    """The go command of a release, from the module proxy; skips where it cannot be had."""
    done = subprocess.run([GO, "mod", "download", "-json", f"golang.org/toolchain@v0.0.1-go{version}.linux-amd64"],
                          capture_output=True, text=True, env={**os.environ, "GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local"})
    if done.returncode:
        pytest.skip(f"go {version} cannot be had")
    folder = Path(json.loads(done.stdout)["Dir"])
    for program in (*folder.glob("bin/*"), *folder.glob("pkg/tool/*/*")):  # modules are unpacked without rights to run
        program.chmod(0o755)
    return folder / "bin/go"


# Tables changed with 1.16, 1.18 and 1.20, inline trees with 1.18, 1.20 and 1.21.
GO_RELEASES = ("1.15.15", "1.16.15", "1.17.13", "1.18.10", "1.19.13", "1.20.14", "1.21.13", "1.22.12", "1.23.12", "1.24.9", None)


@pytest.mark.skipif(not GO or os.uname().machine != "x86_64", reason="needs go on x86-64")
@pytest.mark.parametrize("version", GO_RELEASES, ids=lambda v: v or "here")
@pytest.mark.parametrize("flags", [("-ldflags=-s -w",), ("-ldflags=-s -w", "-buildmode=pie")], ids=["exe", "pie"])
def test_go(tmp_path, flags, version):
    """Before 1.18 nothing tells inlined copies: what ran is reached, and no silence is told."""
    go, count = toolchain(version) if version else GO, 120
    told = version or subprocess.run([GO, "env", "GOVERSION"], capture_output=True, text=True).stdout.strip()[2:]
    source, names = victims.go_library(count, SEED, generics=not told.startswith(("1.15", "1.16", "1.17")))
    proxy = victims.go_proxy(tmp_path / "proxy", source)
    work = tmp_path / "work"
    work.mkdir()
    (work / "main.go").write_text(victims.go_program(count))
    (work / "go.mod").write_text("module example.com/victim\n\ngo 1.13\n\nrequire example.com/lib v1.0.0\n"
                                 if told.startswith(("1.15", "1.16", "1.17")) else
                                 "module example.com/victim\n\ngo 1.18\n\nrequire example.com/lib v1.0.0\n")
    subprocess.run([go, "build", *flags, "-o", "victim", "."], cwd=work, check=True, env={
        **os.environ, "GOFLAGS": "-mod=mod", "GOPROXY": f"file://{proxy}", "GONOSUMDB": "*", "GOSUMDB": "off",
        "GOTOOLCHAIN": "local", "GOPATH": str(tmp_path / "cache"), "GOMODCACHE": str(tmp_path / "cache/pkg/mod"),
        "GONOSUMCHECK": "1", "GOROOT": ""})
    subprocess.run(["chmod", "-R", "u+w", tmp_path / "cache"], check=True)
    run_counted(f"Go {told}, stripped" + (", PIE" if len(flags) > 1 else ""), tmp_path, (work / "victim",), names,
                "example.com/lib", "example.com/lib", "Go", ("call", "thread"),
                least=0.55 if told.startswith(("1.15", "1.16", "1.17")) else 1)


# ---- Debian's own programs ------------------------------------------------------------------------------------------

def traced(kind, folder):
    """(what ran in a copy from the end of its warming up on, what of it where it begins, all functions, their files)."""
    folder.mkdir()
    program = kind(folder)
    with Service("usewear-truth-copy", *program.command) as service:
        program.warm(service)
        tracer = foreign.Tracer(folder, service, program)
        program.input(service)
        time.sleep(1)
        return *tracer.hits(), set().union(*tracer.names.values()), tracer.paths


def source_package(path):
    real = str(Path(path).resolve())
    owner = subprocess.run(["dpkg-query", "-S", real, real.removeprefix("/usr")], capture_output=True, text=True).stdout
    if not owner:
        pytest.skip(f"{path} is not Debian's")
    return subprocess.run(["dpkg-query", "-W", "-f", "${source:Package}\n", owner.split(":")[0]], capture_output=True,
                          text=True, check=True).stdout.split()[0]


@pytest.mark.parametrize("kind", [*foreign.PROGRAMS, described.Described], ids=lambda kind: kind.__name__.lower())
def test_debian_program(tmp_path, kind):
    """Half of the functions are of those that ran in the copies, as far as there are so many."""
    missing = [p for p in kind.needs if not shutil.which(p) and not Path("/usr/sbin", p).exists()]
    if missing:
        pytest.skip("needs " + " and ".join(missing))
    first, entered, everything, paths = traced(kind, tmp_path / "copy")
    second = traced(kind, tmp_path / "again")[0]
    sure = everything - (first ^ second)
    dice, chosen, share = random.Random(SEED), [], 95 if len(kind.files) == 1 else 50
    for file in kind.files:
        ran = sorted(f for f in sure & first if f[0] == file)
        quiet = sorted(f for f in sure - first if f[0] == file)
        some = dice.sample(ran, min(share, len(ran)))
        chosen += some + dice.sample(quiet, min(2 * share - len(some), len(quiet)))
    state, files, work = tmp_path / "state", tmp_path / "advisories", tmp_path / "watched"
    files.mkdir(), work.mkdir()
    sources = {file: kind.package or source_package(path) for file, path in paths.items()}
    for n, (file, function) in enumerate(chosen):
        naming(files / f"{n}.json", sources[file], [(file, function)], release(), identifier=f"GO-TRUTH-{n}")
    usewear(state, "db", "import", str(files))
    program = kind(work)
    with Service("usewear-truth", *program.command) as service:
        program.warm(service)
        with Watch(state) as watch:
            before = settled(state, service, len(chosen))
            program.input(service)
            ended = time.time()
            time.sleep(1)
            watch.look()
            after, since = answers(state, service), probed_since(state, service)
            assert watch.stop() == 0
    # Without debug information a quiet function is unknown: there it is counted as quiet, and must have been.
    quiet = {n: {**a, "answer": "not_observed", "since": since[":".join(chosen[n])]} if a["answer"] == "unknown" and
             "no debug information" in a["reason"] and not kind.package else a for n, a in after.items()}
    judge(kind.name, before, quiet, {n for n, f in enumerate(chosen) if f in first},
          apart={n for n, f in enumerate(chosen) if f in first - entered}, ended=dict.fromkeys(quiet, ended))
