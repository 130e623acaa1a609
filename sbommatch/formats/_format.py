"""The contract of the advisory formats. Formats never see keys, databases or SBOMs."""

from collections.abc import Iterator
from typing import Protocol

from msgspec import Struct

from sbommatch.advisory import Advisory, EndOfLife, Enrichment
from sbommatch.problem import Problem

Read = Advisory | Enrichment | EndOfLife | Problem
"""What a format finds in a file."""


class FeedContext(Struct, frozen=True):
    """What a format may know of the feed it reads."""

    feed: str
    """The feed's name."""


class Format(Protocol):
    """An advisory format. Add one: a module in `sbommatch/formats`, a line in its `FORMATS`, a test."""

    name: str
    """As feed declarations name it: `osv`, `alpine-secdb`."""
    suffixes: tuple[str, ...]
    """Names of the files it reads inside a snapshot: `.json`."""

    def read(self, document: bytes, where: str, context: FeedContext) -> Iterator[Read]:
        """What one file says. Pure. What cannot be read becomes a problem with its place; no exception leaves it."""
        ...
