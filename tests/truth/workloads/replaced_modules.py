# SPDX-License-Identifier: Apache-2.0
"""A module is removed from sys.modules and imported again; nothing holds the code that ran."""

import gc
import os
import sys

with open("part.py", "w") as file:
    file.write("def r_used():\n    return len('a')\n")


def main():
    sys.path.insert(0, os.getcwd())
    import part
    part.r_used()
    del sys.modules["part"], part
    gc.collect()
    import part
    globals()["kept"] = part
