# SPDX-License-Identifier: Apache-2.0
"""A file is executed by hand, and imported when what it made is gone."""

import gc
import os
import sys

with open("part.py", "w") as file:
    file.write("def r_used():\n    return len('a')\n")


def main():
    path, names = os.path.join(os.getcwd(), "part.py"), {}
    with open(path) as source:
        exec(compile(source.read(), path, "exec"), names)
    names["r_used"]()
    names.clear()
    gc.collect()
    sys.path.insert(0, os.getcwd())
    import part
    globals()["kept"] = part
