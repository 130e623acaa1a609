"""All questions to the feed database.

Rows are found by the package's name and settled by comparing keys; what has no key is settled in Python, pair by pair. Rows that stand
are those of the present snapshots (`last_snapshot` NULL) whose record is not withdrawn. `candidates` gives no others; `records_of` and
`search` show all and say why one does not count.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from sbommatch.advisory import ANY_MODULE, EndOfLife, Epss, Event, EventKind, FixState, Kev
from sbommatch.ecosystems import CPE_NAMESPACE, LANGUAGE_BY_PURL_TYPE, normalise_pypi
from sbommatch.errors import UsageError
from sbommatch.purl import InvalidPurl, parse_purl
from sbommatch.store.model import (
    EPOCH_ASSUMED,
    MODULE_ASSUMED,
    Candidate,
    DatabaseStatus,
    FeedStatus,
    FoundRecord,
    Group,
    Lookup,
    RatedSeverity,
    Record,
    SnapshotStatus,
)
from sbommatch.store.open import Database
from sbommatch.store.rows import canonical
from sbommatch.versions import SCHEME_BY_NAME
from sbommatch.versions.intervals import LOWEST, contains_raw
from sbommatch.versions.scheme import InvalidVersion

_EVENTS = msgspec.json.Decoder(tuple[Event, ...])


_META = """
SELECT digest, strftime(built_at, '%Y-%m-%dT%H:%M:%SZ') AS built_at, key_format, schema_number, tool_version FROM meta
"""

_SNAPSHOTS = """
SELECT feed AS name, sha256 AS snapshot, strftime(captured_at, '%Y-%m-%dT%H:%M:%SZ') AS captured_at,
    strftime(loaded_at, '%Y-%m-%dT%H:%M:%SZ') AS loaded_at, ecosystems, covers, completeness, proof, advisories, affected, withdrawn,
    enrichments, end_of_life, unkeyed, refused, git_ranges, unordered
FROM snapshot WHERE coalesce(captured_at, loaded_at) <= coalesce($1, 'infinity'::TIMESTAMP)
QUALIFY row_number() OVER (PARTITION BY feed ORDER BY snapshot_id DESC) = 1
ORDER BY feed
"""

_HISTORY = """
SELECT feed, sha256 AS snapshot, strftime(captured_at, '%Y-%m-%dT%H:%M:%SZ') AS captured_at,
    strftime(loaded_at, '%Y-%m-%dT%H:%M:%SZ') AS loaded_at, advisories
FROM snapshot ORDER BY feed, snapshot_id
"""


def status(database: Database) -> DatabaseStatus:
    """What the database holds, and of when."""
    [meta] = database.records(_META)
    as_of = database.as_of.strftime("%Y-%m-%dT%H:%M:%SZ") if database.as_of else None
    return msgspec.convert({**meta, "file": database.path.name, "as_of": as_of, "feeds": coverage(database)}, DatabaseStatus)


def coverage(database: Database) -> tuple[FeedStatus, ...]:
    """The feeds in the database with what they speak for, sorted by name."""
    as_of = database.as_of.replace(tzinfo=None) if database.as_of else None
    return msgspec.convert(database.records(_SNAPSHOTS, [as_of]), tuple[FeedStatus, ...])


_WITHOUT_ROWS = """
SELECT feed, count(*) FROM advisory ANTI JOIN affected USING (advisory_id) WHERE withdrawn IS NULL AND last_snapshot IS NULL GROUP BY feed
"""


def without_rows(database: Database) -> dict[str, int]:
    """By feed how many standing records no package can meet: they name none, or only such as stand nowhere here; without feeds of none."""
    return dict(database.rows(_WITHOUT_ROWS))


def history(database: Database) -> Mapping[str, tuple[SnapshotStatus, ...]]:
    """All snapshots of each feed that were ever loaded, oldest first."""
    found: dict[str, list[SnapshotStatus]] = {}
    for row in database.records(_HISTORY):
        found.setdefault(row.pop("feed"), []).append(msgspec.convert(row, SnapshotStatus))
    return {feed: tuple(snapshots) for feed, snapshots in found.items()}


# The parameters are lists: one statement for any number of lookups, and no import of pandas or pyarrow, which would cost more than the
# query. The rows of the packages asked for are taken out first, by one equality: from it DuckDB makes a filter for its scan, where the
# conditions of the join below alone would make it read all columns of most row groups (2.8 million rows: 45 ms, not 200).
_NEAR = """
WITH lookup AS (
    SELECT unnest($1::INTEGER[]) AS place, unnest($2::VARCHAR[]) AS listed, unnest($3::VARCHAR[]) AS namespace,
        unnest($4::VARCHAR[]) AS name, unnest($5::VARCHAR[]) AS name_kind, unnest($6::VARCHAR[]) AS scheme, unnest($7::BLOB[]) AS key,
        unnest($8::VARCHAR[]) AS arch, unnest($9::VARCHAR[]) AS "module", string_split(unnest($10::VARCHAR[]), ' ') AS channels
),
asked AS MATERIALIZED (
    SELECT l.*, p.pkg_id FROM lookup l JOIN package p ON p.namespace = l.namespace AND p.name = l.name
),
near AS MATERIALIZED (
    SELECT * FROM affected WHERE pkg_id IN (SELECT pkg_id FROM asked)
)
"""

_JOIN = """
FROM asked l JOIN near a ON a.pkg_id = l.pkg_id JOIN advisory d ON d.advisory_id = a.advisory_id
"""

# A row about a module is for packages of that module, any other row for packages of none; where nobody says which module it is, on either
# side, it may be any. Of CPEs the module is the target software: a row without one is for all.
_APPLIES = f"""
    (a.scheme = l.scheme OR l.namespace = '{CPE_NAMESPACE}') AND a.name_kind = l.name_kind
    AND (a.arch IS NULL OR l.arch IS NULL OR l.arch = 'noarch' OR contains('|' || a.arch || '|', '|' || l.arch || '|'))
    AND (a."module" IS NOT DISTINCT FROM l."module" OR (a."module" = '{ANY_MODULE}' AND l."module" IS NOT NULL)
        OR (l."module" = '{ANY_MODULE}' AND a."module" IS NOT NULL) OR (l.namespace = '{CPE_NAMESPACE}' AND a."module" IS NULL))
