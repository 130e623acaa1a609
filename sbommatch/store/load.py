"""Loading one feed: its snapshot's files → records and rows on their way into the database."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import msgspec
from msgspec import Struct

from sbommatch.advisory import Advisory, EndOfLife, Enrichment
from sbommatch.errors import FeedError
from sbommatch.formats import FORMAT_BY_NAME, FeedContext
from sbommatch.formats._format import Read
from sbommatch.problem import Problem, ProblemCode
from sbommatch.store.rows import Row, record_hashes
from sbommatch.store.staging import File, Head, Staging
from sbommatch.store.subset import Subset
from sbommatch.supply.snapshot import SnapshotFile, parse_date, read_files, snapshot_digest
from sbommatch.supply.sources import Source

LOSSES_LIMIT = 1000
"""Losses kept one by one; of more only their number is."""

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
"""Before any vulnerability feed: Go's records say that they were modified in the year 1."""

COUNTED_NOTES = (ProblemCode.GIT_RANGE, ProblemCode.UNORDERED_EVENTS)
"""Kinds of notes that the database counts."""

PROGRESS_RECORDS = 500
"""Records between two words on progress."""

Progress = Callable[[str, int], None]
"""Called with the feed's name and the number of records read so far."""


class KnownRecord(Struct, frozen=True):
    """A file of the snapshot before, and the one record that it is."""

    crc32: int
    size_bytes: int
    record: str
    record_sha256: str
    modified: str | None
    git_ranges: int
    unordered: int


class LoadedFeed(Struct, frozen=True, kw_only=True):
    """A feed whose rows are staged."""

    source: Source
    snapshot_id: int
    records: frozenset[str]
    """Identifiers of the records read and staged."""
    carried: frozenset[str]
    """Of those whose files did not change, and were not read."""
    namespaces: frozenset[str]
    """Of the staged rows."""
    enrichments: tuple[Enrichment, ...]
    """Sorted by identifier."""
    end_of_life: tuple[EndOfLife, ...]
    sha256: str
    captured_at: datetime | None
    losses: tuple[Problem, ...]
    refused: int
    """How many losses there were."""
    notes: Mapping[str, int]
    """How often each kind of note was made."""


class LoadSettings(Struct, frozen=True):
    """What of loading is the same for all feeds."""

    built_at: datetime
    progress: Progress
    subset: Subset


def load_feed(source: Source, snapshot_id: int, staging: Staging, settings: LoadSettings, known: Mapping[str, KnownRecord]) -> LoadedFeed:
    """Stages a feed's rows; files that are known by name, checksum and size are carried, not read.

    Raises FeedError where nothing of it can be used.
    """
    load = _Load(source, snapshot_id, staging, settings, known)
    load.read()
    if known and not load.carried.isdisjoint(load.records):
        # A record moved from one file to another, or came to stand in two: nobody knows what the files that were not read make of it.
        load.discard()
        load = _Load(source, snapshot_id, staging, settings, {})
        load.read()
    return load.loaded()


class _Record(Struct):
    """A record that was read: what is needed should there be another part or version of it."""

    key: int
    """The provisional number that its rows are staged under."""
    sha256: str
    modified: str | None
    advisory: Advisory | None
    """But for what it affects, while it may have other parts; None once it is staged."""
    rows: list[tuple[tuple[str, str], list[Row]]]
    """Staged; by package, (namespace, name)."""
    file: File | None = None


