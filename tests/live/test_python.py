# SPDX-License-Identifier: Apache-2.0
"""Python programs that run already when Usewear is started for the first time: what is told of their packages and of
the functions that advisories name."""

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import urllib.request
import zipapp
from pathlib import Path

import jsonschema
import pytest
from native import Service
from whole import SOURCE, Victim, Watch, advisory, findings, needs_root, usewear, virtualenv, wait_until

pytestmark = needs_root

SHOP = """
import collections, collections.abc, sys, threading
for name in ("Mapping", "MutableMapping", "Hashable"):  # jinja2 2.11 and PyYAML 5.3 are older than CPython 3.10
    setattr(collections, name, getattr(collections.abc, name))
import flask, yaml
from werkzeug.serving import make_server

app = flask.Flask("shop")

@app.route("/")
def index():
    return flask.render_template_string("{{ 'see http://example.org/'|urlize }}")

@app.route("/config", methods=["POST"])
def config():
    return str(yaml.load(flask.request.data, Loader=yaml.FullLoader))

server = make_server("127.0.0.1", 0, app)
server.log = lambda *_: None
threading.Thread(target=server.serve_forever, daemon=True).start()
print("ready", flush=True)
for line in sys.stdin:
    print(server.port, flush=True)
"""


@pytest.fixture(scope="session")
def shop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shop")
    (folder / "shop.py").write_text(SHOP)
    return virtualenv(folder / "venv", "Flask==1.1.4", "Werkzeug==1.0.1", "Jinja2==2.11.2", "MarkupSafe==2.0.1",
                      "itsdangerous==1.1.0", "click==7.1.2", "PyYAML==5.3"), folder / "shop.py"


