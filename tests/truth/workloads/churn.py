# SPDX-License-Identifier: Apache-2.0
"""Threads that make, run, drop and collect code as fast as they can, beside functions that stay: some ran, some run one
after the other (the file `progress` says how many), some never do."""

import gc
import os
import sys
import threading
import time
import types

LATE = 2000
SOURCE = "".join("def %s_%d(x=1):\n    return len('abc') + x\n\n" % (name, n)
                 for name, count in (("ran", 100), ("never", 100), ("late", LATE)) for n in range(count))
with open("stay.py", "w") as stay_file:
    stay_file.write(SOURCE)
sys.path.insert(0, os.getcwd())
import stay  # noqa: E402


def churn():
    n = 0
    while True:
        space = {}
        exec("class C:\n" + "".join("    def m%d(self, a=%d):\n        return len('x') + a\n" % (i, n)
                                    for i in range(30)), space)
        thing = space["C"]()
        thing.m1(), thing.m2()
        thing.loop = thing
        module = types.ModuleType("churned_%d" % (n % 50))
        module.C = space["C"]
        sys.modules[module.__name__] = module
        n += 1
        if n % 20 == 0:
            gc.collect()


def go_on():
    for n in range(LATE):
        vars(stay)["late_%d" % n]()
        with open("progress.new", "w") as file:
            file.write(str(n + 1))
        os.rename("progress.new", "progress")
        time.sleep(0.2)


def main():
    for n in range(100):
        vars(stay)["ran_%d" % n]()
    with open("progress", "w") as file:
        file.write("0")
    for _ in range(3):
        threading.Thread(target=churn, daemon=True).start()
    threading.Thread(target=go_on, daemon=True).start()
