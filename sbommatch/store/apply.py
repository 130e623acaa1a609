"""What was loaded becomes the present of a database: rows that are no more get their last snapshot, new ones their first."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from sbommatch.advisory import Enrichment
from sbommatch.problem import ProblemCode
from sbommatch.store.load import LoadedFeed
from sbommatch.store.reader import reader_digest
from sbommatch.store.rows import Row
from sbommatch.store.staging import append, rated
from sbommatch.store.subset import Subset

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


class Step(Struct, frozen=True):
    """One feed's step from one snapshot to the next."""

    feed: LoadedFeed
    before: int | None = None
    """The snapshot that stood; None where the feed is new."""
    gone: frozenset[str] = frozenset()
    """Identifiers of the records that stood and are no more."""


def apply_steps(connection: "DuckDBPyConnection", steps: Sequence[Step]) -> None:
    """Takes in all that is staged."""
    connection.execute(STEP)
    append(connection, "step", [(_name(step), step.before, step.feed.snapshot_id) for step in steps])
    append(connection, "gone", [(_name(step), record) for step in steps for record in sorted(step.gone)])
    connection.execute(ADVISORIES)
    connection.execute(PACKAGES)
    if any(step.before for step in steps):
        connection.execute(CHANGED_ROWS)
    connection.execute(NEW_ROWS)
    for step in steps:
        said = step.feed
        _replace(connection, "enrichment", [_enrichment_row(one, said.snapshot_id) for one in said.enrichments], step)
        ends = [(one.namespace, one.feed, one.on, one.what, said.snapshot_id, None) for one in said.end_of_life]
        _replace(connection, "end_of_life", ends, step)


def _name(step: Step) -> str:
    return step.feed.source.declaration.name


# `resolved` has of each staged record its number, which is the one that it has had if the feed ever had it, and whether it is as it was:
# all of it, or all that its rows are made of.
STEP = """
CREATE TEMP TABLE step (feed VARCHAR, before INTEGER, snapshot_id INTEGER);
CREATE TEMP TABLE gone (feed VARCHAR, record_id VARCHAR);
CREATE TEMP TABLE resolved AS
SELECT h.advisory_key, coalesce(o.last_snapshot IS NULL AND o.advisory_id IS NOT NULL, FALSE) AS stood,
    coalesce(o.advisory_id, (SELECT coalesce(max(advisory_id), 0) FROM advisory)
        + row_number() OVER (PARTITION BY o.advisory_id IS NULL ORDER BY h.feed, h.record_id))::INTEGER AS advisory_id,
    stood AND o.match_hash = h.match_hash AND o.meta_hash = h.meta_hash AS same_rows,
    same_rows AND o.record_sha256 = h.record_sha256 AND o.file IS NOT DISTINCT FROM h.file AS same_head
FROM staged_head h LEFT JOIN (
    FROM advisory SEMI JOIN staged_head USING (feed, record_id)
    QUALIFY row_number() OVER (PARTITION BY advisory_id ORDER BY first_snapshot DESC) = 1
) o USING (feed, record_id);
"""

ADVISORIES = """
CREATE TEMP TABLE leaving AS
SELECT d.advisory_id, step.before, r.advisory_id IS NULL OR NOT r.same_rows AS with_rows
FROM advisory d JOIN step USING (feed) LEFT JOIN resolved r USING (advisory_id) LEFT JOIN gone g USING (feed, record_id)
WHERE d.last_snapshot IS NULL AND (g.record_id IS NOT NULL OR NOT r.same_head);
UPDATE advisory SET last_snapshot = leaving.before FROM leaving
WHERE advisory.advisory_id = leaving.advisory_id AND last_snapshot IS NULL;
INSERT INTO advisory BY NAME
SELECT r.advisory_id, NULL AS last_snapshot, h.* EXCLUDE (advisory_key) REPLACE (
    coalesce(h.links, []) AS links, coalesce(h.aliases, []) AS aliases, coalesce(h.cves, []) AS cves, coalesce(h.related, []) AS related,
    coalesce(h.severities, []) AS severities
)
FROM staged_head h JOIN resolved r USING (advisory_key) WHERE NOT r.same_head
ORDER BY r.advisory_id;
"""

