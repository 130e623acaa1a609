"""Commits of `documents`: each is made on the state that the writer has seen, or refused and made again on the newer one."""

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal, Self, TypeVar

from sbommatch.archive.archive import Archive
from sbommatch.archive.reader import files_of, relation
from sbommatch.archive.segment import Row
from sbommatch.archive.tables import DOCUMENTS, DUCKDB_TYPES, REMOVED, RUNS, open_table, reason, write_relation, writer_properties, written
from sbommatch.errors import ArchiveError, UsageError
from sbommatch.store.engine import OFFLINE

if TYPE_CHECKING:
    from deltalake import DeltaTable

COMMIT_ATTEMPTS = 50
"""Each attempt that fails means that another writer got on."""

Result = TypeVar("Result")

_COLUMNS = ", ".join(f'"{name}"' for name, _, _ in DOCUMENTS.columns)


class Commits:
    """The rows of `documents`, as far as this writer has seen them."""

    def __init__(self, archive: Archive) -> None:
        import duckdb

        self._path = archive.path
        self._connection = duckdb.connect(":memory:", config={**OFFLINE})
        self._connection.execute("SET TimeZone = 'UTC'")
        self._version = -1
        self.digests: frozenset[str] | set[str] = frozenset()
        """Of the documents stored."""
        self._look()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def _look(self) -> None:
        files, self._version = files_of(DOCUMENTS, self._path)
        self._connection.execute(f"CREATE OR REPLACE TEMP VIEW stored AS {relation(DOCUMENTS, files)}")
        self.digests = {digest for (digest,) in self._connection.execute("SELECT sha256 FROM stored").fetchall()}

    def add(self, rows: Sequence[Row]) -> int:
        """Adds those that are not there, and says how many. Raises UsageError where they cannot be written."""

        def fresh(table: "DeltaTable") -> int:
            kept = [row for row in rows if row["sha256"] not in self.digests]
            if kept:
                self._fill("fresh", DOCUMENTS.columns, kept)
                self._write(table, "FROM fresh", "append")
                self._version += 1
                self.digests = {*self.digests, *(row["sha256"] for row in kept)}
            return len(kept)

        return self._attempt(fresh)

    def replace(self, rows: Sequence[Row]) -> None:
        """Puts rows in the place of those of the same digest, in one commit; those that are gone meanwhile stay gone."""

        def replaced(table: "DeltaTable") -> None:
            self._fill("fresh", DOCUMENTS.columns, rows)
            renewed = f"SELECT {_COLUMNS} FROM fresh SEMI JOIN stored USING (sha256)"
            others = f"SELECT {_COLUMNS} FROM stored ANTI JOIN fresh USING (sha256)"
            self._write(table, f"{renewed} UNION ALL {others}", "overwrite")

        self._attempt(replaced)

    def remove(self, digests: Sequence[str]) -> int:
        """Takes out the documents of these digests, in one commit, and says how many there were."""

        def removed(table: "DeltaTable") -> int:
            gone = self.digests & set(digests)
            if gone:
                self._fill("gone", (("sha256", "string", ""),), [{"sha256": digest} for digest in sorted(gone)])
                self._note_removal()
                self._write(table, f"SELECT {_COLUMNS} FROM stored ANTI JOIN gone USING (sha256)", "overwrite")
            return len(gone)

        return self._attempt(removed)

    def _note_removal(self) -> None:
        """Keeps the rows for the next run of `changes`, where there are any runs: they count from the commit on."""
        if (self._path / RUNS.name).exists():
            noted = f"SELECT {_COLUMNS}, current_timestamp AS removed_at FROM stored SEMI JOIN gone USING (sha256)"
            write_relation(REMOVED, self._path, self._connection.sql(noted))

    def _attempt(self, change: "Callable[[DeltaTable], Result]") -> "Result":
        """What `change` gives, made on a table that is as it was last looked at."""
        from deltalake.exceptions import CommitFailedError

        for _ in range(COMMIT_ATTEMPTS):
            table = open_table(DOCUMENTS, self._path)
            if table.version() != self._version:
                self._look()
                continue
            try:
                return change(table)
            except CommitFailedError as exc:
                if open_table(DOCUMENTS, self._path).version() == self._version:
                    raise UsageError(f"{self._path}: cannot be written: {reason(exc)}; what was added before is untouched") from exc
        raise ArchiveError(f"{self._path}: other writers are in the way; try again")

    def _write(self, table: "DeltaTable", sql: str, mode: Literal["append", "overwrite"]) -> None:
        """Raises CommitFailedError where another writer was first."""
        from deltalake import CommitProperties, write_deltalake

        with written(self._path):
            write_deltalake(
                table, self._connection.sql(sql), mode=mode, writer_properties=writer_properties(DOCUMENTS),
                commit_properties=CommitProperties(max_commit_retries=0),
            )  # fmt: skip

    def _fill(self, name: str, columns: Sequence[tuple[str, str, str]], rows: Sequence[Row]) -> None:
        """A temporary table of some rows."""
        types = {column: DUCKDB_TYPES[type_] for column, type_, _ in columns}
        declared = ", ".join(f'"{column}" {type_}' for column, type_ in types.items())
        self._connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} ({declared})")
        maps = {column for column, type_ in types.items() if type_.startswith("MAP")}
        cells = [[json.dumps(row[column]) if column in maps else row[column] for row in rows] for column in types]
        made = (
            f"unnest(${place}::JSON[])::{type_}" if column in maps else f"unnest(${place}::{type_}[])"
            for place, (column, type_) in enumerate(types.items(), 1)
        )
        self._connection.execute(f"INSERT INTO {name} SELECT {', '.join(made)}", cells)
