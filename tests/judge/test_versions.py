# SPDX-License-Identifier: Apache-2.0
"""Orders of versions, judged by the tools that define them: dpkg, RPM, PyPA's packaging, Gem::Version, Maven's
ComparableVersion, composer/semver, PHP, node-semver and Go's x/mod/semver; and by the tables of osv-scalibr where
no such tool can be had. The versions are all that occur in the advisories of $USEWEAR_SHARED/data/osv, and
mutations of them; docs/versions.md explains what is left out."""
import functools
import json
import os
import pathlib
import random
import re
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


JUDGES = pathlib.Path(__file__).parent / "orders"
SCALIBR = "github.com/google/osv-scalibr@v0.5.3"


def run_judge(command, both, **more):
    run = subprocess.run(command, input="".join(f"{a}\t{b}\n" for a, b in both), text=True, capture_output=True, **more)
    assert run.returncode == 0, run.stderr
    return run.stdout.splitlines()


def judge(ecosystem, command, both=None, fewest=0.5, **more):
    """Compare PAIRS pairs that both sides take: what one of them refuses is no answer, so more are drawn."""
    both = both or pairs(ecosystem, int(PAIRS / fewest))
    truth, mine = run_judge(command, both, **more), ours(ecosystem, both)
    judged = [(pair, m, t) for pair, m, t in zip(both, mine, truth, strict=True) if "?" not in (m, t)]
    wrong = [j for j in judged if j[1] != j[2]]
    assert len(judged) >= min(PAIRS, len(both) * fewest)
    assert not wrong, (len(wrong), wrong[:10])


def words_of(both, pattern):
    return [(a, b) for a, b in both if re.fullmatch(pattern, a) and re.fullmatch(pattern, b)]


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


