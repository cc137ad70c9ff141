# SPDX-License-Identifier: Apache-2.0
"""usewear db: whatever happens in the middle of an import, the database is the old one or the new one."""
import json
import os
import pathlib
import resource
import signal
import sqlite3
import subprocess
import time
import zipfile

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
USEWEAR = os.environ.get("USEWEAR", ROOT / "build/usewear")


def usewear(state, *args, **more):
    return subprocess.run([USEWEAR, "db", *map(str, args), "--state", str(state)], text=True, capture_output=True,
                          timeout=120, **more)


def record(i, version="1.0-1", name=None):
    return {"id": f"DSA-{i}-1", "modified": "2024-01-01T00:00:00Z", "upstream": [f"CVE-2024-{i:05}"],
            "affected": [{"package": {"ecosystem": "Debian:12", "name": name or f"src{i % 50}"},
                          "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": version}]}]}]}


def archive(path, count, **more):
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as z:
        for i in range(count):
            z.writestr(f"DSA-{i}-1.json", json.dumps(record(i, **more)))
    return path


def status(state):
    run = usewear(state, "status", "--json")
    assert run.returncode == 0, run.stderr
    return {s["ecosystem"]: s for s in json.loads(run.stdout)}


@pytest.fixture
def state(tmp_path):
    folder = tmp_path / "state"
    assert usewear(folder, "import", archive(tmp_path / "Debian/all.zip", 30)).returncode == 0
    assert status(folder)["Debian"]["records"] == 30
    return folder


def test_starter_until_imported(tmp_path):
    assert {s["source"] for s in status(tmp_path / "s").values()} == {"starter"}
    assert (tmp_path / "s/advisory.db").stat().st_mode & 0o777 == 0o600
    pypi = tmp_path / "PyPI/all.zip"
    pypi.parent.mkdir()
    with zipfile.ZipFile(pypi, "w") as z:
        item = record(1)
        item["affected"][0]["package"] = {"ecosystem": "PyPI", "name": "x"}
        z.writestr("one.json", json.dumps(item))
    assert usewear(tmp_path / "s", "import", pypi).returncode == 0
    after = status(tmp_path / "s")
    assert after["PyPI"]["records"] == 1 and after["PyPI"]["source"] == str(pypi)
    assert after["Go"]["source"] == "starter" and after["Go"]["records"] > 4000


def test_import_replaces_its_ecosystem(state, tmp_path):
    run = usewear(state, "import", archive(tmp_path / "Debian/all.zip", 20), "--json")
    assert json.loads(run.stdout)[0] | {"path": ""} == {"path": "", "imported": 0, "unchanged": 20, "skipped": 0}
    assert status(state)["Debian"]["records"] == 20
    db = sqlite3.connect(state / "advisory.db")
    assert db.execute("SELECT COUNT(*) FROM advisory WHERE id LIKE 'DSA-%'").fetchone() == (20,)
    assert db.execute("SELECT COUNT(*) FROM affected WHERE ecosystem = 'Debian:12'").fetchone() == (20,)


def test_single_records_are_added(state, tmp_path):
    single = tmp_path / "own.json"
    single.write_text(json.dumps(record(999)))
    assert usewear(state, "import", single).returncode == 0
    assert status(state)["Debian"]["records"] == 31


def test_a_record_stays_while_an_import_holds_it(state, tmp_path):
    """Own advisories survive the next archive, which does not know them."""
    own = tmp_path / "own"
    own.mkdir()
    for i in (901, 902):
        (own / f"{i}.json").write_text(json.dumps(record(i)))
    assert usewear(state, "import", own).returncode == 0
    assert usewear(state, "import", archive(tmp_path / "Debian/all.zip", 20)).returncode == 0
    assert usewear(state, "show", "DSA-901-1").returncode == 0 and usewear(state, "show", "DSA-25-1").returncode == 2
    (own / "902.json").unlink()
    assert usewear(state, "import", own).returncode == 0
    assert usewear(state, "show", "DSA-901-1").returncode == 0 and usewear(state, "show", "DSA-902-1").returncode == 2
    # in two archives: gone only when both are without it
    both = archive(tmp_path / "other/all.zip", 5)
    assert usewear(state, "import", both).returncode == 0
    assert usewear(state, "show", "DSA-3-1").returncode == 0


@pytest.mark.parametrize("form", ["archive", "folder"])
def test_hostile_records_cost_little(state, tmp_path, form):
    hostile = tmp_path / "hostile/all.zip"
    hostile.parent.mkdir()
    event = '{"introduced": "0"},'
    head = '{"id": "X-%d", "modified": "2024-01-01T00:00:00Z", '
    package = '"affected": [{"package": {"ecosystem": "Debian:12", "name": "x"}, "ranges": [{"type": "ECOSYSTEM", "events": ['
    with zipfile.ZipFile(hostile, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("string.json", head % 1 + '"summary": "' + "a" * (100 << 20) + '"}')
        z.writestr("ranges.json", head % 2 + package + event * 10**6 + '{"fixed": "1"}]}]}]}')
        z.writestr("deep.json", head % 3 + '"affected": ' + "[" * 10**6)
        z.writestr("utf8.json", (head % 4).encode() + b'"aliases": ["\xff\xfe"]}')
        z.writestr("date.json", '{"id": "X-5", "modified": "99999-99-99T99:99:99Z", "affected": []}')
        z.writestr("good.json", json.dumps(record(1)))
    if form == "folder":
        zipfile.ZipFile(hostile).extractall(tmp_path / "files")
        hostile = tmp_path / "files"
    little = 256 << 20  # bytes of addresses, libraries among them
    run = usewear(state, "import", hostile, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (little, little)))
    assert run.returncode == 0 and "5 skipped" in run.stdout, run.stdout + run.stderr
    for name in ("string", "ranges", "deep", "utf8", "date"):
        assert f"{name}.json: " in run.stderr
    assert run.stderr.count("skipped ") == 5 and status(state)["Debian"]["records"] == 30


