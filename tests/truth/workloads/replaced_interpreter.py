# SPDX-License-Identifier: Apache-2.0
"""The function ran in another interpreter of the process, which has ended."""

import os
import sys

with open("part.py", "w") as file:
    file.write("def r_used():\n    return len('a')\n")


def main():
    try:
        import _interpreters as interpreters
    except ImportError:
        import _xxsubinterpreters as interpreters
    sys.path.insert(0, os.getcwd())
    import part
    other = interpreters.create()
    interpreters.run_string(other, f"import sys; sys.path.insert(0, {os.getcwd()!r}); import part; part.r_used()")
    interpreters.destroy(other)
    globals()["kept"] = part
