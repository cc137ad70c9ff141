# SPDX-License-Identifier: Apache-2.0
"""The fork server of Celery: tasks run in a child of the pool, which is judged."""

import json
import sys

import billiard


def task(n):
    return json.dumps([n])


def last():
    sys.modules["__main__"].told("workload")


def never():
    return json.loads("1")


def main():
    pool = billiard.Pool(1)
    pool.map(task, range(5))
    pool.apply(last)
