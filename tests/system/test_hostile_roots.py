# SPDX-License-Identifier: Apache-2.0
"""usewear sbom of roots that somebody made to do harm: it ends, with little memory, tells what it left out, and finds
what lies beside it."""

import base64
import contextlib
import io
import json
import os
import pathlib
import random
import resource
import shutil
import socket
import sqlite3
import subprocess
import threading
import zipfile

import pytest
import rpm_databases

ROOT = pathlib.Path(__file__).resolve().parents[2]
USEWEAR = os.environ.get("USEWEAR", ROOT / "build/usewear")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")

# Every name that some reader asks for, where it asks.
NAMES = ["var/lib/dpkg/status", "var/lib/dpkg/status.d/x", "var/lib/rpm/rpmdb.sqlite", "var/lib/rpm/Packages.db", "var/lib/rpm/Packages",
         "lib/apk/db/installed", "var/lib/pacman/local/x-1-1/desc", "usr/lib/opkg/status", "etc/os-release", "snap/x/1/meta/snap.yaml",
         "srv/p/x-1.dist-info/METADATA", "srv/p/x-1.dist-info/RECORD", "srv/p/x.egg", "srv/p/x.pyz", "srv/p/x.egg-link",
         "srv/p/conda-meta/x.json", "srv/p/pip/_vendor/vendor.txt", "srv/n/node_modules/x/package.json", "srv/n/.yarn/cache/x.zip",
         "srv/n/x.asar", "srv/n/x.js", "srv/j/x.jar", "srv/j/x.war", "srv/j/release", "srv/r/specifications/x-1.gemspec",
         "srv/c/vendor/composer/installed.json", "srv/c/vendor/composer/installed.php", "srv/d/x.deps.json", "srv/d/x.dll",
         "srv/b/program", "srv/b/libx.so.1", "srv/l/x/ebin/x.app", "srv/v/vcpkg/status", "srv/v/conaninfo.txt"]


