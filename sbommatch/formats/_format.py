"""The contract of the advisory formats. Formats never see keys, databases or SBOMs."""

from collections.abc import Iterator
from typing import Protocol

from msgspec import Struct

from sbommatch.advisory import Advisory
from sbommatch.problem import Problem


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

    def read(self, document: bytes, where: str, context: FeedContext) -> Iterator[Advisory | Problem]:
        """The advisories of one file. Pure. What cannot be read becomes a problem with its place; no exception leaves it."""
        ...
