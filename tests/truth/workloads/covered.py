# SPDX-License-Identifier: Apache-2.0
"""coverage.py watches a part of the program, and goes on."""

import json

import coverage


def watched():
    return json.dumps({"a": [1, 2]})


def unwatched():
    return json.loads("[1]")


def never():
    return json.JSONDecoder().raw_decode("1")


def main():
    unwatched()
    tool = coverage.Coverage(data_file=None)
    tool.start()
    watched()
    globals()["kept"] = tool
