# SPDX-License-Identifier: Apache-2.0
"""CPython: every answer of the engine against the interpreter's own tracer, version by version."""

import os

import pytest
import write
from judge import (BLIND, EXCEPTIONS, PACKAGES, compare, environment, interpreters, is_known, last_part, observe, told,
                   truth)

INTERPRETERS = interpreters()
ALL = os.environ.get("USEWEAR_TRUTH") == "all"
QUICK = ["tasks", "fork", "nasty", "debugged", "zipped"]
WIDE = [*QUICK, "stdlib", "web", "testing", "django", "prefork", "pool", "covered", "notebook", "science"] if ALL else QUICK

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: reads the memory of other processes")


@pytest.fixture(scope="module")
def accuracy():
    """Scores of this run; written to docs/accuracy.md where everything was run."""
    scores = []
    yield scores
    write.table(scores)


@pytest.mark.parametrize("workload", WIDE)
@pytest.mark.parametrize("interpreter", INTERPRETERS, ids=str)
def test_answers_are_those_of_the_tracer(interpreter, workload, tmp_path, accuracy):
    if interpreter.minor == 7 and workload == "django":
        pytest.skip("asgiref's types cannot be made under sys.setprofile on 3.7")
    try:
        path = environment(interpreter, PACKAGES.get(workload))
    except RuntimeError as error:
        pytest.skip(f"packages cannot be had: {error}")
    try:
        report = observe(interpreter, workload, path, tmp_path)
    except RuntimeError as error:
        if not interpreter.libc and not interpreter.root:
            raise
        pytest.skip(f"not all that it needs is in that system: {(str(error).splitlines() or ['it crashes'])[-1]}")
    if interpreter.free_threaded:
        assert not report["functions"] and report["engines"][0]["gaps"]
        return
    score, differences, unknown = compare(report, truth(interpreter, workload, path, tmp_path), workload in BLIND)
    accuracy.append((str(interpreter), workload, score))
    assert score.right > (100 if workload in ("stdlib", "web", "testing", "tasks") else 1)
    assert not [d for d in differences if d[1] == "not_observed"], differences
    # 3.15 enters a generator expression when it is made, to ask what it goes through.
    if interpreter.minor >= 15:
        differences = [d for d in differences if d[1] != "yes" or d[0][2] != "<genexpr>"]
    if interpreter.minor > 7:
        assert not differences
    if interpreter.minor != 12:
        assert not [key for key in unknown if not is_known(key, interpreter.minor)]


@pytest.mark.parametrize("interpreter", INTERPRETERS, ids=str)
def test_odd_ways_to_run(interpreter, tmp_path, accuracy):
    report = observe(interpreter, "edge", "", tmp_path)
    if interpreter.free_threaded:
        pytest.skip("free-threaded: functions are unknown")
    answers = {key[2]: answer for key, answer in told(report).items() if key[0].endswith("edge.py")}
    wrong = {}
    # 3.7 keeps the frame of a call, and makes one for calls that fail and generators that never start.
    framed = {"n_generator_created", "n_coroutine_unawaited", "n_wrong_arguments", "n_wrong_arguments_2"}
    for name, answer in answers.items():
        if name in EXCEPTIONS or (interpreter.minor == 7 and name in framed):
            continue
        if name.startswith("x_") and answer != "yes" and not (interpreter.minor == 12 and answer == "unknown"):
            wrong[name] = answer
        if name.startswith("n_") and answer == "yes":
            wrong[name] = answer
        # From 3.12 on it is seen that a function was not made by a `def`: there may have been other code before.
        if name.startswith("n_") and answer == "unknown" and interpreter.minor != 12 and \
                not (name == "n_copy" and interpreter.minor > 12):
            wrong[name] = answer
    assert not wrong
    assert len([name for name in answers if name.startswith("x_")]) > 25


@pytest.mark.parametrize("interpreter", INTERPRETERS, ids=str)
def test_reloading_takes_away_negatives(interpreter, tmp_path):
    """What ran before a reload may have left no code behind."""
    report = observe(interpreter, "reload", "", tmp_path)
    assert not [f for f in report["functions"] if f["answer"] == "not_observed"]
    assert report["engines"][0]["gaps"]


@pytest.mark.parametrize("how", ["modules", "code", "loads", "cells", "alias", "clear", "patched", "setattr", "recipe",
                                 "file", "item", "interpreter", "descriptor", "argument", "operator", "held", "text",
                                 "runpath", "function", "reader", "space", "name", "referrers", "eval", "method",
                                 "shadow", "pickle"])
@pytest.mark.parametrize("interpreter", INTERPRETERS, ids=str)
def test_code_that_replaced_other_code_is_unknown(interpreter, how, tmp_path):
    """The function ran, the code that is there now has not: what is gone may not be forgotten."""
    if how == "interpreter" and interpreter.minor < 8:
        pytest.skip("3.7 cannot make other interpreters from Python")
    report = observe(interpreter, f"replaced_{how}", "", tmp_path)
    if interpreter.free_threaded:
        pytest.skip("free-threaded: functions are unknown")
    answers = {key[2]: answer for key, answer in told(report).items() if key[2][:2] in ("r_", "n_", "x_")}
    assert answers["r_used"] == "unknown"
    assert answers.get("x_kept", "yes") == "yes"
    # Where it is known which code was replaced the rest can be told.
    if how == "cells":
        assert answers["n_never"] == "not_observed"


@pytest.mark.parametrize("workload", ["configured", "asking"])
@pytest.mark.parametrize("interpreter", INTERPRETERS, ids=str)
def test_what_only_looks_like_it_leaves_negatives(interpreter, workload, tmp_path):
    """Configurations that are executed, loaders that hand on to others, code that asks sys.modules."""
    report = observe(interpreter, workload, "", tmp_path)
    if interpreter.free_threaded:
        pytest.skip("free-threaded: functions are unknown")
    answers = {key[2]: answer for key, answer in told(report).items()}
    assert {answer for name, answer in answers.items() if name.startswith("x_")} == {"yes"}
    assert answers["n_never"] == "not_observed"


@pytest.mark.parametrize("interpreter", INTERPRETERS, ids=str)
def test_a_tracer_takes_away_negatives(interpreter, tmp_path):
    """From 3.12 on tools rewrite code: then nothing is said not to have run."""
    report = observe(interpreter, "traced", "", tmp_path)
    if interpreter.free_threaded:
        pytest.skip("free-threaded: functions are unknown")
    mine = [f for f in report["functions"] if f["file"].endswith("traced.py")]
    answers = {last_part(f["name"]): f["answer"] for f in mine}
    for name, answer in answers.items():
        if name.startswith("x_"):
            assert answer == "yes", name
        if name.startswith("n_"):
            assert answer == ("unknown" if interpreter.minor >= 12 else "not_observed"), name
    if interpreter.minor >= 12:
        assert not [f for f in report["functions"] if f["answer"] == "not_observed"]
        assert report["engines"][0]["gaps"]