PACKAGES = """
INSERT INTO package
SELECT (SELECT coalesce(max(pkg_id), 0) FROM package) + row_number() OVER (ORDER BY namespace, name), namespace, name
FROM staged_package s ANTI JOIN package p USING (namespace, name)
WHERE s.package_key IN (SELECT package_key FROM staged)
ORDER BY namespace, name;
CREATE TEMP TABLE package_number AS
SELECT s.package_key, p.pkg_id FROM staged_package s JOIN package p USING (namespace, name);
"""


def _same(columns: Sequence[str], left: str, right: str) -> str:
    """SQL that says whether two rows have the same values there."""
    one, other = (", ".join(f'{table}."{column}"' for column in columns) for table in (left, right))
    return f"row({one}) IS NOT DISTINCT FROM row({other})"


CHANGED_ROWS = f"""
CREATE TEMP TABLE met AS
SELECT s.staged_row, a.rowid AS affected_row
FROM staged_row s JOIN resolved r USING (advisory_key) JOIN package_number n USING (package_key)
    JOIN affected_row a ON a.advisory_id = r.advisory_id AND a.pkg_id = n.pkg_id AND {_same(Row._fields, "a", "s")}
WHERE r.stood AND NOT r.same_rows AND a.last_snapshot IS NULL;
UPDATE affected_row SET last_snapshot = leaving.before FROM leaving
WHERE affected_row.advisory_id = leaving.advisory_id AND leaving.with_rows AND last_snapshot IS NULL
    AND affected_row.rowid NOT IN (SELECT affected_row FROM met);
DELETE FROM staged
WHERE rowid IN (SELECT staged_row FROM met) OR advisory_key IN (SELECT advisory_key FROM resolved WHERE same_rows);
"""  # noqa: S608  of names of ours only

NEW_ROWS = """
INSERT INTO affected_row BY NAME
SELECT pkg_id, advisory_id, s.* EXCLUDE (package_key, advisory_key, staged_row), NULL AS last_snapshot
FROM staged_row s JOIN package_number USING (package_key) JOIN resolved USING (advisory_key)
ORDER BY pkg_id, lo, hi, advisory_id, listed, raw, fix, state, name_kind, arch, "module", channel;
"""

REPLACE = """
CREATE OR REPLACE TEMP TABLE kept AS
SELECT o.rowid AS old, n.rowid AS new FROM {table} o JOIN said n ON {same} WHERE o.feed = $1 AND o.last_snapshot IS NULL
"""

LEAVE = "UPDATE {table} SET last_snapshot = $2 WHERE feed = $1 AND last_snapshot IS NULL AND rowid NOT IN (SELECT old FROM kept)"

COME = "INSERT INTO {table} FROM said WHERE rowid NOT IN (SELECT new FROM kept)"


def _replace(connection: "DuckDBPyConnection", table: str, rows: Sequence[Sequence[object]], step: Step) -> None:
    """What a feed says without naming a package: rows that say the same as before stay."""
    if step.before is None:
        append(connection, table, rows)
        return
    connection.execute(f"CREATE OR REPLACE TEMP TABLE said AS FROM {table} LIMIT 0")
    append(connection, "said", rows)
    columns = [name for (name, *_) in connection.execute(f"DESCRIBE {table}").fetchall() if not name.endswith("_snapshot")]
    connection.execute(REPLACE.format(table=table, same=_same(columns, "o", "n")), [_name(step)])
    connection.execute(LEAVE.format(table=table), [_name(step), step.before])
    connection.execute(COME.format(table=table))


