# SPDX-License-Identifier: Apache-2.0
"""Functions of a release, named as the run-time engines name them (docs/symbols.md), each with a normal form
of its own code: without comments, formatting and the functions inside of it, so that only real changes show.

scan(ecosystem, folder, only) → {(container, function): [Function, …]}: a list, because names recur."""

import ast
import copy
import inspect
import re
import subprocess
import warnings
from dataclasses import dataclass
from pathlib import Path

from javascript import JS_FUNCTIONS, js_name


@dataclass
class Function:
    signature: str  # Java: descriptor; anonymous JavaScript: line; else "-"
    normal: str     # what is compared
    text: str       # what people read


NOT_CODE = re.compile(r"(^|/)(tests?|testing|__tests__|spec|examples?|docs?|benchmarks?|fixtures|node_modules)(/|$)"
                      r"|\.min\.js$|(^|/)test_[^/]*\.py$|(^|/)conftest\.py$")
VERSION = re.compile(r"\d+\.\d+(\.\d+)?[\w.+-]*")


def add(found, container, name, function):
    found.setdefault((container, name), []).append(function)


# ---- Python: code objects -----------------------------------------------------------------------------
SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


class Hollow(ast.NodeTransformer):
    """A scope's own code: inner functions and classes keep only what runs where they are defined."""

    def hollow(self, node):
        for decorator in node.decorator_list:
            self.visit(decorator)
        node.body, node.type_params = [], []
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = visit_ClassDef = hollow

    def visit_arg(self, node):  # annotations are no code
        node.annotation = None
        return node

    def visit_AnnAssign(self, node):
        return ast.Assign([node.target], self.visit(node.value), lineno=0) if node.value else ast.Pass()


def python_normal(node):
    body = list(node.body)
    if body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant) \
            and isinstance(body[0].value.value, str):
        body = body[1:]  # the docstring
    parts = [ast.dump(Hollow().visit(copy.deepcopy(node.args)))] if isinstance(node, SCOPES[:2]) else []
    for statement in body:
        parts.append(ast.dump(Hollow().visit(ast.parse(ast.unparse(statement)).body[0])))
    return "\n".join(parts)


def python_scopes(found, container, node, prefix, lines):
    for child in ast.iter_child_nodes(node):
        if isinstance(child, SCOPES):
            name = prefix + child.name
            text = "\n".join(lines[child.lineno - 1:child.end_lineno])
            add(found, container, name, Function("-", python_normal(child), text))
            inner = "." if isinstance(child, ast.ClassDef) else ".<locals>."
            python_scopes(found, container, child, name + inner, lines)
        else:
            python_scopes(found, container, child, prefix, lines)


def scan_python(path, relative, found):
    parts = list(Path(relative).with_suffix("").parts)
    if parts[-1] == "__init__":
        parts.pop()
    if not parts or ".data" in relative.split("/")[0]:
        return
    try:
        source = path.read_text(encoding="utf-8", errors="replace")
        with warnings.catch_warnings(action="ignore"):  # of what was well in its days
            tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return  # Python 2
    container, lines = ".".join(parts), source.splitlines()
    add(found, container, "<module>", Function("-", VERSION.sub("", python_normal(tree)), source))
    python_scopes(found, container, tree, "", lines)


def python_code_objects(path):
    """{name: whether it is a function} as the compiler itself names them, to check the names above. What is
    none is the body of a class or of the module."""
    with warnings.catch_warnings(action="ignore"):
        names, todo = {}, [compile(path.read_text(encoding="utf-8", errors="replace"), str(path), "exec")]
    while todo:
        code = todo.pop()
        names[code.co_qualname] = bool(code.co_flags & inspect.CO_OPTIMIZED)
        todo += [c for c in code.co_consts if hasattr(c, "co_qualname")]
    return names


# ---- JavaScript and C: syntax trees -------------------------------------------------------------------
def parser(language):
    import tree_sitter
    module = __import__(f"tree_sitter_{language}")
    return tree_sitter.Parser(tree_sitter.Language(module.language()))


PARSERS = {}


def leaves(node, inner):
    """Tokens without comments; an inner function is one token."""
    todo, out = [node], []
    while todo:
        at = todo.pop()
        if at.type == "comment":
            continue
        if at is not node and at.type in inner:
            out.append("ƒ")
        elif at.child_count == 0 or at.type == "string":
            out.append(VERSION.sub("", at.text.decode(errors="replace")) if at.type == "string"
                       else at.text.decode(errors="replace"))
        else:
            todo += reversed(at.children)
    return " ".join(t for t in out if t not in (";", ","))


def scan_javascript(path, relative, found):
    tree = PARSERS.setdefault("javascript", parser("javascript")).parse(path.read_bytes())
    todo = [tree.root_node]
    while todo:
        node = todo.pop()
        todo += node.children
        if node.type in JS_FUNCTIONS:
            name = js_name(node)
            add(found, relative, name or "(anonymous)",
                Function("-" if name else str(node.start_point[0] + 1), leaves(node, JS_FUNCTIONS),
                         node.text.decode(errors="replace")))
    add(found, relative, "(top)", Function("-", leaves(tree.root_node, JS_FUNCTIONS), ""))


