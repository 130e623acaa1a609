"""The tables of an archive, and their declarations: Delta tables, appended to by many, read as the Parquet files of one version.

`documents` is the commit: rows elsewhere that no row of `documents` names do not count. Documents and coordinates are numbered within a
*segment*, what one run of `add` or `compact` wrote; its number is drawn at random, so that writers need not agree on one.
"""

import os
import re
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from msgspec import Struct

from sbommatch.errors import ArchiveError, UsageError

if TYPE_CHECKING:
    from arro3.core.types import ArrowStreamExportable
    from deltalake import DeltaTable, WriterProperties

Column = tuple[str, str, str]
"""Name, Delta type, and what it is."""

Cells: TypeAlias = "Sequence[Any] | array[int]"


class Table(Struct, frozen=True):
    """A table: its columns, and how its files are laid out."""

    name: str
    columns: tuple[Column, ...]
    rows_in_group: int
    """Rows of a row group, the least that is read."""
    is_partitioned: bool = True
    """By segment."""
    is_packed: bool = True
    """By zstd; not where the rows are."""
    zstd_level: int = 6
    """What is written while somebody waits is packed less: it costs a hundredth of the size."""
    deltas: tuple[str, ...] = ()
    """Integers that grow by little from row to row, or are all alike."""
    plain: tuple[str, ...] = ()
    """Columns of which hardly two are alike: a dictionary would only cost."""


DOCUMENTS = Table(
    "documents",
    (
        ("segment", "long", "with `document` the key of the other tables"),
        ("document", "integer", "number within the segment"),
        ("sha256", "string", "hexadecimal, of the document uncompressed; no two documents have the same"),
        ("path", "string", "as it was named when it was added"),
        ("format", "string", "`cyclonedx-json`, `spdx-json`, …"),
        ("spec_version", "string", ""),
        ("producer", "string", "`NAME VERSION`"),
        ("subject_name", "string", "what the document is about"),
        ("subject_version", "string", ""),
        ("subject_purl", "string", ""),
        ("config_digest", "string", "of the image"),
        ("platform", "string", ""),
        ("distro_from", "string", "`os_component`, `purl` or `none`"),
        ("distro_id", "string", ""),
        ("distro_version", "string", ""),
        ("labels", "map", "name -> value, as given when it was added"),
        ("released_at", "timestamp", "UTC, as given when it was added"),
        ("added_at", "timestamp", "UTC; by the clock of the machine that added it, or SOURCE_DATE_EPOCH"),
        ("components", "integer", "rows of `occurrences`"),
        ("losses", "integer", "parts of the document that could not be read"),
        ("size_bytes", "long", "uncompressed"),
        ("blob_segment", "long", "with `blob` the key of `blobs`"),
        ("blob", "integer", ""),
        ("indexed_by", "string", "which release's rules made the lookups; `archive compact` renews old ones"),
    ),
    rows_in_group=100_000,
    is_partitioned=False,
)

COORDINATES = Table(
    "coordinates",
    (
        ("segment", "long", "partition"),
        ("coordinate", "integer", "number within the segment; a row for each lookup"),
        ("coordinate_id", "binary", "16 bytes of SHA-256 over what is asked: the same in every segment and archive"),
        ("package", "string", "the component's name"),
        ("reason", "string", "why its own lookups cannot be checked; NULL: they can"),
        ("cpe_reason", "string", "the same where it is asked for by its CPEs too"),
        ("lookup", "integer", "its place among the lookups of the coordinate, from 0; those by CPE come last"),
        ("namespace", "string", "`pypi`, `debian:12`, `cpe`; where `scheme` is NULL the type of the PURL"),
        ("name", "string", "normalised"),
        ("name_kind", "string", "`source`, `binary`, `self`"),
        ("scheme", "string", "the order of its versions; NULL: no lookup, the row only names the component"),
        ("raw_version", "string", "as stated"),
        ("key", "binary", "orders as the versions do, within a scheme; NULL: the version has none"),
        ("arch", "string", ""),
        ("module", "string", ""),
        ("channels", "string", "of updates, sorted, a space between"),
        ("assumes", "string", "rules by which it had to be assumed, a space between"),
    ),
    rows_in_group=200_000,
    deltas=("coordinate", "lookup"),
    plain=("coordinate_id", "key"),
)

OCCURRENCES = Table(
    "occurrences",
    (
        ("segment", "long", "partition"),
        ("document", "integer", ""),
        ("position", "integer", "of the component within the document, from 0, nested ones after their parent"),
        ("coordinate", "integer", ""),
        ("hidden", "boolean", "a later layer removed it"),
        ("counted", "boolean", "coverage counts it: a library, application, framework or platform"),
        ("owner", "integer", "position of the OS package that delivers it"),
    ),
    rows_in_group=1_000_000,
    deltas=("document", "position", "coordinate", "owner"),
)

