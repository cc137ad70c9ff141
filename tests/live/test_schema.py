# SPDX-License-Identifier: Apache-2.0
"""What the commands really print is what docs/*.schema.json promises, and nothing in it is undescribed."""

import json
import signal
import socket
import subprocess
import time

import jsonschema
import pytest
from whole import PROGRAM, SOURCE, needs_host_pids, needs_root, usewear


def schema(name):
    return json.loads((SOURCE / f"docs/{name}.schema.json").read_text())


def described(node, root, found):
    """All property names that a schema knows, wherever they stand."""
    if isinstance(node, dict):
        found |= set(node.get("properties", {}))
        for value in node.values():
            described(value, root, found)
    elif isinstance(node, list):
        for value in node:
            described(value, root, found)
    return found


def names(value, free=()):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            if key not in free:
                yield from names(inner, free)
    elif isinstance(value, list):
        for inner in value:
            yield from names(inner, free)


def check(value, name):
    wanted = schema(name)
    errors = list(jsonschema.Draft202012Validator(wanted).iter_errors(value))
    assert not errors, "\n".join(f"{list(e.absolute_path)}: {e.message}" for e in errors[:10])
    assert set(names(value, free=("dropped",))) <= described(wanted, wanted, set())


@pytest.fixture(scope="module")
def looked(tmp_path_factory):
    """A state folder with one look, judged by advisories that make a package of this very test vulnerable."""
    state = tmp_path_factory.mktemp("schema")
    record = state / "record.json"
    record.write_text(json.dumps({
        "schema_version": "1.6.0", "id": "USEWEAR-TEST-1", "modified": "2026-01-01T00:00:00Z",
        "aliases": ["CVE-2099-0001"], "severity": [
            {"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
        "affected": [{"package": {"ecosystem": "PyPI", "name": name},
                      "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "99999"}]}]}
                     for name in ("pytest", "jsonschema", "pip")]}))
    usewear(state, "db", "import", str(record))
    return state, json.loads(usewear(state, "scan", "--json").stdout)


def test_scan(looked):
    check(looked[1], "findings")


def test_report_and_its_numbers(looked):
    report = json.loads(usewear(looked[0], "report", "--json").stdout)
    check(report, "findings")
    for row in report["funnel"].values():
        steps = [row[step] for step in ("installed", "present", "loaded", "executed", "reached")]
        assert steps == sorted(steps, reverse=True)
    assert all(f["key"] for f in report["findings"])


def test_explain(looked):
    if not looked[1]["findings"]:
        pytest.skip("no installed package of Python was found by this look")
    wanted = looked[1]["findings"][0]["id"]
    explained = json.loads(usewear(looked[0], "explain", wanted, "--json").stdout)
    check(explained, "findings")
    assert {f["id"] for f in explained["findings"]} == {wanted}


def test_a_misspelt_field_is_found(looked):
    broken = json.loads(json.dumps(looked[1]))
    broken["funnel"]["packages"]["instaled"] = broken["funnel"]["packages"].pop("installed")
    with pytest.raises(AssertionError):
        check(broken, "findings")


@needs_root
@needs_host_pids
def test_events():
    process = subprocess.Popen([PROGRAM, "events", "--all"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert "watching" in process.stderr.readline()
    subprocess.run(["true"], check=True)
    subprocess.run(["sh", "-c", "kill -9 $$"])
    with socket.socket() as server, socket.socket() as client:
        server.bind(("127.0.0.1", 0))
        server.listen()
        client.connect(server.getsockname())
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    seen = set()
    for line in out.splitlines():
        event = json.loads(line)
        check(event, "event")
        seen.add(event["type"])
    assert {"exec", "fork", "exit", "map", "listen", "connect"} <= seen