"""

_BY_COMPARE = "(l.key IS NULL OR a.lo IS NULL OR a.scheme <> l.scheme) AND a.events IS NOT NULL"

_INSIDE = "(a.scheme = l.scheme AND a.lo <= l.key AND l.key < a.hi OR a.listed = l.listed)"

_FIXED_IN_CHANNEL = "(a.channel IS NOT NULL AND a.fix IS NOT NULL AND a.hi <= l.key AND list_contains(l.channels, a.channel))"

_CANDIDATES = f"""
{_NEAR}
SELECT l.place, a.advisory_id, d.feed, d.record_id, CASE WHEN {_FIXED_IN_CHANNEL} THEN 'fixed' ELSE a.state END, a.fix_state, a.fix, a.raw,
    a.rule, a.unplaced, a.listed IS NOT NULL, a.channel, a.scheme, a."module" = '{ANY_MODULE}', CASE WHEN {_BY_COMPARE} THEN a.events END
{_JOIN}
WHERE {_APPLIES}
    AND ({_INSIDE} OR {_BY_COMPARE} OR {_FIXED_IN_CHANNEL})
    AND a.last_snapshot IS NULL AND d.last_snapshot IS NULL AND d.withdrawn IS NULL
ORDER BY l.place, d.feed, d.record_id, a.lo, a.hi, a.raw
"""


def candidates(database: Database, lookups: Sequence[Lookup]) -> list[Candidate]:
    """The standing rows that the lookups meet, in the order of the lookups; several rows of one record may meet the same lookup.

    A row with an open zone that the lookup's version is in, or may be in, comes as `unplaced`.
    """
    if not lookups:
        return []
    return [candidate for row in database.rows(_CANDIDATES, _parameters(lookups)) if (candidate := _candidate(lookups[row[0]], row))]


_LOOKUP_COLUMNS = ("namespace", "name", "name_kind", "scheme", "key", "arch", "module")


def _parameters(lookups: Sequence[Lookup]) -> list[list[Any]]:
    """The columns of `lookup`, in the order of their parameters."""
    columns = [[getattr(one, name) for one in lookups] for name in _LOOKUP_COLUMNS]
    channels = [" ".join(one.channels) for one in lookups]
    return [list(range(len(lookups))), [canonical(one.raw_version) for one in lookups], *columns, channels]


def _candidate(lookup: Lookup, row: tuple[Any, ...]) -> Candidate | None:
    """None where `compare` says that the version is not in the row."""
    place, advisory_id, feed, record, state, fix_state, fix, raw, rule, unplaced, listed, channel, scheme, any_module, events = row
    met, exact = "listed" if listed else "interval", True
    if events is not None:
        met = "compare"
        inside = _inside(lookup, scheme, events)
        if inside is False:
            return None
        unplaced = inside is None
        if EPOCH_ASSUMED in lookup.assumes and _NUMBERED_EPOCH.search(events):
            met, exact = EPOCH_ASSUMED, False
    if any_module and lookup.module != ANY_MODULE:
        met, exact = MODULE_ASSUMED, False
    return Candidate(
        coordinate_id=lookup.coordinate_id,
        namespace=lookup.namespace,
        name=lookup.name,
        advisory_id=advisory_id,
        feed=feed,
        record=record,
        state=state,
        fix_state=_FIX_STATES[fix_state],
        fix=fix,
        raw=raw,
        rule=met if not exact else rule or met,
        exact=exact,
        unplaced=unplaced,
        channel=channel,
        place=place,
    )


_FIX_STATES = {state.value: state for state in FixState}

_NUMBERED_EPOCH = re.compile(r'"0*[1-9][0-9]*:')
"""In the events of a row: a bound with an epoch that is not 0."""


def _inside(lookup: Lookup, scheme: str, events: str) -> bool | None:
    """Whether `compare` says that the events take in the version; None where a bound without a place leaves it open.

    A text that is no version is in none but a range of every version. A version that has the epoch of its bounds is compared with them
    without any.
    """
    placed = _EVENTS.decode(events)
    if EPOCH_ASSUMED in lookup.assumes:
        placed = tuple(Event(event.kind, event.version.rpartition(":")[2]) for event in placed)
    try:
        return contains_raw(SCHEME_BY_NAME[scheme], placed, lookup.raw_version)
    except InvalidVersion:
        return all(event.kind is EventKind.INTRODUCED and event.version == LOWEST for event in placed)


_PACKAGES_OF = """
SELECT namespace, name FROM package WHERE namespace IN (SELECT unnest($1::VARCHAR[]))
"""


def packages_of(database: Database, namespaces: Iterable[str]) -> list[tuple[str, str]]:
    """Namespace and name of every package in these namespaces that any row, standing or not, is about."""
    return [(namespace, name) for namespace, name in database.rows(_PACKAGES_OF, [sorted(set(namespaces))])]


_RECORD_COLUMNS = """
    a.advisory_id, d.feed, d.record_id AS record, a.name_kind, a.scheme, a.state, a.fix_state, a.fix, a.raw, a.rule, a.lo, a.hi, a.listed,
    a.unplaced, a.channel, a.arch, a."module", d.withdrawn
