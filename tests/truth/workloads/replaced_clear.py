# SPDX-License-Identifier: Apache-2.0
"""All modules are taken out of sys.modules, and all but one are put back."""

import gc
import os
import sys

with open("part.py", "w") as file:
    file.write("def r_used():\n    return len('a')\n")


def main():
    sys.path.insert(0, os.getcwd())
    import part
    part.r_used()
    saved = dict(sys.modules)
    sys.modules.clear()
    del part, saved["part"]
    sys.modules.update(saved)
    gc.collect()
    import part
    globals()["kept"] = part
