"""Records and rows on their way into the database, in tables in memory that spill to the disk."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from sbommatch.advisory import Advisory, Severity
from sbommatch.store.rows import Row, RowMaker
from sbommatch.store.severity import rate

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

ROWS_AT_ONCE = 50_000
"""Rows held in memory before they go to the engine, some 25 MB."""

HEADS_AT_ONCE = 5_000

TABLES = """
CREATE TEMP TABLE staged (
    package_key INTEGER, advisory_key INTEGER, shape_key INTEGER, lo BLOB, hi BLOB, listed VARCHAR, unplaced BOOLEAN, raw VARCHAR,
    events VARCHAR, fix VARCHAR, first_snapshot INTEGER );
CREATE TEMP TABLE staged_shape (
    shape_key INTEGER, scheme VARCHAR, name_kind VARCHAR, state VARCHAR, arch VARCHAR, "module" VARCHAR, channel VARCHAR, rule VARCHAR,
    fix_state VARCHAR );
CREATE TEMP VIEW staged_row AS SELECT s.rowid AS staged_row, * EXCLUDE (shape_key) FROM staged s JOIN staged_shape USING (shape_key);
CREATE TEMP TABLE staged_head (
    advisory_key INTEGER, feed VARCHAR, record_id VARCHAR, record_sha256 VARCHAR, withdrawn VARCHAR, published VARCHAR, modified VARCHAR,
    summary VARCHAR, links VARCHAR[], aliases VARCHAR[], cves VARCHAR[], related VARCHAR[],
    severities STRUCT("system" VARCHAR, "value" VARCHAR, source VARCHAR, score DOUBLE, level VARCHAR)[],
    match_hash UBIGINT, meta_hash UBIGINT, file VARCHAR, file_crc32 UINTEGER, file_bytes UINTEGER, git_ranges USMALLINT,
    unordered USMALLINT, first_snapshot INTEGER );
CREATE TEMP TABLE staged_package (package_key INTEGER, namespace VARCHAR, name VARCHAR);
CREATE TEMP TABLE discarded (advisory_key INTEGER);
CREATE TEMP TABLE feed_discarded (feed VARCHAR);
"""

DISCARD = """
INSERT INTO discarded SELECT advisory_key FROM staged_head JOIN feed_discarded USING (feed);
DELETE FROM staged WHERE advisory_key IN (FROM discarded);
DELETE FROM staged_head WHERE advisory_key IN (FROM discarded);
"""

COUNT_LIMIT = (1 << 16) - 1
"""USMALLINT; a record has at most 1,000 ranges of a package."""


class File(Struct, frozen=True):
    """The file that a record is all of, and the notes that were made of it."""

    name: str
    crc32: int
    size_bytes: int
    git_ranges: int
    unordered: int


class Head(Struct, frozen=True):
    """A record but for what it affects, and the provisional number that its rows are staged under."""

    key: int
    advisory: Advisory
    hashes: tuple[int, int]
    file: File | None


class Staging:
    """Takes in packages, heads and rows under provisional numbers."""

    def __init__(self, connection: "DuckDBPyConnection") -> None:
        connection.execute(TABLES)
        self._connection = connection
        self._row_appender = connection.appender("staged")
        self._head_appender = connection.appender("staged_head")
        self._rows: list[tuple[object, ...]] = []
        self._heads: list[tuple[object, ...]] = []
        self._discarded: list[int] = []
        self._feeds_discarded: list[str] = []
        self._advisories = 0
        self._packages: dict[tuple[str, str], int] = {}
        self._shapes: dict[tuple[str | None, ...], int] = {}
        """Columns of few different values: what goes to the engine as one number takes half the time."""
        self.maker = RowMaker()

    def next_advisory(self) -> int:
        """A provisional number for an advisory."""
        self._advisories += 1
        return self._advisories

    def add_rows(self, package: tuple[str, str], advisory_key: int, rows: Iterable[Row], snapshot_id: int) -> None:
        """Stages rows of one package, (namespace, name)."""
        package_key = self._packages.setdefault(package, len(self._packages))
        shapes = self._shapes
        for scheme, name_kind, lo, hi, listed, unplaced, state, arch, module, channel, raw, events, rule, fix_state, fix in rows:
            shape = shapes.setdefault((scheme, name_kind, state, arch, module, channel, rule, fix_state), len(shapes))
            self._rows.append((package_key, advisory_key, shape, lo, hi, listed, unplaced, raw, events, fix, snapshot_id))
        if len(self._rows) >= ROWS_AT_ONCE:
            self._flush_rows()

    def add_head(self, head: Head, snapshot_id: int) -> None:
        """Stages a record."""
        self._heads.append(_head_row(head, snapshot_id))
        if len(self._heads) >= HEADS_AT_ONCE:
            self._flush_heads()

    def discard(self, advisory_keys: Iterable[int]) -> None:
        """Takes back advisories with their rows."""
        self._discarded += advisory_keys

    def discard_feed(self, feed: str) -> None:
        """Takes back all of a feed."""
        self._feeds_discarded.append(feed)

    def finish(self) -> None:
        """Hands all that is left to the engine."""
        self._flush_rows()
        self._flush_heads()
        append(self._connection, "staged_shape", [(key, *shape) for shape, key in self._shapes.items()])
        append(self._connection, "staged_package", [(key, *package) for package, key in self._packages.items()])
        if self._discarded or self._feeds_discarded:
            append(self._connection, "discarded", [(key,) for key in self._discarded])
            append(self._connection, "feed_discarded", [(feed,) for feed in self._feeds_discarded])
            self._connection.execute(DISCARD)

    def _flush_rows(self) -> None:
        self._row_appender.append_rows(self._rows)
        self._row_appender.flush()
        self._rows.clear()

    def _flush_heads(self) -> None:
        self._head_appender.append_rows(self._heads)
        self._head_appender.flush()
        self._heads.clear()


def append(connection: "DuckDBPyConnection", table: str, rows: Iterable[Sequence[object]]) -> None:
    """Appends rows to a table."""
    appender = connection.appender(table)
    appender.append_rows(rows)
    appender.flush()


@lru_cache(1 << 14)
def rated(severity: Severity) -> dict[str, object]:
    """A value of the column `severities`; records share them."""
    return msgspec.structs.asdict(rate(severity))


def _head_row(head: Head, snapshot_id: int) -> tuple[object, ...]:
    advisory, file = head.advisory, head.file
    return (
        head.key,
        advisory.feed,
        advisory.id,
        advisory.record_sha256,
        advisory.withdrawn,
        advisory.published,
        advisory.modified,
        advisory.summary,
        # Empty lists cost as much as others, NULL next to nothing.
        advisory.references or None,
        advisory.aliases or None,
        advisory.cves or None,
        tuple(dict.fromkeys((*advisory.related, *advisory.upstream))) or None,
        [rated(severity) for severity in advisory.severities] or None,
        *head.hashes,
        *((file.name, file.crc32, file.size_bytes) if file else (None, None, None)),
        *((min(file.git_ranges, COUNT_LIMIT), min(file.unordered, COUNT_LIMIT)) if file else (0, 0)),
        snapshot_id,
    )
