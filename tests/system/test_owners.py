# SPDX-License-Identifier: Apache-2.0
"""Whose a file, a class, a module or a symbol is: asked of real programs and archives through usewear sbom --owner."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import zipapp
import zipfile
import zlib

import jsonschema
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
USEWEAR = os.environ.get("USEWEAR", ROOT / "build/usewear")


def ask(root, *things):
    """{thing: "nobody", or names of the packages} as the JSON tells it."""
    words = [word for thing in things for word in ("--owner", thing)]
    done = subprocess.run([USEWEAR, "sbom", "--root", root, "--json", *words], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    jsonschema.validate(report, json.loads((ROOT / "docs/inventory.schema.json").read_text()))
    assert not report["packages"] and [o["thing"] for o in report["owners"]] == list(things)
    told = {}
    for o in report["owners"]:
        names = [p["name"] for p in o["packages"]]
        assert o["answer"] == ("unknown" if o["reason"] else ["nobody", "one", "several"][min(len(names), 2)]), o
        told[o["thing"]] = " ".join(names) or o["answer"]
    return told


def put(path, content=""):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


def test_modules_in_folders_and_in_a_zipapp(tmp_path):
    site = tmp_path / "source"
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-compile", "--target", site,
                    "idna==3.4", "colorama==0.4.6"], check=True, timeout=300)
    installed = tmp_path / "root/opt/v/lib/python3.11/site-packages"
    shutil.copytree(site, installed)
    put(installed / "stray.py")
    put(site / "__main__.py", "import idna.core")
    zipapp.create_archive(site, tmp_path / "root/opt/app.pyz")
    folder = "/opt/v/lib/python3.11/site-packages"
    expected = {f"{folder}!idna.core": "idna", f"{folder}!colorama": "colorama", f"{folder}/idna/core.py": "idna",
                f"{folder}!stray": "nobody", "/opt/app.pyz!idna.core": "idna", "/opt/app.pyz!colorama.ansi": "colorama",
                "/opt/app.pyz!/idna/core.py": "idna", "/opt/app.pyz/idna/core.py": "idna", "/opt/app.pyz!stray": "nobody",
                "/opt/none.pyz!idna": "unknown"}
    assert ask(tmp_path / "root", *expected) == expected


def test_what_two_packages_list_is_of_both(tmp_path):
    for version in "12":
        info = tmp_path / f"srv/lib/python3.11/site-packages/twofold-{version}.0.dist-info"
        put(info / "METADATA", f"Name: twofold\nVersion: {version}.0\n")
        put(info / "RECORD", "twofold.py,,\n")
    put(tmp_path / "srv/lib/python3.11/site-packages/twofold.py")
    thing = "/srv/lib/python3.11/site-packages!twofold"
    assert ask(tmp_path, thing) == {thing: "twofold twofold"}


@pytest.mark.skipif(not shutil.which("go"), reason="no go here")
def test_symbols_of_a_go_program(tmp_path):
    """Every function that its own symbol table names: of the standard library, the program, or the module of its path."""
    source, program = tmp_path / "source", tmp_path / "root/usr/bin/hello"
    put(source / "go.mod", "module example.com/hello\n\nrequire rsc.io/quote v1.5.2\n")
    put(source / "main.go", 'package main\n\nimport "rsc.io/quote"\n\nfunc main() { println(quote.Hello()) }\n')
    environment = {**os.environ, "GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local"}
    for words in (["mod", "tidy"], ["build", "-gcflags=all=-l", "-o", program]):
        subprocess.run(["go", *words], cwd=source, check=True, capture_output=True, timeout=300, env=environment)
    packages = subprocess.run(["go", "list", "-deps", "-f", "{{.ImportPath}} {{with .Module}}{{.Path}}{{end}}"], cwd=source,
                              check=True, capture_output=True, text=True, env=environment).stdout.splitlines()
    module_of = {"main": "example.com/hello"}
    for line in packages:
        path, _, module = line.partition(" ")
        module_of[path] = module or "stdlib"
    symbols = subprocess.run(["go", "tool", "nm", program], capture_output=True, text=True, check=True).stdout
    expected = {}
    for name in (line.split()[-1] for line in symbols.splitlines() if " T " in line):
        if name.startswith(("type:", "go:", "_", "x_")) or "[" in name or "(" in name.split("/")[-1].partition(".")[0]:
            continue
        head, _, last = name.rpartition("/")
        path = f"{head}/{last.partition('.')[0]}".lstrip("/").replace("%2e", ".")
        if path in module_of:
            expected.setdefault(f"/usr/bin/hello!{path}.{name.partition(path + '.')[2]}", module_of[path])
    assert {"rsc.io/quote", "rsc.io/sampler", "golang.org/x/text", "stdlib", "example.com/hello"} <= set(expected.values())
    # As many as one command line takes, of each module some.
    chosen = {}
    for module in sorted(set(expected.values())):
        chosen |= dict([item for item in sorted(expected.items()) if item[1] == module][:10])
    assert ask(tmp_path / "root", *chosen) == chosen


def test_symbols_of_a_rust_program(tmp_path):
    """The section that cargo-auditable writes names all crates; what is left is the program's own."""
    crates = {"packages": [{"name": "app", "version": "0.1.0", "source": "local", "root": True},
                           {"name": "regex-syntax", "version": "0.6.9", "source": "crates.io"},
                           {"name": "serde", "version": "1.0.0", "source": "crates.io"}]}
    (tmp_path / "section").write_bytes(zlib.compress(json.dumps(crates).encode()))
    put(tmp_path / "x.c", "int main(void) { return 0; }")
    (tmp_path / "root/opt").mkdir(parents=True)
    subprocess.run(["cc", "-o", tmp_path / "plain", tmp_path / "x.c"], check=True)
    subprocess.run(["objcopy", f"--add-section=.dep-v0={tmp_path / 'section'}", tmp_path / "plain", tmp_path / "root/opt/app"],
                   check=True)
    expected = {"/opt/app!regex_syntax::ast::parse": "regex-syntax", "/opt/app!app::main": "app",
                "/opt/app!<regex_syntax::Error as core::fmt::Debug>::fmt": "regex-syntax",
                "/opt/app!<regex_syntax::Error as serde::Serialize>::serialize": "regex-syntax serde",
                "/opt/app!core::ptr::drop_in_place<serde::X>": "nobody"}
    assert ask(tmp_path / "root", *expected) == expected


