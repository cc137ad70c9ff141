# SPDX-License-Identifier: Apache-2.0
"""pdb runs a function: a breakpoint, some steps, and on."""

import io
import json
import pdb
import sys


def watched():
    text = json.dumps({"a": [1, 2]})
    return json.loads(text)


def unwatched():
    return json.JSONEncoder().encode([1])


def never():
    return json.JSONDecoder().raw_decode("1")


def main():
    unwatched()
    tool = pdb.Pdb(stdin=io.StringIO("step\nnext\nwhere\np text\ncontinue\n"), stdout=io.StringIO(), nosigint=True,
                   readrc=False)
    tool.use_rawinput = False
    tool.runcall(watched)
    sys.settrace(None)
    globals()["kept"] = tool
