# SPDX-License-Identifier: Apache-2.0
"""Releases as folders of files. Each registry is asked by its own client (pip, npm, mvn, apt-get), which
knows where its registry lies; nothing that was fetched is ever run. Everything is kept in a cache outside of
the source tree: $USEWEAR_SYMBOLS_CACHE, else ~/.cache/usewear/symbols."""

import functools
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import threading
import zipfile
from pathlib import Path

CACHE = Path(os.environ.get("USEWEAR_SYMBOLS_CACHE") or Path.home() / ".cache/usewear/symbols")
PLATFORMS = ["any", "manylinux2014_x86_64", "manylinux2010_x86_64", "manylinux1_x86_64", "win_amd64", "win32",
             "macosx_10_9_x86_64", "macosx_10_6_intel"]
DEBIANS = ["bullseye", "bookworm", "trixie"]
PYTHONS = ["3.9", "3.7", "3.11", "3.6", "2.7"]


class Missing(Exception):
    """The registry does not hold it, or is out of reach."""


def call(*command, cwd=None):
    try:
        done = subprocess.run([str(c) for c in command], cwd=cwd, capture_output=True, text=True, timeout=300,
                              stdin=subprocess.DEVNULL, errors="replace")
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Missing(f"{command[0]}: {error}") from None
    if done.returncode:
        words = (done.stderr or done.stdout).strip().splitlines()
        raise Missing(f"{command[0]}: {words[-1] if words else 'failed'}")
    return done.stdout


def unpack(archive, folder):
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as z:
            z.extractall(folder)
    else:
        with tarfile.open(archive) as t:
            t.extractall(folder, filter="data")


def fetch_pypi(name, version, folder):
    """The wheel: its layout is the installed one. A source archive would have to be built, that is, run."""
    said = None
    for python in PYTHONS:
        platforms = [word for p in PLATFORMS for word in ("--platform", p)]
        try:
            call(sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps",
                 "--only-binary", ":all:", "--python-version", python, *platforms, "-d", folder / "archive",
                 f"{name}=={version}")
            break
        except Missing as error:
            said = error
    else:
        raise said
    for wheel in (folder / "archive").glob("*.whl"):
        unpack(wheel, folder / "files")


def fetch_npm(name, version, folder):
    (folder / "archive").mkdir()
    call("npm", "pack", "--silent", "--ignore-scripts", "--pack-destination", folder / "archive",
         f"{name}@{version}", cwd=folder)
    for archive in (folder / "archive").glob("*.tgz"):
        unpack(archive, folder / "unpacked")
    tops = [p for p in (folder / "unpacked").iterdir() if p.is_dir()]  # "package", or the package's name
    tops[0].rename(folder / "files")


def maven_copy(artifact, folder):
    folder.mkdir(parents=True, exist_ok=True)
    call("mvn", "-q", "-B", "dependency:copy", f"-Dartifact={artifact}", f"-DoutputDirectory={folder}", cwd=folder)
    return next(folder.glob("*.jar"))


def fetch_maven(name, version, folder):
    unpack(maven_copy(f"{name}:{version}", folder / "archive"), folder / "files")


POM = """<project><modelVersion>4.0.0</modelVersion><groupId>x</groupId><artifactId>x</artifactId><version>1</version>
<packaging>pom</packaging><build><plugins><plugin><artifactId>maven-dependency-plugin</artifactId><configuration>
<artifactItems>{}</artifactItems></configuration></plugin></plugins></build></project>"""


def maven_ahead(wanted):
    """Many releases in one run, most of which is Maven's start. One that is missing spoils it; then each is
    fetched alone when it is asked for."""
    wanted = [(n, v) for n, v in wanted if not (release_folder("Maven", n, v) / "files").is_dir()]
    if len(wanted) < 2:
        return
    with tempfile.TemporaryDirectory() as scratch:
        items = []
        for number, (name, version) in enumerate(wanted):
            group, artifact = name.split(":")
            items.append(f"<artifactItem><groupId>{group}</groupId><artifactId>{artifact}</artifactId><version>{version}"
                         f"</version><outputDirectory>{scratch}/{number}</outputDirectory></artifactItem>")
        (Path(scratch) / "pom.xml").write_text(POM.format("".join(items)))
        try:
            call("mvn", "-q", "-B", "dependency:copy", cwd=scratch)
        except Missing:
            pass
        for number, (name, version) in enumerate(wanted):
            folder = release_folder("Maven", name, version)
            for jar in (Path(scratch) / str(number)).glob("*.jar"):
                folder.mkdir(parents=True, exist_ok=True)
                unpack(jar, folder / "files")


