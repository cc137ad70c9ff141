# SPDX-License-Identifier: Apache-2.0
"""deploy/Containerfile is built and run as it says itself; deploy/kubernetes.yaml is what Kubernetes knows."""

import json
import os
import re
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2]
VALIDATOR = "kubernetes-validate==1.37.0"
# appArmorProfile came with the first; the last is the newest that the validator knows.
VERSIONS = ["1.30", "1.37"]


def run(*command, **options):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, **options)


def limits():
    """Podman asks for more than a guest may have."""
    return [word for name, kind in (("nofile", resource.RLIMIT_NOFILE), ("nproc", resource.RLIMIT_NPROC))
            for most in [min(1024, resource.getrlimit(kind)[1])] if most > 0 for word in ("--ulimit", f"{name}={most}:{most}")]


def advice():
    """The words of `podman run` in the head of the Containerfile."""
    head = re.sub(r"\\\n#", " ", (SOURCE / "deploy/Containerfile").read_text())
    words = re.search(r"^#\s+podman run (.*)$", head, re.M).group(1).split()
    assert words[-1] == "usewear"
    return words[:-1]


@pytest.fixture(scope="module")
def podman(tmp_path_factory):
    """podman(words…), with storage of its own, which needs no mounts."""
    if os.geteuid() != 0 or not shutil.which("podman"):
        pytest.skip("needs root and podman")
    folder = tmp_path_factory.mktemp("containers")
    # crun refuses hybrid cgroups.
    runtime = ["--runtime", "runc"] if shutil.which("runc") else []
    common = ["podman", "--root", folder / "root", "--runroot", folder / "run", "--storage-driver", "vfs", "--cgroup-manager",
              "cgroupfs", "--events-backend", "file", *runtime]
    yield lambda *words: run(*common, *words, cwd=SOURCE, timeout=300)
    run(*common, "rmi", "-a", "-f")
    run(*common, "volume", "prune", "-f")


def test_the_image_is_built_and_runs_as_it_says(podman):
    done = run("tools/release/build", cwd=SOURCE)
    assert done.returncode == 0, done.stderr[-2000:]
    done = podman("build", "--isolation", "chroot", "-f", "deploy/Containerfile", "--build-arg", f"ARCH={os.uname().machine}", "-t",
                  "usewear", ".")
    assert done.returncode == 0, done.stderr[-2000:]
    done = podman("run", *limits(), *advice(), "usewear", "doctor", "--json")
    if "OCI" in done.stderr or "runtime" in done.stderr:
        pytest.skip("no container can be run here: " + done.stderr.strip().splitlines()[-1])
    assert done.returncode == 0, done.stderr[-2000:]
    doctor = json.loads(done.stdout)
    here = json.loads(run(SOURCE / f"dist/usewear-{os.uname().machine}", "doctor", "--json").stdout)
    serving = [sorted({hook["event"] for hook in one["hooks"] if hook["state"] == "serving"}) for one in (doctor, here)]
    assert serving[0] == serving[1], doctor["events_error"]
    assert doctor["missing"] == here["missing"]


def test_without_our_flags_it_says_what_is_missing(podman):
    done = podman("run", "--rm", *limits(), "usewear", "doctor", "--json")
    if "OCI" in done.stderr or "runtime" in done.stderr:
        pytest.skip("no container can be run here: " + done.stderr.strip().splitlines()[-1])
    doctor = json.loads(done.stdout)
    told = " ".join(one["what"] for one in doctor["missing"])
    assert "CAP_BPF" in told and "pid namespace" in told and doctor["events_error"]


@pytest.fixture(scope="module")
def validator():
    folder = SOURCE / "build/venv-kubernetes"
    program = folder / "bin/kubernetes-validate"
    if not program.exists():
        run(sys.executable, "-m", "venv", folder)
        done = run(folder / "bin/pip", "install", "-q", "--disable-pip-version-check", VALIDATOR)
        if done.returncode:
            pytest.skip(f"{VALIDATOR} cannot be had: {done.stderr.strip().splitlines()[-1]}")
    return program


@pytest.mark.parametrize("version", VERSIONS)
def test_kubernetes_knows_the_manifest(validator, version, tmp_path):
    manifest = SOURCE / "deploy/kubernetes.yaml"
    done = run(validator, "--strict", "-k", version, manifest)
    assert done.returncode == 0 and "daemonset/usewear" in done.stdout + done.stderr, done.stdout + done.stderr
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(manifest.read_text().replace("hostPID: true", "hostPid: true"))
    assert run(validator, "--strict", "-k", version, wrong).returncode != 0, "the validator takes anything"
