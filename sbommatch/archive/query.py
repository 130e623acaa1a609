"""SQL of the user on an archive: one SELECT, on the tables alone."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sbommatch.archive.reader import Reader
from sbommatch.errors import UsageError
from sbommatch.store.engine import engine, engine_error

ROWS_AT_ONCE = 2_000

_DRAWN = re.compile(r"\n\nLINE \d+:")


def select(reader: Reader, sql: str, named: Mapping[str, bytes] | None = None) -> tuple[list[str], Iterator[Sequence[Any]]]:
    """Names of the columns, and the rows of a SELECT, with values for the parameters that it names (`$fixed`).

    Raises UsageError where it is none, or several, or reaches for anything but the archive's tables and DuckDB's own functions. After
    it the connection can do nothing else.
    """
    connection = reader.connection
    try:
        statements = connection.extract_statements(sql)
        if len(statements) != 1 or statements[0].type != engine().StatementType.SELECT:
            kinds = ", ".join(str(one.type).rpartition(".")[2] for one in statements) or "nothing"
            raise UsageError(f"only one SELECT can be run, this is {kinds}")
        _lock(reader)
        result = connection.execute(statements[0], dict(named or {}))
        names = [column[0] for column in result.description or ()]
        return names, _rows(result)
    except engine_error() as exc:
        raise _failed(exc) from exc


def _rows(result: Any) -> Iterator[Sequence[Any]]:
    try:
        while rows := result.fetchmany(ROWS_AT_ONCE):
            yield from rows
    except engine_error() as exc:
        raise _failed(exc) from exc


def _failed(exc: Exception) -> UsageError:
    """In a line, without the part of the statement that DuckDB draws below it."""
    return UsageError(f"the statement failed: {' '.join(_DRAWN.split(str(exc))[0].split())}")


def _lock(reader: Reader) -> None:
    """From here on the connection reads the archive's files and no others, writes none, and stays so."""
    paths = [file.path for files in reader.files.values() for file in files]
    listed = ", ".join("'" + path.replace("'", "''") + "'" for path in paths)
    reader.connection.execute(f"SET allowed_paths = [{listed}]")
    reader.connection.execute("SET enable_external_access = false")
    reader.connection.execute("SET lock_configuration = true")
