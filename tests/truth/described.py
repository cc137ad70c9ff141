# SPDX-License-Identifier: Apache-2.0
"""OpenSSL as a host has it that installs debug files: built from Debian's source with -g, stripped, what was stripped off
in /usr/lib/debug. There silence means something, and the truth must tell of inlined copies, too: binutils' reading of
the debug information says where those begin, and the tracer stops there as it does at the functions themselves."""

import collections
import functools
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import foreign
import pytest
from native_victims import copy_needed, debian_root

SOURCE = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "tests/kernel"))
import debian  # noqa: E402

LIBRARIES = ("libssl.so.3", "libcrypto.so.3")


def build_id(path):
    return re.search(r"Build ID: (\w+)", subprocess.run(["readelf", "-n", path], capture_output=True, text=True, check=True).stdout)[1]


def fetch(folder, suite):
    """The source of a Debian release's OpenSSL, unpacked; skips where it cannot be had."""
    (folder / "lists/partial").mkdir(parents=True, exist_ok=True)
    (folder / "sources.list").write_text(f"deb-src [signed-by={debian.KEYRING}] {debian.mirror()} {suite} main\n")
    settings = {"Dir::Etc::sourcelist": folder / "sources.list", "Dir::Etc::sourceparts": "-", "Dir::State::lists": folder / "lists",
                "Dir::Cache": folder, "APT::Sandbox::User": "root", "Acquire::Check-Valid-Until": "false"}
    apt = ["apt-get", "-q", *(word for key, value in settings.items() for word in ("-o", f"{key}={value}"))]
    for words in (["update"], ["source", "--download-only", "openssl"]):
        done = subprocess.run([*apt, *words], cwd=folder, capture_output=True, text=True)
        if done.returncode:
            pytest.skip("no source of openssl: " + done.stderr.strip().splitlines()[-1])
    archive = sorted(folder.glob("openssl_*.orig.tar.gz"))[-1]
    subprocess.run(["tar", "xf", archive, "--strip-components=1", "--one-top-level=source"], cwd=folder, check=True)
    return folder / "source"


def libraries():
    """A folder with both, not stripped; made once, in some five minutes."""
    folder = SOURCE / "build/openssl-described"
    if not (folder / "done").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        source = fetch(folder, re.search(r'^VERSION_CODENAME="?(\w+)', Path("/etc/os-release").read_text(), re.M)[1])
        quiet = {"cwd": source, "check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run(["./config", "-g", "shared", "--prefix=/usr", "--openssldir=/usr/lib/ssl"], **quiet)
        subprocess.run(["make", f"-j{os.cpu_count()}", "build_generated"], **quiet)
        subprocess.run(["make", f"-j{os.cpu_count()}", *LIBRARIES], **quiet)
        for name in LIBRARIES:
            shutil.copy(source / name, folder)
        shutil.rmtree(source)
        (folder / "done").touch()
    return folder


def install(library, root, inside):
    """Stripped into the root's folder `inside`, with what was stripped off where debuggers look for it."""
    number = build_id(library)
    debug = root / f"usr/lib/debug/.build-id/{number[:2]}/{number[2:]}.debug"
    debug.parent.mkdir(parents=True)
    subprocess.run(["objcopy", "--only-keep-debug", library, debug], check=True)
    subprocess.run(["strip", "-o", root / inside / library.name, library], check=True)


def copies(path):
    """{address: names} of all places at which code of an inlined copy begins."""
    found, names, origins, entry, tag = {}, {}, [], None, ""
    with subprocess.Popen(["readelf", "--wide", "--debug-dump=info", path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          text=True) as dump:
        for line in dump.stdout:
            if die := re.match(r" <[0-9a-f]+><([0-9a-f]+)>: .*?(?:\((DW_TAG_\w+)\))?$", line):
                entry, tag, at, origin = die[1], die[2], None, None
            elif tag in ("DW_TAG_subprogram", "DW_TAG_inlined_subroutine"):
                if word := re.search(r"DW_AT_name\s*:.* (\S+)$", line):
                    names[entry] = word[1]
                elif word := re.search(r"DW_AT_abstract_origin\s*:.*<0x([0-9a-f]+)>", line):
                    origin = word[1]
                elif word := re.search(r"DW_AT_(entry|low)_pc\s*:.* 0x([0-9a-f]+)", line):
                    at = int(word[2], 16) if word[1] == "entry" or at is None else at
                if tag == "DW_TAG_inlined_subroutine" and origin and at:
                    origins.append((origin, at))
    for origin, at in origins:
        if origin in names:
            found.setdefault(at, set()).add(names[origin])
    return found


@functools.cache
def told(path):
    """The functions that have code of their own, the static ones among them, and where their copies begin. Names that several
    of them bear are left out: which of those an advisory means nobody can tell, and no hit of them is more than `executed`."""
    found, pieces, first = foreign.functions(path, "--syms")
    borne = collections.Counter(name for names in found.values() for name in names)
    once = {name for name, times in borne.items() if times == 1}
    for address, names in copies(path).items():
        pieces[address] = pieces.get(address, set()) | names
    return {a: n & once for a, n in found.items()}, {a: n & once for a, n in pieces.items()}, first


class Described(foreign.Nginx):
    """In a root of its own, in which a package owns both libraries."""

    name, needs = "nginx, OpenSSL with debug files", ("nginx", "openssl", "objcopy", "perl", "make", "cc", "apt-get")
    files, package = LIBRARIES, "victim"

    def __init__(self, folder):
        super().__init__(folder)
        built, inside = libraries(), "usr/lib/x86_64-linux-gnu"
        root = debian_root(folder, *(f"/{inside}/{name}" for name in LIBRARIES))
        for name in (inside, "usr/sbin", "bin", "dev"):
            (root / name).mkdir()
        for name in LIBRARIES:
            install(built / name, root, inside)
        for program in ("usr/sbin/nginx", "bin/sh"):
            shutil.copy("/" + program, root / program)
            copy_needed(root, root / program, str(root / inside))
        for name in ("passwd", "group"):
            shutil.copy("/etc/" + name, root / "etc")
        (root / "dev/null").touch()
        shutil.copytree(self.place.name, root / self.place.name[1:])
        self.command = ("chroot", root, *self.command)
        self.tells = {name: told(built / name) for name in LIBRARIES}
