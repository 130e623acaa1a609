"""Strangers' texts made fit for every format: none has a place for most control characters, tag-value none for a line end in a name."""

from typing import Any

import msgspec

from sbomgen.documents.escape import clean
from sbomgen.sbom.bom import Bom

_TEXTS = frozenset({"declared", "concluded", "licence_texts"})
"""Fields whose texts have lines; who writes them cleans them."""


def cleaned(bom: Bom) -> Bom:
    """The same, every text fit to be written."""
    return msgspec.convert(_cleaned(msgspec.to_builtins(bom)), Bom)


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {name: one if name in _TEXTS else _cleaned(one) for name, one in value.items()}
    return [_cleaned(one) for one in value] if isinstance(value, (list, tuple)) else value
