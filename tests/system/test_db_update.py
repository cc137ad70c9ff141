# SPDX-License-Identifier: Apache-2.0
"""usewear db update against a local copy of the bucket, with everything that goes wrong on the way."""
import contextlib
import ctypes
import gzip
import json
import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import zipfile

import pytest
from bucket import Bucket

ROOT = pathlib.Path(__file__).resolve().parents[2]
USEWEAR = os.environ.get("USEWEAR", ROOT / "build/usewear")

pytestmark = pytest.mark.skipif(not (ROOT / "build/usewear-download").exists(), reason="built without libcurl")


def record(id, fixed="2.0", **more):
    return {"id": id, "modified": "2026-01-01T00:00:00Z", "affected": [
        {"package": {"ecosystem": "Debian:12", "name": f"src-{id.lower()}"},
         "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": fixed}]}]}], **more}


def records(count, day=1):
    return {f"DSA-{i}-1": (f"2026-01-{day:02}T00:00:{i % 60:02}.5Z", record(f"DSA-{i}-1")) for i in range(count)}


class World:
    def __init__(self, folder, template):
        shutil.copytree(template, folder / "state")
        self.bucket = Bucket(folder / "bucket")
        self.state = folder / "state"
        self.environment = {k: v for k, v in os.environ.items() if "proxy" not in k.lower()}

    def usewear(self, *args, **more):
        return subprocess.run([USEWEAR, "db", *map(str, args), "--state", str(self.state)], text=True, capture_output=True,
                              timeout=120, env=self.environment | more.pop("env", {}), **more)

    def update(self, *args, code=0, **more):
        run = self.usewear("update", "--url", self.bucket.url, "--timeout", 1, *(args or ["Debian"]), **more)
        assert run.returncode == code, (run.stdout, run.stderr)
        return run

    def count(self, ecosystem="Debian"):
        found = {s["ecosystem"]: s for s in json.loads(self.usewear("status", "--json").stdout)}
        return found[ecosystem]["records"] if ecosystem in found else 0


@pytest.fixture
def world(tmp_path, template):
    w = World(tmp_path, template)
    w.bucket.put("Debian", records(30))
    yield w
    w.bucket.close()


def test_first_time_whole_then_only_what_changed(world):
    assert "30 imported" in world.update().stdout and world.count() == 30
    assert world.bucket.paths() == ["Debian/modified_id.csv", "Debian/all.zip"]
    assert "up to date" in world.update().stdout
    now = records(30)
    del now["DSA-3-1"]
    now["DSA-4-1"] = ("2026-02-01T00:00:00Z", record("DSA-4-1", "3.0") | {"modified": "2026-02-01T00:00:00Z"})
    now["DSA-90-1"] = ("2026-02-01T00:00:00Z", record("DSA-90-1"))
    world.bucket.put("Debian", now)
    world.bucket.asked.clear()
    answer = json.loads(world.update("Debian", "--json").stdout)[0]
    assert (answer["outcome"], answer["imported"], answer["removed"]) == ("changes", 2, 1)
    assert "Debian/all.zip" not in world.bucket.paths() and len(world.bucket.paths()) <= 5
    assert world.count() == 30
    shown = json.loads(world.usewear("show", "DSA-4-1", "--json").stdout)
    assert shown["records"][0]["affected"][0]["ranges"] == [[{"introduced": "0"}, {"fixed": "3.0"}]]
    assert world.usewear("show", "DSA-3-1").returncode == 2
    assert not any((world.state / "download").iterdir())


def test_progress_is_for_terminals_only(world):
    shown, terminal = os.openpty()
    run = subprocess.Popen([USEWEAR, "db", "update", "--url", world.bucket.url, "Debian", "--state", str(world.state)],
                           stdout=subprocess.DEVNULL, stderr=terminal, env=world.environment)
    os.close(terminal)
    text = b""
    with contextlib.suppress(OSError):  # EIO: the program closed its side
        while more := os.read(shown, 4096):
            text += more
    os.close(shown)
    assert run.wait(60) == 0 and world.count() == 30
    assert b"\r\x1b[KDebian" in text and b" MiB" in text, text
    world.bucket.put("Debian", records(40))
    assert "\x1b" not in world.update().stderr


def test_many_changes_come_as_the_archive(world):
    world.update()
    world.bucket.put("Debian", records(500, day=2))
    world.bucket.asked.clear()
    world.update()
    # A busy machine may time out, and ask for the rest again.
    assert list(dict.fromkeys(world.bucket.paths())) == ["Debian/modified_id.csv", "Debian/all.zip"] and world.count() == 500


