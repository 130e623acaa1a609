"""What differs between two images: the shape `sbomgen.diff/1` for programs, a table for people, Markdown for a review."""

import msgspec
from msgspec import Struct

from sbomgen.diff import Change, ImageDiff, PackageChange
from sbomgen.documents._columns import BOLD, in_columns, shortened, styled, terminal_width
from sbomgen.documents.escape import clean, terminal_text
from sbomgen.inventory import Inventory, ScannedLayer
from sbomgen.model import Distro, Problem, TrackedPackage

SCHEMA = "sbomgen.diff/1"

HEADER = ("CHANGE", "TYPE", "PACKAGE", "BEFORE", "AFTER", "LAYER", "INSTRUCTION")

CELL_LIMIT_CHARACTERS = 80
"""Of a cell in Markdown: a long instruction must not drown the table."""

COLOURS = {Change.ADDED: "32", Change.REMOVED: "31", Change.UPGRADED: "36", Change.DOWNGRADED: "33"}


class SideObject(Struct, frozen=True, kw_only=True):
    """One of the two images; the fields of this and the following structs are those of the shape."""

    source: str
    references: list[str]
    config_digest: str | None
    manifest_digest: str | None
    content_id: str
    platform: str
    distro: str | None
    base: str | None
    layers: int


class PackageSideObject(Struct, frozen=True, kw_only=True):
    """A package in one of the two images."""

    ref: str
    purl: str
    version: str
    layer: int
    created_by: str


class ChangeObject(Struct, frozen=True, kw_only=True):
    """A package that is not the same in both."""

    change: str
    type: str
    name: str
    before: PackageSideObject | None
    after: PackageSideObject | None


class DiffObject(Struct, frozen=True, kw_only=True):
    """The whole."""

    schema: str
    before: SideObject
    after: SideObject
    shared_layers: int
    unchanged: int
    packages: list[ChangeObject]
    problems: list[Problem]


def diff_json(diff: ImageDiff) -> bytes:
    """The shape `sbomgen.diff/1` (schemas/diff-1.schema.json), indented."""
    whole = DiffObject(
        schema=SCHEMA,
        before=_side(diff.before),
        after=_side(diff.after),
        shared_layers=diff.shared_layers,
        unchanged=diff.unchanged,
        packages=[_change(diff, change) for change in diff.packages],
        problems=[
            Problem(problem.code, clean(problem.where), clean(problem.message), problem.loss)
            for problem in sorted({*diff.before.problems, *diff.after.problems})
        ],
    )
    return msgspec.json.format(msgspec.json.encode(whole), indent=2) + b"\n"


def _side(inventory: Inventory) -> SideObject:
    image = inventory.image
    return SideObject(
        source=clean(image.source),
        references=[clean(reference) for reference in image.references],
        config_digest=image.config_digest,
        manifest_digest=image.manifest_digest,
        content_id=inventory.content_id,
        platform=clean(image.config.platform),
        distro=clean(_distro(inventory.distro)) if inventory.distro else None,
        base=clean(inventory.base.name) if inventory.base.name else None,
        layers=len(inventory.layers),
    )


def _distro(distro: Distro) -> str:
    return f"{distro.id} {distro.version_id}" if distro.version_id else distro.id


def _change(diff: ImageDiff, change: PackageChange) -> ChangeObject:
    return ChangeObject(
        change=change.change,
        type=change.package.package.type,
        name=clean(change.package.package.name),
        before=_package(diff.before, change.before),
        after=_package(diff.after, change.after),
    )


def _package(inventory: Inventory, found: TrackedPackage | None) -> PackageSideObject | None:
    if found is None:
        return None
    return PackageSideObject(
        ref=clean(found.ref),
        purl=clean(found.purl),
        version=clean(found.package.raw_version),
        layer=found.layer,
        created_by=clean(_layer(inventory, found).created_by),
    )


def _layer(inventory: Inventory, found: TrackedPackage) -> ScannedLayer:
    return inventory.layers[found.layer]


def diff_table(diff: ImageDiff, *, terminal: bool = False, colour: bool = False) -> bytes:
    """A line for each package, then what the images have in common; on a terminal every line fits its width."""
    lines: list[str] = []
    if diff.packages:
        header, *body = in_columns(HEADER, [_row(diff, change) for change in diff.packages], terminal_width(terminal))
        lines.append(styled(header, BOLD, colour))
        lines += [styled(line, COLOURS[change.change], colour) for change, line in zip(diff.packages, body, strict=True)]
        lines.append("")
    lines += [terminal_text(line) for line in _summary(diff)]
    return ("\n".join(lines) + "\n").encode()


def _row(diff: ImageDiff, change: PackageChange) -> tuple[str, ...]:
    """Where a package that is gone came from is told of the first image, of all others of the second."""
    found = change.package
    inventory = diff.after if change.after else diff.before
    versions = (side.package.raw_version if side else "" for side in (change.before, change.after))
    return (change.change, found.package.type, found.package.name, *versions, str(found.layer), _layer(inventory, found).created_by)


def _summary(diff: ImageDiff) -> list[str]:
    counts = [f"{number} {kind}" for kind in Change if (number := sum(change.change is kind for change in diff.packages))] or [
        "no package differs"
    ]
    before, after = diff.before, diff.after
    lines = [
        f"{before.name} → {after.name}: {', '.join(counts)}; {diff.unchanged} unchanged",
        f"Layers: {len(before.layers)} → {len(after.layers)}, the lowest {diff.shared_layers} shared",
    ]
    distros = [_distro(one.distro) if one.distro else "none" for one in (before, after)]
    if distros[0] != distros[1]:
        lines.append(f"Distribution: {distros[0]} → {distros[1]}")
    return lines


def diff_markdown(diff: ImageDiff) -> bytes:
    """A table in GitHub's Markdown, for a pull request or release notes."""
    lines = [f"**{_cell(line)}**" if not place else _cell(line) for place, line in enumerate(_summary(diff))]
    lines = [line for pair in lines for line in (pair, "")]
    if diff.packages:
        lines += ["| " + " | ".join(title.capitalize() for title in HEADER) + " |", "|---" * len(HEADER) + "|"]
        lines += [
            "| " + " | ".join(_cell(shortened(cell, CELL_LIMIT_CHARACTERS)) for cell in _row(diff, change)) + " |"
            for change in diff.packages
        ]
    return ("\n".join(lines).rstrip() + "\n").encode()


def _cell(text: str) -> str:
    """Text that Markdown takes for text: neither markup nor HTML, nor the end of a cell."""
    escaped = terminal_text(text).replace("\\", "\\\\").replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return "".join(f"\\{character}" if character in "|*_`[]#~" else character for character in escaped)
