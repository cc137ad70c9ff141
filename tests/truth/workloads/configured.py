# SPDX-License-Identifier: Apache-2.0
"""Loaders that hand on to others, and a configuration that Flask executes, take nothing away."""

import importlib.machinery
import os
import sys


class Loader(importlib.machinery.SourceFileLoader):
    def exec_module(self, module):
        loader = super()
        loader.exec_module(module)


class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name != "part":
            return None
        return importlib.machinery.ModuleSpec(name, Loader(name, os.path.join(os.getcwd(), "part.py")), origin="part.py")


def x_ran():
    return len("a")


def n_never():
    return len("b")


def main():
    with open("part.py", "w") as file:
        file.write("def n_part():\n    return 1\n")
    os.mkdir("flask")
    open("flask/__init__.py", "w").close()
    with open("flask/config.py", "w") as file:
        file.write("class Config:\n    def from_pyfile(self, path):\n        with open(path) as file:\n"
                   "            exec(compile(file.read(), path, 'exec'), {})\n")
    sys.meta_path.insert(0, Finder)
    sys.path.insert(0, os.getcwd())
    from flask import config

    import part
    config.Config().from_pyfile("part.py")
    x_ran()
    globals()["kept"] = part, config