def test_withdrawn_record_stops_matching(world):
    world.update()
    purl = "pkg:deb/debian/src-dsa-1-1@1.0?distro=debian-12"
    before = json.loads(world.usewear("match", purl, "--json").stdout)
    assert len(before["findings"]) == 1
    now = records(30)
    now["DSA-1-1"] = ("2026-02-01T00:00:00Z", record("DSA-1-1", withdrawn="2026-02-01T00:00:00Z", modified="2026-02-01T00:00:00Z"))
    world.bucket.put("Debian", now)
    world.update()
    assert not json.loads(world.usewear("match", purl, "--json").stdout)["findings"]


@pytest.mark.parametrize("fault", ["truncate", "reset"])
def test_broken_transfer_goes_on_where_it_stopped(world, fault):
    world.bucket.faults["Debian/all.zip"] = [fault]
    run = world.update()
    assert world.count() == 30 and "trying again" in run.stderr
    assert any("Range" in headers for path, headers in world.bucket.asked if path == "Debian/all.zip")


def test_killed_run_is_resumed_by_the_next(world):
    world.bucket.faults["Debian/all.zip"] = ["truncate"] * 4
    run = world.update(code=2)
    assert run.stderr.splitlines()[-1].startswith("usewear: Debian: ")
    assert world.count() == 0 and (world.state / "download/Debian.zip.part").stat().st_size > 0
    world.bucket.asked.clear()
    world.update()
    assert world.count() == 30
    assert "Range" in [headers for path, headers in world.bucket.asked if path == "Debian/all.zip"][0]


def test_resumed_part_of_a_file_that_changed_is_not_glued(world):
    world.bucket.faults["Debian/all.zip"] = ["truncate"] * 4
    world.update(code=2)
    world.bucket.put("Debian", records(40, day=3))
    world.update()
    assert world.count() == 40


def test_wrong_checksum(world):
    world.bucket.faults["Debian/all.zip"] = ["checksum"]
    world.update()
    assert world.count() == 30
    world.bucket.put("Debian", records(500, day=4))
    world.bucket.faults["Debian/all.zip"] = ["checksum"] * 3
    run = world.update(code=2)
    assert "checksum" in run.stderr and world.count() == 30


@pytest.mark.parametrize("status", [429, 500, 503])
def test_busy_server_is_asked_again(world, status):
    world.bucket.faults["Debian/modified_id.csv"] = [(status, {"Retry-After": "1"})]
    run = world.update()
    assert f"answers {status}" in run.stderr and world.count() == 30


def test_server_that_wants_to_be_left_alone_is(world):
    world.bucket.faults["Debian/modified_id.csv"] = [(429, {"Retry-After": "3600"})]
    run = world.update(code=2)
    assert "come back in 3600 s" in run.stderr and len(world.bucket.asked) == 1


@pytest.mark.parametrize("status", [403, 418])
def test_refusal_is_final(world, status):
    world.bucket.faults["Debian/modified_id.csv"] = [status]
    run = world.update(code=2)
    assert f"answers {status}" in run.stderr and run.stderr.count("\n") == 1 and len(world.bucket.asked) == 1


def test_unknown_ecosystem_and_bad_names(world):
    run = world.update("Debian", "Debain", code=2)
    assert world.count() == 30 and "ecosystems.txt" in run.stderr and run.stderr.count("\n") == 1
    for name in ("../x", "Debian:12", "a/b"):
        assert "is no ecosystem" in world.update(name, code=2).stderr


def test_silent_server_is_given_up_and_asked_again(world):
    world.bucket.faults["Debian/all.zip"] = ["stall"]
    run = world.update()
    assert "too slow" in run.stderr and "trying again" in run.stderr and world.count() == 30


def test_slow_server_and_redirects_are_fine(world):
    world.bucket.faults["Debian/all.zip"] = ["slow"]
    world.bucket.faults["Debian/modified_id.csv"] = ["redirect"]
    world.update()
    assert world.count() == 30 and "moved/Debian/modified_id.csv" in world.bucket.paths()


def test_redirects_do_not_go_round_for_ever(world):
    world.bucket.faults.update({("moved/" * i) + "Debian/modified_id.csv": ["redirect"] * 9 for i in range(9)})
    run = world.update(code=2)
    assert "redirect" in run.stderr.lower()


