# SPDX-License-Identifier: Apache-2.0
"""usewear sbom of trees that npm, pip and Maven's formats leave behind: what the package managers' own tools list is
listed, what lies in archives is found without unpacking them, and hostile archives do no harm."""

import io
import json
import os
import pathlib
import shutil
import sqlite3
import struct
import subprocess
import sys
import zipfile
import zlib

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
USEWEAR = os.environ.get("USEWEAR", ROOT / "build/usewear")


def inventory(root):
    done = subprocess.run([USEWEAR, "sbom", "--root", root, "--json"], text=True, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def packages(root, ecosystem):
    """{(name, version)} and what is said of each."""
    return {(p["name"], p["version"]): p for p in inventory(root)["packages"] if p["ecosystem"] == ecosystem}


def put(path, content=""):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


# ---- Node ---------------------------------------------------------------------------------------------------


def npm_list(folder):
    """What npm itself says is installed."""
    found = set()

    def walk(node):
        for name, child in node.get("dependencies", {}).items():
            if "version" in child:
                found.add((name, child["version"]))
            walk(child)

    walk(json.loads(subprocess.run(["npm", "ls", "--all", "--json"], cwd=folder, capture_output=True).stdout))
    return found


def test_packages_of_npm(tmp_path):
    app = tmp_path / "srv/app"
    put(app / "package.json", '{"name": "app", "version": "1.0.0", "private": true}')
    subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "express@4", "lodash@4.17.20",
                    "resolve@1"], cwd=app, check=True, capture_output=True, timeout=300)
    found = packages(tmp_path, "npm")
    assert set(found) == npm_list(app) | {("app", "1.0.0")}
    assert len(found) > 50
    # What `resolve` carries for its own tests is no package.
    assert list(app.glob("node_modules/resolve/test/**/package.json"))
    assert not [p for p in found.values() if "/test/" in p["path"]]


def test_layouts_of_pnpm_and_yarn(tmp_path):
    store = tmp_path / "srv/node_modules/.pnpm/lodash@4.17.20/node_modules/lodash"
    put(store / "package.json", '{"name": "lodash", "version": "4.17.20"}')
    os.symlink(".pnpm/lodash@4.17.20/node_modules/lodash", tmp_path / "srv/node_modules/lodash")
    with zipfile.ZipFile(io.BytesIO(), "w") as archive:
        archive.writestr("node_modules/@a/b/package.json", '{"name": "@a/b", "version": "2.0.0"}')
        archive.writestr("node_modules/@a/b/test/x/package.json", '{"name": "x", "version": "3.0.0"}')
        buffer = archive.fp
    put(tmp_path / "srv/y/.yarn/cache/@a-b-npm-2.0.0-0123.zip", buffer.getvalue())
    put(tmp_path / "srv/www/bundle.js", "/*! jQuery v3.4.1 | (c) JS Foundation */" + ";" * 9000)
    found = packages(tmp_path, "npm")
    assert set(found) == {("lodash", "4.17.20"), ("@a/b", "2.0.0"), ("jquery", "3.4.1")}
    assert found["lodash", "4.17.20"]["path"].startswith("/srv/node_modules/.pnpm/")
    guess = found["jquery", "3.4.1"]
    assert guess["confidence"] < 100 and "jQuery v3.4.1" in guess["detail"]


def npm_exec(folder, *words, packages=()):
    subprocess.run(["npm", "exec", "--yes", *[f"--package={p}" for p in packages], "--", *words], cwd=folder, check=True,
                   capture_output=True, timeout=300)