"""

_RECORDS = f"""
{_NEAR}
SELECT l.namespace, l.name, {_RECORD_COLUMNS}, coalesce({_INSIDE}, FALSE) AS met, coalesce(({_APPLIES}), FALSE) AS applies,
    CASE WHEN {_BY_COMPARE} THEN a.events END AS events
{_JOIN}
WHERE (({_APPLIES}) OR ($11 AND a.name_kind = l.name_kind AND a.scheme = l.scheme)) AND a.last_snapshot IS NULL AND d.last_snapshot IS NULL
ORDER BY d.feed, d.record_id, a.lo, a.hi, a.raw
"""


def records_of(database: Database, lookup: Lookup, *, with_others: bool = False) -> tuple[Record, ...]:
    """Every row of the lookup's package, whether it counts or not: what `explain` tells apart by state, withdrawal and `met`.

    `with_others`: those about other architectures and modules too.
    """
    rows = database.records(_RECORDS, [*_parameters([lookup]), with_others])
    for row in rows:
        if row["events"] is not None:
            row["met"] = bool(_inside(lookup, row["scheme"], row["events"]))
    return msgspec.convert(rows, tuple[Record, ...])


_SPOKEN_OF = f"""
{_NEAR}
SELECT DISTINCT l.place, i.id
{_JOIN} JOIN advisory_group g ON g.advisory_id = a.advisory_id JOIN identifier i ON i.group_id = g.group_id AND i.display
WHERE {_APPLIES} AND a.channel IS NULL AND a.last_snapshot IS NULL AND d.last_snapshot IS NULL AND d.withdrawn IS NULL
"""


def spoken_of(database: Database, lookups: Sequence[Lookup]) -> tuple[frozenset[str], ...]:
    """For each lookup what records say anything of for its package, whatever its version, as groups are called; rows of channels aside."""
    found: list[set[str]] = [set() for _ in lookups]
    for place, identifier in database.rows(_SPOKEN_OF, _parameters(lookups)) if lookups else ():
        found[place].add(identifier)
    return tuple(map(frozenset, found))


_MEMBERSHIPS = """
SELECT g.advisory_id, g.group_id
FROM advisory_group g JOIN (SELECT unnest($1::INTEGER[]) AS advisory_id) w USING (advisory_id)
ORDER BY ALL
"""

_IDENTIFIERS = """
SELECT i.group_id, i.id, i.display
FROM identifier i JOIN (SELECT unnest($1::INTEGER[]) AS group_id) w USING (group_id)
ORDER BY ALL
"""

_SAID_OF_GROUPS = """
SELECT g.group_id, d.severities, d.links
FROM advisory_group g JOIN (SELECT unnest($1::INTEGER[]) AS group_id) w USING (group_id) JOIN advisory d USING (advisory_id)
WHERE d.withdrawn IS NULL AND d.last_snapshot IS NULL
"""

_ENRICHED = """
SELECT id, feed, kev_added, kev_due, kev_ransomware, epss_score, epss_percentile, epss_date, severities
FROM enrichment WHERE id IN (SELECT unnest($1::VARCHAR[])) AND last_snapshot IS NULL
ORDER BY id, feed
"""


def groups_of(database: Database, advisory_ids: Iterable[int]) -> Mapping[int, tuple[Group, ...]]:
    """The groups of each advisory, sorted, with what all standing records of a group say of it, those of other feeds too."""
    memberships = database.rows(_MEMBERSHIPS, [sorted(set(advisory_ids))])
    wanted = sorted({group_id for _advisory_id, group_id in memberships})
    if not wanted:
        return {}
    groups = _groups(database, wanted)
    found: dict[int, list[Group]] = {}
    for advisory_id, group_id in memberships:
        found.setdefault(advisory_id, []).append(groups[group_id])
    return {advisory_id: tuple(sorted(of_advisory, key=lambda group: group.display)) for advisory_id, of_advisory in found.items()}


def _groups(database: Database, wanted: Sequence[int]) -> dict[int, Group]:
    ids: dict[int, list[str]] = {}
    display: dict[int, str] = {}
    for group_id, identifier, shown in database.rows(_IDENTIFIERS, [wanted]):
        ids.setdefault(group_id, []).append(identifier)
        if shown:
            display[group_id] = identifier
    said: dict[int, _Said] = {group_id: _Said() for group_id in ids}
    for group_id, stated, urls in database.rows(_SAID_OF_GROUPS, [wanted]):
        said[group_id].severities.update(RatedSeverity(**severity) for severity in stated)
        said[group_id].links.update(urls)
    _enrich(database, ids, said)
    return {
        group_id: Group(
            group_id=group_id,
            display=display[group_id],
            ids=tuple(identifiers),
            severities=_sorted(said[group_id].severities),
            links=tuple(sorted(said[group_id].links)),
            kev=min(said[group_id].kev, key=lambda kev: kev.added, default=None),
            epss=max(said[group_id].epss, key=lambda epss: epss.date or "", default=None),
        )
        for group_id, identifiers in ids.items()
    }


class _Said:
    """What records and enrichments say of a group."""

    def __init__(self) -> None:
        self.severities: set[RatedSeverity] = set()
        self.links: set[str] = set()
        self.kev: list[Kev] = []
        self.epss: list[Epss] = []


def _enrich(database: Database, ids: Mapping[int, Sequence[str]], said: Mapping[int, _Said]) -> None:
    """Adds what feeds say of identifiers; the word on one that stands in several groups, a notice's, is on each."""
    groups: dict[str, list[_Said]] = {}
    for group_id, identifiers in ids.items():
        for identifier in identifiers:
            groups.setdefault(identifier, []).append(said[group_id])
    for identifier, _feed, added, due, ransomware, score, percentile, scored_on, severities in database.rows(_ENRICHED, [list(groups)]):
        for group in groups[identifier]:
            group.severities.update(RatedSeverity(**severity) for severity in severities or ())
            if added is not None:
                group.kev.append(Kev(added, due, ransomware))
            if score is not None:
                group.epss.append(Epss(score, percentile, scored_on))


