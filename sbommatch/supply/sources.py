"""What the user wants loaded: `FEED=PATH[@DATE]`."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote

from msgspec import Struct

from sbommatch.errors import FeedError, UsageError
from sbommatch.supply.declarations import OSV_FEEDS, Declaration, named
from sbommatch.supply.snapshot import Snapshot, open_snapshot, parse_date


class Source(Struct, frozen=True):
    """A declared feed and a snapshot of it."""

    declaration: Declaration
    snapshot: Snapshot


def sources_of(arguments: Sequence[str]) -> tuple[Source, ...]:
    """The sources that some arguments name, sorted by feed.

    Raises UsageError for an argument of another form, FeedError where there is nothing to read.
    """
    sources = sorted((source for argument in arguments for source in _sources(argument)), key=lambda source: source.declaration.name)
    for one, next_one in pairwise(sources):
        if one.declaration.name == next_one.declaration.name:
            raise UsageError(
                f"{one.declaration.name} is named twice, one snapshot makes a feed: {one.snapshot.path}, {next_one.snapshot.path}"
            )
    return tuple(sources)


def _sources(argument: str) -> Iterator[Source]:
    name, separator, place = argument.partition("=")
    if not (name and separator and place):
        raise UsageError(f"{argument!r} is not of the form FEED=PATH[@DATE]")
    declared = named(name)
    path, at, stated = place.rpartition("@")
    captured_at = parse_date(stated) if at else None
    folder = Path(path if captured_at else place)
    if name == OSV_FEEDS:
        found = [(declaration, file) for declaration in declared if (file := bucket_file(folder, declaration))]
        if not found:
            raise FeedError(
                f"{name}: {folder} has not the layout of OSV's bucket: no {declared[0].urls[0].rpartition('//')[2].partition('/')[2]}, …"
            )
    else:
        found = [(declared[0], bucket_file(folder, declared[0]) or folder)]
    for declaration, file in found:
        yield Source(declaration, open_snapshot(declaration.name, file, captured_at))


def bucket_file(folder: Path, declaration: Declaration) -> Path | None:
    """`PyPI/all.zip` in a copy of OSV's bucket; None where there is none, and for feeds of another format."""
    if declaration.format != "osv":
        return None
    file = folder.joinpath(*unquote(declaration.urls[0]).rsplit("/", 2)[1:])
    return file if file.is_file() else None
