# SPDX-License-Identifier: Apache-2.0
"""Databases that rpm itself wrote and reads, of every kind that rpm 4.18 knows. Debian's rpm is built without NDB, so it
is built again from Debian's source with it. Berkeley DB is read by rpm, but no longer written by it: there the headers
that it wrote elsewhere are loaded by Berkeley DB's loader."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import judges

sys.path.insert(0, str(judges.SOURCE / "tests/system"))
import rpm_databases  # noqa: E402

WORK = Path(os.environ.get("USEWEAR_INVENTORY_WORK", judges.SOURCE / "build/check-inventory")).resolve()
SPEC = """Name: {name}
Version: {version}
Release: {number}
{epoch}Summary: x
License: MIT
BuildArch: noarch
%description
x
%install
mkdir -p %{{buildroot}}/usr/lib/{name}
seq {files} | xargs -I@ touch %{{buildroot}}/usr/lib/{name}/@.py
%files
/usr/lib/{name}
"""
SOURCES = "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian bookworm main\n"


@pytest.fixture(scope="module")
def rpm():
    """An rpm with all three backends."""
    folder = WORK / "rpm"
    program = folder / "made/bin/rpm"
    if not program.exists():
        (folder / "lists/partial").mkdir(parents=True, exist_ok=True)
        (folder / "sources.list").write_text(SOURCES)
        apt = ["apt-get", "-q", "-o", f"Dir::Etc::sourcelist={folder}/sources.list", "-o", "Dir::Etc::sourceparts=-", "-o",
               f"Dir::State::lists={folder}/lists"]
        for command in ([*apt, "update"], [*apt, "source", "--download-only", "rpm"]):
            subprocess.run(command, cwd=folder, check=True, capture_output=True)
        subprocess.run(["sh", "-ec", f"""
            dpkg-source --no-check -x rpm_*.dsc source
            cd source
            autoreconf -fi
            ./configure --enable-ndb --enable-bdb-ro --enable-sqlite --disable-plugins --disable-nls --disable-openmp \\
                --disable-python --with-crypto=libgcrypt --prefix={folder}/made
            make -j"$(nproc)"
            make install"""], cwd=folder, check=True, capture_output=True)
    return program


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Packages of one file to some thousand."""
    folder = tmp_path_factory.mktemp("rpms")
    for number in range(12):
        spec = folder / f"p{number}.spec"
        spec.write_text(SPEC.format(name=f"package-{number}", version=f"{number}.2~rc1", number=f"{number}.el9", 
                                    epoch=f"Epoch: {number}\n" if number % 3 else "", files=number * 200 + 1))
        subprocess.run(["rpmbuild", "-bb", "--quiet", "--define", f"_topdir {folder}/top", spec], check=True, capture_output=True)
    return sorted((folder / "top").rglob("*.rpm"))


def call(rpm, root, backend, *words):
    return subprocess.run([rpm, "--root", root, "--dbpath", "/var/lib/rpm", "--define", f"_db_backend {backend}", *words],
                          check=True, capture_output=True, text=True).stdout


def make(rpm, root, backend, built):
    """Some are taken away and put back, so that the file has gaps."""
    call(rpm, root, backend, "-i", "--nodeps", "--noscripts", *built)
    call(rpm, root, backend, "-e", "--noscripts", *[f"package-{number}" for number in range(0, 12, 3)])
    call(rpm, root, backend, "-i", "--nodeps", "--noscripts", *built[-3:], "--replacepkgs")


def query(rpm, root, backend):
    form = "%{NAME} %|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE} %{ARCH}\\n"
    return {tuple(line.split()) for line in call(rpm, root, backend, "-qa", "--qf", form).splitlines()}


def found(root):
    return {(package["name"], package["version"], package["arch"]) for package in judges.json.loads(
        judges.output(judges.USEWEAR, "sbom", "--root", root, "--json"))["packages"]}


@pytest.mark.parametrize("backend", ["sqlite", "ndb"])
def test_what_rpm_wrote(rpm, built, tmp_path, backend):
    make(rpm, tmp_path, backend, built)
    expected = query(rpm, tmp_path, backend)
    assert len(expected) > 7 and found(tmp_path) == expected


def test_what_rpm_reads_of_berkeley_db(rpm, built, tmp_path):
    if not rpm_databases.loader():
        pytest.skip("the loader of Berkeley DB is not installed")
    made, old = tmp_path / "made", tmp_path / "old"
    make(rpm, made, "sqlite", built)
    (old / "var/lib/rpm").mkdir(parents=True)
    rpm_databases.write_bdb(old / "var/lib/rpm/Packages", rpm_databases.headers(made / "var/lib/rpm/rpmdb.sqlite"))
    expected = query(rpm, old, "bdb_ro")
    assert expected == query(rpm, made, "sqlite") and found(old) == expected