def _sorted(severities: Iterable[RatedSeverity]) -> tuple[RatedSeverity, ...]:
    """No two differ in the score alone, which may be None."""
    return tuple(sorted(severities, key=lambda severity: (severity.system, severity.value, severity.source)))


_END_OF_LIFE = """
SELECT namespace, feed, until, what FROM end_of_life
WHERE namespace IN (SELECT unnest($1::VARCHAR[])) AND last_snapshot IS NULL
ORDER BY ALL
"""


def end_of_life(database: Database, namespaces: Iterable[str]) -> tuple[EndOfLife, ...]:
    """Until when releases are maintained, by every feed that says so, sorted by namespace, feed, day."""
    return tuple(EndOfLife(*row) for row in database.rows(_END_OF_LIFE, [sorted(set(namespaces))]))


_ADVISORIES_NAMED = """
SELECT advisory_id FROM advisory
WHERE last_snapshot IS NULL AND (upper(record_id) = upper($1)
    OR list_contains(list_transform(list_concat(related, aliases), lambda name: upper(name)), upper($1)))
UNION
SELECT g.advisory_id FROM advisory_group g JOIN identifier i USING (group_id) WHERE upper(i.id) = upper($1)
"""

_PACKAGES_NAMED = """
SELECT pkg_id FROM package
WHERE name IN (SELECT unnest($1::VARCHAR[])) AND ($2 IS NULL OR namespace = $2 OR starts_with(namespace, $2 || ':'))
"""

