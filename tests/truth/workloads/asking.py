# SPDX-License-Identifier: Apache-2.0
"""Code that asks sys.modules, and puts into it, as programs do: what has not run is known all the same."""

import sys
import types


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


def main():
    x_asks("os", ["o", "s"])
    x_puts("asked")