def test_mirror_without_index(world):
    (world.bucket.folder / "Debian/modified_id.csv").unlink()
    world.update()
    assert world.count() == 30
    world.update()
    assert world.count() == 30


def test_index_that_is_none(world):
    (world.bucket.folder / "Debian/modified_id.csv").write_text("2026-01-01T00:00:00Z,../../etc/passwd\n")
    run = world.update(code=2)
    assert "no index of records" in run.stderr and run.stderr.count("\n") == 1


def test_nobody_listens(world):
    world.bucket.close()
    run = world.update(code=2)
    assert world.bucket.url in run.stderr


def test_damaged_archive_changes_nothing(world):
    world.update()
    now = records(500, day=5)
    world.bucket.put("Debian", now)
    archive = world.bucket.folder / "Debian/all.zip"
    archive.write_bytes(archive.read_bytes()[:-100])
    run = world.update(code=2)
    assert "truncated" in run.stderr and world.count() == 30
    world.bucket.put("Debian", now)
    world.update()
    assert world.count() == 500


def test_kev_and_epss(world):
    kev = world.bucket.folder / "kev.json"
    kev.write_text(json.dumps({"catalogVersion": "2026.01.01", "dateReleased": "2026-01-01T00:00:00Z", "count": 1,
                               "vulnerabilities": [{"cveID": "CVE-2026-0001", "dateAdded": "2026-01-01"}]}))
    epss = world.bucket.folder / "epss.csv.gz"
    epss.write_bytes(gzip.compress(b"#model_version:v2026,score_date:2026-01-01T00:00:00+0000\ncve,epss,percentile\n"
                                   b"CVE-2026-0001,0.5,0.9\n"))
    places = ["--kev-url", f"{world.bucket.url}/kev.json", "--epss-url", f"{world.bucket.url}/epss.csv.gz"]
    world.update("KEV", "EPSS", *places)
    assert (world.count("KEV"), world.count("EPSS")) == (1, 1)
    assert world.update("KEV", "EPSS", *places).stdout.count("up to date") == 2


def test_by_way_of_a_proxy(world):
    run = world.usewear("update", "Debian", "--url", "http://mirror.invalid/osv", "--timeout", 1,
                        env={"http_proxy": world.bucket.url})
    assert run.returncode == 2 and world.bucket.paths()[0].startswith("http://mirror.invalid/osv/Debian/")


def test_from_a_folder(world, tmp_path):
    copy = tmp_path / "copy"
    (copy / "npm").mkdir(parents=True)
    with zipfile.ZipFile(copy / "npm/all.zip", "w") as archive:
        item = record("GHSA-aaaa-aaaa-aaaa")
        item["affected"][0]["package"] = {"ecosystem": "npm", "name": "x"}
        archive.writestr("x.json", json.dumps(item))
    (copy / "known_exploited_vulnerabilities.json").write_text(json.dumps(
        {"catalogVersion": "1", "dateReleased": "2026-01-01T00:00:00Z",
         "vulnerabilities": [{"cveID": "CVE-2026-0001", "dateAdded": "2026-01-01"}]}))
    run = world.usewear("update", "--from", copy)
    assert run.returncode == 0 and not world.bucket.asked, run.stderr
    assert (world.count("npm"), world.count("KEV")) == (1, 1)
    run = world.usewear("update", "--from", copy, "PyPI")
    assert run.returncode == 2 and "holds no PyPI/all.zip" in run.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a tmpfs needs root")
