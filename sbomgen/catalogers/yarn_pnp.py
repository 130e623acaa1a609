"""Node packages that are never unpacked: Yarn's Plug'n'Play has Node load them out of the zip files of Yarn's cache.

Installed is what a map (`.pnp.cjs`, `.pnp.js`, `.pnp.data.json`) names and has its zip file: others in the same cache belong to somebody
else, or were left behind. What a package is its package.json says, in the zip file. Packages that the map has in a folder, because they
want to be unpacked, stand in a node_modules of their own, and the npm cataloger finds them; members of a workspace are no packages.

A package's root is the folder of the map, so that each project has its own; there all versions of a name share a slot.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import BinaryIO

from msgspec import Struct

from sbomgen.catalogers._node_modules import place_of
from sbomgen.catalogers._package_json import PackageJsonFact, parse_package_json
from sbomgen.catalogers._pnp import MAP_NAMES, PnpPlace, read_map
from sbomgen.catalogers._zip_archive import Archive, ArchiveError
from sbomgen.catalogers.npm import PACKAGE_JSON_LIMIT_BYTES
from sbomgen.evidence import EvidenceFile, Fact, FactType, ImageView, Proof, VisibleFact, Wants
from sbomgen.model import DeliveredFile, Edge, EdgeKind, Package, Problem, ProblemCode

MAP_LIMIT_BYTES = 32 << 20
"""A map of 400 packages has 0.7 MiB, two thirds of it Yarn's own code."""

ZIP_LIMIT_BYTES = 512 << 20
"""The largest packages that npm's registry has are programs of some 200 MiB."""

_CACHED = re.compile(r".+-[0-9a-f]{10}-[0-9a-z]+\.zip")
"""The name of a file in Yarn's cache: what it is, a hash of where it is from, and one of the file, or the version of the cache's form."""

_MANIFEST = re.compile(rb"node_modules/(?:@[^/]+/)?[^/]+/package\.json")
_IN_ZIP = re.compile(r"(?P<zip>.+?\.zip)/node_modules/.+")


class PnpMapFact(Fact, frozen=True, tag="map"):
    """What a map says."""

    places: tuple[PnpPlace, ...]


class ZippedFact(Fact, frozen=True, tag="zipped"):
    """What the package.json in a zip file says, or why nobody knows."""

    stated: PackageJsonFact | None = None
    reason: str = ""


_UNKNOWN = ZippedFact(reason="is no file of Yarn's cache by its name, or too large")


class _Project(Struct):
    """A map on a view."""

    places: tuple[PnpPlace, ...]
    packages: dict[int, Package]
    """By the position of the place; of the places of one package the same."""
    problems: list[Problem]


class YarnPnpCataloger:
    """What Node loads out of zip files, project by project."""

    name = "yarn-pnp"
    version = 1
    title = "Node packages in zip files: Plug'n'Play of Yarn 2 and later"
    emits = "npm"
    proof = Proof.MANAGER
    wants = Wants(basenames=MAP_NAMES, suffixes=frozenset({".zip"}))
    fact_type: FactType = PnpMapFact | ZippedFact

    def read(self, file: EvidenceFile) -> Iterator[Fact | Problem]:
        """The packages of a map, or the one in a zip file of Yarn's cache."""
        name = file.path.rpartition("/")[2]
        if name in MAP_NAMES:
            with file.open(MAP_LIMIT_BYTES) as stream:
                body = stream.read()
            try:
                places = read_map(file.path, body)
            except ValueError as exc:
                yield Problem(ProblemCode.BAD_RECORD, file.path, f"the packages that it has Node load are not listed: {exc}", loss=True)
            else:
                yield PnpMapFact(places)
        elif _CACHED.fullmatch(name):
            with file.open(ZIP_LIMIT_BYTES) as stream:
                yield _zipped(stream)

    def assemble(self, view: ImageView) -> Iterator[Package | Edge | Problem]:
        """A package for each version of a name in a project, and edges for what its map lets each load."""
        zipped: dict[str, ZippedFact] = {}
        maps: list[VisibleFact] = []
        for visible in view.facts(self.name):
            if isinstance(visible.fact, ZippedFact):
                zipped[visible.path] = visible.fact
            else:
                maps.append(visible)
        projects = [_project(visible, zipped, view) for visible in maps]
        for project in projects:
            yield from {(package.name, package.raw_version): package for package in project.packages.values()}.values()
            yield from project.problems
        for project in projects:
            yield from _edges(project, view)


