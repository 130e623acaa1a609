"""`sbommatch db diff`: what changed between two states of the feeds."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sbommatch.cli.base import command, database_pointer, db_option, emit
from sbommatch.cli.db import as_lines, day_of, json_line, output_option, table
from sbommatch.reports.text import shortened

RANGES_WIDTH = 60

if TYPE_CHECKING:
    from sbommatch.store.diff import Change, Difference, FeedDifference, RangeText
    from sbommatch.store.open import Database


@command("diff")
@click.argument("old")
@click.argument("new")
@db_option
@output_option
def diff(old: str, new: str, *, db: Path | None, output: str) -> None:
    """Say what changed between two databases, or two days of one.

    OLD and NEW are each a database or a pointer, a day (the database as of it), or the beginning of a digest that `db list` shows.

    Each line is one record for one package: added, removed, changed in which versions it meets, or in metadata (fix, severity, names,
    texts); what changed by identifier (exploitation, severities of other sources) follows.
    """
    from sbommatch.reports.json_report import database_shape
    from sbommatch.store.diff import difference
    from sbommatch.store.queries import status

    with _opened(old, db) as before, _opened(new, db) as after:
        found = difference(before, after)
        ends = [database_shape(status(one)) for one in (before, after)]
    if output == "json":
        emit(json_line({"schema": "sbommatch.dbdiff/1", "old": ends[0], "new": ends[1], **_shape(found)}), None)
    else:
        emit(as_lines(_lines(found)), None)


@contextmanager
def _opened(named: str, db: Path | None) -> "Iterator[Database]":
    """The state that a word names. Raises UsageError where it is nothing of the kind."""
    from sbommatch.store.open import end_of_day, open_database
    from sbommatch.store.shelf import named as shelved

    path, moment = Path(named), end_of_day(named)
    pointer = database_pointer(db)
    if path.exists():
        with open_database(path, threads=2) as database:
            yield database
    elif moment:
        with open_database(pointer, threads=2, as_of=moment) as database:
            yield database
    else:
        with open_database(shelved(pointer, named), threads=2) as database:
            yield database


def _shape(found: "Difference") -> dict[str, object]:
    return {"feeds": found.feeds, "changes": found.changes, "identifiers": found.identifiers}


def _lines(found: "Difference") -> list[str]:
    header = ("FEED", "FROM", "TO", "ADDED", "REMOVED", "MATCHING", "METADATA", "IDENTIFIERS", "EPSS")
    lines = table([header, *map(_feed_row, found.feeds)])
    if found.changes:
        columns = ("CHANGE", "FEED", "RECORD", "PACKAGE", "WHAT", "BEFORE", "AFTER")
        lines += ["", *table([columns, *map(_change_row, found.changes)])]
    if found.identifiers:
        rows = [(one.kind, one.feed, one.id, ", ".join(one.what)) for one in found.identifiers]
        lines += ["", *table([("CHANGE", "FEED", "IDENTIFIER", "WHAT"), *rows])]
    return lines


def _feed_row(feed: "FeedDifference") -> tuple[str, ...]:
    days = [day_of(captured_at) if snapshot else "-" for snapshot, captured_at in (
        (feed.before, feed.captured_before), (feed.after, feed.captured_after)
    )]  # fmt: skip
    counts = (feed.added, feed.removed, feed.matching, feed.metadata, feed.identifiers, feed.epss)
    return (feed.name, *days, *map(str, counts))


def _change_row(change: "Change") -> tuple[str, ...]:
    package = f"{change.namespace}/{change.name}" if change.name else "-"
    return (change.kind, change.feed, change.record, package, ", ".join(change.what) or "-", _ranges(change.before), _ranges(change.after))


def _ranges(rows: "tuple[RangeText, ...]") -> str:
    texts = dict.fromkeys(row.range if row.state == "affected" else f"{row.range} not affected" for row in rows)
    return shortened(", ".join(texts) or "-", RANGES_WIDTH)
