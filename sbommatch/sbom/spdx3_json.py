"""SPDX 3 JSON-LD: https://spdx.github.io/spdx-spec/v3.0.1/. Its elements are turned into what SPDX 2 has for the same thing.

Terms are read as SPDX's own context shortens them, whatever the context says: a context is never fetched.
"""

import re
from collections.abc import Iterator

from msgspec import Struct, field

from sbommatch.sbom._lenient import decode
from sbommatch.sbom._reader import Opening, Source
from sbommatch.sbom._spdx import Annotation, CreationInfo, Package, Reference, Relationship, Spdx, spdx_document
from sbommatch.sbom.component import Document
from sbommatch.sbom.spellings import upper_snake

_CONTEXT = re.compile(rb"spdx\.org/rdf/v?(3[0-9.]*)")

_PACKAGES = {"Package": None, "AIPackage": "MODEL", "DatasetPackage": "DATA"}
"""Classes of packages, and the purpose of those that state none."""

_COLLECTIONS = frozenset({"Sbom", "Bom", "Bundle"})
"""Classes that may stand between the document and what it describes."""

_RELATIONS = frozenset({"DESCRIBES", "CONTAINS", "GENERATES"})
"""What is read; SPDX 2 has the last one the other way round."""

_CLASS = re.compile(r"[A-Za-z]+\Z")

_Ids = list[str] | str | None


class _CreationInfo(Struct, gc=False):
    spec_version: str | None = field(name="specVersion", default=None)
    created_using: _Ids = field(name="createdUsing", default=None)


class _Identifier(Struct, gc=False):
    type: str | None = field(name="externalIdentifierType", default=None)
    identifier: str | None = None


_Identifiers = list[_Identifier | str] | None


class _Element(Struct, gc=False):
    """Any element: they stand together in one list."""

    type: str | None = None
    at_type: str | None = field(name="@type", default=None)
    spdx_id: str | None = field(name="spdxId", default=None)
    at_id: str | None = field(name="@id", default=None)
    name: str | None = None
    comment: str | None = None
    creation_info: _CreationInfo | str | None = field(name="creationInfo", default=None)
    # Packages
    version: str | None = field(name="software_packageVersion", default=None)
    purl: str | None = field(name="software_packageUrl", default=None)
    purpose: str | None = field(name="software_primaryPurpose", default=None)
    source_info: str | None = field(name="software_sourceInfo", default=None)
    identifiers: _Identifiers = field(name="externalIdentifier", default=None)
    other_identifiers: _Identifiers = field(name="externalIdentifiers", default=None)
    """A mistake that is made."""
    # Relationships
    from_: str | None = field(name="from", default=None)
    to: _Ids = None
    relationship_type: str | None = field(name="relationshipType", default=None)
    # Annotations
    subject: str | None = None
    statement: str | None = None
    # Documents and other collections
    root_element: _Ids = field(name="rootElement", default=None)
    # Creation information and identifiers, which may stand in the list too
    spec_version: str | None = field(name="specVersion", default=None)
    created_using: _Ids = field(name="createdUsing", default=None)
    identifier_type: str | None = field(name="externalIdentifierType", default=None)
    identifier: str | None = None

    @property
    def class_(self) -> str:
        """Its class without prefix: `software_Package` and the term's whole IRI are a `Package`."""
        found = _CLASS.search(self.type or self.at_type or "")
        return found[0] if found else ""

    @property
    def id(self) -> str | None:
        """The identifier that others refer to it by."""
        return self.spdx_id or self.at_id


class _Graph(_Element, gc=False):
    """The document: a list of elements, or an element by itself."""

    graph: list[_Element | None] | None = field(name="@graph", default=None)


class Spdx3Json:
    """Reads SPDX 3 JSON-LD."""

    format = "spdx3-json"

    def recognises(self, opening: Opening) -> bool:
        """By its context."""
        return opening.head is not None and _CONTEXT.search(bytes(opening.head.context)) is not None

    def read(self, source: Source) -> Document:
        """See `Reader.read`."""
        graph = decode(source, _Graph)
        elements = _Elements([each for each in graph.graph or () if each] if graph.graph is not None else [graph])
        context = _CONTEXT.search(source.text)
        spdx = elements.spdx(context[1].decode() if context else None)
        return spdx_document(spdx, elements.relationships(), source, self.format)


