# SPDX-License-Identifier: Apache-2.0
"""Package URLs, judged by the suite inside packageurl-python's source archive and by that library itself, over its
own examples and mutations of them."""
import functools
import json
import pathlib
import random
import re
import subprocess
import sys
import tarfile

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "build/tests/purl-canonical"
RELEASE = "0.17.6"


def parse(lines):
    run = subprocess.run([PROGRAM], input="".join(line + "\n" for line in lines), text=True, capture_output=True)
    assert run.returncode == 0, run.stderr
    return [json.loads(line) for line in run.stdout.splitlines()]


@functools.cache
def archive():
    folder = ROOT / "build/packageurl"
    path = folder / f"packageurl_python-{RELEASE}.tar.gz"
    if not path.exists():
        subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps",
                        "--no-binary", "packageurl-python", f"packageurl-python=={RELEASE}", "-d", folder], check=True)
    with tarfile.open(path) as tar:
        return {name.split("/", 1)[1]: tar.extractfile(name).read() for name in tar.getnames() if name.endswith(".json")}


def suite():
    return json.loads(archive()["tests/data/test-suite-data.json"])


def test_suite_parses():
    cases = suite()
    assert len(cases) >= 30
    for case, got in zip(cases, parse([c["purl"] for c in cases]), strict=True):
        if case["is_invalid"]:
            assert "refused" in got, case
            continue
        assert got["canonical"] == case["canonical_purl"], case
        assert got["type"] == case["type"].lower()
        folded = {k: (got[k] or "").lower().replace("_", "-") for k in ("namespace", "name", "version", "subpath")}
        assert folded == {k: (case[k] or "").lower().replace("_", "-").strip("/") for k in folded}, case
        assert got["qualifiers"] == {k.lower(): v for k, v in (case["qualifiers"] or {}).items()}, case


def test_canonical_form_is_stable():
    texts = [c["canonical_purl"] for c in suite() if not c["is_invalid"]]
    assert [got["canonical"] for got in parse(texts)] == texts


def mutations(seeds, count):
    rng = random.Random(1)
    for _ in range(count):
        text = rng.choice(seeds)
        for _ in range(rng.randrange(1, 3)):
            at = rng.randrange(4, len(text) + 1)
            if rng.random() < 0.6:
                text = text[:at] + rng.choice(["@", "/", "%40", "%2B", "#", "?a=b", "&x=y", "A", "_", "1", ".", ":", "+", "é"]) + text[at:]
            else:
                text = text[:at] + text[at + 1:]
        yield text


def upper_escapes(text):
    return re.sub("%[0-9a-f]{2}", lambda m: m[0].upper(), text)  # the library folds those of names


def test_agrees_with_the_library():
    packageurl = pytest.importorskip("packageurl")
    examples = json.loads(archive()["tests/contrib/data/url2purl.json"]).values()
    seeds = sorted({p for p in examples if p} | {c["purl"] for c in suite() if not c["is_invalid"]})
    texts = seeds + sorted(set(mutations(seeds, 6000)))
    types = {packageurl.PackageURL.from_string(seed).type for seed in seeds}
    judged, wrong = 0, []
    for text, got in zip(texts, parse(texts), strict=True):
        try:
            truth = packageurl.PackageURL.from_string(text).to_string()
        except ValueError:
            continue
        if text.count("#") > 1 or text.count("?") > 1 or got.get("type") not in types:
            continue  # the library cuts at the first of them, the specification says at the last
        if re.search("@[^#?]*/([#?]|$)", text):
            continue  # the specification strips '/' from the end before it cuts
        if re.search("/@[^/]*@[^/]*/", text):
            continue  # a second '@' in a scope is a version's by the specification
        if "refused" in got:
            assert text not in seeds, (text, got)
            continue
        judged += 1
        if got["canonical"] != upper_escapes(truth):
            wrong.append((text, got["canonical"], truth))
    assert judged > 3000
    assert not wrong, "\n".join(f"{len(wrong)} of {judged}: {t}: {mine}, not {truth}" for t, mine, truth in wrong[:12])
