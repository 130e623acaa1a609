"""What a format of VEX documents is, and what its readers share."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Protocol

from sbommatch.errors import UnreadableError
from sbommatch.problem import ProblemCode
from sbommatch.purl import InvalidPurl, Purl, parse_purl
from sbommatch.sbom._reader import Opening, Problems, Source
from sbommatch.statement import Statement, VexDocument

PURL_PREFIX = "pkg:"

MAX_PRODUCTS = 1_000_000
"""Products and parts of them in one document, each of a statement of its own: half a kilobyte each. Real documents have some 100,000."""

_parsed = lru_cache(maxsize=1 << 12)(parse_purl)
"""The same few products stand in thousands of statements."""


class VexFormat(Protocol):
    """A format. Add one: a module in `sbommatch/vex`, a line in its `VEX_FORMATS`, a test."""

    name: str
    """As people call it."""

    def recognises(self, opening: Opening) -> bool:
        """Whether a document that begins so is of this format."""
        ...

    def read(self, source: Source) -> VexDocument:
        """The document. A statement that cannot be read, or that the format's own rules forbid, is left out with a problem, a loss.

        Raises `UnreadableError` for a document that cannot be read at all, and lets pass what decoding malformed JSON raises.
        """
        ...


def instant(text: str | None, place: str, problems: Problems) -> str | None:
    """A time of RFC 3339 in UTC, of one form, so that later ones are greater as texts; None and a note where it is none.

    >>> instant("2023-01-08T18:02:03.647787998-06:00", "", Problems(""))
    '2023-01-09T00:02:03.647787Z'
    """
    if not text:
        return None
    try:
        read = datetime.fromisoformat(text.strip())
        in_utc = read.replace(tzinfo=read.tzinfo or UTC).astimezone(UTC)
        return in_utc.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
    except (ValueError, OverflowError):
        problems.note(ProblemCode.BAD_RECORD, place, f"is no time: {text[:40]!r}")
        return None


def broken(member: str, source: Source) -> frozenset[int]:
    """The elements of a list at the top of which a part could not be read: without it they might say more than they do.

    Raises `UnreadableError` where there are so many that they were not all kept.
    """
    losses = [problem for problem in source.problems.all() if problem.loss]
    if any(problem.code is ProblemCode.LIMIT_REACHED for problem in losses):
        raise UnreadableError(f"{source.path}: too much of it cannot be read: {losses[0].message}")
    found = (re.match(rf"{re.escape(source.path)}: {member}\[(\d+)\]", problem.where) for problem in losses)
    return frozenset(int(match[1]) for match in found if match)


def purls_of(texts: Iterable[str | None], place: str, problems: Problems) -> tuple[Purl, ...]:
    """The package URLs among some texts; one that begins like one and is none is a loss: what is said of it is not applied."""
    found: dict[str, Purl] = {}
    for text in texts:
        if not text or not text.startswith(PURL_PREFIX):
            continue
        try:
            found.setdefault(text, _parsed(text))
        except InvalidPurl as exc:
            problems.loss(ProblemCode.BAD_RECORD, place, f"no PURL, so that nothing is applied by it: {exc}")
    return tuple(found.values())


def document(
    source: Source, format_: str, statements: Iterable[Statement], *, id_: str | None, version: str | int | None, author: str | None
) -> VexDocument:
    """The document, with no more statements and products than can be held. Raises `UnreadableError` over that."""
    kept: list[Statement] = []
    products = 0
    for statement in statements:
        products += sum(1 + len(product.parts) for product in statement.products)
        if products > MAX_PRODUCTS:
            raise UnreadableError(f"{source.path}: speaks of more than {MAX_PRODUCTS} products")
        kept.append(statement)
    if not kept and not source.problems.all():
        source.problems.note(ProblemCode.NO_VULNERABILITY, "", "says nothing of any vulnerability")
    return VexDocument(
        path=source.path,
        format=format_,
        id=id_ or None,
        version=_numbers(version),
        author=author or None,
        statements=tuple(kept),
        problems=source.problems.all(),
    )


def _numbers(version: str | int | None) -> tuple[int, ...]:
    """A document's version, to be compared: `1.10.0` is above `1.9.0`; nothing of one that is no row of numbers."""
    parts = str(version or "").split(".")
    return tuple(map(int, parts)) if all(part.isascii() and part.isdigit() and len(part) < 10 for part in parts) else ()
