# SPDX-License-Identifier: Apache-2.0
"""CVSS scores, judged by the cvss package over every vector that occurs in the advisories."""
import json
import os
import pathlib
import subprocess
import zipfile

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHARED = pathlib.Path(os.environ.get("USEWEAR_SHARED", ROOT / "../shared"))
BUILD = pathlib.Path(os.environ.get("USEWEAR_BUILD", ROOT / "build"))


def vectors():
    found = set()
    for archive in (SHARED / "data/osv").glob("*/all.zip"):
        with zipfile.ZipFile(archive) as z:
            for name in z.namelist():
                item = json.loads(z.read(name))
                entries = (item.get("severity") or []) + [
                    s for a in item.get("affected") or [] for s in a.get("severity") or []]
                found.update(s["score"] for s in entries if s["type"].startswith("CVSS"))
    return sorted(found)


@pytest.mark.skipif(not (SHARED / "data/osv").is_dir(), reason="no advisories in $USEWEAR_SHARED/data/osv")
def test_scores_like_the_cvss_package():
    cvss = pytest.importorskip("cvss")
    both = []
    for vector in vectors():
        kind = cvss.CVSS4 if vector.startswith("CVSS:4") else cvss.CVSS3 if vector.startswith("CVSS:3") else cvss.CVSS2
        try:
            both.append((vector, float(kind(vector).base_score)))
        except cvss.exceptions.CVSSError:
            both.append((vector, None))
    run = subprocess.run([BUILD / "tests/cvss-scores"], input="".join(v + "\n" for v, _ in both), text=True,
                         capture_output=True, check=True)
    mine = [None if line == "?" else float(line) for line in run.stdout.splitlines()]
    wrong = [(v, m, t) for (v, t), m in zip(both, mine) if m != t]
    assert len(mine) == len(both) > 1000
    assert not wrong, wrong[:10]
