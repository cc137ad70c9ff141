# SPDX-License-Identifier: Apache-2.0
"""A file is loaded twice into the list of modules, by the recipe of importlib's documentation."""

import gc
import importlib.util
import os
import sys

with open("part.py", "w") as file:
    file.write("def r_used():\n    return len('a')\n")


def load():
    spec = importlib.util.spec_from_file_location("part", os.path.join(os.getcwd(), "part.py"))
    module = importlib.util.module_from_spec(spec)
    sys.modules["part"] = module
    spec.loader.exec_module(module)
    return module


def main():
    load().r_used()
    load()
    gc.collect()
