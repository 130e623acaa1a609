"""Opening a feed database to read it: by its pointer, or the file itself."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sbommatch.errors import DatabaseError
from sbommatch.store.engine import connect, engine_error, interruptible
from sbommatch.store.files import is_database, read_pointer
from sbommatch.versions.scheme import KEY_FORMAT

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SCHEMA_NUMBER = 2
"""Raised with every change of `schema.sql`."""

BUILD_AGAIN = "build it again with `sbommatch db build`"


class Database:
    """An open feed database, of the schema and key format that this release reads."""

    def __init__(self, path: Path, connection: "DuckDBPyConnection") -> None:
        self.path = path
        self._connection = connection

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query. Raises DatabaseError where the file turns out to be damaged."""
        return self._fetch(sql, parameters)[1]

    def records(self, sql: str, parameters: Sequence[object] = ()) -> list[dict[str, Any]]:
        """The same by the names of the columns."""
        names, rows = self._fetch(sql, parameters)
        return [dict(zip(names, row, strict=True)) for row in rows]

    def _fetch(self, sql: str, parameters: Sequence[object]) -> tuple[list[str], list[tuple[Any, ...]]]:
        try:
            result = self._connection.execute(sql, parameters)
            return [column[0] for column in result.description or ()], result.fetchall()
        except engine_error() as exc:
            raise DatabaseError(f"{self.path}: cannot be read, it may be damaged: {exc}; {BUILD_AGAIN}") from exc


@contextmanager
def open_database(path: Path, threads: int = 1) -> Iterator[Database]:
    """The database that `path` is, or points to; one thread serves a single SBOM best.

    Raises DatabaseError where it is missing, damaged, or of another schema or key format.
    """
    file = locate(path)
    with interruptible():
        try:
            connection = connect(str(file), read_only=True, threads=threads)
        except engine_error() as exc:
            raise DatabaseError(f"{file}: cannot be opened, it may be damaged: {exc}; {BUILD_AGAIN}") from exc
        try:
            database = Database(file, connection)
            _check(database)
            yield database
        finally:
            connection.close()


def locate(path: Path) -> Path:
    """The database file that `path` is or points to. Raises DatabaseError where there is none."""
    try:
        if is_database(path):
            return path
        file = read_pointer(path)
        if is_database(file):
            return file
    except FileNotFoundError as exc:
        raise DatabaseError(
            f"{exc.filename}: there is no feed database; `sbommatch db build FEED=PATH` makes one, `--db` names another"
        ) from exc
    except OSError as exc:
        raise DatabaseError(f"{path}: cannot be read: {exc.strerror}") from exc
    raise DatabaseError(f"{file}: no feed database, or damaged; {BUILD_AGAIN}")


def _check(database: Database) -> None:
    rows = database.rows("SELECT schema_number, key_format, tool_version FROM meta")
    if len(rows) != 1:
        raise DatabaseError(f"{database.path}: damaged: its table `meta` has {len(rows)} rows; {BUILD_AGAIN}")
    schema_number, key_format, tool_version = rows[0]
    if schema_number != SCHEMA_NUMBER:
        what = f"has schema {schema_number}, this release reads schema {SCHEMA_NUMBER}"
    elif key_format != KEY_FORMAT:
        what = f"has version keys of format {key_format}, this release compares keys of format {KEY_FORMAT}"
    else:
        return
    raise DatabaseError(f"{database.path}: written by sbommatch {tool_version}, it {what}: {BUILD_AGAIN}")