@pytest.mark.skipif(not shutil.which("npm"), reason="no npm here")
def test_bundles_and_archives_of_their_own_tools(tmp_path):
    """What Electron's archiver and a bundler leave of three packages."""
    app = tmp_path / "build/app"
    put(app / "package.json", '{"name": "desk", "version": "3.1.0", "private": true}')
    put(app / "main.js", "import map from 'lodash/map.js'; import ms from 'ms'; console.log(map, ms);")
    subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "lodash@4.17.20", "ms@2.1.2",
                    "@babel/runtime@7.20.1"], cwd=app, check=True, capture_output=True, timeout=300)
    installed = npm_list(app)
    root = tmp_path / "root"
    for folder in ("opt/desk", "srv/www", "srv/broken"):
        (root / folder).mkdir(parents=True)
    npm_exec(app, "asar", "pack", app, root / "opt/desk/app.asar", packages=["@electron/asar@3.2.10"])
    npm_exec(app, "esbuild", "main.js", "--bundle", f"--outfile={root}/srv/www/main.js", packages=["esbuild@0.21.5"])
    put(root / "srv/broken/app.asar", (root / "opt/desk/app.asar").read_bytes()[:500])
    report = inventory(root)
    found = {(p["name"], p["version"]): p for p in report["packages"]}
    assert {key for key, p in found.items() if p["path"] == "/opt/desk/app.asar"} == installed | {("desk", "3.1.0")}
    assert {key for key, p in found.items() if p["path"] == "/srv/www/main.js"} == {("lodash", None), ("ms", None)}
    guess = found["lodash", None]
    assert guess["confidence"] == 50 and "node_modules/lodash/" in guess["detail"]
    assert any("/srv/broken/app.asar" in limit for limit in report["limits"])


# ---- Java ---------------------------------------------------------------------------------------------------


