# SPDX-License-Identifier: Apache-2.0
"""usewear sbom: valid by the schemas and libraries of the formats' own makers, the same bytes every time, and the
same packages as the tools that installed them."""

import json
import os
import pathlib
import shutil
import subprocess
import sys

import jsonschema
import pytest
import rpm_databases
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

ROOT = pathlib.Path(__file__).resolve().parents[2]
USEWEAR = os.environ.get("USEWEAR", ROOT / "build/usewear")


def sbom(root, *args, **environment):
    done = subprocess.run([USEWEAR, "sbom", "--root", root, *args], text=True, capture_output=True, timeout=120,
                          env={**os.environ, **environment})
    assert done.returncode == 0, done.stderr
    return done.stdout


def packages(root):
    return json.loads(sbom(root, "--json"))["packages"]


def put(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    root = tmp_path_factory.mktemp("tree")
    put(root / "etc/os-release", 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian"\n')
    put(root / "var/lib/dpkg/status",
        "Package: libx1\nStatus: install ok installed\nArchitecture: amd64\nSource: libx (1.2-3)\nVersion: 1.2-3+b1\n\n"
        "Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n\n")
    put(root / "var/lib/dpkg/info/libx1:amd64.list", "/.\n/usr/lib/libx.so.1\n")
    site = root / "srv/app/lib/python3.11/site-packages"
    put(site / "Odd_Näme-1.0.dist-info/METADATA", "Name: Odd_Näme\nVersion: 1.0+lo\"cal\n")
    put(site / "pip/_vendor/vendor.txt", "requests==2.31.0\n")
    return root


def test_cyclonedx_is_valid(tree):
    text = sbom(tree, "--format", "cyclonedx")
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    document = json.loads(text)
    refs = [c["bom-ref"] for c in document["components"]]
    assert len(refs) == 3 and len(set(refs)) == 3
    vendored = next(c for c in document["components"] if c["name"] == "requests")
    assert vendored["purl"] == "pkg:pypi/requests@2.31.0"
    assert vendored["evidence"]["occurrences"][0]["location"].endswith("/pip/_vendor/vendor.txt")
    assert vendored["evidence"]["identity"][0]["methods"][0]["technique"] == "manifest-analysis"


def test_spdx_is_valid(tree, tmp_path):
    path = tmp_path / "tree.spdx.json"
    path.write_text(sbom(tree, "--format", "spdx"))
    assert not validate_full_spdx_document(parse_file(str(path)), "SPDX-2.3")


def test_spdx_tells_what_was_left_out(tmp_path):
    """As all formats do: a list that is short of something must not look whole."""
    put(tmp_path / "tree/var/lib/rpm/rpmdb.sqlite", "no database" * 1000)
    path = tmp_path / "tree.spdx.json"
    path.write_text(sbom(tmp_path / "tree", "--format", "spdx"))
    assert not validate_full_spdx_document(parse_file(str(path)), "SPDX-2.3")
    assert any("usewear:limit=" in a["comment"] and "rpmdb.sqlite" in a["comment"] for a in json.loads(path.read_text())["annotations"])


@pytest.fixture(scope="module")
def spdx_schema(tmp_path_factory):
    """SPDX's own JSON schema, as Syft's module carries it."""
    if not shutil.which("go"):
        pytest.skip("go is not installed")
    done = subprocess.run(["go", "mod", "download", "-json", "github.com/anchore/syft@v1.57.0"], capture_output=True, text=True,
                          cwd=tmp_path_factory.mktemp("go"), timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(pathlib.Path(json.loads(done.stdout)["Dir"], "schema/spdx-json/spdx-schema-2.3.json").read_text())


def test_spdx_is_valid_by_the_official_schema(tree, spdx_schema):
    document = json.loads(sbom(tree, "--format", "spdx"))
    assert len(document["packages"]) == 4
    jsonschema.Draft7Validator(spdx_schema).validate(document)


def test_json_is_valid(tree):
    schema = json.loads((ROOT / "docs/inventory.schema.json").read_text())
    jsonschema.validate(json.loads(sbom(tree, "--format", "json")), schema)


@pytest.mark.parametrize("form", ["cyclonedx", "spdx", "json", "table"])
def test_same_bytes_every_time(tree, form):
    first, second = (sbom(tree, "--format", form, SOURCE_DATE_EPOCH="1700000000") for _ in range(2))
    assert first == second
    if form != "table":
        assert "2023-11-14T22:13:20Z" in first


def test_table_tells_places(tree):
    text = sbom(tree, "--format", "table")
    assert "3 packages" in text and "/var/lib/dpkg/status" in text and "gone" not in text


def test_usage_errors_say_what_to_do(tree, tmp_path):
    for words, hint in ((["--format", "xml"], "cyclonedx"), (["--root", tmp_path / "none"], "none"),
                        (["--all", "--root", tree], "--all"), (["--mounts", "--one-file-system"], "--mounts")):
        done = subprocess.run([USEWEAR, "sbom", *words], capture_output=True, text=True)
        assert done.returncode == 2 and hint in done.stderr and not done.stdout


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_mounts_are_entered_when_asked_for(tmp_path):
    """A disk's file system is, another one (here overlayfs, as of a container) is told; proc never is."""
    for name in ("disk", "layers", "kernel", "lower", "upper", "work"):
        (tmp_path / "root" / name if name in ("disk", "layers", "kernel") else tmp_path / name).mkdir(parents=True)
    package = '{"name": "%s", "version": "1.0.0"}'
    put(tmp_path / "lower/package.json", package % "in-layers")
    put(tmp_path / "root/package.json", package % "here")
    put(tmp_path / "disk.json", package % "on-disk")
    script = f"""
        mount -t tmpfs none {tmp_path}/root/disk && cp {tmp_path}/disk.json {tmp_path}/root/disk/package.json
        mount -t overlay -o lowerdir={tmp_path}/lower,upperdir={tmp_path}/upper,workdir={tmp_path}/work none {tmp_path}/root/layers
        mount -t proc none {tmp_path}/root/kernel
        exec {USEWEAR} sbom --root {tmp_path}/root --json """

    def look(*words):
        done = subprocess.run(["unshare", "-m", "sh", "-ec", script + " ".join(words)], capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        report = json.loads(done.stdout)
        return {p["name"] for p in report["packages"]}, " ".join(report["limits"])

    found, limits = look()
    assert found == {"here", "on-disk"} and "left out: /layers: overlay" in limits and "left out: /kernel: proc" in limits
    found, limits = look("--mounts")
    assert found == {"here", "on-disk", "in-layers"} and "left out: /kernel: proc" in limits
    found, limits = look("--one-file-system")
    assert found == {"here"} and "left out: /disk: tmpfs" in limits


@pytest.mark.skipif(not shutil.which("dpkg-query"), reason="dpkg-query is not here")
def test_same_as_dpkg(tmp_path):
    query = subprocess.run(["dpkg-query", "-W", "-f", "${db:Status-Status} ${Package} ${Version} ${Architecture} "
                            "${source:Package} ${source:Version}\n"], capture_output=True, text=True, check=True)
    expected = {tuple(line.split()[1:]) for line in query.stdout.splitlines() if line.startswith("installed ")}
    if not expected:
        pytest.skip("no package of Debian is installed here")
    shutil.copytree("/var/lib/dpkg", tmp_path / "var/lib/dpkg", ignore=shutil.ignore_patterns("lock*", "triggers"))
    put(tmp_path / "etc/os-release", "ID=debian\nVERSION_ID=12\n")
    linux = {p for p in expected if p[3].startswith("linux")}
    found = {(p["name"], p["version"], p["arch"], p["source"], p["source_version"]) for p in packages(tmp_path)
             if p["method"] == "database"}
    # The kernel's packages are all of source "linux" here, whoever signed them.
    assert {p[:3] for p in found} == {p[:3] for p in expected}
    assert expected - linux <= found


def test_same_as_pip():
    prefix = pathlib.Path(sys.prefix)
    if sys.prefix == sys.base_prefix:
        pytest.skip("these tests do not run in a virtual environment")
    done = subprocess.run([sys.executable, "-m", "pip", "list", "--format", "json", "--disable-pip-version-check"],
                          capture_output=True, text=True, check=True)
    expected = {(p["name"].lower().replace("_", "-").replace(".", "-"), p["version"]) for p in json.loads(done.stdout)}
    found = {(p["name"], p["version"]): p["path"] for p in packages(prefix) if p["ecosystem"] == "PyPI"}
    assert expected <= set(found)
    copies = {key for key, path in found.items() if "/_vendor/" in path}
    assert set(found) - copies <= expected


@pytest.fixture(scope="module")
def rpm_root(tmp_path_factory):
    if not shutil.which("rpmbuild"):
        pytest.skip("rpmbuild is not installed")
    folder = tmp_path_factory.mktemp("rpm")
    root = folder / "root"
    put(root / "etc/os-release", 'ID=rocky\nVERSION_ID="9.3"\n')
    rpm_databases.install(root, rpm_databases.build(folder))
    return root


def assert_alpha(root):
    found = {p["name"]: p for p in packages(root)}
    assert set(found) == {"alpha", "alpha-tools"}
    for package in found.values():
        assert package["version"] == package["source_version"] == "2:1.2-3.el9"
        assert package["source"] == "alpha" and package["ecosystem"] == "Rocky Linux:9"
    assert found["alpha"]["purl"] == "pkg:rpm/rocky-linux/alpha@1.2-3.el9?arch=noarch&distro=rocky-linux-9&epoch=2"


def rpm_query(root, backend, folder):
    """What rpm itself reads there. Headers alone are asked for: the keys of packages are in no older kind."""
    done = subprocess.run(["rpm", "--root", root, "--dbpath", f"/{folder}", "--define", f"_db_backend {backend}", "-qa", "--qf",
                           "%{NAME} %|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE} %{ARCH} %{SOURCERPM}\\n"],
                          capture_output=True, text=True, check=True)
    return {tuple(line.split()) for line in done.stdout.splitlines()}


def assert_same_as_rpm(root, backend, folder):
    expected = rpm_query(root, backend, folder)
    assert expected and expected == {
        (p["name"], p["version"], p["arch"], f"{p['source']}-{p['source_version'].split(':')[-1]}.src.rpm")
        for p in packages(root)}


def test_rpm_sqlite(rpm_root):
    assert_alpha(rpm_root)
    assert_same_as_rpm(rpm_root, "sqlite", "var/lib/rpm")


@pytest.mark.parametrize("kind", ["ndb", "bdb", "bdb-swapped"])
@pytest.mark.parametrize("folder", ["var/lib/rpm", "usr/lib/sysimage/rpm", "usr/share/rpm"])
def test_other_databases_of_rpm(rpm_root, tmp_path, kind, folder):
    if kind != "ndb" and not rpm_databases.loader():
        pytest.skip("the loader of Berkeley DB is not installed")
    blobs = rpm_databases.headers(rpm_root / "var/lib/rpm/rpmdb.sqlite")
    put(tmp_path / "etc/os-release", 'ID=rocky\nVERSION_ID="9.3"\n')
    (tmp_path / folder).mkdir(parents=True)
    if kind == "ndb":
        rpm_databases.write_ndb(tmp_path / folder / "Packages.db", blobs)
    else:
        rpm_databases.write_bdb(tmp_path / folder / "Packages", blobs, kind == "bdb-swapped")
    assert_alpha(tmp_path)
    if kind == "bdb":  # rpm reads its own byte order only, and NDB only where it is built with it
        assert_same_as_rpm(tmp_path, "bdb_ro", folder)


def scene_of(folder, os_release, label=None):
    """A root with both packages, its bill of materials, and a folder for advisories."""
    if not shutil.which("rpmbuild"):
        pytest.skip("rpmbuild is not installed")
    put(folder / "root/etc/os-release", os_release)
    rpm_databases.install(folder / "root", rpm_databases.build(folder, label=label))
    put(folder / "bom.json", sbom(folder / "root", "--format", "cyclonedx"))
    return {p["name"]: p for p in packages(folder / "root")}


def affected_ids(folder, ecosystem, *records):
    """What db match finds in the bill of materials. A record is id, name, fixed version and rpm_modularity."""
    fillers = [(f"x_filler-{i}", f"filler{i}", "1", None) for i in range(12)]
    for id, name, fixed, module in [*fillers, *records]:
        put(folder / f"records/{id}.json", json.dumps({"id": id, "modified": "2026-01-01T00:00:00Z", "affected": [{
            "package": {"ecosystem": ecosystem, "name": name},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": fixed}]}],
            **({"ecosystem_specific": {"rpm_modularity": module}} if module else {})}]}))
    for words in (["import", folder / "records"], ["match", "--sbom", folder / "bom.json", "--json"]):
        done = subprocess.run([USEWEAR, "db", *words, "--state", folder / "state"], text=True, capture_output=True, timeout=120)
        assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["packages"] == 2
    return {f["id"]: sorted([f["package"]["name"], *f["binaries"]]) for f in answer["findings"]}


def test_bill_of_suse_is_matched(tmp_path):
    found = scene_of(tmp_path, 'ID=sles\nVERSION_ID="15.5"\n')
    assert found["alpha-tools"]["ecosystem"] == "SUSE:Linux Enterprise Server 15 SP5"
    assert "distro=sles-15.5" in found["alpha-tools"]["purl"] and "upstream=alpha" in found["alpha-tools"]["purl"]
    suse = "SUSE:Linux Enterprise Server 15 SP5"
    assert affected_ids(tmp_path, suse, ("SUSE-SU-2026:1", "alpha", "2:1.3-1", None), ("SUSE-SU-2026:2", "alpha-tools", "2:1.3-1", None),
                        ("SUSE-SU-2026:3", "alpha", "2:1.2-3.el9", None)) == {
        "SUSE-SU-2026:1": ["alpha", "alpha-tools"], "SUSE-SU-2026:2": ["alpha-tools"]}


def test_sources_and_modules_of_almalinux(tmp_path):
    found = scene_of(tmp_path, 'ID=almalinux\nVERSION_ID="8.9"\n', label="alpha:1:8080020230101:abc")
    assert found["alpha-tools"]["source"] == "alpha" and found["alpha-tools"]["module"] == "alpha:1:8080020230101:abc"
    assert affected_ids(tmp_path, "AlmaLinux:8", ("ALSA-2026:1", "alpha", "2:1.2-9.module_el8", "alpha:1"),
                        ("ALSA-2026:2", "alpha", "2:2.0-1.module_el8", "alpha:2")) == {
        "ALSA-2026:1": ["alpha", "alpha-tools"]}


@pytest.mark.parametrize("name", ["rpmdb.sqlite", "Packages.db", "Packages"])
def test_damaged_databases_are_told(tmp_path, name):
    put(tmp_path / "var/lib/rpm" / name, "no database" * 1000)
    report = json.loads(sbom(tmp_path, "--json"))
    assert not report["packages"] and any(name in limit for limit in report["limits"])


def test_what_was_removed_is_no_package(tmp_path):
    """What pip moved aside when it was stopped, and what vcpkg and opkg only remember."""
    site = tmp_path / "opt/v/lib/python3.11/site-packages"
    for folder, name, version in (("requests-2.31.0", "requests", "2.31.0"), ("~equests-2.0", "requests", "2.0"), ("~rphan-1.0", "orphan", "1.0")):
        put(site / f"{folder}.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    put(tmp_path / "srv/vcpkg/status", "".join(f"Package: {name}\nVersion: 1\nArchitecture: x64-linux\nStatus: {status}\n\n" for name, status in (
        ("fmt", "install ok installed"), ("zlib", "purge ok not-installed"))))
    assert {(p["name"], p["version"]) for p in packages(tmp_path)} == {("requests", "2.31.0"), ("fmt", "1")}
    listed = subprocess.run([sys.executable, "-m", "pip", "list", "--path", site, "--format", "json"], capture_output=True, text=True,
                            check=True).stdout
    assert [(p["name"], p["version"]) for p in json.loads(listed)] == [("requests", "2.31.0")]


@pytest.mark.parametrize("epoch", ["253402300800", "99999999999999999999", "-1", "yesterday"])
def test_a_time_that_is_none_is_refused(tree, epoch):
    done = subprocess.run([USEWEAR, "sbom", "--root", tree], text=True, capture_output=True, timeout=120,
                          env={**os.environ, "SOURCE_DATE_EPOCH": epoch})
    assert done.returncode == 2 and "SOURCE_DATE_EPOCH" in done.stderr and not done.stdout
    assert "9999-12-31T23:59:59Z" in sbom(tree, "--json", SOURCE_DATE_EPOCH="253402300799")


def test_another_content_has_another_serial_number(tmp_path):
    serials = set()
    for source in ("a", "b"):
        put(tmp_path / "var/lib/dpkg/status", f"Package: x\nStatus: install ok installed\nVersion: 1\nSource: {source}\n")
        put(tmp_path / "var/lib/dpkg/info/x.list", "")
        serials.add(json.loads(sbom(tmp_path, "--format", "cyclonedx"))["serialNumber"])
    put(tmp_path / "srv/x.jar", "no archive")
    serials.add(json.loads(sbom(tmp_path, "--format", "cyclonedx"))["serialNumber"])
    assert len(serials) == 3
