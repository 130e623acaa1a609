"""The databases that stand beside a pointer: listed, and deleted when nobody needs them any more."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path

from msgspec import Struct

from sbommatch.errors import DatabaseError, UsageError
from sbommatch.store.files import DATABASE_NAME, checksum_file, databases_beside, pointed_to, writing
from sbommatch.store.open import open_database
from sbommatch.store.queries import status

DIGEST_LEAST = 4
"""Characters by which a digest may be named."""


class ShelvedDatabase(Struct, frozen=True, kw_only=True):
    """A database file."""

    file: str
    digest: str
    built_at: str | None
    """RFC 3339; None where the file cannot be opened, being damaged or of another release."""
    size_bytes: int
    is_current: bool
    """The pointer names it."""
    feeds: tuple[str, ...]


def shelf(pointer: Path) -> tuple[ShelvedDatabase, ...]:
    """All databases beside the pointer, newest first (of one second the current one), those that cannot be opened last.

    Raises DatabaseError where the folder cannot be read.
    """
    current = pointed_to(pointer)
    found = (_shelved(path, is_current=path == current) for path in databases_beside(pointer))
    return tuple(sorted(sorted(found, key=lambda one: one.file), key=lambda one: (one.built_at or "", one.is_current), reverse=True))


def _shelved(path: Path, *, is_current: bool) -> ShelvedDatabase:
    built_at, feeds = None, []
    try:
        with open_database(path) as database:
            found = status(database)
            built_at, feeds = found.built_at, [feed.name for feed in found.feeds]
    except DatabaseError:
        pass  # it is listed all the same: it takes up room
    return ShelvedDatabase(
        file=path.name,
        digest=path.name.removeprefix("db-").removesuffix(".duckdb"),
        built_at=built_at,
        size_bytes=path.stat().st_size,
        is_current=is_current,
        feeds=tuple(feeds),
    )


def named(pointer: Path, digest: str) -> Path:
    """The database beside the pointer whose digest begins so. Raises UsageError where there is none, or several."""
    digest = digest.lower().removeprefix("db-").removesuffix(".duckdb")
    fitting = [path for path in databases_beside(pointer) if (match := DATABASE_NAME.fullmatch(path.name)) and match[1].startswith(digest)]
    if len(digest) < DIGEST_LEAST or len(fitting) != 1:
        why = "several have" if len(fitting) > 1 and len(digest) >= DIGEST_LEAST else "no database has"
        raise UsageError(f"{pointer.parent}: {why} a digest that begins with {digest!r}; `sbommatch db list` lists them")
    return fitting[0]


def delete(pointer: Path, wanted: Iterable[Path]) -> tuple[Path, ...]:
    """Deletes databases beside the pointer with their checksums; who reads one keeps it. Never the current one: UsageError.

    Nothing is deleted while another process writes: DatabaseError.
    """
    with writing(pointer):
        current = pointed_to(pointer)
        paths = sorted(set(wanted))
        if current in paths:
            raise UsageError(f"{current}: it is the current database, and stays; `db build` makes another one current")
        for path in paths:
            path.unlink(missing_ok=True)
            checksum_file(path).unlink(missing_ok=True)
        return tuple(paths)


def older_than(databases: Iterable[ShelvedDatabase], days: int, today: str) -> tuple[str, ...]:
    """The files of those that were built more than so many days before a day; not the current one, and none that cannot be opened."""
    day = date.fromisoformat(today)
    return tuple(
        one.file for one in databases if one.built_at and not one.is_current and (day - date.fromisoformat(one.built_at[:10])).days > days
    )
