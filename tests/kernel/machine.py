# SPDX-License-Identifier: Apache-2.0
"""A machine in qemu: a kernel, a root in memory (archive.py), one script, and what it says over the serial console.

There is no network and no clock to agree on, and a disk only for who brings one."""

import base64
import io
import os
import re
import subprocess
import tarfile
from dataclasses import dataclass, field

QEMU = {
    "amd64": ["qemu-system-x86_64", "-M", "q35", "-cpu", "max"],
    "arm64": ["qemu-system-aarch64", "-M", "virt", "-cpu", "cortex-a72"],
}
CONSOLE = {"amd64": "ttyS0", "arm64": "ttyAMA0"}
MACHINE = {"amd64": "x86_64", "arm64": "aarch64"}


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


def boot(image, root, parts, arch="amd64", words="", options=(), seconds=300):
    """With that root in memory, for these parts of guest.sh."""
    return run(image, f"{words} usewear.parts={','.join(parts)}", ["-initrd", root, *options], arch, seconds)


def run(image, words, options, arch="amd64", seconds=300):
    """Start with these words for the kernel, wait for its end (at most so many seconds), take what it sent."""
    command = [*QEMU[arch], "-accel", "tcg,thread=single", "-smp", "2", "-m", "1024", "-kernel", image,
               "-append", f"console={CONSOLE[arch]} panic=-1 quiet {words}",
               "-display", "none", "-serial", "stdio", "-monitor", "none", "-nodefaults", "-no-reboot", *options]
    try:
        done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, capture_output=True, timeout=seconds,
                              check=False)
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