def _enrichment_row(enrichment: Enrichment, snapshot_id: int) -> tuple[object, ...]:
    kev, epss = enrichment.kev, enrichment.epss
    return (
        enrichment.id,
        enrichment.feed,
        *((kev.added, kev.due, kev.ransomware) if kev else (None, None, None)),
        *((epss.score, epss.percentile, epss.date) if epss else (None, None, None)),
        [rated(severity) for severity in enrichment.severities] or None,
        snapshot_id,
        None,
    )


CHANGED_NAMES = """
WITH changed AS (
    SELECT record_id, aliases, cves FROM advisory
    WHERE first_snapshot IN (SELECT snapshot_id FROM step) OR last_snapshot IN (SELECT before FROM step)
)
SELECT record_id FROM changed UNION SELECT unnest(aliases) FROM changed UNION SELECT unnest(cves) FROM changed
"""


def changed_names(connection: "DuckDBPyConnection") -> set[str]:
    """All names that records which came or went name."""
    return {name for (name,) in connection.execute(CHANGED_NAMES).fetchall()}


NAMESPACES = """
SELECT DISTINCT namespace FROM package
WHERE pkg_id IN (
    SELECT pkg_id FROM affected_row
    WHERE last_snapshot IS NULL AND advisory_id IN (
        SELECT advisory_id FROM advisory WHERE feed = $1 AND last_snapshot IS NULL AND record_id NOT IN (SELECT unnest($2::VARCHAR[]))
    )
)
"""

COUNTS = """
WITH standing AS (SELECT advisory_id, withdrawn FROM advisory WHERE feed = $1 AND last_snapshot IS NULL)
SELECT (SELECT count(*) FROM standing), r."rows", (SELECT count(withdrawn) FROM standing),
    (SELECT count(*) FROM enrichment WHERE feed = $1 AND last_snapshot IS NULL),
    (SELECT count(*) FROM end_of_life WHERE feed = $1 AND last_snapshot IS NULL), r.unkeyed
FROM (
    SELECT count(*) AS "rows", count(*) FILTER (unplaced OR lo IS NULL AND listed IS NULL) AS unkeyed FROM affected_row
    WHERE last_snapshot IS NULL AND advisory_id IN (SELECT advisory_id FROM standing)
) r
"""


def namespaces_of(connection: "DuckDBPyConnection", feed: str, without: Iterable[str] = ()) -> set[str]:
    """The namespaces that a feed has standing rows of, those of some records apart."""
    return {namespace for (namespace,) in connection.execute(NAMESPACES, [feed, list(without)]).fetchall()}


def write_snapshot(connection: "DuckDBPyConnection", step: Step, subset: Subset, built_at: datetime) -> None:
    """The row of `snapshot`; the feed's rows are in place."""
    feed, declaration = step.feed, step.feed.source.declaration
    namespaces = namespaces_of(connection, declaration.name) | feed.namespaces
    [counts] = connection.execute(COUNTS, [declaration.name]).fetchall()
    row = (
        feed.snapshot_id,
        declaration.name,
        _naive(feed.captured_at),
        _naive(built_at),
        feed.sha256,
        feed.source.snapshot.url,
        list(subset.ecosystems),
        sorted(set(_covered(declaration.covers, namespaces, subset))),
        declaration.completeness,
        declaration.proof,
        reader_digest(),
        *counts,
        feed.refused,
        feed.notes.get(ProblemCode.GIT_RANGE, 0),
        feed.notes.get(ProblemCode.UNORDERED_EVENTS, 0),
    )
    append(connection, "snapshot", [row])


def _naive(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=None) if moment else None


def _covered(patterns: Sequence[str], namespaces: set[str], subset: Subset) -> Iterator[str]:
    """The namespaces that the feed speaks for; of `alpine:*` those that it has records of."""
    for pattern in patterns:
        if pattern.endswith("*"):
            yield from (namespace for namespace in namespaces if namespace.startswith(pattern[:-1]))
        elif subset.takes(pattern):
            yield pattern
