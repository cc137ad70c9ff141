# SPDX-License-Identifier: Apache-2.0
"""The sensor on Debian's kernels: which hooks serve, and that what they tell is what happened."""

import json
import re
import warnings
from collections import Counter

import pytest
from kernels import ARCH
from record import found, growth

pytestmark = pytest.mark.boots("basic")

COUNTS = re.compile(r"^usewear: (\w+) +made (\d+) = seen (\d+) \+ deduplicated (\d+) \+ dropped (\d+)$", re.M)
TYPES = ["exec", "fork", "exit", "map", "listen", "connect"]
# What serves there, as far as kernels differ: the second best in silence would be a regression.
EXPECTED = {
    "5.10": {"map": "fentry/vma_set_page_prot", "snapshot": "/proc/PID/maps", "function": "perf uprobe"},
    "5.15": {"map": "fentry/vma_set_page_prot", "snapshot": "iter/task_vma", "function": "perf uprobe"},
    "6.1": {"map": "fentry/perf_event_mmap", "snapshot": "iter/task_vma", "function": "perf uprobe"},
    "6.12": {"map": "fentry/perf_event_mmap", "snapshot": "iter/task_vma", "function": "uprobe_multi"},
}
EXPECTED["6.8"] = EXPECTED["newest"] = EXPECTED["6.12"]
if ARCH == "arm64":
    EXPECTED["5.10"]["map"] = EXPECTED["5.15"]["map"] = EXPECTED["6.1"]["map"] = "PERF_RECORD_MMAP2"  # no trampolines yet
BEST = {kind: "tp_btf/" + hook for kind, hook in {"exec": "sched_process_exec", "fork": "sched_process_fork", "exit": "sched_process_exit",
                                                 "listen": "inet_sock_set_state", "connect": "inet_sock_set_state"}.items()}


def lines(results, name):
    return [json.loads(line) for line in results.text(f"{name}.out").splitlines()]


def counts(results, name):
    """made, seen, deduplicated and dropped of each type; they add up everywhere."""
    found = {kind: [int(n) for n in numbers] for kind, *numbers in COUNTS.findall(results.text(f"{name}.err"))}
    assert found, results.text(f"{name}.err")
    for kind, (made, seen, deduplicated, dropped) in found.items():
        assert made == seen + deduplicated + dropped, (kind, found)
    return found


def hooks_of(doctor):
    serving = {}
    for hook in doctor["hooks"]:
        if hook["state"] == "serving":
            serving.setdefault(hook["event"], hook["name"])
    return serving


def refusals(doctor):
    return [(hook["event"], hook["name"], hook["reason"]) for hook in doctor["hooks"] if hook["state"] in ("refused", "silent")]


def test_each_event_has_a_hook(booted, note, kernel):
    assert booted.rc("doctor") == 0, booted.text("doctor.err")
    doctor = json.loads(booted.text("doctor.out"))
    serving = hooks_of(doctor)
    for kind in TYPES:
        note(kind, serving.get(kind, "**none**"))
    note("kernel memory", f"{doctor['kernel_memory'] / 2**20:.1f} MiB")
    assert serving == BEST | {"map": EXPECTED[kernel]["map"]}, refusals(doctor)


def executable(text):
    """(start, end, offset, inode, path) of each executable mapping of a file, for each process."""
    found = {}
    for line in text.splitlines():
        pid, addresses, rights, offset, _, inode, *path = line.split(None, 6)
        if "x" in rights and inode != "0":
            start, end = (int(x, 16) for x in addresses.split("-"))
            found.setdefault(int(pid), set()).add((start, end, int(offset, 16), int(inode), path[0]))
    return found


def test_snapshot_agrees_with_proc(booted, note, kernel):
    doctor = json.loads(booted.text("doctor.out"))
    taken = doctor["snapshot"]["name"] if doctor["snapshot"]["state"] == "serving" else "/proc/PID/maps"
    note("snapshot", taken)
    assert taken == EXPECTED[kernel]["snapshot"], doctor["snapshot"]
    if taken == "/proc/PID/maps":
        assert booted.rc("snapshot") == 3 and doctor["snapshot"]["reason"]
        assert not doctor["kernel"]["task_vma_iterator"]
        return
    assert booted.rc("snapshot") == 0
    truth, found = executable(booted.text("maps.out")), {}
    for line in booted.text("snapshot.out").splitlines():
        pid, addresses, offset, inode, _, path = line.split(" ", 5)
        start, end = (int(x, 16) for x in addresses.split("-"))
        found.setdefault(int(pid), set()).add((start, end, int(offset, 16), int(inode), path))
    stayed = [pid for pid, maps in truth.items() if any(path == "/bin/steered" for *_, path in maps)]
    assert len(stayed) == 2
    for pid in stayed:
        assert found[pid] == truth[pid]
        assert any(path == "/lib/library.so" for *_, path in found[pid])


