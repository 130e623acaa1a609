"""OpenVEX 0.0.1 and 0.2.0: https://github.com/openvex/spec/blob/main/OPENVEX-SPEC.md."""

from collections.abc import Iterator
from itertools import chain

from msgspec import Struct, field

from sbommatch.problem import ProblemCode
from sbommatch.sbom._lenient import decode
from sbommatch.sbom._reader import Opening, Problems, Source
from sbommatch.statement import Product, Software, Statement, Status, VexDocument
from sbommatch.vex._format import PURL_PREFIX, broken, document, instant, purls_of

CONTEXT = "https://openvex.dev/ns"
"""What contexts begin with: 0.0.1 has nothing behind it, later ones their version."""

_KNOWN_CONTEXTS = frozenset({CONTEXT, f"{CONTEXT}/", f"{CONTEXT}/v0.0.1", f"{CONTEXT}/v0.2.0"})


class _Identifiers(Struct, gc=False):
    purl: str | None = None
    cpe22: str | None = None
    cpe23: str | None = None


class _Component(Struct, gc=False):
    id: str | None = field(name="@id", default=None)
    identifiers: _Identifiers | None = None
    subcomponents: "list[str | _Component | None] | None" = None


class _Vulnerability(Struct, gc=False):
    id: str | None = field(name="@id", default=None)
    name: str | None = None
    aliases: list[str] | None = None


class _Statement(Struct, gc=False):
    vulnerability: str | _Vulnerability | None = None
    timestamp: str | None = None
    last_updated: str | None = None
    products: list[str | _Component | None] | None = None
    subcomponents: list[str | _Component | None] | None = None
    """0.0.1: of each of the products."""
    status: str | None = None
    justification: str | None = None
    impact_statement: str | None = None
    action_statement: str | None = None
    status_notes: str | None = None


class _Document(Struct, gc=False):
    context: str | None = field(name="@context", default=None)
    id: str | None = field(name="@id", default=None)
    author: str | None = None
    timestamp: str | None = None
    last_updated: str | None = None
    version: str | int | None = None
    statements: list[_Statement | None] | None = None


class OpenVex:
    """Reads OpenVEX."""

    name = "OpenVEX"

    def recognises(self, opening: Opening) -> bool:
        """By its context."""
        return opening.head is not None and bytes(opening.head.context).startswith(f'"{CONTEXT}'.encode())

    def read(self, source: Source) -> VexDocument:
        """See `VexFormat.read`.

        Statements have the document's time where they state none of their own ("Inheritance Model"). One of status not_affected without
        justification or impact statement is refused: they "MUST include" one.
        """
        vex = decode(source, _Document)
        for index in broken("statements", source):
            (vex.statements or [])[index] = None
        if vex.context not in _KNOWN_CONTEXTS:
            source.problems.note(ProblemCode.BAD_RECORD, "@context", f"is {vex.context!r}; read as OpenVEX 0.2.0")
        inherited = instant(vex.last_updated or vex.timestamp, "timestamp", source.problems)
        return document(
            source, self.name, _statements(vex, inherited, source.problems), id_=vex.id, version=vex.version, author=vex.author
        )  # fmt: skip


def _statements(vex: _Document, inherited: str | None, problems: Problems) -> Iterator[Statement]:
    for index, said in enumerate(vex.statements or ()):
        place = f"statements[{index}]"
        if said is None:
            continue
        ids = _ids(said.vulnerability)
        if refusal := _refusal(said, ids):
            problems.loss(ProblemCode.BAD_RECORD, place, f"{refusal}; it is not applied")
            continue
        yield Statement(
            place=place,
            ids=ids,
            status=Status(said.status or ""),
            products=tuple(_products(said, place, problems)),
            justification=said.justification or None,
            impact=said.impact_statement or said.status_notes or None,
            action=said.action_statement or None,
            said_at=instant(said.last_updated or said.timestamp, f"{place}.timestamp", problems) or inherited,
        )


def _ids(vulnerability: str | _Vulnerability | None) -> tuple[str, ...]:
    if vulnerability is None or isinstance(vulnerability, str):
        return (vulnerability,) if vulnerability else ()
    named = vulnerability.name or (vulnerability.id or "").rpartition("/")[2]
    return tuple(dict.fromkeys(filter(None, (named, *(vulnerability.aliases or ())))))


def _refusal(said: _Statement, ids: tuple[str, ...]) -> str | None:
    if not ids:
        return "names no vulnerability"
    if said.status not in set(Status):
        return f"has the status {str(said.status)[:40]!r}, which is none"
    if said.status == Status.NOT_AFFECTED and not (said.justification or said.impact_statement):
        return "says not_affected without justification or impact statement, and the specification demands one"
    if not said.products:
        return "names no product"
    return None


def _products(said: _Statement, place: str, problems: Problems) -> Iterator[Product]:
    for index, product in enumerate(said.products or ()):
        if product is None:
            continue
        where = f"{place}.products[{index}]"
        own = product.subcomponents if isinstance(product, _Component) else None
        parts = tuple(_software(part, where, problems) for part in chain(own or (), said.subcomponents or ()) if part)
        yield Product(_software(product, where, problems), parts)


def _software(component: str | _Component, place: str, problems: Problems) -> Software:
    if isinstance(component, str):
        component = _Component(id=component)
    stated = component.identifiers or _Identifiers()
    is_purl = (component.id or "").startswith(PURL_PREFIX)
    return Software(
        purls=purls_of((component.id, stated.purl), place, problems),
        cpes=tuple(filter(None, (stated.cpe23, stated.cpe22))),
        id=component.id if component.id and not is_purl else None,
    )