def scan(root, *before):
    done = subprocess.run([*before, USEWEAR, "sbom", "--root", root, "--json"], text=True, capture_output=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def put(path, content=""):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


def put_good(root):
    """One package of each kind of reading: a manifest, an archive."""
    put(root / "opt/good/node_modules/good-node/package.json", '{"name": "good-node", "version": "1.0.0"}')
    put(root / "opt/good/site-packages/good_python-1.0.dist-info/METADATA", "Name: good-python\nVersion: 1.0\n")
    with zipfile.ZipFile(root / "opt/good/good.jar", "w") as archive:
        archive.writestr("META-INF/maven/g/good/pom.properties", "groupId=g\nartifactId=good\nversion=1\n")


GOOD = {"good-node", "good-python", "g:good"}


def assert_good(report):
    assert {p["name"] for p in report["packages"]} >= GOOD, report


def make_fifo(path):
    os.mkfifo(path)


def make_socket(path):
    with socket.socket(socket.AF_UNIX) as s:
        folder = os.open(path.parent, os.O_PATH)  # names of sockets are short
        s.bind(f"/proc/self/fd/{folder}/{path.name}")
        os.close(folder)


def make_device(major, minor):
    return lambda path: os.mknod(path, 0o20777, os.makedev(major, minor))


@needs_root
@pytest.mark.parametrize("make", [make_fifo, make_socket, make_device(1, 5), make_device(5, 0), make_device(10, 200)],
                         ids=["fifo", "socket", "zero", "tty", "tun"])
def test_what_is_no_file_is_not_opened(tmp_path, make):
    put_good(tmp_path)
    for name in NAMES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        make(tmp_path / name)
        os.chmod(tmp_path / name, 0o777)
    report = scan(tmp_path)
    assert_good(report)
    assert {p["name"] for p in report["packages"]} <= GOOD | {"x"}, report["packages"]


@pytest.mark.parametrize("begin", [b"", b"\x7fELF\x02\x01\x01" + bytes(57), b"PK\x03\x04", b"SQLite format 3\0", b"RpmP", b'{"name": "'],
                         ids=["nothing", "elf", "zip", "sqlite", "ndb", "json"])
def test_endless_files(tmp_path, begin):
    """A terabyte that takes no room, under each name: read up to a limit, or not at all."""
    put_good(tmp_path)
    for name in NAMES:
        put(tmp_path / name, begin)
        os.truncate(tmp_path / name, 1 << 40)
        os.chmod(tmp_path / name, 0o755)
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    report = scan(tmp_path)
    assert_good(report)
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert usage.ru_utime - before < 100


def test_files_that_change_while_they_are_read(tmp_path):
    """They shrink, grow, are replaced and go away, again and again."""
    put_good(tmp_path)
    program = pathlib.Path(shutil.which("true")).read_bytes() + bytes(4 << 20)
    jar = (tmp_path / "opt/good/good.jar").read_bytes()
    victims = [(tmp_path / f"srv/{i}/{name}", content) for i in range(20) for name, content in (
        ("program", program), ("x.jar", jar * 50), ("node_modules/x/package.json", b'{"name": "x", "version": "1"}' + b" " * 65536),
        ("x-1.dist-info/METADATA", b"Name: x\nVersion: 1\n" * 5000))]
    for path, content in victims:
        put(path, content)
        path.chmod(0o755)
    end = threading.Event()

    def disturb():
        dice = random.Random(1)
        while not end.is_set():
            path, content = dice.choice(victims)
            what = dice.randrange(4)
            with contextlib.suppress(FileNotFoundError):  # the other one was faster
                if what == 0:
                    os.truncate(path, dice.randrange(len(content)))
                elif what == 1:
                    path.unlink()
                else:
                    path.write_bytes(content)
                    path.chmod(0o755)

    threads = [threading.Thread(target=disturb) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(10):
            assert_good(scan(tmp_path))
    finally:
        end.set()
        for thread in threads:
            thread.join()


LARGE = """.section .rodata
.space 0x4000000, 65
.globl main
.text
main: ret
"""


def test_a_program_that_is_cut_while_it_is_looked_into(tmp_path):
    """Machine code is mapped, and what was cut off is no memory any more."""
    put_good(tmp_path / "root")
    put(tmp_path / "x.s", LARGE)
    (tmp_path / "root/srv").mkdir()
    program = tmp_path / "root/srv/program"
    subprocess.run(["cc", "-o", program, tmp_path / "x.s"], check=True)
    size, end = program.stat().st_size, threading.Event()

    def cut():
        while not end.wait(0.005):
            os.truncate(program, 65536)
            os.truncate(program, size)

    thread = threading.Thread(target=cut)
    thread.start()
    try:
        for _ in range(5):
            assert_good(scan(tmp_path / "root"))
    finally:
        end.set()
        thread.join()


@needs_root
@pytest.mark.skipif(not shutil.which("setpriv"), reason="needs setpriv")
def test_what_may_not_be_read(tmp_path):
    """As a user without rights: folders and files that are closed are named, the others found."""
    put_good(tmp_path)
    put(tmp_path / "srv/closed/node_modules/a/package.json", '{"name": "a", "version": "1.0.0"}')
    put(tmp_path / "srv/file.jar", b"PK")
    put(tmp_path / "var/lib/dpkg/status", "Package: b\nStatus: install ok installed\nVersion: 1\n")
    for path in (tmp_path, *tmp_path.parents):
        if str(path).startswith("/tmp/"):
            path.chmod(0o755)
    for path in (tmp_path / "srv/closed", tmp_path / "srv/file.jar", tmp_path / "var/lib/dpkg/status"):
        path.chmod(0)
    report = scan(tmp_path, "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    assert_good(report)
    limits = "\n".join(report["limits"])
    for name in ("/srv/closed", "/srv/file.jar", "var/lib/dpkg/status"):
        assert name in limits, limits


def test_links_that_lead_out(tmp_path):
    root, outside = tmp_path / "root", tmp_path / "outside"
    put_good(root)
    for name in NAMES:
        put(outside / name, "Package: x\nStatus: install ok installed\nVersion: 6\n\nName: x\n")
    put(outside / "srv/n/node_modules/x/package.json", '{"name": "out", "version": "1.0.0"}')
    put(outside / "srv/p/x-1.dist-info/METADATA", "Name: out\nVersion: 1\n")
    for i, name in enumerate(NAMES):
        link = root / name
        link.parent.mkdir(parents=True, exist_ok=True)
        os.symlink((outside / name) if i % 2 else os.path.relpath(outside / name, link.parent), link)
    os.symlink(outside / "srv", root / "opt/srv")
    os.symlink("../../outside/srv/n/node_modules", root / "opt/node_modules")
    report = scan(root)
    assert_good(report)
    assert {p["name"] for p in report["packages"]} == GOOD, report["packages"]


SCHEMES = {
    "not rpm's": ["CREATE TABLE Packages (other TEXT)", "INSERT INTO Packages VALUES ('x')"],
    "endless view": ["CREATE VIEW Packages AS WITH RECURSIVE t(hnum, blob) AS (SELECT 1, x'00' UNION ALL SELECT hnum + 1, blob FROM t) "
                     "SELECT * FROM t"],
    "heavy view": ["CREATE TABLE n (i)", "INSERT INTO n WITH RECURSIVE t(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM t LIMIT 3000) "
                   "SELECT i FROM t",
                   "CREATE VIEW Packages AS SELECT a.i AS hnum, x'00' AS blob FROM n a, n b, n c WHERE a.i + b.i + c.i = 0"],
    "large blobs": ["CREATE TABLE Packages (hnum INTEGER PRIMARY KEY, blob BLOB)", "INSERT INTO Packages VALUES (1, zeroblob(200000000))"],
    "view of functions": ["CREATE VIEW Packages AS SELECT 1 AS hnum, load_extension('/tmp/x') AS blob"],
    "no blobs": ["CREATE TABLE Packages (hnum, blob)", "INSERT INTO Packages VALUES (NULL, NULL), ('x', 'text'), (-1, 3.5)"],
}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_crafted_databases_of_rpm(tmp_path, scheme):
    put_good(tmp_path)
    (tmp_path / "var/lib/rpm").mkdir(parents=True)
    with sqlite3.connect(tmp_path / "var/lib/rpm/rpmdb.sqlite") as database:
        for statement in SCHEMES[scheme]:
            database.execute(statement)
    report = scan(tmp_path)
    assert_good(report)
    assert {p["name"] for p in report["packages"]} == GOOD
    if scheme != "no blobs":
        assert any("rpmdb.sqlite" in limit for limit in report["limits"]), report["limits"]


@pytest.mark.skipif(not shutil.which("rpmbuild"), reason="needs rpmbuild")
def test_spoilt_databases_of_rpm(tmp_path):
    """Real ones of each kind, with bytes turned over and cut: never more packages than there were, and never an end."""
    root, dice = tmp_path / "made", random.Random(7)
    put(root / "etc/os-release", 'ID=rocky\nVERSION_ID="9.3"\n')
    original = rpm_databases.install(root, rpm_databases.build(tmp_path))
    blobs = rpm_databases.headers(original)
    rpm_databases.write_ndb(tmp_path / "Packages.db", blobs)
    kinds = [original, tmp_path / "Packages.db"]
    if rpm_databases.loader():
        rpm_databases.write_bdb(tmp_path / "Packages", blobs, False)
        kinds.append(tmp_path / "Packages")
    victim = tmp_path / "root"
    put_good(victim)
    for n in range(30):
        source = kinds[n % len(kinds)]
        bytes_ = bytearray(source.read_bytes())
        for _ in range(1 << dice.randrange(8)):
            bytes_[dice.randrange(len(bytes_))] ^= 1 << dice.randrange(8)
        if n % 5 == 4:
            del bytes_[dice.randrange(len(bytes_)):]
        shutil.rmtree(victim / "var", ignore_errors=True)
        put(victim / "var/lib/rpm" / source.name, bytes(bytes_))
        report = scan(victim)
        assert_good(report)
        assert len(report["packages"]) <= len(GOOD) + len(blobs)


@needs_root
@pytest.mark.skipif(not shutil.which("setpriv"), reason="needs setpriv")
def test_each_file_that_may_not_be_read_is_named(tmp_path):
    """Whatever reader asked for it; programs that may only be run, too."""
    names = ["srv/n/node_modules/x/package.json", "srv/p/x-1.dist-info/METADATA", "srv/p/x.egg-link", "srv/p/conda-meta/x.json",
             "srv/p/pip/_vendor/vendor.txt", "srv/d/x.deps.json", "srv/l/x/ebin/x.app", "srv/v/vcpkg/status", "srv/v/conaninfo.txt",
             "srv/j/release", "srv/b/libx.so.1", "srv/b/program", "srv/r/specifications/x-1.gemspec"]
    put_good(tmp_path)
    for name in names:
        put(tmp_path / name, pathlib.Path(shutil.which("true")).read_bytes())
        (tmp_path / name).chmod(0o711 if name.endswith("program") else 0)
    for path in (tmp_path, *tmp_path.parents):
        if str(path).startswith("/tmp/"):
            path.chmod(0o755)
    report = scan(tmp_path, "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    assert_good(report)
    for name in names:
        told = [limit for limit in report["limits"] if name.removesuffix("/METADATA") in limit]
        assert len(told) == 1, (name, report["limits"])


def test_texts_in_archives_that_are_left_out_are_named(tmp_path):
    """Larger than they may be, damaged, packed in a way that is not read."""
    put_good(tmp_path)
    place = "META-INF/maven/g/{}/pom.properties"
    path = tmp_path / "srv/x.jar"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(place.format("large"), "groupId=g\nartifactId=large\nversion=1\n" + " " * (5 << 20))
        archive.writestr(place.format("fine"), "groupId=g\nartifactId=fine\nversion=1\n")
        archive.writestr(place.format("lzma"), "groupId=g\nartifactId=lzma\nversion=1\n", zipfile.ZIP_LZMA)
    report = scan(tmp_path)
    assert {p["name"] for p in report["packages"]} >= GOOD | {"g:fine"}
    limits = "\n".join(report["limits"])
    assert f"/srv/x.jar!/{place.format('large')}: larger than it may be" in limits, limits
    assert f"/srv/x.jar!/{place.format('lzma')}: packed or encrypted in a way" in limits, limits


def test_what_there_was_no_time_for_is_named(tmp_path):
    """More than a second's work: what was read until then is listed, the rest is told of."""
    put(tmp_path / "var/lib/dpkg/status", "Package: first\nStatus: install ok installed\nVersion: 1\nArchitecture: all\n")
    inner, outer = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("filling", base64.b64encode(random.Random(1).randbytes(18 << 20)))
    with zipfile.ZipFile(outer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("inner.jar", inner.getvalue())
    put(tmp_path / "srv/0.jar", outer.getvalue())
    for number in range(1, 400):  # ten gigabytes to inflate
        os.link(tmp_path / "srv/0.jar", tmp_path / f"srv/{number}.jar")
    done = subprocess.run([USEWEAR, "sbom", "--root", tmp_path, "--json", "--time", "1"], text=True, capture_output=True, timeout=300)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert "first" in {p["name"] for p in report["packages"]}
    assert [limit for limit in report["limits"] if limit.startswith("no time was left for ") and "of 400 files" in limit], report


def test_what_is_left_out_is_named(tmp_path):
    """Programs beyond all sizes, caches, what engines keep, paths that no call takes."""
    put_good(tmp_path)
    put(tmp_path / "srv/large", pathlib.Path(shutil.which("true")).read_bytes())
    (tmp_path / "srv/large").chmod(0o755)
    os.truncate(tmp_path / "srv/large", 3 << 30)
    for folder in ("home/u/.cache", "root/.m2/repository", "var/lib/docker/overlay2"):
        put(tmp_path / folder / "v/site-packages/x-1.dist-info/METADATA", "Name: x\nVersion: 1\n")
    before = os.open(".", os.O_PATH)
    os.chdir(tmp_path)
    for _ in range(30):
        os.mkdir("n" * 200)
        os.chdir("n" * 200)
    os.fchdir(before)
    os.close(before)
    report = scan(tmp_path)
    assert {p["name"] for p in report["packages"]} == GOOD
    limits = "\n".join(report["limits"])
    for text in ("/srv/large: a program of more than", "/home/u/.cache", "/root/.m2/repository", "--caches", "/var/lib/docker/overlay2",
                 "its path is too long"):
        assert text in limits, limits
    shutil.rmtree(tmp_path / ("n" * 200))


def zip_of(names, text=b""):
    """An archive of that many equal files; written by hand, because zipfile takes its time."""
    import struct
    import zlib
    parts, directory, offset, crc = [], [], 0, zlib.crc32(text)
    for name in names:
        name = name.encode()
        fields = struct.pack("<HHHHHIIIHH", 20, 0, 0, 0, 33, crc, len(text), len(text), len(name), 0)
        parts.append(b"PK\x03\x04" + fields + name + text)
        directory.append(b"PK\x01\x02" + struct.pack("<H", 20) + fields + struct.pack("<HHHII", 0, 0, 0, 0, offset) + name)
        offset += len(parts[-1])
    size, count = sum(map(len, directory)), len(directory)
    zip64 = b"PK\x06\x06" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, count, count, size, offset)
    locator = b"PK\x06\x07" + struct.pack("<IQI", 0, offset + size, 1)
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, min(count, 0xFFFF), min(count, 0xFFFF), size, offset, 0)
    return b"".join(parts + directory + [zip64, locator, end])


@pytest.mark.parametrize("path, names, text, said", [
    ("srv/a.war", [f"WEB-INF/lib/{n}.jar" for n in range(20001)], b"", "more than 20000 archives in it; the others were left out"),
    ("srv/a.jar", [f"p{n}/C.class" for n in range(100001)], b"", "more than 100000 folders of classes in it; the others were left out"),
    ("srv/a.jar", [f"META-INF/maven/g/a{n}/pom.properties" for n in range(4001)], b"groupId=g\nartifactId=a\nversion=1\n",
     "more than 4000 artefacts with a pom in it; the others were left out"),
    ("srv/.yarn/cache/a.zip", [f"node_modules/m{n}/package.json" for n in range(201)], b'{"name": "m", "version": "1.0.0"}',
     "more than 200 packages in it; the others were left out"),
    ("srv/a.pyz", [f"m{n}.py" for n in range(200001)], b"", "more than 200000 files in it; the others were left out"),
], ids=["archives", "folders", "poms", "yarn", "zipapp"])
def test_what_is_beyond_a_number_is_told(tmp_path, path, names, text, said):
    put_good(tmp_path)
    put(tmp_path / path, zip_of(names, text))
    assert f"/{path}: {said}" in scan(tmp_path)["limits"]
    put(tmp_path / path, zip_of(names[:-1], text))
    assert not [limit for limit in scan(tmp_path)["limits"] if said in limit]


def test_a_database_of_too_many_packages_says_so(tmp_path):
    put(tmp_path / "etc/os-release", "ID=alpine\nVERSION_ID=3.20.0\n")
    package = "P:p{0}\nV:1-r0\nA:x86_64\no:p{0}\n\n"
    put(tmp_path / "lib/apk/db/installed", "".join(package.format(n) for n in range(100001)))
    report = scan(tmp_path)
    assert len(report["packages"]) == 100000
    assert "lib/apk/db/installed: more than 100000 packages; the others are missing" in report["limits"]
