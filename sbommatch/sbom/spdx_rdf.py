"""SPDX RDF/XML, 2.1 to 2.3: https://spdx.org/rdf/terms/."""

from collections.abc import Iterator

from sbommatch.problem import ProblemCode
from sbommatch.sbom._reader import Budget, Opening, Source
from sbommatch.sbom._spdx import Annotation, Checksum, CreationInfo, Package, Reference, Relationship, Spdx, spdx2_document
from sbommatch.sbom.component import Document
from sbommatch.sbom.spellings import upper_snake

_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"

_TERMS = "spdx.org/rdf/terms#"
"""The namespace, behind `http://`."""

_WANTED = frozenset({
    _TYPE, "algorithm", "annotation", "annotator", "attributionText", "checksum", "checksumValue", "comment", "creationInfo", "creator",
    "describesPackage", "externalRef", "name", "primaryPackagePurpose", "referenceLocator", "referenceType", "relatedSpdxElement",
    "relationship", "relationshipType", "sourceInfo", "specVersion", "versionInfo",
})  # fmt: skip
"""Predicates that are kept: most triples are of licences and files."""


class SpdxRdf:
    """Reads SPDX 2 RDF/XML."""

    format = "spdx-rdf"

    def recognises(self, opening: Opening) -> bool:
        """By the namespace of its terms."""
        return opening.is_xml and _TERMS.encode() in opening.beginning

    def read(self, source: Source) -> Document:
        """See `Reader.read`."""
        from sbommatch.sbom._triples import read_triples

        graph = _Graph(source)
        read_triples(source, graph.take)
        spdx = graph.spdx(source)
        return spdx2_document(spdx, list(graph.relationships()), source, self.format)


class _Graph:
    """The wanted triples by subject."""

    def __init__(self, source: Source) -> None:
        self._nodes: dict[str, dict[str, list[str]]] = {}
        self._budget = Budget(source.path)

    def take(self, subject: str, predicate: str, object_: str) -> None:
        """Keeps a triple that is wanted."""
        name = _TYPE if predicate == _TYPE else predicate.rpartition("#")[2]
        if name in _WANTED:
            self._budget.spend()
            self._nodes.setdefault(subject, {}).setdefault(name, []).append(object_.strip())

    def spdx(self, source: Source) -> Spdx:
        """The document."""
        document = next(self._of_type("SpdxDocument"), None)
        if document is None:
            source.problems.note(
                ProblemCode.BAD_RECORD, "", "has no SpdxDocument: it says something with SPDX's terms, but describes no software"
            )
        creators = self._all(self._one(document, "creationInfo"), "creator")
        return Spdx(
            spdx_version=self._one(document, "specVersion"),
            name=self._one(document, "name"),
            creation_info=CreationInfo(creators=creators),
            packages=[self._package(node) for node in self._of_type("Package")],
            describes=[_id(package) for package in self._all(document, "describesPackage")],
        )

    def relationships(self) -> Iterator[Relationship]:
        """Those of all elements."""
        for element, predicates in self._nodes.items():
            for node in predicates.get("relationship", ()):
                type_ = (self._one(node, "relationshipType") or "").rpartition("relationshipType_")[2]
                for related in self._all(node, "relatedSpdxElement"):
                    yield Relationship(_id(element), upper_snake(type_), _id(related), self._one(node, "comment"))

    def _package(self, node: str) -> Package:
        purpose = self._one(node, "primaryPackagePurpose")
        return Package(
            spdx_id=_id(node),
            name=self._one(node, "name"),
            version=self._one(node, "versionInfo"),
            purpose=upper_snake(purpose.rpartition("purpose_")[2]) if purpose else None,
            source_info=self._one(node, "sourceInfo"),
            references=[self._reference(each) for each in self._all(node, "externalRef")],
            annotations=[Annotation(self._one(each, "annotator"), self._one(each, "comment")) for each in self._all(node, "annotation")],
            attributions=self._all(node, "attributionText"),
            checksums=[self._checksum(each) for each in self._all(node, "checksum")],
            comment=self._one(node, "comment"),
        )

    def _reference(self, node: str) -> Reference:
        """Its type is an IRI: `http://spdx.org/rdf/references/purl`."""
        return Reference((self._one(node, "referenceType") or "").rpartition("/")[2], self._one(node, "referenceLocator"))

    def _checksum(self, node: str) -> Checksum:
        algorithm = (self._one(node, "algorithm") or "").rpartition("checksumAlgorithm_")[2]
        return Checksum(algorithm.upper(), self._one(node, "checksumValue"))

    def _of_type(self, name: str) -> Iterator[str]:
        for node, predicates in self._nodes.items():
            if any(type_.endswith(f"{_TERMS}{name}") for type_ in predicates.get(_TYPE, ())):
                yield node

    def _all(self, node: str | None, name: str) -> list[str]:
        return self._nodes.get(node or "", {}).get(name, [])

    def _one(self, node: str | None, name: str) -> str | None:
        return next(iter(self._all(node, name)), None)


def _id(node: str) -> str:
    """SPDX's identifier of an element: its IRI's fragment."""
    return node.rpartition("#")[2]