def ahead(entries):
    """Fetch what the entries compare, each registry on its own thread. What is missing shows when it is asked for."""
    def one_by_one(ecosystem, wanted):
        for name, version in wanted:
            try:
                release(ecosystem, name, version)
            except Missing:
                pass

    wanted = {}
    for e in entries:
        versions = [e.old] if e.ecosystem == "Debian" else [e.old, e.new]
        wanted.setdefault(e.ecosystem, {}).update({(e.package, v): None for v in versions})
    threads = [threading.Thread(target=maven_ahead if ecosystem == "Maven" else functools.partial(one_by_one, ecosystem),
                                args=(list(those),)) for ecosystem, those in wanted.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def maven_sources(folder):
    """The sources beside a release's class files, where there are any: only for people to read."""
    name, _, version = folder.parent.name.replace("%", ":").partition("@")
    if not (folder.parent / "sources").is_dir():
        try:
            unpack(maven_copy(f"{name}:{version}:jar:sources", folder.parent / "archive"), folder.parent / "sources")
        except Missing:
            (folder.parent / "sources").mkdir()
        shutil.rmtree(folder.parent / "archive", ignore_errors=True)


def apt_suites(text):
    """A source's suites and, beside them, those of the Debian releases in DEBIANS: a fix is best read where
    it was made, and the sources of an old release stay as they are."""
    own = re.search(r"(?m)^VERSION_CODENAME=(\w+)", Path("/etc/os-release").read_text())
    if not own or own.group(1) not in DEBIANS:
        return text
    words = [own.group(1), f"{own.group(1)}-security"]
    return re.sub(r"(?m)^(Suites:.*)$", lambda m: " ".join(
        [m.group(1)] + [w.replace(own.group(1), other) for w in words if w in m.group(1).split()
                        for other in DEBIANS if other != own.group(1)]), text)


def apt_sources():
    """apt's own options for its own sources, with source packages switched on."""
    etc = CACHE / "apt"
    (etc / "parts").mkdir(parents=True, exist_ok=True)
    (etc / "lists/partial").mkdir(parents=True, exist_ok=True)
    lines = []
    for path in [Path("/etc/apt/sources.list"), *Path("/etc/apt/sources.list.d").glob("*")]:
        if path.suffix == ".sources":
            text = re.sub(r"(?m)^Types:.*$", "Types: deb-src", path.read_text())
            (etc / "parts" / path.name).write_text(apt_suites(text))
        elif path.suffix == ".list" and path.exists():
            lines += [re.sub(r"^deb\s", "deb-src ", line) for line in path.read_text().splitlines()
                      if re.match(r"deb\s", line)]
    (etc / "sources.list").write_text("\n".join(dict.fromkeys(lines)) + "\n")
    return ["-o", f"Dir::Etc::sourcelist={etc / 'sources.list'}", "-o", f"Dir::Etc::sourceparts={etc / 'parts'}",
            "-o", f"Dir::State::lists={etc / 'lists'}", "-o", "APT::Sandbox::User=root",
            "-o", f"pkgCacheFile={etc / 'pkgcache.bin'}", "-o", f"Dir::Cache={etc}"]


def fetch_debian(name, version, folder):
    """The unpacked source package, its patches applied."""
    options = apt_sources()
    if not any((CACHE / "apt/lists").glob("*Sources*")):
        try:
            call("apt-get", *options, "update", "-q")
        except Missing:  # one source may be gone; the others are kept
            pass
    (folder / "archive").mkdir()
    call("apt-get", *options, "source", "-q", "--only-source", "--download-only", f"{name}={version}",
         cwd=folder / "archive")
    dsc = next((folder / "archive").glob("*.dsc"))
    call("dpkg-source", "--no-check", "-x", dsc, folder / "files")


FETCHERS = {"PyPI": fetch_pypi, "npm": fetch_npm, "Maven": fetch_maven, "Debian": fetch_debian}


def release_folder(ecosystem, name, version):
    return CACHE / ecosystem / f"{name}@{version}".replace("/", "%").replace(":", "%")


def release(ecosystem, name, version):
    """Folder with the release's files, fetched if need be."""
    for word in (name, version):
        if not re.fullmatch(r"[@A-Za-z0-9][A-Za-z0-9._+:~/-]*", word) or ".." in word:
            raise Missing(f"{word!r} is no name or version")
    folder = release_folder(ecosystem, name, version)
    if not (folder / "files").is_dir():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        try:
            FETCHERS[ecosystem](name, version, folder)
        except (StopIteration, IndexError, OSError, zipfile.BadZipFile, tarfile.TarError) as error:
            raise Missing(f"{name} {version}: {error!r}") from None
        finally:
            shutil.rmtree(folder / "archive", ignore_errors=True)
        if not (folder / "files").is_dir():
            raise Missing(f"{name} {version}: nothing was unpacked")
    return folder / "files"
