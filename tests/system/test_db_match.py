# SPDX-License-Identifier: Apache-2.0
"""usewear db match: what users complain about in scanners is a list of tests here, one named after each."""
import json
import os
import pathlib
import shutil
import subprocess

import jsonschema
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
USEWEAR = os.environ.get("USEWEAR", ROOT / "build/usewear")
SCHEMA = json.loads((ROOT / "docs/matches.schema.json").read_text())


def affected(ecosystem, name, *events, **more):
    return {"package": {"ecosystem": ecosystem, "name": name},
            "ranges": [{"type": "ECOSYSTEM", "events": [dict([e]) for e in events]}], **more}


def since(fixed, first="0"):
    return ("introduced", first), ("fixed", fixed)


def record(id, *packages, **more):
    return {"id": id, "modified": "2026-01-01T00:00:00Z", "affected": list(packages), **more}


def filler(ecosystem):
    """A release that hardly any advisory names counts as not imported."""
    return [record(f"x_{ecosystem}-{i}".replace(" ", "_"), affected(ecosystem, f"filler{i}", *since("1"))) for i in range(12)]


class Database:
    def __init__(self, folder, template):
        shutil.copytree(template, folder / "state")
        self.folder, self.state = folder, folder / "state"

    def add(self, *records):
        path = self.folder / "records"
        path.mkdir(exist_ok=True)
        for r in records:
            (path / (r["id"].replace(":", "_").replace("/", "_") + ".json")).write_text(json.dumps(r))
        run = self.run("import", path)
        assert run.returncode == 0, run.stderr

    def run(self, *args, **more):
        return subprocess.run([USEWEAR, "db", *map(str, args), "--state", str(self.state)], text=True,
                              capture_output=True, timeout=60, **more)

    def match(self, *args, code=0, **more):
        run = self.run("match", *args, "--json", **more)
        assert run.returncode == code, run.stderr
        answer = json.loads(run.stdout)
        jsonschema.Draft202012Validator(SCHEMA).validate(answer)
        return answer

    def ids(self, *args):
        return [f["id"] for f in self.match(*args)["findings"]]


@pytest.fixture
def db(tmp_path, template):
    return Database(tmp_path, template)


# ---- the complaints --------------------------------------------------------------------------------------
def test_kernel_headers_are_not_judged_by_the_upstream_version(db):
    """Headers and images come from one source package; the distribution's own fix counts for both."""
    db.add(*filler("Debian:12"), record("DEBIAN-CVE-2026-9901", affected("Debian:12", "linux", *since("6.1.90-1")),
                                        upstream=["CVE-2026-9901"]))
    old = "pkg:deb/debian/linux-libc-dev@6.1.85-1?distro=debian-12&upstream=linux"
    assert db.ids(old) == ["CVE-2026-9901"]
    assert db.ids(old.replace("6.1.85", "6.1.99")) == []


def test_python_module_owned_by_dpkg_is_judged_by_the_distribution_alone(db):
    db.add(*filler("Debian:12"), record("PYSEC-2026-9901", affected("PyPI", "nosuch", *since("2.31.0"))),
           record("DEBIAN-CVE-2026-9902", affected("Debian:12", "nosuch", *since("2.28.1+dfsg-1+deb12u1")),
                  upstream=["CVE-2026-9902"]))
    assert db.ids("pkg:deb/debian/python3-nosuch@2.28.1%2Bdfsg-1%2Bdeb12u1?distro=debian-12&upstream=nosuch") == []
    assert db.ids("pkg:pypi/nosuch@2.28.1") == ["PYSEC-2026-9901"]


def test_ghsa_and_cve_are_one_finding(db):
    package = affected("npm", "left", *since("2.0.0"))
    db.add(record("GHSA-aaaa-bbbb-cccc", package, aliases=["CVE-2026-9903"]), record("CVE-2026-9903", package))
    found = db.match("pkg:npm/left@1.0.0")["findings"]
    assert [f["id"] for f in found] == ["CVE-2026-9903"] and found[0]["aliases"] == ["GHSA-aaaa-bbbb-cccc"]


