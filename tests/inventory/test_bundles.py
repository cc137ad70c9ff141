# SPDX-License-Identifier: Apache-2.0
"""pacman, Nix, snap, Flatpak and conda: what their own programs installed in a root of its own, from packages made
here, is what they list and what Usewear lists. The programs are Debian's (conda's installer is py-rattler of PyPI)."""

import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
import textwrap
from pathlib import Path

import pytest

import judges

WORK = Path(os.environ.get("USEWEAR_INVENTORY_WORK", judges.SOURCE / "build/check-inventory")).resolve()
MOUNTS = ('mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" && exec chroot "$0" env -i HOME=/root LC_ALL=C '
          'PATH=/usr/sbin:/usr/bin:/sbin:/bin sh -ec "$1"')


@pytest.fixture(scope="module")
def tools():
    """A small Debian with the programs; made once."""
    root, stamp = WORK / "tools", WORK / "tools.made"
    if not stamp.exists():
        subprocess.run(["rm", "-rf", root], check=True)
        root.mkdir(parents=True)
        names = "flatpak,pacman-package-manager,makepkg,binutils,fakeroot,libarchive-tools,squashfs-tools,file"
        subprocess.run(["debootstrap", "--variant=minbase", f"--include={names}", "bookworm", root], check=True, stdout=sys.stderr)
        (root / "etc/resolv.conf").write_text(Path("/etc/resolv.conf").read_text())
        more = ["chroot", root, "apt-get", "-q"]
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
        subprocess.run([*more, "install", "-y", "--no-install-recommends", "nix-bin"], check=True, env=quiet, stdout=sys.stderr)
        # snapd wants to be started; its packer does not.
        subprocess.run([*more, "download", "snapd"], check=True, env=quiet, stdout=sys.stderr, cwd=root)
        subprocess.run(["chroot", root, "sh", "-ec", "dpkg-deb --fsys-tarfile /snapd_*.deb | tar -x -C / ./usr/bin/snap"], check=True)
        stamp.touch()
    return root