def test_truncated_archive_changes_nothing(state, tmp_path):
    whole = archive(tmp_path / "new/all.zip", 400, version="2.0-1").read_bytes()
    for size in (10, len(whole) // 2, len(whole) - 5):
        broken = tmp_path / "broken.zip"
        broken.write_bytes(whole[:size])
        run = usewear(state, "import", broken)
        assert run.returncode == 2 and "truncated" in run.stderr and run.stderr.count("\n") == 1
    damaged = bytearray(whole)
    with zipfile.ZipFile(tmp_path / "new/all.zip") as z:
        entry = z.infolist()[200]
    damaged[entry.header_offset + 30 + len(entry.filename) + 20] ^= 0xff
    broken.write_bytes(damaged)
    assert usewear(state, "import", broken).returncode == 2
    assert status(state)["Debian"]["records"] == 30


def test_broken_record_is_named_and_skipped(state, tmp_path):
    mixed = tmp_path / "mixed/all.zip"
    mixed.parent.mkdir()
    with zipfile.ZipFile(mixed, "w") as z:
        z.writestr("good.json", json.dumps(record(1)))
        z.writestr("bad.json", "{\"id\": \"DSA-7\", ")
        z.writestr("deep.json", "[" * 100000)
        z.writestr("other.json", json.dumps(record(2)))
        z.writestr("README", "not a record")
    assert status(state)["Debian"]["records"] == 30
    run = usewear(state, "import", mixed)
    assert run.returncode == 0 and "2 skipped" in run.stdout
    assert "bad.json" in run.stderr and "deep.json" in run.stderr and "README" not in run.stderr
    assert status(state)["Debian"]["records"] == 30  # what a skipped record said before stays known


def test_killed_import_leaves_the_old_state(state, tmp_path):
    big = archive(tmp_path / "big/all.zip", 20000, version="3.0-1")
    kills = 0
    for delay in (0.02, 0.1, 0.2, 0.35):
        child = subprocess.Popen([USEWEAR, "db", "import", big, "--state", state], stdout=subprocess.DEVNULL)
        time.sleep(delay)
        child.send_signal(signal.SIGKILL)
        kills += child.wait() == -signal.SIGKILL
        assert status(state)["Debian"]["records"] in (30, 20000)
        if status(state)["Debian"]["records"] == 20000:
            break
    assert kills
    assert usewear(state, "import", big).returncode == 0
    assert status(state)["Debian"]["records"] == 20000


def test_locked_database_says_so(state, tmp_path):
    other = sqlite3.connect(state / "advisory.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    run = usewear(state, "import", archive(tmp_path / "x/all.zip", 3))
    assert run.returncode == 2 and "in use by another import" in run.stderr and run.stderr.count("\n") == 1
    assert status(state)["Debian"]["records"] == 30  # reading goes on
    other.execute("ROLLBACK")


@pytest.mark.parametrize("spoil", ["text", "middle", "foreign", "newer", "view", "trigger"])
def test_what_is_not_ours_is_refused(state, spoil):
    path = state / "advisory.db"
    if spoil == "text":
        path.write_text("not a database at all, but long enough to be read as one\n" * 100)
    elif spoil == "middle":
        path.write_bytes(path.read_bytes()[:16] + os.urandom(8000))
    elif spoil == "foreign":
        path.unlink()
        sqlite3.connect(path).executescript("CREATE TABLE recipes (name TEXT)")
    else:
        db = sqlite3.connect(path)
        db.executescript({
            "newer": "PRAGMA user_version = 99",
            "view": "ALTER TABLE affected RENAME TO hidden; CREATE VIEW affected AS WITH RECURSIVE n(i) AS"  # never ends
                    " (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT hidden.* FROM hidden, n",
            "trigger": "CREATE TRIGGER gone AFTER INSERT ON affected BEGIN DELETE FROM affected; END"}[spoil])
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        db.close()
    before = path.read_bytes()
    for action in (["status"], ["import", __file__], ["match", "pkg:deb/debian/src1@0.1?distro=debian-12"]):
        run = usewear(state, *action)
        assert run.returncode == 2 and run.stderr.count("\n") == 1, run.stderr
        assert ("newer Usewear" if spoil == "newer" else "move it away") in run.stderr
    assert path.read_bytes() == before


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a tmpfs needs root")
def test_full_disk(tmp_path):
    folder = tmp_path / "small"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "none", folder]).returncode:
        pytest.skip("no tmpfs can be mounted here")
    try:
        state = folder / "state"
        assert usewear(state, "import", archive(tmp_path / "Debian/all.zip", 30)).returncode == 0
        run = usewear(state, "import", archive(tmp_path / "big/all.zip", 40000))
        assert run.returncode == 2 and "no space left" in run.stderr and run.stderr.count("\n") == 1, run.stderr
        assert status(state)["Debian"]["records"] == 30
    finally:
        subprocess.run(["umount", folder], check=True)


def test_usage_errors_name_the_help(tmp_path):
    for args in ([], ["frobnicate"], ["import"], ["compare", "Debian", "1"], ["compare", "Nothing", "1", "2"]):
        run = usewear(tmp_path, *args)
        assert run.returncode == 2 and run.stderr.startswith("usewear: ") and run.stderr.count("\n") == 1
    assert usewear(tmp_path, "import", tmp_path / "missing").returncode == 2
    assert usewear(tmp_path, "--help").returncode == 0