def pom(group, artifact, version):
    return f"META-INF/maven/{group}/{artifact}/pom.properties", f"groupId={group}\nartifactId={artifact}\nversion={version}\n"


def test_classes_of_jars(tmp_path):
    (tmp_path / "srv").mkdir()
    inner = tmp_path / "inner.jar"
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr(*pom("org.inner", "inner", "1"))
        archive.writestr("org/inner/A.class", "")
    with zipfile.ZipFile(tmp_path / "srv/app.jar", "w") as archive:
        archive.writestr(*pom("com.acme", "app", "1"))
        archive.writestr(*pom("com.google.code.gson", "gson", "2.9.0"))
        for name in ("com/acme/app/Main", "com/acme/app/More", "com/google/gson/Gson", "odd/One"):
            archive.writestr(f"BOOT-INF/classes/{name}.class", "")
        archive.write(inner, "BOOT-INF/lib/inner.jar")
    expected = {"/srv/app.jar!com.google.gson.Gson": "com.google.code.gson:gson", "/srv/app.jar!com.acme.app.Main": "com.acme:app",
                "/srv/app.jar!/BOOT-INF/classes/com/acme/app/Main.class": "com.acme:app",
                "/srv/app.jar!/BOOT-INF/lib/inner.jar!org.inner.A": "org.inner:inner",
                "/srv/app.jar!/BOOT-INF/lib/inner.jar!/org/inner/A.class": "org.inner:inner",
                "/srv/app.jar!odd.One": "com.acme:app com.google.code.gson:gson", "/srv/app.jar": "com.acme:app",
                "/srv/other.txt": "nobody", "/srv/none.txt": "unknown"}
    put(tmp_path / "srv/other.txt")
    told = ask(tmp_path, *expected)
    assert {thing: " ".join(sorted(names.split())) for thing, names in told.items()} == expected


@pytest.mark.skipif(not shutil.which("dpkg-query"), reason="needs dpkg-query")
def test_files_of_this_distribution(tmp_path):
    """As dpkg -S says, of dpkg's own database; what is in such a file is the package's, too."""
    shutil.copytree("/var/lib/dpkg", tmp_path / "var/lib/dpkg", ignore=shutil.ignore_patterns("lock*", "triggers", "updates"))
    put(tmp_path / "etc/os-release", pathlib.Path("/etc/os-release").read_text())
    os.symlink("usr/lib", tmp_path / "lib")
    os.symlink("usr/bin", tmp_path / "bin")
    files = [os.path.realpath(shutil.which(name)) for name in ("ls", "env", "cc")] + ["/usr/share/doc/dpkg/copyright"]
    files = [f for f in files if subprocess.run(["dpkg-query", "-S", f], capture_output=True).returncode == 0]
    expected = {f: subprocess.run(["dpkg-query", "-S", f], capture_output=True, text=True, check=True).stdout.split(":")[0]
                for f in files if not f.endswith("copyright")}
    assert expected
    assert ask(tmp_path, *expected) == expected


@pytest.mark.parametrize("words", [("--owner", "/x"), ("--root", "/", "--owner", "/x", "--format", "spdx")])
def test_what_cannot_be_asked_is_said(tmp_path, words):
    done = subprocess.run([USEWEAR, "sbom", *words, "--state", tmp_path], capture_output=True, text=True, timeout=100)
    assert done.returncode == 2 and "--owner" in done.stderr


