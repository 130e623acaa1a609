"""Building and updating a feed database from local snapshots: advisories → rows → a file written aside → the pointer swapped.

An update is a copy of the database with the steps of some feeds applied. What a feed no longer says keeps its rows, with the last snapshot
that had them, so that one file answers as of any moment since its first.
"""

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from shutil import copyfile
from typing import TYPE_CHECKING

from msgspec import Struct

from sbommatch import __version__
from sbommatch.collector import without_collector
from sbommatch.errors import DatabaseError, UsageError
from sbommatch.problem import Problem
from sbommatch.store.apply import Step, apply_steps, changed_names, write_snapshot
from sbommatch.store.engine import connect, engine_error, interruptible
from sbommatch.store.files import publish, writing
from sbommatch.store.load import LoadedFeed, LoadSettings, Progress, load_feed
from sbommatch.store.model import DatabaseStatus
from sbommatch.store.open import SCHEMA_NUMBER, locate, open_database
from sbommatch.store.present import (
    Present,
    Refusal,
    gone_records,
    is_same,
    known_files,
    presents,
    refused_as_older,
    refused_as_shrunk,
)  # fmt: skip
from sbommatch.store.queries import status
from sbommatch.store.regroup import regroup, write_regrouped
from sbommatch.store.staging import Staging, append
from sbommatch.store.subset import Subset
from sbommatch.supply.sources import Source
from sbommatch.versions.scheme import KEY_FORMAT

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SCHEMA = Path(__file__).with_name("schema.sql")

MEMORY_LIMIT = "600MiB"
"""Of the engine; staged rows beyond it spill to the disk beside the database."""

UNSORTED_SHARE = 4
"""Where more than a quarter of the rows lie unsorted behind the others, an update sorts them all: scans read what lies unsorted whole."""


class BuildResult(Struct, frozen=True, kw_only=True):
    """What a build made, and what it could not read."""

    database: Path
    status: DatabaseStatus
    losses: tuple[Problem, ...]
    """Sorted; the first thousand of each feed."""
    notes: Mapping[str, int]
    """How often each kind of note was made."""
    unchanged: tuple[str, ...] = ()
    """Feeds whose snapshot the database has already."""
    refusals: tuple[Refusal, ...] = ()
    """Feeds whose snapshot was not taken in."""


class BuildOptions(Struct, frozen=True, kw_only=True):
    """What of a build the user decides."""

    progress: Progress = lambda _feed, _records: None
    subset: Subset = Subset()
    accept_shrink: bool = False


def build(sources: Sequence[Source], pointer: Path, options: BuildOptions = BuildOptions()) -> BuildResult:  # noqa: B008  frozen
    """Builds a database beside `pointer` and makes `pointer` name it; whatever ends the build before that leaves no trace.

    Raises FeedError where a snapshot cannot be used at all, DatabaseError where another process is writing, UsageError where the
    folder cannot be written.
    """
    return _write(sources, pointer, options, is_update=False)


def update(sources: Sequence[Source], pointer: Path, options: BuildOptions = BuildOptions()) -> BuildResult:  # noqa: B008  frozen
    """Builds a database from the one that `pointer` names and newer snapshots of some feeds; a new one where there is none.

    A snapshot that is older than the feed's newest, or by which the feed shrinks, is refused and the other feeds are taken in. Where
    nothing is new nothing is written. Raises what `build` raises.
    """
    return _write(sources, pointer, options, is_update=pointer.exists())


def _write(sources: Sequence[Source], pointer: Path, options: BuildOptions, *, is_update: bool) -> BuildResult:
    built_at = _moment()
    with interruptible(), writing(pointer) as aside, without_collector():
        base = _checked(pointer) if is_update else None
        try:
            with _opened(aside, base) as connection:
                run = _Run(connection, options, built_at)
                run.load(sources)
                digest = run.apply() if run.steps else None
                if digest is not None:
                    _sort(connection, aside)
        except engine_error() as exc:
            raise DatabaseError(f"{pointer}: the database cannot be written: {exc}") from exc
        if digest is not None:
            return run.result(publish(aside, pointer, digest))
        return run.result(locate(pointer))


def database_digest(snapshots: Iterable[str]) -> str:
    """Hexadecimal SHA-256 over schema number, key format and the sorted digests of the snapshots, a line each.

    With a snapshot's digest on its line stand the namespaces that alone were loaded of it.
    """
    return sha256("".join(f"{line}\n" for line in (SCHEMA_NUMBER, KEY_FORMAT, *sorted(snapshots))).encode()).hexdigest()


def _moment() -> datetime:
    """`SOURCE_DATE_EPOCH` where it is set (reproducible-builds.org/specs/source-date-epoch), else now.

    Raises UsageError for a value that is no time.
    """
    stated = os.environ.get("SOURCE_DATE_EPOCH")
    if stated is None:
        return datetime.now(UTC).replace(microsecond=0)
    try:
        return datetime.fromtimestamp(int(stated), UTC)
    except (ValueError, OverflowError, OSError) as exc:
        raise UsageError(f"SOURCE_DATE_EPOCH is {stated!r}; it must be a number of seconds since 1970") from exc


def _checked(pointer: Path) -> Path:
    """The database to update. Raises DatabaseError where this release cannot read it."""
    with open_database(pointer) as database:
        return database.path


