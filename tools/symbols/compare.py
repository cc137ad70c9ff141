# SPDX-License-Identifier: Apache-2.0
"""What a fix touched: functions whose own code differs between the last affected and the first fixed
release, or between a Debian source with and without one of its patches."""

import functools
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import fetch
import functions


def differing(old, new, ecosystem):
    """Paths whose bytes differ, and those that are only in one of them."""
    a, b = set(functions.files(ecosystem, old)), set(functions.files(ecosystem, new))
    return sorted(p for p in a | b if p not in a or p not in b or (old / p).read_bytes() != (new / p).read_bytes())


@functools.lru_cache(maxsize=8)
def unpatched(package, version, patch):
    """(before, after, files): the files that the patch touches, and the source tree without and with it.
    Patches that lie on top of it are taken off in both."""
    source = fetch.release("Debian", package, version)
    series = [line.split()[0] for line in (source / "debian/patches/series").read_text().splitlines()
              if line.strip() and not line.startswith("#")]
    if patch not in series:
        raise fetch.Missing(f"{package} {version} has no patch {patch}")
    text = (source / "debian/patches" / patch).read_text(errors="replace")
    touched = sorted({m for m in re.findall(r"(?m)^\+\+\+ [^/\s]+/(\S+)", text) if (source / m).is_file()
                      and m.endswith(functions.SUFFIXES["Debian"])})
    scratch = Path(tempfile.mkdtemp(prefix="usewear-symbols-"))
    for side in ("before", "after"):
        for path in touched:
            (scratch / side / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source / path, scratch / side / path)
    for name in reversed(series[series.index(patch):]):
        for side in ("before", "after"):
            if side == "before" or name != patch:
                subprocess.run(["patch", "-p1", "-R", "-f", "-s", "-F3", "-r", "-", "-i",
                                source / "debian/patches" / name], cwd=scratch / side, capture_output=True, check=False)
    return scratch / "before", scratch / "after", tuple(touched)


def releases(ecosystem, package, old, new):
    """(old functions, new functions) of the files that differ."""
    if ecosystem == "Debian":
        before, after, paths = unpatched(package, old, new)
    else:
        before, after = fetch.release(ecosystem, package, old), fetch.release(ecosystem, package, new)
        paths = differing(before, after, ecosystem)
        if ecosystem == "Maven":
            fetch.maven_sources(before)
            fetch.maven_sources(after)
    ours = [[p for p in paths if (side / p).is_file()] for side in (before, after)]
    return functions.scan(ecosystem, before, ours[0]), functions.scan(ecosystem, after, ours[1])


def changes(old, new):
    """[(how, key)], how one of changed, removed, added."""
    out = []
    for key in sorted(old.keys() | new.keys()):
        if key not in new:
            out.append(("removed", key))
        elif key not in old:
            out.append(("added", key))
        elif sorted(f.normal for f in old[key]) != sorted(f.normal for f in new[key]):
            out.append(("changed", key))
    return out
