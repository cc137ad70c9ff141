# SPDX-License-Identifier: Apache-2.0
"""sys.modules is given to a method that has the name of one which only reads."""

import gc
import os
import sys

with open("part.py", "w") as file:
    file.write("def r_used():\n    return len('a')\n")


class Names(set):
    def update(self, modules):
        for name in [name for name in modules if name == "part"]:
            modules.pop(name)

    def x_takes(self):
        self.update(sys.modules)


def main():
    sys.path.insert(0, os.getcwd())
    import part
    part.r_used()
    del part
    Names().x_takes()
    gc.collect()
    import part
    globals()["kept"] = part
