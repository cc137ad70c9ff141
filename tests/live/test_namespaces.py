# SPDX-License-Identifier: Apache-2.0
"""One root, several mount namespaces: what only some of its processes have mounted is found, and is theirs."""

import contextlib
import json
import secrets
import shlex
import shutil
import subprocess
import sys

import pytest
from whole import PROGRAM, Victim, Watch, findings, needs, needs_root, wait_until


def can_unshare():
    done = subprocess.run(["unshare", "-m", "sh", "-c", "mount -t tmpfs none /mnt"], capture_output=True, check=False)
    return done.returncode == 0


pytestmark = [needs_root, needs("unshare", "mount"),
              pytest.mark.skipif(shutil.which("unshare") is None or not can_unshare(), reason="mount namespaces are refused here")]


# Of this run alone: others may have theirs on this machine meanwhile.
OURS = f"uw_{secrets.token_hex(4)}_"
TOOL = f"./{OURS}program/tool"


def make_package(folder, name, version, program=None):
    """A Python package, in a folder of modules; with a program in it."""
    name = OURS + name
    module = folder / name
    module.mkdir(parents=True)
    (module / "__init__.py").write_text("def used():\n    return 1\n\n\nused()\n")
    record = [f"{name}/__init__.py,,"]
    if program:
        shutil.copy(program, module / "tool")
        record.append(f"{name}/tool,,")
    metadata = folder / f"{name}-{version}.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (metadata / "RECORD").write_text("\n".join(record) + "\n")


@pytest.fixture
def waiting(victim):
    return victim("waiting", flags=["-static"])


@contextlib.contextmanager
def beside(volume, at, *command, **options):
    """The program in a mount namespace of its own, where the volume lies at that place."""
    script = f"mount --make-rprivate / && mount --bind {shlex.quote(str(volume))} {shlex.quote(str(at))} && cd {shlex.quote(str(at))} && " \
             f"exec {shlex.join(str(word) for word in command)}"
    with Victim("unshare", "-m", "sh", "-c", script, **options) as process:
        yield process


def importing(at, *modules):
    modules = [OURS + module for module in modules]
    program = f"import {', '.join(modules)}, sys; print('ready', flush=True); sys.stdin.readline()"
    return ["env", f"PYTHONPATH={at}", sys.executable, "-S", "-c", program]


def listed(state):
    """The packages of this run that the last look found, under the names that make_package was given, and the limits."""
    done = subprocess.run([PROGRAM, "sbom", "--state", str(state), "--json"], check=True, capture_output=True)
    report, prefix = json.loads(done.stdout), OURS.replace("_", "-")  # as PyPI spells it
    ours = [p | {"name": p["name"].removeprefix(prefix)} for p in report["packages"] if p["name"].startswith(prefix)]
    return ours, report["limits"]


def sbom(state, place):
    """What was found at the place: {(name, version): use}, and the limits. Where the volumes themselves lie they are found
    where some process works in a folder above them."""
    found, limits = listed(state)
    return {(p["name"], p["version"]): p["use"] for p in found if p["path"].startswith(f"{place}/")}, limits


def look(state):
    """One look that had the time for all that is installed and all that runs: on a busy machine the first ones may not."""
    for _ in range(5):
        if not any("no time was left" in limit or "to be looked into" in limit for limit in findings(state)["limits"]):
            return


def is_of_namespaces(limits):
    return [limit for limit in limits if "mount namespace" in limit]


def test_what_only_one_process_has_mounted(tmp_path, waiting):
    place, volume, state = tmp_path / "place", tmp_path / "volume/site-packages", tmp_path / "state"
    place.mkdir()
    make_package(volume, "program", "1.0", waiting)
    make_package(volume, "module", "1.0")
    make_package(volume, "rests", "1.0")
    with beside(volume, place, TOOL), beside(volume, place, *importing(place, "module")):
        look(state)
    found, limits = sbom(state, place)
    assert found == {("program", "1.0"): "loaded", ("module", "1.0"): found["module", "1.0"], ("rests", "1.0"): None}
    assert found["module", "1.0"] in ("loaded", "executed")
    assert not is_of_namespaces(limits)


def test_one_path_with_two_meanings(tmp_path, waiting):
    """Replicas with volumes of their own: each uses what it has, and neither what the other has."""
    place, state = tmp_path / "place", tmp_path / "state"
    place.mkdir()
    for version in "1.0", "2.0", "3.0":
        make_package(tmp_path / version, "program", version, waiting)
        make_package(tmp_path / version, "module", version)
        make_package(tmp_path / version, "rests", version)
    with beside(tmp_path / "1.0", place, TOOL), beside(tmp_path / "2.0", place, *importing(place, "module")), \
         beside(tmp_path / "3.0", place, TOOL), beside(tmp_path / "3.0", place, *importing(place, "module")):
        look(state)
    found, limits = sbom(state, place)
    used = {key for key, use in found.items() if use}
    assert set(found) == {(name, version) for name in ("program", "module", "rests") for version in ("1.0", "2.0", "3.0")}
    assert used == {("program", "1.0"), ("module", "2.0"), ("program", "3.0"), ("module", "3.0")}
    assert not is_of_namespaces(limits)


def test_what_the_root_has_below_a_mount(tmp_path, waiting):
    """The other way round: all see the folder, but one, which has something else there."""
    place, state = tmp_path / "place", tmp_path / "state"
    make_package(place, "program", "1.0", waiting)
    make_package(tmp_path / "2.0", "program", "2.0", waiting)
    (tmp_path / "empty").mkdir()
    with Victim(place / TOOL, cwd=place), beside(tmp_path / "2.0", place, TOOL), \
         beside(tmp_path / "empty", place, waiting):
        look(state)
    found, limits = sbom(state, place)
    assert found == {("program", "1.0"): "loaded", ("program", "2.0"): "loaded"}
    assert not is_of_namespaces(limits)


