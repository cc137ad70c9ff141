# SPDX-License-Identifier: Apache-2.0
"""Databases of RPM for the tests: rpm itself writes SQLite; the headers that it wrote there are put into the two
older kinds, NDB by the layout of rpm's rpmpkg.c, Berkeley DB by Berkeley DB's own loader."""

import shutil
import sqlite3
import struct
import subprocess
import zlib
from pathlib import Path

SPEC = """
Name: alpha
Version: 1.2
Release: 3.el9
Epoch: 2
Summary: One
License: MIT
BuildArch: noarch
%description
One.
%package tools
Summary: Two
%description tools
Two.
%install
mkdir -p %{buildroot}/usr/bin %{buildroot}/usr/lib/alpha
printf '#!/bin/sh\\n' > %{buildroot}/usr/bin/alpha
printf '#!/usr/bin/python3\\n' > %{buildroot}/usr/bin/alpha-tool
for i in $(seq 400); do echo 1 > %{buildroot}/usr/lib/alpha/$i.py; done
%files
/usr/lib/alpha
/usr/bin/alpha
%files tools
/usr/bin/alpha-tool
"""


def build(folder, files={}, label=None):
    """Two packages of one source, the first with enough files for several pages, and with `files` (place: source); of
    the module that `label` says."""
    copy = "".join(f"cp {source} %{{buildroot}}{place}\n" for place, source in files.items())
    spec = SPEC.replace("%files\n", copy + "%files\n" + "".join(place + "\n" for place in files), 1)
    if label:
        spec = spec.replace("License:", f"ModularityLabel: {label}\nLicense:", 1)
    (folder / "alpha.spec").write_text("%global __os_install_post %{nil}\n%global debug_package %{nil}\n"
                                       "%define _binaries_in_noarch_packages_terminate_build 0\n" + spec)
    subprocess.run(["rpmbuild", "-bb", "--quiet", "--define", f"_topdir {folder}/top", folder / "alpha.spec"],
                   check=True, capture_output=True)
    return sorted((folder / "top").rglob("*.rpm"))


def install(root, packages):
    """By rpm, into ROOT/var/lib/rpm/rpmdb.sqlite."""
    foreign = ["--force-debian"] if Path("/etc/debian_version").exists() else []
    subprocess.run(["rpm", "--root", root, "--dbpath", "/var/lib/rpm", "--define", "_db_backend sqlite", "--nodeps",
                    "--noscripts", *foreign, "-i", *packages], check=True, capture_output=True)
    return root / "var/lib/rpm/rpmdb.sqlite"


def headers(database):
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        return connection.execute("select hnum, blob from Packages order by hnum").fetchall()


def write_ndb(path, blobs):
    page, block = 4096, 16
    slots, data = [], b""
    offset = page // block
    for number, blob in blobs:
        body = struct.pack("<4sIII", b"BlbS", number, 0, len(blob)) + blob
        tail = struct.pack("<II4s", zlib.adler32(body), len(blob), b"BlbE")
        body += b"\0" * (-(len(body) + len(tail)) % block) + tail
        slots.append(struct.pack("<4sIII", b"Slot", number, offset + len(data) // block, len(body) // block))
        data += body
    head = struct.pack("<4sIIII", b"RpmP", 0, 1, 1, len(blobs) + 1).ljust(32, b"\0") + b"".join(slots)
    free = struct.pack("<4sIII", b"Slot", 0, 0, 0)
    head += free * ((page - len(head)) // 16)
    path.write_bytes(head + data)


def write_bdb(path, blobs, big_endian=False):
    """Key 0 holds the last number, as rpm keeps it."""
    order = ">" if big_endian else "<"
    records = [(struct.pack(order + "I", 0), struct.pack(order + "I", blobs[-1][0]))]
    records += [(struct.pack(order + "I", number), blob) for number, blob in blobs]
    lines = ["VERSION=3", "format=bytevalue", "type=hash", f"db_lorder={4321 if big_endian else 1234}",
             "db_pagesize=4096", "HEADER=END"]
    for key, value in records:
        lines += [" " + key.hex(), " " + value.hex()]
    lines += ["DATA=END"]
    subprocess.run([loader(), path], input="\n".join(lines) + "\n", text=True, check=True, capture_output=True)


def loader():
    return shutil.which("db5.3_load") or shutil.which("db_load")
