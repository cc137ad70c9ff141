# SPDX-License-Identifier: Apache-2.0
"""sys.modules is given to a function that has the name of one of Python's own, which only reads."""

import gc
import os
import sys

with open("part.py", "w") as file:
    file.write("def r_used():\n    return len('a')\n")


def sorted(modules):
    return modules.pop("part", None)


def main():
    sys.path.insert(0, os.getcwd())
    import part
    part.r_used()
    del part
    sorted(sys.modules)
    gc.collect()
    import part
    globals()["kept"] = part
