# SPDX-License-Identifier: Apache-2.0
"""The root of the machine, as an archive that the kernel unpacks: the release program, the victims of the live
tests with the libraries that they need, busybox, and a root of its own with a Python in it."""

import gzip
import re
import shutil
import stat
import subprocess
from pathlib import Path

import debian

HERE = Path(__file__).resolve().parent
SOURCE = HERE.parent.parent
VICTIMS = SOURCE / "tests/live/victims"
COMPILER = {"amd64": "cc", "arm64": "aarch64-linux-gnu-gcc"}
# What the interpreter needs to run a module; nothing of its documentation, locales and character sets.
PYTHON = re.compile(r"usr/bin/python3\.11$|usr/lib/python3\.11/|(usr/)?lib/(\S+-linux-gnu/)?(ld-linux|lib(c|m|z|expat)\.so\.)|lib64/")


def entry(name, mode, data=b"", number=[0]):
    """One file of a cpio archive in the "newc" form (Documentation/driver-api/early-userspace/buffer-format)."""
    number[0] += 1
    raw = name.encode() + b"\0"
    values = [number[0], mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(raw), 0]
    head = b"070701" + b"".join(b"%08X" % value for value in values) + raw
    return head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data) % 4)


class Archive:
    def __init__(self, arch):
        self.arch, self.files, self.folders = arch, {}, set()

    def add(self, name, source, mode=0o755):
        name = str(name).strip("/")
        self.files[name] = (stat.S_IFREG | mode, source if isinstance(source, bytes) else Path(source).read_bytes())
        self.add_folder(Path(name).parent)

    def add_folder(self, name):
        for folder in [Path(name), *Path(name).parents]:
            self.folders.add(str(folder).strip("/"))
        self.folders -= {".", ""}

    def add_tree(self, name, folder, wanted=re.compile("")):
        """All files of a folder whose path in it is wanted; what links lead to stands in their place."""
        for path in sorted(folder.rglob("*")):
            place = path.relative_to(folder)
            if path.is_symlink() and path.readlink().is_absolute():
                path = folder / str(path.readlink()).strip("/")
            if wanted.match(str(place)) and path.is_file():
                self.add(f"{name}/{place}", path)

    def add_program(self, name, source):
        """A program with the libraries that the loader would take."""
        self.add(name, source)
        for library, path in libraries(source, self.arch).items():
            self.add(library, path)

    def pack(self):
        parts = [entry(name, stat.S_IFDIR | 0o755) for name in sorted(self.folders)]
        parts.append(entry("dev/console", stat.S_IFCHR | 0o600))
        parts += [entry(name, mode, data) for name, (mode, data) in sorted(self.files.items())]
        return gzip.compress(b"".join(parts) + entry("TRAILER!!!", 0), 1, mtime=0)


def libraries(program, arch):
    """{path in the root: path here}: by this machine's loader, or by what the cross compiler links with."""
    if arch == "amd64":
        listed = subprocess.run(["ldd", program], capture_output=True, text=True, check=False).stdout
        return {path: path for path in re.findall(r"(/\S+)", listed)}
    found, open_ends, names = {}, [Path(program)], ["libgcc_s.so.1"]  # pthread_exit of glibc loads that by itself
    while open_ends:
        said = subprocess.run(["readelf", "-dlW", open_ends.pop()], capture_output=True, text=True, check=True).stdout
        names += re.findall(r"(?:Shared library: \[|interpreter: /lib/)([^\]]+)\]", said)
        while names:
            name = names.pop()
            path = Path(subprocess.run([COMPILER[arch], f"-print-file-name={name}"], capture_output=True, text=True,
                                       check=True).stdout.strip())
            path = path if path.is_absolute() else next((debian.CACHE / "sysroot" / arch).glob(f"**/lib/*-linux-gnu/{name}"))
            if f"/lib/{name}" not in found:
                found[f"/lib/{name}"] = path
                open_ends.append(path)
    return found


def compile_victims(folder, arch):
    """The victims of the live tests."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, flags in {"steered": [], "exec-victim": [], "storm": ["-static"], "functions": ["-static"],
                        "library.so": ["-shared", "-fPIC"]}.items():
        source = VICTIMS / f"{name.removesuffix('.so').removesuffix('-victim')}.c"
        subprocess.run([COMPILER[arch], "-O1", "-g", "-pthread", "-D_GNU_SOURCE", "-o", folder / name, source, *flags], check=True)
    return folder


def add_machine(archive, folder, script):
    """What each machine has: this script as its only program, and what runs it."""
    for name in ("proc", "sys", "dev", "tmp", "out", "run", "etc", "lib"):
        archive.add_folder(name)
    archive.add("init", script)
    archive.add("machine.sh", HERE / "machine.sh")
    add_busybox(archive, folder)


def add_busybox(archive, folder):
    if archive.arch == "amd64":
        archive.add("bin/busybox", shutil.which("busybox"))
    else:
        debian.unpack(debian.Release("bookworm", archive.arch).fetch("busybox-static"), folder / "busybox")
        archive.add("bin/busybox", folder / "busybox/bin/busybox")


def add_python(archive, folder):
    """/python: a root of its own with Debian's interpreter, and a package whose functions are asked about. Where
    Debian cannot be reached there is none, and the test says so."""
    try:
        for package in debian.Release("bookworm", archive.arch).closure("python3.11-minimal"):
            if not package.name.startswith("libssl"):
                debian.unpack(package, folder)
    except debian.NotToBeHad as e:
        archive.add("python.missing", str(e).encode())
        return
    archive.add_tree("python", folder, PYTHON)
    place = "python/usr/local/lib/python3.11/dist-packages"
    archive.add(f"{place}/victim.py", HERE / "victim.py")
    archive.add(f"{place}/victim-1.0.dist-info/METADATA", b"Metadata-Version: 2.1\nName: victim\nVersion: 1.0\n")
    archive.add(f"{place}/victim-1.0.dist-info/RECORD", b"victim.py,,\nvictim-1.0.dist-info/METADATA,,\n")
    for name in ("proc", "tmp"):
        archive.add_folder(f"python/{name}")


def make_root(folder, arch, usewear, guest):
    """The root with everything but the parts, which each test names on the kernel's command line."""
    victims = compile_victims(folder / "victims", arch)
    archive = Archive(arch)
    add_machine(archive, folder, HERE / "guest.sh")
    for name in ("variations.sh", "trouble.sh"):
        archive.add(name, HERE / name)
    archive.add("bin/usewear", usewear)
    archive.add("bin/kernel-test", guest)
    for name in ("steered", "exec-victim", "storm", "functions"):
        archive.add_program(f"bin/{name}", victims / name)
    archive.add("lib/library.so", victims / "library.so")
    add_python(archive, folder / "python")
    return archive.pack()


def make_units(build, arch):
    """/units: the unit tests of a cross build, and of the sources what they read."""
    archive = Archive(arch)
    for path in sorted((build / "tests").iterdir()):
        if path.is_file() and path.name.startswith(("test-", "replay-")) and not path.suffix:
            archive.add_program(f"units/{path.name}", path)
    for name in ("tests/fuzz/corpus", "tests/fuzz/images", "tests/unit", "data", "docs"):
        archive.add_tree(f"source/{name}", SOURCE / name)
    return archive.pack()