def jar(entries, method=zipfile.ZIP_DEFLATED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def pom(group, artifact, version):
    return {f"META-INF/maven/{group}/{artifact}/pom.properties":
            f"groupId={group}\nartifactId={artifact}\nversion={version}\n"}


def prints(artifact):
    """Root and classes of an artefact in the table of class names."""
    for line in open(ROOT / "data/signatures/java.txt", encoding="ascii"):
        if line.startswith(artifact + " "):
            _, root, *classes = line.split()
            return root, classes
    raise KeyError(artifact)


def test_archives_in_archives(tmp_path):
    core = jar({**pom("org.apache.logging.log4j", "log4j-core", "2.14.1"), "org/apache/logging/log4j/core/Core.class": ""})
    beans = jar({"META-INF/MANIFEST.MF": "Implementation-Title: spring-beans\nImplementation-Version: 5.3.17\n",
                 "org/springframework/beans/BeanUtils.class": ""})
    deep = jar({"WEB-INF/lib/inner.jar": jar({"META-INF/maven/g/inner/pom.xml":
               "<project><groupId>g</groupId><artifactId>inner</artifactId><version>7</version></project>"})})
    app = jar({**pom("com.example", "demo", "1.0"), "BOOT-INF/lib/log4j-core-2.14.1.jar": core,
               "BOOT-INF/lib/spring-beans-5.3.17.jar": beans, "web.war": deep}, zipfile.ZIP_STORED)
    put(tmp_path / "srv/demo.jar", app)
    put(tmp_path / "srv/script.jar", b"#!/bin/sh\nexec java -jar $0\n" + jar(pom("a", "b", "1")))
    put(tmp_path / "srv/packed.ear", jar({"lib/log4j-core-2.14.1.jar": core}))
    found = packages(tmp_path, "Maven")
    assert {k for k in found if k[0] != "packed"} == {
        ("com.example:demo", "1.0"), ("org.apache.logging.log4j:log4j-core", "2.14.1"),
        ("org.springframework:spring-beans", "5.3.17"), ("g:inner", "7"), ("a:b", "1")} | {
        k for k in found if k[0] in ("web",)}
    assert found["g:inner", "7"]["path"] == "/srv/demo.jar!/web.war!/WEB-INF/lib/inner.jar"


@pytest.mark.parametrize("prefix, confidence", [(None, 90), ("com/acme/moved", 75)])
def test_shaded_copies_are_named_by_their_classes(tmp_path, prefix, confidence):
    root, classes = prints("com.fasterxml.jackson.core:jackson-databind")
    place = prefix or root
    entries = {f"{place}/{c.lstrip('=')}.class": "" for c in classes}
    text = b"2.13.2"
    version = next(c for c in classes if c.startswith("="))[1:]
    entries[f"{place}/{version}.class"] = b"\xca\xfe\xba\xbe\0\0\0\x34\0\x02\x01" + struct.pack(">H", len(text)) + text
    entries |= {f"com/acme/tool/C{i}.class": "" for i in range(20)} | pom("com.acme", "tool", "1.0")
    put(tmp_path / "srv/tool-1.0.jar", jar(entries))
    found = packages(tmp_path, "Maven")
    assert set(found) == {("com.acme:tool", "1.0"), ("com.fasterxml.jackson.core:jackson-databind", "2.13.2")}
    inner = found["com.fasterxml.jackson.core:jackson-databind", "2.13.2"]
    assert inner["confidence"] == confidence and place in inner["detail"]


POM = """<project><groupId>com.acme</groupId><artifactId>tool</artifactId><version>1.0</version>
<properties><guava>30.0-jre</guava></properties><dependencies><dependency><groupId>com.google.guava</groupId>
<artifactId>guava</artifactId><version>${guava}</version></dependency></dependencies></project>"""


def test_versions_of_shaded_copies_as_their_project_asks(tmp_path):
    """Maven leaves the project's own pom in the jar, Apache's builds a list of dependencies."""
    moved = {}
    for artifact in ("com.google.guava:guava", "org.apache.commons:commons-lang3"):
        moved |= {f"com/acme/moved/{artifact[-5:]}/{c.lstrip('=')}.class": "" for c in prints(artifact)[1]}
    moved |= {f"com/acme/tool/C{i}.class": "" for i in range(20)} | pom("com.acme", "tool", "1.0")
    moved["META-INF/maven/com.acme/tool/pom.xml"] = POM
    moved["META-INF/DEPENDENCIES"] = "  - Apache Commons Lang (https://x/) org.apache.commons:commons-lang3:jar:3.12.0\n"
    put(tmp_path / "srv/tool-1.0.jar", jar(moved))
    found = packages(tmp_path, "Maven")
    assert set(found) == {("com.acme:tool", "1.0"), ("com.google.guava:guava", "30.0-jre"),
                          ("org.apache.commons:commons-lang3", "3.12.0")}
    assert "pom.xml" in found["com.google.guava:guava", "30.0-jre"]["detail"]
    assert not any(p["not_evaluated"] for p in found.values())


def bomb():
    """One kilobyte that says it is ten gigabytes, as an archive in an archive."""
    stream = zlib.compressobj(9, zlib.DEFLATED, -15)
    zeros = b"\0" * (1 << 20)
    packed = b"".join(stream.compress(zeros) for _ in range(64)) + stream.flush()
    name = b"lib/bomb.jar"
    local = struct.pack("<IHHHHHIIIHH", 0x04034b50, 20, 0, 8, 0, 0, 0, len(packed), 0xfffffff0, len(name), 0) + name
    central = struct.pack("<IHHHHHHIIIHHHHHII", 0x02014b50, 20, 20, 0, 8, 0, 0, 0, len(packed), 0xfffffff0, len(name), 0,
                          0, 0, 0, 0, 0) + name
    end = struct.pack("<IHHHHIIH", 0x06054b50, 0, 0, 1, 1, len(central), len(local) + len(packed), 0)
    return local + packed + central + end


def nest(depth):
    content = jar(pom("deep", "deep", str(depth)))
    for _ in range(depth):
        content = jar({"a.jar": content}, zipfile.ZIP_STORED)
    return content


def test_hostile_archives(tmp_path):
    put(tmp_path / "srv/bomb.jar", bomb())
    put(tmp_path / "srv/nested.jar", nest(30))
    put(tmp_path / "srv/empty.jar")
    put(tmp_path / "srv/text.jar", "not an archive")
    put(tmp_path / "srv/cut.jar", jar(pom("a", "cut", "1"))[:-30])
    put(tmp_path / "srv/good.jar", jar(pom("a", "good", "1")))
    os.mkfifo(tmp_path / "srv/fifo.jar")
    os.symlink("/etc/passwd", tmp_path / "srv/link.jar")
    told = inventory(tmp_path)
    names = {p["name"] for p in told["packages"]}
    assert "a:good" in names and "deep:deep" not in names and "a:cut" not in names
    limits = "\n".join(told["limits"])
    for name in ("bomb.jar", "nested.jar", "text.jar", "cut.jar"):
        assert f"/srv/{name}" in limits, limits


def test_java_runtime(tmp_path):
    put(tmp_path / "opt/jdk/release", 'IMPLEMENTOR="Eclipse Adoptium"\nJAVA_VERSION="17.0.9"\n')
    put(tmp_path / "opt/jdk/lib/jrt-fs.jar", jar({"META-INF/MANIFEST.MF": "Implementation-Version: 17\n"}))
    put(tmp_path / "opt/other/release", "Debian GNU/Linux 12\n")
    found = inventory(tmp_path)["packages"]
    assert [(p["name"], p["version"]) for p in found] == [("openjdk", "17.0.9")]


# ---- others -------------------------------------------------------------------------------------------------


def test_assemblies_of_pythonnet(tmp_path):
    site = tmp_path / "opt/v/lib/python3.11/site-packages"
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", site, "pythonnet",
                    "clr_loader"], check=True, timeout=300)
    deps = json.loads(next(site.glob("pythonnet/runtime/*.deps.json")).read_text())
    found = packages(tmp_path, "NuGet")
    # Tools of the build and what the framework has itself left no file behind.
    groups = ("runtime", "native", "resources", "runtimeTargets")
    there = {tuple(key.split("/")) for target in deps["targets"].values() for key, library in target.items()
             if any(library.get(group) for group in groups)}
    assert {key for key, package in found.items() if package["path"].endswith(".deps.json")} == there
    assert len(deps["libraries"]) > len(there) > 2
    assembly = found["ClrLoader", "1.0.0"]
    assert assembly["confidence"] < 100 and assembly["detail"] == "assembly ClrLoader, version 1.0.0.0"


