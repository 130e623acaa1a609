"""The way of an image: layers are scanned, folded into views, packages tracked over them, and what is left is the inventory."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from itertools import chain

from msgspec import Struct

from sbomgen.base import find_base, layer_origins
from sbomgen.cache.layers import LayerCache
from sbomgen.catalogers import CATALOGERS
from sbomgen.documents.content import content_id
from sbomgen.errors import UnreadableError, UsageError
from sbomgen.evidence import Cataloger
from sbomgen.history import PackageHistory
from sbomgen.image.dispatch import Dispatch
from sbomgen.image.layer import Stopped, placed_problems, read_layer
from sbomgen.image.manifest import HistoryMatch, Image, Layer
from sbomgen.image.overlay import DISTRIBUTION_EVIDENCE, Overlay
from sbomgen.image.parallel import available_threads, in_order
from sbomgen.instructions import presentable
from sbomgen.inventory import BaseImage, Inventory, LayerOrigin, ReadState, ScannedLayer
from sbomgen.layerscan import LayerScan
from sbomgen.model import Edge, Package, Problem, ProblemCode
from sbomgen.relations import owned_by_edges

MAX_ENTRIES = 5_000_000
"""Written by all layers together: eight times what the largest images known hold. A layer may hold fewer (`sbomgen.image.tar`)."""

MAX_BYTES = 256 << 30
"""Of all uncompressed layers together, as of one: a few kilobytes of zeros may be named as a layer four thousand times."""

_Outcome = LayerScan | UnreadableError
"""What a layer holds, or why it could not be read."""


class ScanOptions(Struct, frozen=True):
    """What a scan is told."""

    show_build_args: bool = False
    catalogers: Sequence[Cataloger] = CATALOGERS
    cache: LayerCache | None = None
    threads: int | None = None
    """Layers read at once; None: as many as there are processors for, within bounds."""


class _Assembly(Struct):
    """What one cataloger found on the latest view that changed its evidence."""

    packages: list[Package]
    problems: list[Problem]
    rest: Iterator[Package | Edge | Problem]
    """The edges, and problems with them; worked out when they are asked for."""


def scan_image(
    image: Image, options: ScanOptions | None = None, given_base: Image | None = None, on_layer: Callable[[Layer], None] = lambda _: None
) -> Inventory:
    """Everything that is known of an image.

    `on_layer` is called when a layer has been read, in their order. Raises `DigestMismatchError`; a layer that cannot be read is a loss
    among the problems instead.
    """
    options = options or ScanOptions()
    scans, problems = _scan_layers(image, options, on_layer)
    problems.extend((*image.problems, *_inconsistencies(image)))
    overlay, history = Overlay(options.catalogers), PackageHistory()
    assemblies: dict[str, _Assembly] = {}
    for index, scan in enumerate(scans):
        if isinstance(scan, LayerScan):
            changed = overlay.apply(index, scan)
            for cataloger in _to_assemble(options.catalogers, changed):
                assemblies[cataloger.name] = assembly = _assemble(cataloger, overlay)
                history.observe(index, cataloger.name, assembly.packages, overlay.layer_of)
    packages = history.packages()
    edges = _edges(assemblies.values(), overlay)
    problems.extend(overlay.problems)
    problems.extend(problem for assembly in assemblies.values() for problem in assembly.problems)
    base = find_base(image, given_base)
    return Inventory(
        image=image,
        name=name_of(image),
        content_id=content_id(image.config_digest, packages),
        distro=overlay.distro_of(""),
        base=base,
        layers=tuple(_scanned_layers(image, scans, base, options.show_build_args)),
        packages=packages,
        edges=edges,
        problems=tuple(sorted(set(problems))),
    )


def chosen_catalogers(choice: str) -> tuple[Cataloger, ...]:
    """The catalogers of a choice such as `-java,-npm` (all but these) or `+apk,+dpkg` (these alone); the distribution is always told.

    Raises `UsageError` for a name that is none, or without its sign.
    """
    known = {cataloger.name for cataloger in CATALOGERS}
    words = [word.strip() for word in choice.split(",") if word.strip()]
    for word in words:
        if word[0] not in "+-" or word[1:] not in known:
            raise UsageError(f"--catalogers {choice}: {word!r} is not + or - and a name; there are: {', '.join(sorted(known))}")
    added = {word[1:] for word in words if word[0] == "+"} or known
    removed = {word[1:] for word in words if word[0] == "-"}
    return tuple(one for one in CATALOGERS if one.name == DISTRIBUTION_EVIDENCE or one.name in added - removed)


def _scan_layers(image: Image, options: ScanOptions, on_layer: Callable[[Layer], None]) -> tuple[list[_Outcome], list[Problem]]:
    scans: list[_Outcome] = []
    problems: list[Problem] = []
    extent = _Extent(image.source)
    for layer in image.layers:
        if options.cache is None or not options.cache.has(layer):
            layer.fetch()
    with closing(in_order(_reader(options), image.layers, options.threads or available_threads())) as outcomes:
        for layer, outcome in zip(image.layers, outcomes, strict=True):
            if isinstance(outcome, LayerScan):
                extent.add(layer, outcome)
                problems.extend(placed_problems(layer, outcome))
            else:
                where = f"{image.source}: layer {layer.index} {layer.diff_id or layer.folder}"
                problems.append(Problem(ProblemCode.LAYER_NOT_READ, where, str(outcome), loss=True))
            scans.append(outcome)
            on_layer(layer)
    return scans, problems


class _Extent:
    """How much all layers together hold; `add` raises `UnreadableError` where it is too much."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._entries = 0
        self._size_bytes = 0

    def add(self, layer: Layer, scan: LayerScan) -> None:
        self._entries += sum(len(run.names) for run in scan.runs)
        self._size_bytes += scan.size_bytes or 0
        if self._entries > MAX_ENTRIES or self._size_bytes > MAX_BYTES:
            limit = f"{MAX_ENTRIES:,} entries or {MAX_BYTES:,} bytes"
            raise UnreadableError(f"{self._source}: layers 0 to {layer.index} hold more than {limit}, which is the limit of an image")


