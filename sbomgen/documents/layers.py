"""What each layer did: the shape `sbomgen.layers/1` for programs, and a table for people."""

import msgspec
from msgspec import Struct

from sbomgen.documents._columns import BOLD, DIM, GAP, GREEN, in_columns, readable_size, shortened, styled, terminal_width
from sbomgen.documents.escape import clean, terminal_text
from sbomgen.documents.properties import listed_packages
from sbomgen.image.manifest import DockerfileLines
from sbomgen.inventory import BaseImage, Inventory, LayerOrigin, ReadState, ScannedLayer
from sbomgen.model import EventKind, Problem, TrackedPackage

SCHEMA = "sbomgen.layers/1"

HEADER = ("LAYER", "ORIGIN", "SIZE", "INSTRUCTION")
RIGHT = frozenset({0, 2})
CHANGES = {
    EventKind.INTRODUCED: "added",
    EventKind.REINTRODUCED: "brought back",
    EventKind.UPGRADED: "upgraded",
    EventKind.DOWNGRADED: "downgraded",
    EventKind.REMOVED: "removed",
}
"""The events in the order in which a layer's changes are listed, in people's words."""


class ImageObject(Struct, frozen=True):
    """The image; the fields of this and the following structs are those of the shape."""

    source: str
    references: list[str]
    config_digest: str | None
    manifest_digest: str | None
    content_id: str
    platform: str
    created: str | None


class LayerObject(Struct, frozen=True, kw_only=True):
    """A layer."""

    index: int
    diff_id: str | None
    chain_id: str | None
    digest: str | None
    size_bytes: int | None
    created_by: str
    created: str | None
    dockerfile: DockerfileLines | None
    history_match: str
    origin: str
    read: str
    reason: str | None


class PathObject(Struct, frozen=True):
    """A file that shows a package."""

    path: str
    layer: int


class EventObject(Struct, frozen=True, rename={"from_version": "from"}):
    """A step in a package's history."""

    layer: int
    event: str
    version: str
    from_version: str | None


class PackageObject(Struct, frozen=True, kw_only=True):
    """A package, visible or hidden."""

    ref: str
    purl: str
    name: str
    version: str
    slot: str
    visible: bool
    layer: int
    paths: list[PathObject]
    events: list[EventObject]


class LayersObject(Struct, frozen=True, kw_only=True):
    """The whole."""

    schema: str
    image: ImageObject
    base: BaseImage
    layers: list[LayerObject]
    packages: list[PackageObject]
    problems: list[Problem]


def layers_json(inventory: Inventory) -> bytes:
    """The shape `sbomgen.layers/1` (schemas/layers-1.schema.json), indented; packages of all layers, by ref."""
    image, base = inventory.image, inventory.base
    whole = LayersObject(
        schema=SCHEMA,
        image=ImageObject(
            source=clean(image.source),
            references=[clean(reference) for reference in image.references],
            config_digest=image.config_digest,
            manifest_digest=image.manifest_digest,
            content_id=inventory.content_id,
            platform=clean(image.config.platform),
            created=clean(image.config.created) if image.config.created else None,
        ),
        base=msgspec.structs.replace(base, name=clean(base.name) if base.name else None),
        layers=[_layer(layer) for layer in inventory.layers],
        packages=[_package(found) for found in listed_packages(inventory, all_layers=True)],
        problems=[
            Problem(problem.code, clean(problem.where), clean(problem.message), problem.loss) for problem in sorted(inventory.problems)
        ],
    )
    return msgspec.json.format(msgspec.json.encode(whole), indent=2) + b"\n"


def _layer(scanned: ScannedLayer) -> LayerObject:
    layer, lines = scanned.layer, scanned.dockerfile
    created = layer.history.created if layer.history else None
    return LayerObject(
        index=layer.index,
        diff_id=clean(layer.diff_id) if layer.diff_id else None,
        chain_id=layer.chain_id,
        digest=layer.digest,
        size_bytes=scanned.size_bytes,
        created_by=clean(scanned.created_by),
        created=clean(created) if created else None,
        dockerfile=DockerfileLines(clean(lines.path), lines.start, lines.end) if lines else None,
        history_match=layer.history_match,
        origin=scanned.origin,
        read=scanned.read,
        reason=clean(scanned.reason) if scanned.reason else None,
    )


def _package(found: TrackedPackage) -> PackageObject:
    return PackageObject(
        ref=clean(found.ref),
        purl=clean(found.purl),
        name=clean(found.package.name),
        version=clean(found.package.raw_version),
        slot=clean(found.package.slot),
        visible=found.visible,
        layer=found.layer,
        paths=[PathObject(clean(path.path), path.layer) for path in found.paths],
        events=[
            EventObject(event.layer, event.kind, clean(event.version), clean(event.from_version) if event.from_version else None)
            for event in found.events
        ],
    )


def layers_table(inventory: Inventory, *, terminal: bool = False, colour: bool = False) -> bytes:
    """One line for each layer and below it what it did to packages; on a terminal every line fits its width."""
    width = terminal_width(terminal)
    rows = [(str(layer.layer.index), layer.origin, readable_size(layer.size_bytes), _instruction(layer)) for layer in inventory.layers]
    header, *body = in_columns(HEADER, rows, width, RIGHT)
    changes = _changes(inventory)
    lines = [styled(header, BOLD, colour)]
    for layer, line in zip(inventory.layers, body, strict=True):
        lines.append(styled(line, _style(layer), colour))
        lines += [shortened(GAP * 2 + terminal_text(change), width) for change in changes.get(layer.layer.index, ())]
    lines += ["", terminal_text(_base_line(inventory))]
    return ("\n".join(lines) + "\n").encode()


def _instruction(layer: ScannedLayer) -> str:
    told = layer.created_by or "(the history does not tell)"
    if (lines := layer.dockerfile) is not None:
        told = f"{lines.path}:{lines.start}{f'-{lines.end}' if lines.end != lines.start else ''} {told}"
    return told if layer.read is ReadState.FULL else f"NOT READ: {layer.reason or 'no reason known'}: {told}"


def _style(layer: ScannedLayer) -> str:
    return {LayerOrigin.OWN: GREEN, LayerOrigin.BASE: DIM}.get(layer.origin, "")


def _changes(inventory: Inventory) -> dict[int, list[str]]:
    """For each layer its changes, a line for each kind: `added 2: curl 8.9.0, zlib 1.3.1`."""
    found: dict[int, dict[EventKind, list[str]]] = {}
    for package in sorted(inventory.packages, key=lambda package: (package.package.name.lower(), package.ref)):
        for event in package.events:
            from_version = f"{event.from_version} → " if event.from_version and event.kind is not EventKind.REMOVED else ""
            change = f"{package.package.name} {from_version}{event.version}"
            found.setdefault(event.layer, {}).setdefault(event.kind, []).append(change)
    return {
        layer: [f"{word} {len(kinds[kind])}: {', '.join(kinds[kind])}" for kind, word in CHANGES.items() if kind in kinds]
        for layer, kinds in found.items()
    }


def _base_line(inventory: Inventory) -> str:
    base = inventory.base
    if base.last_layer is None and base.name is None:
        return f"{inventory.name}: no base image could be told apart; --base SOURCE names it"
    where = "its layers are unknown"
    if base.last_layer is not None:
        where = f"layers 0 to {base.last_layer}" if base.last_layer else "layer 0"
    return f"{inventory.name}: base image {base.name or 'without a name'}, {where} (by {base.method}, {base.confidence})"
