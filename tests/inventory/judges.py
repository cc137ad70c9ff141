# SPDX-License-Identifier: Apache-2.0
"""What others find in a root: Syft, osv-scanner, and the package managers' own tools.

Each judge gives {(kind, name, version): paths} and says of which of our packages it could know: a tool that lists gems
says nothing of jars. Kinds are purl types; names are compared as their registries compare them."""

import collections
import json
import os
import re
import shutil
import subprocess
import tempfile
import zlib
from pathlib import Path

import roots

SOURCE = Path(__file__).resolve().parents[2]
USEWEAR = os.environ.get("USEWEAR", SOURCE / "build/usewear")
SYFT_TYPES = {"python": "pypi", "java-archive": "maven", "jenkins-plugin": "maven", "go-module": "golang", "rust-crate": "cargo",
              "php-composer": "composer", "dotnet": "nuget", "php-pear": "pear", "php-pecl": "pecl", "wordpress-plugin": "wordpress",
              "R-package": "cran", "erlang-otp": "otp", "lua-rocks": "luarocks"}
OSV_TYPES = {"PyPI": "pypi", "npm": "npm", "Maven": "maven", "Go": "golang", "crates.io": "cargo", "RubyGems": "gem",
             "Packagist": "composer", "NuGet": "nuget", "CRAN": "cran", "Hex": "hex"}
LANGUAGES = set(SYFT_TYPES.values()) | {"npm", "gem"}


def plain(kind, name, version):
    name = name.lower()
    version = "" if not version or version == "UNKNOWN" else version
    if kind == "pypi":
        name = re.sub(r"[-_.]+", "-", name)
    if kind == "maven":
        name = name.split(":")[-1]
    if kind == "golang":
        version = version.removeprefix("go") if name == "stdlib" else version.removeprefix("v")
    return kind, name, "" if version == "(devel)" else version


class Found(collections.defaultdict):
    def __init__(self):
        super().__init__(set)

    def add(self, kind, name, version, path):
        self[plain(kind, name, version)].add(path)


def output(*command, **options):
    return subprocess.run([str(word) for word in command], check=True, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, **options).stdout


# ---- whole trees --------------------------------------------------------------------------------------------


def usewear_text(root):
    return output(USEWEAR, "sbom", "--root", root, "--json")


def usewear_of(text):
    found = Found()
    for package in json.loads(text)["packages"]:
        kind = "maven" if package["ecosystem"] == "Maven" else package["purl"].split(":")[1].split("/")[0]
        found.add(kind, package["name"], package["version"], package["path"])
    return found


def usewear(root):
    return usewear_of(usewear_text(root))


def syft_of(text):
    found = Found()
    for artifact in json.loads(text)["artifacts"]:
        kind = SYFT_TYPES.get(artifact["type"], artifact["type"])
        for place in artifact["locations"]:
            found.add(kind, artifact["name"], artifact["version"], place["path"])
    return found


def syft_command(program, root):
    """With its own choice for images: what is installed, not what lock files ask for."""
    return [program, "scan", f"dir:{root}", "-q", "-o", "json", "--base-path", root, "--override-default-catalogers", "image"]


def kept(path, make):
    """Text that is made once: a root that is complete does not change, and Syft takes minutes for it."""
    if not path.exists():
        text = make()
        path.write_text(text)
    return path.read_text()


def syft(program, root):
    return syft_of(kept(Path(f"{root}.syft.json"), lambda: output(*syft_command(program, root))))


