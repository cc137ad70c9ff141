# SPDX-License-Identifier: Apache-2.0
"""A function takes a module out of a list that it was given: it does not know that this is sys.modules."""

import gc
import os
import sys

with open("part.py", "w") as file:
    file.write("def r_used():\n    return len('a')\n")


def purge(modules):
    del modules["part"]


def main():
    sys.path.insert(0, os.getcwd())
    import part
    part.r_used()
    del part
    purge(sys.modules)
    gc.collect()
    import part
    globals()["kept"] = part
