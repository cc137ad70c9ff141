# SPDX-License-Identifier: Apache-2.0
"""The same, by a function that has the name of a method which only reads its argument."""

import gc
import os
import sys

with open("part.py", "w") as file:
    file.write("def r_used():\n    return len('a')\n")


def update(modules):
    del modules["part"]


def main():
    sys.path.insert(0, os.getcwd())
    import part
    part.r_used()
    del part
    update(sys.modules)
    gc.collect()
    import part
    globals()["kept"] = part