def test_answers_for_people(tmp_path):
    put(tmp_path / "srv/x")
    done = subprocess.run([USEWEAR, "sbom", "--root", tmp_path, "--owner", "/srv/x"], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-2:] == ["/srv/x", "    no package's"]


def test_names_through_links(tmp_path):
    """A file is the same one under whatever name a person gives it."""
    put(tmp_path / "srv/app/package.json", '{"name": "app", "version": "1.0.0"}')
    put(tmp_path / "srv/shared/x/package.json", '{"name": "x", "version": "1.0.0"}')
    put(tmp_path / "srv/shared/x/index.js")
    (tmp_path / "srv/app/node_modules").mkdir()
    os.symlink("../../shared/x", tmp_path / "srv/app/node_modules/x")
    os.symlink("/srv/app", tmp_path / "app")
    os.symlink("srv/shared/x/index.js", tmp_path / "index.js")
    os.symlink("../../../../../../etc/passwd", tmp_path / "out")
    with zipfile.ZipFile(tmp_path / "srv/a.jar", "w") as archive:
        archive.writestr(*pom("g", "a", "1"))
        archive.writestr("g/a/A.class", "")
    os.symlink("srv/a.jar", tmp_path / "b.jar")
    expected = {"/srv/shared/x/index.js": "x", "/srv/app/node_modules/x/index.js": "x", "/app/node_modules/x/index.js": "x",
                "/index.js": "x", "srv/shared/x/index.js": "x", "//srv/shared/x/index.js": "x",
                "/srv/../srv/shared/./x/index.js": "x", "/app/package.json": "app", "/b.jar": "g:a", "/b.jar!g.a.A": "g:a",
                "/b.jar!/g/a/A.class": "g:a", "/srv/gone": "unknown", "/out": "unknown", "": "unknown"}
    assert ask(tmp_path, *expected) == expected


def test_editable_projects_with_odd_names(tmp_path):
    site = tmp_path / "opt/v/lib/python3.11/site-packages"
    for name, url in (("one", "file:///srv/My%20App"), ("two", "file://localhost/srv/two")):
        put(site / f"{name}-1.0.dist-info/METADATA", f"Name: {name}\nVersion: 1.0\n")
        put(site / f"{name}-1.0.dist-info/direct_url.json", json.dumps({"url": url, "dir_info": {"editable": True}}))
    put(tmp_path / "srv/My App/one/a.py")
    put(tmp_path / "srv/two/b.py")
    expected = {"/srv/My App/one/a.py": "one", "/srv/two/b.py": "two"}
    assert ask(tmp_path, *expected) == expected


def test_answers_do_not_steer_the_terminal(tmp_path):
    put(tmp_path / "var/lib/dpkg/status", "Package: a\x1b[31m\nStatus: install ok installed\nVersion: 1\x07\n")
    put(tmp_path / "var/lib/dpkg/info/a\x1b[31m.list", "/srv/x\n")
    put(tmp_path / "srv/x")
    done = subprocess.run([USEWEAR, "sbom", "--root", tmp_path, "--owner", "/srv/x", "--owner", "/\x1b[2J"], capture_output=True, text=True,
                          check=True)
    assert "a?[31m 1?" in done.stdout and not set(done.stdout) & {"\x1b", "\x07"}


def test_programs_by_any_name(tmp_path):
    """Nuitka and others call programs x.bin."""
    (tmp_path / "section").write_bytes(zlib.compress(json.dumps({"packages": [
        {"name": "app", "version": "0.1.0", "source": "local", "root": True},
        {"name": "serde", "version": "1.0.0", "source": "crates.io"}]}).encode()))
    put(tmp_path / "x.c", "int main(void) { return 0; }")
    (tmp_path / "root/opt").mkdir(parents=True)
    subprocess.run(["cc", "-o", tmp_path / "plain", tmp_path / "x.c"], check=True)
    subprocess.run(["objcopy", f"--add-section=.dep-v0={tmp_path / 'section'}", tmp_path / "plain", tmp_path / "root/opt/app.bin"],
                   check=True)
    expected = {"/opt/app.bin!serde::de::x": "serde"}
    assert ask(tmp_path / "root", *expected) == expected


def test_a_family_without_poms(tmp_path):
    """Micrometer, which every Spring Boot application carries, publishes jars that do not say their group."""
    (tmp_path / "srv").mkdir()
    for name, folder in (("micrometer-commons-1.12.5", "io/micrometer/common"), ("micrometer-fake-1.0", "org/other")):
        with zipfile.ZipFile(tmp_path / f"srv/{name}.jar", "w") as archive:
            archive.writestr("META-INF/MANIFEST.MF", f"Manifest-Version: 1.0\nBundle-SymbolicName: {name.rpartition('-')[0]}\n")
            archive.writestr(f"{folder}/A.class", "")
    expected = {"/srv/micrometer-commons-1.12.5.jar": "io.micrometer:micrometer-commons", "/srv/micrometer-fake-1.0.jar": "micrometer-fake"}
    assert ask(tmp_path, *expected) == expected
