# SPDX-License-Identifier: Apache-2.0
"""sys.modules is put back by unittest.mock, as tests do."""

import gc
import os
import sys
from unittest import mock

with open("part.py", "w") as file:
    file.write("def r_used():\n    return len('a')\n")


def main():
    sys.path.insert(0, os.getcwd())
    with mock.patch.dict(sys.modules):
        import part
        part.r_used()
        del part
    gc.collect()
    import part
    globals()["kept"] = part
