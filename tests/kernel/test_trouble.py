# SPDX-License-Identifier: Apache-2.0
"""A clock that jumps and a machine without memory, while usewear watches. Only by `make check-kernels`."""

import json
import re

import pytest
from test_kernels import EXPECTED, counts, lines

pytestmark = pytest.mark.boots("clock")
KILL, SYS_ADMIN, PERFMON, BPF = 5, 21, 38, 39
JUMPS = 4
STORMS = 2 * JUMPS * 50
RSS_SLACK_KIB = 8192


def test_watch_keeps_only_the_rights_that_it_needs(booted, kernel):
    """Where there is no uprobe_multi, CAP_SYS_ADMIN stays permitted, and nowhere is it in effect."""
    rights = dict(re.findall(r"^(Cap\w+):\s*(\w+)$", booted.text("watch-status.out"), re.M))
    effective, permitted = (int(rights[key], 16) for key in ("CapEff", "CapPrm"))
    assert effective == 1 << KILL | 1 << PERFMON | 1 << BPF
    assert bool(permitted & 1 << SYS_ADMIN) == (EXPECTED[kernel]["function"] == "perf uprobe")
    assert int(rights["CapBnd"], 16) == permitted


def test_the_clock_jumps(booted, note):
    """Looks go on at their pace, each event is counted, nothing piles up, and what was found can be read."""
    assert booted.rc("clock-looks") == 0, booted.text("clock-looks.err")
    looks = lines(booted, "clock-looks")
    assert len(looks) >= 2 + 3 * JUMPS and all(look["processes"] > 1 for look in looks)
    assert booted.rc("clock") == 0, booted.text("clock.err")
    seen, made = lines(booted, "clock"), counts(booted, "clock")
    storms = {e["pid"] for e in seen if e["type"] == "exec" and e["args"][:1] == ["storm"]}
    children = {e["pid"] for e in seen if e["type"] == "fork" and e["parent"] in storms}
    assert len(storms) == 2 * JUMPS and len(children) == STORMS
    lost = len(children - {e["pid"] for e in seen if e["type"] == "exit"})
    assert lost <= made["exit"][3], (lost, made)
    (_, fds, rss), *later = [line.split() for line in booted.text("clock-samples.out").splitlines()]
    assert len(later) == JUMPS
    assert all(int(one[1]) <= int(fds) + 4 and int(one[2]) <= int(rss) + RSS_SLACK_KIB for one in later), booted.text("clock-samples.out")
    assert booted.rc("clock-report") == 0, booted.text("clock-report.err")
    assert json.loads(booted.text("clock-report.out"))["schema"] == "usewear/findings/1"
    note("~the clock jumps", f"{len(looks)} looks, all events")


@pytest.mark.boots("cpus")
def test_no_memory_for_the_buffer(booted):
    """More than there is: one line says so, and nothing is killed."""
    assert booted.rc("pressure-ring") == 2
    said = booted.text("pressure-ring.err").strip()
    assert "memory" in said and "\n" not in said, said


@pytest.mark.boots("cpus")
def test_events_under_memory_pressure(booted, note):
    """With next to no memory left nothing is lost uncounted."""
    assert booted.rc("pressure") == 0, booted.text("pressure.err")
    made = counts(booted, "pressure")
    lives = lines(booted, "pressure-lives")
    storm, = [e["pid"] for e in lives if e["type"] == "exec" and e["args"][:1] == ["storm"]]
    children = {e["pid"] for e in lives if e["type"] == "fork" and e["parent"] == storm}
    assert len(children) == int(booted.text("pressure-storm.out")) == 200
    assert len(children - {e["pid"] for e in lives if e["type"] == "exit"}) <= made["exit"][3]
    assert made["map"][0] >= 20000 and made["map"][1] == int(booted.text("pressure.count"))
    assert "Out of memory" not in booted.text("dmesg.out")
    note("~128 CPUs, little memory", f"{int(booted.text('pressure-left.out')) // 1024} MiB left; all counted")
