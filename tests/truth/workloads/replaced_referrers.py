# SPDX-License-Identifier: Apache-2.0
"""sys.modules is found as what holds a module."""

import gc
import os
import sys

with open("part.py", "w") as file:
    file.write("def r_used():\n    return len('a')\n")


def x_takes(module):
    for held in gc.get_referrers(module):
        if isinstance(held, dict) and "builtins" in held and "part" in held:
            held.pop("part")


def main():
    sys.path.insert(0, os.getcwd())
    import part
    part.r_used()
    x_takes(part)
    del part
    gc.collect()
    import part
    globals()["kept"] = part
