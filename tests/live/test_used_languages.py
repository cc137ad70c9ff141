# SPDX-License-Identifier: Apache-2.0
"""Packages that an interpreter uses appear in a look with their flaws, and are never called unused by an engine that
does not know them."""

import subprocess
import zipfile

from whole import Victim, advisory, findings, needs, needs_root, of_package, usewear


def assert_open(found, path):
    """A flaw is there, and where its use was not seen somebody who can see it says so."""
    here = [f for f in found if path in f["package"]["path"]]
    assert here, found
    for finding in here:
        loaded = finding["loaded"]
        assert loaded["answer"] != "not_observed" or loaded["engine"], finding
        assert loaded["answer"] != "unknown" or loaded["reason"], finding
        # Mappings tell nothing of interpreted code.
        assert loaded["engine"] != "mapped" or loaded["answer"] == "yes", finding


@needs_root
@needs("node")
def test_packages_of_a_node_process(tmp_path):
    package = tmp_path / "app/node_modules/lodash"
    package.mkdir(parents=True)
    (package / "package.json").write_text('{"name": "lodash", "version": "4.17.15", "main": "lodash.js"}')
    (package / "lodash.js").write_text("exports.ready = 'ready';")
    script = tmp_path / "app/server.js"
    script.write_text("console.log(require('lodash').ready); process.stdin.resume();")
    with Victim("node", script, cwd="/"):
        report = findings(tmp_path / "state")
    assert_open(of_package(report, "lodash"), str(package))


JAVA = """class Main {
    public static void main(String[] a) throws Exception { System.out.println("ready"); System.in.read(); }
}
"""


@needs_root
@needs("java", "javac")
def test_artefacts_in_a_jar_that_runs(tmp_path):
    (tmp_path / "Main.java").write_text(JAVA)
    subprocess.run(["javac", "-d", tmp_path, tmp_path / "Main.java"], check=True)
    path = tmp_path / "app.jar"
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(tmp_path / "Main.class", "Main.class")
        archive.writestr("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\nMain-Class: Main\n\n")
        archive.writestr("META-INF/maven/org.apache.logging.log4j/log4j-core/pom.properties",
                         "groupId=org.apache.logging.log4j\nartifactId=log4j-core\nversion=2.14.1\n")
    with Victim("java", "-jar", path, cwd="/"):
        report = findings(tmp_path / "state")
    found = of_package(report, "org.apache.logging.log4j:log4j-core")
    assert "CVE-2021-44228" in {f["id"] for f in found}
    assert_open(found, str(path))


C_VICTIM = """
#include <stdio.h>
static const char path[] = "/root/.cargo/registry/src/github.com-1ecc6299db9ec823/smallvec-0.6.9/lib.rs:1";
int main(int n, char **v) { puts(n > 9 ? path : "ready"); fflush(stdout); getchar(); return 0; }
"""


@needs_root
@needs("cc")
def test_crates_in_a_program_of_a_wheel(tmp_path):
    """A file that a package of a language owns holds others: all of them are loaded with it."""
    site = tmp_path / "v/lib/python3.11/site-packages"
    (site / "tool-1.0.dist-info").mkdir(parents=True)
    (site / "tool-1.0.dist-info/METADATA").write_text("Name: tool\nVersion: 1.0\n")
    (site / "tool-1.0.dist-info/RECORD").write_text("tool/server,,\n")
    (site / "tool").mkdir()
    (tmp_path / "x.c").write_text(C_VICTIM)
    subprocess.run(["cc", "-o", site / "tool/server", tmp_path / "x.c"], check=True)
    with Victim(site / "tool/server", cwd=tmp_path):
        report = findings(tmp_path / "state")
    found = [f for f in of_package(report, "smallvec") if str(tmp_path) in f["package"]["path"]]
    assert found and all(f["loaded"]["answer"] == "yes" and f["loaded"]["engine"] == "linked" for f in found), found


@needs_root
def test_bundles_for_browsers_are_not_called_unused(tmp_path):
    """Nobody here runs them, and nobody here sees who does."""
    state, app = tmp_path / "state", tmp_path / "app"
    app.mkdir()
    (app / "site.js").write_text("/*! jQuery v3.4.1 | (c) JS Foundation */" + ";" * 9000)
    usewear(state, "db", "import", str(advisory(tmp_path / "record.json", "jquery", "3.5.0", "npm")))
    with Victim("sh", "-c", "echo ready; read answer", cwd=app):
        report = findings(state)
    found = [f for f in of_package(report, "jquery") if str(app) in f["package"]["path"]]
    assert found and all(f["loaded"]["answer"] == "unknown" for f in found), found
