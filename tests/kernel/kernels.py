# SPDX-License-Identifier: Apache-2.0
"""Which kernels there are, and the boots that the tests share.

`make check` takes the oldest and the newest; USEWEAR_KERNELS=all (`make check-kernels`; ubuntu for
`make check-ubuntu`; or the names of some, with commas) takes all of Debian's and the variations too, and writes what was found to docs/kernels.md. What the collected
tests need is booted beside each other, one machine more at a time than there are CPUs: each uses one, and waits at times."""

import atexit
import functools
import os
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import archive
import debian
import machine
import pytest
from record import found

NAMED = os.environ.get("USEWEAR_KERNELS", "")
ARCH = os.environ.get("USEWEAR_KERNEL_ARCH", "amd64")
BASIC = ["unified", "doctor", "snapshot", "events", "protected", "dedup", "drops", "functions", "python", "programs"]
# What a machine does: the parts of guest.sh, words for the kernel, and for qemu. One boot serves whatever needs no
# other.
BOOTS = {
    "basic": (BASIC + (["cgroups"] if NAMED else []), "", []),
    "variations": (["unified", "variations"], "", []),
    "clock": (["unified", "clock"], "", []),
    # 128 CPUs are there, which counts for whatever the kernel makes for each of them; two are started.
    "cpus": (["unified", "cpus", "doctor", "pressure"], "maxcpus=2", ["-smp", "128"]),
    "units": (["units"], "", []),
}
# The name that a test bears, and the releases that have such a kernel, the newest of them being taken.
KERNELS = {"5.10": ["bullseye"], "5.15": ["jammy-updates", "jammy"], "6.1": ["bookworm"], "6.8": ["noble-updates", "noble"],
           "6.12": ["trixie"], "newest": ["sid", "trixie-backports"]}
SETS = {"all": ["5.10", "6.1", "6.12", "newest"], "ubuntu": ["5.15", "6.8"], "": ["5.10", "newest"]}
CHOSEN = SETS.get(NAMED) or NAMED.split(",")
LONGEST_S = 900


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


def build(kind, *options):
    """The folder of that build."""
    done = subprocess.run([archive.SOURCE / "tools/release/build", "--arch", machine.MACHINE[ARCH], *options],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]
    return archive.SOURCE / f"build-{kind}-{machine.MACHINE[ARCH]}"


@functools.cache
def make_root(folder):
    built = build("release", "--tests") / "tools/release"
    root = folder / "root.gz"
    root.write_bytes(archive.make_root(folder, ARCH, built / "usewear", built / "kernel-test"))
    return root


@functools.cache
def make_root_with_units(folder):
    """The kernel unpacks one archive behind the other."""
    root = folder / "root-units.gz"
    root.write_bytes(make_root(folder).read_bytes() + archive.make_units(build("units", "--units"), ARCH))
    return root


class Boots:
    """Each machine boots once; those that will be asked for begin before they are."""

    def __init__(self, folder, wanted):
        self.folder, self.running = folder, {}
        self.pool = ThreadPoolExecutor(max_workers=(os.cpu_count() or 1) + 1)
        atexit.register(self.pool.shutdown, cancel_futures=True)
        self.roots = {name: make_root_with_units(folder) if name == "units" else make_root(folder)
                      for name in {name for _, name in wanted}}
        for kernel, name in wanted:
            self.begin(kernel, name)

    def begin(self, kernel, name):
        chosen = get_kernel(kernel)
        if isinstance(chosen, str) or (kernel, name) in self.running:
            return
        parts, words, options = BOOTS[name]
        self.running[kernel, name] = self.pool.submit(machine.boot, chosen.image, self.roots[name], parts, ARCH, words, options,
                                                      seconds=LONGEST_S)

    def get(self, kernel, name):
        chosen = get_kernel(kernel)
        if isinstance(chosen, str):
            found.not_run(kernel, chosen)
            pytest.skip(f"kernel {kernel} cannot be had: {chosen}")
        try:
            return self.running[kernel, name].result()
        except machine.Silent as e:
            found.wrong(kernel, f"the machine `{name}` sent no results")
            pytest.fail(f"kernel {kernel} sent no results; its console: {e}")


def wanted_of(item):
    mark = item.get_closest_marker("boots")
    return [(item.callspec.params["kernel"], mark.args[0])] if mark and hasattr(item, "callspec") else []


@pytest.fixture(scope="session")
def boots(request, tmp_path_factory):
    for program in machine.QEMU[ARCH][0], "busybox", archive.COMPILER[ARCH]:
        if not shutil.which(program):
            pytest.skip(f"needs {program}: tools/install-deps --kernels" + (" --arm64" if ARCH == "arm64" else ""))
    wanted = list(dict.fromkeys(pair for item in request.session.items for pair in wanted_of(item)))
    # The long ones first, so that the last does not run alone.
    wanted.sort(key=lambda pair: ["variations", "clock", "cpus", "units"].count(pair[1]), reverse=True)
    return Boots(tmp_path_factory.getbasetemp(), wanted)


@pytest.fixture(params=CHOSEN)
def kernel(request):
    return request.param


@pytest.fixture
def booted(boots, kernel, request):
    """What the machine with that kernel sent that the test is marked with."""
    return boots.get(kernel, request.node.get_closest_marker("boots").args[0])


@pytest.fixture
def note(kernel):
    """note(key, value): for the table."""
    return lambda key, value: found.note(kernel, key, value)
