# SPDX-License-Identifier: Apache-2.0
"""pytest runs in the process: hooks, rewritten assertions, fixtures, modules that come and go."""

import os
import sys

import pytest

TESTS = '''
import pytest

@pytest.fixture
def value():
    yield 1

@pytest.fixture
def unused():
    return 2

def helper(x):
    return x

def test_yes(value):
    assert helper(value) == 1

def test_no():
    assert helper(1) == 2

@pytest.mark.parametrize("x", [1, 2])
def test_many(x):
    assert x

@pytest.mark.skip
def test_skipped():
    assert helper(3)
'''


def main():
    folder = os.path.join(os.getcwd(), "tested")  # the same in both runs
    os.mkdir(folder)
    with open(os.path.join(folder, "test_it.py"), "w") as file:
        file.write(TESTS)
    out, sys.stdout = sys.stdout, open(os.devnull, "w")
    pytest.main(["-p", "no:cacheprovider", "-q", folder])
    sys.stdout = out
