"""`sbommatch db`: build the feed database, and look into it."""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from sbommatch.cli.base import (
    EXIT_LOSS,
    CommandEntry,
    LazyGroup,
    command,
    database_pointer,
    db_option,
    emit,
    finish,
    option,
    quiet_option,
    verbose_option,
    warn,
)
from sbommatch.errors import UsageError
from sbommatch.reports.text import GAP, aligned, column_widths, counted, printable, shortened

if TYPE_CHECKING:
    from sbommatch.store.build import BuildResult
    from sbommatch.store.model import DatabaseStatus, FoundRecord

STATUS_SCHEMA = "sbommatch.status/1"
SEARCH_SCHEMA = "sbommatch.search/1"

LOSSES_SHOWN = 20
"""Lines on stderr; where a whole feed changed its form, thousands would say the same."""

SUMMARY_WIDTH = 100

DIGEST_WIDTH = 12
"""Characters of a digest that people compare."""


class DbGroup(LazyGroup):
    """The commands on the feed database."""

    entries = (
        CommandEntry("build", "sbommatch.cli.db:build", "Build a new database from local files of feeds."),
        CommandEntry("status", "sbommatch.cli.db:status", "Say what the database holds, and of when."),
        CommandEntry("search", "sbommatch.cli.db:search", "Find the records of a vulnerability or a package."),
        CommandEntry("feeds", "sbommatch.cli.db:feeds", "List the feeds that can be loaded."),
    )


@click.group("db", cls=DbGroup, no_args_is_help=True, context_settings={"help_option_names": ["-h", "--help"]})
def db() -> None:
    """Build the feed database, and look into it."""


output_option = option(
    "-o", "--output", type=click.Choice(["table", "json"]), default="table", show_default=True, help="For people, or for programs."
)


@command("build")
@click.argument("sources", nargs=-1, metavar="[FEED=PATH[@DATE]]...")
@db_option
@quiet_option
@verbose_option
def build(sources: tuple[str, ...], db: Path | None, quiet: bool, verbose: bool) -> None:
    """Build a new database from local files of feeds.

    PATH is what the feed publishes (zip, folder, single file), or a folder with a snapshot.json; DATE is when it was captured, where
    the feed does not say it. `osv` as FEED stands for all feeds in a copy of OSV's bucket. `sbommatch db feeds` lists the feeds.

    The database is written beside FILE and FILE made the pointer to it; who reads the old one keeps it.
    """
    if not sources:
        raise UsageError("name at least one feed: `sbommatch db build osv-pypi=PyPI/all.zip`; `sbommatch db feeds` lists them")
    from sbommatch.store import build as store
    from sbommatch.supply.sources import sources_of

    progress = _Progress(sys.stderr.isatty() and not quiet)
    try:
        result = store.build(sources_of(sources), database_pointer(db), progress=progress.show)
    finally:
        progress.clear()
    _report(result, quiet=quiet, verbose=verbose)
    finish([EXIT_LOSS if result.losses else 0])


class _Progress:
    """One line on a terminal that counts the records."""

    def __init__(self, visible: bool) -> None:
        self._visible = visible

    def show(self, feed: str, records: int) -> None:
        """Overwrites the line."""
        if self._visible:
            click.echo(f"\r\x1b[K{feed}: {records} records", nl=False, err=True)

    def clear(self) -> None:
        """Leaves no trace."""
        if self._visible:
            click.echo("\r\x1b[K", nl=False, err=True)


def _report(result: "BuildResult", *, quiet: bool, verbose: bool) -> None:
    for problem in result.losses[:LOSSES_SHOWN]:
        warn(f"{problem.where}: {problem.message}")
    if len(result.losses) > LOSSES_SHOWN:
        warn(f"and {len(result.losses) - LOSSES_SHOWN} more that could not be read")
    if quiet:
        return
    for feed in result.status.feeds:
        if feed.captured_at is None:
            warn(f"{feed.name}: it does not say when it was captured; `{feed.name}=PATH@DATE` does")
    if verbose:
        for code, count in sorted(result.notes.items()):
            warn(f"note: {code} {counted(count, 'time')}")
    advisories = sum(feed.advisories for feed in result.status.feeds)
    click.echo(
        f"{result.database}: {counted(advisories, 'advisory', 'advisories')} of {counted(len(result.status.feeds), 'feed')}", err=True
    )


@command("status")
@db_option
@output_option
def status(db: Path | None, output: str) -> None:
    """Say what the database holds, and of when."""
    from sbommatch.store import queries
    from sbommatch.store.open import open_database

    with open_database(database_pointer(db)) as database:
        found = queries.status(database)
    emit(_json(_status_shape(found)) if output == "json" else _status_table(found), None)


