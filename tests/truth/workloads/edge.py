# SPDX-License-Identifier: Apache-2.0
"""Odd ways to run, or not to run, a function. Names say what came of it: x_ ran, n_ did not, e_ is one of the known
exceptions (judge.py). No tracer is needed to know."""

import dis
import gc
import inspect
import io
import os
import pickle
import sys
import threading
import types

def x_once(x=1):
    y = len('abc') + x
    return y


def x_twice(x=1):
    y = len('abc') + x
    return y


def x_hot(x=1):
    y = len('abc') + x
    return y


def x_before(x=1):
    y = len('abc') + x
    return y


def x_thread(x=1):
    y = len('abc') + x
    return y


def x_callback(x=1):
    y = len('abc') + x
    return y


def x_frozen(x=1):
    y = len('abc') + x
    return y


def x_loop(x=1):
    y = len('abc') + x
    return y


def n_never(x=1):
    y = len('abc') + x
    return y


def n_child(x=1):
    y = len('abc') + x
    return y


def n_inspected(x=1):
    y = len('abc') + x
    return y


def n_wrong_arguments(x=1):
    y = len('abc') + x
    return y


def x_original(x=1):
    y = len('abc') + x
    return y


def n_generator_created():
    yield len("a")


def e_generator_closed():
    yield len("a")


def e_generator_thrown():
    yield len("a")


def x_generator_started():
    yield len("a")


async def n_coroutine_unawaited():
    return len("a")


async def x_coroutine_awaited():
    return len("a")


def n_wrong_arguments_2(a, b):
    return len(a)


def x_raises():
    raise ValueError(len("a"))


def x_catches():
    try:
        x_raises()
    except ValueError:
        raise KeyError from None


def x_recursive(n):
    return n <= 0 or x_recursive(n - 1)


def x_outer():
    def x_inner():
        return len("a")

    def n_inner():
        return len("b")

    class Local:
        def x_method(self):
            return len("a")

        def n_method(self):
            return len("b")

    Local().x_method()
    return x_inner() + 1, n_inner


def n_outer():
    def n_nested():
        return len("a")

    return n_nested


def x_pass():
    pass


def x_constant():
    return 1


def x_argument(a):
    return a


def n_pass():
    pass


def n_argument(a):
    return a


def x_branch(a):
    if a is None:
        return 1
    return len(a)


def n_branch(a):
    if a is None:
        return 1
    return len(a)


class Meta(type):
    def __call__(cls, *arguments):
        return super().__call__(*arguments)


class Shape(metaclass=Meta):
    def __init__(self):
        self.x = len("a")

    def __getattr__(self, name):
        return len(name)

    def __eq__(self, other):
        return len("n") == other

    def x_method(self):
        return len("a")

    def n_method(self):
        return len("a")

    @property
    def x_property(self):
        return len("a")

    @property
    def n_property(self):
        return len("a")

    @staticmethod
    def x_static():
        return len("a")

    @classmethod
    def n_class(cls):
        return len("a")


def x_decorator(function):
    import functools

    @functools.wraps(function)
    def x_wrapper(*arguments):
        return function(*arguments)

    return x_wrapper


@x_decorator
def x_wrapped():
    return len("a")


@x_decorator
def n_wrapped():
    return len("a")


def x_many_cells():
    a = b = c = d = e = f = g = h = len("a")

    def n_uses():
        return a, b, c, d, e, f, g, h

    return n_uses


def forks():
    pid = os.fork()
    if pid == 0:
        n_child()
        os._exit(0)
    os.waitpid(pid, 0)


def made_of(code, name):
    """Not in main: before 3.12 code that makes functions of a function's code takes all negatives away."""
    return types.FunctionType(code, globals(), name)


def main():
    x_once()
    x_twice(), x_twice(2)
    for i in range(20000):
        x_hot(i)
    thread = threading.Thread(target=x_thread)
    thread.start()
    thread.join()
    forks()
    dis.dis(n_inspected, file=io.StringIO())
    inspect.signature(n_inspected)
    hash(n_inspected.__code__), n_inspected.__code__.co_code
    x_original()
    if hasattr(types.CodeType, "replace"):
        renamed = {"co_qualname": "n_copy"} if hasattr(types.CodeType, "co_qualname") else {}
        globals()["n_copy"] = made_of(x_original.__code__.replace(co_name="n_copy", co_firstlineno=777, **renamed), "n_copy")
    for wrong in (lambda: n_wrong_arguments(1, 2, 3), lambda: n_wrong_arguments_2(1)):
        try:
            wrong()
        except TypeError:
            pass
    kept = [n_generator_created()]
    e_generator_closed().close()
    try:
        e_generator_thrown().throw(ValueError())
    except ValueError:
        pass
    started = x_generator_started()
    next(started)
    coroutine = n_coroutine_unawaited()
    coroutine.close() if sys.version_info < (3, 8) else kept.append(coroutine)
    try:
        x_coroutine_awaited().send(None)
    except StopIteration:
        pass
    sorted([1], key=x_callback)
    try:
        x_catches()
    except KeyError:
        pass
    x_recursive(5)
    kept.append(x_outer())
    x_pass(), x_constant(), x_argument(1), x_branch("a")
    shape = Shape()
    shape.x_method(), shape.x_property, shape.zzz, shape.x_static()
    x_wrapped()
    kept.append(x_many_cells())
    pickle.dumps(shape.x)
    x_frozen(), x_before()
    gc.freeze() if hasattr(gc, "freeze") else None
    total = 0
    for i in range(200000):
        total += x_loop(i)
    globals()["kept"] = kept, started
