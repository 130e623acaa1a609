"""Building a feed database from local snapshots: advisories → rows → a file written aside → the pointer swapped."""

import gc
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from sbommatch import __version__
from sbommatch.advisory import Advisory, Enrichment
from sbommatch.errors import DatabaseError, UsageError
from sbommatch.problem import Problem, ProblemCode
from sbommatch.store.engine import connect, engine_error, interruptible
from sbommatch.store.files import publish, writing
from sbommatch.store.groups import Groups, Naming, group
from sbommatch.store.load import LoadedFeed, Progress, Staging, load_feed
from sbommatch.store.model import DatabaseStatus
from sbommatch.store.open import SCHEMA_NUMBER, open_database
from sbommatch.store.queries import status
from sbommatch.store.severity import rate
from sbommatch.supply.sources import Source
from sbommatch.versions.scheme import KEY_FORMAT

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SCHEMA = Path(__file__).with_name("schema.sql")


class BuildResult(Struct, frozen=True, kw_only=True):
    """What a build made, and what it could not read."""

    database: Path
    status: DatabaseStatus
    losses: tuple[Problem, ...]
    """Sorted; the first thousand of each feed."""
    notes: Mapping[str, int]
    """How often each kind of note was made."""


def build(sources: Sequence[Source], pointer: Path, progress: Progress = lambda _feed, _records: None) -> BuildResult:
    """Builds a database beside `pointer` and makes `pointer` name it; whatever ends the build before that leaves no trace.

    Raises FeedError where a snapshot cannot be used at all, DatabaseError where another process is writing, UsageError where the
    folder cannot be written.
    """
    built_at = _moment()
    with interruptible(), writing(pointer) as aside, _without_collector():
        try:
            with _fresh(aside) as connection:
                feeds = _load(sources, connection, built_at, progress)
                digest = database_digest(feed.sha256 for feed in feeds)
                _write_meta(connection, digest, built_at)
            with open_database(aside) as database:
                written = status(database)
        except engine_error() as exc:
            raise DatabaseError(f"{pointer}: the database cannot be written: {exc}") from exc
        database_file = publish(aside, pointer, digest)
    return BuildResult(
        database=database_file,
        status=msgspec.structs.replace(written, file=database_file.name),
        losses=tuple(sorted(loss for feed in feeds for loss in feed.losses)),
        notes=dict(sum((Counter(feed.notes) for feed in feeds), Counter())),
    )


def database_digest(snapshots: Iterable[str]) -> str:
    """Hexadecimal SHA-256 over schema number, key format and the sorted digests of the snapshots, a line each."""
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


