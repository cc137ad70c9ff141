# SPDX-License-Identifier: Apache-2.0
"""make release: one static file, the same from any folder, within its size."""

import os
import subprocess
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2]
ARCH = os.uname().machine
LIMIT = 10 << 20


def tree_copy(folder):
    """The tree as it is now, new and changed files too."""
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=SOURCE, capture_output=True, check=True)
    folder.mkdir(parents=True)
    subprocess.run(["tar", "-c", "--null", "--ignore-failed-read", "-T", "-", "-f", str(folder / "tree.tar")], cwd=SOURCE,
                   input=listed.stdout, check=True)
    subprocess.run(["tar", "-xf", "tree.tar"], cwd=folder, check=True)
    return folder


def build(folder, **environment):
    done = subprocess.run(["tools/release/build"], cwd=folder, capture_output=True, text=True, check=False,
                          env={**os.environ, **environment})
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    # The linker warns of dlopen(), which SQLite has for extensions; of the compiler's warnings there are none.
    assert "[-W" not in done.stdout + done.stderr, done.stdout[-3000:] + done.stderr[-3000:]
    return folder / f"dist/usewear-{ARCH}"


@pytest.fixture(scope="module")
def program():
    return build(SOURCE)


def test_is_static_stripped_and_small(program):
    headers = subprocess.run(["readelf", "-lSW", program], capture_output=True, text=True, check=True).stdout
    assert "INTERP" not in headers, "it asks for a dynamic loader"
    assert ".symtab" not in headers and ".debug_info" not in headers, "it is not stripped"
    needed = subprocess.run(["readelf", "-d", program], capture_output=True, text=True, check=True).stdout
    assert "NEEDED" not in needed
    assert program.stat().st_size <= LIMIT


def test_names_no_folder_of_the_builder(program):
    assert str(SOURCE).encode() not in program.read_bytes()


def test_two_folders_give_the_same_bytes(program, tmp_path):
    other = build(tree_copy(tmp_path / "a folder of another name/deeper"), CCACHE_DISABLE="1")
    assert other.read_bytes() == program.read_bytes()
