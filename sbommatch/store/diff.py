"""What changed between two states of the feeds: of two databases, or of one as of two moments.

Of each record two hashes are kept, over what decides matching and over the rest: records with equal ones did not change. The rows of the
others are compared one by one, so that a change is of one record for one package:

    added     the record did not speak of the package
    removed   it no longer does
    matching  other versions are met, or the record was withdrawn or stands again
    metadata  the fix, the text of the range, severities, names, or other texts

What feeds say of identifiers without naming a package (exploitation, severities) changes by identifier. A state is an open `Database`.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum

from msgspec import Struct

from sbommatch.store.model import FeedStatus
from sbommatch.store.open import Database
from sbommatch.store.queries import coverage


class Kind(StrEnum):
    """What kind of change; sorted as they are listed."""

    ADDED = "added"
    REMOVED = "removed"
    MATCHING = "matching"
    METADATA = "metadata"


class What(StrEnum):
    """What changed of a record that stays, or of an identifier."""

    VERSIONS = "versions"
    WITHDRAWN = "withdrawn"
    FIX = "fix"
    RANGE = "range"
    SEVERITY = "severity"
    NAMES = "names"
    TEXT = "text"
    KEV = "kev"


JOINING = frozenset({What.WITHDRAWN, What.SEVERITY, What.NAMES})
"""Changes of a record that show on other records of its vulnerability groups, too."""


class RangeText(Struct, frozen=True, order=True):
    """A row as people read it."""

    range: str
    state: str
    fix_state: str
    fix: str | None


class Change(Struct, frozen=True, kw_only=True):
    """One record for one package."""

    kind: Kind
    feed: str
    record: str
    namespace: str | None
    """None, like `name`, where the record names no package."""
    name: str | None
    what: tuple[What, ...]
    """Sorted; empty for `added` and `removed`."""
    before: tuple[RangeText, ...]
    """The rows that are no more."""
    after: tuple[RangeText, ...]
    """The rows that came."""


class IdentifierChange(Struct, frozen=True, kw_only=True):
    """What a feed says of an identifier: exploitation or severities; scores of EPSS, which change daily, are only counted."""

    kind: Kind
    """`added`, `removed`, or `metadata`."""
    feed: str
    id: str
    what: tuple[What, ...]
    """`kev`, `severity`."""


class FeedDifference(Struct, frozen=True, kw_only=True):
    """A feed in both states."""

    name: str
    before: str | None
    """The snapshot's digest; None where the feed was not there."""
    after: str | None
    captured_before: str | None
    captured_after: str | None
    covers_gained: tuple[str, ...]
    """Namespaces that it speaks for now: packages there may be checked that were not, whatever their names."""
    covers_lost: tuple[str, ...]
    added: int
    removed: int
    matching: int
    metadata: int
    identifiers: int
    """Changes of what it says of identifiers."""
    epss: int
    """Identifiers whose score changed."""


class Difference(Struct, frozen=True, kw_only=True):
    """All that changed."""

    feeds: tuple[FeedDifference, ...]
    """Sorted by name; all that are in either state."""
    changes: tuple[Change, ...]
    """Sorted by feed, record, package."""
    identifiers: tuple[IdentifierChange, ...]
    """Sorted by feed and identifier."""


def difference(old: Database, new: Database) -> Difference:
    """What changed from one state to another. Raises DatabaseError where one of them is damaged."""
    changes = tuple(_changes(old, new))
    identifiers, epss = _identifier_changes(old, new)
    return Difference(feeds=tuple(_feeds(old, new, changes, identifiers, epss)), changes=changes, identifiers=identifiers)


def changed_names(old: Database, new: Database, found: Difference | None = None) -> set[tuple[str, str]]:
    """The packages, (namespace, name), of which anything that a report says may have changed, EPSS scores apart.

    Those of the changes, and those of all records in the vulnerability groups that they touch. Whole namespaces that are covered now and
    were not, or the other way round, are `covers_gained` and `covers_lost` of the feeds.
    """
    found = found or difference(old, new)
    names = {(change.namespace, change.name) for change in found.changes if change.namespace is not None and change.name is not None}
    records = {(change.feed, change.record) for change in found.changes if not change.what or JOINING.intersection(change.what)}
    for database in (old, new):
        identifiers = {change.id for change in found.identifiers} | _identifiers_of(database, records)
        names |= {(namespace, name) for namespace, name in database.rows(_PACKAGES_OF, [sorted(identifiers)])}
    return names


