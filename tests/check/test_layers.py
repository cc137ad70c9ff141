# SPDX-License-Identifier: Apache-2.0
"""A room includes lower layers and itself, never a sibling of its own layer; nothing includes in a circle,
and no file of a room uses one that uses it.

docs/architecture.md draws the same layers for people."""

import re

import tree

LAYERS = [
    ["base"],
    ["format", "memory", "sensor"],
    ["host"],
    ["inventory", "advisory", "evidence"],
    ["prober", "verdict", "store", "update"],
    ["report"],
    ["web", "fleet", "look"],
    ["cli", "download"],
]
LAYER = {room: number for number, rooms in enumerate(LAYERS) for room in rooms}
MADE = {"version.h"}  # by the build


def sources():
    return tree.files("*.c", "*.h", under="src/")


def test_every_room_has_a_layer():
    assert {p.parts[1] for p in tree.files(under="src/") if len(p.parts) > 2} <= set(LAYER)


def test_rooms_include_only_lower_layers():
    wrong = []
    for path in sources():
        room = path.parts[1]
        for name in tree.includes(path):
            other = name.split("/")[0]
            if name in MADE:
                continue
            if other == "bpf":
                if room != "sensor":
                    wrong.append(f"{path} includes {name}: only bpf/ and src/sensor may")
            elif other not in LAYER:
                wrong.append(f"{path} includes {name}, which lies in no room")
            elif other != room and LAYER[other] >= LAYER[room]:
                wrong.append(f"{path} (layer {LAYER[room]}) includes {name} (layer {LAYER[other]})")
    assert not wrong, "\n".join(wrong)


def test_the_kernel_side_includes_only_itself():
    wrong = [f"{path} includes {name}" for path in tree.files("*.c", "*.h", under="bpf/")
             for name in tree.includes(path)
             if name != "bpf/event.h" and not (tree.SOURCE / "bpf" / name).exists()]
    assert not wrong, "\n".join(wrong)


def circle_in(graph):
    """The first way found that leads back to where it began, or None. The graph: node -> nodes."""
    done, way = set(), []

    def visit(node):
        if node in way:
            return way[way.index(node):] + [node]
        if node in done:
            return None
        way.append(node)
        for other in graph.get(node, []):
            if found := visit(other):
                return found
        way.pop()
        done.add(node)
        return None

    return next(filter(None, map(visit, sorted(graph))), None)


def test_no_include_cycle():
    graph = {}
    for path in tree.files("*.h", under="src/") + tree.files("*.h", under="bpf/"):
        node = str(path).removeprefix("src/")
        graph[node] = [name if "/" in name else f"{path.parent}/{name}" for name in tree.includes(path)]
    circle = circle_in(graph)
    assert not circle, " -> ".join(circle)
    assert sum(map(len, graph.values())) > 20  # the graph was really read


# As .clang-format leaves them: what others may call begins at the margin, and so does its brace.
FUNCTION = re.compile(r"^(?!static\b|typedef\b|extern\b)\w[^;{}()=]*?\b(\w+)\([^;{}]*\)\n\{", re.M)
OBJECT = re.compile(r"^(?!static\b|typedef\b|extern\b)\w[\w *]*\b(\w+)(?:\[[^\]]*\])* = ", re.M)
LOCAL = re.compile(r"^static\b[^;{}()=]*?\b(\w+)\(", re.M)
USED = re.compile(r"(?<![.\w])(?<!->)(?<!\bstruct )(?<!\benum )\w+")


def users(paths):
    """Which of these sources uses a function or an object of which other."""
    code = {path: tree.code(path) for path in paths}
    home = {name: path for path, body in code.items() for kind in (FUNCTION, OBJECT) for name in kind.findall(body)}
    return {path: sorted({home[name] for name in set(USED.findall(body)) - set(LOCAL.findall(body))
                          if home.get(name, path) != path}) for path, body in code.items()}


def test_the_files_of_a_room_stand_on_each_other():
    """Whoever reads a room can begin at its bottom: no file uses one that uses it, be it by way of others."""
    wrong, arrows = [], 0
    for room in LAYER:
        graph = users(tree.files("*.c", under=f"src/{room}/"))
        arrows += sum(map(len, graph.values()))
        if circle := circle_in(graph):
            wrong.append(" -> ".join(map(str, circle)))
    assert not wrong, "\n".join(wrong)
    assert arrows > 400  # they were really read


def test_formats_are_pure():
    """src/format turns bytes into structs: no files, no clock, no printing, nothing that outlives a call."""
    calls = re.compile(r"(?<![.>])\b(open|openat|fopen|read|pread|write|stat|fstat|socket|ioctl|opendir|readlink|getenv|time|"
                       r"clock_gettime|gettimeofday|clock_boottime|clock_wall|clock_wall_of|printf|fprintf|puts|"
                       r"fputs|perror|log_error|log_note|syscall)\s*\(")
    globals_ = re.compile(r"^(?:static\s+)?(?!const\b|static const\b|extern\b|typedef\b|struct\s+\w+\s*\{|enum\b|return\b)"
                          r"(?:(?:unsigned|struct|char|int|bool|size_t|u?int\d+_t|double|void)\b[\s\w*]*)"
                          r"(?:\[[^\]]*\])?\s*(?:=[^;]*)?;", re.M)
    locals_ = re.compile(r"^\s+static\s+(?!const\b|inline\b|signed char\b)(?!.*\bconst\b)[^(;]*[;=]", re.M)
    wrong = []
    for path in tree.files("*.c", under="src/format/"):
        body = tree.code(path)
        for kind, pattern in ("calls", calls), ("keeps the global", globals_), ("keeps the static", locals_):
            wrong += [f"{path} {kind} {' '.join(m.group().split())[:60]}" for m in pattern.finditer(body)]
    assert not wrong, "\n".join(wrong)


def test_libraries_never_print():
    calls = re.compile(r"\b(printf|fprintf|vprintf|vfprintf|dprintf|puts|fputs|putchar|fputc|perror|log_error|log_note)\s*\(|"
                       r"\b(stdout|stderr)\b")
    wrong = [f"{path}: {m.group()}" for path in tree.files("*.c", under="src/")
             if path.parts[1] not in ("cli", "download") and str(path) != "src/base/log.c"
             for m in calls.finditer(tree.code(path))]
    assert not wrong, "\n".join(wrong)


def test_no_hook_on_system_calls():
    """A hook there taxes every system call of every task."""
    hook = re.compile(r"syscalls[:/]|\bsys_(enter|exit)|tracepoint/syscalls|raw_syscalls")
    wrong = []
    for path in tree.files("*.c", "*.h", under="bpf/") + tree.files("*.c", "*.h", under="src/sensor/"):
        body = re.sub(r"/\*.*?\*/", " ", tree.text(path), flags=re.S)
        wrong += [f"{path}: {m.group()}" for m in hook.finditer(body)]
    assert not wrong, "\n".join(wrong)
