"""Snapshot folders that appear in a folder: carried there, mirrored there, or fetched by somebody else."""

from collections.abc import Container, Iterator
from datetime import datetime
from pathlib import Path

from msgspec import Struct

from sbommatch.errors import FeedError
from sbommatch.supply.snapshot import MANIFEST, stated

ARRIVALS_LIMIT = 100_000
"""Snapshot folders that are looked at."""

PATTERNS = (MANIFEST, f"*/{MANIFEST}", f"*/*/{MANIFEST}")
"""Where they are looked for: the folder itself, folders in it, and in these, as in FEED/DATE."""


Mark = tuple[Path, int, int, int]
"""A folder as it was; another one once it or its `snapshot.json` was changed."""


class Arrival(Struct, frozen=True, kw_only=True):
    """A snapshot folder, by what its `snapshot.json` says; nothing else of it was read."""

    path: Path
    mark: Mark
    feed: str
    captured_at: datetime


class Unreadable(Struct, frozen=True, kw_only=True):
    """One whose `snapshot.json` cannot be read, or not yet."""

    path: Path
    mark: Mark
    error: FeedError


def arrivals(folder: Path, known: Container[Mark] = ()) -> Iterator[Arrival | Unreadable]:
    """The snapshot folders in a folder but those that are known, in no order; hidden ones, by which copies are made aside, do not count.

    Raises FeedError where the folder cannot be read or holds too many.
    """
    if not folder.is_dir():
        raise FeedError(f"{folder}: there is no such folder")
    for count, manifest in enumerate(manifest for pattern in PATTERNS for manifest in folder.glob(pattern)):
        if count >= ARRIVALS_LIMIT:
            raise FeedError(f"{folder}: more than {ARRIVALS_LIMIT} snapshot folders; move old ones away")
        if not any(part.startswith(".") for part in manifest.relative_to(folder).parts):
            yield from _arrival(manifest, known)


def _arrival(manifest: Path, known: Container[Mark]) -> Iterator[Arrival | Unreadable]:
    path = manifest.parent
    try:
        mark = (path, manifest.stat().st_mtime_ns, manifest.stat().st_size, path.stat().st_mtime_ns)
    except OSError:
        return  # taken away meanwhile
    if mark in known:
        return
    try:
        feed, captured_at = stated(path)
    except FeedError as exc:
        yield Unreadable(path=path, mark=mark, error=exc)
    else:
        yield Arrival(path=path, mark=mark, feed=feed, captured_at=captured_at)
