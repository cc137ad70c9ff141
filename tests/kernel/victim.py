# SPDX-License-Identifier: Apache-2.0
"""Imported in the machine: one function is called, the other is not."""


def called():
    return 1


def never_called():
    return 2
