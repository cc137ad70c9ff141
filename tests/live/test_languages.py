# SPDX-License-Identifier: Apache-2.0
"""Packages that an interpreter uses appear in a look with their flaws, and are never called unused by an engine that
does not know them."""

import subprocess
import zipfile

from whole import Victim, findings, needs, needs_root, of_package


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
