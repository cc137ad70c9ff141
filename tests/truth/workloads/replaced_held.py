# SPDX-License-Identifier: Apache-2.0
"""A class holds sys.modules; the code that gave it to the class is gone."""

import gc
import os
import sys

with open("part.py", "w") as file:
    file.write("def r_used():\n    return len('a')\n")


class Cleaner:
    things = sys.modules

    def clean(self):
        self.things.pop("part")


def main():
    sys.path.insert(0, os.getcwd())
    import part
    part.r_used()
    del part
    Cleaner().clean()
    gc.collect()
    import part
    globals()["kept"] = part
