"""`sbommatch archive sql`."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import click
import msgspec

from sbommatch.cli import base
from sbommatch.cli.archive.options import archive_argument
from sbommatch.errors import UsageError
from sbommatch.reports.text import table_lines

ROWS_AT_ONCE = 1_000
"""Of a table for people: columns are as wide as these rows need."""

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet would run."""


def _keys(_ctx: click.Context, _parameter: click.Parameter, texts: Sequence[str]) -> dict[str, bytes]:
    from sbommatch.versions import SCHEME_BY_NAME
    from sbommatch.versions.scheme import InvalidVersion, KeyDeclined

    found = {}
    for text in texts:
        name, _, versioned = text.partition("=")
        scheme, _, version = versioned.partition(":")
        if not name.isidentifier() or scheme not in SCHEME_BY_NAME:
            raise UsageError(f"--key {text}: write it as in fixed=maven:2.17; the schemes are {', '.join(sorted(SCHEME_BY_NAME))}")
        try:
            found[name] = SCHEME_BY_NAME[scheme].key(version)
        except (InvalidVersion, KeyDeclined) as exc:
            raise UsageError(f"--key {text}: {version!r} has no key in the order of {scheme}") from exc
    return found


@base.command("sql")
@archive_argument
@click.argument("statement", metavar="SELECT")
@base.option(
    "-o", "--output", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True,
    help="For people; one JSON object a line; comma-separated values.",
)  # fmt: skip
@base.option(
    "--key", multiple=True, metavar="NAME=SCHEME:VERSION", callback=_keys,
    help="What coordinates.key is compared with: with fixed=maven:2.17, `key < $fixed`; repeatable.",
)  # fmt: skip
def sql(archive: Path, statement: str, key: dict[str, bytes], output: str) -> None:
    """Ask the tables by SQL: one SELECT.

    The tables are documents, coordinates, occurrences and blobs, and where changes were recorded runs and changes; the README says where
    they are described.
    """
    from sbommatch.archive.archive import open_archive
    from sbommatch.archive.log import open_log
    from sbommatch.archive.query import select
    from sbommatch.archive.reader import open_reader

    with open_archive(archive) as opened, open_reader(opened) as reader:
        open_log(reader)
        names, rows = select(reader, statement, key)
        write = {"table": _write_table, "json": _write_json, "csv": _write_csv}[output]
        write(names, ([_plain(cell) for cell in row] for row in rows))


def _plain(cell: Any) -> Any:
    """What JSON can say: bytes in hexadecimal, as SQL writes them."""
    if isinstance(cell, bytes):
        return cell.hex()
    if isinstance(cell, dict):
        return {str(name): _plain(value) for name, value in cell.items()}
    if isinstance(cell, list | tuple):
        return [_plain(value) for value in cell]
    return cell if cell is None or isinstance(cell, bool | int | float | str) else _text(cell)


def _text(cell: object) -> str:
    return cell.isoformat() if isinstance(cell, datetime | date) else str(cell)


def _shown(cell: Any) -> str:
    if cell is None:
        return ""
    return cell if isinstance(cell, str) else msgspec.json.encode(cell).decode()


def _write_table(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    rows = iter(rows)
    while True:
        some = [tuple(map(_shown, row)) for row in islice(rows, ROWS_AT_ONCE)]
        if names:
            some.insert(0, tuple(name.upper() for name in names))
            names = ()
        if not some:
            return
        base.emit("".join(f"{line}\n" for line in table_lines(some)).encode(), None)


def _write_json(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    for row in rows:
        base.emit(msgspec.json.encode(dict(zip(names, row, strict=True))) + b"\n", None)


def _write_csv(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    for row in (names, *()):
        base.emit(_csv_line(row), None)
    for row in rows:
        base.emit(_csv_line([_shown(cell) for cell in row]), None)


def _csv_line(cells: Sequence[str]) -> bytes:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow("'" + cell if cell.startswith(FORMULA) else cell for cell in cells)
    return line.getvalue().encode("utf-8", "backslashreplace")