_ROWS_FOUND = f"""
SELECT p.namespace, p.name, {_RECORD_COLUMNS}, FALSE AS met
FROM affected a JOIN package p USING (pkg_id) JOIN advisory d USING (advisory_id)
WHERE a.last_snapshot IS NULL AND d.last_snapshot IS NULL
    AND (a.advisory_id IN (SELECT unnest($1::INTEGER[])) OR a.pkg_id IN (SELECT unnest($2::INTEGER[])))
ORDER BY p.namespace, p.name, a.lo, a.hi, a.listed, a.raw
"""  # noqa: S608  of constants only

_ADVISORIES_FOUND = """
SELECT advisory_id, feed, record_id AS record, withdrawn, published, modified, summary, links, aliases, related, severities
FROM advisory WHERE last_snapshot IS NULL AND advisory_id IN (SELECT unnest($1::INTEGER[]))
ORDER BY feed, record_id
"""

_NAMES_FOUND = """
SELECT DISTINCT g.advisory_id, i.id
FROM advisory_group g JOIN identifier i USING (group_id)
WHERE g.advisory_id IN (SELECT unnest($1::INTEGER[]))
ORDER BY ALL
"""


def search(database: Database, wanted: str) -> tuple[FoundRecord, ...]:
    """The records that an identifier or else a package names, withdrawn ones among them, sorted by feed and identifier.

    By identifier they come with all that they affect, by package with its rows only. A package is a name, `NAMESPACE/NAME`, or a PURL.
    """
    wanted = wanted.strip()
    advisory_ids = [number for (number,) in database.rows(_ADVISORIES_NAMED, [wanted])]
    pkg_ids = [] if advisory_ids else [number for names in _package_names(wanted) for (number,) in database.rows(_PACKAGES_NAMED, names)]
    affected: dict[int, list[Record]] = {number: [] for number in advisory_ids}
    for row in msgspec.convert(database.records(_ROWS_FOUND, [advisory_ids, pkg_ids]), list[Record]):
        affected.setdefault(row.advisory_id, []).append(row)
    names: dict[int, list[str]] = {number: [] for number in affected}
    for advisory_id, identifier in database.rows(_NAMES_FOUND, [list(affected)]):
        names[advisory_id].append(identifier)
    found = database.records(_ADVISORIES_FOUND, [list(affected)])
    for record in found:
        ids = names[record["advisory_id"]]
        # Names that are in none of the record's groups are found by a search all the same.
        others = dict.fromkeys((*record["related"], *(alias for alias in record["aliases"] if alias not in ids)))
        record |= {"ids": ids, "related": tuple(others), "affected": affected[record["advisory_id"]]}
    return msgspec.convert(found, tuple[FoundRecord, ...])


def _package_names(wanted: str) -> Iterator[tuple[list[str], str | None]]:
    """Names, as they stand and as ecosystems normalise them, and the namespace (or its part before the colon) that they are meant in."""
    if not wanted.startswith("pkg:"):
        yield [wanted, wanted.lower(), normalise_pypi(wanted)], None
        namespace, slash, name = wanted.partition("/")
        if slash:
            yield [name, name.lower(), normalise_pypi(name)], namespace
        return
    try:
        purl = parse_purl(wanted)
    except InvalidPurl as exc:
        raise UsageError(str(exc)) from exc
    if language := LANGUAGE_BY_PURL_TYPE.get(purl.type):
        name = f"{purl.namespace}/{purl.name}" if purl.namespace else purl.name
        yield [name, language.normalise(name)], purl.type
    else:
        yield [purl.name], purl.namespace
