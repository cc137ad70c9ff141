# SPDX-License-Identifier: Apache-2.0
"""Names of JavaScript functions as V8 gives them: a function's own name, else that of the variable or property
it is defined for, else one that is inferred from what it is assigned to (V8's FuncNameInferrer). Held against
Node.js 20.20.2: tests/check/test_symbols.py."""

JS_FUNCTIONS = {"function_declaration", "function_expression", "arrow_function", "method_definition",
                "generator_function", "generator_function_declaration"}


def js_text(node):
    return node.text.decode(errors="replace").strip("'\"")


def js_key(node):
    """Name of a property, None where it is computed."""
    return None if node is None or node.type == "computed_property_name" else js_text(node)


def js_chain(node):
    """What V8 keeps of the expression that is assigned to: this and prototype are not in it."""
    if node.type == "identifier":
        return [js_text(node)]
    if node.type == "member_expression":
        last = js_text(node.child_by_field_name("property"))
        return js_chain(node.child_by_field_name("object")) + [last] * (last != "prototype")
    if node.type == "subscript_expression":
        index = node.child_by_field_name("index")
        return js_chain(node.child_by_field_name("object")) + [js_text(index) if index.type == "string" else "<computed>"]
    if node.type == "call_expression":
        return js_chain(node.child_by_field_name("function"))
    return []


def js_enclosing(node):
    """Name of the function around it if that looks like a constructor: V8 puts it before inferred names."""
    at = node.parent
    while at is not None and at.type not in JS_FUNCTIONS:
        at = at.parent
    own = at.child_by_field_name("name") if at is not None else None
    if own is None:
        return []
    if at.type == "method_definition":
        return [js_own(at) or ""] if js_text(own) == "constructor" else []
    return [js_text(own)] if js_text(own)[0].isupper() else []


JS_THROUGH = {"parenthesized_expression", "sequence_expression", "ternary_expression", "binary_expression", "array",
              "object", "class_body", "class"}


def js_inferred(node):
    """The name of what it is assigned to or a property of, as V8's name inference finds it."""
    parts, at, direct, assigned = [], node, True, False
    while at.parent is not None:
        at = at.parent
        if at.type in JS_THROUGH:
            direct = direct and at.type in ("parenthesized_expression", "object")
            continue
        if at.type in ("assignment_expression", "augmented_assignment_expression"):
            left = at.child_by_field_name("left")
            if direct and left.type == "identifier":
                return js_text(left)
            parts, direct, assigned = js_chain(left) + parts, False, True
            continue
        field = {"pair": "key", "variable_declarator": "name", "field_definition": "property",
                 "assignment_pattern": "left", "object_assignment_pattern": "left"}.get(at.type)
        key = js_key(at.child_by_field_name(field)) if field else None
        if key and direct:
            return key
        if at.type != "pair":
            parts = [key, *parts] if key and not assigned else parts
            break
        parts, direct = [key, *parts] if key else parts, False
    return ".".join(filter(None, js_enclosing(node) + parts)) if parts else None


def js_own(node):
    own = node.child_by_field_name("name")
    if node.type != "method_definition":
        return js_text(own) if own is not None else None
    name = js_key(own)
    if name == "constructor" and node.parent.type == "class_body":
        holder = node.parent.parent
        given = holder.child_by_field_name("name")
        return js_text(given) if given is not None else js_inferred(holder)
    access = next((c.type for c in node.children if c.type in ("get", "set")), None)
    return f"{access} {name}" if access and name else name


def js_name(node):
    """The name, None for an anonymous function."""
    return js_own(node) or js_inferred(node)
