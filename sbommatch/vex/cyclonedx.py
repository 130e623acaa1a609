"""CycloneDX as VEX, 1.4 to 1.7, JSON and XML: `vulnerabilities` with an `analysis`, in a document of their own or in an SBOM.

https://cyclonedx.org/capabilities/vex/. What is affected is named by a BOM-Link into another document, by the reference of a component of
this one, or (many write it so) by a PURL.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from msgspec import Struct, field

from sbommatch.problem import ProblemCode
from sbommatch.sbom._cyclonedx import bom_link
from sbommatch.sbom._lenient import decode
from sbommatch.sbom._reader import Opening, Problems, Source
from sbommatch.statement import Product, Software, Statement, Status, VexDocument
from sbommatch.vex._format import PURL_PREFIX, broken, document, instant, purls_of

STATUSES = {
    "exploitable": Status.AFFECTED,
    "false_positive": Status.NOT_AFFECTED,
    "in_triage": Status.UNDER_INVESTIGATION,
    "not_affected": Status.NOT_AFFECTED,
    "resolved": Status.FIXED,
    "resolved_with_pedigree": Status.FIXED,
}
"""By `analysis.state`."""

_OWN_WORDS = {"unaffected": Status.NOT_AFFECTED, "unknown": Status.UNDER_INVESTIGATION}
"""Of single versions; what is *affected* is what the analysis speaks of."""

LINK_PREFIX = "urn:cdx:"
"""Of a BOM-Link: `urn:cdx:SERIAL/VERSION#REF`."""

MAX_COMPONENTS_DEPTH = 100
"""Components within components; real documents stay below ten."""

_NAMESPACE = b"cyclonedx.org/schema/bom/"

_WRAPPERS = {
    "vulnerabilities": "vulnerability", "references": "reference", "responses": "response", "affects": "target", "versions": "version",
    "components": "component",
}  # fmt: skip
"""XML's lists that are read, and the elements in each."""


class _Version(Struct, gc=False):
    version: str | None = None
    range: str | None = None
    status: str | None = None


class _Affected(Struct, gc=False):
    ref: str | None = None
    versions: list[_Version | None] | None = None


class _Analysis(Struct, gc=False, rename="camel"):
    state: str | None = None
    justification: str | None = None
    response: list[str] | None = None
    responses: list[str] | None = None
    """XML's name for it."""
    detail: str | None = None
    first_issued: str | None = None
    last_updated: str | None = None


class _Reference(Struct, gc=False):
    id: str | None = None


class _Vulnerability(Struct, gc=False):
    id: str | None = None
    references: list[_Reference | None] | None = None
    recommendation: str | None = None
    workaround: str | None = None
    analysis: _Analysis | None = None
    affects: list[_Affected | None] | None = None


class _Component(Struct, gc=False):
    bom_ref: str | None = field(name="bom-ref", default=None)
    group: str | None = None
    name: str | None = None
    version: str | None = None
    purl: str | None = None
    cpe: str | None = None
    components: "list[_Component | None] | None" = None


class _Metadata(Struct, gc=False):
    timestamp: str | None = None
    component: _Component | None = None


class _Bom(Struct, gc=False, rename="camel"):
    serial_number: str | None = None
    version: str | int | None = None
    metadata: _Metadata | None = None
    components: list[_Component | None] | None = None
    vulnerabilities: list[_Vulnerability | None] | None = None


class CycloneDxVexJson:
    """Reads CycloneDX JSON."""

    name = "CycloneDX"

    def recognises(self, opening: Opening) -> bool:
        """By `bomFormat`."""
        return opening.head is not None and bytes(opening.head.bom_format) == b'"CycloneDX"'

    def read(self, source: Source) -> VexDocument:
        """See `VexFormat.read`."""
        return _read(decode(source, _Bom), source)


class CycloneDxVexXml:
    """Reads CycloneDX XML."""

    name = "CycloneDX XML"

    def recognises(self, opening: Opening) -> bool:
        """By the namespace."""
        return opening.is_xml and _NAMESPACE in opening.beginning

    def read(self, source: Source) -> VexDocument:
        """See `VexFormat.read`."""
        from sbommatch.sbom._xml import decode_xml

        return _read(decode_xml(source, _Bom, _WRAPPERS)[1], source)


