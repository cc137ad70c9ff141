# SPDX-License-Identifier: Apache-2.0
"""C code takes a module out of sys.modules, on a loop's second round."""

import gc
import operator
import os
import sys

with open("part.py", "w") as file:
    file.write("def r_used():\n    return len('a')\n")


def main():
    sys.path.insert(0, os.getcwd())
    import part
    part.r_used()
    del part
    modules = None
    for _ in range(2):
        if modules:
            operator.delitem(modules, "part")
        modules = sys.modules
    gc.collect()
    import part
    globals()["kept"] = part
