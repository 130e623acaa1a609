"""`sbommatch db search`, `show` and `export`: what the database says of records and packages."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from sbommatch.cli.base import as_of_option, command, database_pointer, db_option, emit, emit_file, option
from sbommatch.cli.db import as_lines, day_of, ecosystem_option, feed_option, json_line, output_option, table
from sbommatch.errors import UsageError
from sbommatch.reports.text import printable, shortened

if TYPE_CHECKING:
    from sbommatch.store.model import FeedStatus, FoundRecord, Group, SnapshotStatus
    from sbommatch.store.show import ShownRecord
    from sbommatch.supply.declarations import Declaration

SEARCH_SCHEMA = "sbommatch.search/1"
SHOW_SCHEMA = "sbommatch.show/1"

SUMMARY_WIDTH = 100

FORMS = ("csv", "jsonl", "parquet")


@command("search")
@click.argument("wanted", metavar="ID|PACKAGE")
@db_option
@as_of_option
@output_option
def search(wanted: str, *, db: Path | None, as_of: datetime | None, output: str) -> None:
    """Find the records of a vulnerability or a package, withdrawn ones too.

    ID is any identifier of the vulnerability; PACKAGE is a name, with its namespace or not (`jinja2`, `pypi/jinja2`,
    `alpine:3.11/musl`), or a PURL.
    """
    from sbommatch.store import queries
    from sbommatch.store.open import open_database

    with open_database(database_pointer(db), as_of=as_of) as database:
        found = queries.search(database, wanted)
    shape = {"schema": SEARCH_SCHEMA, "query": wanted, "records": [_record_shape(record) for record in found]}
    emit(json_line(shape) if output == "json" else _search_table(wanted, found), None)


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
        return as_lines([printable(f"no record names {wanted}")])
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
        lines += table(list(dict.fromkeys(rows))) if rows else []
    return as_lines(lines)


@command("show")
@click.argument("wanted", metavar="FEED|ID")
@db_option
@output_option
def show(wanted: str, *, db: Path | None, output: str) -> None:
    """Show all that is known of a record, or of a feed.

    FEED is a feed's name, as `db feeds` lists it: what is declared of it, and the snapshots that were loaded. ID is a record's own
    identifier, or else any identifier of its vulnerability: every row with its range as the feed says it, severities, exploitation, and
    the versions of the record that snapshots had.
    """
    from sbommatch.store import queries
    from sbommatch.store.open import open_database
    from sbommatch.store.show import show_records
    from sbommatch.supply.declarations import declarations

    declaration = declarations().get(wanted)
    with open_database(database_pointer(db)) as database:
        state = next((feed for feed in queries.coverage(database) if feed.name == wanted), None)
        history = queries.history(database).get(wanted, ())
        records = () if declaration else show_records(database, wanted)
    if output == "json":
        shown = [_shown_shape(record) for record in records]
        emit(
            json_line({"schema": SHOW_SCHEMA, "query": wanted, "feed": declaration, "state": state, "history": history, "records": shown}),
            None,
        )
    else:
        emit(as_lines(_feed_lines(declaration, state, history) if declaration else _shown_lines(wanted, records)), None)


def _feed_lines(declaration: "Declaration", state: "FeedStatus | None", history: Sequence["SnapshotStatus"]) -> list[str]:
    known = msgspec.to_builtins(declaration)
    rows = [
        (key.replace("_", " "), ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value))
        for key, value in known.items()
    ]
    if state is None:
        return [*table(rows), "", "not loaded"]
    loaded = [
        (day_of(one.captured_at), f"loaded {one.loaded_at}", f"{one.advisories} advisories", one.snapshot) for one in reversed(history)
    ]
    return [*table(rows), "", f"loaded: {', '.join(state.covers) or 'no namespaces'}", *table(loaded)]


def _shown_shape(record: "ShownRecord") -> dict[str, object]:
    return {**msgspec.structs.asdict(record), "groups": [_group_shape(group) for group in record.groups]}


def _group_shape(group: "Group") -> dict[str, object]:
    return {"id": group.display, "ids": group.ids, "severities": group.severities, "kev": group.kev, "epss": group.epss}


def _shown_lines(wanted: str, records: Sequence["ShownRecord"]) -> list[str]:
    if not records:
        return [printable(f"no feed is called {wanted}, and no record names it; `sbommatch db search` finds packages")]
    return [line for record in records for line in (*_one_shown(record), "")][:-1]


def _one_shown(record: "ShownRecord") -> Iterable[str]:
    yield printable(f"{record.record} ({record.feed}){', withdrawn ' + record.withdrawn[:10] if record.withdrawn else ''}")
    if record.summary:
        yield "  " + printable(shortened(record.summary, SUMMARY_WIDTH))
    for group in record.groups:
        yield from (f"  {line}" for line in _group_lines(group))
    rows = [
        (
            f"  {row.namespace}/{row.name}",
            row.range,
            row.state.replace("_", " "),
            row.fix_state.replace("_", " "),
            " ".join(filter(None, (row.name_kind, row.arch, row.module, row.channel, row.rule, "unplaced" if row.unplaced else None))),
            f"since {day_of(row.since)}",
        )
        for row in record.rows
    ]
    yield from table(rows) if rows else ["  names no package that can be placed"]
    for version in record.history:
        changed = f"modified {version.modified or 'unknown'}, sha256 {version.record_sha256}"
        until = "stands" if version.stands else f"until {day_of(version.until)}"
        yield printable(f"  since {day_of(version.since)}, {until}: {changed}")
    yield from (f"  {printable(link)}" for link in record.links)


def _group_lines(group: "Group") -> Iterable[str]:
    others = [identifier for identifier in group.ids if identifier != group.display]
    yield printable(group.display + (f" = {', '.join(others)}" if others else ""))
    for severity in group.severities:
        score = f" {severity.score}" if severity.score is not None else ""
        yield printable(f"  {severity.level}{score}: {severity.value} ({severity.source})")
    if group.kev:
        yield f"  exploited: added {group.kev.added}" + (f", due {group.kev.due}" if group.kev.due else "")
    if group.epss:
        yield f"  EPSS {group.epss.score} of {group.epss.date or 'an unknown day'}"


def _target(_ctx: click.Context, _parameter: click.Parameter, text: str) -> tuple[str, Path | None]:
    """FORMAT[=FILE]. Raises UsageError."""
    form, separator, file = text.partition("=")
    if form not in FORMS or (separator and not file):
        raise UsageError(f"--output {text}: write {', '.join(FORMS)}, and =FILE for a file")
    return form, Path(file) if file and file != "-" else None


@command("export")
@db_option
@feed_option
@ecosystem_option
@option(
    "-o", "--output", "target", default="jsonl", show_default=True, callback=_target, metavar="FORMAT[=FILE]",
    help=f"{', '.join(FORMS)}. Without FILE to stdout.",
)  # fmt: skip
def export(*, db: Path | None, feeds: tuple[str, ...], ecosystems: tuple[str, ...], target: tuple[str, Path | None]) -> None:
    """Write the rows for other programs: CSV, JSON lines, Parquet.

    One for each package and range of each record that stands, withdrawn ones among them, with what the record says beside it.
    """
    from sbommatch.store.export import Form, export_rows
    from sbommatch.store.open import open_database
    from sbommatch.store.queries import coverage
    from sbommatch.store.subset import subset_of

    form, file = target
    with open_database(database_pointer(db), threads=2) as database:
        loaded = [feed.name for feed in coverage(database)]
        if unknown := sorted(set(feeds) - set(loaded)):
            raise UsageError(f"--feed {unknown[0]}: the database holds {', '.join(loaded)}")
        with emit_file(file) as path:
            export_rows(database, Form(form), path, feeds, subset_of(ecosystems))
