# SPDX-License-Identifier: Apache-2.0
"""Calls as programs seldom make them are seen like others, and one workload that calls without end does not make another one's
silence."""

import json
import time

from native import HERE, Service, compile_c
from test_native_asked import listed
from test_native_watch import wall
from whole import Victim, Watch, needs, needs_host_pids, needs_root, usewear, wait_until

pytestmark = [needs_root, needs_host_pids, needs("cc", "unshare")]


def program_in(folder):
    return compile_c(folder / "odd", HERE / "victims/odd_calls.c", "-D_GNU_SOURCE", "-g", "-pthread")


def asked(program, *names):
    return [word for name in names for word in ("--function", f"{program}:odd_{name}")]


def answers(state, service):
    return {name: f["answer"] for name, f in listed(state, service).items()}


def taken_away(state):
    return json.loads(usewear(state, "doctor", "--json", check=False).stdout)["functions"]["taken_away"]


def test_calls_that_do_not_return_or_leave_the_namespace(tmp_path):
    state, program = tmp_path / "state", program_in(tmp_path)
    names = ("jump", "coroutine", "namespace", "never")
    quiet = {f"odd_{name}": "not_observed" for name in names}
    elsewhere = Victim("unshare", "--mount", "sh", "-c", "echo ready; cat")
    with elsewhere, Service("usewear-test-odd", program) as service, Watch(state, *asked(program, *names)) as watch:
        wait_until(lambda: answers(state, service) == quiet)
        assert service.tell("jump") == "jump 0\n"
        assert service.tell("coroutine") == "coroutine 0\n"
        assert service.tell(f"namespace {elsewhere.process.pid}") == "namespace 0\n"
        ran = {**{name: "yes" for name in quiet}, "odd_never": "not_observed"}
        wait_until(lambda: answers(state, service) == ran)
        assert service.tell("jump") == "jump 0\n"
        assert watch.stop() == 0


def test_one_workload_floods_and_another_calls_once(tmp_path):
    """What is taken away for running too often is unknown to all, and said; what comes back speaks for the time since then."""
    state, program = tmp_path / "state", program_in(tmp_path)
    with Service("usewear-test-flooding", program) as flooding, Service("usewear-test-calm", program) as calm, \
            Watch(state, *asked(program, "flood", "never")) as watch:
        wait_until(lambda: answers(state, calm) == {"odd_flood": "not_observed", "odd_never": "not_observed"})
        assert flooding.tell("flood") == "flood 0\n"
        away = wait_until(lambda: (a := listed(state, calm)["odd_flood"])["answer"] == "unknown" and a)
        assert "runs too often" in away["reason"]
        wait_until(lambda: "odd:odd_flood" in taken_away(state))
        before = time.time()
        assert calm.tell("once") == "once 0\n"
        watch.look()
        after = listed(state, calm)["odd_flood"]
        assert after["answer"] != "not_observed" or wall(after["after"]) >= int(before), after
        assert answers(state, flooding)["odd_flood"] == "yes"
        assert answers(state, calm)["odd_never"] == "not_observed"
        assert watch.stop() == 0