def test_backport_is_fixed_by_the_distributions_version(db):
    db.add(*filler("Debian:11"), *filler("Debian:12"),
           record("DSA-9000-1", affected("Debian:12", "openssl", *since("3.0.11-1~deb12u2")), upstream=["CVE-2026-9904"]))
    assert db.ids("pkg:deb/debian/openssl@3.0.11-1~deb12u2?distro=debian-12") == []
    found = db.match("pkg:deb/debian/openssl@3.0.11-1~deb12u1?distro=bookworm")["findings"][0]
    assert (found["id"], found["bulletins"], found["fixed_version"]) == ("CVE-2026-9904", ["DSA-9000-1"], "3.0.11-1~deb12u2")
    assert db.ids("pkg:deb/debian/openssl@1.1.1n-0?distro=debian-11") == []  # another release borrows nothing


def test_one_source_cve_is_one_finding_for_all_its_binary_packages(db):
    db.add(*filler("Debian:12"), record("DSA-9001-1", affected("Debian:12", "curl", *since("7.88.1-10+deb12u6")),
                                        upstream=["CVE-2026-9905"]))
    names = ["curl", "libcurl4", "libcurl3-gnutls"]
    found = db.match(*(f"pkg:deb/debian/{n}@7.88.1-10%2Bdeb12u5?arch=amd64&distro=debian-12&upstream=curl" for n in names))
    assert found["packages"] == 3 and len(found["findings"]) == 1
    assert [found["findings"][0]["package"]["name"], *found["findings"][0]["binaries"]] == names


def test_one_source_cve_is_one_finding_also_where_rpm_advisories_list_binaries(db):
    db.add(*filler("AlmaLinux:9"), record(
        "ALSA-2026:1", *(affected("AlmaLinux:9", n, *since("1:2.0-3.el9")) for n in ("cups", "cups-client", "cups-libs")),
        related=["CVE-2026-9906"]))
    given = [f"pkg:rpm/almalinux/{n}@2.0-1.el9?distro=almalinux-9.3&epoch=1&upstream=cups-2.0-1.el9.src.rpm"
             for n in ("cups", "cups-client", "cups-libs")]
    found = db.match(*given)["findings"]
    assert [f["id"] for f in found] == ["CVE-2026-9906"] and found[0]["binaries"] == ["cups-client", "cups-libs"]
    # only a binary is named: the source's name alone would miss it
    db.add(record("ALSA-2026:2", affected("AlmaLinux:9", "cups-client", *since("1:2.0-9.el9")), related=["CVE-2026-9907"]))
    assert db.ids(given[1]) == ["CVE-2026-9906", "CVE-2026-9907"]
    assert db.ids(given[0]) == ["CVE-2026-9906"]


def test_epoch_counts(db):
    db.add(*filler("Rocky Linux:9"), record("RLSA-2026:1", affected("Rocky Linux:9", "tool", *since("1:1.0-5.el9")),
                                            related=["CVE-2026-9908"]))
    assert db.ids("pkg:rpm/rocky/tool@9.0-1.el9?distro=rocky-9.3") == ["CVE-2026-9908"]  # no epoch is epoch 0
    assert db.ids("pkg:rpm/rocky/tool@1.0-5.el9?distro=rocky-9.3&epoch=1") == []


def test_release_candidate_is_older_than_its_release(db):
    db.add(*filler("Alpine:v3.18"), record("ALPINE-CVE-2026-9909", affected("Alpine:v3.18", "busy", *since("1.6_rc1-r0")),
                                           upstream=["CVE-2026-9909"]),
           record("PYSEC-2026-9909", affected("PyPI", "mod", *since("2.0rc2"))),
           record("GO-2026-9909", affected("Go", "stdlib", *since("1.21.3", "1.21.0-0"))))
    assert db.ids("pkg:apk/alpine/busy@1.6_alpha2-r0?distro=alpine-3.18.4") == ["CVE-2026-9909"]
    assert db.ids("pkg:apk/alpine/busy@1.6-r0?distro=alpine-3.18.4") == []
    assert db.ids("pkg:pypi/mod@2.0rc1") == ["PYSEC-2026-9909"] and db.ids("pkg:pypi/mod@2.0") == []
    assert "GO-2026-9909" in db.ids("pkg:golang/stdlib@go1.21rc2")
    assert "GO-2026-9909" not in db.ids("pkg:golang/stdlib@1.21.3")


