"""`sbommatch archive list`, `show`, `stats`, `files`."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from sbommatch.archive.documents import Label, StoredDocument
from sbommatch.archive.tables import LOG_TABLES, TABLES
from sbommatch.cli import base
from sbommatch.cli.archive.options import archive_argument, output_option, where_option
from sbommatch.reports.text import counted, sized, table_lines

if TYPE_CHECKING:
    from sbommatch.archive.documents import StoredComponent

LIST_SCHEMA = "sbommatch.archive.list/1"
SHOW_SCHEMA = "sbommatch.archive.show/1"
STATS_SCHEMA = "sbommatch.archive.stats/1"

DIGEST_WIDTH = 12
"""Characters of a digest that people compare, and can name a document by."""


@base.command("list")
@archive_argument
@where_option
@output_option
def list_documents(archive: Path, where: Sequence[Label], output: str) -> None:
    """List the documents."""
    from sbommatch.archive.archive import open_archive
    from sbommatch.archive.documents import documents
    from sbommatch.archive.reader import open_reader

    with open_archive(archive) as opened, open_reader(opened) as reader:
        found = documents(reader, where)
    if output == "json":
        _emit_json({"schema": LIST_SCHEMA, "documents": [_shape(one) for one in found]})
        return
    header = ("DIGEST", "SUBJECT", "LABELS", "RELEASED", "ADDED", "COMPONENTS", "PATH")
    rows = [
        (one.sha256[:DIGEST_WIDTH], one.subject, _labels(one), _day(one.released_at), _day(one.added_at), str(one.components), one.path)
        for one in found
    ]
    _emit_lines(table_lines([header, *rows], base.terminal_columns()))


def _labels(document: StoredDocument) -> str:
    return " ".join(f"{name}={value}" for name, value in sorted(document.labels.items()))


def _day(moment: datetime | None) -> str:
    return moment.date().isoformat() if moment else ""


def _shape(document: StoredDocument) -> dict[str, object]:
    def time(moment: datetime | None) -> str | None:
        return f"{moment:%Y-%m-%dT%H:%M:%SZ}" if moment else None

    return {
        "sha256": document.sha256,
        "path": document.path,
        "format": document.format,
        "spec_version": document.spec_version,
        "producer": document.producer,
        "subject": {
            "name": document.subject_name,
            "version": document.subject_version,
            "purl": document.subject_purl,
            "config_digest": document.config_digest,
            "platform": document.platform,
        },
        "distro": {"id": document.distro_id, "version": document.distro_version, "from": document.distro_from},
        "labels": dict(sorted(document.labels.items())),
        "released_at": time(document.released_at),
        "added_at": time(document.added_at),
        "components": document.components,
        "losses": document.losses,
        "size_bytes": document.size_bytes,
    }


def _emit_json(shape: object) -> None:
    base.emit(msgspec.json.encode(shape) + b"\n", None)


def _emit_lines(lines: Sequence[str]) -> None:
    base.emit("".join(f"{line}\n" for line in lines).encode(), None)


@base.command("show")
@archive_argument
@click.argument("document", metavar="DOCUMENT")
@output_option
def show(archive: Path, document: str, output: str) -> None:
    """Show a document and its components.

    DOCUMENT is its digest or the beginning of it, its path, or what it is about (`shop/web 1.4`).
    """
    from sbommatch.archive.archive import open_archive
    from sbommatch.archive.documents import components, named
    from sbommatch.archive.reader import open_reader

    with open_archive(archive) as opened, open_reader(opened) as reader:
        found = named(reader, document)
        listed = components(reader, found)
    if output == "json":
        _emit_json({"schema": SHOW_SCHEMA, "document": _shape(found), "components": listed})
        return
    lines = [base.printable(f"{one}: {value}") for one, value in _facts(found) if value]
    table = table_lines([("PACKAGE", "VERSION", "ASKED FOR AS", ""), *map(_component, listed)], base.terminal_columns())
    _emit_lines([*lines, "", *table])


def _facts(found: StoredDocument) -> list[tuple[str, str]]:
    return [
        ("sha256", found.sha256),
        ("about", found.subject),
        ("path", found.path),
        ("format", " ".join(filter(None, (found.format, found.spec_version)))),
        ("producer", found.producer or ""),
        ("distribution", " ".join(filter(None, (found.distro_id, found.distro_version)))),
        ("labels", _labels(found)),
        ("released", _day(found.released_at)),
        ("added", _day(found.added_at)),
        ("components", str(found.components)),
        ("could not be read", counted(found.losses, "part") if found.losses else ""),
    ]


def _component(one: "StoredComponent") -> tuple[str, ...]:
    asked = ", ".join(dict.fromkeys(f"{namespace}/{name}" for namespace, name in one.asked))
    return one.package, one.version or "", asked or f"not asked for: {one.reason}", "removed by a later layer" if one.hidden else ""


@base.command("stats")
@archive_argument
@output_option
def stats(archive: Path, output: str) -> None:
    """Say how much an archive holds."""
    from sbommatch.archive.archive import open_archive
    from sbommatch.archive.documents import stats as counts
    from sbommatch.archive.reader import open_reader

    with open_archive(archive) as opened, open_reader(opened) as reader:
        found = counts(reader)
    if output == "json":
        _emit_json({"schema": STATS_SCHEMA, **msgspec.structs.asdict(found)})
        return
    lines = [
        f"{counted(found.documents, 'document')} of {sized(found.documents_bytes)}, {counted(found.segments, 'segment')}",
        f"{counted(found.occurrences, 'component')}, {found.coordinates} distinct",
        *(f"{name:<12} {sized(size_bytes):>9}" for name, size_bytes in found.tables.items()),
    ]
    if found.bytes_per_occurrence is not None:
        lines.append(f"{found.bytes_per_occurrence:.2f} bytes a component, beside the documents")
    _emit_lines(lines)


@base.command("files")
@archive_argument
@click.argument("table", type=click.Choice([table.name for table in (*TABLES, *LOG_TABLES)]))
def files(archive: Path, table: str) -> None:
    """List the Parquet files of a table, one a line: those whose rows count.

    A pattern would read files of deleted rows too. Rows of documents that were removed since the last `archive compact` are still in some
    of these: a join with `documents` leaves them out. Before the first `archive changes` its tables have no files.
    """
    from sbommatch.archive.archive import open_archive
    from sbommatch.archive.log import open_log
    from sbommatch.archive.reader import open_reader

    with open_archive(archive) as opened, open_reader(opened) as reader:
        open_log(reader)
        _emit_lines([file.path for file in reader.files.get(table, [])])
