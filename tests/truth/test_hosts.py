# SPDX-License-Identifier: Apache-2.0
"""CPython inside of other programs, and as others build it: what ran and what did not must be told there as well."""

import contextlib
import gzip
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from foreign import open_folder
from judge import PROGRAM, carried

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "live"))
from native import Service  # noqa: E402

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: reads the memory of other processes")

# A module that nobody else imports: one of its functions runs, another does not.
RUNS = "import colorsys; colorsys.rgb_to_hsv(.1, .2, .3)"
STAYS = f"{RUNS}; print('ready', flush=True); import sys; sys.stdin.read()"


def needs(*programs):
    for program in programs:
        if not shutil.which(program):
            pytest.skip(f"needs {program}")


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            if value := condition():
                return value
        time.sleep(0.1)
    raise AssertionError("it did not happen")


def functions(pid, folder):
    done = subprocess.run([PROGRAM, "functions", str(pid), "--json", "--state", folder], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def told(report, module="colorsys"):
    return {f["name"]: f["answer"] for f in report["functions"] if f["container"] == module}


def check(pid, folder, ran="yes"):
    report = functions(pid, folder)
    answers = told(report)
    assert answers["rgb_to_hsv"] == ran and answers["hls_to_rgb"] == "not_observed", report["engines"]
    return report


@contextlib.contextmanager
def running(*command, **options):
    process = subprocess.Popen(list(map(str, command)), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, **options)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def children(pid):
    return [int(p) for task in Path(f"/proc/{pid}/task").iterdir() for p in (task / "children").read_text().split()]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def fetch(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as answer:
        return answer.read() == b"answered"


APPLICATION = """
import colorsys
def application(environ, start_response):
    colorsys.rgb_to_hsv(.1, .2, .3)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"answered"]
"""


# ---- programs that CPython is linked into ----------------------------------------------------------------------------

def static_python(suffix=""):
    """The archive that holds the CPython of this machine, and the folder of its headers."""
    paths = subprocess.run(["/usr/bin/python3", "-c", "import sysconfig as s; print(s.get_config_var('LIBPL'), "
                            "s.get_config_var('LIBRARY'), s.get_config_var('INCLUDEPY'))"], capture_output=True, text=True)
    folder, library, headers = paths.stdout.split()
    library = Path(folder, library.replace(".a", f"{suffix}.a"))
    if not library.exists():
        pytest.skip(f"needs {library.name}")
    return library, headers


def check_whole(service, folder):
    """The engine knows all of it, and a scan finds out by itself that the program holds an interpreter."""
    engine = check(service.process.pid, folder)["engines"][0]
    assert not engine["gaps"] and engine["version"].startswith("3.")
    subprocess.run([PROGRAM, "scan", "--state", folder / "scan"], check=True, capture_output=True)
    with sqlite3.connect(folder / "scan/evidence.db") as db:
        covered = db.execute("SELECT engine, reason FROM coverage WHERE workload IN (SELECT id FROM name WHERE text = ?)",
                             (service.workload,)).fetchall()
    assert ("cpython", None) in covered, covered


EMBEDS = """
#include <Python.h>
int main(int argc, char **argv)
{
        Py_Initialize();
        if (Py_TYPE(Py_None) == &PyFunction_Type || Py_TYPE(Py_None) == &PyModule_Type)
                return 1;
        return PyRun_SimpleString(argv[argc - 1]);
}
"""


@pytest.mark.parametrize("how", ["exporting", "hidden", "static", "shared"])
def test_program_of_its_own(tmp_path, how):
    """It exports what CPython has, or nothing, or has no dynamic section at all, or has copies of a library's types."""
    needs("cc", "strip", "python3-config")
    library, headers = static_python()
    (tmp_path / "embeds.c").write_text(EMBEDS)
    flags = {"exporting": ["-rdynamic"], "hidden": ["-Wl,--no-export-dynamic"], "static": ["-static"], "shared": []}[how]
    linked = [f"-l{library.stem[3:]}"] if how == "shared" else [library, "-lz", "-lexpat", "-lm"]
    subprocess.run(["cc", "-no-pie", "-fno-pic", "-I", headers, "-o", tmp_path / "calc", tmp_path / "embeds.c", *flags,
                    *linked], check=True, stderr=subprocess.DEVNULL)
    subprocess.run(["strip", tmp_path / "calc"], check=True)
    with Service("usewear-test-embeds", tmp_path / "calc", STAYS) as service:
        check_whole(service, tmp_path)


PLUGIN = """
#include <Python.h>
__attribute__((visibility("default"))) int plugin_run(const char *program);
int plugin_run(const char *program)
{
        Py_Initialize();
        return PyRun_SimpleString(program);
}
"""
LOADS_PLUGIN = """
#include <dlfcn.h>
int main(int argc, char **argv)
{
        void *plugin = dlopen(argv[1], RTLD_NOW);
        int (*run)(const char *) = plugin ? (int (*)(const char *))dlsym(plugin, "plugin_run") : 0;
        return run ? run(argv[argc - 1]) : 1;
}
"""


def test_hidden_in_a_library(tmp_path):
    """A plug-in holds CPython and exports nothing of it; the program that loads it has no other sign of one."""
    needs("cc", "strip", "python3-config")
    library, headers = static_python("-pic")
    (tmp_path / "plugin.c").write_text(PLUGIN)
    (tmp_path / "loads.c").write_text(LOADS_PLUGIN)
    subprocess.run(["cc", "-shared", "-fPIC", "-fvisibility=hidden", "-I", headers, "-o", tmp_path / "plugin.so",
                    tmp_path / "plugin.c", library, "-Wl,--exclude-libs,ALL", "-lz", "-lexpat", "-lm"],
                   check=True, stderr=subprocess.DEVNULL)
    subprocess.run(["strip", tmp_path / "plugin.so"], check=True)
    exported = subprocess.run(["nm", "-D", "--defined-only", tmp_path / "plugin.so"], capture_output=True, text=True, check=True)
    assert [line.split()[-1] for line in exported.stdout.splitlines()] == ["plugin_run"]
    subprocess.run(["cc", "-o", tmp_path / "calc", tmp_path / "loads.c"], check=True)
    with Service("usewear-test-plugin", tmp_path / "calc", tmp_path / "plugin.so", STAYS) as service:
        check_whole(service, tmp_path)


def test_gdb(tmp_path):
    needs("gdb")
    with running("gdb", "-nx", "-q", "-ex", f"python {RUNS}; print('ready', flush=True)") as process:
        wait_for(lambda: b"ready" in process.stdout.readline())
        check(process.pid, tmp_path)


def test_vim(tmp_path):
    needs("vim.nox")
    with running("vim.nox", "-u", "NONE", "-es", "-c", f"py3 {RUNS}; open('{tmp_path}/ready', 'w').close(); import time; "
                 "time.sleep(1000)") as process:
        wait_for((tmp_path / "ready").exists)
        check(process.pid, tmp_path)


def uwsgi(command, tmp_path):
    """What a worker does is its own; the master has only imported it."""
    (tmp_path / "app.py").write_text(APPLICATION)
    port = free_port()
    with running(*command, "--http-socket", f"127.0.0.1:{port}", "--wsgi-file", tmp_path / "app.py", "--master",
                 "--processes", "1", cwd=tmp_path) as process:
        wait_for(lambda: fetch(port))
        worker, = children(process.pid)
        report = check(worker, tmp_path)
        assert [g for g in report["engines"][0]["gaps"] if "forked" in g]
        check(process.pid, tmp_path, ran="not_observed")
        assert told(report, "uwsgi_file_" + str(tmp_path / "app.py").replace("/", "_").removesuffix(".py")) == \
            {"application": "yes"} or "application" in {f["name"] for f in report["functions"] if f["answer"] == "yes"}


def test_uwsgi_of_debian(tmp_path):
    needs("uwsgi_python3")
    uwsgi(["uwsgi_python3"], tmp_path)


def environment(folder, *packages):
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    done = subprocess.run([folder / "bin/pip", "install", "-q", "--disable-pip-version-check", *packages],
                          capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"{' '.join(packages)} cannot be had: {done.stderr.strip().splitlines()[-1]}")
    return folder


def test_uwsgi_of_pypi(tmp_path):
    uwsgi([environment(tmp_path / "venv", "uwsgi") / "bin/uwsgi"], tmp_path)


def test_mod_wsgi(tmp_path):
    needs("apache2")
    modules = Path("/usr/lib/apache2/modules")
    if not (modules / "mod_wsgi.so").exists():
        pytest.skip("needs libapache2-mod-wsgi-py3")
    place = open_folder()  # its processes become another user
    folder = Path(place.name)
    (folder / "app.py").write_text(APPLICATION)
    port = free_port()
    (folder / "httpd.conf").write_text(f"""
ServerName localhost
User www-data
Group www-data
Listen 127.0.0.1:{port}
PidFile {folder}/pid
ErrorLog {folder}/error.log
DefaultRuntimeDir {folder}
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule wsgi_module {modules}/mod_wsgi.so
WSGISocketPrefix {folder}/wsgi
WSGIDaemonProcess app processes=1 threads=2
WSGIScriptAlias / {folder}/app.py process-group=app application-group=%{{GLOBAL}}
<Directory {folder}>
Require all granted
</Directory>
""")
    with running("apache2", "-DFOREGROUND", "-f", folder / "httpd.conf") as process:
        wait_for(lambda: fetch(port))
        answers = [told(functions(pid, tmp_path)) for pid in children(process.pid)]
    # The daemon has imported it; those that only pass requests on have not.
    imported = [a for a in answers if a]
    assert len(answers) > 1 and imported == [imported[0]]
    assert imported[0]["rgb_to_hsv"] == "yes" and imported[0]["hls_to_rgb"] == "not_observed"


# ---- as others install and build it ----------------------------------------------------------------------------------

def test_environment_of_uv(tmp_path):
    """Its python is a link, and its packages are links to uv's own store."""
    tools = environment(tmp_path / "tools", "uv")
    env = {**os.environ, "UV_CACHE_DIR": str(tmp_path / "cache"), "UV_LINK_MODE": "symlink", "UV_PYTHON_DOWNLOADS": "never"}
    run = dict(check=True, capture_output=True, env=env)
    subprocess.run([tools / "bin/uv", "venv", "--python", sys.executable, tmp_path / "venv"], **run)
    subprocess.run([tools / "bin/uv", "pip", "install", "--python", tmp_path / "venv/bin/python", "iniconfig==2.0.0"], **run)
    (tmp_path / "x.ini").write_text("[a]\nb = c\n")
    with running(tmp_path / "venv/bin/python", "-c", f"import iniconfig; iniconfig.IniConfig('{tmp_path}/x.ini'); {STAYS}") as p:
        assert p.stdout.readline() == b"ready\n"
        report = check(p.pid, tmp_path)
    package, = [p for p in report["packages"] if p["package"]["name"] == "iniconfig"]
    assert package["executed"] and package["package"]["version"] == "2.0.0"
    assert {f["answer"] for f in report["functions"] if f["name"] == "IniConfig.get"} == {"not_observed"}


def test_build_of_python_build_standalone(tmp_path):
    """What uv installs; go-embed-python is a Go module that holds one."""
    go = shutil.which("go", path=os.environ["PATH"] + ":/usr/local/go/bin:/usr/lib/go/bin")
    if not go:
        pytest.skip("needs go")
    (tmp_path / "go.mod").write_text("module example.com/x\n\ngo 1.17\n")
    done = subprocess.run([go, "mod", "download", "-json", "github.com/kluctl/go-embed-python@v0.0.0-3.12.2-20240224-3"],
                          cwd=tmp_path, capture_output=True, text=True,
                          env={**os.environ, "GONOSUMDB": "*", "GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local"})
    found = json.loads(done.stdout) if done.returncode == 0 else {}
    if not found.get("Dir"):
        pytest.skip("go-embed-python cannot be had")
    home = tmp_path / "python"
    for path in Path(found["Dir"], "python/internal/data/linux-amd64").rglob("*"):
        to = home / path.relative_to(Path(found["Dir"], "python/internal/data/linux-amd64"))
        if path.is_file():
            to.parent.mkdir(parents=True, exist_ok=True)
            data = path.read_bytes()
            if path.suffix == ".gz":
                to, data = to.with_suffix(""), gzip.decompress(data)
            to.write_bytes(data)
    python = home / "bin/python3.12"
    python.chmod(0o755)
    with running(python, "-c", STAYS, env={"PYTHONHOME": str(home)}) as process:
        assert process.stdout.readline() == b"ready\n"
        assert check(process.pid, tmp_path)["engines"][0]["version"] == "3.12.2"


@pytest.mark.parametrize("libc", ["musl", "gnu"])
def test_interpreter_in_a_wheel(tmp_path, libc):
    """Alpine's, with musl, and one of python-build-standalone."""
    try:
        python = carried(libc, tmp_path)
    except RuntimeError as error:
        pytest.skip(str(error))
    tells = "import sysconfig; print(sysconfig.get_config_var('HOST_GNU_TYPE'))"
    with running(python, "-c", f"{tells}; {STAYS}") as process:
        assert process.stdout.readline().strip().endswith(b"linux-" + libc.encode())
        assert process.stdout.readline() == b"ready\n"
        assert check(process.pid, tmp_path)["engines"][0]["version"].startswith("3.")


KERNEL = """
import sys
from jupyter_client.manager import start_new_kernel
manager, client = start_new_kernel(kernel_name="python3")
def cell(code):
    reply = client.execute_interactive(code, output_hook=lambda m: None, timeout=60)
    assert reply["content"]["status"] == "ok", reply
cell("import colorsys")
cell("def cell_ran():\\n    return colorsys.rgb_to_hsv(.1, .2, .3)\\ndef cell_silent():\\n    return len('a')")
cell("cell_ran()")
print(manager.provisioner.process.pid, flush=True)
sys.stdin.read()
manager.shutdown_kernel(now=True)
"""


def test_kernel_of_a_notebook(tmp_path):
    """Cells are no imports: what they define can be replaced by running them again, so silence of it is unknown. The
    debugger that ipykernel brings may replace how all code is run: then no silence is told."""
    venv = environment(tmp_path / "venv", "ipykernel")
    with running(venv / "bin/python", "-c", KERNEL) as process:
        line = process.stdout.readline()
        assert line, "the kernel did not start"
        report = functions(int(line), tmp_path)
        process.stdin.close()
        process.wait(timeout=60)
        process.stdin = None
    debugged = "a module replaces how code is run" in report["engines"][0]["gaps"]
    answers = told(report)
    assert answers["rgb_to_hsv"] == "yes" and answers["hls_to_rgb"] == ("unknown" if debugged else "not_observed")
    cells = {f["name"]: f["answer"] for f in report["functions"] if f["name"] in ("cell_ran", "cell_silent")}
    assert cells == {"cell_ran": "yes", "cell_silent": "unknown"}
    assert [p for p in report["packages"] if p["package"]["name"] == "ipykernel" and p["executed"]]


def test_second_library_beside_the_interpreter(tmp_path):
    """An extension brought a libpython that nobody uses, into an interpreter that has its own types."""
    needs("/usr/bin/python3")
    library = subprocess.run(["/usr/bin/python3", "-c", "import sysconfig; print(sysconfig.get_config_var('INSTSONAME'))"],
                             capture_output=True, text=True, check=True).stdout.strip()
    load = f"import ctypes; ctypes.CDLL({library!r}); "
    if subprocess.run(["/usr/bin/python3", "-c", load], capture_output=True).returncode:
        pytest.skip(f"needs {library}")
    with running("/usr/bin/python3", "-c", load + STAYS) as process:
        assert process.stdout.readline()
        check(process.pid, tmp_path)


def test_body_of_the_program_replaces_code(tmp_path):
    """Before 3.12 nothing but the code that does it tells of it."""
    replaces = f"{RUNS}; f = colorsys.rgb_to_hsv; setattr(f, '__code__', f.__code__.replace()); " \
               "print('ready', flush=True); import sys; sys.stdin.read()"
    with running("/usr/bin/python3", "-c", replaces) as process:
        assert process.stdout.readline()
        assert told(functions(process.pid, tmp_path))["rgb_to_hsv"] == "unknown"
