# SPDX-License-Identifier: Apache-2.0
"""exec, fork and exit: each process once, threads never, nothing invented."""
import signal
import subprocess

import pytest

from stream import assert_adds_up, needs_root

pytestmark = needs_root


def run(program, *args):
    """Its pid, and what it printed."""
    process = subprocess.Popen([program, *map(str, args)], stdout=subprocess.PIPE, text=True)
    out, _ = process.communicate(timeout=120)
    return process.pid, out.strip()


@pytest.mark.parametrize("how", [[], ["thread"]], ids=["first-thread", "other-thread"])
def test_exec_tells_all(events, victim, tmp_path, how):
    program = victim("exec")
    with events("--type", "exec,exit") as stream:
        pid, out = run(program, tmp_path, *how)
        child = int(out)
    start, = stream.of("exec", pid=pid)
    assert start["args"] == [program, str(tmp_path), *how]
    assert start["exe"] == program
    again, = stream.of("exec", pid=child)
    assert again["parent"] == pid
    assert again["exe"] == program
    assert again["cwd"] == str(tmp_path)
    # Bytes that are no UTF-8 come out as replacement characters, an empty argument stays, the rest is cut.
    assert again["args"][:4] == ["again", "", 'odd\ufffd\ufffd"\\\n', "last"]
    assert again["args_cut"] is True
    assert again["tid"] == child
    end, = stream.of("exit", pid=child)
    assert end["signal"] == signal.SIGKILL
    assert end["start"] == again["start"] != 0
    assert_adds_up(stream)


def test_times_are_right(events):
    with events("--type", "exec") as stream:
        process = subprocess.Popen(["sleep", "0.2"])
        with open(f"/proc/{process.pid}/stat", encoding="ascii") as f:
            ticks = int(f.read().rsplit(")", 1)[1].split()[19])
        process.wait()
    e, = stream.of("exec", pid=process.pid)
    assert abs(e["start"] // 10_000_000 - ticks) <= 1
    assert e["uid"] == 0


def test_threads_are_no_processes(events, steered):
    with events() as stream:
        one = steered()
        one.do("threads 40")
        one.end()
    assert len(stream.of("exit", pid=one.pid)) == 1
    assert [e for e in stream.of("fork") if e["parent"] == one.pid] == []


def test_exits_once_when_all_threads_end_together(events, victim):
    with events("--type", "fork,exit") as stream:
        pid, out = run(victim("threads_end"), 200)
    expected = sorted(tuple(map(int, line.split())) for line in out.splitlines())
    assert len(expected) == 200
    children = {e["pid"] for e in stream.of("fork") if e["parent"] == pid}
    assert sorted((e["pid"], e["status"]) for e in stream.of("exit") if e["pid"] in children) == expected
    assert_adds_up(stream)


def test_storm_without_loss(events, victim):
    with events("--type", "exec,fork,exit") as stream:
        pid, out = run(victim("storm"), 3000)
    made = int(out)
    children = [e["pid"] for e in stream.of("fork") if e["parent"] == pid]
    assert len(children) == made == 3000
    assert len([e for e in stream.of("exit") if e["pid"] in set(children)]) == made
    assert all(c.dropped == 0 for c in stream.counts.values()), stream.counts
    assert_adds_up(stream)


def test_exec_storm_without_loss(events, victim):
    with events("--type", "exec,fork,exit") as stream:
        pid, out = run(victim("storm"), 500, "/bin/true")
    children = {e["pid"] for e in stream.of("fork") if e["parent"] == pid}
    assert len(children) == int(out) == 500
    assert len([e for e in stream.of("exec") if e["pid"] in children]) == 500
    assert_adds_up(stream)


def test_storm_that_overflows(events, victim):
    """A tiny ring, and a reader that is stopped meanwhile: what is missing is counted, to the last one."""
    with events("--type", "exec,fork,exit", "--ring", "4096") as stream:
        stream.process.send_signal(signal.SIGSTOP)
        pid, out = run(victim("storm"), 400, "/bin/true")
        stream.process.send_signal(signal.SIGCONT)
    made = int(out)
    for kind, of_victim in ("fork", made + 1), ("exec", made + 1), ("exit", made + 1):
        c = stream.counts[kind]
        assert c.dropped > 0, kind
        assert c.made >= of_victim, kind
        if kind != "exit":  # which does not name its parent
            own = [e for e in stream.of(kind) if pid in (e["pid"], e["parent"])]
            assert len(own) + c.dropped >= of_victim, kind
    assert_adds_up(stream)
    lost = [e for e in stream.events if e["type"] == "lost"]
    assert sum(e["dropped"].get("fork", 0) for e in lost) <= stream.counts["fork"].dropped


def test_in_its_own_root(events, victim, tmp_path):
    """chroot and mount namespace: paths are the process's own."""
    root = tmp_path / "root"
    (root / "bin").mkdir(parents=True)
    quiet = root / "bin" / "quiet"
    quiet.write_bytes(open(victim("quiet", flags=("-static",)), "rb").read())
    quiet.chmod(0o755)
    with events() as stream:
        pid, out = run(victim("rooted"), root, "/bin/quiet")
        assert int(out) == pid
    first, second = stream.of("exec", pid=pid)
    assert second["exe"] == "/bin/quiet"
    assert second["cwd"] == "/"
    assert second["mount_ns"] != first["mount_ns"]
    assert stream.of("exit", pid=pid)[0]["status"] == 5
    assert "/bin/quiet" in [e["path"] for e in stream.of("map") if e["inode"] == quiet.stat().st_ino]