@pytest.mark.skipif(not shutil.which("gem"), reason="no gem here")
def test_same_as_gem_list(tmp_path):
    """The gems of this host, by their specifications alone."""
    dirs = subprocess.run(["ruby", "-e", "puts Gem::Specification.dirs, Gem.default_specifications_dir"], capture_output=True,
                          text=True, check=True).stdout.split()
    for folder in dict.fromkeys(dirs):
        if os.path.isdir(folder):
            shutil.copytree(folder, f"{tmp_path}{folder}", dirs_exist_ok=True)
    expected = set()
    for line in subprocess.run(["gem", "list", "--local"], capture_output=True, text=True, check=True).stdout.splitlines():
        name, _, versions = line.partition(" (")
        for version in versions.rstrip(")").split(", "):
            expected.add((name, version.removeprefix("default: ").split()[0]))
    assert len(expected) > 10 and set(packages(tmp_path, "RubyGems")) == expected


@pytest.mark.skipif(not shutil.which("go"), reason="no go here")
def test_same_as_go_version(tmp_path):
    source = tmp_path / "source"
    put(source / "go.mod", "module example.com/hello\n\nrequire rsc.io/quote v1.5.2\n")
    put(source / "main.go", 'package main\n\nimport "rsc.io/quote"\n\nfunc main() { println(quote.Hello()) }\n')
    environment = {**os.environ, "GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local"}
    for words in (["mod", "tidy"], ["build", "-o", tmp_path / "root/usr/bin/hello"]):
        subprocess.run(["go", *words], cwd=source, check=True, capture_output=True, timeout=300, env=environment)
    done = subprocess.run(["go", "version", "-m", tmp_path / "root/usr/bin/hello"], capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    expected = {("stdlib", lines[0].rsplit(" go", 1)[1])}
    expected |= {tuple(words[1:3]) for words in map(str.split, lines[1:]) if words[0] in ("mod", "dep")}
    assert len(expected) > 3
    found = {(name, version or "(devel)") for name, version in packages(tmp_path / "root", "Go")}
    assert found == expected


@pytest.mark.skipif(not shutil.which("go"), reason="no go here")
@pytest.mark.parametrize("system, processor", [("windows", "amd64"), ("linux", "s390x"), ("darwin", "arm64")])
def test_go_programs_for_other_systems(tmp_path, system, processor):
    """What is linked into them is known; whether they are used is not."""
    source, name = tmp_path / "source", "hello.exe" if system == "windows" else "hello"
    put(source / "go.mod", "module example.com/hello\n\ngo 1.18\n")
    put(source / "main.go", "package main\n\nfunc main() {}\n")
    environment = {**os.environ, "GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local", "GOOS": system, "GOARCH": processor,
                   "CGO_ENABLED": "0"}
    subprocess.run(["go", "build", "-o", tmp_path / "root/srv" / name], cwd=source, check=True, capture_output=True, timeout=300,
                   env=environment)
    report = inventory(tmp_path / "root")
    assert sorted(p["name"] for p in report["packages"]) == ["example.com/hello", "stdlib"], report


def test_ruby_php_and_the_small_ones(tmp_path):
    home = tmp_path / "var/lib/gems/3.1.0"
    put(home / "specifications/rack-2.2.6.gemspec", "# stub: rack 2.2.6 ruby lib\n")
    put(home / "specifications/default/json-2.6.1.gemspec", 's.name = "json"\ns.version = "2.6.1"\n')
    put(home / "gems/rack-2.2.6/rack.gemspec", 's.name = "other"\ns.version = "1"\n')
    git = tmp_path / "srv/vendor/bundle/ruby/3.1.0/bundler/gems/foo-0a1b2c"
    put(git / "foo.gemspec", 'require "foo/version"\ns.name = "foo"\ns.version = Foo::VERSION\n')
    put(git / "lib/foo/version.rb", 'module Foo\n  VERSION = "0.9"\nend\n')
    assert set(packages(tmp_path, "RubyGems")) == {("rack", "2.2.6"), ("json", "2.6.1"), ("foo", "0.9")}

    put(tmp_path / "srv/php/vendor/composer/installed.json",
        '{"packages": [{"name": "guzzlehttp/guzzle", "version": "7.4.4", "install-path": "../guzzlehttp/guzzle"}]}')
    put(tmp_path / "srv/php2/vendor/composer/installed.php",
        "<?php return array(\n    'root' => array(\n        'name' => 'a/b',\n    ),\n    'versions' => array(\n"
        "        'psr/log' => array(\n            'pretty_version' => '1.1.4',\n        ),\n    ),\n);\n")
    assert set(packages(tmp_path, "Packagist")) == {("guzzlehttp/guzzle", "7.4.4"), ("psr/log", "1.1.4")}

    put(tmp_path / "opt/app/lib/cowboy-2.9.0/ebin/cowboy.app", '{application, cowboy, [{vsn, "2.9.0"}]}.')
    put(tmp_path / "usr/lib/R/site-library/jsonlite/DESCRIPTION", "Package: jsonlite\nVersion: 1.8.4\n")
    assert set(packages(tmp_path, "Hex")) == {("cowboy", "2.9.0")}
    assert set(packages(tmp_path, "CRAN")) == {("jsonlite", "1.8.4")}


C_COPY = """
#include <stdio.h>
static const char openssl[] = "OpenSSL 1.1.1k  25 Mar 2021";
static const char path[] = "/root/.cargo/registry/src/github.com-1ecc6299db9ec823/smallvec-0.6.9/lib.rs:1";
int main(int n, char **v) { puts(n > 1 ? openssl : path); return 0; }
"""


def test_native_copies_are_guesses_with_their_place(tmp_path):
    put(tmp_path / "x.c", C_COPY)
    (tmp_path / "root/opt").mkdir(parents=True)
    program = tmp_path / "root/opt/server"
    subprocess.run(["cc", "-o", program, tmp_path / "x.c"], check=True)
    found = {(p["ecosystem"], p["name"], p["version"]): p for p in inventory(tmp_path / "root")["packages"]}
    assert set(found) == {("binary", "openssl", "1.1.1k"), ("crates.io", "smallvec", "0.6.9")}
    for p in found.values():
        place = int(p["detail"].split(":")[0], 16)
        expected = b"OpenSSL 1.1.1k" if p["name"] == "openssl" else b"/registry/src/"
        assert program.read_bytes()[place:].startswith(expected)
        assert p["confidence"] < 100


def test_a_guessed_program_has_advisories_and_stays_a_guess(tmp_path):
    """nginx that somebody built: OSV has its own versions under Bitnami's name."""
    put(tmp_path / "x.c", '#include <stdio.h>\nint main(void) { puts("nginx version: nginx/1.18.0"); return 0; }\n')
    (tmp_path / "root/opt").mkdir(parents=True)
    for name in ("nginx", "other"):  # what only quotes the text has no advisories
        subprocess.run(["cc", "-o", tmp_path / "root/opt" / name, tmp_path / "x.c"], check=True)
    found = {p["path"]: p for p in inventory(tmp_path / "root")["packages"]}
    assert found["/opt/nginx"]["purl"] == "pkg:bitnami/nginx@1.18.0" and found["/opt/nginx"]["confidence"] == 75
    assert found["/opt/other"]["ecosystem"] == "binary" and found["/opt/other"]["not_evaluated"]
    records = tmp_path / "records"
    for number in range(12):
        put(records / f"BIT-{number}.json", json.dumps({
            "id": f"BIT-nginx-{number}", "modified": "2026-01-01T00:00:00Z", "affected": [{
                "package": {"ecosystem": "Bitnami", "name": "nginx"},
                "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": f"1.{15 + number}.0"}]}]}]}))
    state = ["--state", tmp_path / "state"]
    subprocess.run([USEWEAR, "db", "import", records, *state], check=True, capture_output=True)
    bill = tmp_path / "bill.json"
    bill.write_bytes(subprocess.run([USEWEAR, "sbom", "--root", tmp_path / "root", "--format", "cyclonedx"], check=True,
                                    capture_output=True).stdout)
    done = subprocess.run([USEWEAR, "db", "match", "--sbom", bill, "--json", *state], text=True, capture_output=True, check=True)
    assert {f["id"] for f in json.loads(done.stdout)["findings"]} == {f"BIT-nginx-{number}" for number in range(4, 12)}


