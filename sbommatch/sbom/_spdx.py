"""SPDX 2.1 to 2.3 of any producer: what is read of it, and what becomes of it, whatever it was written in.

https://spdx.github.io/spdx-spec/v2.3/
"""

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from msgspec import DecodeError, Struct, field, json

from sbommatch.problem import ProblemCode
from sbommatch.sbom._document import Statements, assembled
from sbommatch.sbom._image import Layers, stated_image
from sbommatch.sbom._properties import NOTHING_STATED, TRIVY, Property, Stated, distinct_paths, stated_by
from sbommatch.sbom._reader import Problems, Source
from sbommatch.sbom._refs import Refs
from sbommatch.sbom.component import Component, DistroStatement, Document, Subject
from sbommatch.sbom.spellings import stated_distro, stated_purl, stated_tool, stated_version

if TYPE_CHECKING:  # imported where a document is Tern's
    from sbommatch.sbom._tern import TernImage

_TYPES = {
    "APPLICATION": "application",
    "CONTAINER": "container",
    "DEVICE": "device",
    "FILE": "file",
    "FIRMWARE": "firmware",
    "FRAMEWORK": "framework",
    "OPERATING-SYSTEM": "operating-system",
    "OPERATING_SYSTEM": "operating-system",
    # SPDX 3 has these besides.
    "DATA": "data",
    "DEVICE_DRIVER": "device-driver",
    "MODEL": "machine-learning-model",
    "PLATFORM": "platform",
}
"""`primaryPackagePurpose` by CycloneDX's component types; all others (LIBRARY, SOURCE, ARCHIVE, INSTALL, OTHER, none) are libraries."""

_TRIVY_TYPES = {
    "SPDXRef-OperatingSystem": "operating-system",
    "SPDXRef-ContainerImage": "container",
    "SPDXRef-Application": "application",
}
"""Trivy of 2022 states no purpose, but its identifiers do."""

_TRIVY_NAMES = frozenset({
    "LayerDiffID", "SrcName", "SrcVersion", "SrcRelease", "SrcEpoch", "FilePath", "DiffID", "ImageID", "PkgType", "Modularitylabel",
})  # fmt: skip

_BUILT_FROM = re.compile(r"built package from: (?P<name>\S+) (?P<version>\S+)")
"""Trivy's `sourceInfo`: the source package."""

_EVIDENCE = re.compile(r"acquired package info from [^/]*: (?P<paths>/.+)|Identified by the \S+ extractor from (?P<path>.+)")
"""`sourceInfo` of Syft: paths with commas between; of osv-scalibr: one path."""

_Statement = str | int | bool
"""A value of sbomgen's annotation."""

_NO_CONTENT = ("pkg:oci/", "pkg:docker/", "pkg:swid/", "pkg:generic/", "pkg:github/")
"""PURLs of subjects that are no packages of an ecosystem: images, projects."""


class Annotation(Struct, gc=False):
    """What a tool or person says about a package."""

    annotator: str | None = None
    comment: str | None = None


class Reference(Struct, gc=False):
    """An external reference: a PURL, a CPE."""

    type: str | None = field(name="referenceType", default=None)
    locator: str | None = field(name="referenceLocator", default=None)


class Checksum(Struct, gc=False):
    """Of a package's file."""

    algorithm: str | None = None
    digest: str | None = field(name="checksumValue", default=None)


class Package(Struct, gc=False):
    """A package."""

    spdx_id: str | None = field(name="SPDXID", default=None)
    name: str | None = None
    version: str | None = field(name="versionInfo", default=None)
    purpose: str | None = field(name="primaryPackagePurpose", default=None)
    source_info: str | None = field(name="sourceInfo", default=None)
    references: list[Reference] | None = field(name="externalRefs", default=None)
    annotations: list[Annotation] | None = None
    attributions: list[str] | None = field(name="attributionTexts", default=None)
    checksums: list[Checksum] | None = None
    comment: str | None = None


class CreationInfo(Struct, gc=False):
    """Who wrote the document."""

    creators: list[str] | None = None


class Relationship(Struct, gc=False, rename="camel"):
    """What one element is to another."""

    spdx_element_id: str | None = None
    relationship_type: str | None = None
    related_spdx_element: str | None = None
    comment: str | None = None


class Spdx(Struct, gc=False):
    """A whole document."""

    spdx_version: str | None = field(name="spdxVersion", default=None)
    name: str | None = None
    creation_info: CreationInfo | None = field(name="creationInfo", default=None)
    packages: list[Package | None] | None = None
    describes: list[str] | None = field(name="documentDescribes", default=None)


class RelatedSpdx(Spdx, gc=False):
    """A whole document with its relationships, which JSON has apart."""

    relationships: list[Relationship] | None = None