def test_events_tell_what_happened(booted, note):
    assert booted.rc("events") == 0, booted.text("events.err")
    seen, made = lines(booted, "events"), counts(booted, "events")
    kinds = Counter(event["type"] for event in seen)
    assert {kind: kinds[kind] for kind in made} == {kind: made[kind][1] for kind in made}
    storm, = [event["pid"] for event in seen if event["type"] == "exec" and event["args"][:1] == ["storm"]]
    children = {event["pid"] for event in seen if event["type"] == "fork" and event["parent"] == storm}
    ended = {event["pid"] for event in seen if event["type"] == "exit"}
    assert int(booted.text("storm.out")) == len(children) == 200
    # An end that the kernel did not tell is allowed only where it is counted as lost.
    lost = len(children - ended)
    assert lost <= made["exit"][3], (lost, made)
    note("ends lost of 200", str(lost))
    again, = [event for event in seen if event["type"] == "exec" and event["args"][:1] == ["again"]]
    assert again["pid"] == int(booted.text("exec-victim.out")) and again["cwd"] == "/tmp"
    killed, = [event for event in seen if event["type"] == "exit" and event["pid"] == again["pid"]]
    assert killed["signal"] == 9, killed
    steered, = [event["pid"] for event in seen if event["type"] == "exec" and event["exe"] == "/bin/steered"]
    assert "/lib/library.so" in [e["path"] for e in seen if e["type"] == "map" and e["pid"] == steered]
    port = int(booted.text("steered.out").splitlines()[1].split()[1])
    listen, = [event for event in seen if event["type"] == "listen"]
    assert (listen["pid"], listen["local"]["port"]) == (steered, port)
    connect, = [event for event in seen if event["type"] == "connect"]
    assert (connect["pid"], connect["remote"]["port"]) == (steered, 9)


def test_a_mapping_belongs_to_who_makes_it(booted):
    """Code that mprotect makes; not to who clears the soft-dirty bits of another process's mappings."""
    assert booted.rc("protected") == 0, booted.text("protected.err")
    made = [(event["comm"], event["path"]) for event in lines(booted, "protected") if event["path"] in ("/tmp/protected.so", "/bin/steered")]
    assert sorted(made) == [("steered", "/bin/steered"), ("steered", "/tmp/protected.so")]


def test_first_seen_once_for_each_workload(booted, note):
    assert booted.rc("dedup") == 0
    facts = [event["cgroup"] for event in lines(booted, "dedup") if event.get("path") == "/lib/library.so"]
    assert len(facts) == len(set(facts)) == 2
    assert counts(booted, "dedup")["map"][2] >= 898
    note("first seen once", "yes")


def test_losses_are_counted(booted, note, kernel):
    """Exactly: 20,000 mappings more are made where the victim makes 20,000 more, and what was dropped are those of
    the victim that were not shown: all that others map meanwhile comes before its buffers are full. Perf's losses
    are of any kind, such as the name of a thread that the kernel starts just then."""
    assert booted.rc("drops-1") == booted.rc("drops-20001") == 0
    other = counts(booted, "drops-1")["map"][0]
    made, seen, _, dropped = counts(booted, "drops-20001")["map"]
    shown = int(booted.text("drops.count"))
    assert dropped > 0 and seen >= shown > 0
    foreign = dropped - (20001 - shown)
    assert made - other == 20000 + foreign, (made, other, foreign)
    assert 0 <= foreign < (10 if EXPECTED[kernel]["map"] == "PERF_RECORD_MMAP2" else 1)
    note("losses counted", "yes")


def test_functions(booted, note, kernel):
    """One hit is an event, in a process from before and in one that comes later; the others are not."""
    assert booted.rc("functions") == 0, booted.text("functions.err")
    seen = lines(booted, "functions")
    assert [(event["type"], event["function"]) for event in seen] == [("function", "victim_a"), ("function", "victim_b")]
    assert seen[0]["pid"] != seen[1]["pid"]
    assert counts(booted, "functions")["function"][1] == 2
    assert booted.rc("hook") == 0, booted.text("hook.err")
    hooks = Counter((event["type"], event["hook"]) for event in lines(booted, "hook"))
    assert hooks == {("hook", f"tracepoint:sched:sched_process_{what}"): 1 for what in ("exec", "exit")}
    by = re.search(r"functions by ([\w ]+);", booted.text("functions.err")).group(1)
    note("function", by)
    assert by == EXPECTED[kernel]["function"]


def test_what_has_run_in_a_python_from_before(booted, note):
    """In a root of its own, as in a container."""
    if "python.missing" in booted.files:
        pytest.skip(booted.text("python.missing"))
    assert booted.rc("python") == 0, booted.text("python.err")
    listed = json.loads(booted.text("python.out"))
    answers = {f["name"]: f["answer"] for f in listed["functions"] if f["container"] == "victim"}
    assert answers == {"called": "yes", "never_called": "not_observed"}, listed
    note("CPython's functions", "read")


def test_programs_are_accepted_and_have_not_grown(booted, kernel):
    """Every program is accepted, or refused because the kernel has no such hook."""
    counts, refused = {}, {}
    for line in booted.text("programs.out").splitlines():
        name, count, *reason = line.split(" ", 2)
        if count == "refused":
            counts[name], refused[name] = None, reason[0]
        else:
            counts[name] = int(count)
    for told in growth(kernel, found.instructions_before(ARCH, kernel), counts):
        warnings.warn(told, stacklevel=1)
    found.kernel(kernel)["instructions"] = counts
    assert len(counts) > 10
    # uprobe_multi is of 6.6; bpf_task_pt_regs() is of 5.15.
    may = {"function_multi", "sample_tick"}
    assert all(reason.startswith("No such process") for name, reason in refused.items() if name not in may), refused


def test_the_kernel_has_no_complaint(booted):
    """No warning of the kernel's own about what the programs did."""
    complaints = [line for line in booted.text("dmesg.out").splitlines()
                  if re.search(r"WARNING: CPU|BUG:|Oops|general protection|rcu.*stall", line)]
    assert not complaints
