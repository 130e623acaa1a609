"""SPDX tag-value, 2.1 to 2.3: lines `Tag: value`, values of several lines between `<text>` and `</text>`.

https://spdx.github.io/spdx-spec/v2.3/ names the tags beside each field. What a line means depends on those before it: a package begins
with its name and ends where a package, file, snippet or licence begins. Annotations name their subject themselves.
"""

import re
from collections.abc import Callable, Iterator

from sbommatch.problem import ProblemCode
from sbommatch.sbom._reader import Budget, Opening, Problems, Source
from sbommatch.sbom._spdx import Annotation, Checksum, CreationInfo, Package, Reference, Relationship, Spdx, spdx2_document
from sbommatch.sbom.component import Document

_FIRST_LINE = re.compile(rb"^[ \t]*SPDXVersion[ \t]*:", re.MULTILINE)

_LINE = re.compile(r"^[ \t]*([A-Za-z][A-Za-z0-9_]*)[ \t]*:[ \t]*", re.MULTILINE)
_OPENING = re.compile(r"^[ \t]*[A-Za-z][A-Za-z0-9_]*[ \t]*:[ \t]*<text>", re.MULTILINE)
_TEXT = "<text>"
_END = "</text>"

_PACKAGE_TEXTS = {
    "PackageVersion": "version",
    "PrimaryPackagePurpose": "purpose",
    "PackageSourceInfo": "source_info",
    "PackageComment": "comment",
}
"""Tags of a package that fill a text of its record."""

_DOCUMENT = "SPDXRef-DOCUMENT"
_OTHER_SECTIONS = frozenset({"FileName", "SnippetSPDXID", "LicenseID"})
_RELATIONS = frozenset({"DESCRIBES", "DESCRIBE", "DESCRIBED_BY", "CONTAINS", "GENERATED_FROM", "OTHER"})
"""Types of relationships that are read; most others are between files."""

_PARTS = 3
"""Of a reference (category, type, locator) and of a relationship (element, type, element)."""


class SpdxTagValue:
    """Reads SPDX 2 tag-value."""

    format = "spdx-tag-value"

    def recognises(self, opening: Opening) -> bool:
        """By `SPDXVersion`, which the specification wants first."""
        return opening.is_text and _FIRST_LINE.search(opening.beginning) is not None

    def read(self, source: Source) -> Document:
        """See `Reader.read`."""
        sections = _Sections(source)
        for tag, value in _lines(source.text.decode(), source.problems):
            sections.add(tag, value)
        return spdx2_document(sections.spdx(), sections.relationships, source, self.format)


def _lines(text: str, problems: Problems) -> Iterator[tuple[str, str]]:
    """Tags and values. A `<text>` that is not closed before the next one opens is read to the end of its line; that is a loss."""
    number, counted = 1, 0
    end = 0
    """Where the next `</text>` is; -1 where there is none any more."""
    match = _LINE.search(text)
    while match:
        start = match.end()
        stop = text.find("\n", start)
        stop = len(text) if stop < 0 else stop
        if text.startswith(_TEXT, start):
            start += len(_TEXT)
            end = text.find(_END, start) if 0 <= end < start else end
            if end < 0 or _OPENING.search(text, start, end):
                number, counted = number + text.count("\n", counted, start), start
                problems.loss(
                    ProblemCode.BAD_RECORD, f"line {number}", f"{match[1][:40]}: <text> is not closed; read to the end of the line"
                )
            else:
                stop = end
        yield match[1], text[start:stop].strip()
        match = _LINE.search(text, stop)


