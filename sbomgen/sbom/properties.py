"""Our properties as documents carry them: a list of names and values, or one JSON object in an annotation."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from sbomgen.sbom.bom import Path

Properties = tuple[tuple[str, str], ...]

OWNED_BY = "sbomgen:owned_by"
"""Names a component by its ref, which every format spells in its own way: it is a relation."""
CONTAINED_BY = "sbomgen:contained_by"
"""Likewise; CycloneDX alone has it, where nested components would not be read by all."""
PATHS = frozenset({"sbomgen:path", "sbomgen:path:layer"})
FURTHER_CPE = "syft:cpe23"
LABEL = "syft:image:labels:"
"""Beginning of the names of the image's labels: of the document in CycloneDX, of the image in SPDX, which has no other place."""
LAYER_LINE = "sbomgen:image:layer"


def without_owner(properties: Properties) -> tuple[str | None, Properties]:
    """The ref of the owner, and the other properties."""
    owner = next((value for name, value in properties if name == OWNED_BY), None)
    return owner, tuple(pair for pair in properties if pair[0] != OWNED_BY)


def without_holders(properties: Properties) -> tuple[tuple[str, ...], Properties]:
    """The refs of the components that it lies in, and the other properties."""
    holders = tuple(value for name, value in properties if name == CONTAINED_BY)
    return holders, tuple(pair for pair in properties if pair[0] != CONTAINED_BY)


def properties_of_statement(comment: str) -> Properties | None:
    """The properties that an annotation states; None where it is another remark. Names stand sorted, values of one name in their order."""
    if not comment.lstrip().startswith("{"):
        return None
    try:
        stated: Any = msgspec.json.decode(comment)
    except (msgspec.DecodeError, RecursionError):
        return None
    pairs: list[tuple[str, str]] = []
    for name, value in stated.items():
        values = value if isinstance(value, list) else [value]
        if not all(isinstance(one, str) for one in values):
            return None
        pairs.extend((name, one) for one in values)
    return tuple(pairs)


def diff_ids(properties: Iterable[tuple[str, str]]) -> list[str]:
    """The diff_ids of the image's layers, by index, as `sbomgen:image:layer` states them."""
    lines = [value.split(" ", 2) for name, value in properties if name == LAYER_LINE]
    return [words[1] if len(words) > 1 else "-" for words in lines]


def paths_of_properties(properties: Properties, layers: Sequence[str]) -> tuple[Path, ...]:
    """The files that show a component, with the diff_ids of their layers."""
    paths = [value for name, value in properties if name == "sbomgen:path"]
    indices = [value for name, value in properties if name == "sbomgen:path:layer"]
    found = []
    for number, path in enumerate(paths):
        index = indices[number] if number < len(indices) else ""
        layer = layers[int(index)] if index.isdecimal() and int(index) < len(layers) else None
        found.append(Path(path, layer if layer != "-" else None))
    return tuple(found)
