# SPDX-License-Identifier: Apache-2.0
"""The table in docs/accuracy.md, between its two marks."""

import os
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs/accuracy.md"
BEGIN, END = "<!-- made by make check-truth -->\n", "<!-- end -->\n"


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
    text = PAGE.read_text()
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    PAGE.write_text(head + BEGIN + "".join(lines(sorted(scores, key=key))) + END + tail)


def key(score):
    return [int(x) for x in score[0].rstrip("t").split(".")], score[1]