class _Sections:
    """Puts what lines state where it belongs."""

    def __init__(self, source: Source) -> None:
        self.relationships: list[Relationship] = []
        self._version: str | None = None
        self._name: str | None = None
        self._creators: list[str] = []
        self._packages: list[Package | None] = []
        self._annotations: list[tuple[str | None, Annotation]] = []
        self._package: Package | None = None
        """The one whose lines these are; None outside packages."""
        self._next_id: str | None = None
        """An identifier that nothing before it can have: of a package without name, if lines of a package follow."""
        self._in_document = True
        self._relationship: Relationship | None = None
        self._budget = Budget(source.path)

    def spdx(self) -> Spdx:
        """The document; annotations may stand before their subjects."""
        by_id = {package.spdx_id: package for package in self._packages if package}
        for subject, annotation in self._annotations:
            if subject and (package := by_id.get(subject)):
                package.annotations = package.annotations or []
                package.annotations.append(annotation)
        return Spdx(
            spdx_version=self._version, name=self._name, creation_info=CreationInfo(creators=self._creators), packages=self._packages
        )

    def add(self, tag: str, value: str) -> None:
        """Takes one line."""
        if take := _TAKERS.get(tag):
            take(self, value)
        elif tag in _OTHER_SECTIONS:
            self._package, self._next_id, self._in_document = None, None, False
        else:
            self._describe(tag, value)

    def version(self, value: str) -> None:
        """`SPDXVersion`."""
        self._version = value

    def name(self, value: str) -> None:
        """`DocumentName`."""
        self._name = value

    def creator(self, value: str) -> None:
        """`Creator`."""
        self._creators.append(value)

    def package_name(self, value: str) -> None:
        """`PackageName`, which begins a package."""
        self._begin(Package(name=value))

    def _begin(self, package: Package) -> None:
        self._budget.spend()
        self._packages.append(package)
        self._package, self._next_id, self._in_document = package, None, False

    def identifier(self, value: str) -> None:
        """`SPDXID`, of whatever has begun."""
        if self._package and self._package.spdx_id is None:
            self._package.spdx_id = value
        elif (self._package or self._in_document) and value != _DOCUMENT:
            self._next_id = value

    def relationship(self, value: str) -> None:
        """`Relationship`."""
        parts = value.split(None, _PARTS - 1)
        self._relationship = None
        if len(parts) == _PARTS and parts[1] in _RELATIONS:
            self._budget.spend()
            self._relationship = Relationship(*parts)
            self.relationships.append(self._relationship)

    def relationship_comment(self, value: str) -> None:
        """`RelationshipComment`, of the last one."""
        if self._relationship:
            self._relationship.comment = value

    def annotator(self, value: str) -> None:
        """`Annotator`, which begins an annotation of the package that is open, unless it names another."""
        self._budget.spend()
        self._annotations.append((self._package.spdx_id if self._package else None, Annotation(annotator=value)))

    def annotated(self, value: str) -> None:
        """`SPDXREF`, the subject of the last annotation."""
        if self._annotations:
            self._annotations[-1] = (value, self._annotations[-1][1])

    def annotation_comment(self, value: str) -> None:
        """`AnnotationComment`, of the last one."""
        if self._annotations:
            self._annotations[-1][1].comment = value

    def _describe(self, tag: str, value: str) -> None:
        if self._next_id and tag.startswith("Package"):
            self._begin(Package(spdx_id=self._next_id))
        package = self._package
        if package is None:
            return
        match tag:
            case "ExternalRef" if len(parts := value.split(None, _PARTS - 1)) == _PARTS:
                self._budget.spend()
                package.references = package.references or []
                package.references.append(Reference(type=parts[1], locator=parts[2]))
            case "PackageAttributionText":
                package.attributions = package.attributions or []
                package.attributions.append(value)
            case "PackageChecksum":
                algorithm, _, digest = value.partition(":")
                package.checksums = package.checksums or []
                package.checksums.append(Checksum(algorithm, digest.strip()))
            case _ if tag in _PACKAGE_TEXTS:
                setattr(package, _PACKAGE_TEXTS[tag], value)


_TAKERS: dict[str, Callable[[_Sections, str], None]] = {
    "SPDXVersion": _Sections.version,
    "DocumentName": _Sections.name,
    "Creator": _Sections.creator,
    "PackageName": _Sections.package_name,
    "SPDXID": _Sections.identifier,
    "Relationship": _Sections.relationship,
    "RelationshipComment": _Sections.relationship_comment,
    "Annotator": _Sections.annotator,
    "SPDXREF": _Sections.annotated,
    "AnnotationComment": _Sections.annotation_comment,
}
"""What takes a line, by its tag; all other tags belong to a package or to nothing that is read."""
