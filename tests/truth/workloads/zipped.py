# SPDX-License-Identifier: Apache-2.0
"""A zip file on the path: packages that are imported from it."""

import os
import sys
import zipfile

PART = "def used():\n    return len('a')\n\n\ndef unused():\n    return len('b')\n\n\nclass Thing:\n    def used(self):\n" \
       "        return len('c')\n\n    def unused(self):\n        return len('d')\n"


def main():
    path = os.path.join(os.getcwd(), "app.pyz")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("inside/__init__.py", "from .part import Thing, used\n")
        archive.writestr("inside/part.py", PART)
    sys.path.insert(0, path)
    import inside
    inside.used(), inside.Thing().used()
