# SPDX-License-Identifier: Apache-2.0
"""The same kernels, set up otherwise: without BTF, locked down, with rights missing, other cgroups, many
CPUs. What still works must work, what does not must be said. Only by `make check-kernels`."""

import json

import pytest
from test_kernels import EXPECTED, TYPES, counts, hooks_of, lines, refusals

pytestmark = pytest.mark.boots("variations")
KERNEL_MEMORY = 16 << 20  # most that maps and buffers may take, at 128 CPUs too
RING = 4 << 20


def problems(doctor):
    return " · ".join(f"{one['what']} ({one['costs']}; {one['mend']})" for one in doctor["missing"])


@pytest.fixture
def varied(booted, note):
    def get(name, scan=False):
        assert booted.rc(name) == 0, booted.text(f"{name}.err")
        if scan:
            assert booted.rc(f"{name}-scan") == 0, booted.text(f"{name}-scan.err")
            assert json.loads(booted.text(f"{name}-scan.out"))["schema"] == "usewear/findings/1"
        doctor = json.loads(booted.text(f"{name}.out"))
        serving = hooks_of(doctor)
        note(f"~{name}", "all events" if len(serving) == len(TYPES) else
                    "no events: " + (doctor["events_error"] or "").split(": ", 1)[-1].split(". ")[0] if not serving else
                    "events: " + ", ".join(serving))
        return doctor
    return get


@pytest.mark.parametrize("name", ["no-tracefs", "paranoid-3", "paranoid-4", "unprivileged-bpf", "hidepid-as-root", "yama-1", "yama-2"])
def test_changes_nothing_for_root(varied, name):
    doctor = varied(name)
    assert sorted(hooks_of(doctor)) == sorted(TYPES), refusals(doctor)


def test_without_btf(varied):
    doctor = varied("no-btf", scan=True)
    assert not doctor["hooks"] and "BTF" in doctor["events_error"]
    assert "CONFIG_DEBUG_INFO_BTF" in problems(doctor)


@pytest.mark.parametrize("scope, answers", [(0, True), (1, True), (2, True), (3, False)])
def test_functions_of_an_interpreter_under_yama(booted, note, scope, answers):
    """Root reads them up to scope 2; with 3 nobody does, and that is the reason why they are unknown."""
    if "python.missing" in booted.files:
        pytest.skip(booted.text("python.missing"))
    listed = json.loads(booted.text(f"yama-{scope}-python.out"))
    found = {f["name"]: f["answer"] for f in listed["functions"] if f["container"] == "victim"}
    if answers:
        assert found == {"called": "yes", "never_called": "not_observed"}, listed
    else:
        assert "not_observed" not in found.values()
        assert "Yama" in json.dumps(listed["losses"]) and "ptrace_scope" in json.dumps(listed["losses"]), listed
    note(f"~CPython under Yama {scope}", "read" if answers else "unknown: Yama forbids it")


@pytest.mark.parametrize("scope, answer", [(2, "not_observed"), (3, "unknown")])
def test_silence_of_a_probe_under_yama(booted, note, scope, answer):
    """Whether a probe is set in a process stands in its memory: where that cannot be read, silence is nothing."""
    told = {f["name"]: (f["answer"], f["reason"] or "") for f in json.loads(booted.text(f"yama-{scope}-silence.out"))["functions"]}
    assert told["victim_b"][0] == answer, told
    assert answer != "unknown" or "may not be read" in told["victim_b"][1], told
    note(f"~silence of probes under Yama {scope}", answer)


def test_yama_forbids_everything(varied):
    doctor = varied("yama-3", scan=True)
    assert "Yama" in problems(doctor) and "unknown" in problems(doctor)
    assert sorted(hooks_of(doctor)) == sorted(TYPES)


def test_lockdown_integrity(varied):
    doctor = varied("integrity", scan=True)
    assert doctor["kernel"]["lockdown"] == "integrity"
    assert sorted(hooks_of(doctor)) == sorted(TYPES), refusals(doctor)


