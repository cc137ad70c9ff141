# SPDX-License-Identifier: Apache-2.0
"""What tests of native functions share: victims that are services of their own, and advisories that name functions."""

import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from whole import PROGRAM, advisory

GO = shutil.which("go", path=os.environ["PATH"] + ":/usr/local/go/bin:/usr/lib/go/bin")
HERE = Path(__file__).parent
RUN = secrets.token_hex(4)  # others may run the same tests on this machine meanwhile


def cgroup_base():
    """Below our own cgroup, in the hierarchy that tells workloads apart; skips where none can be made."""
    doctor = json.loads(subprocess.run([PROGRAM, "doctor", "--json"], capture_output=True, text=True, check=True).stdout)
    mount, controller = doctor["cgroup"]["mount"], doctor["cgroup"]["controller"]
    if not mount or not os.access(mount, os.W_OK):
        pytest.skip("no writable cgroup hierarchy")
    if not controller:
        return Path(mount)
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, names, path = line.split(":", 2)
        if controller in names.split(","):
            return Path(mount + path)
    return Path(mount)


class Service:
    """A program in a cgroup called NAME-RUN.service: a workload whose every process is ours. The same name is the same one."""

    def __init__(self, name, *command, **options):
        unit = f"{name}-{RUN}.service"
        self.workload, self.folder = f"systemd:{unit}", cgroup_base() / unit
        self.command, self.options = command, options

    def __enter__(self):
        try:
            self.folder.mkdir(exist_ok=True)
        except OSError as e:
            pytest.skip(f"cannot make a cgroup: {e}")
        join = f"echo $$ > '{self.folder}/cgroup.procs' && exec \"$@\""
        self.process = subprocess.Popen(["sh", "-c", join, "sh", *map(str, self.command)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, **self.options)
        line = self.process.stdout.readline()
        assert line == "ready\n", line
        return self

    def tell(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline()

    def __exit__(self, *_):
        self.process.kill()
        for pid in (self.folder / "cgroup.procs").read_text().split():  # its children hold our pipe
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        self.process.communicate()
        for _ in range(50):
            with contextlib.suppress(OSError):
                self.folder.rmdir()
                return
            import time
            time.sleep(0.1)


def naming(path, package, symbols, ecosystem, fixed="99:1", identifier="USEWEAR-TEST-7"):
    """A made-up advisory whose functions are (container, function), in the form of the Go database's imports."""
    advisory(path, package, fixed, ecosystem, identifier)
    record = json.loads(path.read_text())
    imports = {}
    for container, function in symbols:
        imports.setdefault(container, []).append(function)
    record["affected"][0]["ecosystem_specific"] = {"imports": [
        {"path": c, "symbols": f, "derived_symbols": []} for c, f in imports.items()]}
    path.write_text(json.dumps(record))
    return path


def go_build(folder, source, requires=(), flags=(), language="1.17"):
    """Build a Go program in folder; skips where the modules cannot be had."""
    if not GO:
        pytest.skip("needs go")
    (folder / "main.go").write_text(source)
    lines = "".join(f"require {r}\n" for r in requires)
    (folder / "go.mod").write_text(f"module example.com/victim\n\ngo {language}\n\n{lines}")
    done = subprocess.run([GO, "build", "-mod=mod", *flags, "-o", "victim", "."], cwd=folder, capture_output=True,
                          text=True, env={"HOME": str(Path.home()), **os.environ, "GOFLAGS": "-mod=mod", "GONOSUMDB": "*", "GONOSUMCHECK": "1",
                                          "GOTOOLCHAIN": "local"})
    if done.returncode:
        pytest.skip("go could not build the victim: " + done.stderr.strip().splitlines()[-1])
    return folder / "victim"


def compile_c(output, source, *flags):
    subprocess.run(["cc", "-O2", "-o", output, source, *flags], check=True)
    return output
