# SPDX-License-Identifier: Apache-2.0
"""sys.modules is named by a text that is evaluated."""

import gc
import os
import sys

with open("part.py", "w") as file:
    file.write("def r_used():\n    return len('a')\n")


def x_takes():
    eval("sys.modules").pop("part")


def main():
    sys.path.insert(0, os.getcwd())
    import part
    part.r_used()
    del part
    x_takes()
    gc.collect()
    import part
    globals()["kept"] = part
