"""CycloneDX's XML of the typed model: the order of the fields is that of the schema's sequences, so one walk writes every record.

The model's text is fit for XML already (`sbomgen.documents.escape`): only markup is escaped here.
"""

import re
from functools import cache
from typing import Any

from msgspec import Struct
from msgspec.structs import astuple, fields

from sbomgen.documents import _cyclonedx_model as cdx

_ATTRIBUTES: dict[type[Struct], tuple[str, ...]] = {
    cdx.Component: ("type", "bom_ref"),
    cdx.Dependency: ("ref",),
    cdx.ExpressionEntry: ("acknowledgement",),
    cdx.ExternalReference: ("type",),
    cdx.Hash: ("alg",),
    cdx.License: ("acknowledgement",),
    cdx.Property: ("name",),
    cdx.Swid: ("tag_id", "name", "version"),
}
"""Fields that are attributes; all others are elements, or the text."""

_TEXTS: dict[type[Struct], str] = {cdx.Attachment: "content", cdx.ExpressionEntry: "expression", cdx.Hash: "content", cdx.Property: "value"}
"""The field that is the element's text."""

_ITEMS = {
    "ancestors": "component",
    "assemblies": "assembly",
    "authors": "author",
    "components": "component",
    "compositions": "composition",
    "dependencies": "dependency",
    "externalReferences": "reference",
    "hashes": "hash",
    "licenses": "license",
    "lifecycles": "lifecycle",
    "methods": "method",
    "occurrences": "occurrence",
    "properties": "property",
    "tools": "tool",
}
"""Lists that are an element of their own, and the element of each item."""

_BARE_ITEMS = {"contact": "contact", "dependsOn": "dependency", "identity": "identity"}
"""Lists whose items stand directly in the element that has them."""

_INDENT = "  "
_HEAD = frozenset({"schema", "bom_format", "spec_version", "serial_number", "version"})
"""Fields of the document that XML has in the attributes of the root."""

_MARKUP = re.compile('[&<>"]')
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}


class _Shape(Struct, frozen=True):
    """How a record of one type is written; numbers are positions of its fields."""

    attributes: tuple[tuple[int, str], ...]
    text: int | None
    children: tuple[tuple[int, str], ...]


def bom_xml(bom: cdx.Bom) -> bytes:
    """The whole document, indented, in UTF-8."""
    serial_number = f' serialNumber="{bom.serial_number}"' if bom.serial_number else ""
    namespace = f"http://cyclonedx.org/schema/bom/{bom.spec_version}"
    out = [f'<?xml version="1.0" encoding="UTF-8"?>\n<bom xmlns="{namespace}"{serial_number} version="{bom.version}">\n']
    _children(out, astuple(bom), _shape(cdx.Bom), _INDENT)
    out.append("</bom>\n")
    return "".join(out).encode()


@cache
def _shape(kind: type[Struct]) -> _Shape:
    named = [(field.name, field.encode_name) for field in fields(kind)]
    names = [name for name, _ in named]
    attributes, text = _ATTRIBUTES.get(kind, ()), _TEXTS.get(kind)
    hidden = _HEAD if kind is cdx.Bom else {*attributes, text}
    return _Shape(
        attributes=tuple((names.index(name), f' {dict(named)[name]}="') for name in attributes),
        text=names.index(text) if text else None,
        children=tuple((position, tag) for position, (name, tag) in enumerate(named) if name not in hidden),
    )


def _element(out: list[str], tag: str, node: Struct, indent: str) -> None:
    """One record as an element."""
    shape, values = _shape(type(node)), astuple(node)
    opening = f"{indent}<{tag}"
    for position, attribute in shape.attributes:
        if values[position] is not None:
            opening += f'{attribute}{_escaped(values[position])}"'
    if shape.text is not None:
        out.append(f"{opening}>{_escaped(values[shape.text])}</{tag}>\n")
    elif shape.children:
        out.append(f"{opening}>\n")
        _children(out, values, shape, indent + _INDENT)
        out.append(f"{indent}</{tag}>\n")
    else:
        out.append(f"{opening}/>\n")


def _children(out: list[str], values: tuple[Any, ...], shape: _Shape, indent: str) -> None:
    for position, tag in shape.children:
        value = values[position]
        if value is None:
            continue
        if isinstance(value, str):
            out.append(f"{indent}<{tag}>{_escaped(value)}</{tag}>\n")
        elif isinstance(value, list):
            _list(out, tag, value, indent)
        elif isinstance(value, Struct):
            _element(out, tag, value, indent)
        else:
            out.append(f"{indent}<{tag}>{value}</{tag}>\n")


def _list(out: list[str], tag: str, items: list[Any], indent: str) -> None:
    bare = _BARE_ITEMS.get(tag)
    if bare:
        _items(out, bare, items, indent)
    else:
        out.append(f"{indent}<{tag}>\n")
        if tag == "properties":
            _properties(out, items, indent + _INDENT)
        else:
            _items(out, _ITEMS[tag], items, indent + _INDENT)
        out.append(f"{indent}</{tag}>\n")


def _items(out: list[str], tag: str, items: list[Any], indent: str) -> None:
    """Texts in lists are references; an expression among licences has a name of its own, and a licence no element around it."""
    for item in items:
        if isinstance(item, str):
            out.append(f'{indent}<{tag} ref="{_escaped(item)}"/>\n')
        elif isinstance(item, cdx.ExpressionEntry):
            _element(out, "expression", item, indent)
        else:
            _element(out, tag, item.license if isinstance(item, cdx.LicenseEntry) else item, indent)


def _properties(out: list[str], properties: list[cdx.Property], indent: str) -> None:
    """What `_items` would write too, in fewer steps: most records of a document are properties."""
    head = f'{indent}<property name="'
    out.extend(f'{head}{_escaped(one.name)}">{_escaped(one.value)}</property>\n' for one in properties)


def _escaped(text: str) -> str:
    if "&" in text or "<" in text or ">" in text or '"' in text:
        return _MARKUP.sub(lambda match: _ENTITIES[match[0]], text)
    return text
