# SPDX-License-Identifier: Apache-2.0
"""Differences between Usewear's inventory and a judge's, and why each of them is there.

reasons.json is a list of rules, tried in order: who has it alone ("judge" names one or more, "alone": "judge" or
"usewear"), regular expressions for kind, name, version and path (each optional, whole match for all but the path), and the
reason. What no rule explains is a fault of ours until somebody has looked."""

import collections
import json
import re
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
DOCUMENT = FOLDER.parents[1] / "docs/inventory-differences.md"
HEAD = """# Differences of the inventory to others

Written by `make check-inventory`, which fails where a difference has no reason: every package that one of the judges has
and Usewear has not, and every one that Usewear alone has. `{tools}`, run on the roots of `tests/inventory/roots.py`. Names
and versions are compared as the registries compare them. The reasons are in `tests/inventory/reasons.json`; what is decided
how is in [inventory.md](inventory.md).
"""


class Difference(collections.namedtuple("Difference", "judge alone kind name version paths")):
    def __str__(self):
        return f"{self.alone if self.alone == 'usewear' else self.judge}: {self.kind} {self.name} {self.version} {self.paths[:3]}"


def between(judge, theirs, ours, could_know=None):
    found = [Difference(judge, "judge", *key, sorted(theirs[key])) for key in sorted(set(theirs) - set(ours))]
    for key in sorted(set(ours) - set(theirs)):
        paths = sorted(path for path in ours[key] if not could_know or could_know(key, path))
        if paths:
            found.append(Difference(judge, "usewear", *key, paths))
    return found


class Reasons:
    def __init__(self):
        self.rules = json.loads((FOLDER / "reasons.json").read_text())
        self.used = set()

    def of(self, difference, root):
        for number, rule in enumerate(self.rules):
            if (rule["alone"] == difference.alone and difference.judge in rule.get("judge", difference.judge).split(", ")
                    and rule.get("root", root) == root
                    and all(re.fullmatch(rule.get(part, ".*"), getattr(difference, part)) for part in ("kind", "name", "version"))
                    and any(re.search(rule.get("path", ""), path) for path in difference.paths)):
                self.used.add(number)
                return rule["reason"]
        return None


def table(root, counts, explained):
    """Lines of one root: what both have, then the packages behind each reason."""
    lines = ["", f"## Root *{root}*", "", "| judge | both | only the judge | only Usewear |", "|---|---|---|---|"]
    lines += [f"| {judge} | {both:,} | {theirs:,} | {ours:,} |" for judge, (both, theirs, ours) in counts.items()]
    for alone, title in (("judge", "Only a judge has"), ("usewear", "Only Usewear has")):
        lines += ["", f"### {title}", "", "| why | who | packages |", "|---|---|---|"]
        groups = collections.defaultdict(lambda: (set(), set()))
        for difference, reason in explained:
            if difference.alone == alone:
                judges, names = groups[reason]
                judges.add(difference.judge)
                names.add(f"{difference.kind}:{difference.name} {difference.version}".strip())
        for reason, (judges, names) in sorted(groups.items(), key=lambda item: -len(item[1][1])):
            who = ", ".join(sorted(judges)) if alone == "judge" else "not " + ", ".join(sorted(judges))
            text = ", ".join(sorted(names)).replace("|", "\\|").replace("<", "&lt;")
            lines.append(f"| {reason} | {who} | {len(names)}: {text} |")
    return lines
