"""What the readers of rpm's databases yield: header blobs, and the places where a database is damaged."""

from collections.abc import Iterator
from typing import TypeVar

from msgspec import Struct

BLOB_LIMIT_BYTES = 256 << 20
"""The longest header: rpm itself refuses more data in one (HEADER_DATA_MAX)."""

DAMAGES_LIMIT = 100
"""Damaged places of one database that are listed; what has more is no database, and reading it ends there."""


class Blob(Struct, frozen=True):
    """One header as a database holds it."""

    number: int
    """Of the header in its database (`hnum`): rpm counts up and never uses a number again."""
    body: bytes


class Damage(Struct, frozen=True, array_like=True):
    """A part of a database that could not be read; the rest was."""

    where: str
    """`page 12`, `header 7`; empty for the database as a whole."""
    message: str


class RpmdbError(Exception):
    """Bytes that are not what rpm writes: the only error of the readers."""

    def __init__(self, where: str, message: str) -> None:
        super().__init__(f"{where}: {message}" if where else message)
        self.damage = Damage(where, message)


_Found = TypeVar("_Found")


def limited(found: Iterator[_Found | Damage]) -> Iterator[_Found | Damage]:
    """The same, but it ends with the damage after the first `DAMAGES_LIMIT`."""
    damages = 0
    for one in found:
        if isinstance(one, Damage):
            damages += 1
            if damages > DAMAGES_LIMIT:
                yield Damage("", f"more than {DAMAGES_LIMIT} damaged places: the rest is not read")
                return
        yield one
