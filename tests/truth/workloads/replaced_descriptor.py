# SPDX-License-Identifier: Apache-2.0
"""A function ran, and is given a copy of its code, by the descriptor of functions."""

import types


# Nothing else holds this code.
exec(compile("def r_used(x=1):\n    return len('a')\n", __file__, "exec"), globals())


def n_never():
    return len("b")


def copy(code):
    if hasattr(code, "replace"):
        return code.replace()
    return types.CodeType(code.co_argcount, code.co_kwonlyargcount, code.co_nlocals, code.co_stacksize, code.co_flags,
                          code.co_code, code.co_consts, code.co_names, code.co_varnames, code.co_filename, code.co_name,
                          code.co_firstlineno, code.co_lnotab, code.co_freevars, code.co_cellvars)


def main():
    r_used()
    types.FunctionType.__code__.__set__(r_used, copy(r_used.__code__))
