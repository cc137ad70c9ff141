# SPDX-License-Identifier: Apache-2.0
"""Debian's own programs, driven with a seeded input, and what their exported functions did: a copy under breakpoints at
all of them tells, which is run before anybody watches. What two such copies do not agree in is left to chance."""

import contextlib
import gzip
import http.server
import os
import random
import re
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent


def mapped(pid, name):
    """(path, address of its first byte) of the file of that name that the process maps."""
    for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
        words = line.split(maxsplit=5)
        if len(words) == 6 and words[2] == "00000000" and re.fullmatch(re.escape(name) + r"[.\d]*", Path(words[5]).name):
            return words[5], int(words[0].split("-")[0], 16)
    raise AssertionError(f"{name} is not mapped")


def functions(path, table):
    """Of all in that table of symbols {address in the file's own terms: names}, the same of pieces of functions, and the
    address of the file's first byte."""
    text = subprocess.run(["readelf", "-W", table, "-l", path], capture_output=True, text=True, check=True).stdout
    found, pieces = {}, {}
    for line in text.splitlines():
        words = line.split()
        if len(words) >= 8 and words[3] == "FUNC" and words[6] != "UND" and words[5] != "INTERNAL":
            to = pieces if re.search(r"\.(part|cold)\b", words[7]) else found
            to.setdefault(int(words[1], 16), set()).add(re.split("[@.]", words[7])[0])  # a clone is its function
    load = re.search(r"^\s+LOAD\s+0x0+ (0x[0-9a-f]+)", text, re.M)
    return found, pieces, int(load[1], 16)


def compiled(folder):
    tracer = folder / "breakpoints"
    subprocess.run(["cc", "-O2", "-Wall", "-o", tracer, HERE / "breakpoints.c"], check=True)
    return tracer