def inside(root, script):
    """Output of a script in the root, with /proc and /dev in a mount namespace of its own."""
    done = subprocess.run(["unshare", "-m", "--propagation", "private", "sh", "-ec", MOUNTS, root, textwrap.dedent(script)],
                          capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def listed(root, ecosystem):
    """{(name, version): package}"""
    report = json.loads(judges.usewear_text(root))
    return {(p["name"], p["version"]): p for p in report["packages"] if p["ecosystem"].split(":")[0] == ecosystem}


def owner(root, thing):
    done = subprocess.run([judges.USEWEAR, "sbom", "--root", root, "--json", "--owner", thing], capture_output=True, text=True,
                          check=True)
    return [(p["ecosystem"].split(":")[0], p["name"]) for p in json.loads(done.stdout)["owners"][0]["packages"]]


def test_pacman(tools):
    """Two packages of one build, with an epoch, one of them removed again."""
    told = inside(tools, r"""
        rm -rf /arch /build; mkdir -p /build /arch/var/lib/pacman /arch/etc
        printf 'ID=arch\nNAME=Arch\n' > /arch/etc/os-release
        cat > /build/PKGBUILD <<'P'
        pkgname=(demo demo-extra gone)
        pkgbase=demo
        pkgver=1.2.3
        pkgrel=4
        epoch=1
        arch=(any)
        package_demo() { install -D /dev/null "$pkgdir/usr/lib/libdemo.so.1"; }
        package_demo-extra() { install -D /dev/null "$pkgdir/usr/share/demo/x"; }
        package_gone() { install -D /dev/null "$pkgdir/usr/share/gone/x"; }
        P
        id builder >/dev/null 2>&1 || useradd builder; chown -R builder /build
        su builder -c 'cd /build && PKGEXT=.pkg.tar makepkg --nodeps' >&2
        pacman() { command pacman --root /arch --config /dev/null "$@"; }
        pacman -U --noconfirm /build/*.pkg.tar >&2
        pacman -R --noconfirm gone >&2
        pacman -Q
    """)
    found = listed(tools / "arch", "Arch")
    assert set(found) == {tuple(line.split()) for line in told.splitlines()} == {("demo", "1:1.2.3-4"), ("demo-extra", "1:1.2.3-4")}
    assert [name for _, name in owner(tools / "arch", "/usr/lib/libdemo.so.1")] == ["demo"]


def test_nix(tools):
    """A derivation that was built here, and one that it needs."""
    told = inside(tools, r"""
        rm -rf /nix /nx /root/.nix-profile; mkdir -p /nix/store /nx
        export NIX_CONF_DIR=/nx
        printf 'sandbox = false\nbuild-users-group =\nsubstituters =\n' > /nx/nix.conf
        cat > /nx/default.nix <<'P'
        let make = name: text: derivation { inherit name; system = builtins.currentSystem; builder = "/bin/sh";
            args = [ "-c" "echo ${text} > $out" ]; };
        in make "demo-tool-3.1.4" (make "demo-lib-2.0rc1" "x")
        P
        nix-env -f /nx/default.nix -i >&2
        nix-store -q --requisites "$(readlink -f /root/.nix-profile)" | grep -v profile | grep -v user-environment
    """)
    paths = set(told.split())
    found = {p["path"]: key for key, p in listed(tools, "nix").items() if key[0].startswith("demo")}
    assert set(found) == {path for path in paths if "-demo-" in path} and len(found) == 2
    assert set(found.values()) == {("demo-tool", "3.1.4"), ("demo-lib", "2.0rc1")}
    path = next(p for p in found if "demo-tool" in p)
    assert owner(tools, path) == [("nix", "demo-tool")]


def put_module(site):
    return rf"""
        mkdir -p {site}/inner-1.0.dist-info
        printf 'Name: inner\nVersion: 1.0\n' > {site}/inner-1.0.dist-info/METADATA
        printf 'inner.py,,\n' > {site}/inner-1.0.dist-info/RECORD
        touch {site}/inner.py
    """


def test_snap(tools):
    """Packed by snap, laid out as its mount is; what is inside keeps its own advisories."""
    inside(tools, "rm -rf /sn /snap /*.snap; mkdir -p /sn/meta /snap/demo; chmod 755 /sn" + put_module("/sn/lib/python3/site-packages") + r"""
        printf 'name: demo\nversion: "2.7"\nsummary: s\ndescription: d\narchitectures: [all]\nbase: core22\n' > /sn/meta/snap.yaml
        snap pack /sn / >&2
        unsquashfs -q -d /snap/demo/17 /demo_2.7_all.snap >&2
        ln -s 17 /snap/demo/current
    """)
    found = listed(tools, "snap")
    assert set(found) == {("demo", "2.7")} and found["demo", "2.7"]["path"] == "/snap/demo/17/meta/snap.yaml"
    inner = [p for key, p in listed(tools, "PyPI").items() if key == ("inner", "1.0") and p["path"].startswith("/snap/")]
    assert len(inner) == 1 and not inner[0]["owner"] and not inner[0]["not_evaluated"]
    assert owner(tools, "/snap/demo/17/lib/python3/site-packages/inner.py") == [("PyPI", "inner")]
    assert owner(tools, "/snap/demo/17/bin/other") == [("snap", "demo")]


@pytest.mark.parametrize("where", ["system", "user"])
def test_flatpak(tools, where):
    """An application and its runtime from a repository made here, for all users or for one."""
    told = inside(tools, r"""
        export XDG_RUNTIME_DIR=/run
        rm -rf /fp /var/lib/flatpak /root/.local; mkdir -p /fp/runtime/usr /fp/runtime/files /fp/app/files/share/metainfo /fp/app/export
        printf '[Runtime]\nname=org.demo.Platform\nruntime=org.demo.Platform/x86_64/23.08\nsdk=org.demo.Platform/x86_64/23.08\n' \
            > /fp/runtime/metadata
        printf '[Application]\nname=org.demo.App\nruntime=org.demo.Platform/x86_64/23.08\ncommand=x\n' > /fp/app/metadata
        printf '<component><id>org.demo.App</id><releases><release version="5.6.1" date="2024-01-01"/></releases></component>\n' \
            > /fp/app/files/share/metainfo/org.demo.App.metainfo.xml
        flatpak build-export --runtime --disable-sandbox /fp/repo /fp/runtime 23.08 >&2
        flatpak build-export --disable-sandbox /fp/repo /fp/app stable >&2
        flatpak --WHERE remote-add --no-gpg-verify local /fp/repo >&2
        flatpak --WHERE install -y --noninteractive local org.demo.App >&2
        flatpak --WHERE list --columns=application,branch
    """.replace("WHERE", where))
    found = listed(tools, "flatpak")
    assert {tuple(line.split()) for line in told.splitlines()} == {("org.demo.App", "stable"), ("org.demo.Platform", "23.08")}
    assert set(found) == {("org.demo.App", "5.6.1"), ("org.demo.Platform", "23.08")}


CONDA = """
import asyncio, os, pathlib, sys
from rattler import Channel, install, solve
from rattler.index import index_fs

async def main(channel, prefix):
    await index_fs(channel)
    await install(await solve([Channel(channel.as_uri())], ["demo"], platforms=["noarch"], virtual_packages=[]), prefix)

asyncio.run(main(*map(pathlib.Path, sys.argv[1:])))
os._exit(0)  # its threads may outlive the interpreter
"""


def conda_package(channel, name, version, files, depends=()):
    """In conda's own format (conda-build, "Conda package specification")."""
    index = {"name": name, "version": version, "build": "0", "build_number": 0, "depends": list(depends), "subdir": "noarch",
             "noarch": "generic", "license": "MIT"}
    paths = [{"_path": path, "path_type": "hardlink", "sha256": hashlib.sha256(text.encode()).hexdigest(),
              "size_in_bytes": len(text.encode())} for path, text in files.items()]
    members = {**files, "info/index.json": json.dumps(index), "info/files": "".join(path + "\n" for path in files),
               "info/paths.json": json.dumps({"paths_version": 1, "paths": paths})}
    (channel / "noarch").mkdir(parents=True, exist_ok=True)
    with tarfile.open(channel / f"noarch/{name}-{version}-0.tar.bz2", "w:bz2") as archive:
        for path, text in members.items():
            member = tarfile.TarInfo(path)
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))