def _json(shape: object) -> bytes:
    return msgspec.json.encode(shape) + b"\n"


def _status_shape(status: "DatabaseStatus") -> dict[str, object]:
    from sbommatch.reports.json_report import database_shape

    return {"schema": STATUS_SCHEMA, "database": database_shape(status), "feeds": status.feeds}


def _status_table(status: "DatabaseStatus") -> bytes:
    header = ("FEED", "CAPTURED", "ADVISORIES", "WITHDRAWN", "ROWS", "UNKEYED", "REFUSED", "COMPLETENESS", "COVERS")
    rows = [
        (
            feed.name,
            feed.captured_at[:10] if feed.captured_at else "unknown",
            str(feed.advisories),
            str(feed.withdrawn),
            str(feed.affected),
            str(feed.unkeyed),
            str(feed.refused),
            feed.completeness.replace("_", " "),
            ", ".join(feed.covers),
        )
        for feed in status.feeds
    ]
    written = f"built {status.built_at} by sbommatch {status.tool_version}, key format {status.key_format}"
    return _lines([f"Database {status.digest[:DIGEST_WIDTH]} ({status.file}), {written}", "", *_table([header, *rows])])


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    rows = [[printable(cell) for cell in row] for row in rows]
    widths = column_widths(rows)
    return [GAP.join(aligned(row, widths)).rstrip() for row in rows]


def _lines(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


@command("search")
@click.argument("wanted", metavar="ID|PACKAGE")
@db_option
@output_option
def search(wanted: str, db: Path | None, output: str) -> None:
    """Find the records of a vulnerability or a package, withdrawn ones too.

    ID is any identifier of the vulnerability; PACKAGE is a name, with its namespace or not (`jinja2`, `pypi/jinja2`,
    `alpine:3.11/musl`), or a PURL.
    """
    from sbommatch.store import queries
    from sbommatch.store.open import open_database

    with open_database(database_pointer(db)) as database:
        found = queries.search(database, wanted)
    shape = {"schema": SEARCH_SCHEMA, "query": wanted, "records": [_record_shape(record) for record in found]}
    emit(_json(shape) if output == "json" else _search_table(wanted, found), None)


def _record_shape(record: "FoundRecord") -> dict[str, object]:
    affected = [
        {
            "namespace": row.namespace,
            "name": row.name,
            "name_kind": row.name_kind,
            "range": row.raw,
            "rule": row.rule,
            "state": row.state,
            "fix": {"state": row.fix_state, "versions": [row.fix] if row.fix else []},
            "unplaced": row.unplaced,
        }
        for row in record.affected
    ]
    return {**msgspec.structs.asdict(record), "affected": affected}


def _search_table(wanted: str, found: Sequence["FoundRecord"]) -> bytes:
    if not found:
        return _lines([printable(f"no record names {wanted}")])
    lines: list[str] = []
    for record in found:
        withdrawn = f", withdrawn {record.withdrawn[:10]}" if record.withdrawn else ""
        levels = ", ".join(dict.fromkeys(severity.level for severity in record.severities))
        others = ", ".join(identifier for identifier in record.ids if identifier != record.record)
        lines.append(
            printable(
                f"{record.record} ({record.feed}{withdrawn})" + (f" = {others}" if others else "") + (f", {levels}" if levels else "")
            )
        )
        if record.summary:
            lines.append("  " + printable(shortened(record.summary, SUMMARY_WIDTH)))
        rows = [(f"  {row.namespace}/{row.name}", row.raw, "" if row.state == "affected" else "not affected") for row in record.affected]
        lines += _table(list(dict.fromkeys(rows))) if rows else []
    return _lines(lines)


@command("feeds")
@output_option
def feeds(output: str) -> None:
    """List the feeds that can be loaded."""
    from sbommatch.supply.declarations import declarations

    declared = tuple(declarations().values())
    if output == "json":
        emit(_json({"schema": "sbommatch.feeds/1", "feeds": declared}), None)
        return
    header = ("FEED", "FORMAT", "COVERS", "COMPLETENESS", "PROOF", "LIVE CHECKED", "CADENCE", "LICENCE", "TITLE")
    rows = [
        (
            feed.name,
            feed.format,
            ", ".join(feed.covers),
            feed.completeness.replace("_", " "),
            feed.proof,
            feed.live_checked,
            feed.cadence,
            feed.licence,
            feed.title,
        )
        for feed in declared
    ]
    emit(_lines(_table([header, *rows])), None)
