# SPDX-License-Identifier: Apache-2.0
"""Man pages and completion come from --help and nowhere else; they are well formed and offer what there is."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("USEWEAR", str(SOURCE / "build/usewear"))


def ask(*words):
    return subprocess.run([PROGRAM, *words, "--help"], capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def manual(tmp_path_factory):
    folder = tmp_path_factory.mktemp("manual")
    subprocess.run([SOURCE / "tools/release/manual", PROGRAM, folder], check=True)
    return folder


@pytest.fixture(scope="module")
def commands():
    found = [name for name in re.findall(r"^  ([a-z]+) +\S", ask(), re.M) if name != "usewear"]
    assert len(found) > 5
    return found


def plain(page):
    return re.sub(r"\\&", "", page.replace("\\-", "-").replace("\\e", "\\"))


def test_each_command_has_a_page_with_all_its_words(manual, commands):
    for name in commands:
        page = re.sub(r"\s+", " ", plain((manual / f"man1/usewear-{name}.1").read_text()))
        for word in re.findall(r"\S+", ask(name)):
            assert word in page or word in ("Usage:", "Example:", "Examples:"), (name, word)


def test_groff_has_nothing_to_say(manual):
    if not shutil.which("groff"):
        pytest.skip("needs groff")
    for page in sorted(manual.glob("man1/*.1")):
        done = subprocess.run(["groff", "-man", "-ww", "-Kutf8", "-Tutf8", page], capture_output=True, text=True, check=True)
        said = [line for line in done.stderr.splitlines() if "cannot adjust" not in line and "can't break" not in line]
        assert not said, said


def complete(manual, *words):
    script = f". {manual}/usewear.bash; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); _usewear; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    done = subprocess.run(["bash", "-c", script, "bash", *words], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_bash_completes_commands_and_options(manual, commands):
    assert complete(manual, "usewear", "") >= set(commands)
    assert complete(manual, "usewear", "sc") == {"scan"}
    assert "--fail-on" in complete(manual, "usewear", "scan", "--")
    assert complete(manual, "usewear", "events", "--fun") == {"--function"}


def test_words_of_an_option_are_completed(manual, tmp_path, monkeypatch):
    """Not the files that lie here, whatever they are called."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "track-record").touch()
    assert complete(manual, "usewear", "scan", "--fail-on", "") == {"present", "loaded", "executed", "reached", "track", "track*",
                                                                  "attend", "act"}
    assert complete(manual, "usewear", "scan", "--fail-on", "a") == {"attend", "act"}
    assert complete(manual, "usewear", "report", "--min-severity", "c") == {"critical"}
    assert "--fail-on[" in (manual / "_usewear").read_text() and ":what:(present loaded" in (manual / "_usewear").read_text()
    assert "-l fail-on -x -a 'present loaded" in (manual / "usewear.fish").read_text()


def test_the_words_of_db_are_completed(manual):
    """What stands behind the command in its usage, in each shell."""
    words = {"update", "import", "match", "show", "status", "symbols", "compare"}
    assert complete(manual, "usewear", "db", "") == words
    assert complete(manual, "usewear", "db", "up") == {"update"}
    assert "update" not in complete(manual, "usewear", "db", "show", "")
    assert not words & complete(manual, "usewear", "scan", "")
    offered = re.search(r"'1:what:\((.*?)\)'", (manual / "_usewear").read_text())
    assert offered and set(offered[1].split()) == words
    if shutil.which("fish"):
        done = subprocess.run(["fish", "-c", f"source {manual}/usewear.fish; complete -C 'usewear db '"], capture_output=True, text=True,
                              check=True)
        assert {line.split("\t")[0] for line in done.stdout.splitlines()} >= words


@pytest.mark.parametrize("shell, file", [("zsh", "_usewear"), ("fish", "usewear.fish")])
def test_other_shells_can_read_theirs(manual, shell, file):
    if not shutil.which(shell):
        pytest.skip(f"needs {shell}")
    subprocess.run([shell, "-n", manual / file], check=True)


def test_every_option_is_offered(manual, commands):
    fish, zsh = (manual / "usewear.fish").read_text(), (manual / "_usewear").read_text()
    for name in commands:
        for option in re.findall(r"^  (--[\w-]+)", ask(name), re.M):
            assert f"__fish_seen_subcommand_from {name}' -l {option[2:]} " in fish, (name, option)
            assert f"'{option}[" in zsh, (name, option)
