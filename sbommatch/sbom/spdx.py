"""SPDX JSON, 2.1 to 2.3, of any producer: https://spdx.github.io/spdx-spec/v2.3/."""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from msgspec import DecodeError, Raw, Struct, field, json

from sbommatch.errors import UnreadableError
from sbommatch.problem import ProblemCode
from sbommatch.sbom._image import Layers, stated_image
from sbommatch.sbom._lenient import decode, decode_part
from sbommatch.sbom._properties import TRIVY, Property, Stated, distinct_paths, stated_by
from sbommatch.sbom._reader import Head, Problems, Source
from sbommatch.sbom._refs import Refs
from sbommatch.sbom.component import Component, DistroStatement, Document, Subject
from sbommatch.sbom.spellings import stated_distro, stated_tool, stated_version

_TYPES = {
    "APPLICATION": "application",
    "CONTAINER": "container",
    "DEVICE": "device",
    "FILE": "file",
    "FIRMWARE": "firmware",
    "FRAMEWORK": "framework",
    "OPERATING-SYSTEM": "operating-system",
    "OPERATING_SYSTEM": "operating-system",
}
"""`primaryPackagePurpose` by CycloneDX's component types; all others (LIBRARY, SOURCE, ARCHIVE, INSTALL, OTHER, none) are libraries."""

_TRIVY_TYPES = {
    "SPDXRef-OperatingSystem-": "operating-system",
    "SPDXRef-ContainerImage-": "container",
    "SPDXRef-Application-": "application",
}
"""Trivy of 2022 states no purpose, but its identifiers do."""

_TRIVY_NAMES = frozenset({"LayerDiffID", "SrcName", "SrcVersion", "SrcRelease", "SrcEpoch", "FilePath", "DiffID", "ImageID"})

_BUILT_FROM = re.compile(r"built package from: (?P<name>\S+) (?P<version>\S+)")
"""Trivy's `sourceInfo`: the source package."""

_ACQUIRED_FROM = re.compile(r"acquired package info from [^/]*: (?P<paths>/.+)")
"""Syft's `sourceInfo`: the evidence, paths with commas between."""

_Statement = str | int | bool
"""A value of sbomgen's annotation."""

_NO_CONTENT = ("pkg:oci/", "pkg:docker/", "pkg:swid/", "pkg:generic/", "pkg:github/")
"""PURLs of subjects that are no packages of an ecosystem: images, projects."""


class _Annotation(Struct, gc=False):
    annotator: str | None = None
    comment: str | None = None


class _Reference(Struct, gc=False):
    type: str | None = field(name="referenceType", default=None)
    locator: str | None = field(name="referenceLocator", default=None)


class _Package(Struct, gc=False):
    spdx_id: str | None = field(name="SPDXID", default=None)
    name: str | None = None
    version: str | None = field(name="versionInfo", default=None)
    purpose: str | None = field(name="primaryPackagePurpose", default=None)
    source_info: str | None = field(name="sourceInfo", default=None)
    references: list[_Reference] | None = field(name="externalRefs", default=None)
    annotations: list[_Annotation] | None = None
    attributions: list[str] | None = field(name="attributionTexts", default=None)


class _CreationInfo(Struct, gc=False):
    creators: list[str] | None = None


class _Relationship(Struct, gc=False, rename="camel"):
    spdx_element_id: str | None = None
    relationship_type: str | None = None
    related_spdx_element: str | None = None
    comment: str | None = None


class _Spdx(Struct, gc=False):
    spdx_version: str | None = field(name="spdxVersion", default=None)
    name: str | None = None
    creation_info: _CreationInfo | None = field(name="creationInfo", default=None)
    packages: list[_Package | None] | None = None
    describes: list[str] | None = field(name="documentDescribes", default=None)
    relationships: Raw = Raw(b"")
    """Mostly tens of thousands, of which a few are wanted."""


class SpdxJson:
    """Reads SPDX 2 JSON."""

    format = "spdx-json"

    def recognises(self, head: Head) -> bool:
        """By `spdxVersion`, or by the identifier that every SPDX 2 document has."""
        return bool(head.spdx_version) or bytes(head.spdx_id) == b'"SPDXRef-DOCUMENT"'

    def read(self, source: Source) -> Document:
        """See `Reader.read`. The one package that the document describes is its subject; where several are described, none is."""
        spdx = decode(source, _Spdx)
        _check_version(spdx.spdx_version, source)
        relations = _Relations(spdx, source.problems)
        packages = [_Placed(f"packages[{index}]", package) for index, package in enumerate(spdx.packages or ()) if package]
        subject = _subject(packages, relations.described)
        image = stated_image(_properties(subject, source.problems) if subject else (), source.problems)
        layers = Layers(image.layers)
        producer = _producer(spdx.creation_info)
        sources = relations.sources if (producer or "").startswith("sbomgen") else set()
        contents = (placed for placed in packages if placed.package.spdx_id not in sources)
        listed = (placed for placed in contents if placed is not subject or _is_content(placed.package, len(packages)))
        components = tuple(_components(listed, relations, layers, source.problems))
        if not components:
            source.problems.note(ProblemCode.NO_COMPONENTS, "", "lists no components: there is nothing to match")
        return Document(
            path=source.path,
            sha256=source.sha256,
            format=self.format,
            spec_version=(spdx.spdx_version or "").removeprefix("SPDX-") or None,
            producer=producer,
            subject=Subject(
                name=(subject and subject.package.name) or spdx.name or None,
                version=stated_version(subject.package.version) if subject else None,
                purl=_locator(subject.package, "purl") if subject else None,
                config_digest=image.config_digest,
                platform=image.platform,
            ),
            distros=tuple(each.distro for each in components if each.type == "operating-system" and each.distro),
            layers=layers.all(),
            components=components,
            problems=source.problems.all(),
        )