def test_a_mount_within_a_place(tmp_path, waiting):
    """Both work in the folder, and one has its modules mounted in there."""
    place, state = tmp_path / "place", tmp_path / "state"
    (place / "lib/site-packages").mkdir(parents=True)
    shutil.copy(waiting, place / "tool")
    make_package(tmp_path / "volume", "program", "1.0", waiting)
    script = f"mount --make-rprivate / && mount --bind {tmp_path}/volume {place}/lib/site-packages && cd {place} && exec ./tool"
    with Victim(place / "tool", cwd=place), Victim("unshare", "-m", "sh", "-c", script):
        look(state)
    found, limits = sbom(state, place)
    assert found == {("program", "1.0"): None}, "\n".join(limits)


def test_namespaces_without_packages_are_not_worth_a_word(tmp_path, waiting):
    """What service managers do for each service: folders of its own for temporary files, others hidden."""
    state = tmp_path / "state"
    (tmp_path / "hidden").mkdir()
    script = f"mount --make-rprivate / && mount -t tmpfs none /var/tmp && mount -t tmpfs none {tmp_path}/hidden && " \
             f"mount --bind /srv /srv && mount -o remount,bind,ro /srv && mount -t tmpfs none /dev/shm && exec {waiting}"
    with Victim("unshare", "-m", "sh", "-c", script):
        look(state)
    assert not is_of_namespaces(listed(state)[1])


def test_a_namespace_that_comes_later(tmp_path, waiting):
    """`watch` reads it with the next news, and knows then whose the files are."""
    place, state = tmp_path / "place", tmp_path / "state"
    place.mkdir()
    make_package(tmp_path / "volume", "program", "1.0", waiting)
    with Watch(state), beside(tmp_path / "volume", place, TOOL):
        wait_until(lambda: sbom(state, place)[0] == {("program", "1.0"): "loaded"}, 200)


@contextlib.contextmanager
def replica(image, folder, volume, *command):
    """A container as engines make them: layers of the image below one of its own, a volume, that as its root."""
    for name in "upper", "work", "merged":
        (folder / name).mkdir(parents=True)
    merged = folder / "merged"
    script = f"mount --make-rprivate / && " \
             f"mount -t overlay none -o lowerdir={image},upperdir={folder}/upper,workdir={folder}/work {merged} && " \
             f"mount --bind {volume} {merged}/data && exec unshare --root={merged} --wd=/data {shlex.join(command)}"
    with Victim("unshare", "-m", "sh", "-c", script) as process:
        yield process


def test_two_containers_of_one_image(tmp_path, waiting):
    """They share a root, and the packages of its layers; each has what lies in its volume."""
    image, state = tmp_path / "image", tmp_path / "state"
    (image / "data").mkdir(parents=True)
    make_package(image / "usr/local/lib/python3.11/site-packages", "layer", "1.0", waiting)
    for version in "1.0", "2.0":
        make_package(tmp_path / version, "volume", version, waiting)
    tool, layered = f"./{OURS}volume/tool", f"/usr/local/lib/python3.11/site-packages/{OURS}layer/tool"
    probe = subprocess.run(["unshare", "-m", "sh", "-c", f"mkdir {tmp_path}/u {tmp_path}/w && mount -t overlay none -o lowerdir={image},"
                            f"upperdir={tmp_path}/u,workdir={tmp_path}/w /mnt"], capture_output=True, text=True, check=False)
    if probe.returncode:
        pytest.skip("overlays are refused here: " + probe.stderr.strip())
    with replica(image, tmp_path / "one", tmp_path / "1.0", tool), replica(image, tmp_path / "two", tmp_path / "2.0", tool), \
         replica(image, tmp_path / "three", tmp_path / "2.0", layered):
        look(state)
    found = [p for p in listed(state)[0] if p["root"] != "host"]
    assert len({p["root"] for p in found}) == 1 and found[0]["root"].startswith("layers:")
    assert {(p["name"], p["version"], p["use"]) for p in found} == {("layer", "1.0", "loaded"), ("volume", "1.0", "loaded"),
                                                                    ("volume", "2.0", "loaded")}
    assert len(found) == 3


def test_the_root_of_a_container_is_not_this_one(tmp_path, waiting):
    """/proc/PID/root leads there, and says of itself that it is "/"."""
    mounted = tmp_path / "root"
    mounted.mkdir()
    script = f"mount --make-rprivate / && mount -t tmpfs none {mounted} && cp {waiting} {mounted}/tool && " \
             f"cp -r {tmp_path}/modules {mounted} && cd / && exec chroot {mounted} /tool"
    make_package(tmp_path / "modules/site-packages", "rests", "1.0")
    with Victim("unshare", "-m", "sh", "-c", script) as victim:
        root = f"/proc/{victim.process.pid}/root"
        found = json.loads(subprocess.run([PROGRAM, "sbom", "--root", root, "--json"], check=True, capture_output=True).stdout)
        asked = subprocess.run([PROGRAM, "watch", "--state", tmp_path / "state", "--function", f"{root}/tool:main"],
                               capture_output=True, text=True, timeout=60)
    assert [(p["name"], p["path"]) for p in found["packages"]] == \
        [(f"{OURS}rests".replace("_", "-"), f"/modules/site-packages/{OURS}rests-1.0.dist-info")], found
    assert found["name"] == root and found["os"] is None
    assert asked.returncode == 2 and "lies in another root" in asked.stderr, asked.stderr
