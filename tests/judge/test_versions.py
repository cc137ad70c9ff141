# SPDX-License-Identifier: Apache-2.0
"""Orders of versions, judged by the tools that define them: dpkg and PyPA's packaging. The versions are all
that occur in the advisories of $USEWEAR_SHARED/data/osv, and mutations of them."""
import functools
import json
import os
import pathlib
import random
import shutil
import subprocess
import zipfile

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHARED = pathlib.Path(os.environ.get("USEWEAR_SHARED", ROOT / "../shared"))
USEWEAR = os.environ.get("USEWEAR", ROOT / "build/usewear")
PAIRS = int(os.environ.get("USEWEAR_JUDGE_PAIRS", "4000"))

needs_data = pytest.mark.skipif(not (SHARED / "data/osv").is_dir(), reason="no advisories in $USEWEAR_SHARED/data/osv")


@functools.cache
def versions(ecosystem):
    found = set()
    with zipfile.ZipFile(SHARED / "data/osv" / ecosystem / "all.zip") as archive:
        for name in archive.namelist():
            for affected in json.loads(archive.read(name)).get("affected") or []:
                if affected.get("package", {}).get("ecosystem", "").split(":")[0] != ecosystem:
                    continue
                found.update(affected.get("versions") or [])
                for part in affected.get("ranges") or []:
                    if part["type"] != "GIT":
                        found.update(v for event in part["events"] for v in event.values())
    return sorted(v for v in found if v and "\t" not in v and "\n" not in v)


def mutate(version, rng):
    at = rng.randrange(len(version) + 1)
    kind = rng.randrange(4)
    if kind == 0:
        return version[:at] + rng.choice("0123456789abcr.-+~_") + version[at:]
    if kind == 1:
        return version[:at] + version[at + 1:] or version
    if kind == 2:
        return version + rng.choice(["-1", "~rc1", "+b1", ".0", "a1", ".dev1", ".post2", "rc1", "-beta.2"])
    return rng.choice("123456789") * rng.randrange(1, 30) + version


def pairs(ecosystem):
    rng = random.Random(ecosystem)
    pool = versions(ecosystem)
    out = []
    for _ in range(PAIRS):
        left = rng.choice(pool)
        near = pool[max(0, min(len(pool) - 1, pool.index(left) + rng.randrange(-3, 4)))] if rng.random() < 0.3 else None
        right = near or (mutate(left, rng) if rng.random() < 0.5 else rng.choice(pool))
        out.append((left, mutate(right, rng) if rng.random() < 0.2 else right))
    return out


def ours(ecosystem, both):
    text = "".join(f"{a}\t{b}\n" for a, b in both)
    run = subprocess.run([USEWEAR, "db", "compare", ecosystem, "-"], input=text, text=True, capture_output=True,
                         check=True)
    return run.stdout.splitlines()


def differences(both, mine, truth):
    assert len(mine) == len(both)
    return [(a, b, m, t) for (a, b), m, t in zip(both, mine, truth) if m != t]


@needs_data
@pytest.mark.skipif(not shutil.which("dpkg"), reason="no dpkg here")
def test_debian_like_dpkg():
    def accepts(version):
        return version and not version.startswith(("-", ":"))
    both = [(a, b) for a, b in pairs("Debian") if accepts(a) and accepts(b)]
    script = "".join(
        'if dpkg --compare-versions "$1" lt "$2" 2>/dev/null; then echo "<"; '
        'elif dpkg --compare-versions "$1" gt "$2" 2>/dev/null; then echo ">"; else echo "="; fi\n' for _ in "x")
    script = "while IFS=\"$(printf '\\t')\" read -r a b; do set -- \"$a\" \"$b\"; " + script + "done"
    both = both[:2000]  # two processes a pair
    run = subprocess.run(["sh", "-c", script], input="".join(f"{a}\t{b}\n" for a, b in both), text=True,
                         capture_output=True, check=True)
    mine = ours("Debian", both)
    # What dpkg warns about (a version that does not start with a digit) is compared, what it refuses is not.
    wrong = [d for d in differences(both, mine, run.stdout.splitlines()) if d[2] != "?"]
    assert len(both) > 1000 and mine.count("?") < len(both) / 5
    assert not wrong, wrong[:10]


@needs_data
def test_pypi_like_packaging():
    packaging = pytest.importorskip("packaging.version")

    def parse(text):
        try:
            return packaging.Version(text)
        except packaging.InvalidVersion:
            return None

    def truth(a, b):
        left, right = parse(a), parse(b)
        if left is None or right is None:
            return None if left is right else "<" if left is None else ">"
        return "<" if left < right else ">" if left > right else "="

    both = pairs("PyPI")
    judged = [(a, b) for a, b in both if truth(a, b)]
    wrong = differences(judged, ours("PyPI", judged), [truth(a, b) for a, b in judged])
    assert len(judged) > PAIRS * 0.8
    assert not wrong, wrong[:10]


@needs_data
@pytest.mark.parametrize("ecosystem", ["Debian", "PyPI", "npm", "Go", "crates.io"])
def test_order_is_antisymmetric_and_transitive(ecosystem):
    rng = random.Random(ecosystem)
    pool = versions(ecosystem)
    triples = [[mutate(rng.choice(pool), rng) if rng.random() < 0.3 else rng.choice(pool) for _ in "abc"]
               for _ in range(PAIRS // 4)]
    sign = {"<": -1, "=": 0, ">": 1, "?": None}
    ab = ours(ecosystem, [(a, b) for a, b, _ in triples])
    ba = ours(ecosystem, [(b, a) for a, b, _ in triples])
    bc = ours(ecosystem, [(b, c) for _, b, c in triples])
    ac = ours(ecosystem, [(a, c) for a, _, c in triples])
    assert any(s == "<" for s in ab)
    for triple, *signs in zip(triples, ab, ba, bc, ac):
        x, y, z, w = (sign[s] for s in signs)
        assert x is None or x == -y, triple
        if None not in (x, z, w) and x <= 0 and z <= 0:
            assert w <= 0 and (w < 0 or (x == 0 and z == 0)), triple