class _Placed(NamedTuple):
    """A package, and where it stands in the document."""

    place: str
    package: _Package


def _check_version(version: str | None, source: Source) -> None:
    version = (version or "").removeprefix("SPDX-")
    if version.startswith("3"):
        raise UnreadableError(f"{source.path}: reading SPDX {version[:20]} is not built yet; let its producer write SPDX 2.3 JSON")
    if not version.startswith("2"):
        source.problems.note(ProblemCode.BAD_RECORD, "spdxVersion", f"is {version[:20]!r}, no version of SPDX; read as 2.3")


def _producer(info: _CreationInfo | None) -> str | None:
    creators = (info and info.creators) or ()
    return next((stated_tool(creator.removeprefix("Tool: ").strip()) for creator in creators if creator.startswith("Tool: ")), None)


class _Relations:
    """What is read of the relationships: what the document describes, which package delivers which, and what others were built from."""

    def __init__(self, spdx: _Spdx, problems: Problems) -> None:
        self.described = set(spdx.describes or ())
        self.owners: dict[str, str] = {}
        self.sources: set[str] = set()
        """Of sbomgen's documents they say no more than each package's annotation; in others they may be content."""
        text = bytes(spdx.relationships)
        if not any(word in text for word in (b"DESCRIBE", b"GENERATED_FROM", b"ownership-by-file-overlap")):
            return
        for relationship in decode_part(spdx.relationships, list[_Relationship], "relationships", problems) or ():
            self._add(relationship)

    def _add(self, relationship: _Relationship) -> None:
        left, right = relationship.spdx_element_id, relationship.related_spdx_element
        if not left or not right:
            return
        match relationship.relationship_type:
            case "DESCRIBES" | "DESCRIBE":  # the second is Trivy's, in 2022
                self.described.add(right)
            case "DESCRIBED_BY":
                self.described.add(left)
            case "GENERATED_FROM":
                self.sources.add(right)
            case "OTHER" if (relationship.comment or "").startswith("ownership-by-file-overlap"):  # Syft: left owns right
                self.owners.setdefault(right, left)


def _subject(packages: list[_Placed], described: set[str]) -> _Placed | None:
    subjects = [placed for placed in packages if placed.package.spdx_id in described]
    return subjects[0] if len(subjects) == 1 else None


def _is_content(subject: _Package, packages: int) -> bool:
    """Whether a subject is listed as a component too: it could be checked (a PURL of an ecosystem, a CPE), or is all that there is."""
    purl = _locator(subject, "purl")
    return packages == 1 or (not purl.startswith(_NO_CONTENT) if purl else bool(_cpes(subject)))


def _components(listed: Iterable[_Placed], relations: _Relations, layers: Layers, problems: Problems) -> Iterator[Component]:
    refs = Refs(problems)
    for placed in listed:
        place, package = placed
        if not package.name:
            problems.note(ProblemCode.BAD_COMPONENT, place, "has no name")
        stated = stated_by(_properties(placed, problems))
        ref = refs.unique(package.spdx_id, place)
        owner = stated.owned_by or relations.owners.get(package.spdx_id or "")
        yield _component(package, stated, ref, owner, layers.index_of(stated))


def _component(package: _Package, stated: Stated, ref: str, owner: str | None, layer: int | None) -> Component:
    type_ = _type(package)
    source_name, source_version = _source(package, stated)
    return Component(
        ref=ref,
        type=type_,
        name=package.name or "",
        version=stated_version(package.version),
        purl=_locator(package, "purl"),
        cpes=_cpes(package),
        source_name=source_name,
        source_version=source_version,
        distro=stated.distro or (_distro(package) if type_ == "operating-system" else None),
        visible=stated.visible,
        layer=layer,
        paths=_paths(package, stated),
        owned_by=owner,
    )


def _source(package: _Package, stated: Stated) -> tuple[str | None, str | None]:
    """The source package, as annotations or Trivy's `sourceInfo` state it."""
    match = None if stated.source_name else _BUILT_FROM.fullmatch(package.source_info or "")
    return (match["name"], stated_version(match["version"])) if match else (stated.source_name, stated.source_version)


def _paths(package: _Package, stated: Stated) -> tuple[str, ...]:
    """Where it was found, as annotations and Syft's `sourceInfo` state it."""
    match = _ACQUIRED_FROM.fullmatch(package.source_info or "")
    return distinct_paths((*stated.paths, *match["paths"].split(", "))) if match else stated.paths


def _type(package: _Package) -> str:
    if package.purpose is None and package.spdx_id:
        return next((type_ for prefix, type_ in _TRIVY_TYPES.items() if package.spdx_id.startswith(prefix)), "library")
    return _TYPES.get(package.purpose or "", "library")


def _distro(package: _Package) -> DistroStatement | None:
    """Claircore adds os-release's ID and VERSION_ID as references of its own types."""
    return stated_distro(_locator(package, "did") or package.name, _locator(package, "version_id") or package.version)


def _locator(package: _Package, type_: str) -> str | None:
    """The first reference of a type, in whatever category: apko has PURLs under SECURITY."""
    return next((each.locator for each in package.references or () if each.type == type_ and each.locator), None)


def _cpes(package: _Package) -> tuple[str, ...]:
    """`cpe23Type`, `cpe22Type`; some write the type's URL, or `cpe23Uri`."""
    references = (each for each in package.references or () if each.type and "cpe2" in each.type)
    return tuple(dict.fromkeys(each.locator for each in references if each.locator))


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