# "int ZEXPORT inflate(": a macro between type and name, which the grammar cannot know; blanked before it reads.
BETWEEN = re.compile(rb"(?m)^((?:[a-z_]\w*[ \t*]+)+)([A-Z][A-Z0-9_]{3,})(?=[ \t]+\w+[ \t]*\()")


def scan_c(path, relative, found):
    source = BETWEEN.sub(lambda m: m.group(1) + b" " * len(m.group(2)), path.read_bytes())
    tree = PARSERS.setdefault("c", parser("c")).parse(source)
    todo = [tree.root_node]
    while todo:
        node = todo.pop()
        todo += node.children
        if node.type != "function_definition":
            continue
        at = node.child_by_field_name("declarator")
        while at is not None and at.type != "identifier":
            at = at.child_by_field_name("declarator") or next((c for c in at.named_children), None)
        if at is not None:
            add(found, relative, at.text.decode(errors="replace"),
                Function("-", leaves(node, ()), node.text.decode(errors="replace")))


# ---- Java: class files --------------------------------------------------------------------------------
METHOD = re.compile(r"^  (?! )(?:\S.*? )?([\w.$<>]+)\(.*\).*;$|^  static \{\};$")
CLASS = re.compile(r"(?:[\w ]+ )?(?:class|interface|enum) ([\w.$]+)")
CODE = re.compile(r"^ +(\d+): (\w+)\s*(.*)$")


def java_normal(body):
    """Bytecode without constant pool numbers and with jumps by count of instructions, so that another
    compiler run gives the same."""
    order = {m.group(1): n for n, m in enumerate(filter(None, map(CODE.match, body)))}
    out = []
    for line in body[1:]:
        m = CODE.match(line)
        if m:
            op, rest = m.group(2).replace("_w", ""), re.sub(r"#\d+(, *\d+)?", "", m.group(3))
            line = f"{op} {order.get(rest.strip(), rest) if op.startswith(('if', 'goto', 'jsr')) else rest}"
        line = re.sub(r"lambda\$(\w+)\$\d+", r"\1", line)
        out.append(" ".join(line.split()))
    return "\n".join(out)


def java_sources(folder, classes):
    """{(outer class's file, method): text} from the sources of these class files, for people to read."""
    texts = {}
    for path in sorted({folder / (re.split(r"\$|\.class$", c)[0] + ".java") for c in classes}):
        if not path.is_file():
            continue
        tree = PARSERS.setdefault("java", parser("java")).parse(path.read_bytes())
        outer, todo = str(path.relative_to(folder).with_suffix("")).replace("/", "."), [tree.root_node]
        while todo:
            node = todo.pop()
            todo += node.children
            if node.type in ("method_declaration", "constructor_declaration"):
                name = node.child_by_field_name("name").text.decode()
                key = (outer, "<init>" if node.type.startswith("constructor") else name)
                texts[key] = texts.get(key, "") + node.text.decode(errors="replace") + "\n"
    return texts


def scan_java(folder, files, found):
    """Methods of class files by javap."""
    sources = java_sources(folder.parent / "sources", files)
    for start in range(0, len(files), 200):
        said = subprocess.run(["javap", "-p", "-c", "-s", *files[start:start + 200]], cwd=folder,
                              capture_output=True, text=True, errors="replace", check=False).stdout
        name, method, body = None, None, []
        for line in [*said.splitlines(), "}"]:
            top = line[:1] not in (" ", "")
            hit = None if top else METHOD.match(line)
            if (top or hit) and method:
                descriptor = next((b.split(": ", 1)[1] for b in body if b.startswith("    descriptor: ")), "-")
                add(found, name, method, Function(descriptor, java_normal(body),
                                                  sources.pop((name.split("$")[0], method), "")))
            if top:
                method, klass = None, CLASS.match(line)
                name = klass.group(1) if klass else name
            elif hit:
                method = hit.group(1) or "<clinit>"
                method = "<init>" if method == name else method.rsplit(".", 1)[-1]
                body = [line]
            elif method:
                body.append(line)


# ---- all ----------------------------------------------------------------------------------------------
SUFFIXES = {"PyPI": (".py",), "npm": (".js", ".cjs", ".mjs"), "Maven": (".class",),
            "Debian": (".c", ".h", ".cc", ".cpp", ".inc")}


def files(ecosystem, folder):
    """Relative paths of what may hold functions."""
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.suffix in SUFFIXES[ecosystem]
                  and p.is_file() and not p.is_symlink()
                  and not NOT_CODE.search(str(p.relative_to(folder)).replace("django/test/", "")))


def scan(ecosystem, folder, only):
    found = {}
    if ecosystem == "Maven":
        scan_java(folder, only, found)
    one = {"PyPI": scan_python, "npm": scan_javascript, "Debian": scan_c}.get(ecosystem)
    for relative in only if one else ():
        if (folder / relative).is_file():
            one(folder / relative, relative, found)
    return found
