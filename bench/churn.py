# SPDX-License-Identifier: Apache-2.0
"""Parses, sorts and hashes for the given number of seconds and prints how many rounds a second."""

import hashlib
import json
import sys
import time

seconds = float(sys.argv[1])
document = json.dumps([{"id": i, "name": f"n{i * 7919 % 1000}", "tags": list(range(i % 9))} for i in range(300)])
begin = time.monotonic()
rounds = 0
while time.monotonic() - begin < seconds:
    rows = sorted(json.loads(document), key=lambda row: row["name"])
    hashlib.sha256(repr(rows).encode()).hexdigest()
    rounds += 1
print(rounds / (time.monotonic() - begin))
