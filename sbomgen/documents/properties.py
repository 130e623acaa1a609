"""What documents say about where a package came from, under the names that INTERFACE.md promises; each is present only when known."""

from collections.abc import Iterable
from enum import StrEnum
from operator import attrgetter

from msgspec import Struct

from sbomgen.documents._peers import OS_TYPES
from sbomgen.documents.escape import clean
from sbomgen.inventory import Inventory, LayerOrigin, ScannedLayer
from sbomgen.model import DeliveredFile, EdgeKind, PackageEvent, TrackedPackage

CONTAINED_BY = "sbomgen:contained_by"
REPEATED_NAMES = frozenset(
    {CONTAINED_BY, "sbomgen:history", "sbomgen:image:tag", "sbomgen:image:layer", "sbomgen:path", "sbomgen:path:layer"}
)
"""Names that may stand more than once in CycloneDX's properties; in JSON objects their values are arrays."""

GRAPH_KNOWN = {"apk": "apk", "dpkg": "deb", "npm": "npm", "pacman": "alpm", "python": "pypi", "rpm": "rpm", "rust": "cargo"}
"""Catalogers whose evidence names all that a package of this type depends on. Go states what is in a program, not who needs it; .NET
not what the framework brings; Java archives, runtimes, ELF notes and what SBOMs in wheels name state nothing."""

_EDGE_ORDER = attrgetter("kind", "from_slot", "to_slot")

RELATED_VERSIONS_LIMIT = 16
"""Versions of one slot that get its edges: a machine keeps a handful of kernels; thousands times thousands of edges are an attack."""


class Knowledge(StrEnum):
    """How completely it is known what something contains."""

    COMPLETE = "complete"
    INCOMPLETE = "incomplete"
    UNKNOWN = "unknown"


class Relations(Struct, frozen=True):
    """The edges between the packages of a document, by ref, sorted."""

    depends_on: dict[str, list[str]]
    contains: dict[str, list[str]]
    """Of archives and wheels, what lies in them."""
    owned_by: dict[str, str]
    """One owner each: the first where several claim it."""


def listed_packages(inventory: Inventory, all_layers: bool) -> list[TrackedPackage]:
    """The packages that a document lists, by ref."""
    return sorted((found for found in inventory.packages if found.visible or all_layers), key=lambda found: found.ref)


def relations(inventory: Inventory) -> Relations:
    """The edges of the final view, between visible packages.

    Edges are between slots. A slot may hold several versions at once (kernels): where an edge does not say which is meant, each of them
    depends and is owned, and the first stands for the slot where others depend on it.
    """
    refs: dict[tuple[str, str], list[str]] = {}
    for found in listed_packages(inventory, all_layers=False):
        slot = found.package.slot
        for version in {"", found.package.raw_version}:
            refs.setdefault((slot, version), []).append(found.ref)
    related: dict[EdgeKind, dict[str, set[str]]] = {EdgeKind.DEPENDS_ON: {}, EdgeKind.CONTAINS: {}}
    owned_by: dict[str, str] = {}
    delivered = EdgeKind.OWNED_BY
    for edge in sorted(inventory.edges, key=_EDGE_ORDER):
        for ref in refs.get((edge.from_slot, edge.from_version), ())[:RELATED_VERSIONS_LIMIT]:
            for target in refs.get((edge.to_slot, edge.to_version), ())[:1]:
                if edge.kind is delivered:
                    owned_by.setdefault(ref, target)
                elif target != ref:
                    related[edge.kind].setdefault(ref, set()).add(target)
    depends_on, contains = ({ref: sorted(targets) for ref, targets in sorted(of_kind.items())} for of_kind in related.values())
    return Relations(depends_on, contains, owned_by)


def holders_of(found: Relations) -> dict[str, list[str]]:
    """By the ref of what lies in others, those others."""
    holders: dict[str, list[str]] = {}
    for holder, contents in found.contains.items():
        for ref in contents:
            holders.setdefault(ref, []).append(holder)
    return holders


def contents_known(inventory: Inventory) -> tuple[Knowledge, Knowledge]:
    """How completely the packages of the image and of its operating system are known.

    A package database names all of its packages, where there is one; what no database names may be in an image unseen.
    """
    if any(problem.loss for problem in inventory.problems):
        return Knowledge.INCOMPLETE, Knowledge.INCOMPLETE
    has_database = any(found.package.type in OS_TYPES for found in inventory.packages)
    return Knowledge.UNKNOWN, Knowledge.COMPLETE if has_database else Knowledge.UNKNOWN


def without_dependencies(inventory: Inventory, packages: Iterable[TrackedPackage], found: Relations) -> list[str]:
    """The refs of visible packages of which it is known that they depend on none of the others; none where something was lost."""
    if any(problem.loss for problem in inventory.problems):
        return []
    return [
        one.ref
        for one in packages
        if one.visible and GRAPH_KNOWN.get(one.cataloger) == one.package.type and one.ref not in found.depends_on
    ]


def layer_facts(layer: ScannedLayer) -> list[tuple[str, str]]:
    """Names and values of what is known of a layer, the same for every package that it brought in."""
    lines = layer.dockerfile
    facts = [
        ("index", str(layer.layer.index)),
        ("diff_id", layer.layer.diff_id),
        ("digest", layer.layer.digest),
        ("created_by", layer.created_by),
        ("dockerfile", f"{lines.path}:{lines.start}-{lines.end}" if lines else None),
        ("origin", layer.origin if layer.origin is not LayerOrigin.UNKNOWN else None),
    ]
    return [(f"sbomgen:layer:{name}", clean(value)) for name, value in facts if value]


def package_facts(found: TrackedPackage, owner: str | None, holders: Iterable[str] = ()) -> list[tuple[str, str]]:
    """Names and values of a package's own provenance; `sbomgen:history` repeats, oldest first.

    `owner` is the ref of the OS package that delivers it, `holders` those of the packages that it lies in.
    """
    facts = [] if found.visible else [("sbomgen:visible", "false")]
    facts.extend(("sbomgen:history", history_line(event)) for event in found.events)
    source = found.package.source
    if source is not None:
        facts.append(("sbomgen:source:name", clean(source.name)))
        if source.version:
            facts.append(("sbomgen:source:version", clean(source.version)))
    if owner is not None:
        facts.append(("sbomgen:owned_by", clean(owner)))
    facts.extend((CONTAINED_BY, clean(holder)) for holder in holders)
    return facts + (_file_facts(found.package.file) if found.package.file else [])


def _file_facts(file: DeliveredFile) -> list[tuple[str, str]]:
    """In the property taxonomy of the BSI (TR-03183-2, 5.2.2; github.com/BSI-Bund/tr-03183-cyclonedx-property-taxonomy)."""
    return [
        ("bsi:component:filename", clean(file.name)),
        *([("bsi:component:executable", "executable" if file.executable else "non-executable")] if file.executable is not None else ()),
        ("bsi:component:archive", "archive" if file.archive else "no archive"),
        ("bsi:component:structured", "structured" if file.structured else "unstructured"),
    ]


def history_line(event: PackageEvent) -> str:
    r"""`EVENT LAYER VERSION [FROM]`; no version is `-`, and a blank within one, which no package manager writes, is `\x20`."""
    words = (event.kind, str(event.layer), event.version or "-", *((event.from_version,) if event.from_version else ()))
    return " ".join(clean(word).replace(" ", "\\x20") for word in words)
