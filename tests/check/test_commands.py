# SPDX-License-Identifier: Apache-2.0
"""Every example that a --help shows really runs, as it stands there, in a folder of its own."""

import json
import os
import re
import shlex
import signal
import subprocess
import time
from pathlib import Path

import pytest
import tree

PROGRAM = os.environ.get("USEWEAR", str(tree.SOURCE / "build/usewear"))
COMMANDS = re.findall(r"^  (\w+)  +\w", subprocess.run([PROGRAM, "--help"], capture_output=True, text=True).stdout, re.M)
ENDLESS = {"watch", "events"}
GATED = {"--fail-on"}  # their examples may end with 1: a gate tripped


def help_of(*words):
    done = subprocess.run([PROGRAM, *words, "--help"], capture_output=True, text=True)
    assert done.returncode == 0 and not done.stderr
    return done.stdout


def examples(text):
    part = re.search(r"^Examples?:\n((?:  .+\n?)+)", text, re.M)
    return [line.strip() for line in part.group(1).splitlines()] if part else []


def all_examples():
    found = {}
    for words in [()] + [(name,) for name in COMMANDS]:
        for line in examples(help_of(*words)):
            found[line] = None
    return list(found)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A state folder with one look in it, and the files that examples name."""
    folder = tmp_path_factory.mktemp("examples")
    (folder / "exceptions.txt").write_text("# none\n")
    (folder / "usewear").symlink_to(Path(PROGRAM).resolve())
    done = subprocess.run([PROGRAM, "scan", "--state", folder / "state"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


def environment(folder):
    return {**os.environ, "USEWEAR_STATE": str(folder / "state"), "PATH": f"{folder}:{os.environ['PATH']}"}


def test_there_are_commands():
    assert {"scan", "watch", "report", "explain", "events", "db", "doctor"} <= set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example(command):
    text = help_of(command)
    assert examples(text), text
    assert all(line.startswith("usewear " + command) for line in examples(text))
    assert max(len(line) for line in text.splitlines() if "://" not in line) <= 100


def options_in_source(command):
    """The tables of options that the command's source hands to the parser, and --state, which all take."""
    source = (tree.SOURCE / f"src/cli/{command}.c").read_text()
    if "FINDINGS_OPTIONS(" in source:
        source += (tree.SOURCE / "src/cli/findings.h").read_text()
    return set(re.findall(r'\{[\s\\]*"(--[\w-]+)", OPTION_', source)) | {"--state"}


@pytest.mark.parametrize("command", COMMANDS)
def test_help_names_every_option_and_no_other(command):
    text = help_of(command)
    described = re.split(r"^Examples?:", text, flags=re.M)[0]
    assert text.startswith("Usage: usewear " + command)
    lines = [line for line in described.splitlines() if line.startswith("  --")]
    listed = {option for line in lines for option in re.findall(r"--[\w-]+", re.split(r"  +", line.strip())[0])}
    known = options_in_source(command)
    assert listed <= known
    assert known <= set(re.findall(r"--[\w-]+", described))


@pytest.mark.parametrize("command", COMMANDS)
def test_unknown_options_are_one_line_and_2(command):
    done = subprocess.run([PROGRAM, command, "--no-such-option"], capture_output=True, text=True)
    assert done.returncode == 2 and not done.stdout
    assert len(done.stderr.splitlines()) == 1 and "--no-such-option" in done.stderr


def known_id(folder):
    report = subprocess.run([PROGRAM, "report", "--json", "--state", folder / "state"], capture_output=True, text=True)
    found = json.loads(report.stdout)["findings"]
    if not found:
        pytest.skip("nothing vulnerable was found here that could be explained")
    return found[0]["id"]


@pytest.mark.parametrize("line", all_examples())
def test_example_runs(line, folder):
    words = shlex.split(line)
    command = words[1] if len(words) > 1 else ""
    if command in ENDLESS and os.geteuid() != 0:
        pytest.skip(f"{command} needs root")
    if command == "explain":
        words = [known_id(folder) if re.match(r"CVE-|GHSA-", word) else word for word in words]
    process = subprocess.Popen(words, cwd=folder, env=environment(folder), stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    if command in ENDLESS:
        time.sleep(1)
        assert process.poll() is None, process.communicate()
        process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert process.returncode in ((0, 1) if GATED & set(words) else (0,)), f"{line}\n{out}{err}"
    if command not in ENDLESS:
        assert out.strip()
    if "--json" in words:
        json.loads(out)


def test_readme_commands_exist():
    targets = set(re.findall(r"^(\w+):", tree.text("Makefile"), re.M))
    readme = tree.text("README.md")
    named = set(re.findall(r"\bmake ([a-z]+)\b", readme))
    assert {"scan", "check"} <= named
    assert named <= targets, f"the Makefile has no {named - targets}"
    for block in re.findall(r"```sh\n(.*?)```", readme, re.S):
        for command in re.findall(r"^build/usewear (\w+)", block, re.M):
            assert command in COMMANDS, command
    for row in re.findall(r"^\| `usewear (\w+)", readme, re.M):
        assert row in COMMANDS, row
    for link in re.findall(r"\]\(([\w/.-]+)\)", readme):
        assert (tree.SOURCE / link).exists(), f"README.md names {link}"


def test_usage_errors_say_what_to_do():
    for words in (["nonsense"], ["scan", "--nonsense"], ["explain"], ["db", "nonsense"]):
        done = subprocess.run([PROGRAM, *words], capture_output=True, text=True)
        assert done.returncode == 2 and not done.stdout, words
        assert len(done.stderr.strip().splitlines()) <= 2, done.stderr
