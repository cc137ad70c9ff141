# SPDX-License-Identifier: Apache-2.0
"""db match against osv-scanner, offline, on the same records: the starter set's. Every difference has to be one that
docs/matching.md explains by the schema. Run by `make check-scanner`, which builds osv-scanner."""
import collections
import functools
import json
import lzma
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import urllib.parse
import zipfile

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
USEWEAR = os.environ.get("USEWEAR", ROOT / "build/usewear")
SCANNER = ROOT / "build/osv-scanner/osv-scanner"
FOLDER = ROOT / "build/osv-scanner"
TYPES = {"npm": "npm", "PyPI": "pypi", "Go": "golang", "crates.io": "cargo", "Maven": "maven", "RubyGems": "gem",
         "Packagist": "composer"}

pytestmark = pytest.mark.skipif(not SCANNER.exists(), reason="no osv-scanner: make check-scanner builds it")


@functools.cache
def records():
    found = collections.defaultdict(list)
    for line in lzma.open(ROOT / "data/starter.jsonl.xz", "rt"):
        if line.startswith("# "):
            section = line.split(" ")[1]
        elif section in TYPES:
            found[section].append(json.loads(line))
    return found


@pytest.fixture(scope="session")
def databases(tmp_path_factory):
    """The same records for both."""
    cache = tmp_path_factory.mktemp("cache")
    for ecosystem in [*records(), "GitHub Actions"]:
        path = cache / "osv-scalibr" / ecosystem / "all.zip"
        path.parent.mkdir(parents=True)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for record in records().get(ecosystem, []):
                archive.writestr(record["id"] + ".json", json.dumps(record))
    state = tmp_path_factory.mktemp("state")
    subprocess.run([USEWEAR, "db", "status", "--state", state], check=True, stdout=subprocess.DEVNULL)
    return cache, state


def purl(ecosystem, name, version):
    name = name.replace(":", "/") if ecosystem == "Maven" else name
    path = "/".join(urllib.parse.quote(part, safe="") for part in name.split("/"))
    return f"pkg:{TYPES[ecosystem]}/{path}@{urllib.parse.quote(version, safe='')}"


def bom(path, packages):
    path.write_text(json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "components": [
        {"type": "library", "bom-ref": str(i), "name": name, "version": version, "purl": purl(ecosystem, name, version)}
        for i, (ecosystem, name, version) in enumerate(packages)]}))
    return path


def run_scanner(path, cache):
    out = path.with_suffix(".osv")
    run = subprocess.run([SCANNER, "scan", "source", "--offline", "--offline-vulnerabilities", "-L", path, "--format", "json",
                          "--output-file", out, "--all-packages"], capture_output=True, text=True,
                         env={**os.environ, "OSV_SCANNER_LOCAL_DB_CACHE_DIRECTORY": str(cache)})
    assert run.returncode in (0, 1), run.stderr
    found = collections.defaultdict(list)
    for result in json.loads(out.read_text())["results"]:
        for package in result["packages"]:
            p = package["package"]
            found[p["ecosystem"], p["name"].lower(), p.get("version", "")] += [
                frozenset(g["ids"]) | frozenset(g.get("aliases", [])) for g in package.get("groups", [])]
    return found


