# SPDX-License-Identifier: Apache-2.0
"""sys.modules is found by what was pickled."""

import gc
import os
import pickle
import sys

with open("part.py", "w") as file:
    file.write("def r_used():\n    return len('a')\n")


def main():
    sys.path.insert(0, os.getcwd())
    import part
    part.r_used()
    del part
    pickle.loads(b"csys\nmodules\n.").pop("part")
    gc.collect()
    import part
    globals()["kept"] = part
