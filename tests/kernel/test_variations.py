# SPDX-License-Identifier: Apache-2.0
"""The same kernels, set up otherwise: without BTF, locked down, with rights missing, other cgroups, many
CPUs. What still works must work, what does not must be said. Only by `make check-kernels`."""

import json

import pytest
from kernels import booted, kernel, record, root  # noqa: F401  fixtures
from test_kernels import TYPES, counts, hooks_of, lines, refusals

KERNEL_MEMORY = 16 << 20  # most that maps and buffers may take, at 128 CPUs too


def problems(doctor):
    return " · ".join(f"{one['what']} ({one['costs']}; {one['mend']})" for one in doctor["missing"])


@pytest.fixture
def varied(booted, kernel, record):
    results = booted(kernel, "unified", "variations")

    def get(name, scan=False):
        assert results.rc(name) == 0, results.text(f"{name}.err")
        if scan:
            assert results.rc(f"{name}-scan") == 0, results.text(f"{name}-scan.err")
            assert json.loads(results.text(f"{name}-scan.out"))["schema"] == "usewear/findings/1"
        doctor = json.loads(results.text(f"{name}.out"))
        serving = hooks_of(doctor)
        record.note(kernel, f"~{name}", "all events" if len(serving) == len(TYPES) else
                    "no events: " + (doctor["events_error"] or "").split(": ", 1)[-1].split(". ")[0] if not serving else
                    "events: " + ", ".join(serving))
        return doctor
    return get


@pytest.mark.parametrize("name", ["no-tracefs", "paranoid-3", "paranoid-4", "unprivileged-bpf", "hidepid", "yama-1", "yama-2"])
def test_changes_nothing_for_root(varied, name):
    doctor = varied(name, scan=name.startswith("yama"))
    assert sorted(hooks_of(doctor)) == sorted(TYPES), refusals(doctor)


def test_without_btf(varied):
    doctor = varied("no-btf", scan=True)
    assert not doctor["hooks"] and "BTF" in doctor["events_error"]
    assert "CONFIG_DEBUG_INFO_BTF" in problems(doctor)


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


def test_little_locked_memory(varied):
    """Before 5.11 maps count as locked memory: what does not fit is said, with what to do."""
    doctor = varied("memlock")
    if sorted(hooks_of(doctor)) != sorted(TYPES):
        assert "memlock" in (doctor["events_error"] or "") + problems(doctor)


@pytest.mark.parametrize("name, right", [("without-bpf,sys_admin", "CAP_BPF"), ("without-perfmon,sys_admin", "CAP_PERFMON")])
def test_without_a_right_for_events(varied, name, right):
    doctor = varied(name)
    assert right in problems(doctor)
    assert not hooks_of(doctor) and right in doctor["events_error"]


@pytest.mark.parametrize("name, right", [("without-sys_ptrace", "CAP_SYS_PTRACE"), ("without-sys_admin", "CAP_SYS_ADMIN")])
def test_without_a_right_for_looking(varied, name, right):
    doctor = varied(name)
    assert right in problems(doctor)
    # Debian's 5.10 wants CAP_SYS_ADMIN for perf where perf_event_paranoid is 3, as it is by default.
    missing = set(TYPES) - set(hooks_of(doctor))
    assert not missing or missing == {"map"} and any("perf_event_paranoid" in why for *_, why in refusals(doctor))


def test_user_namespace(varied):
    doctor = varied("user-namespace")
    assert not hooks_of(doctor) and "user namespace" in doctor["events_error"]


def test_pid_namespace(varied):
    doctor = varied("pid-namespace")
    assert "pid namespace" in problems(doctor)


@pytest.mark.parametrize("layout", ["v1", "hybrid"])
def test_cgroups(booted, kernel, record, layout):
    results = booted(kernel, "cgroups")
    name = f"cgroup-{layout}"
    doctor = json.loads(results.text(f"{name}.out"))
    assert doctor["cgroup"]["layout"] == layout
    facts = [event["cgroup"] for event in lines(results, f"{name}-events") if event.get("path") == "/lib/library.so"]
    counts(results, f"{name}-events")
    assert len(facts) == len(set(facts)) == 2, "one fact for each of two workloads"
    record.note(kernel, f"~cgroups {layout}", f"told apart by {doctor['cgroup']['controller'] or 'v2'}")


def test_many_cpus(booted, kernel, record):
    results = booted(kernel, "unified", "cpus", "doctor", append="possible_cpus=128")
    assert results.text("possible.out").strip() == "0-127"
    doctor = json.loads(results.text("doctor.out"))
    assert sorted(hooks_of(doctor)) == sorted(TYPES), refusals(doctor)
    record.note(kernel, "~128 CPUs", f"{doctor['kernel_memory'] / 2**20:.1f} MiB of kernel memory")
    assert doctor["kernel_memory"] <= KERNEL_MEMORY