class _Elements:
    """The elements of a document, by class and by identifier."""

    def __init__(self, elements: list[_Element]) -> None:
        self._by_class: dict[str, list[_Element]] = {}
        self._by_id: dict[str, _Element] = {}
        for element in elements:
            self._by_class.setdefault(element.class_, []).append(element)
            if element.id:
                self._by_id.setdefault(element.id, element)

    def spdx(self, version: str | None) -> Spdx:
        """The document, of a version that its elements may state better."""
        document = next(iter(self._by_class.get("SpdxDocument", ())), _Element())
        info = self._creation_info(document)
        tools = (self._by_id.get(id_) for id_ in _ids(info.created_using))
        annotations: dict[str, list[Annotation]] = {}
        for annotation in self._by_class.get("Annotation", ()):
            if annotation.subject and (annotation.statement or "").startswith('{"sbomgen:'):
                annotations.setdefault(annotation.subject, []).append(Annotation("Tool: sbomgen", annotation.statement))
        return Spdx(
            spdx_version=info.spec_version or version,
            name=document.name,
            creation_info=CreationInfo(creators=[f"Tool: {tool.name}" for tool in tools if tool and tool.name]),
            packages=[self._package(package, purpose, annotations) for package, purpose in self._packages()],
            describes=list(self._described(document)),
        )

    def relationships(self) -> Iterator[Relationship]:
        """Those that are read, one for each target."""
        for element in self._by_class.get("Relationship", ()):
            type_ = upper_snake(element.relationship_type or "")
            for target in _ids(element.to) if type_ in _RELATIONS else ():
                if type_ == "GENERATES":
                    yield Relationship(target, "GENERATED_FROM", element.from_)
                else:
                    yield Relationship(element.from_, type_, target, element.comment)

    def _creation_info(self, document: _Element) -> _CreationInfo | _Element:
        """The document's, else the first."""
        info = document.creation_info
        if isinstance(info, str):
            info = None if (found := self._by_id.get(info)) is None else _CreationInfo(found.spec_version, found.created_using)
        return info or next(iter(self._by_class.get("CreationInfo", ())), _Element())

    def _described(self, document: _Element) -> Iterator[str]:
        """What the document describes, through a collection that it may list instead."""
        for id_ in _ids(document.root_element):
            root = self._by_id.get(id_)
            yield from _ids(root.root_element) if root and root.class_ in _COLLECTIONS else (id_,)

    def _packages(self) -> Iterator[tuple[_Element, str | None]]:
        for class_, purpose in _PACKAGES.items():
            for element in self._by_class.get(class_, ()):
                yield element, purpose

    def _package(self, package: _Element, purpose: str | None, annotations: dict[str, list[Annotation]]) -> Package:
        return Package(
            spdx_id=package.id,
            name=package.name,
            version=package.version,
            purpose=upper_snake(package.purpose) if package.purpose else purpose,
            source_info=package.source_info,
            references=[Reference("purl", package.purl)] * bool(package.purl) + list(self._references(package)),
            annotations=annotations.get(package.id or ""),
            comment=package.comment,
        )

    def _references(self, package: _Element) -> Iterator[Reference]:
        """External identifiers, which Microsoft's sbom-tool lists among the elements."""
        for each in (*(package.identifiers or ()), *(package.other_identifiers or ())):
            identifier = each
            if isinstance(each, str):
                element = self._by_id.get(each) or _Element()
                identifier = _Identifier(element.identifier_type, element.identifier)
            type_ = identifier.type or ""
            yield Reference("purl" if type_.lower() in {"packageurl", "purl"} else type_, identifier.identifier)


def _ids(ids: _Ids) -> list[str]:
    """One or several, as JSON-LD allows."""
    return [ids] if isinstance(ids, str) else ids or []
