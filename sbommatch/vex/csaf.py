"""CSAF 2.0 (OASIS) as VEX: profile 5 of the standard, and all documents that state statuses of products.

A product that is a component of another is a part of that one: a package of a release (known by CPE), of a container image (by PURL).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from sbommatch.errors import UnreadableError
from sbommatch.formats.csaf_tree import (
    DECODER,
    CsafDocument,
    Flag,
    Place,
    Products,
    Remediation,
    Threat,
    Vulnerability,
    release_of_cpe,
    source_package,
)
from sbommatch.problem import ProblemCode
from sbommatch.sbom._reader import Opening, Problems, Source
from sbommatch.statement import Product, Software, Statement, Status, VexDocument
from sbommatch.vex._format import document, instant

STATUSES = {
    "first_affected": Status.AFFECTED,
    "known_affected": Status.AFFECTED,
    "last_affected": Status.AFFECTED,
    "first_fixed": Status.FIXED,
    "fixed": Status.FIXED,
    "known_not_affected": Status.NOT_AFFECTED,
    "under_investigation": Status.UNDER_INVESTIGATION,
}
"""`recommended` is no status."""

ACTIONS = frozenset({"mitigation", "no_fix_planned", "none_available", "vendor_fix", "workaround"})


class CsafVex:
    """Reads CSAF."""

    name = "CSAF"

    def recognises(self, opening: Opening) -> bool:
        """By the member that only CSAF's head has."""
        return opening.head is not None and b'"csaf_version"' in bytes(opening.head.document)

    def read(self, source: Source) -> VexDocument:
        """See `VexFormat.read`; a document that breaks the schema's types is not read at all."""
        try:
            found = DECODER.decode(source.text)
            products = Products(found.product_tree)
        except ValueError as exc:
            raise UnreadableError(f"{source.path}: no CSAF document: {exc}") from exc
        tracking, publisher = found.document.tracking, found.document.publisher.name
        statements = _statements(found, products, source.problems)
        return document(source, self.name, statements, id_=f"{publisher} {tracking.id}", version=tracking.version, author=publisher)


def _statements(found: CsafDocument, products: Products, problems: Problems) -> Iterator[Statement]:
    said_at = instant(found.document.tracking.current_release_date, "document.tracking.current_release_date", problems)
    nameless = 0
    for index, vulnerability in enumerate(found.vulnerabilities):
        ids = tuple(filter(None, (vulnerability.cve, *(one.text for one in vulnerability.ids))))
        words = _Words(vulnerability)
        for status, identifiers in sorted(vulnerability.product_status.items()):
            if status not in STATUSES or not ids:
                continue
            for said, meant in words.grouped(identifiers):
                named = tuple(product for identifier in meant if (product := _product(products.place(identifier))))
                nameless += len(meant) - len(named)
                if named:
                    yield Statement(
                        place=f"vulnerabilities[{index}].product_status.{status}", ids=ids, status=STATUSES[status], products=named,
                        justification=said[0], impact=said[1], action=said[2], said_at=said_at,
                    )  # fmt: skip
    if nameless:
        message = f"{nameless} products have neither PURL nor CPE: what is said of them is not applied"
        problems.note(ProblemCode.NO_PURL, "product_tree", message)


Said = tuple[str | None, str | None, str | None]
"""Justification, impact, action."""


class _Words:
    """What is said of the single products beside their status."""

    def __init__(self, vulnerability: Vulnerability) -> None:
        impacts = (threat for threat in vulnerability.threats if threat.category == "impact")
        actions = (remediation for remediation in vulnerability.remediations if remediation.category in ACTIONS)
        self._flags = _by_product(vulnerability.flags, lambda flag: flag.label)
        self._impacts = _by_product(impacts, lambda threat: threat.details)
        self._actions = _by_product(actions, lambda remediation: remediation.details)

    def grouped(self, identifiers: Iterable[str]) -> Iterator[tuple[Said, Sequence[str]]]:
        """The products by what is said of them."""
        groups: dict[Said, list[str]] = {}
        for one in identifiers:
            groups.setdefault((self._flags.get(one), self._impacts.get(one), self._actions.get(one)), []).append(one)
        yield from groups.items()


def _by_product(said: Iterable[Flag | Threat | Remediation], word: Callable[..., str]) -> Mapping[str, str]:
    """The first word on each product."""
    found: dict[str, str] = {}
    for one in said:
        for identifier in one.product_ids:
            if word(one):
                found.setdefault(identifier, word(one))
    return found


def _product(place: Place) -> Product | None:
    """None where nothing identifies it; of a component, too, without anything that identifies the whole."""
    versions = (place.range,) if place.range else ()
    if not place.is_component:
        found = Software((place.purl,) if place.purl else (), place.cpes, _releases(place), versions=versions)
        return Product(found) if found.purls or found.cpes else None
    whole = Software((place.whole,) if place.whole else (), place.cpes, _releases(place))
    part = place.purl or (source_package(place) if whole.releases else None)
    return Product(whole, (Software((part,), versions=versions),)) if part and (whole.purls or whole.cpes) else None


def _releases(place: Place) -> tuple[tuple[str, str | None], ...]:
    return tuple((f"rhel:{release[0]}", release[1]) for release in map(release_of_cpe, place.cpes) if release)
