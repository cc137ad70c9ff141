# SPDX-License-Identifier: Apache-2.0
"""A server that forks: what the parent ran before is the child's past as well; what it runs later is not."""

import json
import os
import time


def before_fork():
    return json.loads("[1]")


def in_parent():
    return json.dumps([1])


def in_child():
    return json.JSONEncoder().encode({"a": 1})


def never():
    return json.JSONDecoder().raw_decode("1")


def main():
    before_fork()
    child = os.fork()
    if child:
        in_parent()
        os.waitpid(child, 0)
        os._exit(0)
    time.sleep(0.1)
    in_child()
