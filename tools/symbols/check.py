# SPDX-License-Identifier: Apache-2.0
"""Hold entries of the table against the releases that they name."""

import functools
import re

import compare
import fetch
import functions


def python_paths(folder, container):
    base = container.replace(".", "/")
    return [p for p in (f"{base}.py", f"{base}/__init__.py") if (folder / p).is_file()]


def paths_of(ecosystem, folder, container):
    if ecosystem == "PyPI":
        return python_paths(folder, container)
    if ecosystem == "Maven":
        container = container.replace(".", "/") + ".class"
    return [container] if (folder / container).is_file() else []


@functools.lru_cache(maxsize=64)
def container_functions(ecosystem, package, version, container):
    folder = fetch.release(ecosystem, package, version)
    paths = paths_of(ecosystem, folder, container)
    found = functions.scan(ecosystem, folder, paths)
    if ecosystem == "PyPI":  # the compiler has the last word on names
        for path in paths:
            try:
                names = functions.python_code_objects(folder / path)
            except (SyntaxError, ValueError):
                continue
            found = {k: v for k, v in found.items() if k[1] in names}
    return {k: v for k, v in found.items() if k[0] == container}


@functools.lru_cache(maxsize=64)
def python_bodies(package, version, container):
    """Names of the container's classes: their bodies run when it is imported, which says nothing."""
    folder = fetch.release("PyPI", package, version)
    return {name for path in python_paths(folder, container)
            for name, is_function in functions.python_code_objects(folder / path).items() if not is_function}


def source_functions(source, name):
    """Definitions of a C function anywhere in a source package."""
    found = {}
    pattern = re.compile(rb"\b" + re.escape(name.encode()) + rb"\s*\(")
    for path in functions.files("Debian", source):
        if pattern.search((source / path).read_bytes()):
            functions.scan_c(source / path, path, found)
    return [f for key, fs in found.items() if key[1] == name for f in fs]


def row_functions(entry, row):
    """The row's function in the affected and in the fixed release: lists, empty where it is not."""
    if entry.ecosystem != "Debian":
        both = []
        for version in (entry.old, entry.new):
            found = container_functions(entry.ecosystem, entry.package, version, row.container)
            both.append([f for f in found.get((row.container, row.function), ())
                         if row.signature in ("-", f.signature)])
        return both
    before, after, touched = compare.unpatched(entry.package, entry.old, entry.new)
    both = [[f for key, fs in functions.scan("Debian", side, touched).items() if key[1] == row.function for f in fs]
            for side in (before, after)]
    if not both[0]:
        both = [source_functions(fetch.release("Debian", entry.package, entry.old), row.function)] * 2
    return both


def row_errors(entry, row):
    """Sentences on what is wrong with it; fetch.Missing where a release cannot be had."""
    where = f"{entry.file}:{row.line}: {entry.ids[0]} {row.container} {row.function}"
    old, new = row_functions(entry, row)
    if not old:
        return [f"{where}: {entry.package} {entry.old} has no such function"]
    same = sorted(f.normal for f in old) == sorted(f.normal for f in new)
    if entry.ecosystem == "PyPI" and row.kind != "fix" and \
            row.function in python_bodies(entry.package, entry.old, row.container):
        return [f"{where}: runs on import; name the function that uses what it defines"]
    if row.kind == "fix" and same:
        return [f"{where}: not touched by the fix"]
    if row.kind == "root" and same != row.reason.startswith("unchanged: "):
        return [f"{where}: " + ("the fix leaves it alone; say why it is the root ('unchanged: …')" if same
                                else "said to be unchanged, but the fix changes it")]
    return []
