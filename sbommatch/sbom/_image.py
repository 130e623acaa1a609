"""The image that a document describes: its layers, and where in them components are."""

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from sbommatch.problem import ProblemCode
from sbommatch.sbom._properties import TRIVY, Property, Stated, layer_index
from sbommatch.sbom._reader import Problems
from sbommatch.sbom.component import ComponentLayer

_LAYER_FIELDS = 4
"""Fields of a layer's line before the instruction, which has spaces of its own."""


_REFERENCES = ("sbomgen:image:tag", f"{TRIVY}RepoTag", f"{TRIVY}RepoDigest")


class StatedImage(Struct, frozen=True, kw_only=True):
    """What the properties of an image state."""

    config_digest: str | None = None
    platform: str | None = None
    manifest_digest: str | None = None
    references: tuple[str, ...] = ()
    layers: tuple[ComponentLayer, ...] = ()


def stated_image(properties: Iterable[Property], problems: Problems) -> StatedImage:
    """What the properties of a document's subject state, when it is an image of sbomgen or Trivy."""
    values: dict[str, list[str]] = {}
    for property_ in properties:
        if property_.name and property_.value:
            values.setdefault(property_.name, []).append(property_.value)
    layers = _layers(values.get("sbomgen:image:layer", ()), problems) or _trivy_layers(values.get(f"{TRIVY}DiffID", []))
    return StatedImage(
        config_digest=next(iter(values.get("sbomgen:image:config_digest") or values.get(f"{TRIVY}ImageID") or ()), None),
        platform=next(iter(values.get("sbomgen:image:platform", ())), None),
        manifest_digest=next(iter(values.get("sbomgen:image:manifest_digest", ())), None),
        references=tuple(dict.fromkeys(reference for name in _REFERENCES for reference in values.get(name, ()))),
        layers=layers,
    )


def _layers(lines: Iterable[str], problems: Problems) -> tuple[ComponentLayer, ...]:
    """Layers by position, from lines `INDEX DIFF_ID DIGEST|- SIZE_BYTES|- CREATED_BY`."""
    layers: dict[int, ComponentLayer] = {}
    for line in lines:
        parts = line.split(" ", _LAYER_FIELDS)
        index = layer_index(parts[0])
        if index is None or index in layers or len(parts) < _LAYER_FIELDS:
            problems.note(ProblemCode.BAD_COMPONENT, "sbomgen:image:layer", f"describes no layer, or one again: {line[:100]!r}")
            continue
        digest, created_by = parts[2], "".join(parts[_LAYER_FIELDS:])
        layers[index] = ComponentLayer(index, parts[1], digest if digest != "-" else None, created_by or None)
    return tuple(layers[index] for index in sorted(layers))


def _trivy_layers(values: list[str]) -> tuple[ComponentLayer, ...]:
    """Layers from Trivy's DiffIDs, unless they are sorted: newer releases sort all properties, and then nobody knows their order."""
    diff_ids = [diff_id for value in values for diff_id in value.split(",")]
    if len(diff_ids) > 1 and diff_ids == sorted(diff_ids):
        return ()
    return tuple(ComponentLayer(index, diff_id) for index, diff_id in enumerate(diff_ids))


class Layers:
    """The layers of an image, and what the components of its document say about them."""

    def __init__(self, layers: tuple[ComponentLayer, ...]) -> None:
        self._layers = layers
        self._by_index = {layer.index: layer for layer in layers}
        self._by_diff_id = {layer.diff_id: layer.index for layer in reversed(layers)}

    def index_of(self, stated: Stated, diff_id: str | None = None) -> int | None:
        """Where a component is: as stated, else by diff_id (the lowest of several layers alike). None outside the document's layers."""
        index = stated.layer if stated.layer is not None else self.index_of_diff_id(stated.diff_id or diff_id)
        if index is None or not self._layers:
            return index
        layer = self._by_index.get(index)
        if layer is None:
            return None
        if (stated.dockerfile or stated.origin) and layer.origin is None and layer.dockerfile is None:
            self._by_index[index] = replace(layer, dockerfile=stated.dockerfile, origin=stated.origin)
        return index

    def index_of_diff_id(self, diff_id: str | None) -> int | None:
        """The layer of a diff_id, the lowest of several alike."""
        return self._by_diff_id.get(diff_id or "")

    def all(self) -> tuple[ComponentLayer, ...]:
        """By position, with the place in the Dockerfile and the origin where a component of the layer stated them."""
        return tuple(self._by_index.values())
