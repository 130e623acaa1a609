"""`sbommatch archive changes` and `archive history`."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from sbommatch.cli import base
from sbommatch.cli.archive.options import archive_argument, output_option
from sbommatch.errors import UsageError
from sbommatch.reports.text import counted, shortened, table_lines

if TYPE_CHECKING:
    from datetime import datetime

    from sbommatch.archive.archive import Archive
    from sbommatch.archive.changes import State
    from sbommatch.archive.history import Asked, Event
    from sbommatch.archive.log import Run
    from sbommatch.archive.reader import Reader
    from sbommatch.archive.recorded import ChangeGroup
    from sbommatch.store.open import Database

CHANGES_SCHEMA = "sbommatch.changes/1"
HISTORY_SCHEMA = "sbommatch.history/1"

LINES = 40
"""Of the table; the other forms have everything."""

BECAUSE_WIDTH = 60

KIND_WORDS = {
    "affected": "newly affected",
    "resolved": "resolved",
    "fix_changed": "fix changed",
    "severity_changed": "severity changed",
    "kev": "known to be exploited now",
}


@base.command("changes")
@archive_argument
@base.db_option
@base.option(
    "--since", metavar="DATE|SNAPSHOT",
    help="Since the end of a day, a time (RFC 3339), or the beginning of a snapshot's digest, by what the database knew then; records "
    "nothing.",
)  # fmt: skip
@output_option
@base.quiet_option
def changes(archive: Path, *, db: Path | None, since: str | None, output: str, quiet: bool) -> None:
    """Say what became affected or resolved, and why.

    Compares with the last time that this was called, and records what it finds: `archive history` tells it later, `archive notify` sends
    it. The first call only notes what stands. Of documents that came all that stands against them is told, of removed ones what stood.

    A feed that is not in the database any more resolves nothing: its findings stand until it says otherwise.
    """
    from sbommatch.archive.archive import open_archive
    from sbommatch.store.open import open_database

    pointer = base.database_pointer(db)
    with open_archive(archive) as opened, open_database(pointer, threads=2) as database:
        if since is None:
            _recorded(opened, database, output, quiet=quiet)
        else:
            _since(opened, database, _moment(since, database), output)


def _moment(text: str, database: "Database") -> "datetime":
    """Raises UsageError."""
    from sbommatch.store.open import end_of_day
    from sbommatch.store.queries import history

    if moment := end_of_day(text):
        return moment
    snapshots = [snapshot for of_feed in history(database).values() for snapshot in of_feed if snapshot.snapshot.startswith(text)]
    stated = {snapshot.captured_at or snapshot.loaded_at for snapshot in snapshots}
    found = end_of_day(stated.pop()) if len(stated) == 1 else None
    if found is None:
        how_many = "several snapshots begin so" if stated else "no snapshot begins so"
        raise UsageError(f"--since {text}: neither a date (2026-08-21), nor a time, and {how_many}; `sbommatch db status` shows them")
    return found


def _recorded(archive: "Archive", database: "Database", output: str, *, quiet: bool) -> None:
    from sbommatch.archive.changes import recorded_changes

    with recorded_changes(archive, database) as (found, reader):
        _emit(reader, (found.from_, found.to), found.notes, output)
    if found.from_ is None and not quiet:
        base.warn(f"{archive.path}: what stands was noted; from now on changes are told")


def _since(archive: "Archive", database: "Database", moment: "datetime", output: str) -> None:
    from datetime import UTC, datetime

    from sbommatch.archive.changes import TIME, changes_since
    from sbommatch.archive.recorded import want_found

    with changes_since(archive, database, moment) as found:
        at = f"{datetime.now(UTC):{TIME}}"
        found.number()
        want_found(found.reader, at)
        _emit(found.reader, (found.before_state, found.state(at)), found.notes, output)


_Ends = tuple["State | None", "State"]


def _emit(reader: "Reader", ends: _Ends, notes: Sequence[str], output: str) -> None:
    if output == "json":
        for piece in _json_pieces(reader, ends, notes):
            base.emit(piece, None)
    else:
        _emit_lines(_lines(reader, ends, notes))


def _emit_lines(lines: Iterable[str]) -> None:
    base.emit("".join(f"{base.printable(line)}\n" for line in lines).encode(), None)


def _json_pieces(reader: "Reader", ends: _Ends, notes: Sequence[str]) -> Iterator[bytes]:
    from sbommatch.archive.recorded import wanted_changes

    encode = msgspec.json.encode
    yield encode({"schema": CHANGES_SCHEMA, "from": ends[0], "to": ends[1], "notes": notes})[:-1] + b',"changes":['
    for place, change in enumerate(wanted_changes(reader)):
        yield (b"," if place else b"") + encode(change)
    yield b"]}\n"


def _lines(reader: "Reader", ends: _Ends, notes: Sequence[str]) -> Iterator[str]:
    from sbommatch.archive.recorded import wanted_groups, wanted_kinds

    before, after = ends
    counts = wanted_kinds(reader)
    since = f"since {before.at}" if before else "first run"
    said = ", ".join(f"{counts[kind]} {words}" for kind, words in KIND_WORDS.items() if kind in counts)
    yield f"{counted(after.documents, 'document')}, {since}: {said or 'nothing changed'}"
    yield from (f"Note: {note}" for note in notes)
    groups = wanted_groups(reader, LINES + 1)
    if groups:
        header = ("CHANGE", "ID", "SEVERITY", "KEV", "PACKAGE", "VERSION", "DOCUMENTS", "FIX", "BECAUSE")
        yield ""
        yield from table_lines([header, *map(_row, groups[:LINES])], base.terminal_columns())
    if len(groups) > LINES:
        yield f"… more: -o json has all {sum(counts.values())}"


def _row(one: "ChangeGroup") -> tuple[str, ...]:
    version = one.version or "" if one.versions < 2 else f"{one.versions} versions"
    because = one.detail if one.details == 1 else f"{one.detail} …"
    texts = (one.id, one.severity or "", "yes" if one.is_kev else "", one.package, version, str(one.documents), one.fix or "")
    return (KIND_WORDS[one.kind], *texts, shortened(because, BECAUSE_WIDTH))


@base.command("history")
@archive_argument
@click.argument("what", metavar="ID|PURL|SBOM")
@output_option
def history(archive: Path, what: str, output: str) -> None:
    """Tell what was recorded of a vulnerability, a package or a document: since when it is known here, and what became of it.

    It is what the calls of `archive changes` recorded. SBOM is a digest or the beginning of it, a path, or what the document is about.
    """
    from sbommatch.archive.archive import open_archive
    from sbommatch.archive.history import asked
    from sbommatch.archive.history import history as history_of
    from sbommatch.archive.log import open_log
    from sbommatch.archive.reader import open_reader

    with open_archive(archive) as opened, open_reader(opened) as reader:
        runs = open_log(reader)
        if not runs:
            raise UsageError(f"{archive}: nothing was recorded yet; `sbommatch archive changes {archive}` does it")
        of = asked(reader, what)
        events = history_of(reader, runs, of)
    if output == "json":
        document = of.document.sha256 if of.document else None
        first = runs[0].at
        shape = {"schema": HISTORY_SCHEMA, "asked": what, "document": document, "recorded_since": first, "events": events}
        base.emit(msgspec.json.encode(shape) + b"\n", None)
        return
    _emit_lines(_history_lines(runs, of, events, what))


def _history_lines(runs: "Sequence[Run]", of: "Asked", events: "Sequence[Event]", what: str) -> Iterator[str]:
    yield f"Recorded since {runs[0].at}, in {counted(len(runs), 'run')}; the last is of {runs[-1].at}"
    if of.document:
        yield f"{of.document.subject}: added {of.document.added_at:%Y-%m-%dT%H:%M:%SZ}"
    if not events:
        yield f"{what}: nothing was ever recorded of it"
        return
    rows = [
        (one.at, KIND_WORDS.get(one.kind, one.kind), one.id, one.severity, one.package, one.version or "", str(one.documents),
         one.detail or "")
        for one in events
    ]  # fmt: skip
    yield ""
    header = ("AT", "", "ID", "SEVERITY", "PACKAGE", "VERSION", "DOCUMENTS", "BECAUSE")
    yield from table_lines([header, *rows], base.terminal_columns())