BLOBS = Table(
    "blobs",
    (
        ("segment", "long", "partition"),
        ("blob", "integer", "number within the segment"),
        ("sha256", "string", "of the document"),
        ("content", "binary", "the document, one zstd frame"),
    ),
    rows_in_group=64,
    is_packed=False,
    plain=("content", "sha256"),
)

RUNS = Table(
    "runs",
    (
        ("run", "long", "drawn at random; the `segment` of the rows that it wrote"),
        ("number", "integer", "from 1, in the order in which changes were recorded"),
        ("at", "string", "UTC, RFC 3339, by the clock of the machine"),
        ("database", "string", "digest of the feed database"),
        ("moment", "string", "UTC, RFC 3339: as of when the database shows the same snapshots again"),
        ("feeds", "map", "name -> digest of its snapshot"),
        ("rules", "string", "release and index of sbommatch that decided"),
        ("documents", "integer", "in the archive"),
        ("changes", "integer", "found; the first run only notes what stands"),
    ),
    rows_in_group=10_000,
    is_partitioned=False,
)

CHANGES = Table(
    "changes",
    (
        ("segment", "long", "partition: the run"),
        ("place", "integer", "within the run, from 0"),
        ("sha256", "string", "of the document; what it is about and its labels stand in `documents`, else in `removed`"),
        ("position", "integer", "of the component within it"),
        ("told", "integer", "what is told of it: with `segment` the key of `told`"),
    ),
    rows_in_group=200_000,
    zstd_level=1,
    deltas=("place", "position"),
)

TOLD = Table(
    "told",
    (
        ("segment", "long", "partition: the run"),
        ("told", "integer", "number within the run; a row for all components of which the same is told"),
        ("kind", "string", "`affected`, `resolved`, `fix_changed`, `severity_changed`, `kev`"),
        ("package", "string", ""),
        ("version", "string", ""),
        ("id", "string", "of the vulnerability"),
        ("record", "string", "the feed's"),
        ("cause", "string", "`feed`, `feed_gone`, `document`, `rules`"),
        ("detail", "string", "which, in words"),
        ("level", "string", "of severity; of what was resolved, as it was"),
        ("is_kev", "boolean", ""),
        ("fix", "string", "versions that fix it, a comma between"),
    ),
    rows_in_group=200_000,
    deltas=("told",),
)

STANDING = Table(
    "standing",
    (
        ("segment", "long", "partition: the run; of a coordinate the rows of its newest run count"),
        ("coordinate_id", "binary", ""),
        ("owner_id", "binary", "of the OS package that delivers it, where that changes the answer"),
        ("stands", "boolean", "false: nothing is known of this coordinate, or pair, by itself any more"),
        ("id", "string", "NULL: it has no finding"),
        ("ids", "string", "all names of the vulnerability, a space between"),
        ("level", "string", ""),
        ("fix_state", "string", ""),
        ("fix", "string", ""),
        ("kev_added", "string", ""),
        ("feed", "string", ""),
        ("record", "string", ""),
        ("namespace", "string", ""),
        ("name", "string", ""),
        ("version", "string", ""),
        ("package", "string", ""),
    ),
    rows_in_group=200_000,
)

MEMBERS = Table(
    "members",
    (
        ("segment", "long", "partition: the run; of a document the row of its newest run counts"),
        ("sha256", "string", ""),
        ("is_there", "boolean", "whether the document was in the archive"),
    ),
    rows_in_group=200_000,
    plain=("sha256",),
)

REMOVED = Table(
    "removed",
    (*DOCUMENTS.columns, ("removed_at", "timestamp", "UTC; the row counts where the document is not in `documents`")),
    rows_in_group=100_000,
    is_partitioned=False,
)

TABLES = (DOCUMENTS, COORDINATES, OCCURRENCES, BLOBS)
LOG_TABLES = (RUNS, CHANGES, TOLD, STANDING, MEMBERS, REMOVED)
"""Made by the first run of `archive changes`; a row of `runs` is what makes the rows of its run count, and is written last."""
TABLE_BY_NAME = {table.name: table for table in TABLES}

CONFIGURATION: dict[str, str | None] = {"delta.logRetentionDuration": "interval 7 days", "delta.checkpointInterval": "50"}

DUCKDB_TYPES = {
    "long": "BIGINT",
    "integer": "INTEGER",
    "string": "VARCHAR",
    "binary": "BLOB",
    "boolean": "BOOLEAN",
    "timestamp": "TIMESTAMPTZ",
    "map": "MAP(VARCHAR, VARCHAR)",
}


def create(table: Table, folder: Path) -> None:
    """Makes an empty table; nothing happens where there is one. Raises UsageError where the folder cannot be written."""
    from deltalake import DeltaTable

    with written(folder):
        DeltaTable.create(
            str(folder / table.name),
            schema=_schema(table),
            mode="ignore",
            partition_by=["segment"] if table.is_partitioned else None,
            configuration=CONFIGURATION,
        )


