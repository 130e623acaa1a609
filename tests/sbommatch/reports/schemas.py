"""Outputs against the JSON Schemas that ship with them."""

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

import sbommatch


def check(document: bytes, schema: str) -> Any:
    """The document, which must be valid, and must have no field that the schema does not know. One line, ending in a newline."""
    assert document.endswith(b"\n")
    assert document.count(b"\n") == 1
    read = json.loads(document)
    Draft202012Validator(_closed(json.loads((Path(sbommatch.__file__).parent / "schemas" / schema).read_bytes()))).validate(read)
    return read


def _closed(schema: Any) -> Any:
    """The schema, with every object whose fields it lists taking no others."""
    if isinstance(schema, list):
        return [_closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: _closed(part) for key, part in schema.items()}
    if isinstance(schema.get("properties"), dict) and schema.get("type") == "object":
        closed.setdefault("additionalProperties", False)
    return closed