def _read(bom: _Bom, source: Source) -> VexDocument:
    for index in broken("vulnerabilities", source):
        (bom.vulnerabilities or [])[index] = None
    link = bom_link(bom.serial_number, bom.version)
    statements = _Reading(bom, link, source.problems).statements()
    return document(source, "CycloneDX", statements, id_=bom.serial_number, version=bom.version, author=None)


class _Reading:
    """What one document says, and what its references stand for."""

    def __init__(self, bom: _Bom, link: str | None, problems: Problems) -> None:
        metadata = bom.metadata or _Metadata()
        self._bom = bom
        self._link = link
        self._problems = problems
        self._issued = instant(metadata.timestamp, "metadata.timestamp", problems)
        self._subject = metadata.component
        listed = chain((metadata.component,), (metadata.component and metadata.component.components) or (), bom.components or ())
        self._components = dict(_by_ref(listed, 0))

    def statements(self) -> Iterator[Statement]:
        """One for each vulnerability, and for each status that it has by versions."""
        for index, vulnerability in enumerate(self._bom.vulnerabilities or ()):
            if vulnerability is not None:
                yield from self._of(vulnerability, f"vulnerabilities[{index}]")

    def _of(self, vulnerability: _Vulnerability, place: str) -> Iterator[Statement]:
        analysis = vulnerability.analysis or _Analysis()
        references = (reference.id for reference in vulnerability.references or () if reference)
        ids = tuple(dict.fromkeys(filter(None, (vulnerability.id, *references))))
        if analysis.state and analysis.state not in STATUSES:
            self._problems.loss(ProblemCode.BAD_RECORD, f"{place}.analysis", f"has the state {analysis.state[:40]!r}, which is none")
            return
        products: dict[Status, list[Product]] = {}
        for affected in vulnerability.affects or ():
            if affected and affected.ref:
                for status, versions in _by_status(affected.versions or (), STATUSES.get(analysis.state or "")).items():
                    products.setdefault(status, []).append(Product(self._software(affected.ref, versions, place)))
        said_at = instant(analysis.last_updated or analysis.first_issued, f"{place}.analysis", self._problems) or self._issued
        responses = ", ".join((*(analysis.response or ()), *(analysis.responses or ())))
        for status, of_status in products.items():
            if ids:
                yield Statement(
                    place=place, ids=ids, status=status, products=tuple(of_status), justification=analysis.justification or None,
                    impact=analysis.detail or None, said_at=said_at,
                    action=vulnerability.recommendation or vulnerability.workaround or responses or None,
                )  # fmt: skip

    def _software(self, ref: str, versions: tuple[str, ...], place: str) -> Software:
        if ref.startswith(PURL_PREFIX):
            return Software(purls_of((ref,), place, self._problems), id=ref, versions=versions)
        if ref.startswith(LINK_PREFIX):
            return Software(id=ref, versions=versions)
        component = self._components.get(ref)
        link = f"{self._link}#{ref}" if self._link else None
        if component is None:
            return Software(id=link, versions=versions)
        named = component is self._subject and not component.purl
        return Software(
            purls=purls_of((component.purl,), place, self._problems),
            cpes=(component.cpe,) if component.cpe else (),
            id=link,
            name="/".join(filter(None, (component.group, component.name))) if named else None,
            version=component.version if named else None,
            versions=versions,
        )


def _by_ref(components: Iterable[_Component | None], depth: int) -> Iterator[tuple[str, _Component]]:
    for component in components:
        if component is None or depth > MAX_COMPONENTS_DEPTH:
            continue
        if component.bom_ref:
            yield component.bom_ref, component
        yield from _by_ref(component.components or (), depth + 1)


def _by_status(versions: Iterable[_Version | None], state: Status | None) -> Mapping[Status, tuple[str, ...]]:
    """The versions that are meant, by status; all of them (an empty tuple) where none is listed."""
    listed = [version for version in versions if version]
    if not listed:
        return {state: ()} if state else {}
    found: dict[Status, list[str]] = {}
    for version in listed:
        named = version.version or version.range
        status = _OWN_WORDS.get(version.status or "", state)
        if named and status:
            found.setdefault(status, []).append(named)
    return {status: tuple(named) for status, named in found.items()}
