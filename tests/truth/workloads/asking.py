# SPDX-License-Identifier: Apache-2.0
"""Code that asks sys.modules, and puts into it, as programs do: what has not run is known all the same."""

import contextlib
import io
import sys
import types
import warnings


def n_never():
    return len("b")


def x_asks(name, parts):
    if name in sys.modules and sys.modules:
        module = sys.modules[name]
    module = sys.modules.get(name)
    for key in sys.modules:
        module = sys.modules[key] or module
    for key, value in list(sys.modules.items()):
        module = value
    keys = sorted(sys.modules), len(sys.modules), set(sys.modules), dict(sys.modules)
    found = [key for key in sys.modules if key.startswith("os")]
    first = sys.modules["%s" % name], sys.modules[parts[0] + parts[1]], sys.modules[f"{parts[0]}{parts[1]}"]
    last = sys.modules[name.split(".")[-1]], sys.modules[module.__name__], sys.modules[name[0:2]]
    both = {"a": 1, **sys.modules}
    return keys, found, first, last, both


def x_puts(name):
    sys.modules[name] = types.ModuleType(name)
    sys.modules["%s.b" % name] = sys.modules.setdefault(name + ".c", types.ModuleType(name))
    modules = sys.modules
    return modules[name], [m for m in list(modules) if m], modules.get(name)


class Streams:
    def x_saves(self, name):
        self.saved = getattr(sys, name)
        setattr(sys, name, self.saved)
        return getattr(getattr(sys, name), "encoding", None), getattr(sys, "gettotalrefcount", None), sys.argv


def x_searches(names):
    return set(names).intersection(sys.modules), {"os", "re"}.union(sys.modules), hasattr(sys, names[0])


def main():
    with contextlib.redirect_stdout(io.StringIO()):
        Streams().x_saves("stderr")
    warnings.warn("of nobody", stacklevel=100)
    x_searches(["os", "asked"])
    x_asks("os", ["o", "s"])
    x_puts("asked")
