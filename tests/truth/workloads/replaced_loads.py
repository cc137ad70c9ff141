# SPDX-License-Identifier: Apache-2.0
"""One file is loaded twice, as plugins are; of the first load only one function is left."""

import gc
import importlib.util
import os
import sys

with open("plugin.py", "w") as file:
    file.write("def r_used():\n    return len('a')\n\n\ndef x_kept():\n    return len('b')\n")


def load():
    spec = importlib.util.spec_from_file_location("plugin", os.path.join(os.getcwd(), "plugin.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def n_never():
    return len("c")


def main():
    plugin = load()
    plugin.r_used(), plugin.x_kept()
    kept = plugin.x_kept
    vars(plugin).clear()
    gc.collect()
    import types
    globals()["all_kept"] = kept, sys.modules.setdefault("plugin", load()), types
