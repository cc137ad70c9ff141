# SPDX-License-Identifier: Apache-2.0
"""A module is taken out of sys.modules by the method behind `del`, and imported again."""

import gc
import os
import sys

with open("part.py", "w") as file:
    file.write("def r_used():\n    return len('a')\n")


def main():
    sys.path.insert(0, os.getcwd())
    import part
    part.r_used()
    del part
    sys.modules.__delitem__("part")
    gc.collect()
    import part
    globals()["kept"] = part
