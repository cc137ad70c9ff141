# SPDX-License-Identifier: Apache-2.0
"""docs/accuracy.md lists what may differ from the truth, and nothing else may."""

import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "tests/truth"))

import judge  # noqa: E402
import write  # noqa: E402


def test_the_page_has_the_closed_list_of_the_bench():
    _, begin, rest = write.PAGE.read_text().partition(write.LIST_BEGIN)
    listed, end, _ = rest.partition(write.LIST_END)
    assert begin and end and listed == "".join(write.exceptions())


def test_only_the_function_that_is_listed_may_differ():
    assert judge.is_known(("/usr/lib/python3.15/bdb.py", 1, "_set_stopinfo"), 15)
    assert not judge.is_known(("/usr/lib/python3.15/bdb.py", 1, "_set_stopinfo"), 14)
    assert not judge.is_known(("/srv/app.py", 1, "_set_stopinfo"), 15)
    assert not judge.is_known(("/usr/lib/python3.15/bdb.py", 1, "set_step"), 15)