_IDENTIFIERS_OF = """
WITH wanted AS (SELECT unnest($1::VARCHAR[]) AS feed, unnest($2::VARCHAR[]) AS record_id),
found AS (SELECT record_id, aliases, cves FROM advisory JOIN wanted USING (feed, record_id) WHERE last_snapshot IS NULL)
SELECT record_id FROM found UNION SELECT unnest(aliases) FROM found UNION SELECT unnest(cves) FROM found
"""

_PACKAGES_OF = """
SELECT DISTINCT p.namespace, p.name
FROM identifier i JOIN advisory_group g USING (group_id) JOIN affected a USING (advisory_id) JOIN package p USING (pkg_id)
WHERE i.id IN (SELECT unnest($1::VARCHAR[])) AND a.last_snapshot IS NULL
"""


def _identifiers_of(database: Database, records: Iterable[tuple[str, str]]) -> set[str]:
    listed = sorted(records)
    columns = [[feed for feed, _ in listed], [record for _, record in listed]]
    return {identifier for (identifier,) in database.rows(_IDENTIFIERS_OF, columns)}


_HASHES = "SELECT feed, record_id, advisory_id, match_hash, meta_hash FROM advisory WHERE last_snapshot IS NULL"

_Key = tuple[str, str]


def _changes(old: Database, new: Database) -> Iterator[Change]:
    before, after = ({(feed, record): (number, hashes) for feed, record, number, *hashes in one.rows(_HASHES)} for one in (old, new))
    keys = sorted(key for key in before.keys() | after.keys() if key not in before or key not in after or before[key][1] != after[key][1])
    old_records = _records(old, {before[key][0]: key for key in keys if key in before})
    new_records = _records(new, {after[key][0]: key for key in keys if key in after})
    for key in keys:
        yield from _changes_of(key, old_records.get(key), new_records.get(key))


class _Head(Struct, frozen=True):
    """What a record says beside its rows."""

    is_withdrawn: bool
    severities: object
    names: object
    text: object


class _Record(Struct):
    head: _Head
    rows: dict[tuple[str, str], list["_Row"]]
    """By (namespace, name)."""


class _Row(Struct, frozen=True):
    matching: tuple[object, ...]
    """All that decides which versions are met."""
    text: RangeText


_HEADS_OF = """
SELECT advisory_id, withdrawn IS NOT NULL, severities, (aliases, cves, related), (summary, links, withdrawn, published)
FROM advisory WHERE last_snapshot IS NULL AND advisory_id IN (SELECT unnest($1::INTEGER[]))
"""

_ROWS_OF = """
SELECT advisory_id, namespace, name, raw, state, fix_state, fix, scheme, name_kind, lo, hi, listed, unplaced, arch, "module", channel,
    CASE WHEN lo IS NULL THEN events END
FROM affected JOIN package USING (pkg_id)
WHERE last_snapshot IS NULL AND advisory_id IN (SELECT unnest($1::INTEGER[]))
ORDER BY namespace, name, lo, hi, listed, raw
"""


def _records(database: Database, wanted: Mapping[int, _Key]) -> dict[_Key, _Record]:
    numbers = sorted(wanted)
    found = {wanted[number]: _Record(_Head(*head), {}) for number, *head in database.rows(_HEADS_OF, [numbers])}
    for number, namespace, name, raw, state, fix_state, fix, *matching in database.rows(_ROWS_OF, [numbers]):
        row = _Row((state, *matching), RangeText(raw, state, fix_state, fix))
        found[wanted[number]].rows.setdefault((namespace, name), []).append(row)
    return found


def _changes_of(key: _Key, before: _Record | None, after: _Record | None) -> Iterator[Change]:
    """One for each package of which the record says something else now."""
    packages = sorted({*(before.rows if before else ()), *(after.rows if after else ())})
    of_head = _changes_of_head(before.head, after.head) if before and after else frozenset()
    for package in packages or [(None, None)]:
        old = before.rows.get(package, []) if before and package[0] else []
        new = after.rows.get(package, []) if after and package[0] else []
        is_in = (before is not None and (bool(old) or not package[0]), after is not None and (bool(new) or not package[0]))
        what = of_head | _changes_of_rows(old, new) if all(is_in) else frozenset()
        if all(is_in) and not what:
            continue
        yield Change(
            kind=_kind(is_in, what),
            feed=key[0],
            record=key[1],
            namespace=package[0],
            name=package[1],
            what=tuple(sorted(what)),
            before=_without(old, new),
            after=_without(new, old),
        )


