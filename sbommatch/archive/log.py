"""What was recorded of an archive, run after run of `archive changes`: its runs, the changes that each found, and what stands.

The log is in tables of its own, made by the first run. What a run wrote counts from its row of `runs` on, which is written last; a killed
run leaves rows that nobody reads, until `archive compact` deletes them. One run goes at a time.
"""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
from msgspec import Struct

from sbommatch.archive.archive import Archive
from sbommatch.archive.reader import SHOWN, Reader, check_files, files_of, relation
from sbommatch.archive.tables import LOG_TABLES, RUNS, Table, create
from sbommatch.errors import ArchiveError

RUN_LOCK = ".changes.lock"


class Run(Struct, frozen=True, kw_only=True):
    """A row of `runs`."""

    run: int
    number: int
    at: str
    database: str
    moment: str | None
    feeds: dict[str, str]
    rules: str
    documents: int
    changes: int


@contextmanager
def one_run(archive: Archive) -> Iterator[None]:
    """Inside, no other process records changes of the archive; where one does, this waits for it."""
    lock = os.open(archive.path / RUN_LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def has_log(archive: Archive) -> bool:
    """Whether changes of the archive were ever recorded, or begun to be."""
    return (archive.path / RUNS.name).exists()


def make_log(archive: Archive) -> None:
    """Makes the tables that are not there, `runs` last. Raises UsageError where it cannot."""
    for table in (*LOG_TABLES[1:], RUNS):
        create(table, archive.path)


def open_log(reader: Reader) -> list[Run]:
    """Shows the tables of the log as views beside the archive's, and gives the runs, oldest first; none where there is no log.

    Views: `runs`, `changes` with what is told, `removed`; `standing_now`, `members_now`: the rows that count after the last run.
    Raises ArchiveError where a table is missing or damaged.
    """
    if not has_log(reader.archive):
        return []
    for table in LOG_TABLES:
        files, _ = files_of(table, reader.archive.path)
        check_files(files)
        reader.files = {**reader.files, table.name: files}
        name = f"all_{table.name}" if table.is_partitioned else table.name
        shown = _SHOWN.get(name, "*")
        reader.execute(f"CREATE OR REPLACE VIEW {name} AS SELECT {shown} FROM ({relation(table, files)})")
    for statement in _VIEWS:
        reader.execute(statement)
    rows = reader.records("SELECT * FROM runs ORDER BY number")
    runs = [msgspec.convert({**row, "feeds": row["feeds"] or {}}, Run) for row in rows]
    if [run.number for run in runs] != list(range(1, len(runs) + 1)):
        raise ArchiveError(f"{reader.archive.path}: its table `runs` is damaged: runs are missing, or there twice")
    return runs


_SHOWN = {"removed": f"{SHOWN[:-1]}, removed_at::TIMESTAMP AS removed_at)"}

_VIEWS = (
    "CREATE OR REPLACE VIEW changes AS FROM (FROM all_changes c SEMI JOIN runs r ON r.run = c.segment) JOIN all_told USING (segment, told)",
    """
    CREATE OR REPLACE VIEW standing AS
    SELECT s.*, r.number FROM all_standing s JOIN runs r ON r.run = s.segment
    """,
    """
    CREATE OR REPLACE VIEW standing_now AS
    FROM standing QUALIFY number = max(number) OVER (PARTITION BY coordinate_id, owner_id)
    """,
    """
    CREATE OR REPLACE VIEW members_now AS
    SELECT sha256, arg_max(is_there, number) AS is_there FROM all_members m JOIN runs r ON r.run = m.segment GROUP BY sha256
    """,
)


UNTOLD_REMOVALS = """
SELECT segment, blob_segment FROM removed
SEMI JOIN (SELECT sha256 FROM members_now WHERE is_there EXCEPT SELECT sha256 FROM documents) USING (sha256)
"""
"""Where the documents lie that were there in the last run and are not any more: the next one tells what stood against them."""


def append_rows(table: Table, reader: Reader, name: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Makes a temporary table like a table of the log, with these rows."""
    from sbommatch.archive.tables import DUCKDB_TYPES

    types = {column: DUCKDB_TYPES[type_] for column, type_, _ in table.columns}
    declared = ", ".join(f'"{column}" {types[column]}' for column in columns)
    reader.execute(f"CREATE OR REPLACE TEMP TABLE {name} ({declared})")
    if rows:
        made = ", ".join(f"unnest(${place}::{types[column]}[])" for place, column in enumerate(columns, 1))
        reader.execute(f"INSERT INTO {name} SELECT {made}", [list(cells) for cells in zip(*rows, strict=True)])
