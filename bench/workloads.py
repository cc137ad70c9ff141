# SPDX-License-Identifier: Apache-2.0
"""The applications that the sensor must not slow down. Each is a context whose call gives work per second."""

import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent


def wait_for_port(port):
    for _ in range(200):
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise SystemExit(f"nothing listens on port {port}")


class Server:
    """A server process in a temporary folder, ended with the context."""

    needs = ()

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="usewear-bench-")
        self.process = subprocess.Popen(self.command(Path(self.folder.name)), stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        wait_for_port(self.port)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=20)
        self.folder.cleanup()


class Nginx(Server):
    """Requests per second of a small static page over kept connections, nginx's own default."""

    name, unit, needs, port = "nginx under wrk", "requests/s", ("nginx", "wrk"), 18080
    requests_a_connection = 1000

    def command(self, folder):
        (folder / "index.html").write_text("x" * 612)
        (folder / "nginx.conf").write_text(
            f"worker_processes 1; daemon off; pid {folder}/pid; error_log {folder}/error.log;\n"
            "events { worker_connections 1024; }\n"
            f"http {{ access_log off; keepalive_requests {self.requests_a_connection};\n"
            f"client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;\n"
            f"uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;\n"
            f"server {{ listen 127.0.0.1:{self.port}; root {folder}; }} }}\n")
        folder.chmod(0o755)
        return [shutil.which("nginx") or "/usr/sbin/nginx", "-c", str(folder / "nginx.conf"), "-p", str(folder)]

    def __call__(self, seconds):
        text = subprocess.run(["wrk", "-t1", "-c16", f"-d{seconds}s", f"http://127.0.0.1:{self.port}/"],
                              capture_output=True, text=True, check=True).stdout
        return float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1])


class NginxConnections(Nginx):
    """The same with a new connection for every ten requests, both ends on this machine: a storm."""

    name, port = "nginx, connection storm", 18081
    requests_a_connection = 10


class Redis(Server):
    """GETs and SETs per second without pipelining."""

    name, unit, needs, port = "Redis", "requests/s", ("redis-server", "redis-benchmark"), 16379

    def command(self, folder):
        return ["redis-server", "--port", str(self.port), "--save", "", "--appendonly", "no", "--dir", str(folder)]

    def __call__(self, seconds):
        begin, done = time.monotonic(), 0
        while time.monotonic() - begin < seconds:
            subprocess.run(["redis-benchmark", "-p", str(self.port), "-n", "60000", "-c", "16", "-t", "get,set", "-q"],
                           stdout=subprocess.DEVNULL, check=True)
            done += 120000
        return done / (time.monotonic() - begin)


class ExecStorm:
    """Programs started per second by one process that does nothing else: far more than a busy build."""

    name, unit, needs = "exec storm", "programs/s", ("cc",)

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="usewear-bench-")
        self.program = Path(self.folder.name) / "storm"
        subprocess.run(["cc", "-O2", "-o", self.program, HERE / "storm.c"], check=True)
        return self

    def __exit__(self, *_):
        self.folder.cleanup()

    def __call__(self, seconds):
        return float(subprocess.run([self.program, str(seconds)], capture_output=True, text=True, check=True).stdout)


class Python:
    """Rounds per second of a program that parses, sorts and hashes."""

    name, unit, needs = "Python", "rounds/s", ("python3",)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def __call__(self, seconds):
        return float(subprocess.run(["python3", HERE / "churn.py", str(seconds)], capture_output=True, text=True,
                                    check=True).stdout)


FLASK = """
import sys
from flask import Flask, render_template_string
app = Flask("bench")

@app.route("/")
def index():
    return render_template_string("<ul>{% for n in range(20) %}<li>{{ n }} {{ name|upper }}</li>{% endfor %}</ul>", name="x")

from werkzeug.serving import WSGIRequestHandler, make_server
class Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_request(self, *_): pass
make_server("127.0.0.1", int(sys.argv[1]), app, threaded=True, request_handler=Quiet).serve_forever()
"""


class Flask(Server):
    """Pages per second of a small application in one process; `latencies` gets (median, 99th percentile) in ms,
    `requests` the number of the last run. `client` is put before its command."""

    name, unit, port = "Flask", "requests/s", 18082

    def __init__(self):
        self.latencies, self.client = [], []

    @staticmethod
    def missing():
        if not shutil.which("wrk"):
            return "needs wrk"
        return None

    def command(self, folder):
        subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
        subprocess.run([folder / "venv/bin/pip", "install", "-q", "--disable-pip-version-check", "Flask==3.0.3"], check=True)
        (folder / "app.py").write_text(FLASK)
        return [folder / "venv/bin/python", folder / "app.py", str(self.port)]

    def __call__(self, seconds):
        text = subprocess.run([*self.client, "wrk", "-t1", "-c2", f"-d{seconds}s", "--latency",
                               f"http://127.0.0.1:{self.port}/"], capture_output=True, text=True, check=True).stdout
        self.requests = int(re.search(r"(\d+) requests in", text)[1])
        units = {"us": 1e-3, "ms": 1, "s": 1e3}
        found = {p: float(n) * units[u] for p, n, u in re.findall(r"(50|99)%\s+([\d.]+)(us|ms|s)", text)}
        self.latencies.append((found["50"], found["99"]))
        return float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1])


ALL = (Nginx, NginxConnections, Redis, ExecStorm, Python)
