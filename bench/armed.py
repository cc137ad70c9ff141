# SPDX-License-Identifier: Apache-2.0
"""What armed functions cost: nginx with TLS and gzip while 200 functions of libssl, libcrypto and zlib are watched,
and programs that start all the time while libc has functions to be watched. Paired with a watch that arms none."""

import json
import random
import re
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import measure
import workloads

SEED = 7


class NginxTls(workloads.Nginx):
    """Requests per second over TLS with gzip, each on a kept connection; ten handshakes a second beside them."""

    name, needs, port = "nginx, TLS and gzip", ("nginx", "wrk", "openssl"), 18443

    def command(self, folder):
        words = super().command(folder)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=bench", "-days", "2",
                        "-keyout", folder / "key.pem", "-out", folder / "cert.pem"], check=True, stderr=subprocess.DEVNULL)
        (folder / "index.html").write_text("bench " * 2000)
        path = folder / "nginx.conf"
        path.write_text(path.read_text().replace(
            f"listen 127.0.0.1:{self.port};",
            f"listen 127.0.0.1:{self.port} ssl; ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem; "
            "gzip on; gzip_types *;"))
        return words

    def __call__(self, seconds):
        text = subprocess.run(["wrk", "-t1", "-c16", "-H", "Accept-Encoding: gzip", f"-d{seconds}s",
                               f"https://127.0.0.1:{self.port}/"], capture_output=True, text=True, check=True).stdout
        return float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1])


def exported(library):
    text = subprocess.run(["nm", "-D", "--defined-only", library], capture_output=True, text=True, check=True).stdout
    return sorted({line.split()[-1].split("@")[0] for line in text.splitlines() if " T " in line or " W " in line})


def libraries(program, wanted):
    """{soname: path} of those libraries of the program."""
    text = subprocess.run(["ldd", shutil.which(program) or f"/usr/sbin/{program}"], capture_output=True, text=True).stdout
    found = dict(re.findall(r"(\S+) => (\S+)", text))
    return {name: found[name] for name in wanted if name in found}


def advisories(folder, names):
    """One made-up advisory for each package whose library is among `names`: {soname: [function]}."""
    release = re.search(r'VERSION_ID="?(\d+)', Path("/etc/os-release").read_text())[1]
    for i, (soname, (path, functions)) in enumerate(names.items()):
        real = str(Path(path).resolve())
        owner = subprocess.run(["dpkg-query", "-S", real, real.removeprefix("/usr")], capture_output=True,
                               text=True).stdout.split(":")[0]
        source = subprocess.run(["dpkg-query", "-W", "-f", "${source:Package}\n", owner], capture_output=True, text=True,
                                check=True).stdout.split()[0]
        (folder / f"{i}.json").write_text(json.dumps({
            "schema_version": "1.6.0", "id": f"USEWEAR-BENCH-{i}", "modified": "2026-01-01T00:00:00Z",
            "affected": [{"package": {"ecosystem": f"Debian:{release}", "name": source},
                          "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "99:1"}]}],
                          "ecosystem_specific": {"imports": [{"path": soname, "symbols": functions}]}}]}))


def choose(program, wanted):
    """{soname: (path, functions)}, a seeded choice of `wanted` {soname: count}."""
    dice, found = random.Random(SEED), libraries(program, wanted)
    return {soname: (path, dice.sample(exported(path), min(wanted[soname], len(exported(path)))))
            for soname, path in found.items()}


def with_advisories(program, names):
    state, files = tempfile.TemporaryDirectory(prefix="usewear-bench-"), tempfile.TemporaryDirectory(prefix="usewear-bench-")
    advisories(Path(files.name), names)
    subprocess.run([program, "db", "import", files.name, "--state", state.name], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    files.cleanup()
    return state


def bench(program, kind, names, rounds, seconds):
    """Ratios to no sensor at all of a watch that arms nothing, and of one that arms these functions; the first second
    after each arming by itself."""
    armed, bare = with_advisories(program, names), tempfile.TemporaryDirectory(prefix="usewear-bench-")
    result = {}
    with kind() as workload:
        for name, state in (("nothing armed", bare), ("armed", armed)):
            begin = []

            def start(state=state, begin=begin):
                sensor = measure.Sensor(program, state.name)
                begin.append(sum(sensor.cpu_seconds()))
                return sensor
            off, on = measure.pairs(lambda: workload(seconds), start, rounds)
            result[name] = {"off": statistics.median(off), **measure.ratio(off, on), "start": statistics.median(begin)}
        sensor = measure.Sensor(program, armed.name)
        with measure.Statistics():
            before, then = sensor.programs(), time.monotonic()
            workload(seconds)
            after, took = sensor.programs(), time.monotonic() - then
        sensor.stop()
    result["programs"] = (after[0] - before[0]) / took, (after[1] - before[1]) / took
    armed.cleanup(), bare.cleanup()
    return result


def table(program, rounds, seconds):
    lines = ["## Armed functions", "",
             "Functions of made-up advisories, a seeded choice of the libraries' exported ones; ratios to a run without "
             "any sensor, as above. What has run once is taken away again, so that the steady state is that of the rest.",
             "", "| workload | functions | without | ratio, none armed | ratio, armed | resolution | BPF runs/s | "
             "BPF, % of one CPU | CPU of a start, none armed | armed |", "|---|---|---|---|---|---|---|---|---|---|"]
    for kind, victim, wanted in ((NginxTls, "nginx", {"libssl.so.3": 60, "libcrypto.so.3": 120, "libz.so.1": 20}),
                                 (workloads.ExecStorm, "true", {"libc.so.6": 200})):
        missing = [p for p in kind.needs if not shutil.which(p) and not Path(f"/usr/sbin/{p}").exists()]
        if missing:
            lines.append(f"| {kind.name} | not run: needs {' and '.join(missing)} | | | | | | | | |")
            continue
        names = choose(victim, wanted)
        r = bench(program, kind, names, rounds, seconds)
        bare, armed = r["nothing armed"], r["armed"]
        lines.append(f"| {kind.name} | {sum(len(f) for _, f in names.values())} | {armed['off']:,.0f} {kind.unit} | "
                     f"{bare['median']:.3f} | {armed['median']:.3f} ({armed['low']:.3f}–{armed['high']:.3f}) | "
                     f"±{100 * armed['resolution']:.1f} % | {r['programs'][0]:,.0f} | {r['programs'][1] / 1e7:.3f} | "
                     f"{bare['start']:.2f} s | {armed['start']:.2f} s |")
    return lines + [""]
