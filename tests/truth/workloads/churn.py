# SPDX-License-Identifier: Apache-2.0
"""Threads that make, run, drop and collect code as fast as they can, beside functions that stay: half of those ran."""

import gc
import os
import sys
import threading
import types

for n in range(100):
    exec("def ran_%d(x=1):\n    return len('abc') + x\n\ndef never_%d(x=1):\n    return len('abc') + x\n" % (n, n))


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


def main():
    for n in range(100):
        globals()["ran_%d" % n]()
    for _ in range(3):
        threading.Thread(target=churn, daemon=True).start()
