# SPDX-License-Identifier: Apache-2.0
"""A copy of the OSV bucket on 127.0.0.1, with faults: what tests of usewear db update fetch from."""
import base64
import hashlib
import http.server
import json
import pathlib
import threading
import time
import urllib.parse
import zipfile


def table():
    out = []
    for i in range(256):
        for _ in range(8):
            i = i >> 1 ^ 0x82F63B78 if i & 1 else i >> 1
        out.append(i)
    return out


TABLE = table()


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ TABLE[(crc ^ byte) & 0xFF]
    return base64.b64encode((crc ^ 0xFFFFFFFF).to_bytes(4, "big")).decode()


class Bucket:
    """`faults[path]` is a list of faults for the requests of that path, one used up by each: "truncate", "reset",
    "checksum", "stall", "redirect", or a status; `asked` lists (path, headers)."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.faults, self.asked = {}, []
        bucket = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                bucket.answer(self)

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.stopped = threading.Event()
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.stopped.set()
        self.server.shutdown()
        self.server.server_close()

    def put(self, ecosystem, records):
        """Records as {id: (modified, record)}: archive, single files and index."""
        folder = self.folder / ecosystem
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        with zipfile.ZipFile(folder / "all.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for id, (_, record) in records.items():
                archive.writestr(f"{id}.json", json.dumps(record))
                (folder / f"{id}.json").write_text(json.dumps(record))
        lines = sorted((f"{modified},{id}" for id, (modified, _) in records.items()), reverse=True)
        (folder / "modified_id.csv").write_text("\n".join(lines) + "\n")

    def paths(self):
        return [path for path, _ in self.asked]

    def answer(self, h):
        path = urllib.parse.unquote(h.path).lstrip("/")
        self.asked.append((path, dict(h.headers)))
        queue = self.faults.get(path) or []
        fault = queue.pop(0) if queue else None
        if isinstance(fault, int) or isinstance(fault, tuple):
            status, headers = fault if isinstance(fault, tuple) else (fault, {})
            h.send_response(status)
            for name, value in {"Content-Length": "4", **headers}.items():
                h.send_header(name, value)
            h.end_headers()
            h.wfile.write(b"oops")
            return
        if fault == "redirect":
            h.send_response(302)
            h.send_header("Location", f"{self.url}/moved/{h.path.lstrip('/')}")
            h.send_header("Content-Length", "0")
            h.end_headers()
            return
        file = self.folder / path.removeprefix("moved/")
        if not file.is_file():
            h.send_error(404)
            return
        self.send(h, file.read_bytes(), fault)

    def send(self, h, data, fault):
        etag = f'"{hashlib.md5(data).hexdigest()}"'
        if h.headers.get("If-None-Match") == etag:
            h.send_response(304)
            h.send_header("ETag", etag)
            h.end_headers()
            return
        begin = 0
        if "Range" in h.headers and h.headers.get("If-Range") in (None, etag):
            begin = int(h.headers["Range"].removeprefix("bytes=").rstrip("-"))
        h.send_response(206 if begin else 200)
        if begin:
            h.send_header("Content-Range", f"bytes {begin}-{len(data) - 1}/{len(data)}")
        h.send_header("ETag", etag)
        h.send_header("X-Goog-Hash", f"crc32c={crc32c(data)}" if fault != "checksum" else "crc32c=AAAAAA==")
        h.send_header("X-Goog-Hash", "md5=not+looked+at==")
        h.send_header("Content-Length", str(len(data) - begin))
        h.end_headers()
        body = data[begin:]
        if fault in ("truncate", "reset", "stall"):
            h.wfile.write(body[:len(body) // 2])
            h.wfile.flush()
            if fault == "stall":
                self.stopped.wait(30)
            h.close_connection = True
            h.connection.close()
            return
        if fault == "slow":
            for at in range(0, len(body), max(1, len(body) // 8)):
                h.wfile.write(body[at:at + max(1, len(body) // 8)])
                h.wfile.flush()
                time.sleep(0.1)
            return
        h.wfile.write(body)