def test_modules_of_rpm_distributions_are_numbered_apart(db):
    db.add(*filler("AlmaLinux:8"), record("ALSA-2026:3", affected("AlmaLinux:8", "ruby", *since("3.1.4-1.module_el8.8.0+1+abc")),
                                          related=["CVE-2026-9910"]))
    assert db.ids("pkg:rpm/almalinux/ruby@3.0.4-160.el8?distro=almalinux-8.8") == []
    assert db.ids("pkg:rpm/almalinux/ruby@3.1.2-1.module_el8.7.0%2B1%2Babc?distro=almalinux-8.8") == ["CVE-2026-9910"]


def test_streams_of_one_module_do_not_meet_where_both_are_named(db):
    def fix(id, stream, version, cve):
        return record(id, affected("AlmaLinux:8", "nodejs", *since(version), ecosystem_specific={"rpm_modularity": stream}),
                      related=[cve])
    db.add(*filler("AlmaLinux:8"), fix("ALSA-2026:4", "nodejs:16", "1:16.20.2-1.module_el8.8.0+1+abc", "CVE-2026-9912"),
           fix("ALSA-2026:5", "nodejs:18", "1:18.18.0-1.module_el8.8.0+2+abc", "CVE-2026-9913"))
    sixteen = "pkg:rpm/almalinux/nodejs@16.19.1-1.module_el8.7.0%2B1%2Babc?distro=almalinux-8.8&epoch=1"
    assert db.ids(sixteen + "&rpmmod=nodejs:16:8070020230101:abc") == ["CVE-2026-9912"]
    assert db.ids(sixteen) == ["CVE-2026-9912", "CVE-2026-9913"]  # not told: errs to affected
    assert db.ids(sixteen.replace("16.19.1", "16.20.3") + "&rpmmod=nodejs:16:8070020230101:abc") == []


def test_package_inside_of_a_go_module_is_the_modules(db):
    text = set(db.ids("pkg:golang/golang.org/x/text@v0.3.5"))
    assert "CVE-2021-38561" in text
    assert set(db.ids("pkg:golang/golang.org/x/text/language@v0.3.5")) == text
    assert set(db.ids("pkg:golang/golang.org/x/text@v0.3.5#language")) == text
    assert db.ids("pkg:golang/golang.org/x/text/language@v0.999.0") == []
    assert set(db.ids("pkg:golang/net/http@go1.20.1")) == set(db.ids("pkg:golang/stdlib@1.20.1")) != set()
    # a module inside of another is numbered apart, and no advisory calls it a package of that
    db.add(record("GO-2026-9914", affected("Go", "example.com/outer", *since("9.0.0"), ecosystem_specific={
        "imports": [{"path": "example.com/outer/used", "symbols": ["F"]}]})))
    assert db.ids("pkg:golang/example.com/outer/Used@v1.0.0") == ["GO-2026-9914"]
    assert db.ids("pkg:golang/example.com/outer/inner@v1.0.0") == []


def test_go_pseudo_version_and_development_build(db):
    db.add(record("GO-2026-9911", affected("Go", "example.com/Mod", *since("0.3.0"))))
    assert db.ids("pkg:golang/example.com/mod@v0.2.1-0.20240101000000-abcdefabcdef") == ["GO-2026-9911"]
    assert db.ids("pkg:golang/example.com/mod@v0.3.1-0.20240101000000-abcdefabcdef") == []
    assert db.match("pkg:golang/example.com/mod@(devel)")["not_evaluated"][0]["packages"] == 1


def test_ranges_that_do_not_follow_go_modules_are_low_confidence(db):
    """Go's database says in custom_ranges what its own range cannot: that one then is "all", and "not fixed" no news."""
    custom = {"custom_ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.9.0"}]}]}
    db.add(record("GO-2026-9915", affected("Go", "example.com/custom", ("introduced", "0"), ecosystem_specific=custom)),
           record("GO-2026-9916", affected("Go", "example.com/plain", ("introduced", "0"))),
           record("GO-2026-9917", affected("Go", "example.com/unreadable", *since("what?"))))
    def told(name):
        found = db.match(f"pkg:golang/example.com/{name}@v1.0.0")["findings"]
        return [(f["low_confidence"], f["fix_state"], f["fixed_version"]) for f in found]
    assert told("custom") == told("unreadable") == [(True, "unknown", None)]
    assert told("plain") == [(False, "not_fixed", None)]


