# SPDX-License-Identifier: Apache-2.0
"""What a new user comes for, in one run: an nginx with a vulnerable OpenSSL serves traffic, `usewear watch` says that the
vulnerable function was not observed, one request runs it, and the same finding says who ran it, when, and how that is known.
The other finding stays quiet, from the arming on.

CVE-2024-5535 lies in SSL_select_next_proto: nginx calls it for clients that offer protocols (ALPN), as browsers and curl do
and simple probes do not. CVE-2024-4741 lies in SSL_free_buffers, which nginx never calls. With USEWEAR_SHOW=FILE what the
user saw is written there."""

import calendar
import contextlib
import json
import os
import shutil
import socket
import ssl
import sys
import threading
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "live"))
sys.path.insert(0, str(Path(__file__).resolve().parent))
import bullseye  # noqa: E402
from foreign import certificate  # noqa: E402
from native import Service  # noqa: E402
from whole import HOST_PIDS, Watch, findings, needs_root, usewear, wait_until  # noqa: E402

pytestmark = needs_root
CALLED, QUIET = "CVE-2024-5535", "CVE-2024-4741"


def records(folder):
    """As Debian's tracker exports them for Debian 11 (DLA-3942-1)."""
    folder.mkdir()
    for cve in (CALLED, QUIET):
        (folder / f"DEBIAN-{cve}.json").write_text(json.dumps({
            "schema_version": "1.6.0", "id": f"DEBIAN-{cve}", "upstream": [cve], "modified": "2024-11-03T00:00:00Z",
            "affected": [{"package": {"ecosystem": "Debian:11", "name": "openssl"},
                          "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.1.1w-0+deb11u2"}]}]}]}))
    return folder


class Shop:
    """The server, and visitors that come all the time."""

    def __init__(self, root):
        self.root, self.served, self.over, self.failed = root, 0, threading.Event(), []
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.folder = root / "srv/shop"
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        certificate(self.folder)
        (self.folder / "nginx.conf").write_text(
            "worker_processes 1; daemon off; pid /srv/shop/pid; error_log /srv/shop/error.log; events {}\n"
            f"http {{ access_log off; server {{ listen 127.0.0.1:{self.port} ssl; root /var/www/html; "
            "ssl_certificate /srv/shop/cert.pem; ssl_certificate_key /srv/shop/key.pem; }}\n")
        self.service = Service("usewear-shop", "chroot", root, "sh", "-c",
                               "echo ready; exec /usr/sbin/nginx -c /srv/shop/nginx.conf 2>/dev/null")

    def get(self, *protocols):
        settings = ssl.create_default_context()
        settings.check_hostname, settings.verify_mode = False, ssl.CERT_NONE
        if protocols:
            settings.set_alpn_protocols(protocols)
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as plain, settings.wrap_socket(plain) as s:
            s.sendall(b"GET /index.nginx-debian.html HTTP/1.0\r\n\r\n")
            assert s.recv(4096).startswith(b"HTTP/1.1 200")
            return s.selected_alpn_protocol()

    def visit(self):
        while not self.over.wait(0.05):
            try:
                self.get()
            except Exception as e:  # told where the test sees it
                self.failed.append(e)
                return
            self.served += 1

    def __enter__(self):
        self.service.__enter__()
        try:
            wait_until(self.is_up, 60)
            self.visitors = threading.Thread(target=self.visit)
            self.visitors.start()
        except BaseException:
            self.service.__exit__()
            raise
        return self

    def is_up(self):
        with contextlib.suppress(OSError):
            return self.get() is None

    def __exit__(self, *_):
        self.over.set()
        self.visitors.join()
        self.service.__exit__()


def seconds(text):
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))


class Told:
    """What the user typed and saw."""

    def __init__(self, state):
        self.state, self.lines = state, []

    def say(self, *lines):
        self.lines += lines

    def ask(self, *words):
        said = usewear(self.state, *words).stdout
        self.say(f"$ usewear {' '.join(words)}", said)
        return said

    def write(self):
        text = "\n".join(self.lines)
        print(text)
        if os.environ.get("USEWEAR_SHOW"):
            Path(os.environ["USEWEAR_SHOW"]).write_text(text)


def test_one_call_makes_the_finding_rise(tmp_path):
    for program in ("debootstrap", "openssl", "objcopy"):
        if not shutil.which(program):
            pytest.skip(f"needs {program}")
    state = tmp_path / "state"
    usewear(state, "db", "import", str(records(tmp_path / "advisories")))
    told = Told(state)

    def look():
        """{id: finding} of the shop's workload."""
        return {f["id"]: f for f in findings(state, "report")["findings"]
                if f["workload"] and f["workload"]["id"] == shop.service.workload and f["id"] in (CALLED, QUIET)}

    def all_quiet():
        found = look()
        return len(found) == 2 and all(f["reached"]["answer"] == "not_observed" for f in found.values()) and found

    def still_quiet(before):
        """Traffic, and time: the answers stay. They may speak from later on, where programs of workloads that nobody knows
        come and go on this machine."""
        now = all_quiet()
        assert now, look()
        for cve, finding in before.items():
            assert now[cve]["level"] in ("loaded", "executed") and now[cve]["key"] == finding["key"]
            assert now[cve]["reached"]["engine"] == "uprobe"
            assert seconds(now[cve]["reached"]["after"]) >= seconds(finding["reached"]["after"])
        return now

    with Shop(bullseye.root()) as shop, Watch(state) as watch:
        with contextlib.suppress(AssertionError):
            wait_until(all_quiet, 120)
        before = all_quiet()
        assert before, {cve: (f["level"], f["reached"]) for cve, f in look().items()}
        served = shop.served
        wait_until(lambda: shop.served > served + 50 or shop.failed)
        watch.look()
        before = still_quiet(before)
        told.say(f"{shop.served} requests served")
        told.ask("explain", CALLED)

        asked = time.time()
        assert shop.get("http/1.1") == "http/1.1"
        answered = time.time()
        told.say(time.strftime("%H:%M:%SZ", time.gmtime(asked)) + ": one request of a client that offers http/1.1")
        after = wait_until(lambda: (f := look())[CALLED]["level"] == "reached" and f)
        told.ask("explain", CALLED)
        told.ask("explain", QUIET)
        # The worker ran it, which the first process started.
        workers = {int(p) for p in (shop.service.folder / "cgroup.procs").read_text().split()} - {shop.service.process.pid}
        watch.look()
        last = look()
        told.ask("report")
        assert watch.stop() == 0
    told.write()
    assert not shop.failed

    proof = [e for e in after[CALLED]["evidence"] if e["kind"] == "reached"]
    assert after[CALLED]["key"] == before[CALLED]["key"] and after[CALLED]["reached"]["answer"] == "yes"
    assert [(e["engine"], e["subject"]) for e in proof] == [("uprobe", "libssl.so.1.1:SSL_select_next_proto")]
    assert not HOST_PIDS or proof[0]["pid"] in workers
    assert int(asked) <= seconds(proof[0]["first"]) <= answered
    for finding in (after[QUIET], last[QUIET]):
        assert finding["level"] == "executed" and finding["reached"]["answer"] == "not_observed"
        assert finding["key"] == before[QUIET]["key"] and finding["reached"]["engine"] == "uprobe"
        assert seconds(finding["reached"]["after"]) >= seconds(before[QUIET]["reached"]["after"])
    assert last[CALLED]["level"] == "reached"  # and so it stays
