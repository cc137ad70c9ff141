# SPDX-License-Identifier: Apache-2.0
"""The table in docs/accuracy.md, between its two marks."""

import os
from pathlib import Path

from judge import EXCEPTIONS, order

PAGE = Path(__file__).parents[2] / "docs/accuracy.md"
BEGIN, END = "<!-- made by make check-truth -->\n", "<!-- end -->\n"


LIST_BEGIN, LIST_END = "<!-- made of EXCEPTIONS in tests/truth/judge.py -->\n", "<!-- end of it -->\n"


def exceptions():
    """The closed list of what may differ, as the page has it."""
    for name, known in EXCEPTIONS.items():
        where = "of the bench" if not known.judged else "of coverage.py" if "coverage" in known.file else \
            f"of {known.file[1:]}"
        versions = "each version" if known.first == 7 else f"3.{known.first}" + \
            f" to 3.{known.last}" * (known.last > known.first)
        yield f"- `{name}` {where}, {versions}: {known.why}\n"


def ratio(part, whole):
    return f"{part / whole:.4f}" if whole else "–"


def lines(scores):
    yield "| CPython | program | functions | executed: precision | executed: recall | not executed: wrong | unknown |\n"
    yield "|---|---|---|---|---|---|---|\n"
    for version, workload, s in scores:
        total = s.right + s.wrong_yes + s.wrong_no + s.silent + s.unknown_ran + s.unknown_not
        yield (f"| {version} | {workload} | {total:,} | {ratio(s.right, s.right + s.wrong_yes)} | "
               f"{ratio(s.right, s.right + s.wrong_no + s.unknown_ran)} | {s.wrong_no} | "
               f"{100 * (s.unknown_ran + s.unknown_not) / total:.1f} % |\n")


def table(scores):
    if os.environ.get("USEWEAR_TRUTH") != "all" or not scores or not PAGE.exists():
        return
    head, _, rest = PAGE.read_text().partition(BEGIN)
    old, _, tail = rest.partition(END)
    rows = {cells(row): row for row in [*old.splitlines(True)[2:], *list(lines(scores))[2:]]}
    PAGE.write_text(head + BEGIN + "".join([*list(lines([])), *sorted(rows.values(), key=key)]) + END + tail)


def cells(row):
    """Version and program: what a new row replaces."""
    return tuple(cell.strip() for cell in row.split("|")[1:3])


def key(row):
    version, workload = cells(row)
    return order(version), workload
