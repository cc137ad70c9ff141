# SPDX-License-Identifier: Apache-2.0
"""Packages of any release of Debian or Ubuntu, by apt's own means, without touching the apt of this machine.

Each release has lists and settings of its own in the cache folder. apt checks signatures and checksums; a
package is kept under its version and checksum, and a kept one is checked again before it is used. Where the
archive cannot be reached, what was kept still serves."""

import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
UBUNTU_KEYRING = "/usr/share/keyrings/ubuntu-archive-keyring.gpg"
UBUNTU_ARCHIVE = {"amd64": "http://archive.ubuntu.com/ubuntu", "arm64": "http://ports.ubuntu.com/ubuntu-ports"}
UBUNTU = {"jammy": "22.04", "noble": "24.04"}
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "usewear"


class NotToBeHad(Exception):
    """A package or a release is neither in the archive nor kept."""


def mirror():
    """Where this machine gets Debian from; elsewhere, where everybody does."""
    listed = subprocess.run(["apt-get", "indextargets", "--format", "$(RELEASE)|$(ORIGIN)|$(REPO_URI)", "Created-By: Packages"],
                            capture_output=True, text=True, check=False).stdout
    for line in listed.splitlines():
        _, origin, uri = line.split("|", 2)
        if origin == "Debian" and "security" not in uri:
            return uri.rstrip("/")
    return "http://deb.debian.org/debian"


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def source(suite, arch):
    """(keyring, archive) of a suite."""
    return (UBUNTU_KEYRING, UBUNTU_ARCHIVE[arch]) if suite.split("-")[0] in UBUNTU else (KEYRING, mirror())


class Release:
    """One release for one architecture."""

    def __init__(self, suite, arch="amd64", cache=CACHE):
        keyring, archive = source(suite, arch)
        if not shutil.which("apt-get") or not Path(keyring).exists():
            raise NotToBeHad(f"no apt or no {Path(keyring).name} on this machine")
        self.suite, self.arch = suite, arch
        self.folder = cache / "debian" / f"{suite}-{arch}"
        self.kept = cache / "packages"
        self.fresh = False
        for name in ("lists/partial", "archives/partial", "etc"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        self.kept.mkdir(parents=True, exist_ok=True)
        (self.folder / "status").touch()
        (self.folder / "etc/sources.list").write_text(f"deb [signed-by={keyring} arch={arch}] {archive} {suite} main\n")
        self.update()

    def apt(self, program, *words, check=True):
        settings = {"Dir::Etc::sourcelist": self.folder / "etc/sources.list", "Dir::Etc::sourceparts": "-",
                    "Dir::Etc::preferences": "-", "Dir::Etc::preferencesparts": "-", "Dir::State": self.folder,
                    "Dir::State::lists": self.folder / "lists", "Dir::State::status": self.folder / "status",
                    "Dir::Cache": self.folder, "Dir::Cache::archives": self.folder / "archives",
                    "APT::Architecture": self.arch, "APT::Architectures": self.arch, "Acquire::Languages": "none",
                    "Acquire::Check-Valid-Until": "false", "APT::Get::List-Cleanup": "false", "APT::Sandbox::User": "root"}
        options = [word for key, value in settings.items() for word in ("-o", f"{key}={value}")]
        return subprocess.run([program, *options, *words], capture_output=True, text=True, check=check,
                              cwd=self.folder / "archives", env={**os.environ, "LC_ALL": "C"})

    def update(self):
        done = self.apt("apt-get", "update", "-q", check=False)
        self.fresh = done.returncode == 0 and not re.search(r"^[WE]:", done.stderr, re.M)
        if not self.fresh and not list((self.folder / "lists").glob("*_Packages")):
            reason = (done.stderr.strip().splitlines() or ["apt-get update failed"])[-1]
            raise NotToBeHad(f"{self.suite}: {reason}")

    def record(self, package):
        """The fields of the newest version of a package."""
        done = self.apt("apt-cache", "show", "--no-all-versions", package, check=False)
        fields = dict(re.findall(r"^([\w-]+): (.*)$", done.stdout, re.M))
        if "SHA256" not in fields:
            raise NotToBeHad(f"{self.suite} has no package {package}")
        return fields

    def fetch(self, package):
        """The .deb of the newest version, kept under its version and checksum."""
        fields = self.record(package)
        version = fields["Version"].replace(":", "_").replace("/", "_")
        path = self.kept / f"{package}_{version}_{self.arch}_{fields['SHA256'][:16]}.deb"
        if path.exists() and digest(path) == fields["SHA256"]:
            return path
        done = self.apt("apt-get", "download", "-q", f"{package}={fields['Version']}", check=False)
        got = sorted((self.folder / "archives").glob(f"{package}_*.deb"))
        if done.returncode or not got:
            raise NotToBeHad(f"{package} {fields['Version']}: {(done.stderr.strip().splitlines() or ['not downloaded'])[-1]}")
        if digest(got[-1]) != fields["SHA256"]:
            raise NotToBeHad(f"{package}: the checksum is wrong")
        got[-1].replace(path)
        return path

    def closure(self, *packages):
        """These packages and whatever they need, as paths of .deb files."""
        done = self.apt("apt-get", "install", "-s", "-q", "--no-install-recommends", *packages)
        return [self.fetch(name) for name in re.findall(r"^Inst (\S+)", done.stdout, re.M)]

    def kernel(self):
        """(version of the package, release of the kernel, image): this suite's kernel for virtual machines."""
        name = "linux-image-virtual" if self.suite.split("-")[0] in UBUNTU else f"linux-image-cloud-{self.arch}"
        depends = self.record(name).get("Depends", "")
        image = re.search(r"linux-image-([0-9]\S+)", depends)
        if not image:
            raise NotToBeHad(f"{self.suite}: {name} names no image")
        fields = self.record(image.group(0))
        # Since Linux 7 the file lies in a package that the image's only depends on.
        binary = re.search(r"linux-binary-[0-9][^ ,]+", fields.get("Depends", ""))
        return fields["Version"], image.group(1), self.fetch(binary.group(0) if binary else image.group(0))


def unpack(package, folder):
    """What the package holds, without running anything of it."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["dpkg-deb", "-x", str(package), str(folder)], check=True)
    return folder