# ---- what is said, and what is not -----------------------------------------------------------------------
def test_no_data_is_not_clean(db):
    db.add(record("GHSA-dddd-bbbb-cccc", affected("npm", "left", *since("2.0.0"))))
    answer = db.match("pkg:deb/debian/a@1?distro=debian-12", "pkg:deb/debian/b@1", "pkg:generic/c@1", "pkg:npm/right@1.0.0",
                      "pkg:npm/left", "pkg:deb/linuxmint/d@1?distro=linuxmint-21", "pkg:npm/x@1?repository_url=https://npm.corp")
    assert answer["packages"] == 7 and answer["packages_clean"] == 1 and not answer["findings"]
    reasons = {n["ecosystem"]: n["reason"] for n in answer["not_evaluated"]}
    assert sum(n["packages"] for n in answer["not_evaluated"]) == 6
    assert "no advisories" in reasons["Debian:12"] and "add ?distro=debian-" in reasons["Debian"]
    assert "type generic" in reasons["generic"]
    mends = {n["ecosystem"]: n["mend"] for n in answer["not_evaluated"]}
    assert mends["Debian:12"] == "usewear db update Debian" and mends["linuxmint:21"] is None  # there is nothing to fetch


def test_releases_are_read_as_they_are_spelled(db):
    db.add(record("CVE-2099-2", affected("Alpine:v3.22", "a", *since("2-r0"))))
    for distro in ("3.22", "3.22.1", "alpine-3.22.1", "alpine-v3.22", "v3.22"):
        assert db.ids(f"pkg:apk/alpine/a@1-r0?distro={distro}") == ["CVE-2099-2"], distro
    for distro in ("edge", "alpine", "alpine-v", "alpine-3.2", "debian-v3.22"):
        assert db.ids(f"pkg:apk/alpine/a@1-r0?distro={distro}") == [], distro


def test_cousins_lend_nothing(db):
    db.add(*filler("Debian:12"), *filler("Red Hat:enterprise_linux:9"), *filler("openSUSE:Leap 15.6"),
           record("CVE-2099-1", affected("Debian:12", "d", *since("2")),
                  affected("Red Hat:enterprise_linux:9", "r", *since("2")), affected("openSUSE:Leap 15.6", "s", *since("2"))))
    assert db.ids("pkg:deb/debian/d@1?distro=bookworm") == ["CVE-2099-1"]
    assert db.ids("pkg:rpm/redhat/r@1?distro=rhel-9.3") == ["CVE-2099-1"]
    assert db.ids("pkg:rpm/opensuse/s@1?distro=opensuse-leap-15.6") == ["CVE-2099-1"]
    assert db.ids("pkg:deb/d@1?distro=debian-12") == ["CVE-2099-1"]
    assert db.ids("pkg:rpm/opensuse/s@1?distro=opensuse-Leap%2015.6") == ["CVE-2099-1"]  # as scan and sbom spell it
    answer = db.match("pkg:deb/raspbian/d@1?distro=bookworm", "pkg:rpm/fedora/r@1?distro=rhel-9.3",
                      "pkg:rpm/centos/r@9?distro=rhel-9")
    assert not answer["findings"] and answer["packages_clean"] == 0
    assert all("two distributions" in n["reason"] for n in answer["not_evaluated"])


def test_registries_with_advisories_of_their_own(db):
    drupal = "Packagist:https://packages.drupal.org/8"
    db.add(*filler(drupal), record("DRUPAL-1", affected(drupal, "drupal/nosuch", *since("9.0.0"))))
    assert db.ids("pkg:composer/drupal/nosuch@8.0.0?repository_url=https://packages.drupal.org/8") == ["DRUPAL-1"]
    assert db.ids("pkg:composer/drupal/nosuch@8.0.0") == ["DRUPAL-1"]  # no other registry has names of that vendor
    assert db.ids("pkg:composer/drupal/nosuch@9.0.0") == []


