# SPDX-License-Identifier: Apache-2.0
"""A file is run by the library's runpy, and imported when what it made is gone."""

import gc
import os
import runpy
import sys

with open("part.py", "w") as file:
    file.write("def r_used():\n    return len('a')\n")


def main():
    names = runpy.run_path(os.path.join(os.getcwd(), "part.py"))
    names["r_used"]()
    names.clear()
    gc.collect()
    sys.path.insert(0, os.getcwd())
    import part
    globals()["kept"] = part
