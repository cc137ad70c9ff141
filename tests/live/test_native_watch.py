# SPDX-License-Identifier: Apache-2.0
"""usewear watch and the functions that advisories name: reached when they ran, else not observed, or unknown and why."""

import datetime
import json
import os
import shutil
import subprocess
import time

import pytest
from native import HERE, Service, compile_c, go_build, naming
from whole import Watch, findings, needs_host_pids, needs_root, release, usewear, wait_until

pytestmark = [needs_root, pytest.mark.usefixtures("silence")]

SERVER = """package main

import (
	"bufio"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"

	"golang.org/x/text/language"
)

func main() {
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "hello") })
	mux.HandleFunc("/lang", func(w http.ResponseWriter, r *http.Request) {
		tags, _, err := language.ParseAcceptLanguage(r.Header.Get("Accept-Language"))
		fmt.Fprintln(w, tags, err)
	})
	server := httptest.NewServer(mux)
	fmt.Println("ready")
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		request, _ := http.NewRequest("GET", server.URL+lines.Text(), nil)
		request.Header.Set("Accept-Language", "de, en;q=0.8")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			panic(err)
		}
		response.Body.Close()
		fmt.Println(strings.TrimSpace(response.Status))
	}
}
"""


@pytest.fixture(scope="session")
def go_server(tmp_path_factory):
    return go_build(tmp_path_factory.mktemp("server"), SERVER, ["golang.org/x/text v0.3.5"], ["-ldflags=-s -w"])


