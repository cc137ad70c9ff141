# SPDX-License-Identifier: Apache-2.0
"""A notebook: the same cell is run twice, and its function was used in between."""

import gc

CELL = "def r_used():\n    return len('a')\n"


def n_never():
    return len("b")


def main():
    space = {"__name__": "__main__"}
    exec(compile(CELL, "/tmp/ipykernel_1/1.py", "exec"), space)
    space["r_used"]()
    exec(compile(CELL, "/tmp/ipykernel_1/1.py", "exec"), space)
    gc.collect()
    globals()["kept"] = space
