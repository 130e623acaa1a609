"""YAML documents of feeds: every scalar as the text that it is, for `1.10` is a version and no number; no aliases, as bombs have them."""

from typing import TypeVar

import msgspec

DOCUMENT_LIMIT_BYTES = 16 << 20
"""Of one document; the largest of the feeds, a repository of Alpine's, has 0.1 MB."""

MAX_DEPTH = 60
"""Collections within collections; documents of the feeds nest four deep."""

T = TypeVar("T")


class InvalidYaml(ValueError):  # noqa: N818  beside InvalidXml
    """A document that is no YAML, or not of the shape; the message says why."""


def decode(document: bytes, shape: type[T]) -> T:
    """A document as a value; empty scalars and `~` are null. Raises InvalidYaml."""
    import yaml

    if len(document) > DOCUMENT_LIMIT_BYTES:
        raise InvalidYaml(f"{len(document)} bytes; the limit is {DOCUMENT_LIMIT_BYTES}")
    try:
        depth = 0
        for event in yaml.parse(document, Loader=yaml.CBaseLoader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if isinstance(event, yaml.AliasEvent) or depth > MAX_DEPTH:
                raise InvalidYaml(f"an alias, or nested over {MAX_DEPTH} deep")
        return msgspec.convert(_nulled(yaml.load(document, Loader=yaml.CBaseLoader)), shape)  # noqa: S506  it makes texts alone
    except (yaml.YAMLError, msgspec.ValidationError, UnicodeError) as exc:
        raise InvalidYaml(" ".join(str(exc).split())) from exc


def _nulled(value: object) -> object:
    if isinstance(value, dict):
        return {key: _nulled(part) for key, part in value.items() if isinstance(key, str)}
    if isinstance(value, list):
        return [_nulled(part) for part in value]
    return None if value in {"", "~", "null"} else value
