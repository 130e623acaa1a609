"""One state of an archive, read by DuckDB: the files of its tables as they were at one version of `documents`."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from sbommatch.archive.archive import Archive
from sbommatch.archive.tables import BLOBS, COORDINATES, DOCUMENTS, DUCKDB_TYPES, OCCURRENCES, RESTORE, TABLES, Table, open_table
from sbommatch.errors import ArchiveError
from sbommatch.store.engine import OFFLINE, engine_error, interruptible

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

ATTEMPTS = 5
"""`compact` replaces segments; it must do so between two readings of one reader each time for all of these to fail."""


class TableFile(Struct, frozen=True):
    """A Parquet file of a table."""

    path: str
    size_bytes: int
    rows: int
    segment: int | None


class Reader:
    """A state of the archive. Its connection has the tables as views, with the rows that count."""

    def __init__(self, archive: Archive, connection: "DuckDBPyConnection", version: int, files: Mapping[str, Sequence[TableFile]]) -> None:
        self.archive = archive
        self.connection = connection
        self.version = version
        """Of `documents`."""
        self.files = files
        """By table, those with rows that count."""

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query. Raises ArchiveError where a file turns out to be damaged."""
        return self.execute(sql, parameters).fetchall()

    def records(self, sql: str, parameters: Sequence[object] | Mapping[str, object] = ()) -> list[dict[str, Any]]:
        """The same by the names of the columns."""
        result = self.execute(sql, parameters)
        names = [column[0] for column in result.description or ()]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    def relation(self, sql: str) -> Any:
        """A query that Delta takes as it is; not yet run."""
        return self.connection.sql(sql)

    def execute(self, sql: str, parameters: Sequence[object] | Mapping[str, object] = ()) -> "DuckDBPyConnection":
        """Runs a statement; its result is fetched from what this gives."""
        try:
            return self.connection.execute(sql, parameters)
        except engine_error() as exc:
            raise ArchiveError(f"{self.archive.path}: cannot be read, it may be damaged: {exc}; {RESTORE}") from exc


@contextmanager
def open_reader(archive: Archive, *, threads: int | None = None) -> Iterator[Reader]:
    """The archive as it is now. Raises ArchiveError where a table or one of its files is missing or damaged."""
    import duckdb

    config: dict[str, Any] = {**OFFLINE, "temp_directory": "", **({"threads": threads} if threads else {})}
    with interruptible():
        connection = duckdb.connect(":memory:", config=config)
        try:
            connection.execute("SET TimeZone = 'UTC'")
            yield _state(archive, connection)
        finally:
            connection.close()


def _state(archive: Archive, connection: "DuckDBPyConnection") -> Reader:
    for _ in range(ATTEMPTS):
        documents, version = files_of(DOCUMENTS, archive.path)
        reader = Reader(archive, connection, version, {DOCUMENTS.name: documents})
        reader.execute(f"CREATE OR REPLACE VIEW documents AS SELECT {SHOWN} FROM ({relation(DOCUMENTS, documents)})")
        needed = _needed(reader)
        found = {table.name: files_of(table, archive.path)[0] for table in TABLES if table is not DOCUMENTS}
        if files_of(DOCUMENTS, archive.path)[1] == version:
            break
    else:
        raise ArchiveError(f"{archive.path}: it changes faster than it can be read; try again")
    files = {DOCUMENTS.name: documents}
    for name, wanted in needed.items():
        files[name] = [file for file in found[name] if file.segment in wanted]
        _check_rows(archive.path / name, files[name], wanted)
    for table in TABLES:
        check_files(files[table.name])
        if table is not DOCUMENTS:
            reader.execute(f"CREATE VIEW all_{table.name} AS {relation(table, files[table.name])}")
    reader.files = files
    for view in _VIEWS:
        reader.execute(view)
    return reader


SHOWN = "* REPLACE (released_at::TIMESTAMP AS released_at, added_at::TIMESTAMP AS added_at)"
"""The columns of `documents`, in UTC without saying so: Python needs a library more for times with a zone."""

_VIEWS = (
    "CREATE VIEW occurrences AS FROM all_occurrences SEMI JOIN documents USING (segment, document)",
    "CREATE VIEW coordinates AS FROM all_coordinates SEMI JOIN occurrences USING (segment, coordinate)",
    "CREATE VIEW blobs AS FROM all_blobs b SEMI JOIN documents d ON d.blob_segment = b.segment AND d.blob = b.blob",
)


def files_of(table: Table, folder: Path) -> tuple[list[TableFile], int]:
    """The files of a table's newest version, and that version."""
    found = open_table(table, folder)
    actions = found.get_add_actions(flatten=True)
    columns = {name: actions.column(name).to_pylist() for name in ("path", "size_bytes", "num_records")}
    segments = actions.column("partition.segment").to_pylist() if table.is_partitioned else [None] * len(columns["path"])
    files = [
        TableFile(str(folder / table.name / path), size_bytes, rows or 0, segment)
        for path, size_bytes, rows, segment in zip(*columns.values(), segments, strict=True)
    ]
    return sorted(files, key=lambda file: file.path), found.version()


_NEEDED = """
SELECT segment, sum(components), count(*) FILTER (components > 0), NULL, NULL FROM documents GROUP BY segment
UNION ALL
SELECT NULL, NULL, NULL, blob_segment, count(*) FROM documents GROUP BY blob_segment
"""


def _needed(reader: Reader) -> dict[str, dict[int, int]]:
    """By table and segment the rows that there must be at least."""
    needed: dict[str, dict[int, int]] = {COORDINATES.name: {}, OCCURRENCES.name: {}, BLOBS.name: {}}
    for segment, components, filled, blob_segment, blobs in reader.rows(_NEEDED):
        if blob_segment is not None:
            needed[BLOBS.name][blob_segment] = blobs
        elif filled:
            needed[OCCURRENCES.name][segment] = components
            needed[COORDINATES.name][segment] = 1
    return needed


def _check_rows(path: Path, files: Iterable[TableFile], needed: Mapping[int, int]) -> None:
    rows = dict.fromkeys(needed, 0)
    for file in files:
        rows[file.segment or 0] += file.rows
    for segment, least in needed.items():
        if rows[segment] < least:
            raise ArchiveError(f"{path}: rows of stored documents are missing: {rows[segment]} of {least} in segment {segment}; {RESTORE}")


def check_files(files: Iterable[TableFile]) -> None:
    """Raises ArchiveError where a file is not there, or not as long as it was written."""
    for file in files:
        try:
            size_bytes = Path(file.path).stat().st_size
        except OSError as exc:
            raise ArchiveError(f"{file.path}: a file of the archive cannot be read: {exc.strerror}; {RESTORE}") from exc
        if size_bytes != file.size_bytes:
            raise ArchiveError(
                f"{file.path}: a file of the archive is cut short or changed: {size_bytes} bytes, not {file.size_bytes}; {RESTORE}"
            )


def relation(table: Table, files: Sequence[TableFile]) -> str:
    """The rows of some files as a query."""
    if not files:
        nothing = ", ".join(f'NULL::{DUCKDB_TYPES[type_]} AS "{name}"' for name, type_, _ in table.columns)
        return f"SELECT {nothing} WHERE false"
    paths = ", ".join("'" + file.path.replace("'", "''") + "'" for file in files)
    columns = ", ".join(f'"{name}"' for name, _, _ in table.columns)
    partitioned = ", hive_partitioning = true, hive_types = {'segment': BIGINT}" if table.is_partitioned else ", hive_partitioning = false"
    return f"SELECT {columns} FROM read_parquet([{paths}]{partitioned})"
