# SPDX-License-Identifier: Apache-2.0
"""Which kernels there are, and one boot of each for all tests.

`make check` takes the oldest and the newest; USEWEAR_KERNELS=all (`make check-kernels`) takes all of them
and the variations too, and writes what was found to docs/kernels.md."""

import functools
import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import debian
import machine
import pytest

ALL = os.environ.get("USEWEAR_KERNELS") == "all"
ARCH = os.environ.get("USEWEAR_KERNEL_ARCH", "amd64")
BASIC = ["unified", "doctor", "snapshot", "events", "dedup", "drops", "functions", "programs"]
MORE = ["scan", "watch"]
# The name that a test bears, and the Debian releases that have such a kernel, the newest of them being taken.
KERNELS = {"5.10": ["bullseye"], "6.1": ["bookworm"], "6.12": ["trixie"], "newest": ["sid", "trixie-backports"]}
CHOSEN = list(KERNELS) if ALL else ["5.10", "newest"]


@dataclass(frozen=True)
class Kernel:
    version: str  # of Debian's package
    release: str  # what uname says
    image: Path


def kernel_version(found):
    return [int(number) for number in re.findall(r"\d+", found[0])]


@functools.cache
def get_kernel(name):
    """The kernel, or the reason why it cannot be had."""
    found, reasons = [], []
    for suite in KERNELS[name]:
        try:
            found.append(debian.Release(suite, ARCH).kernel())
        except debian.NotToBeHad as e:
            reasons.append(str(e))
    if not found:
        return "; ".join(reasons)
    version, release, package = max(found, key=kernel_version)
    folder = debian.CACHE / "kernels" / package.stem
    if not folder.exists():
        unpacked = folder.with_suffix(f".{os.getpid()}")
        debian.unpack(package, unpacked)
        image, = [path for path in unpacked.rglob("vmlinuz*") if path.is_file()]
        (unpacked / "image").mkdir()
        shutil.move(image, unpacked / "image/vmlinuz")
        for entry in unpacked.iterdir():
            if entry.name != "image":
                shutil.rmtree(entry)
        unpacked.rename(folder)
    return Kernel(version, release, folder / "image/vmlinuz")


@functools.cache
def make_root(folder):
    done = subprocess.run([machine.SOURCE / "tools/release/build", "--tests", "--arch", machine.MACHINE[ARCH]],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]
    built = machine.SOURCE / f"build-release-{machine.MACHINE[ARCH]}/tools/release"
    archive = folder / "root.gz"
    archive.write_bytes(machine.make_root(folder / "victims", ARCH, built / "usewear", built / "kernel-test"))
    return archive


@pytest.fixture(scope="session")
def root(tmp_path_factory):
    for program in machine.QEMU[ARCH][0], "busybox", machine.COMPILER[ARCH]:
        if not shutil.which(program):
            pytest.skip(f"needs {program}: tools/install-deps --kernels")
    return make_root(tmp_path_factory.getbasetemp())


@functools.cache
def boot(name, root, parts, append):
    kernel = get_kernel(name)
    if isinstance(kernel, str):
        return kernel
    try:
        return machine.boot(kernel.image, root, parts, ARCH, append, seconds=600)
    except machine.Silent as e:
        return e


@pytest.fixture(scope="session")
def booted(root, record):
    """booted(name, *parts, append=""): what the machine with that kernel sent. Each boots once."""
    def get(name, *parts, append=""):
        result = boot(name, root, parts, append)
        if isinstance(result, str):
            record.not_run(name, result)
            pytest.skip(f"kernel {name} cannot be had: {result}")
        if isinstance(result, machine.Silent):
            pytest.fail(f"kernel {name} sent no results; its console: {result}")
        return result
    return get


@pytest.fixture(params=CHOSEN)
def kernel(request):
    return request.param


@pytest.fixture
def basic(booted, kernel):
    return booted(kernel, *BASIC, *(MORE if ALL else []))


class Record:
    """What the run has found, for docs/kernels.md and for the next run to compare with."""

    def __init__(self):
        self.rows, self.missing = {}, {}
        self.instructions = json.loads(RECORDED.read_text()) if RECORDED.exists() else {}

    def not_run(self, name, reason):
        self.missing[name] = reason

    def note(self, name, key, value):
        self.rows.setdefault(name, {})[key] = value


RECORDED = machine.HERE / "instructions.json"


found = Record()


@pytest.fixture(scope="session")
def record():
    yield found
    if ALL and ARCH == "amd64" and found.rows:
        import table
        (machine.SOURCE / "docs/kernels.md").write_text(table.page(found, KERNELS, get_kernel))
        RECORDED.write_text(json.dumps(found.instructions, indent=1, sort_keys=True) + "\n")
