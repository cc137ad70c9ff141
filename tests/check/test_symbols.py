# SPDX-License-Identifier: Apache-2.0
"""The symbol table: its grammar, a sample of it against the releases, and that the check can fail."""

import dataclasses
import random
import shutil
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "tools/symbols"))
import check  # noqa: E402
import fetch  # noqa: E402
import table  # noqa: E402

CLIENTS = {"PyPI": "pip", "npm": "npm", "Maven": "mvn", "Debian": "apt-get"}
ENTRIES = table.read_all()
ROWS = [(e, r) for e in ENTRIES for r in e.rows]
SAMPLE = sorted(random.Random(40).sample(ROWS, min(40, len(ROWS))), key=lambda er: (er[0].file, er[1].line))


def judged(entry, row):
    client = CLIENTS[entry.ecosystem]
    if client != "pip" and not shutil.which(client):
        pytest.skip(f"{client} is not installed")
    try:
        return check.row_errors(entry, row)
    except fetch.Missing as error:
        pytest.skip(f"{entry.package} {entry.old} and {entry.new}: {error}")


@pytest.mark.parametrize("entry, row", SAMPLE, ids=lambda x: getattr(x, "function", None) or x.ids[0])
def test_row_holds_against_the_releases(entry, row):
    assert judged(entry, row) == []


@pytest.mark.parametrize("name", sorted({e.file for e, r in ROWS if r.kind == "root"}))
def test_one_letter_changed_is_found(name):
    entry, row = next((e, r) for e, r in ROWS if e.file == name and r.kind == "root")
    assert judged(entry, row) == []
    letter = row.function[-1]
    changed = dataclasses.replace(row, function=row.function[:-1] + ("x" if letter != "x" else "y"))
    assert "no such function" in judged(entry, changed)[0]
    assert judged(entry, dataclasses.replace(row, reason="unchanged: as a lie")) or \
        judged(entry, dataclasses.replace(row, reason="no word of it"))


GOOD = """advisory CVE-2020-28493
package PyPI jinja2
affected <2.11.3
compared 2.11.2 2.11.3
checked 2026-11-24
root jinja2.utils urlize - reason
"""


def read(tmp_path, text):
    (tmp_path / "python.txt").write_text(text)
    return table.read(tmp_path / "python.txt")


def test_grammar_takes_what_it_describes(tmp_path):
    assert read(tmp_path, GOOD)[0].rows[0].function == "urlize"


@pytest.mark.parametrize("old, new", [
    ("CVE-2020-28493", "CVE-20-1"), ("PyPI jinja2", "npm jinja2"), ("<2.11.3", "before 2.11.3"),
    ("2.11.2 2.11.3", "2.11.2"), ("2026-11-24", "24.11.2026"), ("root", "cause"), (" - reason", ""),
    ("root jinja2.utils urlize", "entry jinja2.utils urlize"), ("checked", "Checked"), ("package", " package")])
def test_grammar_refuses(tmp_path, old, new):
    with pytest.raises(table.Broken):
        read(tmp_path, GOOD.replace(old, new, 1))


def test_order_is_held(tmp_path):
    with pytest.raises(table.Broken):
        read(tmp_path, GOOD + "\n" + GOOD)
