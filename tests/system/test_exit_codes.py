# SPDX-License-Identifier: Apache-2.0
"""Every command ends with 0, 1 or 2 as README says, and what went wrong is one line that says what to do."""

import os
import secrets
import shutil
import subprocess
from pathlib import Path

import pytest

PROGRAM = os.environ.get("USEWEAR", str(Path(__file__).resolve().parents[2] / "build/usewear"))

BAD_INPUT = [
    ["frobnicate"], ["scan", "x"], ["scan", "--fail-on", "nonsense"], ["scan", "--fail-on"], ["scan", "--strict"],
    ["scan", "--mission", "x"], ["scan", "--min-severity", "x"], ["watch", "--interval", "x"], ["watch", "x"],
    ["report", "x"], ["report", "--fail-on=nonsense"], ["explain"], ["explain", "A", "B"], ["functions"],
    ["functions", "x"], ["functions", "0"], ["functions", "999999999"], ["sbom", "--format", "x"],
    ["sbom", "--root", "/nonexistent"], ["events", "--type", "x"], ["events", "--pid", "x"],
    ["events", "--function", "x"], ["events", "--hook", "x"], ["events", "--ring", "x"], ["db"], ["db", "frobnicate"],
    ["db", "import"], ["db", "import", "/nonexistent"], ["db", "show"], ["db", "show", "NO-SUCH-ID"],
    ["db", "match", "--sbom", "/nonexistent"], ["db", "compare", "Debian", "1"], ["db", "compare", "Nowhere", "1", "2"],
    ["db", "update", "--from", "/nonexistent"], ["doctor", "x"],
]
READERS = [["report"], ["explain", "CVE-2021-44228"], ["sbom"]]
ADVISORIES = [["db", "status"], ["db", "show", "CVE-2021-44228"], ["db", "match", "pkg:pypi/jinja2@2.11.2"],
              ["db", "symbols", "CVE-2021-44228"]]
WRITERS = [["scan"], ["watch"]]


def usewear(*words, state, before=()):
    return subprocess.run([*before, PROGRAM, *words, "--state", state], capture_output=True, text=True, timeout=100,
                          stdin=subprocess.DEVNULL)


def assert_refused(done, *said):
    assert done.returncode == 2, (done.returncode, done.stdout[:300], done.stderr)
    lines = done.stderr.splitlines()
    assert len(lines) == 1 and lines[0].startswith("usewear: "), done.stderr
    assert all(word in lines[0] for word in said), lines[0]
    assert not done.stdout


def name(words):
    return " ".join(words)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to mount")
def test_proc_is_only_a_folder(tmp_path):
    """As in a fresh root: no process would be seen, which must not look as if none used anything."""
    before = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /proc && exec "$@"', "sh"]
    assert_refused(usewear("scan", state=tmp_path, before=before), "/proc", "mount")


@pytest.mark.parametrize("words", BAD_INPUT, ids=name)
def test_bad_input(tmp_path, words):
    assert_refused(usewear(*words, state=tmp_path))


def test_without_a_command():
    done = subprocess.run([PROGRAM], capture_output=True, text=True)
    assert done.returncode == 2 and "Usage:" in done.stdout


@pytest.mark.parametrize("words", READERS, ids=name)
def test_no_history_yet(tmp_path, words):
    assert_refused(usewear(*words, state=tmp_path / "none"), "usewear scan")
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("words", READERS + WRITERS, ids=name)
def test_unreadable_history(tmp_path, words):
    (tmp_path / "evidence.db").write_text("this is no database, but a text that is long enough to look at\n" * 20)
    assert_refused(usewear(*words, state=tmp_path), "evidence.db", "move it away")


@pytest.mark.parametrize("words", ADVISORIES, ids=name)
def test_unreadable_advisories(tmp_path, words):
    (tmp_path / "advisory.db").write_text("this is no database, but a text that is long enough to look at\n" * 20)
    assert_refused(usewear(*words, state=tmp_path), "advisory.db")


@pytest.mark.parametrize("words", READERS + WRITERS + ADVISORIES, ids=name)
def test_state_is_no_folder(tmp_path, words):
    (tmp_path / "file").touch()
    assert_refused(usewear(*words, state=tmp_path / "file"), "Not a directory")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else")
@pytest.mark.skipif(not shutil.which("setpriv"), reason="needs setpriv")
@pytest.mark.parametrize("words", READERS + WRITERS + ADVISORIES, ids=name)
def test_not_permitted(tmp_path_factory, words):
    folder = tmp_path_factory.mktemp("other")
    program = Path("/tmp") / f"usewear-exit-{secrets.token_hex(4)}"
    shutil.copy(PROGRAM, program)
    try:
        (folder / "state").mkdir(mode=0o700)
        done = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", program, *words, "--state",
                               folder / "state"], capture_output=True, text=True, timeout=100, stdin=subprocess.DEVNULL)
    finally:
        program.unlink()
    assert_refused(done, "Permission denied")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("words", [["db", "status"], ["db", "show", "CVE-2021-44228"],
                                   ["sbom", "--root", "/etc", "--json"], ["doctor"]], ids=name)
def test_output_cannot_be_written(tmp_path, words):
    with open("/dev/full", "w") as full:
        done = subprocess.run([PROGRAM, *words, "--state", tmp_path], stdout=full, stderr=subprocess.PIPE, text=True,
                              timeout=100)
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1, done.stderr
