# SPDX-License-Identifier: Apache-2.0
"""Reads lines A<TAB>B and prints <, = or > as RPM's own binding orders them, ? where it refuses one."""
import sys

import rpm

for line in sys.stdin:
    a, b = line.rstrip("\n").split("\t")
    try:
        left, right = rpm.ver(a), rpm.ver(b)
        print("<" if left < right else ">" if left > right else "=")
    except ValueError:
        print("?")
