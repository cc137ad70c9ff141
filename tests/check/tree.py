# SPDX-License-Identifier: Apache-2.0
"""What the checks of the source tree share: which files belong to it, and what they include."""

import re
import subprocess
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)
IGNORED = {"build", "build-asan", ".git", "__pycache__", "venv"}


def files(*patterns, under=""):
    """Paths relative to the source root; those that git knows, or in an archive without git all but builds."""
    try:
        listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=SOURCE,
                                capture_output=True, check=True).stdout.decode().split("\0")
        paths = [Path(name) for name in listed if name]
    except (OSError, subprocess.CalledProcessError):
        paths = [p.relative_to(SOURCE) for p in SOURCE.rglob("*") if p.is_file()]
        paths = [p for p in paths if not any(part in IGNORED or part.startswith("build") for part in p.parts)]
    return sorted(p for p in paths if (SOURCE / p).is_file() and str(p).startswith(under) and
                  (not patterns or any(p.match(pattern) for pattern in patterns)))


def text(path):
    return (SOURCE / path).read_text(encoding="utf-8")


def is_binary(path):
    return b"\0" in (SOURCE / path).read_bytes()


def code(path):
    """C source without comments and without what stands in quotes."""
    pattern = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
    return pattern.sub(lambda m: '""' if m.group()[0] == '"' else " ", text(path))


def includes(path):
    return INCLUDE.findall(text(path))