class Tracer:
    """Breakpoints at all exported functions of a program's files, or at all of which it tells, in all processes of a service."""

    def __init__(self, folder, service, program):
        self.names, self.whole, self.paths = {}, {}, {}
        pids = (service.folder / "cgroup.procs").read_text().split()
        for name in program.files:
            path, base = mapped(service.process.pid, name)
            self.paths[name] = path
            found, pieces, first = program.tells[name] if name in program.tells else functions(path, "--dyn-syms")
            for address in found.keys() | pieces.keys():
                whole = self.whole[base - first + address] = {(name, n) for n in found.get(address, ())}
                self.names[base - first + address] = whole | {(name, n) for n in pieces.get(address, ())}
        list_of = folder / "addresses"
        list_of.write_text("".join(f"{a:x}\n" for a in sorted(self.names)))
        self.process = subprocess.Popen([compiled(folder), list_of, *pids], stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "ready\n"

    def hits(self):
        """What ran, and what of it ran where it begins itself."""
        self.process.kill()
        at = [int(line, 16) for line in self.process.communicate()[0].splitlines()]
        return set().union(*(self.names[a] for a in at)), set().union(*(self.whole[a] for a in at))


def open_folder():
    """For programs that become another user; lives as long as its record."""
    place = tempfile.TemporaryDirectory(prefix="usewear-truth-")
    os.chmod(place.name, 0o755)
    return place


# ---- the programs ---------------------------------------------------------------------------------------------------

class Program:
    package = None  # source package of its files, where it is not the host's
    tells = {}  # file to what it has, in the form of functions()


class Sqlite(Program):
    name, needs, files = "sqlite3, Debian's", ("sqlite3",), ("libsqlite3.so.0",)

    def __init__(self, folder):
        self.command = ("sh", "-c", "echo ready; exec stdbuf -oL sqlite3 :memory:")

    def ask(self, service, text):
        service.process.stdin.write(text + "select 'the end';\n")
        service.process.stdin.flush()
        while service.process.stdout.readline() != "the end\n":
            pass

    def warm(self, service):
        self.ask(service, "select 0;\n")

    def input(self, service):
        self.ask(service, "create table t(a, b);\n" + "".join(f"insert into t values({n}, 'x{n}');\n" for n in range(30)) + """
create index i on t(a); begin; update t set b = upper(b) where a > 4; commit;
select count(*), sum(a), group_concat(b, ',') from t where a between 3 and 20 order by b;
select json_extract('{"a":[1,2]}', '$.a[1]'), printf('%d-%s', 3, 'x'), abs(-4), round(2.5), hex('a');
with recursive c(x) as (select 1 union all select x + 1 from c where x < 9) select max(x) from c;
explain query plan select * from t where a = 4; pragma integrity_check; vacuum;
""")


class Postgres(Program):
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    name, needs, files = "PostgreSQL, Debian's", ("psql", str(found[-1]) if found else "postgres"), ("postgres",)

    def __init__(self, folder):
        self.place = open_folder()
        self.data = Path(self.place.name) / "data"
        self.data.mkdir()
        shutil.chown(self.data, "postgres", "postgres")
        user = ("setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups")
        subprocess.run([*user, self.found[-1].parent / "initdb", "-D", self.data, "--locale=C", "--no-sync", "-A", "trust"],
                       cwd="/", check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.command = ("sh", "-c", f"echo ready; exec {' '.join(user)} {self.found[-1]} -D {self.data} -k {self.data} "
                        "-c listen_addresses= -c autovacuum=off -c fsync=off -c jit=off 2>/dev/null")

    def ask(self, text):
        done = subprocess.run(["psql", "-h", self.data, "-U", "postgres", "-qAt", "postgres"], input=text, text=True,
                              capture_output=True)
        return done.returncode == 0 and done.stdout

    def warm(self, service):
        end = time.monotonic() + 30
        while self.ask("select 1;") != "1\n":
            assert time.monotonic() < end
            time.sleep(0.2)
        time.sleep(2)  # its helpers have started

    def input(self, service):
        assert self.ask("create table t(a int primary key, b text, c numeric, d timestamptz, e jsonb);"
                        "insert into t select n, 'x' || n, n / 7.0, 'epoch'::timestamptz + n * interval '1 day', "
                        "json_build_object('k', n)::jsonb from generate_series(1, 500) n; create index on t(b);"
                        "select count(*), sum(c), string_agg(b, ',' order by a desc) from t where a between 3 and 90;"
                        "select e->>'k', date_trunc('month', d), regexp_replace(b, 'x(.)', '\\1-') from t limit 3;"
                        "with recursive r(x) as (select 1 union all select x + 1 from r where x < 9) select array_agg(x) from r;"
                        "begin; update t set b = upper(b) where a % 3 = 0; savepoint s; delete from t where a > 400; "
                        "rollback to s; commit; explain select * from t u join t v on u.a = v.a where u.b like 'x1%';"
                        "create function f(i int) returns int language sql as 'select i * 2'; select f(a) from t limit 2;"
                        "vacuum analyze t; select md5(b), round(c, 2), to_char(d, 'YYYY') from t order by c limit 5;") is not False


def certificate(folder):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "2",
                    "-keyout", folder / "key.pem", "-out", folder / "cert.pem"], check=True, stderr=subprocess.DEVNULL)