def pairs(ecosystem, count=PAIRS):
    rng = random.Random(ecosystem)
    pool = versions(ecosystem)
    out = []
    for _ in range(count):
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
    both = [(a, b) for a, b in pairs("Debian", PAIRS * 5 // 4) if accepts(a) and accepts(b)]
    script = "".join(
        'if dpkg --compare-versions "$1" lt "$2" 2>/dev/null; then echo "<"; '
        'elif dpkg --compare-versions "$1" gt "$2" 2>/dev/null; then echo ">"; else echo "="; fi\n' for _ in "x")
    script = "while IFS=\"$(printf '\\t')\" read -r a b; do set -- \"$a\" \"$b\"; " + script + "done"
    if PAIRS < 10000:
        both = both[:2000]  # two processes a pair
    run = subprocess.run(["sh", "-c", script], input="".join(f"{a}\t{b}\n" for a, b in both), text=True,
                         capture_output=True, check=True)
    mine = ours("Debian", both)
    # What dpkg warns about (a version that does not start with a digit) is compared, what it refuses is not.
    wrong = [d for d in differences(both, mine, run.stdout.splitlines()) if d[2] != "?"]
    assert len(both) - mine.count("?") >= (1600 if PAIRS < 10000 else PAIRS)
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

    both = pairs("PyPI", PAIRS * 5 // 4)
    judged = [(a, b) for a, b in both if truth(a, b)]
    wrong = differences(judged, ours("PyPI", judged), [truth(a, b) for a, b in judged])
    assert len(judged) >= PAIRS
    assert not wrong, wrong[:10]


@needs_data
@pytest.mark.parametrize("ecosystem", ["AlmaLinux", "Debian"])  # Debian's: as many strange strings as there are
def test_rpm_like_rpm(ecosystem):
    python = "/usr/bin/python3"
    if subprocess.run([python, "-c", "import rpm"], capture_output=True).returncode:
        pytest.skip("no Python binding of RPM here")
    # librpm takes the part behind the last hyphen for a release also where it is empty.
    both = [(a, b) for a, b in pairs(ecosystem, PAIRS * 5 // 4) if not a.endswith("-") and not b.endswith("-")]
    truth, mine = run_judge([python, JUDGES / "rpm_order.py"], both), ours("Red Hat", both)
    wrong = [j for j in zip(both, mine, truth, strict=True) if "?" not in j[1:] and j[1] != j[2]]
    assert len(both) - mine.count("?") >= PAIRS
    assert not wrong, (len(wrong), wrong[:10])


@needs_data
@pytest.mark.skipif(not shutil.which("ruby"), reason="no ruby here")
def test_rubygems_like_gem():
    judge("RubyGems", ["ruby", JUDGES / "gem.rb"])


@functools.cache
def maven_jar():
    repository = pathlib.Path(os.environ.get("MAVEN_REPOSITORY", pathlib.Path.home() / ".m2/repository"))
    jar = repository / "org/apache/maven/maven-artifact/4.0.0-rc-6/maven-artifact-4.0.0-rc-6.jar"
    if not shutil.which("java") or not jar.exists():
        pytest.skip("no java, or no maven-artifact 4.0.0-rc-6 in the local repository")
    return jar


@needs_data
def test_maven_like_comparable_version():
    command = ["java", "-cp", maven_jar(), JUDGES / "Maven.java"]
    # In mutations of these shapes our order is that of Maven's later source: see docs/versions.md.
    plain = [(a, b) for a, b in pairs("Maven") + pairs("Packagist") + pairs("PyPI")
             if not any(re.search(r"(final|ga|release)|\.[^\d.-][^.-]*[.-]|[.-][.-]", v.lower()) and v not in versions("Maven")
                        for v in (a, b))]
    assert len(plain) > PAIRS
    judge("Maven", command, [(a, b) for a, b in plain if len(a) < 200 and len(b) < 200], fewest=0.9)


@needs_data
@pytest.mark.skipif(not shutil.which("php"), reason="no php here")
def test_packagist_like_composer():
    if not pathlib.Path("/usr/share/php/Composer/Semver/autoload.php").exists():
        pytest.skip("no composer/semver here")
    judge("Packagist", ["php", JUDGES / "composer.php"], fewest=0.4)


@needs_data
@pytest.mark.skipif(not shutil.which("php"), reason="no php here")
def test_packagist_like_php_where_nothing_is_normalised():
    both = words_of(pairs("Packagist"), r"\d+\.\d+\.\d+\.\d+([.-]?(dev|alpha|beta|RC|pl)?\d*)?")
    both += [(a + ".0" * (3 - a.count(".")), b + ".0" * (3 - b.count(".")))
             for a, b in words_of(pairs("Packagist"), r"\d{1,4}(\.\d+){1,3}")]
    judge("Packagist", ["php", JUDGES / "composer.php", "php"], both, fewest=0.9)


@needs_data
@pytest.mark.skipif(not shutil.which("node") or not shutil.which("npm"), reason="no node here")
@pytest.mark.parametrize("ecosystem", ["npm", "crates.io"])
def test_semver_like_node_semver(ecosystem):
    root = subprocess.run(["npm", "root", "-g"], text=True, capture_output=True).stdout.strip()
    package = pathlib.Path(root) / "npm/node_modules/semver"
    if not package.exists():
        pytest.skip("no node-semver here")
    # node-semver keeps numbers in a double and refuses longer ones; ours have no limit.
    judge(ecosystem, ["node", JUDGES / "semver.js", package], fewest=0.4)


@needs_data
@pytest.mark.skipif(not shutil.which("go"), reason="no go here")
def test_go_like_x_mod_semver(tmp_path):
    build = subprocess.run(["go", "build", "-o", tmp_path / "order", "."], cwd=JUDGES / "go", text=True, capture_output=True)
    if build.returncode:
        pytest.skip("golang.org/x/mod is not at hand")
    judge("Go", [tmp_path / "order"], fewest=0.4)


def scalibr_rows(name):
    cache = pathlib.Path(os.environ.get("GOMODCACHE", pathlib.Path.home() / "go/pkg/mod"))
    tables = sorted((cache / SCALIBR / "semantic/testdata").glob(f"{name}-versions*.txt"))
    if not tables:
        pytest.skip(f"{SCALIBR} is not in the module cache")
    lines = [line.strip() for table in tables for line in table.read_text().splitlines()]
    return [line.split(" ") for line in lines if line and not line.startswith(("# ", "//"))]


@pytest.mark.parametrize("ecosystem, name, most_refused", [
    ("Alpine", "alpine", 33), ("NuGet", "nuget", 0), ("Pub", "pub", 0), ("CRAN", "cran", 0), ("Hackage", "hackage", 0),
    ("Debian", "debian", 0), ("PyPI", "pypi", 0), ("Red Hat", "redhat", 14), ("RubyGems", "rubygems", 0),
    ("npm", "semver", 0)])
def test_like_the_tables_of_osv_scalibr(ecosystem, name, most_refused):
    rows = scalibr_rows(name)
    mine = ours(ecosystem, [(a, b) for a, _, b in rows])
    wrong = [(a, op, b, m) for (a, op, b), m in zip(rows, mine, strict=True) if m not in (op, "?")]
    assert not wrong, wrong[:10]
    assert mine.count("?") <= most_refused


@needs_data
@pytest.mark.parametrize("ecosystem", ["Debian", "PyPI", "npm", "Go", "crates.io", "AlmaLinux", "Maven", "Packagist",
                                       "RubyGems", "NuGet", "Alpine"])
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