def test_full_disk(world, tmp_path):
    shutil.rmtree(world.state)
    world.state.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "none", world.state]).returncode:
        pytest.skip("no tmpfs can be mounted here")
    try:
        world.update()
        big = world.bucket.folder / "npm"
        big.mkdir()
        (big / "all.zip").write_bytes(b"PK" + os.urandom(1 << 20))
        (world.state / "filler").write_bytes(b"x" * (os.statvfs(world.state).f_bavail * os.statvfs(world.state).f_bsize - (256 << 10)))
        run = world.update("npm", code=2)
        assert "No space left" in run.stderr and run.stderr.count("\n") == 1 and world.count() == 30
        assert not list((world.state / "download").glob("npm*"))
    finally:
        subprocess.run(["umount", world.state], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's rights can be given up")
def test_the_downloader_has_no_rights(world):
    world.bucket.faults["Debian/modified_id.csv"] = ["stall"]
    run = subprocess.Popen([USEWEAR, "db", "update", "Debian", "--url", world.bucket.url, "--timeout", "5", "--state", world.state],
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=world.environment)
    try:
        while not world.bucket.asked and run.poll() is None:
            pass
        children = pathlib.Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text().split()
        status = dict(line.split(":\t", 1) for line in pathlib.Path(f"/proc/{children[0]}/status").read_text().splitlines())
        assert set(status["Uid"].split()) == {"65534"} and set(status["Gid"].split()) == {"65534"}
        assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == 0 and status["NoNewPrivs"] == "1"
        assert status["Groups"].strip() == "" and status["Seccomp"] == "2"
    finally:
        run.kill()
        run.wait()


def test_the_cage_holds(tmp_path):
    """Also for a user who may read her own files: the downloader may not."""
    secret = tmp_path / "secret"
    secret.write_text("x")
    run = subprocess.run([ROOT / "build/tests/caged", secret], text=True, capture_output=True, timeout=60, check=True)
    answers = dict(line.split(": ") for line in run.stdout.splitlines())
    for may in ("connect", "name", "certificates"):
        assert answers.pop(may) == "yes", may
    if ctypes.CDLL(None).syscall(444, None, 0, 1) < 1:  # landlock_create_ruleset, asked for its version
        del answers["read"], answers["list"]
    assert answers and set(answers.values()) <= {"Operation not permitted", "Permission denied"}, answers


def certificate(folder):
    """For 127.0.0.1, by nobody that anybody trusts."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", folder / "key.pem", "-out",
                    folder / "cert.pem", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"],
                   check=True, capture_output=True)
    return folder / "cert.pem", folder / "key.pem"


def tunnel():
    """A proxy that knows CONNECT only; the list of what it was asked for, and its port."""
    asked, listener = [], socket.create_server(("127.0.0.1", 0))

    def pump(source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    def serve():
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            head = b""
            while b"\r\n\r\n" not in head:
                head += client.recv(4096)
            asked.append(head.split()[:2])
            host, port = head.split()[1].decode().rsplit(":", 1)
            server = socket.create_connection((host, int(port)))
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            for pair in ((client, server), (server, client)):
                threading.Thread(target=pump, args=pair, daemon=True).start()
    threading.Thread(target=serve, daemon=True).start()
    return asked, listener


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")
def test_https_by_way_of_a_proxy(world, tmp_path):
    """The bucket is reached over HTTPS, by HTTPS_PROXY where that is set; a certificate of one's own is told by
    SSL_CERT_FILE, and without it nothing is taken."""
    cert, key = certificate(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(cert, key)
    tmp_path.chmod(0o755), cert.chmod(0o644)
    shared = pathlib.Path(tempfile.mkdtemp(prefix="usewear-cert-"))
    try:
        shared.chmod(0o755)
        shutil.copy(cert, shared / "cert.pem")
        world.bucket.server.socket = tls.wrap_socket(world.bucket.server.socket, server_side=True)
        world.bucket.url = world.bucket.url.replace("http:", "https:")
        none = {name: "" for name in ("CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")}
        run = world.update(code=2, env=none)
        assert "certificate" in run.stderr.lower() and world.count() == 0
        asked, listener = tunnel()
        proxy = f"http://127.0.0.1:{listener.getsockname()[1]}"
        trusted = none | {"SSL_CERT_FILE": str(shared / "cert.pem"), "HTTPS_PROXY": proxy}
        assert "30 imported" in world.update(env=trusted).stdout and world.count() == 30
        assert asked and asked[0] == [b"CONNECT", world.bucket.url.removeprefix("https://").encode()]
        listener.close()
    finally:
        shutil.rmtree(shared)


def test_usewear_itself_links_no_tls():
    needed = subprocess.run(["ldd", USEWEAR], text=True, capture_output=True).stdout
    assert "libcurl" not in needed and "libssl" not in needed


def test_one_line_where_what_fetches_is_not_there(tmp_path):
    """The one file of a release, copied alone: what scan advises is answered with what to do, once."""
    (tmp_path / "bin").mkdir()
    alone = shutil.copy(USEWEAR, tmp_path / "bin/usewear")
    run = subprocess.run([alone, "db", "update", "Debian", "npm", "--state", tmp_path / "state"], text=True, capture_output=True,
                         timeout=60, check=False)
    assert run.returncode == 2 and not run.stdout
    said, = run.stderr.splitlines()
    assert "usewear-download" in said and "--from DIR" in said