def spdx2_document(spdx: Spdx, relationships: Iterable[Relationship], source: Source, format_: str) -> Document:
    """See `spdx_document`; a version that is none of SPDX 2 is noted."""
    version = (spdx.spdx_version or "").removeprefix("SPDX-")
    if not version.startswith("2"):
        source.problems.note(ProblemCode.BAD_RECORD, "spdxVersion", f"is {version[:20]!r}, no version of SPDX 2; read as 2.3")
    return spdx_document(spdx, relationships, source, format_)


def spdx_document(spdx: Spdx, relationships: Iterable[Relationship], source: Source, format_: str) -> Document:
    """The document. The one package that it describes is its subject; where several are described, none is."""
    producer = _producer(spdx.creation_info)
    is_tern, is_sbomgen = ((producer or "").startswith(name) for name in ("tern", "sbomgen"))
    relations = _Relations(spdx.describes or (), relationships, with_sources=is_tern or is_sbomgen)
    packages = [_Placed(f"packages[{index}]", package) for index, package in enumerate(spdx.packages or ()) if package]
    subject = _subject(packages, relations.described)
    image = stated_image(_properties(subject, source.problems) if subject else (), source.problems)
    tern = _tern(packages, relations) if is_tern else None
    layers = Layers(tern.layers if tern else image.layers)
    sources = set(relations.sources.values()) if is_sbomgen else ()
    contents = (placed for placed in packages if placed.package.spdx_id not in sources)
    listed = (placed for placed in contents if placed is not subject or _is_content(placed.package, len(packages)))
    return assembled(
        source,
        Statements(
            format=format_,
            spec_version=(spdx.spdx_version or "").removeprefix("SPDX-") or None,
            producer=producer,
            subject=Subject(
                name=(subject and subject.package.name) or spdx.name or None,
                version=stated_version(subject.package.version) if subject else None,
                purl=stated_purl(_purl(subject.package)) if subject else None,
                config_digest=image.config_digest,
                platform=image.platform,
                manifest_digest=image.manifest_digest,
                references=image.references,
            ),
            distros=tern.distros if tern else (),
            layers=layers,
            components=map(_Components(relations, layers, tern, source.problems).of, listed),
        ),
    )


class _Placed(NamedTuple):
    """A package, and where it stands in the document."""

    place: str
    package: Package


def _producer(info: CreationInfo | None) -> str | None:
    creators = (info and info.creators) or ()
    return next((stated_tool(creator.removeprefix("Tool: ").strip()) for creator in creators if creator.startswith("Tool: ")), None)


class _Relations:
    """What is read of the relationships: which packages the document describes, and which package delivers, holds, is source of which.

    The last two are read of producers that mean packages by them; of sbomgen's source packages each annotation says as much.
    """

    def __init__(self, described: Iterable[str], relationships: Iterable[Relationship], *, with_sources: bool) -> None:
        self.described = set(described)
        self.owners: dict[str, str] = {}
        self.containers: dict[str, str] = {}
        self.sources: dict[str, str] = {}
        self._with_sources = with_sources
        for relationship in relationships:
            self._add(relationship)

    def _add(self, relationship: Relationship) -> None:
        left, right = relationship.spdx_element_id, relationship.related_spdx_element
        if not left or not right:
            return
        match relationship.relationship_type:
            case "DESCRIBES" | "DESCRIBE":  # the second is Trivy's, in 2022
                self.described.add(right)
            case "DESCRIBED_BY":
                self.described.add(left)
            case "CONTAINS" if self._with_sources:
                self.containers.setdefault(right, left)
            case "GENERATED_FROM" if self._with_sources:  # others say so of the repository that a package was built from
                self.sources.setdefault(left, right)
            case "OTHER" if (relationship.comment or "").startswith("ownership-by-file-overlap"):  # Syft: left owns right
                self.owners.setdefault(right, left)


def _subject(packages: list[_Placed], described: set[str]) -> _Placed | None:
    subjects = [placed for placed in packages if placed.package.spdx_id in described]
    return subjects[0] if len(subjects) == 1 else None


def _is_content(subject: Package, packages: int) -> bool:
    """Whether a subject is listed as a component too: it could be checked (a PURL of an ecosystem, a CPE), or is all that there is."""
    purl = _purl(subject)
    return packages == 1 or (not purl.startswith(_NO_CONTENT) if purl else bool(_cpes(subject)))


def _tern(packages: list[_Placed], relations: _Relations) -> "TernImage":
    from sbommatch.sbom._tern import TernImage

    return TernImage([placed.package for placed in packages], relations.containers, relations.sources)


