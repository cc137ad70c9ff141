# SPDX-License-Identifier: Apache-2.0
"""A server as an operator has it: Debian 11's nginx, and its OpenSSL 1.1.1, whose open advisories name functions. Debian's
debug files are not at every mirror, so that libssl is built from the package's source with -g, by that release's own
compiler, stripped, and what was stripped off lies in /usr/lib/debug: only with it does silence mean something."""

import os
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path

import described
import pytest

SUITE, INSIDE, LIBRARY, NEEDED = "bullseye", "usr/lib/x86_64-linux-gnu", "libssl.so.1.1", "libcrypto.so.1.1"
# As the package is configured, that the library fits to the package's libcrypto.
CONFIG = "shared no-idea no-mdc2 no-rc5 no-zlib no-ssl3 no-ssl3-method --prefix=/usr --openssldir=/usr/lib/ssl"
BUILDERS = ("gcc", "libc6-dev", "make", "perl", "dash", "coreutils", "sed", "grep", "diffutils")


def bootstrap(root):
    cache = described.debian.CACHE / "debootstrap"
    cache.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(["debootstrap", "--variant=minbase", "--include=nginx-light", f"--keyring={described.debian.KEYRING}",
                           f"--cache-dir={cache}", SUITE, root, described.debian.mirror()], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no {SUITE}: " + (done.stderr or done.stdout).strip().splitlines()[-1])
    root.chmod(0o755)


def compiled(root):
    """The path of the library with its debug information, in a folder that is the caller's; the root's libcrypto is linked."""
    folder = Path(tempfile.mkdtemp(prefix="usewear-bullseye-", dir=root.parent))
    try:
        packages = described.debian.Release(SUITE).closure(*BUILDERS)
    except described.debian.NotToBeHad as e:
        pytest.skip(str(e))
    for package in packages:
        described.debian.unpack(package, folder)
    for name in ("dev", "tmp"):
        (folder / name).mkdir(exist_ok=True)
    os.mknod(folder / "dev/null", 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    source = described.fetch(folder / "source", SUITE)
    shutil.copy(root / INSIDE / NEEDED, source)
    (source / NEEDED.removesuffix(".1.1")).symlink_to(NEEDED)
    there = "/" + str(source.relative_to(folder))
    for words in (f"./config -g {CONFIG}", "make build_generated",
                  f"make -j$(nproc) -o {NEEDED} -o {NEEDED.removesuffix('.1.1')} {LIBRARY}"):
        subprocess.run(["chroot", folder, "sh", "-c", f"cd {there} && exec {words}"], check=True, stdout=subprocess.DEVNULL,
                       env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"})
    return folder, source / LIBRARY


def root():
    """Made once, in some minutes."""
    made = described.SOURCE / "build/nginx-bullseye"
    place = made / "root"
    if not (made / "done").exists():
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir(parents=True)
        bootstrap(place)
        folder, library = compiled(place)
        described.install(library, place, INSIDE)
        shutil.rmtree(folder)
        subprocess.run(["chroot", place, "/usr/sbin/nginx", "-t"], check=True, capture_output=True)
        (made / "done").touch()
    return place
