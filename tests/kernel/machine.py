# SPDX-License-Identifier: Apache-2.0
"""A machine in qemu: a kernel, a root in memory, one script, and what it says over the serial console.

There is no disk, no network and no clock to agree on. The root holds the release program, the victims of
the live tests with the libraries that they need, and busybox."""

import base64
import gzip
import io
import os
import re
import shutil
import stat
import subprocess
import tarfile
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCE = HERE.parent.parent
VICTIMS = SOURCE / "tests/live/victims"

QEMU = {
    "amd64": ["qemu-system-x86_64", "-M", "q35", "-cpu", "max"],
    "arm64": ["qemu-system-aarch64", "-M", "virt", "-cpu", "cortex-a72"],
}
CONSOLE = {"amd64": "ttyS0", "arm64": "ttyAMA0"}
COMPILER = {"amd64": "cc", "arm64": "aarch64-linux-gnu-gcc"}
MACHINE = {"amd64": "x86_64", "arm64": "aarch64"}


def entry(name, mode, data=b"", number=[0]):
    """One file of a cpio archive in the "newc" form (Documentation/driver-api/early-userspace/buffer-format)."""
    number[0] += 1
    raw = name.encode() + b"\0"
    values = [number[0], mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(raw), 0]
    head = b"070701" + b"".join(b"%08X" % value for value in values) + raw
    return head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data) % 4)


class Root:
    """What will be the root of the machine, as an archive for the kernel."""

    def __init__(self):
        self.files, self.folders = {}, set()

    def add(self, name, source, mode=0o755):
        name = name.strip("/")
        self.files[name] = (stat.S_IFREG | mode, source if isinstance(source, bytes) else Path(source).read_bytes())
        self.add_folder(os.path.dirname(name))

    def add_folder(self, name):
        name = name.strip("/")
        while name:
            self.folders.add(name)
            name = os.path.dirname(name)

    def add_program(self, name, source):
        """A program with the libraries that the loader would take."""
        self.add(name, source)
        listed = subprocess.run(["ldd", source], capture_output=True, text=True, check=False).stdout
        for library in re.findall(r"(/\S+)", listed):
            self.add(library, library)

    def pack(self):
        parts = [entry(name, stat.S_IFDIR | 0o755) for name in sorted(self.folders)]
        parts.append(entry("dev/console", stat.S_IFCHR | 0o600))
        parts += [entry(name, mode, data) for name, (mode, data) in sorted(self.files.items())]
        return gzip.compress(b"".join(parts) + entry("TRAILER!!!", 0), 1, mtime=0)


def compile_victims(folder, arch):
    """The victims of the live tests; static where the machine has no libraries for them."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, flags in {"steered": [], "exec-victim": [], "storm": ["-static"], "functions": ["-static"],
                        "library.so": ["-shared", "-fPIC"]}.items():
        source = VICTIMS / f"{name.removesuffix('.so').removesuffix('-victim')}.c"
        subprocess.run([COMPILER[arch], "-O1", "-g", "-pthread", "-D_GNU_SOURCE", "-o", folder / name, source, *flags], check=True)
    return folder


def make_root(folder, arch, usewear, guest):
    """The root with everything but the parts, which each test names on the kernel's command line."""
    victims = compile_victims(folder, arch)
    root = Root()
    for name in ("proc", "sys", "dev", "tmp", "out", "run", "etc", "lib"):
        root.add_folder(name)
    root.add("init", HERE / "guest.sh")
    root.add("variations.sh", HERE / "variations.sh")
    root.add("bin/busybox", shutil.which("busybox"))
    root.add("bin/usewear", usewear)
    root.add("bin/kernel-test", guest)
    for name in ("steered", "exec-victim", "storm", "functions"):
        root.add_program(f"bin/{name}", victims / name)
    root.add("lib/library.so", victims / "library.so")
    return root.pack()


@dataclass
class Results:
    """What the machine sent: files by name, and all that stood on the console."""
    console: str
    files: dict = field(default_factory=dict)

    def text(self, name):
        return self.files[name].decode(errors="replace")

    def rc(self, name):
        return int(self.text(f"{name}.rc"))


class Silent(Exception):
    """The machine sent no results: what stood on its console."""


def boot(image, root, parts, arch="amd64", append="", seconds=300, options=()):
    """Start, wait for its end (at most so many seconds), take what it sent."""
    folder = root.parent
    command = [*QEMU[arch], "-accel", "tcg,thread=single", "-smp", "2", "-m", "1024", "-kernel", image, "-initrd", root,
               "-append", f"console={CONSOLE[arch]} panic=-1 quiet {append} usewear.parts={','.join(parts)}",
               "-display", "none", "-serial", "stdio", "-monitor", "none", "-nodefaults", "-no-reboot", *options]
    try:
        done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, capture_output=True, timeout=seconds,
                              check=False, cwd=folder)
        console = done.stdout.decode(errors="replace") + done.stderr.decode(errors="replace")
    except subprocess.TimeoutExpired as e:
        console = (e.stdout or b"").decode(errors="replace") + f"\n(stopped after {seconds} s)"
    console = console.replace("\r", "")
    sent = re.search(r"^BEGIN-RESULTS\n(.*?)^END-RESULTS", console, re.S | re.M)
    if not sent:
        raise Silent(console[-4000:])
    files = {}
    with tarfile.open(fileobj=io.BytesIO(base64.b64decode(sent.group(1))), mode="r:gz") as tar:
        for member in tar:
            if member.isfile():
                files[os.path.normpath(member.name)] = tar.extractfile(member).read()
    return Results(console[:sent.start()], files)