def _reader(options: ScanOptions) -> Callable[[Layer, Stopped], _Outcome]:
    """How a layer is read: by way of the cache, if there is one."""
    dispatch = Dispatch(options.catalogers)

    def read(layer: Layer, stopped: Stopped) -> _Outcome:
        try:
            if options.cache is not None:
                return options.cache.read(layer, options.catalogers, stopped)
            return read_layer(layer, dispatch, stopped)
        except UnreadableError as exc:
            return exc

    return read


def _inconsistencies(image: Image) -> Iterable[Problem]:
    """A note where the config has a history that does not fit its layers: no instruction can be told then."""
    if image.config.history and any(layer.history_match is HistoryMatch.UNKNOWN for layer in image.layers):
        entries = sum(not entry.empty_layer for entry in image.config.history)
        message = f"the history has {entries} entries with a layer, the image {len(image.layers)} layers: no instruction is told"
        yield Problem(ProblemCode.CONFIG_INCONSISTENT, f"{image.source}: config {image.config_digest}", message, loss=False)


def _to_assemble(catalogers: Sequence[Cataloger], changed: frozenset[str]) -> list[Cataloger]:
    """Those whose evidence changed; all of them where a distribution did, for packages may belong to another one now."""
    if DISTRIBUTION_EVIDENCE in changed:
        return list(catalogers)
    return [cataloger for cataloger in catalogers if cataloger.name in changed]


def _assemble(cataloger: Cataloger, overlay: Overlay) -> _Assembly:
    rest = iter(cataloger.assemble(overlay))
    assembly = _Assembly([], [], rest)
    for found in rest:
        if isinstance(found, Package):
            assembly.packages.append(found)
        elif isinstance(found, Problem):
            assembly.problems.append(found)
        else:
            assembly.rest = chain((found,), rest)
            break
    return assembly


def _stated_edges(assemblies: Iterable[_Assembly]) -> set[Edge]:
    """The edges on the last view; the problems with them join the others."""
    edges = set()
    for assembly in assemblies:
        for found in assembly.rest:
            if isinstance(found, Edge):
                edges.add(found)
            else:
                assert isinstance(found, Problem), "packages come before edges"
                assembly.problems.append(found)
    return edges


def _edges(assemblies: Iterable[_Assembly], overlay: Overlay) -> tuple[Edge, ...]:
    found = list(assemblies)
    packages = [package for assembly in found for package in assembly.packages]
    stated = _stated_edges(found)
    return tuple(sorted(stated.union(owned_by_edges(packages, overlay.resolve))))


def _scanned_layers(image: Image, scans: Sequence[_Outcome], base: BaseImage, show_build_args: bool) -> Iterable[ScannedLayer]:
    origins: Sequence[LayerOrigin] = layer_origins(image, base)
    lines = image.provenance.dockerfile if image.provenance else (None,) * len(image.layers)
    for layer, scan, origin, dockerfile in zip(image.layers, scans, origins, lines, strict=True):
        yield ScannedLayer(
            layer=layer,
            created_by=presentable(layer.history.created_by, show_build_args) if layer.history else "",
            origin=origin,
            read=ReadState.FULL if isinstance(scan, LayerScan) else ReadState.NOT_READ,
            reason=None if isinstance(scan, LayerScan) else str(scan),
            size_bytes=scan.size_bytes if isinstance(scan, LayerScan) else None,
            dockerfile=dockerfile,
        )


def name_of(image: Image) -> str:
    """What documents call the image: its first reference with a name, else the last part of its source without the ending; a folder's name.

    A layout that states a bare tag (`latest`) does not say the image's name.
    """
    named = next((reference for reference in image.references if ":" in reference or "/" in reference), None)
    if named:
        return named
    if image.layers and (folder := image.layers[0].folder):
        return folder.name or str(folder)
    name = image.source.rstrip("/").rsplit("/", 1)[-1]
    for ending in (".gz", ".zst", ".xz", ".tar", ".tgz", ".oci"):
        name = name.removesuffix(ending)
    return name or image.source