def ask(service, path, data=None):
    port = int(service.tell("port"))
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data, {"Content-Type": "text/plain"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return answer.read().decode()


def finding_of(report, identifier, service):
    found = [f for f in report["findings"] if f["workload"] and f["workload"]["id"] == service.workload and
             identifier in [f["id"], *f["aliases"]]]
    assert len(found) == 1, [f["id"] for f in report["findings"] if f["workload"]]
    return found[0]


def test_first_scan_tells_what_has_run_since_the_start(tmp_path, shop):
    with Service("usewear-shop", *shop) as service:
        assert "href" in ask(service, "/")
        assert "1.5" in ask(service, "/config", b"a: [1, 1.5]")
        started = Path(f"/proc/{service.process.pid}").stat().st_mtime
        report = findings(tmp_path)
        urlize = finding_of(report, "CVE-2020-28493", service)
        assert urlize["level"] == "reached" and urlize["reached"]["answer"] == "yes"
        assert urlize["reached"]["engine"] == "cpython"
        hit = [e for e in urlize["evidence"] if e["kind"] == "reached"]
        assert hit and hit[0]["subject"] == "jinja2.utils.urlize" and hit[0]["pid"] == service.process.pid
        assert hit[0]["after"] and hit[0]["after"] <= hit[0]["first"]
        yaml = finding_of(report, "CVE-2020-14343", service)
        assert yaml["level"] == "executed" and yaml["executed"]["answer"] == "yes"
        assert yaml["reached"]["answer"] == "not_observed" and yaml["reached"]["engine"] == "cpython"
        assert yaml["reached"]["after"] and started
        table = usewear(tmp_path, "report", "--all").stdout
        assert re.search(r"CVE-2020-28493.*reached", table) and re.search(r"CVE-2020-14343.*executed", table)
        explained = usewear(tmp_path, "explain", "CVE-2020-14343").stdout
        assert re.search(r"reached +not observed", explained), explained
        # Then the vulnerable constructor runs as well, and no later look takes that back.
        ask(service, "/config", b"!!python/object/new:collections.OrderedDict []")
        assert finding_of(findings(tmp_path), "CVE-2020-14343", service)["level"] == "reached"
    with Service("usewear-shop", *shop) as service:
        assert finding_of(findings(tmp_path), "CVE-2020-14343", service)["level"] == "reached"


RENDERS = "import jinja2, sys; jinja2.Template('a').render(); print('ready', flush=True); sys.stdin.read()"


@pytest.mark.parametrize("how", ["release", "link", "copy", "zipapp"])
def test_modules_that_are_imported_by_another_path(tmp_path, shop, how):
    """Through a link to a release folder, through a link in the search path, from a copy of the package's folder, from
    an archive."""
    python = shop[0]
    folder = next((python.parents[1] / "lib").glob("python*/site-packages"))
    environment = dict(os.environ)
    if how == "release":
        (tmp_path / "current").symlink_to(python.parents[1])
        python = tmp_path / "current/bin/python"
    elif how == "zipapp":
        source = tmp_path / "source"
        for name in ("jinja2", "markupsafe", "Jinja2-2.11.2.dist-info", "MarkupSafe-2.0.1.dist-info"):
            shutil.copytree(next(f for f in folder.iterdir() if f.name.lower() == name.lower()), source / name)
        zipapp.create_archive(source, tmp_path / "app.pyz", main="jinja2:Template")
        python, environment["PYTHONPATH"] = Path(sys.executable), str(tmp_path / "app.pyz")
    elif how == "link":
        (tmp_path / "modules").symlink_to(folder)
        python, environment["PYTHONPATH"] = Path(sys.executable), str(tmp_path / "modules")
    else:
        for name in ("jinja2", "markupsafe"):
            shutil.copytree(folder / name, tmp_path / "modules" / name)
        environment["PYTHONPATH"] = str(tmp_path / "modules")
    with Service("usewear-test-path", python, "-c", RENDERS, env=environment) as service:
        report = findings(tmp_path / "state")
    mine = [f for f in report["findings"] if f["package"]["name"] == "jinja2" and f["workload"]
            and f["workload"]["id"] == service.workload]
    assert mine, (report["limits"], [f for f in report["findings"] if f["package"]["name"] == "jinja2"])
    assert {f["loaded"]["answer"] for f in mine} == {"yes"} and {f["executed"]["answer"] for f in mine} == {"yes"}


def test_watch_sees_what_runs_later(tmp_path, shop):
    with Service("usewear-shop", *shop) as service, Watch(tmp_path, "--interval", "300"):
        first = finding_of(findings(tmp_path, "report"), "CVE-2020-28493", service)
        assert first["reached"]["answer"] == "not_observed"
        ask(service, "/")
        wait_until(lambda: finding_of(findings(tmp_path, "report"), "CVE-2020-28493", service)["level"] == "reached", 60)


FILLED = """
import collections, collections.abc, sys
collections.Mapping, collections.MutableMapping = collections.abc.Mapping, collections.abc.MutableMapping
import jinja2.utils
exec("".join("def f%05d%s(): pass\\n" % (n, "x" * 400) for n in range(20000)))  # more than a worker keeps
print("ready", flush=True)
for line in sys.stdin:
    exec(line)
    print("done", flush=True)
"""
AGAIN = "jinja2.utils.urlize('http://example.org/');" \
        "[sys.modules.pop(m) for m in list(sys.modules) if m.startswith('jinja2')];" \
        "del jinja2; import gc; gc.collect(); import jinja2.utils"


@pytest.mark.parametrize("then", ["pass", AGAIN])
def test_what_goes_while_nothing_is_kept_of_it_is_not_silent(tmp_path, shop, then):
    """The record of such a process is let go after each look. What ran and was loaded anew meanwhile, by code that is
    gone as well, lies there as if it had never run."""
    with Service("usewear-filled", shop[0], "-c", FILLED) as service, Watch(tmp_path, "--interval", "300") as watch:
        first = finding_of(findings(tmp_path, "report"), "CVE-2020-28493", service)
        assert first["reached"]["answer"] == "not_observed", first["reached"]
        watch.look()
        assert finding_of(findings(tmp_path, "report"), "CVE-2020-28493",
                          service)["reached"]["answer"] == "not_observed"
        assert service.tell(then)
        watch.look()
        last = finding_of(findings(tmp_path, "report"), "CVE-2020-28493", service)["reached"]
        assert last["answer"] == ("not_observed" if then == "pass" else "unknown"), last


def test_forked_workers_count_for_their_workload(tmp_path, shop):
    code = """
import os, sys, time
import jinja2.utils
child = os.fork()
if not child:
    jinja2.utils.urlize("http://example.org/")
    print("ready", flush=True)
    time.sleep(1000)
sys.stdin.read()
"""
    with Service("usewear-forks", shop[0], "-c", "import collections, collections.abc\n"
                 "collections.Mapping, collections.MutableMapping = collections.abc.Mapping, "
                 "collections.abc.MutableMapping" + code) as service:
        try:
            found = finding_of(findings(tmp_path), "CVE-2020-28493", service)
            parent, child = [json.loads(usewear(tmp_path, "functions", pid, "--package", "jinja2", "--json").stdout)
                             for pid in sorted((service.folder / "cgroup.procs").read_text().split(), key=int)]
        finally:
            for pid in (service.folder / "cgroup.procs").read_text().split():
                os.kill(int(pid), 9)
    assert found["level"] == "reached"
    assert [e["pid"] for e in found["evidence"] if e["kind"] == "reached"] != [service.process.pid]
    answer = [f["answer"] for f in parent["functions"] if f["name"] == "urlize"]
    assert answer == ["not_observed"], "the parent itself has not run it"
    assert child["pid"] != service.process.pid
    assert [g for g in child["engines"][0]["gaps"] if "forked" in g] and not parent["engines"][0]["gaps"]
    escaped = [[f for f in side["functions"] if f["answer"] == "yes"][0] for side in (parent, child)]
    assert escaped[0]["after"] == escaped[1]["after"] <= child["engines"][0]["since"]


def test_list_of_functions_follows_its_schema(tmp_path, shop):
    schema = json.loads((SOURCE / "docs/functions.schema.json").read_text())
    with Service("usewear-shop", *shop) as service:
        ask(service, "/")
        by_pid = json.loads(usewear(tmp_path, "functions", str(service.process.pid), "--json").stdout)
        by_workload = json.loads(usewear(tmp_path, "functions", "--workload", service.workload, "--json").stdout)
        text = usewear(tmp_path, "functions", str(service.process.pid)).stdout
    for report in by_pid, by_workload:
        jsonschema.validate(report, schema)
        jinja = [p for p in report["packages"] if p["package"]["name"] == "jinja2"][0]
        assert jinja["modules"] > 5 and 0 < jinja["executed"] < jinja["known"]
        assert jinja["known"] == jinja["executed"] + jinja["not_observed"] + jinja["unknown"]
        assert {f["answer"] for f in report["functions"] if f["name"] == "urlize"} == {"yes"}
    assert by_pid["pid"] == service.process.pid and by_workload["workload"] == service.workload
    assert re.search(r"^jinja2 2\.11\.2 .*\d", text, re.M)


def anonymous_and_faults(pid):
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(re.search(r"^Anonymous: +(\d+)", rollup, re.M)[1]), int(fields[7])


def test_looking_leaves_no_trace_in_the_process(tmp_path):
    code = "import mmap, sys; big = mmap.mmap(-1, 64 << 20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS); " \
           "print('ready', flush=True); sys.stdin.read()"
    with Victim(sys.executable, "-c", code) as victim:
        # It has said that it is ready, and is still on its way to waiting.
        seen = []
        wait_until(lambda: seen.append(anonymous_and_faults(victim.process.pid)) or
                   len(seen) > 5 and len(set(seen[-5:])) == 1)
        before = seen[-1]
        for _ in range(5):
            usewear(tmp_path, "functions", str(victim.process.pid))
        assert anonymous_and_faults(victim.process.pid) == before


def test_processes_that_end_or_change_under_the_look(tmp_path):
    """They are gone, or another program: that is said, and nothing hangs."""
    for code in ("import os, time; time.sleep(0.05)", "import os; os.execv('/bin/sleep', ['sleep', '5'])"):
        for _ in range(5):
            process = subprocess.Popen([sys.executable, "-c", code])
            done = usewear(tmp_path, "functions", str(process.pid), "--json", check=False)
            assert done.returncode in (0, 2), done.stderr
            assert done.returncode == 0 or "process" in done.stderr
            process.kill()
            process.wait()


def test_stopped_process_is_looked_into(tmp_path):
    with Victim(sys.executable, "-c", "import json, sys; json.dumps([1]); print('ready', flush=True); sys.stdin.read()") as v:
        v.process.send_signal(19)  # SIGSTOP
        report = json.loads(usewear(tmp_path, "functions", str(v.process.pid), "--json").stdout)
    answers = {f["name"]: f["answer"] for f in report["functions"] if f["container"] == "json"}
    assert answers["dumps"] == "yes" and answers["loads"] == "not_observed"


@pytest.mark.parametrize("linked", [False, True])
def test_a_module_that_two_packages_list_is_a_doubt_about_both(tmp_path, linked):
    """What an upgrade left behind lists the same files: neither version may be called not loaded, not even where the
    module is reached through a link."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)
    site = next((tmp_path / "venv").glob("lib/python*/site-packages"))
    (site / "twofold.py").write_text("def idle():\n    input()\n")
    for version in ("1.0", "2.0"):
        info = site / f"twofold-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: twofold\nVersion: {version}\n")
        (info / "RECORD").write_text(f"twofold.py,,\n{info.name}/METADATA,,\n")
    environment = dict(os.environ)
    if linked:
        (tmp_path / "modules").symlink_to(site)
        environment["PYTHONPATH"] = str(tmp_path / "modules")
    process = subprocess.Popen([tmp_path / "venv/bin/python", "-c", "import twofold; print(1, flush=True); twofold.idle()"],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=tmp_path, env=environment)
    try:
        assert process.stdout.readline() == b"1\n"
        usewear(tmp_path / "state", "scan")
    finally:
        process.communicate()
    with sqlite3.connect(tmp_path / "state/evidence.db") as db:
        doubted = {package.split("|")[3]: reason for package, reason in db.execute("SELECT package, reason FROM doubt")
                   if "|twofold|" in package}
    assert set(doubted) == {"1.0", "2.0"} and all("twofold.py belongs to several packages" in text for text in doubted.values())


def test_metadata_that_lies_twice_is_one_package(tmp_path):
    """pip's and setuptools' folders of one version: what was seen of the one holds for the other."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)
    site = next((tmp_path / "venv").glob("lib/python*/site-packages"))
    (site / "doubled.py").write_text("def idle():\n    input()\n")
    for name, inner, listing in (("dist-info", "METADATA", ("RECORD", "doubled.py,,\n")),
                                 ("egg-info", "PKG-INFO", ("installed-files.txt", "../doubled.py\n"))):
        info = site / f"doubled-1.0.{name}"
        info.mkdir()
        (info / inner).write_text("Metadata-Version: 2.1\nName: doubled\nVersion: 1.0\n")
        (info / listing[0]).write_text(listing[1])
    state = tmp_path / "state"
    usewear(state, "db", "import", str(advisory(tmp_path / "record.json", "doubled", "2.0", "PyPI")))
    with Service("usewear-test-doubled", tmp_path / "venv/bin/python", "-c",
                 "import doubled; print('ready', flush=True); doubled.idle()") as service:
        report = findings(state)
    mine = [f for f in report["findings"] if f["package"]["name"] == "doubled"]
    assert [(f["workload"]["id"], f["loaded"]["answer"], f["executed"]["answer"]) for f in mine] == [
        (service.workload, "yes", "yes")], mine
