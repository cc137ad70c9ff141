# SPDX-License-Identifier: Apache-2.0
"""Compares what an engine tells of a process with what the runtime's own tracer saw of the same program."""

import ast
import collections
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

PROGRAM = os.environ.get("USEWEAR", str(Path(__file__).parents[2] / "build/usewear"))
HERE = Path(__file__).parent
PACKAGES = {"web": ["flask", "pyyaml"], "testing": ["pytest"]}

# What is known to differ, and why (docs/accuracy.md). Nothing else may.
EXCEPTIONS = {
    "e_generator_closed": "a generator that never started is closed: some versions enter its code for that",
    "e_generator_dropped": "the same, by the collector",
    "e_generator_thrown": "an exception is thrown into a generator that never started",
    "e_in_callback": "run only inside of a trace callback",
    "e_events_set": "sys.monitoring.set_local_events marks code that has not run",
}

Score = collections.namedtuple("Score", "right wrong_yes wrong_no silent unknown_ran unknown_not gone")


class Interpreter:
    def __init__(self, path):
        self.path = str(path)
        self.real = os.path.realpath(self.path)
        text = subprocess.run([self.path, "-c", "import sys, sysconfig; print(*sys.version_info[:3], sep='.', end=''); "
                               "print('t' if sysconfig.get_config_var('Py_GIL_DISABLED') else '')"],
                              capture_output=True, text=True, check=True).stdout.strip()
        self.version, self.free_threaded = text.rstrip("t"), text.endswith("t")
        self.minor = int(self.version.split(".")[1])

    def __str__(self):
        return self.version + ("t" if self.free_threaded else "")


def interpreters():
    """Every CPython 3.7 and later that can be found here, one a version; USEWEAR_PYTHONS names more, separated by ":"."""
    paths = [p for p in os.environ.get("USEWEAR_PYTHONS", "").split(":") if p]
    paths += [p for n in range(7, 16) if (p := shutil.which(f"python3.{n}", path="/usr/bin:/usr/local/bin"))]
    paths += sorted(map(str, Path.home().glob(".pyenv/versions/3.*/bin/python")))
    paths += [sys.executable]
    found = {}
    for path in paths:
        try:
            one = Interpreter(path)
        except (OSError, subprocess.CalledProcessError):
            continue
        if one.minor >= 7:
            found.setdefault(str(one), one)
    return [found[key] for key in sorted(found, key=lambda v: [int(x) for x in v.rstrip("t").split(".")])]


def environment(interpreter, names, folder):
    """A folder of packages for this interpreter, or a reason why there is none."""
    if not names:
        return ""
    target = folder / f"packages-{interpreter}-{'-'.join(names)}"
    if not target.exists():
        done = subprocess.run([interpreter.path, "-m", "pip", "install", "-q", "--disable-pip-version-check",
                               "--no-warn-script-location", "--target", target, *names], capture_output=True, text=True)
        if done.returncode:
            shutil.rmtree(target, ignore_errors=True)
            raise RuntimeError(done.stderr.strip().splitlines()[-1] if done.stderr else "pip failed")
    return str(target)


def start(interpreter, mode, workload, result, path, folder):
    shutil.rmtree(Path(folder) / "tested", ignore_errors=True)
    env = {**os.environ, "PYTHONHASHSEED": "0", "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.Popen([interpreter.path, HERE / "drive.py", mode, HERE / f"workloads/{workload}.py", result],
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env, cwd=folder)


def observe(interpreter, workload, path, state):
    """What the program says of the process while it waits."""
    process = start(interpreter, "plain", workload, os.devnull, path, state)
    words = process.stdout.readline().split()
    try:
        if not words:
            raise RuntimeError(process.stderr.read())
        done = subprocess.run([PROGRAM, "functions", words[1], "--json", "--state", state], capture_output=True, text=True,
                              check=True)
        return json.loads(done.stdout)
    finally:
        if words:
            process.stdin.write("x")
        process.communicate(timeout=60)


def truth(interpreter, workload, path, result):
    process = start(interpreter, "trace", workload, result, path, Path(result).parent)
    out, err = process.communicate(timeout=300)
    if "done" not in out:
        raise RuntimeError(err)
    return ast.literal_eval(Path(result).read_text())


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


def compare(report, seen):
    """Score and the differences, each (key, what was told, what was seen)."""
    before = set(seen["before"])
    called = {(file, line, name) for file, line, name, is_function in seen["called"] if is_function}
    answers = {key: answer for key, answer in told(report).items()
               if key[0] not in before and not key[0].startswith("<frozen") and key[2] not in EXCEPTIONS}
    counts = collections.Counter((answer, key in called) for key, answer in answers.items())
    differences = [(key, answer, key in called) for key, answer in answers.items()
                   if (answer, key in called) in (("yes", False), ("not_observed", True))]
    gone = sum(1 for key in called if key not in answers and key[0] not in before and not key[0].startswith("<"))
    return Score(counts["yes", True], counts["yes", False], counts["not_observed", True], counts["not_observed", False],
                 counts["unknown", True], counts["unknown", False], gone), differences