@contextmanager
def _without_collector() -> Iterator[None]:
    """Loading makes millions of objects that live to the end and form no cycles; looking for some takes twice the time of all else."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@contextmanager
def _fresh(aside: Path) -> Iterator["DuckDBPyConnection"]:
    """A connection whose present database is an empty one at `aside`; whole on the disk when the block ends.

    Staging lives in memory, and spills beside the file: a file that had held it would stay twice as large.
    """
    connection = connect(":memory:")
    try:
        connection.execute(f"SET temp_directory = {_quoted(aside.with_name(aside.name + '.spill'))}")
        connection.execute(f"ATTACH {_quoted(aside)} AS feeds")
        connection.execute("USE feeds")
        connection.execute(SCHEMA.read_text("utf-8"))
        yield connection
        connection.execute("USE memory")
        connection.execute("DETACH feeds")
    finally:
        connection.close()


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def _load(sources: Sequence[Source], connection: "DuckDBPyConnection", built_at: datetime, progress: Progress) -> tuple[LoadedFeed, ...]:
    staging = Staging(connection)
    feeds = tuple(load_feed(source, number, staging, built_at, progress) for number, source in enumerate(sources, 1))
    staging.flush()
    _write_packages(connection, staging)
    _write_advisories(connection, feeds)
    connection.execute(AFFECTED)
    _append(connection, "enrichment", (_enrichment_row(one, feed.snapshot_id) for feed in feeds for one in feed.enrichments))
    _append(
        connection,
        "end_of_life",
        ((one.namespace, one.feed, one.on, one.what, feed.snapshot_id, None) for feed in feeds for one in feed.end_of_life),
    )
    for feed in feeds:
        _write_snapshot(connection, feed)
    return feeds


def _append(connection: "DuckDBPyConnection", table: str, rows: Iterable[Sequence[object]]) -> None:
    appender = connection.appender(table)
    appender.append_rows(rows)
    appender.flush()


def _write_packages(connection: "DuckDBPyConnection", staging: Staging) -> None:
    numbered = list(enumerate(sorted(staging.packages), 1))
    _append(connection, "package", ((number, *package) for number, package in numbered))
    connection.execute("CREATE TEMP TABLE package_number (package_key INTEGER, pkg_id INTEGER)")
    _append(connection, "package_number", ((staging.packages[package], number) for number, package in numbered))


def _write_advisories(connection: "DuckDBPyConnection", feeds: Sequence[LoadedFeed]) -> None:
    """The advisories, numbered by feed and identifier, and their groups."""
    heads = [(feed.snapshot_id, head) for feed in feeds for head in feed.heads]
    groups = group(_naming(head.advisory) for _snapshot_id, head in heads)
    numbered = list(enumerate(heads, 1))
    _append(connection, "advisory", (_advisory_row(number, head.advisory, groups, snapshot_id) for number, (snapshot_id, head) in numbered))
    of_record = groups.of_record
    memberships = ((number, group_id) for number, (_, head) in numbered for group_id in of_record[head.advisory.feed, head.advisory.id])
    _append(connection, "advisory_group", memberships)
    shown = enumerate(zip(groups.ids, groups.display, strict=True), 1)
    _append(
        connection, "identifier", ((number, identifier, identifier == display) for number, (ids, display) in shown for identifier in ids)
    )
    connection.execute("CREATE TEMP TABLE advisory_number (advisory_key INTEGER, advisory_id INTEGER)")
    _append(connection, "advisory_number", ((head.key, number) for number, (_, head) in numbered))


def _naming(advisory: Advisory) -> Naming:
    return Naming(advisory.feed, advisory.id, advisory.aliases, advisory.cves, advisory.withdrawn is not None)


def _advisory_row(number: int, advisory: Advisory, groups: Groups, snapshot_id: int) -> tuple[object, ...]:
    grouped = {identifier for group_id in groups.of_record[advisory.feed, advisory.id] for identifier in groups.ids[group_id - 1]}
    # Names that are in none of the record's groups are found by a search all the same.
    related = dict.fromkeys((*advisory.related, *advisory.upstream, *(alias for alias in advisory.aliases if alias not in grouped)))
    return (
        number,
        advisory.feed,
        advisory.id,
        advisory.record_sha256,
        advisory.withdrawn,
        advisory.published,
        advisory.modified,
        advisory.summary,
        list(advisory.references),
        list(related),
        [msgspec.structs.asdict(rate(severity)) for severity in advisory.severities],
        snapshot_id,
        None,
    )


def _enrichment_row(enrichment: Enrichment, snapshot_id: int) -> tuple[object, ...]:
    kev, epss = enrichment.kev, enrichment.epss
    return (
        enrichment.id,
        enrichment.feed,
        *((kev.added, kev.due, kev.ransomware) if kev else (None, None, None)),
        *((epss.score, epss.percentile, epss.date) if epss else (None, None, None)),
        [msgspec.structs.asdict(rate(severity)) for severity in enrichment.severities] or None,
        snapshot_id,
        None,
    )


AFFECTED = """
INSERT INTO affected
SELECT pkg_id, advisory_id, scheme, name_kind, lo, hi, listed, raw, events, unplaced, rule, state, fix_state, fix, arch, "module", channel,
    match_hash, meta_hash, first_snapshot, NULL
FROM staged JOIN package_number USING (package_key) JOIN advisory_number USING (advisory_key)
ORDER BY pkg_id, lo, hi, advisory_id, listed, raw, match_hash, meta_hash
"""

COUNTS = """
SELECT count(*), count(*) FILTER (WHERE a.unplaced OR a.lo IS NULL AND a.listed IS NULL)
FROM affected a WHERE a.first_snapshot = ?
"""


def _write_snapshot(connection: "DuckDBPyConnection", feed: LoadedFeed) -> None:
    [counts] = connection.execute(COUNTS, [feed.snapshot_id]).fetchall()
    declaration, snapshot = feed.source.declaration, feed.source.snapshot
    row = (
        feed.snapshot_id,
        declaration.name,
        feed.captured_at.replace(tzinfo=None) if feed.captured_at else None,
        feed.sha256,
        snapshot.url,
        list(feed.covers),
        declaration.completeness,
        declaration.proof,
        len(feed.heads),
        counts[0],
        sum(head.advisory.withdrawn is not None for head in feed.heads),
        len(feed.enrichments),
        len(feed.end_of_life),
        counts[1],
        feed.refused,
        feed.notes.get(ProblemCode.GIT_RANGE, 0),
        feed.notes.get(ProblemCode.UNORDERED_EVENTS, 0),
    )
    _append(connection, "snapshot", [row])


def _write_meta(connection: "DuckDBPyConnection", digest: str, built_at: datetime) -> None:
    _append(connection, "meta", [(SCHEMA_NUMBER, KEY_FORMAT, digest, built_at.replace(tzinfo=None), __version__)])
