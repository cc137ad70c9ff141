# SPDX-License-Identifier: Apache-2.0
"""sys.modules is found by a name that is made at run time."""

import gc
import os
import sys

with open("part.py", "w") as file:
    file.write("def r_used():\n    return len('a')\n")


def x_found(name):
    import sys as system
    return getattr(system, name)


def main():
    sys.path.insert(0, os.getcwd())
    import part
    part.r_used()
    del part
    found = x_found("mod" + "ules".lower())
    found.pop("part")
    del found
    gc.collect()
    import part
    globals()["kept"] = part
