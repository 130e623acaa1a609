"""All that a database knows of one record: what it says, row by row, what feeds say of its vulnerability, and how it came to that."""

from msgspec import Struct

from sbommatch.store.model import Group
from sbommatch.store.open import Database
from sbommatch.store.queries import groups_of


class ShownRow(Struct, frozen=True, kw_only=True):
    """A row that stands."""

    namespace: str
    name: str
    name_kind: str
    scheme: str
    state: str
    range: str
    events: str | None
    listed: str | None
    unplaced: bool
    rule: str | None
    fix_state: str
    fix: str | None
    arch: str | None
    module: str | None
    channel: str | None
    since: str | None
    """RFC 3339: when the first snapshot that had the row was captured; None where that is not known."""


class ShownVersion(Struct, frozen=True, kw_only=True):
    """A version of the record that a snapshot had."""

    modified: str | None
    withdrawn: str | None
    record_sha256: str
    since: str | None
    until: str | None
    """When the last snapshot that had it was captured; None for the one that stands."""
    stands: bool


class ShownRecord(Struct, frozen=True, kw_only=True):
    """A record."""

    feed: str
    record: str
    record_sha256: str
    withdrawn: str | None
    published: str | None
    modified: str | None
    summary: str
    aliases: tuple[str, ...]
    related: tuple[str, ...]
    links: tuple[str, ...]
    groups: tuple[Group, ...]
    rows: tuple[ShownRow, ...]
    history: tuple[ShownVersion, ...]
    """Oldest first."""


_NAMED = """
SELECT DISTINCT advisory_id FROM advisory WHERE upper(record_id) = upper($1) AND last_snapshot IS NULL
"""

_ALSO_NAMED = """
SELECT DISTINCT advisory_id FROM advisory_group JOIN identifier USING (group_id) WHERE upper(id) = upper($1)
"""

_RECORD = """
SELECT feed, record_id AS record, record_sha256, withdrawn, published, modified, summary, aliases, related, links
FROM advisory WHERE advisory_id = $1 AND last_snapshot IS NULL
"""

_ROWS = """
SELECT p.namespace, p.name, a.name_kind, a.scheme, a.state, a.raw AS range, a.events, a.listed, a.unplaced, a.rule, a.fix_state, a.fix,
    a.arch, a."module", a.channel, strftime(s.captured_at, '%Y-%m-%dT%H:%M:%SZ') AS since
FROM affected a JOIN package p USING (pkg_id) JOIN snapshot s ON s.snapshot_id = a.first_snapshot
WHERE a.advisory_id = $1 AND a.last_snapshot IS NULL
ORDER BY p.namespace, p.name, a.lo, a.hi, a.listed, a.raw, a.arch, a."module", a.channel
"""

_HISTORY = """
SELECT d.modified, d.withdrawn, d.record_sha256, strftime(f.captured_at, '%Y-%m-%dT%H:%M:%SZ') AS since,
    strftime(l.captured_at, '%Y-%m-%dT%H:%M:%SZ') AS until, last_snapshot IS NULL AS stands
FROM advisory d JOIN snapshot f ON f.snapshot_id = first_snapshot LEFT JOIN snapshot l ON l.snapshot_id = last_snapshot
WHERE advisory_id = $1 ORDER BY first_snapshot
"""


def show_records(database: Database, wanted: str) -> tuple[ShownRecord, ...]:
    """The standing records of an identifier of their own, else of one that their groups have; sorted by feed and record."""
    for sql in (_NAMED, _ALSO_NAMED):
        if numbers := [number for (number,) in database.rows(sql, [wanted.strip()])]:
            break
    groups = groups_of(database, numbers)
    records = (_record(database, number, groups.get(number, ())) for number in numbers)
    return tuple(sorted(records, key=lambda record: (record.feed, record.record)))


def _record(database: Database, number: int, groups: tuple[Group, ...]) -> ShownRecord:
    import msgspec

    [head] = database.records(_RECORD, [number])
    shown = {"groups": groups, "rows": database.records(_ROWS, [number]), "history": database.records(_HISTORY, [number])}
    return msgspec.convert({**head, **shown}, ShownRecord)
