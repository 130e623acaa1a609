"""`sbommatch db status`, `check`, `list`, `delete` and `feeds`: what there is, and whether it is whole."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from sbommatch.cli.base import EXIT_FINDINGS, command, database_pointer, db_option, emit, finish, option, quiet_option
from sbommatch.cli.db import DIGEST_WIDTH, as_lines, day_of, json_line, output_option, table
from sbommatch.errors import UsageError
from sbommatch.reports.text import counted, printable

if TYPE_CHECKING:
    from sbommatch.store.check import Checked
    from sbommatch.store.model import DatabaseStatus, FeedStatus, SnapshotStatus
    from sbommatch.store.shelf import ShelvedDatabase
    from sbommatch.supply.declarations import Declaration

MEGABYTE = 1_000_000

History = Mapping[str, Sequence["SnapshotStatus"]]


@command("status")
@db_option
@output_option
def status(db: Path | None, output: str) -> None:
    """Say what the database holds, and of when.

    Of each feed the newest snapshot, and the history of those before it: `--as-of DATE` answers as of any day since the first.
    """
    from sbommatch.store import queries
    from sbommatch.store.open import open_database

    with open_database(database_pointer(db)) as database:
        found, history, without_rows = queries.status(database), queries.history(database), queries.without_rows(database)
    emit(json_line(_status_shape(found, history, without_rows)) if output == "json" else _status_table(found, history, without_rows), None)


def _status_shape(status: "DatabaseStatus", history: History, without_rows: Mapping[str, int]) -> dict[str, object]:
    from sbommatch.reports.json_report import database_shape

    feeds = [
        {**msgspec.structs.asdict(feed), "without_rows": without_rows.get(feed.name, 0), "history": history[feed.name]}
        for feed in status.feeds
    ]
    return {"schema": "sbommatch.status/1", "database": database_shape(status), "feeds": feeds}


def _status_table(status: "DatabaseStatus", history: History, without_rows: Mapping[str, int]) -> bytes:
    header = (
        "FEED", "CAPTURED", "ADVISORIES", "WITHDRAWN", "ROWS", "ENRICHED", "UNKEYED", "REFUSED", "SINCE", "COMPLETENESS", "COVERS"
    )  # fmt: skip
    rows = [
        (
            feed.name,
            day_of(feed.captured_at),
            str(feed.advisories),
            str(feed.withdrawn),
            str(feed.affected),
            str(feed.enrichments + feed.end_of_life),
            str(feed.unkeyed),
            str(feed.refused),
            day_of(history[feed.name][0].captured_at or history[feed.name][0].loaded_at),
            feed.completeness.replace("_", " "),
            ", ".join(feed.covers),
        )
        for feed in status.feeds
    ]
    written = f"built {status.built_at} by sbommatch {status.tool_version}, key format {status.key_format}"
    unmet = [
        f"{feed}: {counted(count, 'record')} without rows: commits, or packages that no SBOM names, or none"
        for feed, count in sorted(without_rows.items())
    ]
    found = [f"Database {status.digest[:DIGEST_WIDTH]} ({status.file}), {written}", "", *table([header, *rows])]
    return as_lines([*found, *(["", *unmet] if unmet else [])])


@command("check")
@db_option
@output_option
@quiet_option
def check(db: Path | None, output: str, quiet: bool) -> None:
    """Say whether the database is as it was written.

    The file against the checksum that is kept beside it, the counts of feeds against their rows, and what must be true of rows: intervals,
    order, keys, groups, and that nothing is left without what it belongs to. Exit code 1 where something is wrong.
    """
    from sbommatch.store.check import check_database

    checks = check_database(database_pointer(db))
    if output == "json":
        emit(json_line({"schema": "sbommatch.check/1", "checks": [_check_shape(one) for one in checks]}), None)
    else:
        emit(as_lines(_check_lines(checks, quiet=quiet)), None)
    finish([EXIT_FINDINGS if any(one.faults for one in checks) else 0])


def _check_shape(checked: "Checked") -> dict[str, object]:
    return {"name": checked.name, "ok": not checked.faults, "faults": checked.faults}


def _check_lines(checks: Sequence["Checked"], *, quiet: bool) -> Iterable[str]:
    for one in checks:
        if one.faults or not quiet:
            yield f"{'WRONG' if one.faults else 'ok   '}  {one.name}"
        yield from (f"       {printable(fault)}" for fault in one.faults)


@command("list")
@db_option
@output_option
def list_databases(db: Path | None, output: str) -> None:
    """List the databases beside the pointer.

    Each build and update leaves the one before where it is, for those who read it; `db delete` deletes.
    """
    from sbommatch.store.shelf import shelf

    found = shelf(database_pointer(db))
    emit(json_line({"schema": "sbommatch.databases/1", "databases": found}) if output == "json" else _shelf_table(found), None)


def _shelf_table(found: Sequence["ShelvedDatabase"]) -> bytes:
    header = ("", "DIGEST", "BUILT", "SIZE", "FEEDS")
    rows = [
        (
            "current" if one.is_current else "",
            one.digest[:DIGEST_WIDTH],
            one.built_at or "cannot be opened",
            f"{one.size_bytes / MEGABYTE:.1f} MB",
            ", ".join(one.feeds),
        )
        for one in found
    ]
    return as_lines(table([header, *rows]))


@command("delete")
@click.argument("digests", nargs=-1, metavar="[DIGEST]...")
@option("--older-than", type=click.IntRange(min=0), metavar="DAYS", help="Those that were built more than so many days ago.")
@option("--all-but-current", is_flag=True, help="All that the pointer does not name.")
@db_option
@quiet_option
def delete(digests: tuple[str, ...], *, older_than: int | None, all_but_current: bool, db: Path | None, quiet: bool) -> None:
    """Delete databases that are not current.

    DIGEST is one that `db list` shows, or its beginning. The current database is never deleted; who reads one that is deleted keeps it.
    """
    from sbommatch.reports.report import evaluation_day
    from sbommatch.store import shelf

    if bool(digests) + (older_than is not None) + all_but_current != 1:
        raise UsageError("name databases by their digests, or give one of --older-than and --all-but-current; `db list` lists them")
    pointer = database_pointer(db)
    if digests:
        wanted = [shelf.named(pointer, digest) for digest in digests]
    else:
        found = shelf.shelf(pointer)
        others = [one.file for one in found if not one.is_current]
        files = others if older_than is None else shelf.older_than(found, older_than, evaluation_day())
        wanted = [pointer.parent / file for file in files]
    deleted = shelf.delete(pointer, wanted)
    if not quiet:
        click.echo(f"{counted(len(deleted), 'database')} deleted", err=True)


@command("feeds")
@db_option
@output_option
def feeds(db: Path | None, output: str) -> None:
    """List the feeds that can be loaded, and their state.

    What is known of each feed, and the snapshot of it that the database holds, if there is a database.
    """
    from sbommatch.supply.declarations import declarations

    declared = tuple(declarations().values())
    states = _states(db)
    if output == "json":
        shapes = [{**msgspec.structs.asdict(feed), "state": states.get(feed.name)} for feed in declared]
        emit(json_line({"schema": "sbommatch.feeds/1", "feeds": shapes}), None)
    else:
        emit(as_lines(_feed_table(declared, states)), None)


def _states(db: Path | None) -> Mapping[str, "FeedStatus"]:
    """By feed; nothing where there is no database, unless one is named."""
    from sbommatch.store import queries
    from sbommatch.store.open import open_database

    pointer = database_pointer(db)
    if db is None and not pointer.exists():
        return {}
    with open_database(pointer) as database:
        return {feed.name: feed for feed in queries.coverage(database)}


def _feed_table(declared: Sequence["Declaration"], states: Mapping[str, "FeedStatus"]) -> list[str]:
    header = (
        "FEED", "FORMAT", "COVERS", "LOADED", "ADVISORIES", "COMPLETENESS", "PROOF", "LIVE CHECKED", "CADENCE", "LICENCE", "TITLE"
    )  # fmt: skip
    rows = [
        (
            feed.name,
            feed.format,
            ", ".join(feed.covers) or "-",
            day_of(state.captured_at) if (state := states.get(feed.name)) else "-",
            str(state.advisories or state.enrichments + state.end_of_life) if state else "-",
            feed.completeness.replace("_", " "),
            feed.proof,
            feed.live_checked,
            feed.cadence,
            feed.licence,
            feed.title,
        )
        for feed in declared
    ]
    return table([header, *rows])
