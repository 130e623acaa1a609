"""Statements in VEX's words: what every format of VEX documents yields, and what the matching speaks of."""

from enum import StrEnum

from msgspec import Struct

from sbommatch.problem import Problem
from sbommatch.purl import Purl


class Status(StrEnum):
    """What is said of a vulnerability in a product: the four statuses of VEX (CISA, "Minimum Requirements for VEX")."""

    NOT_AFFECTED = "not_affected"
    AFFECTED = "affected"
    FIXED = "fixed"
    UNDER_INVESTIGATION = "under_investigation"


SILENCING = frozenset({Status.NOT_AFFECTED, Status.FIXED})
"""The statuses by which nothing is left to do."""


class Software(Struct, frozen=True):
    """A product or a part of one, by every identifier that a statement gives; any of them is enough."""

    purls: tuple[Purl, ...] = ()
    cpes: tuple[str, ...] = ()
    releases: tuple[tuple[str, str | None], ...] = ()
    """Of a distribution, as namespaces write them, each with a channel of updates or None: `("rhel:9", "eus:9.2")`."""
    id: str | None = None
    """What is neither: a BOM-Link, the name of an image, an IRI."""
    name: str | None = None
    """Of what the document itself is about, where nothing else identifies it; `GROUP/NAME`."""
    version: str | None = None
    """Goes with `name`."""
    versions: tuple[str, ...] = ()
    """If there are any, only these are meant: versions, and ranges (`vers:…`)."""


class Product(Struct, frozen=True):
    """What a statement is about."""

    software: Software
    parts: tuple[Software, ...] = ()
    """The subcomponents that are meant; without any it is the product as a whole, and all that is in it."""


class Statement(Struct, frozen=True, kw_only=True):
    """One status of one vulnerability in some products."""

    place: str
    """In the document: `statements[3]`."""
    ids: tuple[str, ...]
    """All names of the vulnerability."""
    status: Status
    products: tuple[Product, ...]
    justification: str | None = None
    """Of *not affected*, in the format's own word: `vulnerable_code_not_present`, `code_not_reachable`."""
    impact: str | None = None
    """In words, why it is not affected, or what is known."""
    action: str | None = None
    """In words, what to do."""
    said_at: str | None = None
    """RFC 3339 in UTC with microseconds: texts are in the order of their times."""


class VexDocument(Struct, frozen=True, kw_only=True):
    """One document."""

    path: str
    format: str
    id: str | None
    """Documents of the same id are one author's word: of two statements the newer counts, if equally old that of the later version."""
    version: tuple[int, ...]
    author: str | None
    statements: tuple[Statement, ...]
    problems: tuple[Problem, ...]
