# SPDX-License-Identifier: Apache-2.0
"""A module is taken out of a variable that holds sys.modules, some lines further on."""

import gc
import os
import sys

with open("part.py", "w") as file:
    file.write("def r_used():\n    return len('a')\n")


def main():
    sys.path.insert(0, os.getcwd())
    import part
    part.r_used()
    modules = sys.modules
    names = [name for name in sorted(modules) if name.startswith("par") and name.endswith("rt") and len(name) == 4]
    for name in names:
        if name:
            modules.pop(name)
    del part
    gc.collect()
    import part
    globals()["kept"] = part
