# SPDX-License-Identifier: Apache-2.0
"""The symbol table: its grammar, a sample of it against the releases, and that the check can fail."""

import dataclasses
import json
import lzma
import random
import shutil
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "tools/symbols"))
import check  # noqa: E402
import fetch  # noqa: E402
import functions  # noqa: E402
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


@pytest.fixture(scope="module")
def fetched():
    fetch.ahead([e for e, _ in SAMPLE if shutil.which(CLIENTS[e.ecosystem]) or CLIENTS[e.ecosystem] == "pip"])


@pytest.mark.usefixtures("fetched")
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


def test_class_body_is_no_root():
    entry, row = next((e, r) for e, r in ROWS if e.ids[0] == "CVE-2023-43804" and r.function == "Retry")
    assert judged(entry, row) == []
    assert "runs on import" in judged(entry, dataclasses.replace(row, kind="root"))[0]


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


def test_each_advisory_is_in_the_starter_set():
    """Python, JavaScript, and Java where GitHub's id is known: an id or alias joins a record that names the
    same package."""
    held, section = set(), None
    for line in lzma.open(SOURCE / "data/starter.jsonl.xz", "rt", encoding="utf-8"):
        if line.startswith("# "):
            section = line.split()[1]
        elif section in ("PyPI", "npm", "Maven"):
            record = json.loads(line)
            held |= {(section, a["package"]["name"].lower(), i) for a in record["affected"]
                     for i in [record["id"], *record.get("aliases", [])]}
    complete = [e for e in ENTRIES if e.ecosystem in ("PyPI", "npm")
                or e.ecosystem == "Maven" and any(i.startswith("GHSA-") for i in e.ids)]
    absent = [e.ids[0] for e in complete if not held & {(e.ecosystem, e.package.lower(), i) for i in e.ids}]
    assert not absent, "run tools/make-starter --own"


def test_order_is_held(tmp_path):
    with pytest.raises(table.Broken):
        read(tmp_path, GOOD + "\n" + GOOD)


V8_NAMES = """const S = Symbol("s"), T = {}; let late;
class A { [S]() {} constructor() { this.fn = () => 1; } m() {} get g() { return 1; } #p() {} }
const ip = {}; ip.isLoopback = function () {};
module.exports.sync = dir => dir;
function F() { const self = this; self.z = function () {}; const v = function () {}; }
F.prototype.bar = function () { [].forEach(function () {}); this.cb = function () {}; };
var t = { key: function () {}, deep: { or: null || function () {}, [S]: function () {} } };
T[S] = function () {}; T["lit"] = function () {}; T.a = T.b = () => 1;
late = function () {}; late.list = [function () {}]; late.n = (0, function () {});
A.B = class { constructor() {} }; var once = (function () { return function () {}; })();
"""


def test_javascript_names_are_those_that_v8_gives(tmp_path):
    """Expected: what Node.js 20.20.2 reports in NODE_V8_COVERAGE for this text."""
    (tmp_path / "a.js").write_text(V8_NAMES)
    found = functions.scan("npm", tmp_path, ["a.js"])
    assert {name for _, name in found} == {
        "(top)", "(anonymous)", "A", "A.fn", "m", "get g", "#p", "ip.isLoopback", "module.exports.sync", "F", "F.self.z",
        "v", "F.bar", "cb", "key", "t.deep.or", "t.deep", "T.<computed>", "T.lit", "T.a.T.b", "late", "late.list",
        "late.n", "A.B"}