def test_audited_rust_program(tmp_path):
    """The section that cargo-auditable writes, put into a program as its linker would."""
    crates = {"packages": [{"name": "app", "version": "0.1.0", "source": "local", "root": True},
                           {"name": "smallvec", "version": "0.6.9", "source": "crates.io"},
                           {"name": "cc", "version": "1.0.0", "source": "crates.io", "kind": "build"}]}
    put(tmp_path / "section", zlib.compress(json.dumps(crates).encode()))
    put(tmp_path / "x.c", "int main(void) { return 0; }")
    (tmp_path / "root/opt").mkdir(parents=True)
    subprocess.run(["cc", "-o", tmp_path / "plain", tmp_path / "x.c"], check=True)
    subprocess.run([shutil.which("objcopy"), f"--add-section=.dep-v0={tmp_path / 'section'}", tmp_path / "plain",
                    tmp_path / "root/opt/app"], check=True)
    assert set(packages(tmp_path / "root", "crates.io")) == {("app", "0.1.0"), ("smallvec", "0.6.9")}


# ---- C and C++ ----------------------------------------------------------------------------------------------


def test_conan(tmp_path):
    put(tmp_path / "app/conaninfo.txt", "[requires]\n    zlib/1.Y.Z\n\n[full_requires]\n    zlib/1.2.13:4024617540\n")
    found = packages(tmp_path, "ConanCenter")
    assert {key: p["purl"] for key, p in found.items()} == {("zlib", "1.2.13"): "pkg:conan/zlib@1.2.13"}


