"""OpenVEX documents (https://github.com/openvex/spec) as feeds: statements on packages, each of one status.

What they mean for versions differs: see `openvex` and `ubuntu_openvex`. A statement on a part of a product (`subcomponents`) says nothing
of that package elsewhere, and has no place in a feed; `--vex` applies it.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from hashlib import sha256

import msgspec
from msgspec import Raw, Struct, field

from sbommatch.advisory import Advisory, Affected
from sbommatch.formats._format import FeedContext
from sbommatch.problem import Problem, ProblemCode
from sbommatch.purl import InvalidPurl, Purl, parse_purl

STATUSES = frozenset({"affected", "fixed", "not_affected", "under_investigation"})

_CVE = re.compile(r"CVE-\d{4}-\d{4,}")
_URL = re.compile(r"https?://")


class Identifiers(Struct):
    """Of a product, besides its `@id`."""

    purl: str | None = None


class Component(Struct):
    """A product."""

    id: str | None = field(name="@id", default=None)
    identifiers: Identifiers | None = None
    subcomponents: tuple[Raw, ...] | None = None


class Vulnerability(Struct):
    """What a statement is about."""

    id: str | None = field(name="@id", default=None)
    name: str | None = None
    description: str | None = None
    aliases: tuple[str, ...] | None = None


class Statement(Struct):
    """One status of one vulnerability in some products."""

    vulnerability: str | Vulnerability
    status: str
    timestamp: str | None = None
    last_updated: str | None = None
    products: tuple[str | Component, ...] | None = None
    subcomponents: tuple[Raw, ...] | None = None
    justification: str | None = None
    impact_statement: str | None = None
    action_statement: str | None = None
    status_notes: str | None = None

    @property
    def about(self) -> Vulnerability:
        """The vulnerability, in the form of version 0.2.0."""
        return self.vulnerability if isinstance(self.vulnerability, Vulnerability) else Vulnerability(name=self.vulnerability)


class Document(Struct):
    """A document; Ubuntu's of 2025 have all but the statements under `metadata`."""

    context: str | None = field(name="@context", default=None)
    id: str | None = field(name="@id", default=None)
    timestamp: str | None = None
    last_updated: str | None = None
    metadata: "Document | None" = None
    statements: tuple[Raw, ...] | None = None


_DOCUMENT = msgspec.json.Decoder(Document)
_STATEMENT = msgspec.json.Decoder(Statement)

Rows = Callable[[Statement, Sequence[Purl], str, "Counter[str]"], Iterator[Affected]]
"""What a statement says of packages, in the document of that id; of what has no place it counts what it is."""


def advisories(document: bytes, where: str, context: FeedContext, rows: Rows) -> Iterator[Advisory | Problem]:
    """An advisory for each vulnerability of a document. JSON that is no OpenVEX (indexes of repositories) is a note."""
    try:
        whole = _DOCUMENT.decode(document)
        head = whole.metadata or whole
        if not (head.context or "").startswith("https://openvex.dev/ns"):
            yield Problem(ProblemCode.BAD_RECORD, where, "no OpenVEX document: it has another context, or none", loss=False)
            return
    except (ValueError, RecursionError) as exc:
        yield Problem(ProblemCode.BAD_RECORD, where, f"no OpenVEX document: {exc}", loss=True)
        return
    said: dict[str, list[Statement]] = {}
    for index, raw in enumerate(whole.statements or ()):
        read = _statement(raw, f"{where}: statements[{index}]")
        if isinstance(read, Problem):
            yield read
        else:
            said.setdefault(_name(read.about), []).append(read)
    for name, statements in said.items():
        yield from _advisory(name, statements, (head, where, context), rows)


def _statement(raw: Raw, place: str) -> Statement | Problem:
    try:
        read = _STATEMENT.decode(raw)
    except (ValueError, RecursionError) as exc:
        return Problem(ProblemCode.BAD_RECORD, place, f"no statement: {exc}", loss=True)
    reason = None
    if not _name(read.about):
        reason = "names no vulnerability"
    elif read.status not in STATUSES:
        reason = f"has the status {read.status[:40]!r}, which is none"
    elif read.status == "not_affected" and not (read.justification or read.impact_statement):
        reason = "says not_affected without justification or impact statement, and the specification demands one"
    return Problem(ProblemCode.BAD_RECORD, place, reason, loss=True) if reason else read