class _Load:
    """What one feed's files have come to so far."""

    def __init__(
        self, source: Source, snapshot_id: int, staging: Staging, settings: LoadSettings, known: Mapping[str, KnownRecord]
    ) -> None:
        from isal import isal_zlib

        self._source = source
        self._feed = source.declaration.name
        self._crc32 = isal_zlib.crc32
        self._snapshot_id = snapshot_id
        self._staging = staging
        self._settings = settings
        self._known = known
        self._digests: list[tuple[str, str]] = []
        self._newest = _Newest(settings.built_at)
        self._losses: list[Problem] = []
        self._enrichments: dict[str, Enrichment] = {}
        self._end_of_life: set[tuple[str, str, str]] = set()
        self._namespaces: set[str] = set()
        self._refused = 0
        self._notes: Counter[str] = Counter()
        self.records: dict[str, _Record] = {}
        self.carried: set[str] = set()

    def read(self) -> None:
        """Takes in the files of the snapshot."""
        reader = FORMAT_BY_NAME[self._source.declaration.format]
        context = FeedContext(self._feed)
        for file in read_files(self._source.snapshot, reader.suffixes, self._carry):
            if isinstance(file, Problem):
                self._note(file)
            else:
                self._take(file, reader.read(file.content, file.where, context))
            if len(self._digests) % PROGRESS_RECORDS == 0:
                self._settings.progress(self._feed, len(self.records) + len(self.carried))
        for record in self.records.values():
            self._stage_head(record)

    def discard(self) -> None:
        """Takes back what is staged."""
        self._staging.discard(record.key for record in self.records.values())

    def loaded(self) -> LoadedFeed:
        """Raises FeedError where nothing could be used."""
        if not (self.records or self.carried or self._enrichments or self._end_of_life):
            self._refuse()
        return LoadedFeed(
            source=self._source,
            snapshot_id=self._snapshot_id,
            records=frozenset(self.records),
            carried=frozenset(self.carried),
            namespaces=frozenset(self._namespaces),
            enrichments=tuple(self._enrichments[identifier] for identifier in sorted(self._enrichments)),
            end_of_life=tuple(EndOfLife(namespace, self._feed, on, what) for namespace, on, what in sorted(self._end_of_life)),
            sha256=snapshot_digest(self._digests),
            captured_at=self._source.snapshot.captured_at or self._newest.moment,
            losses=tuple(self._losses),
            refused=self._refused,
            notes=dict(self._notes),
        )

    def _refuse(self) -> None:
        why = f": {self._losses[0].where}: {self._losses[0].message}" if self._losses else ""
        subset = self._settings.subset
        of = f" of {', '.join(subset.ecosystems)}" if subset.ecosystems and not why else ""
        path, form = self._source.snapshot.path, self._source.declaration.format
        raise FeedError(f"{self._feed}: {path} holds no advisory{of} of the form {form}{why}")

    def _carry(self, name: str, crc32: int, size_bytes: int) -> bool:
        """Whether a file did not change: its record is carried, and it need not be read."""
        known = self._known.get(name)
        if known is None or known.crc32 != crc32 or known.size_bytes != size_bytes:
            return False
        self.carried.add(known.record)
        self._digests.append((name, known.record_sha256))
        self._newest.take(known.modified)
        if known.git_ranges or known.unordered:
            self._notes.update({ProblemCode.GIT_RANGE: known.git_ranges, ProblemCode.UNORDERED_EVENTS: known.unordered})
        return True

    def _take(self, file: SnapshotFile, parts: Iterable[Read]) -> None:
        """Takes in what one file says."""
        digest = sha256(file.content).hexdigest()
        self._digests.append((file.name, digest))
        noted, refused = [self._notes[code] for code in COUNTED_NOTES], self._refused
        found: list[_Record] = []
        others = 0
        for part in parts:
            if isinstance(part, Problem):
                self._note(part)
            elif isinstance(part, Advisory) and (record := self._add(part)):
                found.append(record)
            else:
                others += 1
                if not isinstance(part, Advisory):
                    self._enrich(part)
        if len(found) == 1 and not others and found[0].sha256 == digest and self._refused == refused:
            git_ranges, unordered = (self._notes[code] - before for code, before in zip(COUNTED_NOTES, noted, strict=True))
            found[0].file = File(file.name, self._crc32(file.content), len(file.content), git_ranges, unordered)
        for record in found:
            if record.modified is not None:
                self._stage_head(record)

    def _note(self, problem: Problem) -> None:
        """Keeps a loss, counts a note."""
        if not problem.loss:
            self._notes[problem.code] += 1
            return
        self._refused += 1
        if len(self._losses) < LOSSES_LIMIT:
            self._losses.append(problem)

    def _add(self, advisory: Advisory) -> _Record | None:
        """Takes in an advisory, once; None where it is left out or only a part of a record."""
        kept = self._settings.subset.of(advisory, self._source.declaration.covers)
        if kept is None:
            return None
        self._newest.take(kept.modified)
        known = self.records.get(kept.id)
        if known:
            return self._add_again(known, kept)
        return self._add_record(kept)

    def _add_record(self, advisory: Advisory) -> _Record:
        key = self._staging.next_advisory()
        record = _Record(key, advisory.record_sha256, advisory.modified, _without_affected(advisory), [])
        self.records[advisory.id] = record
        self._stage_rows(record, advisory)
        return record

    def _add_again(self, known: _Record, advisory: Advisory) -> _Record | None:
        """Another document of a record.

        A feed whose records state no time of change has one document for each release, and a record has a part in each. Of a record
        that does, the newest is the record.
        """
        if advisory.record_sha256 == known.sha256:
            return None
        if known.advisory and known.modified is None and advisory.modified is None:
            known.advisory = _together(known.advisory, advisory)
            known.sha256, known.file = known.advisory.record_sha256, None
            self._stage_rows(known, advisory)
            return None
        self._notes[ProblemCode.DUPLICATE_RECORD] += 1
        if (advisory.modified or "", advisory.record_sha256) < (known.modified or "", known.sha256):
            return None
        self._staging.discard([known.key])
        return self._add_record(advisory)

    def _stage_rows(self, record: _Record, advisory: Advisory) -> None:
        for affected in advisory.affected:
            package = affected.namespace, affected.name
            rows: list[Row] = []
            for row in self._staging.maker.rows(advisory, affected):
                if isinstance(row, Problem):
                    self._note(row)
                else:
                    rows.append(row)
            self._namespaces.add(affected.namespace)
            record.rows.append((package, rows))
            self._staging.add_rows(package, record.key, rows, self._snapshot_id)

    def _stage_head(self, record: _Record) -> None:
        """What is needed of it later is little."""
        if record.advisory:
            hashes = record_hashes(record.advisory, record.rows)
            self._staging.add_head(Head(record.key, record.advisory, hashes, record.file), self._snapshot_id)
            record.advisory, record.rows = None, []

    def _enrich(self, said: Enrichment | EndOfLife) -> None:
        """Takes in what is said without naming a package; of an identifier together with what was said of it before."""
        if isinstance(said, EndOfLife):
            if self._settings.subset.takes(said.namespace):
                self._end_of_life.add((said.namespace, said.on, said.what))
            return
        known = self._enrichments.get(said.id)
        self._enrichments[said.id] = _enriched(known, said) if known else said
        self._newest.take(said.epss.date if said.epss else said.kev.added if said.kev else None)


class _Newest:
    """The newest time that records state, and that can be: PyPI has records of next year. None where no record states any."""

    def __init__(self, built_at: datetime) -> None:
        self._built_at = built_at
        self._day = self._last = ""
        self.moment: datetime | None = None

    def take(self, stated: str | None) -> None:
        """Times are only parsed where their day (zones apart, a day earlier) may be the newest: there are hundreds of thousands."""
        if stated is None or stated[:10] < self._day or stated == self._last:
            return
        self._last = stated
        moment = parse_date(stated)
        if moment and EARLIEST <= moment <= self._built_at and (self.moment is None or moment > self.moment):
            self.moment = moment
            self._day = (moment - timedelta(days=1)).date().isoformat()


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
    if not any(affected.severities for affected in advisory.affected):
        return msgspec.structs.replace(advisory, affected=())
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