class Nginx(Program):
    name, needs = "nginx with OpenSSL, Debian's", ("nginx", "openssl")
    files = ("nginx", "libssl.so.3", "libcrypto.so.3", "libz.so.1")

    def __init__(self, folder):
        with socket.create_server(("127.0.0.1", 0)) as free:  # nobody else may answer
            self.port = free.getsockname()[1]
        self.place = open_folder()
        folder = Path(self.place.name)
        certificate(folder)
        (folder / "www").mkdir()
        (folder / "www/index.html").write_text("truth " * 3000)
        (folder / "nginx.conf").write_text(f"""
worker_processes 1; daemon off; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{ access_log {folder}/access.log; gzip on; gzip_types *; client_body_temp_path {folder}; proxy_temp_path {folder};
  fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder}; ssl_session_cache shared:s:1m;
  server {{ listen 127.0.0.1:{self.port} ssl; root {folder}/www; ssl_certificate {folder}/cert.pem;
    ssl_certificate_key {folder}/key.pem; location /moved {{ return 301 https://localhost/; }} }} }}
""")
        self.command = ("sh", "-c", f"echo ready; exec nginx -c {folder}/nginx.conf 2>/dev/null")

    def request(self, text, **context):
        settings = ssl.create_default_context()
        settings.check_hostname, settings.verify_mode = False, ssl.CERT_NONE
        for key, value in context.items():
            setattr(settings, key, value)
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as plain, settings.wrap_socket(plain) as s:
            s.sendall(text.encode())
            answer = b""
            with contextlib.suppress(OSError):
                while block := s.recv(65536):
                    answer += block
        return answer

    def warm(self, service):
        end = time.monotonic() + 30
        while True:
            with contextlib.suppress(OSError):
                assert self.request("GET / HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 200")
                return
            assert time.monotonic() < end
            time.sleep(0.2)

    def input(self, service):
        dice = random.Random(11)
        paths = ["/", "/none", "/moved", "/../x", "/?a=%20b"]
        for _ in range(30):
            headers = dice.choice(["", "Accept-Encoding: gzip\r\n", "Range: bytes=5-50\r\n",
                                   "If-Modified-Since: Mon, 01 Jan 2035 00:00:00 GMT\r\n", "Expect: 100-continue\r\n"])
            method = dice.choice(["GET", "GET", "HEAD", "POST", "OPTIONS"])
            version = dice.choice([ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
            self.request(f"{method} {dice.choice(paths)} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                         f"{headers}Content-Length: 0\r\n\r\n", maximum_version=version)


class Curl(Program):
    """One process that waits for the end of its first upload, and then fetches the rest."""

    name, needs = "curl with OpenSSL, Debian's", ("curl", "openssl")
    files = ("libcurl.so.4", "libssl.so.3", "libcrypto.so.3")

    def __init__(self, folder):
        certificate(folder)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        secure = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
        secure.socket = context.wrap_socket(secure.socket, server_side=True)
        for server in (self.server, secure):
            threading.Thread(target=server.serve_forever, daemon=True).start()
        plain, over = f"http://127.0.0.1:{self.server.server_port}", f"https://127.0.0.1:{secure.server_port}"
        self.command = ("sh", "-c", f"echo ready; exec curl -s -o /dev/null -T - {plain}/put --next "
                        f"-s -k -o /dev/null --compressed -b a=b -c /dev/null {over}/gzip --next -s -k -L -o /dev/null {over}/moved "
                        f"--next -s -k -o /dev/null -F x=@/etc/passwd -u user:secret --digest {over}/form "
                        f"--next -s -k -I -e http://x/ -A agent --tls-max 1.2 {over}/gzip --next -s -o /dev/null file:///etc/hosts")

    def warm(self, service):
        time.sleep(2)

    def input(self, service):
        service.process.stdin.write("some text\n")
        service.process.stdin.close()
        service.process.stdin = None
        end = time.monotonic() + 30
        while service.process.poll() is None:
            assert time.monotonic() < end, "curl does not end"
            time.sleep(0.1)


class Answers(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def reply(self, code, body=b"", **headers):
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self):
        if self.path == "/moved":
            self.reply(302, Location="/gzip")
        else:
            self.reply(200, gzip.compress(b"text " * 500, mtime=0), Content_Encoding="gzip", Set_Cookie="c=d; Path=/")

    do_HEAD = do_GET

    def read_body(self):
        if self.headers.get("Transfer-Encoding") == "chunked":
            while size := int(self.rfile.readline().split(b";")[0], 16):
                self.rfile.read(size + 2)
            self.rfile.readline()
        else:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def do_PUT(self):
        self.read_body()
        self.reply(201)

    def do_POST(self):
        self.read_body()
        if self.headers.get("Authorization"):
            self.reply(200, b"in")
        else:
            self.reply(401, WWW_Authenticate='Digest realm="r", nonce="n", qop="auth", algorithm=MD5')


PROGRAMS = [Nginx, Curl, Postgres, Sqlite]