def _name(vulnerability: Vulnerability) -> str:
    return vulnerability.name or (vulnerability.id or "").rpartition("/")[2]


def _advisory(name: str, statements: list[Statement], at: tuple[Document, str, FeedContext], rows: Rows) -> Iterator[Advisory | Problem]:
    head, where, context = at
    identifier = _identifier(head.id or where, name)
    unplaced: Counter[str] = Counter()
    affected: list[Affected] = []
    for statement, purls in _newest(statements, head, unplaced):
        affected += rows(statement, purls, identifier, unplaced)
    if count := unplaced.pop("under_investigation", 0):
        yield Problem(ProblemCode.UNDER_INVESTIGATION, f"{where}: {identifier}", f"{count} products are under investigation", loss=False)
    if unplaced:
        text = ", ".join(f"{count} {what}" for what, count in sorted(unplaced.items()))
        yield Problem(ProblemCode.UNKNOWN_ECOSYSTEM, f"{where}: {identifier}", f"products that have no packages here: {text}", loss=False)
    names = dict.fromkeys((name, *(alias for one in statements for alias in one.about.aliases or ())))
    aliases = tuple(one for one in names if one.strip() and one != identifier and not _URL.match(one))
    advisory = Advisory(
        id=identifier,
        feed=context.feed,
        aliases=aliases,
        cves=tuple(sorted({one for one in (identifier, *aliases) if _CVE.fullmatch(one)})),
        affected=tuple(dict.fromkeys(affected)),
        summary=next((line for one in statements if (line := _line(one.about.description))), ""),
        references=tuple(one for one in names if _URL.match(one)),
        published=statements[0].timestamp or head.timestamp,
        modified=head.last_updated or head.timestamp,
        record_sha256="",
    )
    yield msgspec.structs.replace(advisory, record_sha256=sha256(msgspec.json.encode(advisory)).hexdigest())


SUMMARY_LIMIT = 120
"""Characters of a summary that is cut from the description: a line of a table."""


def _line(description: str | None) -> str:
    beginning = (description or "").strip()[: SUMMARY_LIMIT + 1].partition("\n")[0]
    return beginning if len(beginning) <= SUMMARY_LIMIT else beginning[: SUMMARY_LIMIT - 1].rstrip() + "…"


def _identifier(document: str, name: str) -> str:
    """The vulnerability's or notice's own name where the document has it for its own; else both, for others write of it too.

    >>> _identifier("https://github.com/canonical/ubuntu-security-notices/blob/main/vex/usn/USN-7372-1", "USN-7372-1")
    'USN-7372-1'
    >>> _identifier("https://example.com/vex/7", "CVE-2024-1000")
    'https://example.com/vex/7#CVE-2024-1000'
    """
    return name if document.rpartition("/")[2] == name else f"{document}#{name}"


def _newest(statements: list[Statement], head: Document, unplaced: "Counter[str]") -> Iterator[tuple[Statement, list[Purl]]]:
    """The statements in their order of time, each with the products of which it is the last word."""
    inherited = head.last_updated or head.timestamp
    ordered = sorted(statements, key=lambda one: _moment(one.last_updated or one.timestamp or inherited))
    last = {text: place for place, one in enumerate(ordered) for text in _products(one) if text}
    for place, statement in enumerate(ordered):
        purls = []
        for text in _products(statement):
            if text is None:
                unplaced["without a PURL, or parts of products"] += 1
            elif last[text] == place:
                try:
                    purls.append(parse_purl(text))
                except InvalidPurl:
                    unplaced["whose PURL is none"] += 1
        yield statement, purls


def _moment(text: str | None) -> datetime:
    try:
        read = datetime.fromisoformat(text or "")
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
    return read.replace(tzinfo=read.tzinfo or UTC)


def _products(statement: Statement) -> Iterator[str | None]:
    """The PURL of each product; None of one that has none, or only a part of which is meant."""
    for product in statement.products or ():
        one = Component(id=product) if isinstance(product, str) else product
        texts = (one.id, one.identifiers.purl if one.identifiers else None)
        purl = next((text for text in texts if text and text.startswith("pkg:")), None)
        yield None if one.subcomponents or statement.subcomponents else purl