def test_conan_2(tmp_path):
    """The database that Conan 2.34 wrote, as `conan create` and `conan export` leave it."""
    cache = tmp_path / "opt/conan/p"
    for folder in ("b/zlib7eea7b46179fc", "b/zlib0000000000001", "b/opens13abfe15ede04"):
        put(cache / folder / "p/conaninfo.txt", "[settings]\narch=x86_64\nos=Linux\n[options]\nshared=False\n")
        put(cache / folder / "p/lib/libx.so", "x")
    put(tmp_path / "usr/p/conaninfo.txt")
    with sqlite3.connect(cache / "cache.sqlite3") as database:
        database.execute("CREATE TABLE recipes (reference text NOT NULL, rrev text NOT NULL, path text NOT NULL UNIQUE, timestamp real "
                         "NOT NULL, lru integer NOT NULL , UNIQUE(reference, rrev))")
        database.execute("CREATE TABLE packages (reference text NOT NULL, rrev text NOT NULL, pkgid text, prev text, path text NOT NULL "
                         "UNIQUE, timestamp real NOT NULL, build_id text, lru integer NOT NULL , UNIQUE(reference, rrev, pkgid, prev))")
        database.execute("INSERT INTO recipes VALUES('fmt/10.2.1','3c0b','fmt2ae427f693e72',1795726505.78,1795726505)")
        for reference, package, revision, path in (("zlib/1.3.1", "9b43", "1a13", "b/zlib7eea7b46179fc"),
                                                   ("zlib/1.3.1", "aaaa", "1a14", "b/zlib0000000000001"),
                                                   ("openssl/3.0.13@acme/stable", "9b43", "00b4", "b/opens13abfe15ede04"),
                                                   ("removed/1", "9b43", "00b5", "b/remov00000000000"),
                                                   ("building/1", "9b43", None, "b/build00000000000"),
                                                   ("crafted/1", "9b43", "00b6", "../../../usr")):
            database.execute("INSERT INTO packages VALUES(?,'3c0b',?,?,?,1795726504.83,NULL,1795726504)",
                             (reference, package, revision, path))
    report = inventory(tmp_path)
    assert sorted(p["purl"] for p in report["packages"]) == ["pkg:conan/openssl@3.0.13", "pkg:conan/zlib@1.3.1"]
    assert [limit for limit in report["limits"] if limit.endswith("odd name or place: 1")]
    done = subprocess.run([USEWEAR, "sbom", "--root", tmp_path, "--json", "--owner", "/opt/conan/p/b/zlib0000000000001/p/lib/libx.so"],
                          text=True, capture_output=True, timeout=120, check=True)
    assert [[p["name"] for p in answer["packages"]] for answer in json.loads(done.stdout)["owners"]] == [["zlib"]], done.stdout


def test_modules_in_a_runtime_of_jlink_are_told(tmp_path):
    put(tmp_path / "opt/app/release", 'JAVA_VERSION="17.0.9"\nMODULES="java.base com.google.gson jdk.zipfs"\n')
    found = inventory(tmp_path)
    assert [(p["name"], p["version"]) for p in found["packages"]] == [("openjdk", "17.0.9")]
    assert [limit for limit in found["limits"] if "opt/app/release" in limit and limit.endswith("not listed: com.google.gson")]
