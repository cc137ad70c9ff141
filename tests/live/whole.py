# SPDX-License-Identifier: Apache-2.0
"""What whole-program tests share: the built program, its reports, and programs that stay until told."""

import contextlib
import datetime
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("USEWEAR", str(SOURCE / "build/usewear"))

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
# linux/proc_ns.h, PROC_PID_INIT_INO: elsewhere our pids are not those that the kernel tells, and doctor says so.
HOST_PIDS = os.stat("/proc/self/ns/pid").st_ino == 0xEFFFFFFC
needs_host_pids = pytest.mark.skipif(not HOST_PIDS, reason="in a pid namespace: pids are not those of events")


def needs(*programs):
    missing = [p for p in programs if not shutil.which(p)]
    return pytest.mark.skipif(bool(missing), reason="needs " + " and ".join(programs))


def usewear(state, *words, check=True, **options):
    done = subprocess.run([PROGRAM, *words, "--state", str(state)], capture_output=True, text=True, timeout=300,
                          **options)
    if check:
        assert done.returncode == 0, done.stderr
    return done


def scan_as_nobody(*words, before=()):
    """A scan by nobody, of a copy of the program in a folder that is open to all. Needs setpriv."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        program, state = folder / "usewear", folder / "state"
        shutil.copy(PROGRAM, program)
        state.mkdir()
        os.chown(state, 65534, 65534)
        done = subprocess.run([*before, "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", program, "scan",
                               "--state", state, *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def release():
    """As advisories name the release of this machine."""
    fields = dict(line.split("=", 1) for line in Path("/etc/os-release").read_text().splitlines() if "=" in line)
    if fields["ID"].strip('"') != "debian" or "VERSION_ID" not in fields:
        pytest.skip("the made-up advisory is for a Debian release")
    return "Debian:" + fields["VERSION_ID"].strip('"')


def installed(package):
    """Source package and version of a Debian package of this machine."""
    done = subprocess.run(["dpkg-query", "-W", "-f", "${db:Status-Status} ${source:Package} ${Version}", package],
                          capture_output=True, text=True)
    status, *fields = done.stdout.split() or [""]
    if done.returncode or status != "installed":
        pytest.skip(f"{package} is not installed as a Debian package")
    return fields


def findings(state, command="scan", *words):
    return json.loads(usewear(state, command, "--json", *words).stdout)


def of_package(report, name, below=""):
    """Findings of a package; those of a copy below this folder only, where others may run the same meanwhile."""
    return [f for f in report["findings"] if f["package"]["name"] == name and str(below) in f["package"]["path"]]


def wait_until(condition, seconds=120):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.2)
    raise AssertionError("it did not happen within %d s" % seconds)


class Victim:
    """A program that prints a line when it is ready and stays until the context ends."""

    def __init__(self, *command, **options):
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True, **options)

    def __enter__(self):
        self.ready = self.process.stdout.readline()
        assert self.ready, "the victim did not start"
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()

    def tell(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline()


class Watch:
    """A running `usewear watch`; ready once its first look is committed."""

    def __init__(self, state, *words, before=(), **options):
        self.state = state
        self.process = subprocess.Popen([*before, PROGRAM, "watch", "--json", "--state", str(state), *words],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)

    def __enter__(self):
        self.first = self.process.stdout.readline()
        assert self.first, self.process.stderr.read()
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.stop()

    def look(self):
        """One more full look, begun after this call: lines of looks that were printed before are passed over."""
        asked = time.time()
        while True:
            self.process.send_signal(signal.SIGHUP)
            line = self.process.stdout.readline()
            assert line, self.process.stderr.read()
            if datetime.datetime.fromisoformat(json.loads(line)["time"].replace("Z", "+00:00")).timestamp() >= asked:
                return

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        self.output, self.errors = self.process.communicate(timeout=300)
        return self.process.returncode


@contextlib.contextmanager
def tmpfs(folder, options="size=50%"):
    """A new file system on a new folder; skips where none can be mounted."""
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", folder], stderr=subprocess.DEVNULL).returncode:
        pytest.skip("cannot mount a tmpfs")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


@contextlib.contextmanager
def overlay(base, lower):
    """The folder `lower` as the lower layer of an overlay; skips where none can be mounted."""
    with tmpfs(base):
        for name in ("upper", "work", "merged"):
            (base / name).mkdir()
        options = f"lowerdir={lower},upperdir={base}/upper,workdir={base}/work"
        if subprocess.run(["mount", "-t", "overlay", "none", "-o", options, base / "merged"],
                          stderr=subprocess.DEVNULL).returncode:
            pytest.skip("cannot mount an overlay")
        try:
            yield base / "merged"
        finally:
            subprocess.run(["umount", base / "merged"], check=True)


def virtualenv(folder, *packages):
    """A virtual environment with these packages; skips where the package index cannot be reached."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    done = subprocess.run([folder / "bin/pip", "install", "-q", "--no-deps", "--disable-pip-version-check", *packages],
                          capture_output=True, text=True)
    if done.returncode:
        pytest.skip("pip could not install " + " ".join(packages) + ": " + done.stderr.strip().splitlines()[-1])
    return folder / "bin/python"


def advisory(path, name, fixed, ecosystem="Debian:12", identifier="USEWEAR-TEST-1"):
    """A made-up record in OSV's form, for packages of which no real flaw is at hand."""
    path.write_text(json.dumps({
        "schema_version": "1.6.0", "id": identifier, "modified": "2026-01-01T00:00:00Z",
        "affected": [{"package": {"ecosystem": ecosystem, "name": name},
                      "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": fixed}]}]}]}))
    return path