def run_usewear(path, state):
    run = subprocess.run([USEWEAR, "db", "match", "--sbom", path, "--json", "--state", state], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    found = collections.defaultdict(list)
    for f in json.loads(run.stdout)["findings"]:
        p = f["package"]
        found[p["ecosystem"], p["name"].lower(), p["version"]].append(frozenset([f["id"], *f["aliases"], *f["bulletins"]]))
    return found


@functools.cache
def git_first():
    """(ecosystem, name, id) of entries that have a GIT range."""
    return {(e, a["package"]["name"].lower(), r["id"]) for e, all_of in records().items() for r in all_of
            for a in r.get("affected", []) if any(x["type"] == "GIT" for x in a.get("ranges", []))}


@functools.cache
def capitals():
    return {a["package"]["name"].lower() for r in records()["Go"] for a in r["affected"]
            if a["package"]["name"] != a["package"]["name"].lower()}


def spelled_otherwise(ecosystem, name, version, ids):
    """Whether a record names an equal version in another spelling: 9.0.0.M1 for 9.0.0-M1, 3.0.0 for 3.0."""
    others = {v for r in records()[ecosystem] if r["id"] in ids for a in r["affected"] if a["package"]["name"] == name
              for v in [*(a.get("versions") or []), *(v for x in a["ranges"] for e in x["events"] for v in e.values())]}
    return any(other != version and subprocess.run([USEWEAR, "db", "compare", ecosystem, version, other], text=True,
                                                   capture_output=True).stdout == "=\n" for other in others)


def explained(whose, ecosystem, name, version, ids):
    """The differences of docs/matching.md."""
    if whose == "ours" and ecosystem in ("Maven", "Packagist") and spelled_otherwise(ecosystem, name, version, ids):
        return True
    name = name.lower()
    if whose == "ours" and ecosystem == "Go" and name in capitals():
        return True
    return whose == "ours" and any((ecosystem, name, id) in git_first() for id in ids)


def compare(path, packages, databases):
    cache, state = databases
    theirs, ours = run_scanner(path, cache), run_usewear(path, state)
    both, open_ = 0, []
    for ecosystem, name, version in packages:
        key = ecosystem, name.lower(), version
        if ecosystem == "PyPI":
            key = ecosystem, re.sub("[-_.]+", "-", name).lower(), version
        a, b = theirs.get((ecosystem, name.lower(), version)) or theirs.get(key, []), \
            ours.get((ecosystem, name.lower(), version)) or ours.get(key, [])
        both += sum(any(x & y for y in b) for x in a)
        open_ += [("theirs", ecosystem, name, version, sorted(x)) for x in a if not any(x & y for y in b)]
        open_ += [("ours", ecosystem, name, version, sorted(y)) for y in b if not any(x & y for x in a)]
    open_ = [d for d in open_ if not explained(*d)]
    assert not open_, "\n".join(map(str, open_[:10]))
    return both


def test_versions_around_every_boundary(databases, tmp_path):
    """What the advisories themselves name: the versions at which ranges begin and end, and enumerated ones."""
    rng, packages = random.Random(7), []
    for ecosystem, all_of in records().items():
        pool = collections.defaultdict(set)
        for record in all_of:
            for affected in record.get("affected", []):
                if affected["package"]["ecosystem"] != ecosystem:
                    continue
                versions = pool[affected["package"]["name"]]
                versions.update((affected.get("versions") or [])[-3:])
                versions.update(v for r in affected.get("ranges", []) if r["type"] != "GIT" for event in r["events"]
                                for v in event.values() if v not in ("0", "*"))
        names = sorted(pool)
        for name in rng.sample(names, min(200, len(names))):
            packages += [(ecosystem, name, v) for v in rng.sample(sorted(pool[name]), min(2, len(pool[name])))]
    assert len(packages) > 1500
    assert compare(bom(tmp_path / "boundaries.cdx.json", packages), packages, databases) > 1500


def npm_lock(folder):
    wanted = ["express@4.16.0", "lodash@4.17.15", "next@12.0.0", "minimist@1.2.0", "webpack@4.40.0", "mocha@6.0.0"]
    (folder / "package.json").write_text('{"name": "x", "version": "1.0.0"}')
    subprocess.run(["npm", "install", "--package-lock-only", "--ignore-scripts", "--no-audit", "--no-fund", "--legacy-peer-deps",
                    *wanted], cwd=folder, check=True, capture_output=True)
    lock = json.loads((folder / "package-lock.json").read_text())
    return {("npm", key.split("node_modules/")[-1], p["version"]) for key, p in lock["packages"].items() if key}


def pip_report(folder):
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--dry-run", "--ignore-installed",
                    "--only-binary", ":all:", "--python-version", "3.8", "--target", folder / "t", "--report", folder / "report.json",
                    "django==2.2", "flask==1.0", "jinja2==2.10.1", "requests==2.19.1", "cryptography==3.4.6", "pillow==9.0.0",
                    "urllib3<1.24", "tornado==6.1", "aiohttp==3.8.1", "lxml==4.9.1"],
                   check=True, capture_output=True)
    report = json.loads((folder / "report.json").read_text())
    return {("PyPI", i["metadata"]["name"], i["metadata"]["version"]) for i in report["install"]}


def go_modules(folder):
    (folder / "go.mod").write_text("module x\n\ngo 1.21\n\nrequire (\n\tgithub.com/gin-gonic/gin v1.6.0\n"
                                   "\tgithub.com/hashicorp/consul v1.7.0\n\tgithub.com/prometheus/prometheus v2.5.0+incompatible\n)\n")
    run = subprocess.run(["go", "list", "-mod=mod", "-m", "-f", "{{.Path}} {{.Version}}", "all"], cwd=folder, check=True,
                         capture_output=True, text=True)
    return {("Go", *line.split()) for line in run.stdout.splitlines() if " v" in line}


@pytest.mark.parametrize("tool, make", [("npm", npm_lock), (sys.executable, pip_report), ("go", go_modules)], ids=["npm", "pip", "go"])
def test_real_lock_files(databases, tmp_path, tool, make):
    if not shutil.which(tool):
        pytest.skip(f"no {tool} here")
    try:
        packages = sorted(make(tmp_path))
    except subprocess.CalledProcessError as error:
        pytest.skip(f"{tool} could not resolve: {str(error.stderr)[-200:]}")
    assert compare(bom(tmp_path / "lock.cdx.json", packages), packages, databases) >= 5
