# SPDX-License-Identifier: Apache-2.0
"""The judge of native functions, and the table of its rows in docs/accuracy.md. Nothing excuses a wrong yes or a wrong no.
What was armed and ran and is unknown is excused by the reasons in OPEN only, and those by a fifth at most; a case in which
less is armed than it says fails as well, since what is not armed shows nothing."""

import collections
import datetime
import os
import subprocess
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
PAGE = SOURCE / "docs/accuracy.md"
BEGIN, END = "<!-- made by make check-truth-native -->\n", "<!-- end of native -->\n"
# What follows "FILE:FUNCTION: " where a function has no probe.
UNARMED = ("not armed", "not in the program's table", "no symbol", "only pieces", "it has no instruction", "which of",
           "it is inlined")
# Why an armed function that ran is unknown: its copies, or what others share with it, may have been what ran.
OPEN = ("holds a copy", "same code", "may be inlined: no debug information of a part")


def commit():
    """Of which code the rows are: the last change of the program itself; marked where it was changed since."""
    def git(*words):
        return subprocess.run(["git", "-C", SOURCE, *words, "--", "src", "bpf", "meson.build"], capture_output=True, text=True,
                              check=True).stdout.strip()
    try:
        return git("log", "-1", "--format=%h", "--abbrev=7") + ", changed" * bool(git("status", "--porcelain"))
    except (OSError, subprocess.CalledProcessError):
        return "not known"


def write(row):
    """In the place of the case's last row, else behind all."""
    print(row)
    if os.environ.get("USEWEAR_TRUTH") != "all" or not PAGE.exists():
        return
    head, begin, rest = PAGE.read_text().partition(BEGIN)
    table, end, tail = rest.partition(END)
    rows = table.splitlines(True)
    same = [n for n, old in enumerate(rows) if old.split("|")[1] == row.split("|")[1]]
    rows[same[0] if same else len(rows):same[0] + 1 if same else len(rows)] = [row + "\n"]
    if end:
        PAGE.write_text(head + begin + "".join(rows) + end + tail)


def wall(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def judge(name, before, after, ran, earlier=frozenset(), apart=frozenset(), least=0.8, ended={}):
    """`before`: answers when nothing had been called since the arming; `ran`: numbers of those that were since; `earlier`: of
    those that had run before, of which a bound slot may tell; `apart`: of those that ran only where they were inlined;
    `least`: the share that is armed; `ended`: when a function had run for the last time, as far as known. A silence that began later
    (the probe was away while programs started too often) says nothing of that time: the function counts as not armed."""
    assert before.keys() == after.keys()
    armed = {n for n, a in before.items() if a["answer"] == "not_observed" or
             not (a["reason"] or "").partition(": ")[2].startswith(UNARMED)}
    yes = {n for n, a in after.items() if a["answer"] == "yes"}
    late = {n for n in ended.keys() & ran if after[n]["answer"] == "not_observed" and wall(after[n]["since"]) >= ended[n]}
    no = {n for n, a in after.items() if a["answer"] == "not_observed"} - late
    told = {n for n in yes & earlier if after[n]["engine"] == "slot"}
    armed -= {n for n in armed if "runs too often" in (after[n]["reason"] or "")} - yes
    armed -= late
    unsure = {n for n in armed & ran if n in apart or any(words in (after[n]["reason"] or "") for words in OPEN)} - yes
    wrong_yes, wrong_no, missed = yes - ran - told, no & ran, (armed & ran) - yes - unsure
    write(f"| {name} | {len(before)} | {len(armed)} | {len(ran)} | {len(yes & ran)} | {len(wrong_yes)} | {len(wrong_no)} | "
          f"{len(no)} | {len(unsure)} | {len(after) - len(yes) - len(no) - len(unsure)} | {commit()} |")
    without = collections.Counter((after[n]["reason"] or "ran").partition(": ")[2] or after[n]["answer"] for n in before.keys() - armed)
    print("not armed:", dict(without))
    assert not wrong_yes, {n: after[n] for n in wrong_yes}
    assert not wrong_no, {n: after[n] for n in wrong_no}
    assert not missed, {n: (before[n], after[n]) for n in missed}
    assert yes and (no or not any(a["answer"] == "not_observed" for a in before.values())), "the case shows nothing"
    crowded = {n for n in before.keys() - armed if "start too often" in (before[n]["reason"] or "")}  # by what else runs here
    assert len(armed | crowded) >= least * len(before), f"only {len(armed)} of {len(before)} are armed"
    assert len(armed) >= least * len(before) / 2, f"only {len(armed)} of {len(before)} are armed: programs start too often here"
    assert len(unsure) <= len(armed & ran) // 5, {n: after[n] for n in unsure}