def wall(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def of(state, service, identifier):
    return [f for f in findings(state, "report")["findings"]
            if f["id"] == identifier and f["workload"] and f["workload"]["id"] == service.workload]


@needs_host_pids
def test_go_server_is_quiet_until_the_vulnerable_call(tmp_path, go_server):
    """A stripped server under traffic, with a module from the Go proxy whose real advisory names functions."""
    with Service("usewear-test-go", go_server) as service, Watch(tmp_path / "state") as watch:
        state = tmp_path / "state"
        for _ in range(20):
            assert service.tell("/") == "200 OK\n"
        watch.process.send_signal(1)
        quiet = wait_until(lambda: [f for f in of(state, service, "CVE-2022-32149")
                                    if f["reached"]["answer"] == "not_observed"])[0]
        assert quiet["level"] == "loaded" and quiet["reached"]["since"] and quiet["reached"]["engine"] == "uprobe"
        assert of(state, service, "CVE-2021-38561")[0]["reached"]["answer"] == "not_observed"
        # A function that the linker left out of the program cannot run.
        left_out = of(state, service, "CVE-2026-56852")[0]["reached"]
        assert (left_out["answer"], left_out["engine"]) == ("not_observed", "pclntab")
        assert service.tell("/lang") == "200 OK\n"
        reached = wait_until(lambda: [f for f in of(state, service, "CVE-2022-32149") if f["level"] == "reached"])[0]
        assert reached["reached"]["answer"] == "yes"
        proof = [e for e in reached["evidence"] if e["kind"] == "reached"
                 and e["subject"] == "golang.org/x/text/language.ParseAcceptLanguage"][0]
        assert proof["engine"] == "uprobe" and proof["pid"] == service.process.pid and proof["first"]
        # A silence begins with the next whole second; what ran in the second before it is told by its own time.
        assert proof["after"] >= min(quiet["reached"]["since"], proof["first"])
        # ParseAcceptLanguage calls Parse.
        wait_until(lambda: of(state, service, "CVE-2021-38561")[0]["level"] == "reached")
        assert watch.stop() == 0
    assert of(state, service, "CVE-2022-32149")[0]["level"] == "reached"


NAMES = ("lib_called", "lib_never", "lib_inlined", "lib_inlined_quiet", "lib_twin_a", "lib_chosen", "lib_none")


def library_root(folder, *flags, strip=False, name="libvictim.so.1"):
    """A root of its own with a library that a Debian package owns, and a program that uses it. Where its file has another name,
    a link leads to it."""
    root = folder / "root"
    (root / "usr/lib").mkdir(parents=True)
    (root / "etc").mkdir()
    (root / "var/lib/dpkg/info").mkdir(parents=True)
    shutil.copy("/etc/os-release", root / "etc/os-release")
    library = compile_c(root / "usr/lib" / name, HERE / "victims/native_library.c", "-shared", "-fPIC", "-g",
                        "-fno-semantic-interposition", "-Wl,-soname,libvictim.so.1", *flags)
    if name != "libvictim.so.1":
        (root / "usr/lib/libvictim.so.1").symlink_to(name)
    program = compile_c(root / "victim", HERE / "victims/native_program.c", str(library))
    shutil.copy(shutil.which("sh"), root / "sh")
    for binary in (program, root / "sh"):
        listed = subprocess.run(["ldd", binary], capture_output=True, text=True,
                                env={**os.environ, "LD_LIBRARY_PATH": str(root / "usr/lib")}).stdout
        for word in listed.split():
            if word.startswith("/") and "libvictim" not in word and os.path.exists(word):
                target = root / word[1:]
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(word, target)
    if strip:
        subprocess.run(["strip", library], check=True)
    (root / "var/lib/dpkg/status").write_text(
        "Package: libvictim1\nStatus: install ok installed\nArchitecture: amd64\nMulti-Arch: same\n"
        "Source: victim\nVersion: 1.0-1\nDescription: none\nMaintainer: none <none@example.com>\n\n")
    (root / "var/lib/dpkg/info/libvictim1:amd64.list").write_text(f"/.\n/usr\n/usr/lib\n/usr/lib/libvictim.so.1\n/usr/lib/{name}\n")
    return root


def import_advisories(folder, state):
    """One advisory a function, so that each has an answer of its own."""
    files = folder / "advisories"
    files.mkdir()
    for name in NAMES:
        naming(files / f"{name}.json", "victim", [("libvictim.so.1", name)], release(),
               identifier="GO-TEST-" + name.upper().replace("_", "-"))
    usewear(state, "db", "import", str(files))


def answers(state, service):
    found = {}
    for f in findings(state, "report")["findings"]:
        if f["id"].startswith("GO-TEST-LIB") and f["workload"] and f["workload"]["id"] == service.workload:
            found[f["id"].removeprefix("GO-TEST-").lower().replace("-", "_")] = f
    return found


def test_library_in_a_root_of_its_own(tmp_path):
    """With debug information each function has its own answer; a copy that was inlined speaks when its host runs, and is silent
    only where the host cannot have been running already when its guard came. The file is not called as advisories call the
    library, like those of the C library before 2.34."""
    state = tmp_path / "state"
    root = library_root(tmp_path, name="libvictim-1.0.so")
    import_advisories(tmp_path, state)

    def start(name):
        return Service(name, "chroot", root, "/victim", env={"LD_LIBRARY_PATH": "/usr/lib", "PATH": os.environ["PATH"]})
    with Watch(state) as watch, start("usewear-test-lib") as service:
        wanted = {"lib_called": "not_observed", "lib_never": "not_observed", "lib_inlined": "unknown",
                  "lib_inlined_quiet": "unknown", "lib_twin_a": "unknown", "lib_chosen": "unknown",
                  "lib_none": "unknown"}
        quiet = wait_until(lambda: (a := answers(state, service)) and {k: f["reached"]["answer"] for k, f in a.items()} == wanted and
                           "may have been running" in a["lib_inlined_quiet"]["reached"]["reason"] and a)
        time.sleep(max(0, wall(quiet["lib_never"]["reached"]["since"]) - time.time()))
        with start("usewear-test-later") as later:
            wanted |= {"lib_inlined": "not_observed", "lib_inlined_quiet": "not_observed"}
            wait_until(lambda: {k: f["reached"]["answer"] for k, f in answers(state, later).items()} == wanted)
            for name in ("lib_called", "lib_host", "lib_twin_b", "lib_chosen"):
                assert later.tell(name).startswith(name)
            seen = wait_until(lambda: (a := answers(state, later)) and a["lib_called"]["level"] == "reached" and
                              a["lib_inlined"]["reached"]["answer"] == "unknown" and a)
            assert watch.stop() == 0
        seen = answers(state, later)
    assert {k: f["reached"]["answer"] for k, f in seen.items()} == {
        **wanted, "lib_called": "yes", "lib_inlined": "unknown"}
    assert "holds a copy" in seen["lib_inlined"]["reached"]["reason"]
    assert "same code" in seen["lib_twin_a"]["reached"]["reason"]
    assert "IFUNC" in seen["lib_chosen"]["reached"]["reason"]
    assert all(f["level"] in ("executed", "reached") for f in seen.values())


def test_without_debug_information_silence_is_unknown(tmp_path):
    state = tmp_path / "state"
    root = library_root(tmp_path, strip=True)
    import_advisories(tmp_path, state)
    with Service("usewear-test-lib", "chroot", root, "/victim",
                 env={"LD_LIBRARY_PATH": "/usr/lib", "PATH": os.environ["PATH"]}) as service, Watch(state) as watch:
        wait_until(lambda: (a := answers(state, service)) and "may be inlined" in (a["lib_never"]["reached"]["reason"] or ""))  # armed
        service.tell("lib_called")
        seen = wait_until(lambda: (a := answers(state, service)) and a["lib_called"]["level"] == "reached" and a)
        assert seen["lib_never"]["reached"]["answer"] == "unknown"
        assert watch.stop() == 0


@needs_host_pids
def test_code_that_runs_is_executed_and_code_that_sleeps_is_not(tmp_path):
    """The timer finds a busy library; one that is only mapped stays loaded."""
    state = tmp_path / "state"
    done = subprocess.run(["dpkg-query", "-W", "-f", "${source:Package}", "xz-utils"], capture_output=True, text=True)
    if done.returncode:
        pytest.skip("xz-utils is not installed as a Debian package")
    usewear(state, "db", "import", str(naming(tmp_path / "xz.json", done.stdout, [], release())))
    busy = ("sh", "-c", "echo ready; exec xz -0 -c /dev/zero > /dev/null")
    idle = ("sh", "-c", "echo ready; exec xz -0 -c > /dev/null")

    def seen(service):
        return [f for f in findings(state, "report")["findings"] if f["id"] == "USEWEAR-TEST-7" and f["workload"]
                and f["workload"]["id"] == service.workload]
    with Service("usewear-test-busy", *busy) as one, Service("usewear-test-idle", *idle) as other, \
            Watch(state) as watch:
        def sampled():  # the program itself may be met before its library
            return [e for f in seen(one) if f["level"] == "executed" for e in f["evidence"] if e["kind"] == "executed"]
        wait_until(lambda: any("liblzma" in e["subject"] for e in sampled()), 40)
        proof = sampled()
        assert {e["engine"] for e in proof} == {"sampled"}
        assert not any("/ld-" in e["subject"] for e in proof)
        assert [f["level"] for f in seen(other)] == ["loaded"]
        assert seen(other)[0]["executed"]["answer"] == "unknown"
        assert watch.stop() == 0


def test_functions_lists_what_is_armed_and_what_ran(tmp_path):
    state = tmp_path / "state"
    root = library_root(tmp_path)
    import_advisories(tmp_path, state)
    with Service("usewear-test-list", "chroot", root, "/victim",
                 env={"LD_LIBRARY_PATH": "/usr/lib", "PATH": os.environ["PATH"]}) as service, Watch(state) as watch:
        def told(name, answer):
            return wait_until(lambda: (a := answers(state, service)) and a[name]["reached"]["answer"] == answer)
        told("lib_never", "not_observed")
        service.tell("lib_called")
        told("lib_called", "yes")
        told("lib_never", "not_observed")
        listed = json.loads(usewear(state, "functions", str(service.process.pid), "--json").stdout)
        by_name = {f["name"]: f for f in listed["functions"] if f["container"] == "libvictim.so.1"}
        ran, quiet, none = by_name["lib_called"], by_name["lib_never"], by_name["lib_none"]
        assert ran["answer"] == "yes" and ran["first"] and ran["last"] and ran["engine"] == "uprobe"
        assert quiet["answer"] == "not_observed" and quiet["armed_since"]
        assert none["answer"] == "unknown" and "no symbol" in none["reason"]
        text = usewear(state, "functions", "--workload", service.workload, "--package", "libvictim1").stdout
        assert "lib_called" in text
        assert watch.stop() == 0


def test_last_call_of_a_process_is_not_lost(tmp_path):
    """Its file is mapped by nobody any more when the hit is told: what ran and what a guard saw counts all the same."""
    state = tmp_path / "state"
    root = library_root(tmp_path)
    import_advisories(tmp_path, state)
    with Watch(state) as watch:
        with Service("usewear-test-last", "chroot", root, "/victim",
                     env={"LD_LIBRARY_PATH": "/usr/lib", "PATH": os.environ["PATH"]}) as service:
            wait_until(lambda: (a := answers(state, service)) and a["lib_never"]["reached"]["answer"] == "not_observed")
            service.process.stdin.write("lib_called\nlib_host\n")
            service.process.stdin.close()
            service.process.wait()
            service.process.stdin = None
        wait_until(lambda: (a := answers(state, service)) and a["lib_called"]["level"] == "reached" and
                   a["lib_inlined"]["reached"]["answer"] == "unknown")
        assert watch.stop() == 0
