# SPDX-License-Identifier: Apache-2.0
"""The published schemas are schemas themselves, and strict: a misspelt field is found."""

import json

import jsonschema
import pytest
import tree

SCHEMAS = tree.files("*.schema.json", under="docs/")


@pytest.mark.parametrize("path", SCHEMAS, ids=str)
def test_schema_is_valid(path):
    schema = json.loads(tree.text(path))
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("path", SCHEMAS, ids=str)
def test_objects_name_what_they_need(path):
    def walk(node, where):
        if isinstance(node, dict):
            if "properties" in node and not where.endswith("properties"):
                assert node.get("required") or "if" in where or "then" in where or "allOf" in where, where
            for key, value in node.items():
                walk(value, f"{where}/{key}")
        elif isinstance(node, list):
            for number, value in enumerate(node):
                walk(value, f"{where}/{number}")

    walk(json.loads(tree.text(path)), str(path))


def test_there_are_schemas():
    assert {p.name for p in SCHEMAS} >= {"findings.schema.json", "event.schema.json"}