@contextmanager
def _opened(aside: Path, base: Path | None) -> Iterator["DuckDBPyConnection"]:
    """A connection whose present database is a copy of `base`, or an empty one, at `aside`; whole on the disk when the block ends.

    Staging lives in memory, and spills beside the file: a file that had held it would stay twice as large.
    """
    if base:
        try:
            copyfile(base, aside)
        except OSError as exc:
            raise DatabaseError(f"{aside.parent}: {base.name} cannot be copied there: {exc.strerror}") from exc
    connection = connect(":memory:")
    try:
        connection.execute(f"SET temp_directory = {_quoted(_beside(aside, 'spill'))}")
        connection.execute(f"SET memory_limit = '{MEMORY_LIMIT}'")
        connection.execute(f"ATTACH {_quoted(aside)} AS feeds")
        connection.execute("USE feeds")
        if not base:
            connection.execute(SCHEMA.read_text("utf-8"))
        yield connection
        connection.execute("USE memory")
        connection.execute("DETACH feeds")
    finally:
        connection.close()


def _beside(aside: Path, ending: str) -> Path:
    return aside.with_name(f"{aside.name}.{ending}")


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


class _Run:
    """One build or update: what is loaded, refused, and applied."""

    def __init__(self, connection: "DuckDBPyConnection", options: BuildOptions, built_at: datetime) -> None:
        self._connection = connection
        self._options = options
        self._built_at = built_at
        self._presents = presents(connection)
        self._is_new = not self._presents
        self._loaded: list[LoadedFeed] = []
        self._refusals: list[Refusal] = []
        self._unchanged: list[str] = []
        self.steps: list[Step] = []

    def load(self, sources: Iterable[Source]) -> None:
        """Stages the snapshots that are to be taken in."""
        staging = Staging(self._connection)
        settings = LoadSettings(self._built_at, self._options.progress, self._options.subset)
        [(snapshots,)] = self._connection.execute("SELECT count(*) FROM snapshot").fetchall()
        for source in sources:
            feed = source.declaration.name
            present = self._presents.get(feed)
            known = known_files(self._connection, feed, present, self._options.subset)
            loaded = load_feed(source, snapshots + len(self.steps) + 1, staging, settings, known)
            self._loaded.append(loaded)
            step = self._step(loaded, present)
            if step:
                self.steps.append(step)
            else:
                staging.discard_feed(feed)
        staging.finish()

    def _step(self, loaded: LoadedFeed, present: Present | None) -> Step | None:
        """None where nothing is to be taken in."""
        if present is None:
            return Step(loaded)
        feed, subset = loaded.source.declaration.name, self._options.subset
        if is_same(present, loaded, subset):
            self._unchanged.append(feed)
            return None
        gone = gone_records(self._connection, loaded)
        refused = refused_as_older(present, loaded, self._built_at)
        if not refused and not self._options.accept_shrink:
            refused = refused_as_shrunk(self._connection, present, loaded, gone, subset)
        if refused:
            self._refusals.append(Refusal(feed, refused))
            return None
        return Step(loaded, present.snapshot_id, gone)

    def apply(self) -> str:
        """Makes what is staged the present, and gives the digest of the database."""
        apply_steps(self._connection, self.steps)
        for step in self.steps:
            write_snapshot(self._connection, step, self._options.subset, self._built_at)
        write_regrouped(self._connection, regroup(self._connection, None if self._is_new else changed_names(self._connection)))
        snapshots = self._connection.execute("SELECT sha256, ecosystems FROM snapshot").fetchall()
        digest = database_digest(" ".join((snapshot, *ecosystems)) for snapshot, ecosystems in snapshots)
        self._write_meta(digest)
        return digest

    def _write_meta(self, digest: str) -> None:
        connection = self._connection
        sorted_rows = "(SELECT count(*) FROM affected_row)" if self._is_new else "(SELECT sorted_rows FROM meta)"
        [(rows,)] = connection.execute(f"SELECT {sorted_rows}").fetchall()
        connection.execute("DELETE FROM meta")
        append(connection, "meta", [(SCHEMA_NUMBER, KEY_FORMAT, digest, self._built_at.replace(tzinfo=None), __version__, rows)])

    def result(self, database: Path) -> BuildResult:
        """What came of it."""
        with open_database(database) as opened:
            written = status(opened)
        return BuildResult(
            database=database,
            status=written,
            losses=tuple(sorted(loss for feed in self._loaded for loss in feed.losses)),
            notes=dict(sum((Counter(feed.notes) for feed in self._loaded), Counter())),
            unchanged=tuple(self._unchanged),
            refusals=tuple(self._refusals),
        )


def _sort(connection: "DuckDBPyConnection", aside: Path) -> None:
    """Writes the database anew with all rows sorted, where updates left many behind the sorted ones; nothing it freed is left either."""
    [(rows, sorted_rows)] = connection.execute("SELECT (SELECT count(*) FROM affected_row), sorted_rows FROM meta").fetchall()
    if (rows - sorted_rows) * UNSORTED_SHARE <= rows:
        return
    anew = _beside(aside, "sorted")
    connection.execute("UPDATE meta SET sorted_rows = $1", [rows])
    connection.execute(f"ATTACH {_quoted(anew)} AS anew")
    connection.execute("USE anew")
    connection.execute(SCHEMA.read_text("utf-8"))
    for (table,) in connection.execute("SELECT table_name FROM duckdb_tables() WHERE database_name = 'anew'").fetchall():
        order = "ORDER BY pkg_id, lo, hi" if table == "affected_row" else ""
        connection.execute(f"INSERT INTO anew.{table} FROM feeds.{table} {order}")
    connection.execute("USE memory")
    connection.execute("DETACH anew")
    anew.replace(aside)  # the engine has the old one open to the end
