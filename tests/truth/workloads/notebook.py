# SPDX-License-Identifier: Apache-2.0
"""The shell of notebooks: cells that define and use functions, some run twice."""

import io
import os
import sys

CELLS = ["def r_used(x):\n    return len(str(x))\n\n\ndef unused(x):\n    return len(str(x))", "r_used(1)", "import json\njson.dumps([1])",
         "def later():\n    return r_used(2)", "later()", "%timeit -n 1 -r 1 r_used(3)"]


def main():
    os.environ["IPYTHONDIR"] = os.path.abspath("ipython-%d" % os.getpid())  # the first time it puts files there
    from IPython.core.interactiveshell import InteractiveShell
    out, sys.stdout = sys.stdout, io.StringIO()
    shell = InteractiveShell.instance(history_load_length=0)
    shell.history_manager.enabled = False
    for cell in [*CELLS, CELLS[0]]:
        shell.run_cell(cell)
    sys.stdout = out
