"""Loading one feed: its snapshot's files → advisories → rows on their way into the database."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from sbommatch.advisory import Advisory, Affected, EndOfLife, Enrichment
from sbommatch.errors import FeedError
from sbommatch.formats import FORMAT_BY_NAME, FeedContext
from sbommatch.problem import Problem, ProblemCode
from sbommatch.store.rows import Row, RowMaker
from sbommatch.supply.snapshot import parse_date, read_files, snapshot_digest
from sbommatch.supply.sources import Source

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

LOSSES_LIMIT = 1000
"""Losses kept one by one; of more only their number is."""

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
"""Before any vulnerability feed: Go's records say that they were modified in the year 1."""

STAGED_ROWS = 50_000
"""Rows held in memory before they go to the engine, some 50 MB."""

PROGRESS_RECORDS = 500
"""Records between two words on progress."""

Progress = Callable[[str, int], None]
"""Called with the feed's name and the number of records read so far."""

STAGED = """
CREATE TEMP TABLE staged (
    package_key INTEGER, advisory_key INTEGER, scheme VARCHAR, name_kind VARCHAR, lo BLOB, hi BLOB, listed VARCHAR, raw VARCHAR,
    events VARCHAR, unplaced BOOLEAN, rule VARCHAR, state VARCHAR, fix_state VARCHAR, fix VARCHAR, arch VARCHAR, "module" VARCHAR,
    channel VARCHAR, match_hash UBIGINT, meta_hash UBIGINT, first_snapshot INTEGER )
"""


class Staging:
    """Rows on their way into the database, with provisional numbers of packages and advisories."""

    def __init__(self, connection: "DuckDBPyConnection") -> None:
        connection.execute(STAGED)
        self._appender = connection.appender("staged")
        self._rows: list[tuple[object, ...]] = []
        self._advisories = 0
        self.maker = RowMaker()
        self.packages: dict[tuple[str, str], int] = {}
        """(namespace, name) -> provisional number."""

    def next_advisory(self) -> int:
        """A provisional number for an advisory."""
        self._advisories += 1
        return self._advisories

    def add(self, package: tuple[str, str], advisory_key: int, row: Row, snapshot_id: int) -> None:
        """Stages one row."""
        package_key = self.packages.setdefault(package, len(self.packages))
        self._rows.append((package_key, advisory_key, *row, snapshot_id))
        if len(self._rows) >= STAGED_ROWS:
            self.flush()

    def flush(self) -> None:
        """Hands all rows to the engine."""
        self._appender.append_rows(self._rows)
        self._appender.flush()
        self._rows.clear()


class Head(Struct, frozen=True):
    """An advisory but for what it affects, and the provisional number that its rows are staged under."""

    key: int
    advisory: Advisory


class LoadedFeed(Struct, frozen=True, kw_only=True):
    """A feed whose rows are staged."""

    source: Source
    snapshot_id: int
    heads: tuple[Head, ...]
    """Sorted by identifier."""
    enrichments: tuple[Enrichment, ...]
    """Likewise."""
    end_of_life: tuple[EndOfLife, ...]
    sha256: str
    captured_at: datetime | None
    covers: tuple[str, ...]
    losses: tuple[Problem, ...]
    refused: int
    """How many losses there were."""
    notes: dict[str, int]
    """How often each kind of note was made."""


def load_feed(source: Source, snapshot_id: int, staging: Staging, built_at: datetime, progress: Progress) -> LoadedFeed:
    """Stages a feed's rows. Raises FeedError where nothing of it can be used."""
    load = _Load(source.declaration.name, snapshot_id, staging)
    reader = FORMAT_BY_NAME[source.declaration.format]
    context = FeedContext(source.declaration.name)
    digests: list[tuple[str, str]] = []
    for file in read_files(source.snapshot, reader.suffixes):
        if isinstance(file, Problem):
            load.note(file)
            continue
        digests.append((file.name, sha256(file.content).hexdigest()))
        for part in reader.read(file.content, file.where, context):
            if isinstance(part, Problem):
                load.note(part)
            elif isinstance(part, Advisory):
                load.add(part)
            elif isinstance(part, Enrichment):
                load.enrich(part)
            else:
                load.end_of_life.add((part.namespace, part.on, part.what))
        if len(digests) % PROGRESS_RECORDS == 0:
            progress(source.declaration.name, len(load.heads))
    if not (load.heads or load.enrichments or load.end_of_life):
        why = f": {load.losses[0].where}: {load.losses[0].message}" if load.losses else ""
        raise FeedError(f"{source.declaration.name}: {source.snapshot.path} holds no advisory of the form {source.declaration.format}{why}")
    return LoadedFeed(
        source=source,
        snapshot_id=snapshot_id,
        heads=tuple(load.heads[identifier] for identifier in sorted(load.heads)),
        enrichments=tuple(load.enrichments[identifier] for identifier in sorted(load.enrichments)),
        end_of_life=tuple(EndOfLife(namespace, context.feed, on, what) for namespace, on, what in sorted(load.end_of_life)),
        sha256=snapshot_digest(digests),
        captured_at=source.snapshot.captured_at or load.newest(built_at),
        covers=tuple(sorted(load.covered(source.declaration.covers))),
        losses=tuple(load.losses),
        refused=load.refused,
        notes=dict(load.notes),
    )


