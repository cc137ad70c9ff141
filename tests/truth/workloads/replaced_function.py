# SPDX-License-Identifier: Apache-2.0
"""A function ran, and another one that is made of a copy of its code takes its place."""

import gc
import os
import sys
import types

with open("part.py", "w") as file:
    file.write("def r_used(x=1):\n    return len('a')\n")


def n_never():
    return len("b")


def copy(code):
    if hasattr(code, "replace"):
        return code.replace()
    return types.CodeType(code.co_argcount, code.co_kwonlyargcount, code.co_nlocals, code.co_stacksize, code.co_flags,
                          code.co_code, code.co_consts, code.co_names, code.co_varnames, code.co_filename, code.co_name,
                          code.co_firstlineno, code.co_lnotab, code.co_freevars, code.co_cellvars)


def main():
    sys.path.insert(0, os.getcwd())
    import part
    part.r_used()
    part.r_used = types.FunctionType(copy(part.r_used.__code__), vars(part))
    gc.collect()
    globals()["kept"] = part
