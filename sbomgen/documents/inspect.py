"""What a source holds before any layer is read: the shape `sbomgen.inspect/1` for programs, and a table for people."""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from sbomgen.documents._columns import BOLD, in_columns, readable_size, styled, terminal_width
from sbomgen.documents.escape import clean
from sbomgen.image.index import ImageIndex, ListedManifest
from sbomgen.image.manifest import Image, Layer

SCHEMA = "sbomgen.inspect/1"


class InspectedLayer(Struct, frozen=True, kw_only=True):
    """A layer as manifest and config describe it."""

    index: int
    digest: str | None
    diff_id: str | None
    chain_id: str | None
    media_type: str | None
    size_bytes: int | None
    """Of the blob as stored."""
    created_by: str


class InspectedImage(Struct, frozen=True, kw_only=True):
    """The whole."""

    schema: str
    source: str
    form: str
    """Of the source: `docker-archive`, `oci-dir`, …"""
    references: list[str]
    platform: str
    manifests: list[ListedManifest]
    """All that the source lists, in its order."""
    manifest_digest: str | None
    config_digest: str | None
    created: str | None
    labels: dict[str, str]
    annotations: dict[str, str]
    layers: list[InspectedLayer]


def inspect_json(image: Image, index: ImageIndex, instructions: Sequence[str]) -> bytes:
    """The shape `sbomgen.inspect/1` (schemas/inspect-1.schema.json), indented.

    `index` is what the source lists, the image among others. `instructions` are the layers' build instructions, one for each, as they may
    be shown: history entries themselves hold secrets.
    """
    encoded = msgspec.json.encode(inspected(image, index, instructions))
    return msgspec.json.format(encoded, indent=2) + b"\n"


def inspected(image: Image, index: ImageIndex, instructions: Sequence[str]) -> InspectedImage:
    """An image and its index as they are shown: text made fit for documents, mappings sorted."""
    return InspectedImage(
        schema=SCHEMA,
        source=clean(image.source),
        form=index.form,
        references=[clean(reference) for reference in image.references],
        platform=clean(image.config.platform),
        manifests=[_manifest(manifest) for manifest in index.manifests],
        manifest_digest=image.manifest_digest,
        config_digest=image.config_digest,
        created=_clean(image.config.created),
        labels=_sorted(image.config.labels),
        annotations=_sorted(image.annotations),
        layers=[_layer(layer, instruction) for layer, instruction in zip(image.layers, instructions, strict=True)],
    )


def _manifest(manifest: ListedManifest) -> ListedManifest:
    return msgspec.structs.replace(
        manifest,
        digest=_clean(manifest.digest),
        config_digest=_clean(manifest.config_digest),
        media_type=_clean(manifest.media_type),
        platform=_clean(manifest.platform),
        references=tuple(clean(reference) for reference in manifest.references),
        annotations=_sorted(manifest.annotations),
        reason=_clean(manifest.reason),
    )


def _layer(layer: Layer, instruction: str) -> InspectedLayer:
    return InspectedLayer(
        index=layer.index,
        digest=layer.digest,
        diff_id=_clean(layer.diff_id),
        chain_id=layer.chain_id,
        media_type=_clean(layer.media_type),
        size_bytes=layer.blob_size_bytes,
        created_by=clean(instruction),
    )


def _clean(text: str | None) -> str | None:
    return text if text is None else clean(text)


def _sorted(mapping: dict[str, str]) -> dict[str, str]:
    return {clean(key): clean(value) for key, value in sorted(mapping.items())}


def inspect_table(image: Image, index: ImageIndex, instructions: Sequence[str], *, terminal: bool = False, colour: bool = False) -> bytes:
    """The same for people: facts of the image, the index's manifests, the layers."""
    width, found = terminal_width(terminal), inspected(image, index, instructions)
    blocks: list[tuple[tuple[str, ...], list[tuple[str, ...]]]] = [(("IMAGE", ""), _image_rows(found))]
    if found.manifests:
        blocks.append((("PLATFORM", "KIND", "SIZE", "MANIFEST"), [_manifest_row(part) for part in found.manifests]))
    blocks.append((("LAYER", "STORED SIZE", "DIFF_ID", "INSTRUCTION"), [_layer_row(part) for part in found.layers]))
    lines: list[str] = []
    for header, rows in blocks:
        first, *rest = in_columns(header, rows, width)
        lines += [styled(first, BOLD, colour), *rest, ""]
    return "\n".join(lines).encode()


def _manifest_row(part: ListedManifest) -> tuple[str, ...]:
    what = part.kind if part.present else f"{part.kind}, not stored"
    return part.platform or "?", what, readable_size(part.size_bytes), part.digest or "?"


def _layer_row(part: InspectedLayer) -> tuple[str, ...]:
    return str(part.index), readable_size(part.size_bytes), part.diff_id or "?", part.created_by


def _image_rows(found: InspectedImage) -> list[tuple[str, ...]]:
    rows: list[tuple[str, str | None]] = [
        ("source", f"{found.source} ({found.form})"),
        *(("reference", reference) for reference in found.references),
        ("platform", found.platform),
        ("manifest", found.manifest_digest),
        ("config", found.config_digest),
        ("created", found.created),
        *(("label", f"{key}={value}") for key, value in found.labels.items()),
        *(("annotation", f"{key}={value}") for key, value in found.annotations.items()),
    ]
    return [(name, value) for name, value in rows if value]