def scanner_output(program, root):
    """osv-scanner's artifact extractors. It wants advisories, too, and fails without; its list is written before."""
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        subprocess.run([program, "scan", "source", "-r", "--no-ignore", "--offline", "--offline-vulnerabilities", "--format",
                        "json", "--all-packages", "--allow-no-lockfiles", "--experimental-no-default-plugins",
                        "--experimental-plugins", "artifact", "--output-file", file.name, root],
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return Path(file.name).read_text()


def scanner(program, root):
    found = Found()
    for result in json.loads(kept(Path(f"{root}.osv.json"), lambda: scanner_output(program, root)))["results"]:
        path = result["source"]["path"].removeprefix(str(root))
        for item in result["packages"]:
            package = item["package"]
            kind = OSV_TYPES.get(package.get("ecosystem", "").split(":")[0])
            if kind:
                found.add(kind, package["name"], package["version"], path)
    return found


# ---- the package managers' own ------------------------------------------------------------------------------


def dpkg(root):
    found = Found()
    for line in output("dpkg-query", f"--admindir={root}/var/lib/dpkg", "-W", "-f",
                       "${db:Status-Status} ${Package} ${Version}\n").splitlines():
        state, name, version = line.split()
        if state == "installed":
            found.add("deb", name, version, "/var/lib/dpkg/status")
    return found, lambda key, path: key[0] == "deb"


def pip(root, site, python=None):
    """With `python` of the root, as its own pip sees it."""
    found = Found()
    where = [] if python else ["--path", f"{root}{site}"]
    for package in json.loads(output(f"{root}{python}" if python else "python3", "-m", "pip", "list", *where, "--format", "json",
                                     "--disable-pip-version-check")):
        found.add("pypi", package["name"], package["version"], site)
    return found, lambda key, path: key[0] == "pypi" and path.startswith(site + "/")


def npm(root, folder):
    found = Found()
    done = subprocess.run(["npm", "ls", "--all", "--parseable", "--long"], cwd=f"{root}{folder}", text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL)
    for line in done.stdout.splitlines():
        path, _, name = line.partition(":")
        path, name = path.removeprefix(str(root)), name.removesuffix(":EXTRANEOUS").split(":INVALID")[0]
        if "@npm:" in name:  # installed under another name
            name = name.split("@npm:")[1]
        name = name.split(":")[0]
        if path != folder and "@" in name[1:]:
            found.add("npm", *name.rsplit("@", 1), path)
    return found, lambda key, path: key[0] == "npm" and path.startswith(folder + "/node_modules/")


def pnpm(root, folder):
    found = Found()

    def walk(node):
        for name, child in {**node.get("dependencies", {}), **node.get("devDependencies", {})}.items():
            if not child["version"].startswith("link:"):
                found.add("npm", name, child["version"], folder)
            walk(child)

    for project in json.loads(output("npm", "exec", "--yes", "pnpm@9.1.0", "--", "ls", "-r", "--depth", "Infinity", "--json",
                                     cwd=f"{root}{folder}")):
        walk(project)
    return found, lambda key, path: key[0] == "npm" and path.startswith(folder + "/node_modules/")


def gem(root, chroot):
    """Of a root with Ruby the root's own tool; else this host's, which is told where the specifications lie."""
    found = Found()
    if chroot:
        text = output("chroot", root, "gem", "list", "--local")
        folders = ["/usr/share/rubygems-integration/", "/var/lib/gems/", "/usr/lib/ruby/"]
    else:
        paths = [str(path.parent) for path in Path(root).glob("usr/share/rubygems-integration/*/specifications")]
        text = output("gem", "list", "--local", env={**os.environ, "GEM_HOME": paths[0], "GEM_PATH": ":".join(paths)})
        folders = ["/usr/share/rubygems-integration/"]
    for line in text.splitlines():
        name, _, versions = line.partition(" (")
        for version in versions.rstrip(")").split(", "):
            if version.startswith("default: ") and not chroot:
                continue  # of this host's Ruby
            found.add("gem", name, version.removeprefix("default: ").split()[0], folders[0])
    return found, lambda key, path: key[0] == "gem" and path.startswith(tuple(folders))


def go(root, programs):
    found = Found()
    for program in programs:
        lines = output("go", "version", "-m", f"{root}{program}").splitlines()
        found.add("golang", "stdlib", lines[0].rsplit(" ", 1)[1], program)
        module = None
        for words in (line.split() for line in lines[1:]):
            if words[0] in ("mod", "dep"):
                module = words[1:3]
            elif words[0] == "=>":
                module = words[1:3]
            else:
                continue
            if words[0] == "=>":
                found.pop(plain("golang", *last), None)
            found.add("golang", *module, program)
            last = module
    return found, lambda key, path: key[0] == "golang" and path in programs


def maven(work, names):
    """What Maven itself resolved for what it then packed."""
    found = Found()
    for name in names:
        packaging = roots.BUILDS[name][0]
        path = f"/srv/java/{name}.{packaging}"
        output("mvn", "-q", "-B", "-f", work / name / "pom.xml", "dependency:list", "-DincludeScope=runtime",
               f"-DoutputFile={work}/{name}/list", "-DoutputAbsoluteArtifactFilename=false")
        for line in (work / name / "list").read_text().splitlines():
            words = re.sub(r"\x1b\[[0-9;]*m", "", line).strip().split(" ")[0].split(":")
            if len(words) >= 5:
                found.add("maven", f"{words[0]}:{words[1]}", words[-2], path)
        found.add("maven", f"com.example:{name}", "1.0", path)
    return found, lambda key, path: key[0] == "maven" and path.split("!")[0].startswith("/srv/java/")


def cargo(root, programs, audited):
    """What cargo-auditable wrote, held against all builds of the same program."""
    found = Found()
    with tempfile.NamedTemporaryFile() as section:
        output("objcopy", "--dump-section", f".dep-v0={section.name}", f"{root}{audited}", "/dev/null")
        for package in json.loads(zlib.decompress(Path(section.name).read_bytes()))["packages"]:
            if package.get("kind", "runtime") == "runtime":
                found.add("cargo", package["name"], package["version"], audited)
    return found, lambda key, path: key[0] == "cargo" and path in programs


def have(*programs):
    return all(shutil.which(str(program)) for program in programs)