class _Load:
    """What one feed's files have come to so far."""

    def __init__(self, feed: str, snapshot_id: int, staging: Staging) -> None:
        self._feed = feed
        self._snapshot_id = snapshot_id
        self._staging = staging
        self._namespaces: set[str] = set()
        self.heads: dict[str, Head] = {}
        self.enrichments: dict[str, Enrichment] = {}
        self.end_of_life: set[tuple[str, str, str]] = set()
        self.losses: list[Problem] = []
        self.refused = 0
        self.notes: Counter[str] = Counter()

    def note(self, problem: Problem) -> None:
        """Keeps a loss, counts a note."""
        if not problem.loss:
            self.notes[problem.code] += 1
            return
        self.refused += 1
        if len(self.losses) < LOSSES_LIMIT:
            self.losses.append(problem)

    def add(self, advisory: Advisory) -> None:
        """Takes in an advisory, once."""
        known = self.heads.get(advisory.id)
        head = self._merged(known, advisory) if known else Head(self._staging.next_advisory(), _without_affected(advisory))
        if head is known:
            return
        self.heads[advisory.id] = head
        for affected in advisory.affected:
            self._stage(head.key, advisory, affected)

    def enrich(self, enrichment: Enrichment) -> None:
        """Takes in what is said of an identifier, together with what was said of it before."""
        known = self.enrichments.get(enrichment.id)
        self.enrichments[enrichment.id] = _enriched(known, enrichment) if known else enrichment

    def _merged(self, known: Head, advisory: Advisory) -> Head:
        """The record in place of a known one of its identifier.

        A feed whose records state no time of change has one document for each release, and a record has a part in each. Of a
        record that does, the newest is the record; the rows of the other one are left without an advisory, and so never reach the
        database.
        """
        old = known.advisory
        if advisory.record_sha256 == old.record_sha256:
            return known
        if advisory.modified is None or old.modified is None:
            return Head(known.key, _together(old, advisory))
        self.notes[ProblemCode.DUPLICATE_RECORD] += 1
        if (advisory.modified, advisory.record_sha256) < (old.modified, old.record_sha256):
            return known
        return Head(self._staging.next_advisory(), _without_affected(advisory))

    def _stage(self, key: int, advisory: Advisory, affected: Affected) -> None:
        self._namespaces.add(affected.namespace)
        for row in self._staging.maker.rows(advisory, affected):
            if isinstance(row, Problem):
                self.note(row)
            else:
                self._staging.add((affected.namespace, affected.name), key, row, self._snapshot_id)

    def newest(self, built_at: datetime) -> datetime | None:
        """The newest time of change that a record states, and that can be: PyPI has records of next year.

        None where no record states any.
        """
        stated: set[str | None] = {head.advisory.modified for head in self.heads.values()}
        stated |= {one.epss.date for one in self.enrichments.values() if one.epss}
        stated |= {one.kev.added for one in self.enrichments.values() if one.kev}
        moments = map(parse_date, filter(None, stated))
        return max((moment for moment in moments if moment and EARLIEST <= moment <= built_at), default=None)

    def covered(self, patterns: tuple[str, ...]) -> Iterator[str]:
        """The namespaces that the feed speaks for; of `alpine:*` those that it has records of."""
        for pattern in patterns:
            if pattern.endswith("*"):
                yield from (namespace for namespace in self._namespaces if namespace.startswith(pattern[:-1]))
            else:
                yield pattern


def _enriched(one: Enrichment, other: Enrichment) -> Enrichment:
    """Two words on one identifier; the later one counts where both say something."""
    return Enrichment(
        id=one.id,
        feed=one.feed,
        kev=other.kev or one.kev,
        epss=other.epss or one.epss,
        severities=tuple(dict.fromkeys((*one.severities, *other.severities))),
    )


def _without_affected(advisory: Advisory) -> Advisory:
    """Severities of single packages are the record's, where rows have none of their own."""
    severities = (*advisory.severities, *(severity for affected in advisory.affected for severity in affected.severities))
    return msgspec.structs.replace(advisory, affected=(), severities=tuple(dict.fromkeys(severities)))


def _together(one: Advisory, other: Advisory) -> Advisory:
    """Two parts of one record."""
    other = _without_affected(other)
    return msgspec.structs.replace(
        one,
        aliases=tuple(dict.fromkeys((*one.aliases, *other.aliases))),
        cves=tuple(sorted({*one.cves, *other.cves})),
        related=tuple(dict.fromkeys((*one.related, *other.related))),
        severities=tuple(dict.fromkeys((*one.severities, *other.severities))),
        references=tuple(dict.fromkeys((*one.references, *other.references))),
        record_sha256=sha256(f"{one.record_sha256} {other.record_sha256}".encode()).hexdigest(),
    )