def _kind(is_in: tuple[bool, bool], what: frozenset[What]) -> Kind:
    if not is_in[0]:
        return Kind.ADDED
    if not is_in[1]:
        return Kind.REMOVED
    return Kind.MATCHING if what & {What.VERSIONS, What.WITHDRAWN} else Kind.METADATA


def _changes_of_head(before: _Head, after: _Head) -> frozenset[What]:
    found = {
        What.WITHDRAWN: before.is_withdrawn != after.is_withdrawn,
        What.SEVERITY: before.severities != after.severities,
        What.NAMES: before.names != after.names,
        What.TEXT: before.text != after.text,
    }
    return frozenset(what for what, changed in found.items() if changed)


def _changes_of_rows(before: Sequence[_Row], after: Sequence[_Row]) -> frozenset[What]:
    found = {
        What.VERSIONS: {row.matching for row in before} != {row.matching for row in after},
        What.FIX: {(row.text.fix_state, row.text.fix) for row in before} != {(row.text.fix_state, row.text.fix) for row in after},
        What.RANGE: {row.text.range for row in before} != {row.text.range for row in after},
    }
    return frozenset(what for what, changed in found.items() if changed)


def _without(rows: Sequence[_Row], others: Sequence[_Row]) -> tuple[RangeText, ...]:
    """The texts of the rows that are not among the others."""
    rest = Counter((row.matching, row.text) for row in rows) - Counter((row.matching, row.text) for row in others)
    return tuple(dict.fromkeys(row.text for row in rows if (row.matching, row.text) in rest))


_SAID = """
SELECT feed, id, kev_added, kev_due, kev_ransomware, severities FROM enrichment
WHERE last_snapshot IS NULL AND (kev_added IS NOT NULL OR severities IS NOT NULL)
"""

_EPSS = "SELECT feed, id, epss_score FROM enrichment WHERE last_snapshot IS NULL AND epss_score IS NOT NULL"


def _identifier_changes(old: Database, new: Database) -> tuple[tuple[IdentifierChange, ...], Counter[str]]:
    """The changes, and by feed how many scores changed."""
    before, after = ({(feed, id_): (tuple(kev), severities) for feed, id_, *kev, severities in one.rows(_SAID)} for one in (old, new))
    changes: list[IdentifierChange] = []
    nothing = ((None, None, None), None)
    for key in sorted(before.keys() | after.keys()):
        was, now = before.get(key, nothing), after.get(key, nothing)
        if was != now:
            kind = Kind.ADDED if key not in before else Kind.REMOVED if key not in after else Kind.METADATA
            what = [name for name, one, other in zip((What.KEV, What.SEVERITY), was, now, strict=True) if one != other]
            changes.append(IdentifierChange(kind=kind, feed=key[0], id=key[1], what=tuple(what)))
    scores = [{(feed, id_): score for feed, id_, score in one.rows(_EPSS)} for one in (old, new)]
    epss = Counter(key[0] for key in scores[0].keys() | scores[1].keys() if scores[0].get(key) != scores[1].get(key))
    return tuple(changes), epss


def _feeds(
    old: Database, new: Database, changes: Iterable[Change], identifiers: Iterable[IdentifierChange], epss: Mapping[str, int]
) -> Iterator[FeedDifference]:
    before, after = ({feed.name: feed for feed in coverage(one)} for one in (old, new))
    counts = Counter((change.feed, change.kind) for change in changes)
    of_identifiers = Counter(change.feed for change in identifiers)
    for name in sorted(before.keys() | after.keys()):
        was, now = before.get(name), after.get(name)
        covered, covers = _covers(was), _covers(now)
        yield FeedDifference(
            name=name,
            before=was.snapshot if was else None,
            after=now.snapshot if now else None,
            captured_before=was.captured_at if was else None,
            captured_after=now.captured_at if now else None,
            covers_gained=tuple(sorted(covers - covered)),
            covers_lost=tuple(sorted(covered - covers)),
            added=counts[name, Kind.ADDED],
            removed=counts[name, Kind.REMOVED],
            matching=counts[name, Kind.MATCHING],
            metadata=counts[name, Kind.METADATA],
            identifiers=of_identifiers[name],
            epss=epss.get(name, 0),
        )


def _covers(feed: FeedStatus | None) -> set[str]:
    return set(feed.covers) if feed else set()