def _schema(table: Table) -> Any:
    from deltalake.schema import Field, MapType, PrimitiveType, Schema

    types = {"map": MapType(PrimitiveType("string"), PrimitiveType("string"), value_contains_null=True)}
    return Schema([Field(name, types.get(type_) or PrimitiveType(type_)) for name, type_, _ in table.columns])


def open_table(table: Table, folder: Path) -> "DeltaTable":
    """The newest version of a table. Raises ArchiveError where it is missing, damaged, or another table."""
    from deltalake import DeltaTable
    from deltalake.exceptions import DeltaError, TableNotFoundError

    path = folder / table.name
    try:
        found = DeltaTable(str(path))
        columns = tuple(field.name for field in found.schema().fields)
    except TableNotFoundError as exc:
        raise ArchiveError(f"{path}: the table is missing; {RESTORE}") from exc
    except (DeltaError, OSError, ValueError) as exc:
        raise ArchiveError(f"{path}: the table cannot be read, it may be damaged: {reason(exc)}; {RESTORE}") from exc
    if columns != tuple(name for name, _, _ in table.columns):
        raise ArchiveError(f"{path}: is no table of an archive: its columns are {', '.join(columns)}; {RESTORE}")
    return found


RESTORE = "restore the archive's folder from a copy"


def append(table: Table, folder: Path, segment: int, columns: Mapping[str, Cells]) -> None:
    """Adds rows of a segment, given without that column. Raises UsageError where they cannot be written."""
    from arro3.core import Table as ArrowTable
    from deltalake import write_deltalake

    rows = len(next(iter(columns.values())))
    cells: dict[str, Cells] = {"segment": array("q", [segment]) * rows, **columns}
    arrow = ArrowTable.from_arrays([_arrow(cells[name], type_) for name, type_, _ in table.columns], names=list(_names(table)))
    with written(folder):
        write_deltalake(str(folder / table.name), arrow, mode="append", writer_properties=writer_properties(table))


def write_relation(table: Table, folder: Path, rows: "ArrowStreamExportable") -> None:
    """Adds the rows of a query of DuckDB, segment and all, in its order. Raises UsageError where they cannot be written."""
    from deltalake import write_deltalake

    with written(folder):
        write_deltalake(str(folder / table.name), rows, mode="append", writer_properties=writer_properties(table))


def _names(table: Table) -> Iterator[str]:
    return (name for name, _, _ in table.columns)


def _arrow(cells: Cells, type_: str) -> Any:
    from arro3.core import Array, DataType

    if isinstance(cells, array):
        return Array.from_buffer(cells)
    makers: dict[str, Callable[[], DataType]] = {
        "long": DataType.int64,
        "integer": DataType.int32,
        "string": DataType.string,
        "binary": DataType.binary,
        "boolean": DataType.bool,
    }
    return Array(cells, makers[type_]())


def writer_properties(table: Table) -> "WriterProperties":
    """How the files of a table are laid out."""
    from deltalake import ColumnProperties, WriterProperties

    delta = ColumnProperties(dictionary_enabled=False, encoding="DELTA_BINARY_PACKED")
    plain = ColumnProperties(dictionary_enabled=False, statistics_enabled="NONE")
    return WriterProperties(
        compression="ZSTD" if table.is_packed else "UNCOMPRESSED",
        compression_level=table.zstd_level if table.is_packed else None,
        max_row_group_size=table.rows_in_group,
        column_properties={**dict.fromkeys(table.deltas, delta), **dict.fromkeys(table.plain, plain)},
    )


@contextmanager
def written(folder: Path) -> Iterator[None]:
    """Inside, what keeps a table from being written is raised as UsageError; nothing that counts was changed by it."""
    from deltalake.exceptions import CommitFailedError, DeltaError

    try:
        with _muted():
            yield
    except CommitFailedError:
        raise
    except (DeltaError, OSError) as exc:
        raise UsageError(f"{folder}: cannot be written: {reason(exc)}; what was added before is untouched") from exc


@contextmanager
def _muted() -> Iterator[None]:
    """Nothing comes out on standard error: on a full disk a thread of Delta Lake's prints its panic there, beside the error it raises."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


_OF_SYSTEM = re.compile(r"\(os error (\d+)\)")
_DRAWN = re.compile(r"\x1b\[\d*m|↳")


def reason(exc: Exception) -> str:
    r"""What an error of Delta Lake's says, in a line: the system's own word where it was that.

    >>> reason(OSError("Generic error\n \x1b[31m↳\x1b[0m No space left on device (os error 28)\n"))
    'No space left on device'
    """
    found = _OF_SYSTEM.search(str(exc))
    return os.strerror(int(found[1])) if found else " ".join(_DRAWN.sub("", str(exc)).split())
