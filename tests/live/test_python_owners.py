# SPDX-License-Identifier: Apache-2.0
"""Whose a Python function is: who wrote its code, whatever name it goes by and whoever calls it."""

import contextlib
import json
import subprocess
import sys

import pytest
from native import Service, naming
from whole import Victim, findings, needs_root, usewear

pytestmark = needs_root

BASIS = """
import functools

class Base:
    def inherited(self):
        return len("a")

    def silent(self):
        return len("b")

def tracing(function):
    @functools.wraps(function)
    def inner(*words):
        return function(*words)
    return inner
"""
USER = """
import basis

class Derived(basis.Base):
    def own(self):
        return self.inherited()

    def never(self):
        return self.silent()

@basis.tracing
def decorated():
    return len("c")

@basis.tracing
def never_decorated():
    return len("d")
"""


def put_package(site, name, version, files):
    """As pip would have installed it."""
    info = site / f"{name}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (info / "INSTALLER").write_text("pip\n")
    for path, text in files.items():
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_text(text)
    (info / "RECORD").write_text("".join(f"{path},,\n" for path in [*files, f"{info.name}/METADATA"]))


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """An environment with basis, user that derives from it, and carrier that has a copy of its own of it."""
    folder = tmp_path_factory.mktemp("owners")
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    site = next((folder / "venv").glob("lib/python*/site-packages"))
    put_package(site, "basis", "1.0", {"basis/__init__.py": BASIS})
    put_package(site, "user", "1.0", {"user.py": USER})
    put_package(site, "carrier", "3.0", {
        "carrier/__init__.py": "from carrier._vendor import basis\n\ndef run():\n    return basis.Base().inherited()\n",
        "carrier/_vendor/__init__.py": "", "carrier/_vendor/basis/__init__.py": BASIS,
        "carrier/_vendor/vendor.txt": "basis==0.9\n"})
    return folder / "venv/bin/python"


def answers(python, code, folder):
    """(package, its version, module, name) → answer, and the packages with what is known of them."""
    with Victim(python, "-c", f"import sys\n{code}\nprint('ready', flush=True); sys.stdin.read()") as victim:
        report = json.loads(usewear(folder, "functions", str(victim.process.pid), "--json").stdout)
    told = {}
    for f in report["functions"]:
        if p := f["package"]:
            told[p["name"], p["version"], f["container"], f["name"]] = f["answer"]
    return told, {(p["package"]["name"], p["package"]["version"]): p for p in report["packages"]}


def test_decorated_and_inherited_functions_are_whose_code_they_are(python, tmp_path):
    told, packages = answers(python, "import user\nuser.Derived().own(); user.decorated()", tmp_path)
    mine = {key[0::3]: (key[2], answer) for key, answer in told.items() if key[0] in ("basis", "user")}
    assert mine == {
        ("basis", "Base.inherited"): ("basis", "yes"),
        ("basis", "Base.silent"): ("basis", "not_observed"),
        ("basis", "tracing"): ("basis", "yes"),
        ("basis", "tracing.<locals>.inner"): ("basis", "yes"),
        ("user", "Derived.own"): ("user", "yes"),
        ("user", "Derived.never"): ("user", "not_observed"),
        ("user", "decorated"): ("user", "yes"),
        ("user", "never_decorated"): ("user", "not_observed"),
    }
    assert packages["basis", "1.0"]["executed"] == 3 and packages["user", "1.0"]["executed"] == 2
    assert not [key for key in packages if key[0] == "carrier"]


def test_vendored_copy_is_not_the_package_beside_it(python, tmp_path):
    told, packages = answers(python, "import carrier; carrier.run()", tmp_path)
    assert ("basis", "1.0") not in packages
    assert told["carrier", "3.0", "carrier", "run"] == "yes"
    assert told["basis", "0.9", "carrier._vendor.basis", "Base.inherited"] == "yes"
    assert told["basis", "0.9", "carrier._vendor.basis", "Base.silent"] == "not_observed"


def test_copies_inside_of_pip_are_packages_of_their_own(python, tmp_path):
    told, packages = answers(
        python, "import pip._vendor.packaging.version as v, pip._internal.utils.misc; v.parse('1.0')", tmp_path)
    of = [key for key, answer in told.items() if key[2] == "pip._vendor.packaging.version" and answer == "yes"]
    assert of and {key[0] for key in of} == {"packaging"}
    assert {key[0] for key in told if key[2] == "pip._internal.utils.misc"} == {"pip"}
    assert "pip" in {name for name, _ in packages} and packages[of[0][:2]]["executed"] > 3


def test_advisory_finds_the_function_in_a_vendored_copy(python, tmp_path):
    """It names the module as its own package does; the copy ran, the package beside it is not even loaded."""
    record = naming(tmp_path / "basis.json", "basis", [("basis", "Base.inherited"), ("basis", "Base.silent")], "PyPI", "2.0")
    usewear(tmp_path, "db", "import", str(record))
    code = "import carrier, sys; carrier.run(); print('ready', flush=True); sys.stdin.read()"
    with Service("usewear-test-owners", python, "-c", code) as service:
        report = findings(tmp_path)
    found = {f["package"]["version"]: f for f in report["findings"] if f["package"]["name"] == "basis" and
             (not f["workload"] or f["workload"]["id"] == service.workload)}
    assert found["0.9"]["level"] == "reached" and found["0.9"]["package"]["path"].startswith(str(python.parents[1]))
    hit = [e for e in found["0.9"]["evidence"] if e["kind"] == "reached"]
    assert [e["subject"] for e in hit] == ["basis.Base.inherited"]
    with contextlib.suppress(KeyError):
        assert found["1.0"]["level"] == "present"