def test_jars_are_asked_in_all_registries_of_maven(db):
    google = "Maven:https://maven.google.com"
    db.add(*filler(google), record("GHSA-gggg-bbbb-cccc", affected(google, "androidx.a:b", *since("2.0.0"))))
    assert db.ids("pkg:maven/androidx.a/b@1.0.0") == ["GHSA-gggg-bbbb-cccc"]  # a jar does not say where it is from
    assert db.ids("pkg:maven/androidx.a/b@1.0.0?repository_url=https://maven.google.com/") == ["GHSA-gggg-bbbb-cccc"]
    assert db.ids("pkg:maven/androidx.a/b@2.0.0") == []
    log4j = "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1?repository_url=https://maven.google.com"
    assert db.ids(log4j) == []  # another registry's package of that name


def test_a_malformed_purl_gets_one_line_and_the_others_are_matched(db):
    answer = db.match("pkg:npm", "pkg:pypi/jinja2@2.11.2", code=2)
    assert len(answer["malformed"]) == 1 and "CVE-2020-28493" in {f["id"] for f in answer["findings"]}
    run = db.run("match", "pkg:npm")
    assert run.returncode == 2 and run.stdout.count("is no package URL") == 1


def test_names_are_normalised_as_their_registries_do(db):
    db.add(record("GHSA-eeee-bbbb-cccc", affected("NuGet", "Big.Lib", *since("2.0.0"))),
           record("PYSEC-2026-9920", affected("PyPI", "My_Mod.x", *since("2"))),
           record("GHSA-ffff-bbbb-cccc", affected("npm", "JSONStream", *since("2.0.0"))))
    assert db.ids("pkg:nuget/big.lib@1.0.0") == ["GHSA-eeee-bbbb-cccc"]
    assert db.ids("pkg:pypi/my-mod-x@1") == ["PYSEC-2026-9920"]
    assert db.ids("pkg:npm/JSONStream@1.0.0") == ["GHSA-ffff-bbbb-cccc"]
    assert db.ids("pkg:npm/jsonstream@1.0.0") == []  # another package


