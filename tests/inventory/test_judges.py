# SPDX-License-Identifier: Apache-2.0
"""The inventory against everybody else's, on real packages. Run by `make check-inventory`; makes its roots below
build/check-inventory (or USEWEAR_INVENTORY_WORK), some GB, by the ordinary clients of the registries.

Every difference needs a reason in reasons.json. With USEWEAR_WRITE=1 the table in docs/ is written anew."""

import functools
import os
from pathlib import Path

import pytest

import differences
import judges
import roots

WORK = Path(os.environ.get("USEWEAR_INVENTORY_WORK", judges.SOURCE / "build/check-inventory")).resolve()
SYFT, SCANNER = WORK / "bin/syft", WORK / "bin/osv-scanner"


@functools.cache
def root(name):
    WORK.mkdir(parents=True, exist_ok=True)
    if not SYFT.exists() or not SCANNER.exists():
        roots.go_install(WORK / "bin", roots.SYFT, roots.SCANNER)
    return roots.make(name, WORK)


def native_judges(name):
    here = root(name)
    if name == "debian":
        yield "dpkg-query", judges.dpkg(here)
        yield "pip list", judges.pip(here, "/opt/notebook/lib/python3.11/site-packages")
        yield "npm ls", judges.npm(here, "/srv/web")
        yield "gem list", judges.gem(here, chroot=True)
        yield "go version -m", judges.go(here, ["/usr/local/bin/syft", "/usr/local/bin/nats-server", "/usr/sbin/runc",
                                                "/usr/bin/fzf"])
    else:
        site = next(here.glob("opt/venv/lib/python*/site-packages"))
        yield "pip list", judges.pip(here, str(site).removeprefix(str(here)), "/opt/venv/bin/python")
        yield "npm ls", judges.npm(here, "/srv/next")
        yield "pnpm ls", judges.pnpm(here, "/srv/workspace")
        yield "gem list", judges.gem(here, chroot=False)
        yield "go version -m", judges.go(here, ["/usr/local/bin/nats-server"])
        yield "mvn dependency:list", judges.maven(WORK, roots.BUILDS)
        yield "cargo-auditable", judges.cargo(here, [f"/opt/ripgrep-{kind}/bin/rg" for kind in ("plain", "audited")],
                                              "/opt/ripgrep-audited/bin/rg")


@functools.cache
def compared(name):
    """What both have, and all differences."""
    here = root(name)
    ours = judges.usewear(here)
    found, counts = [], {}
    every = [("Syft", (judges.syft(SYFT, here), None)),
             ("osv-scanner", (judges.scanner(SCANNER, here), lambda key, path: key[0] in judges.OSV_TYPES.values())),
             *native_judges(name)]
    for judge, (theirs, could_know) in every:
        assert theirs, f"{judge} found nothing"
        new = differences.between(judge, theirs, ours, could_know)
        only = sum(each.alone == "judge" for each in new)
        counts[judge] = len(set(theirs) & set(ours)), only, len(new) - only
        found += new
    return counts, found


@pytest.mark.parametrize("name", roots.PARTS)
def test_every_difference_has_a_reason(name):
    reasons = differences.Reasons()
    counts, found = compared(name)
    unexplained = [str(each) for each in found if not reasons.of(each, name)]
    for line in unexplained:
        print(line)
    assert not unexplained, f"{len(unexplained)} of {len(found)} differences have no reason"
    assert all(both for both, _, _ in counts.values())


def test_every_reason_is_needed():
    reasons = differences.Reasons()
    for name in roots.PARTS:
        for each in compared(name)[1]:
            reasons.of(each, name)
    assert [rule for number, rule in enumerate(reasons.rules) if number not in reasons.used] == []


def test_the_table_in_docs_is_what_was_found():
    reasons = differences.Reasons()
    lines = [differences.HEAD.format(tools="Syft 1.57.0, osv-scanner 2.5.1 (artifacts), and the package managers' own tools")]
    for name in roots.PARTS:
        counts, found = compared(name)
        lines += differences.table(name, counts, [(each, reasons.of(each, name)) for each in found])
    text = "\n".join(lines) + "\n"
    if os.environ.get("USEWEAR_WRITE"):
        differences.DOCUMENT.write_text(text)
    assert differences.DOCUMENT.read_text() == text
