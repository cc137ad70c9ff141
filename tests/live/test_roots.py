# SPDX-License-Identifier: Apache-2.0
"""Roots of other distributions, with a process in them: their packages are found, and what runs is loaded."""
import contextlib
import json
import pathlib
import shutil
import subprocess
import sys

import pytest
from stream import needs_root
from whole import PROGRAM, Watch, wait_until

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))
import rpm_databases  # noqa: E402

APK = """C:Q1x=
P:quiet
V:1.36.1-r2
A:x86_64
o:quiet-origin
F:usr/bin
R:quiet

P:other
V:2-r0
A:x86_64
o:other
F:usr/bin
R:other

"""


@pytest.fixture
def waiting(victim):
    return victim("waiting", flags=["-static"])


def put(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@contextlib.contextmanager
def running_in(root, waiting):
    """The victim as /usr/bin/quiet of the root, with that as its root."""
    (root / "usr/bin").mkdir(parents=True, exist_ok=True)
    shutil.copy(waiting, root / "usr/bin/quiet")
    process = subprocess.Popen(["chroot", root, "/usr/bin/quiet"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        process.stdout.readline()
        yield process
    finally:
        process.kill()
        process.wait()


def used(usewear, state):
    """Packages of the look, by name: those of the host left out."""
    subprocess.run([usewear, "scan", "--state", state, "--json"], check=True, stdout=subprocess.DEVNULL, timeout=300)
    done = subprocess.run([usewear, "sbom", "--state", state, "--json"], check=True, capture_output=True)
    return {p["name"]: p for p in json.loads(done.stdout)["packages"] if p["root"] != "host"}


@needs_root
@pytest.mark.skipif(not shutil.which("node"), reason="node is not installed")
def test_modules_of_a_script(usewear, tmp_path):
    """Node's modules lie above the script, wherever the process works."""
    put(tmp_path / "app/package.json", '{"name": "test-app", "version": "3.2.1"}')
    put(tmp_path / "app/node_modules/test-left/package.json", '{"name": "test-left", "version": "1.0.7"}')
    put(tmp_path / "app/src/deep/main.js", 'console.log("ready"); setTimeout(() => {}, 60000)')
    put(tmp_path / "beside/package.json", '{"name": "test-beside", "version": "9.9.9"}')
    process = subprocess.Popen(["node", tmp_path / "app/src/deep/main.js"], cwd="/", stdout=subprocess.PIPE)
    try:
        process.stdout.readline()
        subprocess.run([usewear, "scan", "--state", tmp_path / "state", "--json"], check=True,
                       stdout=subprocess.DEVNULL, timeout=300)
    finally:
        process.kill()
        process.wait()
    done = subprocess.run([usewear, "sbom", "--state", tmp_path / "state", "--json"], check=True, capture_output=True)
    found = {(p["name"], p["version"]) for p in json.loads(done.stdout)["packages"] if p["name"].startswith("test-")}
    assert {("test-app", "3.2.1"), ("test-left", "1.0.7")} <= found
    assert ("test-beside", "9.9.9") not in found


@needs_root
def test_alpine(usewear, waiting, tmp_path):
    root = tmp_path / "alpine"
    put(root / "etc/os-release", "ID=alpine\nVERSION_ID=3.18.4\n")
    put(root / "lib/apk/db/installed", APK)
    with running_in(root, waiting):
        found = used(usewear, tmp_path / "state")
    assert found["quiet"]["ecosystem"] == "Alpine:v3.18" and found["quiet"]["source"] == "quiet-origin"
    assert found["quiet"]["use"] == "loaded" and found["other"]["use"] is None


@needs_root
def test_upgrade_is_seen_while_watched(waiting, tmp_path):
    """Long before the inventory is old enough to be read again for its age."""
    root, state = tmp_path / "alpine", tmp_path / "state"
    put(root / "etc/os-release", "ID=alpine\nVERSION_ID=3.18.4\n")
    put(root / "lib/apk/db/installed", APK)

    def versions():
        done = subprocess.run([PROGRAM, "sbom", "--state", state, "--json"], check=True, capture_output=True)
        return {p["name"]: p["version"] for p in json.loads(done.stdout)["packages"] if p["root"] != "host"}

    with running_in(root, waiting), Watch(state, "--interval", "3") as watch:
        assert versions()["other"] == "2-r0"
        assert watch.process.stdout.readline()  # the next full look: its inventories have their first stamp
        put(root / "lib/apk/db/installed", APK.replace("V:2-r0", "V:2-r1"))
        wait_until(lambda: watch.process.stdout.readline() and versions()["other"] == "2-r1")


@needs_root
def test_what_was_left_out_is_said_in_each_look(waiting, tmp_path):
    """Also in those that read no inventory."""
    root = tmp_path / "broken"
    put(root / "etc/os-release", "ID=fedora\nVERSION_ID=39\n")
    put(root / "var/lib/rpm/rpmdb.sqlite", "no database")
    with running_in(root, waiting), Watch(tmp_path / "state", "--interval", "2") as watch:
        for line in (watch.first, watch.process.stdout.readline(), watch.process.stdout.readline()):
            assert any("rpmdb.sqlite" in limit for limit in json.loads(line)["limits"]), line


@needs_root
def test_what_is_deployed_anew_is_seen_while_watched(waiting, tmp_path):
    """To a place that is known, by nobody's package manager, and long before the inventory is read for its age."""
    root, state = tmp_path / "root", tmp_path / "state"
    put(root / "etc/os-release", "ID=none\n")
    put(root / "app/node_modules/test-left/package.json", '{"name": "test-left", "version": "1.0.7"}')

    def versions():
        done = subprocess.run([PROGRAM, "sbom", "--state", state, "--json"], check=True, capture_output=True)
        return {p["name"]: p["version"] for p in json.loads(done.stdout)["packages"] if p["root"] != "host"}

    def start():
        shutil.copy(waiting, root / "waiting")
        return subprocess.Popen(["chroot", root, "/waiting", "/app"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    process = start()
    try:
        process.stdout.readline()
        with Watch(state, "--interval", "3") as watch:
            assert versions()["test-left"] == "1.0.7"
            assert watch.process.stdout.readline()
            shutil.rmtree(root / "app/node_modules/test-left")
            put(root / "app/node_modules/test-left/package.json", '{"name": "test-left", "version": "2.0.0"}')
            wait_until(lambda: watch.process.stdout.readline() and versions()["test-left"] == "2.0.0")
    finally:
        process.kill()
        process.wait()


@needs_root
def test_mounts_of_other_namespaces_are_told(usewear, waiting, tmp_path):
    """No list of mounts that can be read here tells of them."""
    root = tmp_path / "root"
    put(root / "etc/os-release", "ID=none\n")
    put(root / "app/package.json", '{"name": "test-outside", "version": "1.0.0"}')
    (root / "app/inside").mkdir()
    shutil.copy(waiting, root / "waiting")
    script = f"""mount --make-rprivate / && mount -t ramfs none {root}/app/inside || exit
        printf '{{"name": "test-inside", "version": "1.0.0"}}' > {root}/app/inside/package.json && exec chroot {root} /waiting /app"""
    process = subprocess.Popen(["unshare", "-m", "sh", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        if not process.stdout.readline():
            pytest.skip("cannot mount in a namespace of its own")
        subprocess.run([usewear, "scan", "--state", tmp_path / "state", "--json"], check=True,
                       stdout=subprocess.DEVNULL, timeout=300)
    finally:
        process.kill()
        process.wait()
    for form, limits in (("json", lambda d: d["limits"]),
                         ("cyclonedx", lambda d: [p["value"] for p in d["metadata"]["properties"] if p["name"] == "usewear:limit"]),
                         ("spdx", lambda d: [a["comment"] for a in d["annotations"] if a["comment"].startswith("usewear:limit=")])):
        done = subprocess.run([usewear, "sbom", "--state", tmp_path / "state", "--format", form], check=True, capture_output=True)
        assert b"test-outside" in done.stdout and b"test-inside" not in done.stdout
        assert any("/app/inside: no disk" in limit for limit in limits(json.loads(done.stdout))), form


def advisories(usewear, state, folder, ecosystems):
    """One bug of quiet-origin, fixed in each of these (ecosystem: version), and others so that the release is known."""
    def entry(ecosystem, name, fixed):
        return {"package": {"ecosystem": ecosystem, "name": name},
                "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, *([{"fixed": fixed}] if fixed else [])]}]}
    records = [("CVE-2026-9950", [entry(e, "quiet-origin", fixed) for e, fixed in ecosystems.items()])]
    records += [(f"x_filler-{i}", [entry(e, f"filler{i}", "1") for e in ecosystems]) for i in range(12)]
    for id, affected in records:
        put(folder / f"{id}.json", json.dumps({"id": id, "modified": "2026-01-01T00:00:00Z", "affected": affected}))
    subprocess.run([usewear, "db", "import", folder, "--state", state], check=True, stdout=subprocess.DEVNULL)


@needs_root
def test_ubuntu_pro(usewear, waiting, tmp_path):
    """Whether a fix can be had without paying is told by the root that is looked at."""
    root, state = tmp_path / "ubuntu", tmp_path / "state"
    put(root / "etc/os-release", 'ID=ubuntu\nVERSION_ID="22.04"\n')
    put(root / "var/lib/dpkg/status", "Package: quiet\nStatus: install ok installed\nArchitecture: amd64\n"
        "Source: quiet-origin\nVersion: 1.0-1ubuntu1\n\n")
    put(root / "var/lib/dpkg/info/quiet.list", "/.\n/usr/bin/quiet\n")
    advisories(usewear, state, tmp_path / "records", {"Ubuntu:22.04:LTS": None, "Ubuntu:Pro:22.04:LTS": "1.0-1ubuntu1+esm1"})
    answers = []
    with running_in(root, waiting):
        for services in ([], ["esm-infra"], ["esm-infra", "esm-apps"]):
            put(root / "var/lib/ubuntu-advantage/status.json", json.dumps({
                "attached": bool(services), "expires": "9999-12-31T00:00:00+00:00",
                "services": [{"name": name, "status": "enabled"} for name in services]}))
            done = subprocess.run([usewear, "scan", "--state", state, "--json"], check=True, capture_output=True, timeout=300)
            [found] = [f for f in json.loads(done.stdout)["findings"] if f["id"] == "CVE-2026-9950"]
            answers.append((found["fix_state"], found["fixed_version"]))
    assert answers == [("extended_support", None), ("extended_support", None), ("fixed", "1.0-1ubuntu1+esm1")]


@needs_root
@pytest.mark.skipif(not shutil.which("rpmbuild"), reason="rpmbuild is not installed")
@pytest.mark.parametrize("kind", ["sqlite", "ndb"])
def test_rpm(usewear, waiting, tmp_path, kind):
    root = tmp_path / "rpm"
    put(root / "etc/os-release", 'ID=almalinux\nVERSION_ID="9.3"\n')
    database = rpm_databases.install(root, rpm_databases.build(tmp_path, files={"/usr/bin/quiet": waiting}))
    if kind == "ndb":
        blobs = rpm_databases.headers(database)
        for path in database.parent.glob("rpmdb.sqlite*"):
            path.unlink()
        rpm_databases.write_ndb(database.parent / "Packages.db", blobs)
    with running_in(root, waiting):
        found = used(usewear, tmp_path / "state")
    assert found["alpha"]["ecosystem"] == "AlmaLinux:9" and found["alpha"]["version"] == "2:1.2-3.el9"
    assert found["alpha"]["use"] == "loaded" and found["alpha-tools"]["use"] is None