class _Components:
    """Makes components of packages, with what the rest of the document says of them."""

    def __init__(self, relations: _Relations, layers: Layers, tern: "TernImage | None", problems: Problems) -> None:
        self._owners = relations.owners
        self._layers = layers
        self._tern = tern
        self._problems = problems
        self._refs = Refs(problems)

    def of(self, placed: _Placed) -> Component:
        """The component of a package."""
        place, package = placed
        if not package.name:
            self._problems.note(ProblemCode.BAD_COMPONENT, place, "has no name")
        stated = stated_by(_properties(placed, self._problems)) if package.annotations or package.attributions else NOTHING_STATED
        tern = self._tern.of(package.spdx_id) if self._tern else None
        source_name, source_version = tern.source if tern else _source(package, stated)
        type_ = _type(package)
        purl = stated_purl(_purl(package))
        return Component(
            ref=self._refs.unique(package.spdx_id, place),
            type=type_,
            name=package.name or "",
            version=stated_version(package.version),
            purl=purl,
            purl_from="stated" if purl else None,
            package_type=tern.package_type if tern else stated.package_type,
            cpes=_cpes(package),
            source_name=source_name,
            source_version=source_version,
            module=stated.module,
            distro=stated.distro or (_distro(package) if type_ == "operating-system" else None),
            visible=stated.visible,
            layer=tern.index if tern else self._layers.index_of(stated),
            paths=_paths(package, stated),
            owned_by=stated.owned_by or self._owners.get(package.spdx_id or ""),
        )


def _source(package: Package, stated: Stated) -> tuple[str | None, str | None]:
    """The source package, as annotations or Trivy's `sourceInfo` state it."""
    match = _BUILT_FROM.fullmatch(package.source_info) if package.source_info and not stated.source_name else None
    return (match["name"], stated_version(match["version"])) if match else (stated.source_name, stated.source_version)


def _paths(package: Package, stated: Stated) -> tuple[str, ...]:
    """Where it was found, as annotations and `sourceInfo` state it."""
    match = _EVIDENCE.fullmatch(package.source_info) if package.source_info else None
    if match is None:
        return stated.paths
    return distinct_paths((*stated.paths, *(match["paths"].split(", ") if match["paths"] else [match["path"]])))


def _type(package: Package) -> str:
    if package.purpose:
        return _TYPES.get(package.purpose, "library")
    return _TRIVY_TYPES.get((package.spdx_id or "").rpartition("-")[0], "library")


def _distro(package: Package) -> DistroStatement | None:
    """Claircore adds os-release's ID and VERSION_ID as references of its own types."""
    return stated_distro(_locator(package, "did") or package.name, _locator(package, "version_id") or package.version)


def _purl(package: Package) -> str | None:
    """The first PURL, in whatever category (apko has them under SECURITY) and by whatever type (an IRI of the document's own)."""
    for each in package.references or ():
        if each.locator and (each.type == "purl" or each.locator.startswith("pkg:")):
            return each.locator
    return None


def _locator(package: Package, type_: str) -> str | None:
    """The first reference of a type."""
    for each in package.references or ():
        if each.type == type_ and each.locator:
            return each.locator
    return None


def _cpes(package: Package) -> tuple[str, ...]:
    """`cpe23Type`, `cpe22Type`; some write the type's URL, or `cpe23Uri`."""
    cpes = [each.locator for each in package.references or () if each.type and "cpe2" in each.type and each.locator]
    return tuple(dict.fromkeys(cpes)) if cpes else ()


def _properties(placed: _Placed, problems: Problems) -> Iterator[Property]:
    """What annotations state, named as in CycloneDX: sbomgen writes one JSON object, Trivy a text for each statement."""
    for text in placed.package.attributions or ():  # where Trivy wrote them before it used annotations
        yield from _trivy_property(text)
    for index, annotation in enumerate(placed.package.annotations or ()):
        annotator, comment = annotation.annotator or "", annotation.comment or ""
        if annotator.startswith("Tool: trivy"):
            yield from _trivy_property(comment)
        elif annotator.startswith("Tool: sbomgen"):
            yield from _sbomgen_properties(comment, f"{placed.place}.annotations[{index}].comment", problems)


def _trivy_property(text: str) -> Iterator[Property]:
    name, _, value = text.partition(": ")
    if name in _TRIVY_NAMES:
        yield Property(TRIVY + name, value)


def _sbomgen_properties(comment: str, place: str, problems: Problems) -> Iterator[Property]:
    """The members of the JSON object; the values of repeated names are arrays."""
    try:
        statements = json.decode(comment, type=dict[str, _Statement | list[_Statement]])
    except DecodeError as error:
        problems.loss(ProblemCode.BAD_COMPONENT, place, f"is no JSON object of statements ({error}): left out")
        return
    for name, value in statements.items():
        for each in value if isinstance(value, list) else [value]:
            yield Property(name, each if isinstance(each, str) else json.encode(each).decode())
