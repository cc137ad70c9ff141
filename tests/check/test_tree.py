# SPDX-License-Identifier: Apache-2.0
"""Habits of the tree that a reader relies on: short files, telling names, licences, one formatting, and
nothing in it of the machine that it was written on."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlparse

import pytest
import tree

LONGEST, LONG = 600, 400
BANNED = {"util", "utils", "helper", "helpers", "misc", "common", "manager"}
LEFT_BEHIND = {".orig", ".rej", ".bak", ".swp"}  # by tools
PUBLIC = {"github.com", "pypi.org", "files.pythonhosted.org", "proxy.golang.org", "sum.golang.org", "registry.npmjs.org",
          "static.crates.io", "index.crates.io", "deb.debian.org", "archive.ubuntu.com", "security.debian.org",
          "localhost", "127.0.0.1", "::1"}
# Tests may be longer, they are read piece by piece; but not without end.
LONGEST_TEST = 1000


def test_files_are_short(capsys):
    sizes = {p: tree.text(p).count("\n") for p in tree.files("*.c", "*.h", "*.py")}
    with capsys.disabled():
        for path, size in sorted(sizes.items(), key=lambda item: -item[1]):
            if size > LONG:
                print(f"\n  {size} lines: {path}", end="")
    too_long = [f"{path}: {size} lines" for path, size in sizes.items()
                if size > (LONGEST_TEST if path.parts[0] == "tests" else LONGEST)]
    assert sizes and not too_long, "\n".join(too_long)


def test_names_tell_what_is_inside():
    wrong = [str(p) for p in tree.files() if p.suffix in LEFT_BEHIND or
             any(Path(part).stem.split(".")[0] in BANNED for part in p.parts)]
    assert not wrong, "\n".join(wrong)


def test_every_source_names_its_licence():
    sources = tree.files("*.c", "*.h", "*.S", "*.py") + [
        p for p in tree.files() if not p.suffix and (tree.SOURCE / p).read_bytes().startswith(b"#!/usr/bin/env python3")]
    wrong = []
    for path in sources:
        head = "\n".join(tree.text(path).splitlines()[:3])
        want = "GPL-2.0-only OR BSD-2-Clause" if path.parts[0] == "bpf" else "Apache-2.0"
        if "SPDX-License-Identifier: " not in head or want.split(" OR ")[0] not in head:
            wrong.append(f"{path}: not {want}")
    assert sources and not wrong, "\n".join(wrong)


def formatter():
    beside = Path(sys.executable).parent / "clang-format"
    return str(beside) if beside.exists() else shutil.which("clang-format")


def test_clang_format():
    program = formatter()
    version = subprocess.run([program, "--version"], capture_output=True, text=True).stdout if program else ""
    if "14.0.6" not in version:
        pytest.skip("needs clang-format 14.0.6 (tests/requirements.txt)")
    sources = [str(p) for p in tree.files("*.c", "*.h")]
    done = subprocess.run([program, "--dry-run", "-Werror", *sources], cwd=tree.SOURCE, capture_output=True, text=True)
    assert done.returncode == 0, "\n".join(line for line in done.stderr.splitlines() if "error:" in line)


def own_names():
    """Paths and hosts of the machine that runs this check: whatever it is, the tree must not name them."""
    names = {str(tree.SOURCE), str(tree.SOURCE.parent)}
    settings = [value for key, value in os.environ.items()
                if re.search(r"(?i)index_url|proxy|registry|mirror", key)]
    for listing in (["pip", "config", "list"], [sys.executable, "-m", "pip", "config", "list"],
                    ["npm", "config", "get", "registry"], ["go", "env", "GOPROXY"]):
        if shutil.which(listing[0]):
            settings.append(subprocess.run(listing, capture_output=True, text=True).stdout)
    for file in [Path("/etc/apt/sources.list"), *Path("/etc/apt").glob("sources.list.d/*"),
                 *Path("/etc/apt").glob("apt.conf.d/*")]:
        if file.is_file():
            settings.append(file.read_text(errors="replace"))
    for setting in settings:
        for url in re.findall(r"https?://[^\s,'\";]+", setting):
            host = urlparse(url).hostname or ""
            if host not in PUBLIC and not host.endswith((".debian.org", ".ubuntu.com")):
                names.add(host)
    return {name for name in names if len(name) > 5 and name not in ("/build", "/source")}


def test_nothing_of_the_writers_machine():
    names = own_names()
    somebody = re.compile(r"(?<![\w.])/(?:home|Users)/[a-z][\w-]*/")
    wrong = []
    for path in tree.files():
        if tree.is_binary(path) or path == Path("tests/check/test_tree.py"):
            continue
        body = (tree.SOURCE / path).read_text(errors="replace")
        wrong += [f"{path}: {name}" for name in names if re.search(re.escape(name) + r"(?![\w-])", body)]
        if path.parts[0] != "tests":
            wrong += [f"{path}: {m.group()}" for m in somebody.finditer(body)]
    assert not wrong, "\n".join(wrong)


def anchors(text):
    lines = [re.sub(r"[`*]", "", line).strip().lower() for line in re.findall(r"^#+ (.*)$", text, re.M)]
    return {re.sub(r"[^\w\- ]", "", line).replace(" ", "-") for line in lines}


def test_links_of_the_documents_lead_somewhere():
    wrong, count = [], 0
    for page in tree.files("*.md"):
        prose = re.sub(r"```.*?```", "", tree.text(page), flags=re.S)
        for link in re.findall(r"\]\((?!https?:)([^)\s]+)\)", prose):
            path, _, anchor = link.partition("#")
            target = tree.SOURCE / page.parent / path if path else tree.SOURCE / page
            count += 1
            if not target.exists() or anchor and anchor not in anchors(target.read_text()):
                wrong.append(f"{page}: {link}")
    assert count and not wrong, "\n".join(wrong)


def test_units_mirror_the_source(capsys):
    """Only a report: which files no unit test of the same name stands beside."""
    missing = [str(p) for p in tree.files("*.c", under="src/") if p.parts[1] != "cli" and
               not (tree.SOURCE / "tests/unit" / p.relative_to("src")).exists()]
    listed = re.findall(r"'([\w/]+)'", tree.text("tests/unit/meson.build"))
    with capsys.disabled():
        print(f"\n  {len(missing)} files without a unit test of the same name: {' '.join(missing)}", end="")
    there = {str(p.with_suffix("")).removeprefix("tests/unit/") for p in tree.files("*.c", under="tests/unit/")}
    assert set(listed) == there, "tests/unit/meson.build and the folder differ"