def test_lines_and_files_are_read(db, tmp_path):
    purl = "pkg:pypi/jinja2@2.11.2"
    ids = set(db.ids(purl))
    assert "CVE-2020-28493" in ids
    answer = db.match("-", input=f"# two\n{purl}\n\n{purl}\n")
    assert {f["id"] for f in answer["findings"]} == ids and answer["packages"] == 1
    component = {"type": "library", "name": "jinja2", "version": "2.11.2", "purl": purl}
    boms = {
        "cdx": {"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [component, {"type": "library", "name": "own"}]},
        "spdx": {"spdxVersion": "SPDX-2.3", "packages": [{"name": "jinja2", "externalRefs": [
            {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": purl}]}, {"name": "own"}]},
        "syft": {"artifacts": [component, {"name": "own"}], "distro": {"id": "debian", "versionID": "12"}},
    }
    for name, bom in boms.items():
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps(bom))
        answer = db.match("--sbom", path)
        assert {f["id"] for f in answer["findings"]} == ids, name
        assert answer["packages"] == 2 and answer["not_evaluated"][0]["packages"] == 1
    (tmp_path / "no.json").write_text("{}")
    run = db.run("match", "--sbom", tmp_path / "no.json")
    assert run.returncode == 2 and "no bill of materials" in run.stderr and run.stderr.count("\n") == 1


def test_what_a_list_lacks_is_told(db, tmp_path):
    """Clean is what was compared; a list that says itself that it is short of something is not all clean."""
    (tmp_path / "tree/var/lib/rpm").mkdir(parents=True)
    (tmp_path / "tree/var/lib/rpm/rpmdb.sqlite").write_text("no database" * 1000)
    for form in ("cyclonedx", "spdx"):
        path = tmp_path / f"{form}.json"
        path.write_bytes(subprocess.run([USEWEAR, "sbom", "--root", tmp_path / "tree", "--format", form], check=True,
                                        capture_output=True).stdout)
        assert any("rpmdb.sqlite" in limit for limit in db.match("--sbom", path)["limits"]), form
        assert "Not in the list: var/lib/rpm/rpmdb.sqlite" in db.run("match", "--sbom", path).stdout
    assert db.match("pkg:npm/left@1.0.0")["limits"] == []


def test_exploitation_and_severity_are_told(db, tmp_path):
    epss = tmp_path / "epss.csv"
    epss.write_text("#model_version:v2026.01.01,score_date:2026-11-01T00:00:00+0000\ncve,epss,percentile\n"
                    "CVE-2021-44228,0.97,0.999\n")
    assert db.run("import", epss).returncode == 0
    found = {f["id"]: f for f in db.match("pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1")["findings"]}["CVE-2021-44228"]
    assert found["kev"]["ransomware"] and found["epss"] == {"score": 0.97, "percentile": 0.999, "date": "2026-11-01"}
    assert found["severity"]["rating"] == "critical" and found["severity"]["score"] == 10
    assert found["fix_state"] == "fixed" and found["fixed_version"]


def test_show_takes_any_name(db):
    shown = [db.run("show", name, "--json") for name in ("CVE-2020-28493", "cve-2020-28493", "GHSA-g3rq-g295-4j3m", "PYSEC-2021-66")]
    assert {run.returncode for run in shown} == {0} and len({run.stdout for run in shown}) == 1
    bug = json.loads(shown[0].stdout)
    assert bug["id"] == "CVE-2020-28493" and {"PYSEC-2021-66", "GHSA-g3rq-g295-4j3m"} <= set(bug["aliases"])
    assert bug["records"][0]["affected"][0]["ranges"] == [[{"introduced": "0"}, {"fixed": "2.11.3"}]]
    assert {"kind": "root", "container": "jinja2.utils", "function": "urlize", "signature": None, "source": "Usewear"} in bug["symbols"]
    text = db.run("show", "PYSEC-2021-66").stdout
    assert text.startswith("CVE-2020-28493  also ") and "all before 2.11.3" in text
    run = db.run("show", "CVE-1900-0001")
    assert run.returncode == 2 and "no advisory has the id" in run.stderr and run.stderr.count("\n") == 1


# ---- functions -------------------------------------------------------------------------------------------
def test_all_functions_are_listed_one_object_a_line(db):
    run = db.run("symbols", "--all", "--json")
    assert run.returncode == 0, run.stderr
    rows = [json.loads(line) for line in run.stdout.splitlines()]
    fields = {"advisory", "aliases", "ecosystem", "package", "container", "function", "signature", "kind", "source"}
    limits = {"versions", "platforms"}
    assert len(rows) > 10000 and all(set(row) - limits == fields and row["function"] for row in rows)
    kinds = {row["kind"] for row in rows}
    assert kinds == {"root", "derived", "entry", "fix", "unspecified"}
    go = [row for row in rows if row["advisory"] == "GO-2021-0113"]
    assert {row["kind"] for row in go} == {"root", "derived"} and "CVE-2021-38561" in go[0]["aliases"]


def test_functions_of_an_id_or_a_package(db):
    def rows(what):
        run = db.run("symbols", what, "--json")
        assert run.returncode == 0, run.stderr
        return [json.loads(line) for line in run.stdout.splitlines()]
    assert rows("CVE-2021-38561") == rows("GO-2021-0113") != []
    own = rows("PYSEC-2021-66")
    assert [(r["container"], r["function"], r["source"]) for r in own] == [("jinja2.utils", "urlize", "Usewear")]
    assert {r["advisory"] for r in rows("smallvec")} == {r["advisory"] for r in rows("pkg:cargo/smallvec")} >= {"RUSTSEC-2021-0003"}
    assert "no function is named" in db.run("symbols", "nosuchpackage").stdout
    assert "urlize" in db.run("symbols", "CVE-2020-28493").stdout


def test_functions_that_ghsa_names_are_cut_by_ecosystem(db):
    specific = {"ecosystem_specific": {"affected_functions": ["", "org.x.Files.makeTemp", "org.x.Files"]}}
    db.add(record("GHSA-hhhh-bbbb-cccc", affected("Maven", "g:a", *since("2"), **specific)))
    found = db.match("pkg:maven/g/a@1")["findings"][0]["symbols"]
    assert [(s["container"], s["function"], s["kind"]) for s in found] == [("org.x.Files", "makeTemp", "unspecified")]
