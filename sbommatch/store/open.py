"""Opening a feed database to read it: by its pointer, or the file itself; as it is, or as of a past moment.

As of a moment the tables show what stood then as if it were the present (`last_snapshot` NULL), so that every question is asked in the same
words: temporary views stand before the tables of the same names.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sbommatch.errors import DatabaseError, UsageError
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

    def __init__(self, path: Path, connection: "DuckDBPyConnection", threads: int = 1) -> None:
        self.path = path
        self.threads = threads
        """Whoever opens the same file again in this process must ask for as many."""
        self.as_of: datetime | None = None
        """UTC; None: as it is."""
        self._connection = connection

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query. Raises DatabaseError where the file turns out to be damaged."""
        return self._fetch(sql, parameters)[1]

    def records(self, sql: str, parameters: Sequence[object] = ()) -> list[dict[str, Any]]:
        """The same by the names of the columns."""
        names, rows = self._fetch(sql, parameters)
        return [dict(zip(names, row, strict=True)) for row in rows]

    def copy(self, rows: str, target: Path, options: str) -> None:
        """Writes the rows of a query to a file, in one of the engine's formats. Raises UsageError where it cannot be written."""
        quoted = str(target).replace("'", "''")
        try:
            self._connection.execute(f"COPY ({rows}) TO '{quoted}' ({options})")
        except engine_error() as exc:
            raise UsageError(f"{target}: cannot be written: {exc}") from exc

    def _fetch(self, sql: str, parameters: Sequence[object]) -> tuple[list[str], list[tuple[Any, ...]]]:
        try:
            result = self._connection.execute(sql, parameters)
            return [column[0] for column in result.description or ()], result.fetchall()
        except engine_error() as exc:
            raise damaged(self.path, exc) from exc

    def show_as_of(self, moment: datetime) -> None:
        """From now on shows what stood at a moment. Raises UsageError where no feed had been captured by then."""
        self.as_of = moment
        first, standing = self._standing()
        if not any(standing):
            known = f"the first snapshot is of {first:%Y-%m-%d}" if first else "it has no snapshots"
            raise UsageError(f"{self.path}: it knows nothing as of {moment:%Y-%m-%d}: {known}")
        catalog = self.rows("SELECT '\"' || replace(current_database(), '\"', '\"\"') || '\"'")[0][0]
        try:
            self._connection.execute(_STANDS.format(standing=standing))
            for table in ("advisory", "enrichment", "end_of_life", "affected"):
                self._connection.execute(_VIEW.format(table=table, catalog=catalog))
            _regroup_as_of(self._connection, catalog)
        except engine_error() as exc:
            raise damaged(self.path, exc) from exc

    def _standing(self) -> tuple[datetime | None, list[int]]:
        """When the first snapshot was captured; by snapshot_id the one of the same feed that stood at the moment shown, 0 for none."""
        snapshots = self.rows(_SNAPSHOTS)
        newest = {feed: number for number, feed, moment in snapshots if self.as_of and moment.replace(tzinfo=UTC) <= self.as_of}
        return min((moment for _, _, moment in snapshots), default=None), [newest.get(feed, 0) for _, feed, _ in snapshots]


_SNAPSHOTS = "SELECT snapshot_id, feed, coalesce(captured_at, loaded_at) FROM snapshot ORDER BY snapshot_id"

_STANDS = """
CREATE TEMP MACRO stands(first_snapshot, last_snapshot) AS
    first_snapshot <= ({standing})[first_snapshot] AND (last_snapshot IS NULL OR last_snapshot >= ({standing})[first_snapshot])
"""

_VIEW = """
CREATE TEMP VIEW {table} AS
SELECT * REPLACE (NULL::INTEGER AS last_snapshot) FROM {catalog}.main.{table} WHERE stands(first_snapshot, last_snapshot)
"""

_CHANGED_NAMES = """
WITH version AS (
    SELECT last_snapshot IS NULL AS now, advisory_id, record_id, aliases, cves, withdrawn IS NOT NULL AS is_withdrawn
    FROM {catalog}.main.advisory
    WHERE stands(first_snapshot, last_snapshot) <> (last_snapshot IS NULL)
), changed AS (
    SELECT record_id, aliases, cves FROM version GROUP BY advisory_id, record_id, aliases, cves, is_withdrawn HAVING count(*) = 1
)
SELECT record_id FROM changed UNION SELECT unnest(aliases) FROM changed UNION SELECT unnest(cves) FROM changed
"""


def _regroup_as_of(connection: "DuckDBPyConnection", catalog: str) -> None:
    from sbommatch.store.regroup import regroup, show_regrouped

    changed = {name for (name,) in connection.execute(_CHANGED_NAMES.format(catalog=catalog)).fetchall()}
    show_regrouped(connection, regroup(connection, changed), catalog)


def end_of_day(text: str) -> datetime | None:
    """The last moment of a date, or the moment itself of a time of RFC 3339; None for anything else."""
    from sbommatch.supply.snapshot import parse_date

    moment = parse_date(text)
    return moment + timedelta(days=1, microseconds=-1) if moment and len(text) == len("2026-08-21") else moment


def damaged(path: Path, exc: Exception) -> DatabaseError:
    """What to raise where the engine refuses a file."""
    return DatabaseError(f"{path}: cannot be read, it may be damaged: {exc}; {BUILD_AGAIN}")


@contextmanager
def open_database(path: Path, threads: int = 1, as_of: datetime | None = None) -> Iterator[Database]:
    """The database that `path` is, or points to, as it is or as of a moment (UTC); one thread serves a single SBOM best.

    Raises DatabaseError where it is missing, damaged, or of another schema or key format, UsageError where it has nothing of that moment.
    """
    file = locate(path)
    with interruptible():
        try:
            connection = connect(str(file), read_only=True, threads=threads)
        except engine_error() as exc:
            raise DatabaseError(f"{file}: cannot be opened, it may be damaged: {exc}; {BUILD_AGAIN}") from exc
        try:
            database = Database(file, connection, threads)
            _check(database)
            if as_of:
                database.show_as_of(as_of)
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