def _zipped(stream: BinaryIO) -> ZippedFact:
    try:
        archive = Archive(stream)
        manifests = archive.members(lambda name: _MANIFEST.fullmatch(name) is not None)
        if len(manifests) != 1:
            return ZippedFact(reason=f"has {len(manifests)} times node_modules/NAME/package.json, not once")
        stated = parse_package_json(archive.read(manifests[0], PACKAGE_JSON_LIMIT_BYTES))
    except (ArchiveError, ValueError) as exc:
        return ZippedFact(reason=str(exc))
    return ZippedFact(stated) if stated.name and stated.version else ZippedFact(reason=f"states no {'version' if stated.name else 'name'}")


def _project(visible: VisibleFact, zipped: dict[str, ZippedFact], view: ImageView) -> _Project:
    facts: dict[tuple[str, str], PackageJsonFact] = {}
    copies: defaultdict[tuple[str, str], dict[int, str]] = defaultdict(dict)
    absent: dict[str, str] = {}
    unread: dict[str, str] = {}
    for position, place in enumerate(visible.fact.places):
        within = _IN_ZIP.fullmatch(place.path)
        if within is None:
            continue
        path = view.resolve(within["zip"])
        found = zipped.get(path or "", _UNKNOWN)
        if path is None:
            absent[within["zip"]] = "is not there"
        elif found.stated is None:
            unread[path] = found.reason
        else:
            key = (found.stated.name, found.stated.version)
            facts[key] = found.stated
            copies[key][position] = path
    packages: dict[int, Package] = {}
    for key, paths in copies.items():
        package = _package(visible.path.rpartition("/")[0], facts[key], tuple(dict.fromkeys(paths.values())))
        packages.update(dict.fromkeys(paths, package))
    problems = [*_problem(visible.path, absent, "not installed", loss=False), *_problem(visible.path, unread, "not listed", loss=True)]
    return _Project(visible.fact.places, packages, problems)


def _problem(path: str, why: dict[str, str], outcome: str, *, loss: bool) -> Iterator[Problem]:
    """One problem for all zip files of a map, with the reason of the first."""
    for first, reason in sorted(why.items())[:1]:
        message = f"packages of {len(why):,} zip files that it names are {outcome}: {first} {reason}"
        yield Problem(ProblemCode.BAD_RECORD, path, message, loss=loss)


def _package(folder: str, fact: PackageJsonFact, evidence: tuple[str, ...]) -> Package:
    return Package(
        type="npm",
        name=fact.name,
        raw_version=fact.version,
        root=folder,
        licences=fact.licences,
        supplier=fact.supplier or None,
        homepage=fact.homepage or None,
        description=fact.description or None,
        evidence=evidence,
        file=DeliveredFile(evidence[0].rpartition("/")[2], executable=None, archive=True),
    )


def _edges(project: _Project, view: ImageView) -> Iterator[Edge]:
    """An edge to each package that another may load, of those in folders too."""
    versions: defaultdict[str, set[str]] = defaultdict(set)
    for package in project.packages.values():
        versions[package.slot].add(package.raw_version)
    ends: dict[int, tuple[str, str]] = {}
    for position, place in enumerate(project.places):
        if position in project.packages:
            package = project.packages[position]
            ends[position] = package.slot, package.raw_version if len(versions[package.slot]) > 1 else ""
        elif slot := _slot_of_folder(place.path, view):
            ends[position] = slot, ""
    for position, (slot, version) in ends.items():
        for target in project.places[position].requires:
            if target in ends and ends[target] != (slot, version):
                to_slot, to_version = ends[target]
                yield Edge(EdgeKind.DEPENDS_ON, slot, to_slot, version, to_version)


def _slot_of_folder(folder: str, view: ImageView) -> str | None:
    """The slot of a package that is unpacked, as the npm cataloger has it."""
    manifest = f"{folder}/package.json"
    place = place_of(manifest)
    return Package(type="npm", name=place.name, raw_version="", root=place.root).slot if place and view.exists(manifest) else None
