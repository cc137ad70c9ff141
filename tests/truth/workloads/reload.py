# SPDX-License-Identifier: Apache-2.0
"""A module is reloaded after it was used: the function that ran is gone, its successor has not run."""

import gc
import importlib
import textwrap


def main():
    textwrap.wrap("a b c" * 30)
    importlib.reload(textwrap)
    gc.collect()
