"""What changed for the documents of an archive since the last time that was recorded, or since a moment, and why.

What stands is kept by coordinate, not by document: that of the last run is compared with what a match finds now, and the differences
are joined to the components that have them. Only what a difference of the feeds touches is matched again, and the documents that came;
where the database cannot show its state of the last run any more, or other rules decide, all is.

A finding whose feed is gone is not resolved: it stays as it was, and the run says so.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import Struct

from sbommatch import __version__
from sbommatch.archive.archive import Archive
from sbommatch.archive.causes import Causes, causes_between, causes_of, moment_of
from sbommatch.archive.change import Because, Cause, ChangeKind
from sbommatch.archive.fanout import Told, fan_out, gone_documents
from sbommatch.archive.log import Run, append_rows, has_log, make_log, one_run, open_log
from sbommatch.archive.matching import Answers, Scope
from sbommatch.archive.reader import Reader, open_reader
from sbommatch.archive.recorded import want_found, want_nothing
from sbommatch.archive.segment import INDEXED_BY, draw_segment
from sbommatch.archive.standing import (
    NOTHING,
    Findings,
    Key,
    Known,
    Standing,
    differences,
    found_now,
    of_pair,
    row_of,
    stood_before,
)  # fmt: skip
from sbommatch.archive.tables import CHANGES, MEMBERS, RUNS, STANDING, TOLD, append, write_relation
from sbommatch.collector import without_collector
from sbommatch.store.open import Database, open_database
from sbommatch.store.queries import status

TIME = "%Y-%m-%dT%H:%M:%SZ"

RULES = f"{__version__} {INDEXED_BY}"
"""What decides, beside the feeds."""


class State(Struct, frozen=True, kw_only=True):
    """One end of a comparison."""

    run: int | None
    """The number of the recorded run; None: none was recorded."""
    at: str
    """UTC, RFC 3339: when it was looked at."""
    database: str
    """Digest of the feed database."""
    documents: int


class Changes(Struct, frozen=True, kw_only=True):
    """What a run found, in sums."""

    from_: State | None
    """The run before; None: this is the first one, which only notes what stands."""
    to: State
    """The same as `from_` where nothing was recorded, for nothing can have changed."""
    kinds: Mapping[str, int]
    """Changes by kind."""
    notes: tuple[str, ...]
    """What could not be told, in words."""


@contextmanager
def recorded_changes(archive: Archive, database: Database, at: datetime | None = None) -> Iterator[tuple[Changes, Reader]]:
    """Finds what changed since the last recorded run, and records it: wholly, or not at all. Waits for another run that is under way.

    The table `wanted` of the reader has the changes. The first run records what stands, and finds no changes; where neither the database
    nor the documents are others, nothing is recorded.
    Raises ArchiveError where the archive or its log cannot be read, DatabaseError, UsageError where the log cannot be written.
    """
    moment = f"{at or datetime.now(UTC):{TIME}}"
    with ExitStack() as opened:
        with one_run(archive), without_collector():
            make_log(archive)
            reader = opened.enter_context(open_reader(archive))
            runs = open_log(reader)
            baseline = _LastRun(reader, database, runs[-1]) if runs else _Beginning(reader)
            if runs and baseline.is_now(status(database).digest):
                state = state_of(runs[-1])
                changes = Changes(from_=state, to=state, kinds={}, notes=())
                want_nothing(reader)
            else:
                changes = Comparison(reader, database, baseline).record(moment, len(runs) + 1)
                want_found(reader, moment, len(runs) + 1)
        yield changes, reader


def record_changes(archive: Archive, database: Database, at: datetime | None = None) -> Changes:
    """The same without the changes themselves; `sbommatch.archive.recorded` gives them."""
    with recorded_changes(archive, database, at) as (changes, _):
        return changes


@contextmanager
def changes_since(archive: Archive, database: Database, moment: datetime) -> Iterator["Comparison"]:
    """What changed since a moment, by what the database knew then, without recording it.

    Raises what `record_changes` raises, and UsageError where the database knows nothing of that time.
    """
    with without_collector(), open_reader(archive) as reader:
        open_log(reader)
        with open_database(database.path, database.threads, moment) as old:
            yield Comparison(reader, database, _Moment(reader, old, database))


class _Beginning:
    """Before the first run: nothing was known, and nothing is told."""

    state: State | None = None
    causes: Causes | None = None

    def __init__(self, reader: Reader) -> None:
        reader.execute("CREATE TEMP TABLE came AS SELECT sha256 FROM documents WHERE false")
        reader.execute("CREATE TEMP TABLE gone AS FROM removed WHERE false")

    def is_now(self, _digest: str) -> bool:
        """Never."""
        return False

    def stood(self, _scope: Scope | None) -> dict[Key, dict[str, Standing]]:
        """Nothing."""
        return {}

    def stood_removed(self) -> Known:
        """Nothing."""
        return {}


class _LastRun:
    """What a run recorded. Makes the tables `came` and `gone` of documents since."""

    def __init__(self, reader: Reader, database: Database, run: Run) -> None:
        self._reader = reader
        self._run = run
        self.state = state_of(run)
        self.causes = causes_of(run, database, RULES)
        for statement in _DOCUMENTS_SINCE_RUN:
            reader.execute(statement)

    def is_now(self, digest: str) -> bool:
        """Whether nothing can have changed."""
        [(moved,)] = self._reader.rows("SELECT (SELECT count(*) FROM came) + (SELECT count(*) FROM gone)")
        return not moved and self._run.database == digest and self._run.rules == RULES

    def stood(self, scope: Scope | None) -> dict[Key, dict[str, Standing]]:
        """What stood against the coordinates that are matched."""
        return stood_before(self._reader, "coordinate_id IN (SELECT coordinate_id FROM class)" if scope else "true")

    def stood_removed(self) -> Known:
        """What stood against documents that are gone: their coordinates need not be among those that are matched."""
        return stood_before(self._reader)


class _Moment:
    """What the database knew at a moment, of the documents that were there. Makes the tables `came` and `gone` of documents since."""

    def __init__(self, reader: Reader, old: Database, database: Database) -> None:
        self._reader = reader
        self._old = old
        moment = old.as_of
        assert moment is not None, "it is opened as of one"
        known = status(old)
        self.state = State(run=None, at=f"{moment:{TIME}}", database=known.digest, documents=0)
        self.causes = causes_between(old, database)
        reader.execute(_CAME_SINCE.format(f"{moment:%Y-%m-%d %H:%M:%S.%f}"))
        has_removed = has_log(reader.archive)
        reader.execute(_GONE_SINCE.format(f"{moment:%Y-%m-%d %H:%M:%S.%f}") if has_removed else _NONE_GONE)

    def stood(self, scope: Scope | None) -> dict[Key, dict[str, Standing]]:
        """What the database of then finds in the same components."""
        with open_reader(self._reader.archive) as reader:
            return found_now(Answers(reader, self._old, scope=scope))

    def stood_removed(self) -> Known:
        """What the log has of documents that are gone."""
        return stood_before(self._reader) if has_log(self._reader.archive) else {}


class Comparison:
    """What stands now, beside what stood before. The table `fanned` of `reader` has the changes, one for each component."""

    def __init__(self, reader: Reader, database: Database, baseline: _Beginning | _LastRun | _Moment) -> None:
        self.reader = reader
        self.before_state = baseline.state
        self._database = database
        self._status = status(database)
        self.notes: list[str] = []
        causes = baseline.causes
        scope = self._scope(causes)
        self.now = found_now(Answers(reader, database, scope=scope))
        self.before = baseline.stood(scope)
        self._numbers = {coordinate: number for number, coordinate in reader.rows("SELECT class, coordinate_id FROM class")}
        self._pairs: list[Key] = [(twin, owner) for twin, owner in reader.rows(_PAIRS)]
        fan_out(reader, self._told(causes) if causes else ())
        [(gone,)] = reader.rows("SELECT count(*) FROM gone")
        if gone:
            unread = gone_documents(reader, baseline.stood_removed())
            if unread:
                self.notes.append(f"what stood against {unread} removed documents cannot be told: it is not stored any more")
        self.kinds: Mapping[str, int] = dict(
            reader.rows("SELECT kind, count(*) FROM fanned JOIN told USING (told) GROUP BY kind ORDER BY kind")
        )
        [(self.documents,)] = reader.rows("SELECT count(*) FROM documents")

    def _scope(self, causes: Causes | None) -> Scope | None:
        if causes is None or causes.packages is None or causes.old_rules is not None:
            return None
        return Scope(packages=causes.packages, documents=[digest for (digest,) in self.reader.rows("FROM came")])

    def state(self, at: str, run: int | None = None) -> State:
        """The end of the comparison that is now."""
        return State(run=run, at=at, database=self._status.digest, documents=self.documents)

    def _told(self, causes: Causes) -> Iterator[Told]:
        retained = 0
        keys = [(coordinate, None) for coordinate, owner in self.now if owner is None]
        came = self._came()
        for key in [*keys, *self._pairs]:
            before, after = _of(self.before, key), _of(self.now, key)
            place = self._numbers[key[0]], None if key[1] is None else self._numbers[key[1]]
            if place in came:
                because = Because(Cause.DOCUMENT, "the document was added")
                yield from (Told(*place, True, ChangeKind.AFFECTED, one, because) for one in after.values())
            if before == after:
                continue
            for found in differences(before, after):
                if found.kind is ChangeKind.RESOLVED and causes.is_gone(found.standing):
                    retained += 1
                    self._retain(key, found.standing)
                else:
                    yield Told(*place, False, found.kind, found.standing, causes.of(found))
        if retained:
            feeds = ", ".join(causes.gone) or "a feed that covers less than before"
            self.notes.append(f"{retained} findings stay as they were, for nobody says anything of them any more: {feeds}")

    def _retain(self, key: Key, one: Standing) -> None:
        """What rested on a feed that is gone stands on."""
        own = self.now.get(key)
        if own is None:
            own = self.now[key] = dict(_of(self.now, key))
        own[one.id] = one

    def _came(self) -> set[tuple[int, int | None]]:
        """The classes, and pairs of classes, of the documents that came."""
        return {(number, owner) for number, owner in self.reader.rows(_CAME)}

    def number(self) -> None:
        """Makes the table `numbered`: the changes in their order, by which `rowid` counts."""
        self.reader.execute(_NUMBERED)

    def record(self, at: str, number: int) -> Changes:
        """Writes a run, its row of `runs` last."""
        segment, folder = draw_segment(), self.reader.archive.path
        if rows := list(self._standing_rows()):
            names = (name for name, _, _ in STANDING.columns[1:])
            append(STANDING, folder, segment, dict(zip(names, zip(*rows, strict=True), strict=True)))
        self.number()
        for table, sql in ((MEMBERS, _MEMBERS), (TOLD, _TOLD), (CHANGES, _CHANGES)):
            write_relation(table, folder, self.reader.relation(sql.format(segment, number)))
        self._commit(
            Run(
                run=segment, number=number, at=at, database=self._status.digest, moment=moment_of(self._database),
                feeds={feed.name: feed.snapshot for feed in self._status.feeds}, rules=RULES, documents=self.documents,
                changes=sum(self.kinds.values()),
            )
        )  # fmt: skip
        to = self.state(at, number)
        return Changes(from_=self.before_state, to=to, kinds=self.kinds, notes=tuple(self.notes))

    def _standing_rows(self) -> Iterator[tuple[Any, ...]]:
        """Of each coordinate and pair whose findings changed all that stand now."""
        for key, after in self.now.items():
            before = self.before.get(key)
            if after == (before or NOTHING) and (before is not None or key[1] is None):
                continue
            yield from (row_of(key, one) for one in after.values())
            if not after:
                yield row_of(key, None)
        for pair in self._pairs:
            if pair in self.before and pair not in self.now:
                yield row_of(pair, None, stands=False)

    def _commit(self, run: Run) -> None:
        values = msgspec.structs.asdict(run)
        columns = [name for name, _, _ in RUNS.columns if name != "feeds"]
        append_rows(RUNS, self.reader, "ran", columns, [[values[name] for name in columns]])
        feeds = "map(unnest($1::VARCHAR[][]), unnest($2::VARCHAR[][]))"
        self.reader.execute(f"CREATE TEMP TABLE ran_on AS SELECT {feeds} AS feeds", [[list(run.feeds)], [list(run.feeds.values())]])
        names = ", ".join(f'"{name}"' for name, _, _ in RUNS.columns)
        write_relation(RUNS, self.reader.archive.path, self.reader.relation(f"SELECT {names} FROM ran, ran_on"))


def _of(known: Known, key: Key) -> Findings:
    return of_pair(known, *key)


def state_of(run: Run) -> State:
    """The end of a comparison that a run is."""
    return State(run=run.number, at=run.at, database=run.database, documents=run.documents)


_DOCUMENTS_SINCE_RUN = (
    "CREATE TEMP TABLE came AS SELECT sha256 FROM documents EXCEPT SELECT sha256 FROM members_now WHERE is_there",
    """
    CREATE TEMP TABLE gone AS
    FROM removed SEMI JOIN (SELECT sha256 FROM members_now WHERE is_there EXCEPT SELECT sha256 FROM documents) USING (sha256)
    QUALIFY row_number() OVER (PARTITION BY sha256 ORDER BY removed_at DESC) = 1
    """,
)

_CAME_SINCE = "CREATE TEMP TABLE came AS SELECT sha256 FROM documents WHERE added_at > TIMESTAMP '{}'"
_GONE_SINCE = """
CREATE TEMP TABLE gone AS
FROM removed ANTI JOIN documents USING (sha256)
WHERE added_at <= TIMESTAMP '{0}' AND removed_at > TIMESTAMP '{0}'
QUALIFY row_number() OVER (PARTITION BY sha256 ORDER BY removed_at DESC) = 1
"""
_NONE_GONE = "CREATE TEMP TABLE gone AS FROM documents WHERE false"

_PAIRS = """
SELECT DISTINCT t.coordinate_id, w.coordinate_id
FROM (SELECT DISTINCT twin, owner FROM pair) p JOIN class t ON t.class = p.twin JOIN class w ON w.class = p.owner
ORDER BY ALL
"""

_CAME = """
WITH new AS (SELECT segment, document FROM documents SEMI JOIN came USING (sha256))
SELECT DISTINCT p.class, NULL::INTEGER
FROM (FROM part SEMI JOIN new USING (segment, document)) o JOIN place p ON p.segment = o.segment AND p.coordinate = o.coordinate
UNION ALL
SELECT DISTINCT twin, owner FROM pair SEMI JOIN new USING (segment, document)
"""

_MEMBERS = """
SELECT {0}::BIGINT AS segment, sha256, true AS is_there FROM documents
WHERE {1} = 1 OR sha256 IN (FROM came)
UNION ALL SELECT {0}::BIGINT, sha256, false FROM members_now WHERE is_there AND sha256 NOT IN (SELECT sha256 FROM documents)
"""

_NUMBERED = "CREATE OR REPLACE TEMP TABLE numbered AS FROM fanned ORDER BY sha256, position, told"

_TOLD = "SELECT {0}::BIGINT AS segment, told.* FROM told SEMI JOIN fanned USING (told)"
_CHANGES = "SELECT {0}::BIGINT AS segment, rowid::INTEGER AS place, sha256, position, told FROM numbered"