def test_lockdown_confidentiality(varied):
    doctor = varied("confidentiality", scan=True)
    assert doctor["kernel"]["lockdown"] == "confidentiality"
    assert "lockdown" in problems(doctor)
    assert "lockdown" in doctor["events_error"]


def test_little_locked_memory(varied, kernel):
    """Before 5.11 maps count as locked memory: what does not fit is said, with what to do."""
    doctor = varied("memlock")
    if kernel == "5.10":
        assert not hooks_of(doctor) and "memlock" in doctor["events_error"] and "LimitMEMLOCK" in problems(doctor)
    else:
        assert sorted(hooks_of(doctor)) == sorted(TYPES) and "memlock" not in problems(doctor)


def test_hidepid_is_no_word_for_its_group(varied):
    """Root's own group sees all, as long as only `ptraceable` is not asked for."""
    doctor = varied("hidepid-in-its-group")
    assert doctor["kernel"]["hidepid"] and "processes of other users are not seen" not in problems(doctor)


def test_hidepid_without_the_right_to_look_past_it(varied, note):
    doctor = varied("hidepid-without-sys_ptrace")
    note("~hidepid-without-sys_ptrace", "all events; that others' processes are hidden is said")
    assert sorted(hooks_of(doctor)) == sorted(TYPES), refusals(doctor)
    assert doctor["kernel"]["hidepid"] and "hidepid (processes of other users are not seen" in problems(doctor)


@pytest.mark.parametrize("name, right", [("without-bpf,sys_admin", "CAP_BPF"), ("without-perfmon,sys_admin", "CAP_PERFMON")])
def test_without_a_right_for_events(varied, name, right):
    doctor = varied(name)
    assert right in problems(doctor)
    assert not hooks_of(doctor) and right in doctor["events_error"]


@pytest.mark.parametrize("name, right", [("without-sys_ptrace", "CAP_SYS_PTRACE"), ("without-sys_admin", "CAP_SYS_ADMIN"),
                                         ("without-checkpoint_restore,sys_admin", "CAP_CHECKPOINT_RESTORE")])
def test_without_a_right_for_looking(varied, kernel, name, right):
    doctor = varied(name)
    # Where there is uprobe_multi, nothing needs CAP_SYS_ADMIN.
    assert (right in problems(doctor)) == (right != "CAP_SYS_ADMIN" or EXPECTED[kernel]["function"] == "perf uprobe")
    assert sorted(hooks_of(doctor)) == sorted(TYPES), refusals(doctor)


def test_user_namespace(varied):
    doctor = varied("user-namespace")
    assert not hooks_of(doctor) and "user namespace" in doctor["events_error"]


def test_pid_namespace(varied):
    doctor = varied("pid-namespace")
    assert "pid namespace" in problems(doctor) and sorted(hooks_of(doctor)) == sorted(TYPES), refusals(doctor)


@pytest.mark.boots("basic")
@pytest.mark.parametrize("layout", ["v1", "hybrid"])
def test_cgroups(booted, note, layout):
    name = f"cgroup-{layout}"
    doctor = json.loads(booted.text(f"{name}.out"))
    assert doctor["cgroup"]["layout"] == layout
    facts = [event["cgroup"] for event in lines(booted, f"{name}-events") if event.get("path") == "/lib/library.so"]
    counts(booted, f"{name}-events")
    assert len(facts) == len(set(facts)) == 2, "one fact for each of two workloads"
    note(f"~cgroups {layout}", f"told apart by {doctor['cgroup']['controller'] or 'v2'}")


@pytest.mark.boots("cpus")
def test_many_cpus(booted, note):
    assert booted.text("possible.out").strip() == "0-127"
    doctor = json.loads(booted.text("doctor.out"))
    assert sorted(hooks_of(doctor)) == sorted(TYPES), refusals(doctor)
    before, during = (int(booted.text(f"{name}.out")) << 10 for name in ("meters-before", "meters-taken"))
    measured = during - before + RING
    note("~128 CPUs", f"{doctor['kernel_memory'] / 2**20:.1f} MiB of kernel memory; {measured / 2**20:.1f} by its meters")
    assert doctor["kernel_memory"] <= KERNEL_MEMORY and measured <= KERNEL_MEMORY