def test_conda(tmp_path):
    """A library and a Python package that needs it: the module is the Python package's, the library conda's."""
    python = WORK / "conda/bin/python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", WORK / "conda"], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "py-rattler==0.28.0"], check=True)
    site = "lib/python3.11/site-packages"
    conda_package(tmp_path / "channel", "libdemo", "1.2.3", {"lib/libdemo.so.1": "x"})
    conda_package(tmp_path / "channel", "demo", "4.5", {
        f"{site}/demo/__init__.py": "a = 1\n", f"{site}/demo-4.5.dist-info/METADATA": "Name: demo\nVersion: 4.5\n",
        f"{site}/demo-4.5.dist-info/RECORD": "demo/__init__.py,,\n"}, ["libdemo >=1"])
    prefix = tmp_path / "root/opt/conda"
    subprocess.run([python, "-c", CONDA, tmp_path / "channel", prefix], check=True, timeout=300,
                   env={**os.environ, "RATTLER_CACHE_DIR": str(tmp_path / "cache")})
    installed = {(record["name"], record["version"]) for record in map(json.loads, (
        path.read_text() for path in (prefix / "conda-meta").glob("*.json")))}
    assert set(listed(tmp_path / "root", "conda")) == installed == {("libdemo", "1.2.3"), ("demo", "4.5")}
    assert set(listed(tmp_path / "root", "PyPI")) == {("demo", "4.5")}
    assert owner(tmp_path / "root", f"/opt/conda/{site}/demo/__init__.py") == [("PyPI", "demo")]
    assert owner(tmp_path / "root", f"/opt/conda/{site}!demo") == [("PyPI", "demo")]
    assert owner(tmp_path / "root", "/opt/conda/lib/libdemo.so.1") == [("conda", "libdemo")]
