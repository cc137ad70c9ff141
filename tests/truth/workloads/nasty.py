# SPDX-License-Identifier: Apache-2.0
"""A program that changes itself: patched functions, code made at run time, collections, modules that are removed and
imported again."""

import functools
import gc
import os
import sys
import types

PART = """
def reimported():
    return len("a")


def kept():
    return len("b")


def never_kept():
    return len("c")


class Thing:
    def used(self):
        return len("d")

    def unused(self):
        return len("e")
"""


def original():
    return len("a")


def patched():
    return len("b")


def never_patched():
    return len("c")


class Target:
    def method(self):
        return original()

    def other(self):
        return never_patched()


@functools.lru_cache(maxsize=None)
def cached(x):
    return len(str(x))


@functools.lru_cache(maxsize=None)
def never_cached(x):
    return len(str(x))


class Lazy:
    @functools.lru_cache(maxsize=None)
    def used(self):
        return len("a")

    @property
    def silent(self):
        return len("b")


def made(n, run):
    space = {}
    exec("\n" * n + "def made_%d(x=1):\n    return len('abc') + x\n" % n, space)
    if run:
        space["made_%d" % n]()
    return space["made_%d" % n]


def storm():
    class Local:
        def run(self):
            return len("a")

        def silent(self):
            return len("b")

    things = [Local() for _ in range(50)]
    for thing in things:
        thing.loop = things
    things[0].run()
    del things
    gc.collect()


def replaced():
    return len("a")


def generators():
    def squares(n):
        yield from (i * i for i in range(n))

    def silent(n):
        yield n

    return list(squares(3)), silent


def main():
    with open("part.py", "w") as file:
        file.write(PART)
    sys.path.insert(0, os.getcwd())
    import part
    part.reimported(), part.kept(), part.Thing().used()
    keep = part.kept, part.Thing
    del sys.modules["part"], part
    gc.collect()
    import part
    Target.method = lambda self: patched()
    Target().method()
    cached(1), Lazy().used()
    functions = [made(n, n % 2) for n in range(40)]
    for _ in range(10):
        storm()
    replaced()
    if hasattr(types.CodeType, "replace"):
        replaced.__code__ = replaced.__code__.replace()
    made(90, True)
    gc.collect()
    globals()["all_kept"] = keep, functions, functools.partial(never_cached, 1), generators(), part
