# SPDX-License-Identifier: Apache-2.0
"""data/symbols/*.txt: the grammar of docs/symbols.md, strictly."""

import re
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "data/symbols"
FILES = {"python.txt": "PyPI", "javascript.txt": "npm", "java.txt": "Maven", "native.txt": "Debian"}
KINDS = ("root", "entry", "fix")
HEADS = ("advisory", "package", "affected", "compared", "checked")
ID = re.compile(r"CVE-\d{4}-\d{4,}|GHSA(-[0-9a-z]{4}){3}|PYSEC-\d{4}-\d+")
RANGE = re.compile(r"((>=?[0-9]\S*)? ?(<=?[0-9]\S*)?|all)")


class Broken(Exception):
    """Not of the grammar; the text begins with file and line."""


@dataclass
class Row:
    kind: str
    container: str
    function: str
    signature: str
    reason: str
    line: int


@dataclass
class Entry:
    file: str
    line: int
    ids: list
    ecosystem: str
    package: str
    affected: list
    old: str
    new: str
    checked: str
    rows: list = field(default_factory=list)
    none: str = None


def order(identifier):
    return [int(w) if w.isdigit() else w for w in identifier.split("-")]


def entry_read(name, number, block):
    def broken(offset, what):
        raise Broken(f"{name}:{number + offset}: {what}")

    if len(block) < len(HEADS) + 1:
        broken(0, "an entry has five lines of heading and at least one function, or 'none'")
    heads = []
    for i, word in enumerate(HEADS):
        key, _, value = block[i].partition(" ")
        if key != word or not value.strip() or value != value.strip():
            broken(i, f"'{word} …' expected")
        heads.append(value)
    ids, package, compared = heads[0].split(" "), heads[1].split(" "), heads[3].split(" ")
    if not all(ID.fullmatch(i) for i in ids) or len(set(ids)) != len(ids):
        broken(0, "ids are CVE-…, GHSA-…, PYSEC-…, each once")
    if len(package) != 2 or package[0] != FILES[name]:
        broken(1, f"'package {FILES[name]} NAME' expected")
    affected = heads[2].split(" | ")
    if not all(RANGE.fullmatch(a) for a in affected):
        broken(2, "ranges are '>=A <B', joined by ' | ', or 'all'")
    if len(compared) != 2:
        broken(3, "two releases expected, or a version and a patch")
    if not re.fullmatch(r"20\d\d-[01]\d-[0-3]\d", heads[4]):
        broken(4, "a day as YYYY-MM-DD expected")
    entry = Entry(name, number, ids, *package, affected, *compared, heads[4])
    for i, line in enumerate(block[5:], 5):
        words = line.split(" ", 4)
        if words[0] == "none" and len(block) == 6 and len(words) > 1:
            entry.none = line[5:]
        elif words[0] in KINDS and len(words) == 5 and all(words):
            entry.rows.append(Row(*words, number + i))
        else:
            broken(i, "'root|entry|fix CONTAINER FUNCTION SIGNATURE|- REASON' expected")
    keys = [(KINDS.index(r.kind), r.container, r.function, r.signature) for r in entry.rows]
    if keys != sorted(set(keys)):
        broken(5, "functions are sorted: root, entry, fix; then by name; each once")
    roots = {r.function for r in entry.rows if r.kind == "root"}
    for r in entry.rows:
        via = re.match(r"via (\S+): ", r.reason)
        if r.kind == "entry" and not (via and via.group(1) in roots):
            broken(r.line - number, "an entry's reason begins 'via FUNCTION: ' with a root of the same advisory")
    return entry


def read(path):
    entries, block, start = [], [], 0
    for number, line in enumerate([*path.read_text(encoding="utf-8").split("\n"), ""], 1):
        if line.startswith("#"):
            continue
        if line != line.strip() or "\t" in line or "  " in line:
            raise Broken(f"{path.name}:{number}: one blank between words, none around them")
        if line:
            start = start if block else number
            block.append(line)
        elif block:
            entries.append(entry_read(path.name, start, block))
            block = []
    keys = [(order(e.ids[0]), e.package) for e in entries]
    for before, after, entry in zip(keys, keys[1:], entries[1:]):
        if before >= after:
            raise Broken(f"{path.name}:{entry.line}: advisories are sorted by id, then package, each once")
    return entries


def read_all(folder=FOLDER):
    return [entry for name in FILES if (folder / name).exists() for entry in read(folder / name)]
