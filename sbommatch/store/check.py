"""Whether a database is what it was when it was written: the file, its tables, and what must be true of their rows."""

from collections.abc import Callable, Iterator
from pathlib import Path

from msgspec import Struct

from sbommatch.store.files import checksum, checksum_file
from sbommatch.store.open import Database, open_database
from sbommatch.versions import SCHEME_BY_NAME
from sbommatch.versions.scheme import InvalidVersion, KeyDeclined

KEYS_SAMPLED = 2000
"""Versions whose keys are made again; all of a large database would take a minute."""

EXAMPLES = 3
"""Rows that a fault names."""


class Checked(Struct, frozen=True):
    """One thing that must be true."""

    name: str
    """In words: `the file has the checksum that is kept beside it`."""
    faults: tuple[str, ...]
    """What is wrong; empty where it is true."""


_ROW_CHECKS = {
    "every interval ends above where it begins": "FROM affected_row WHERE lo IS NOT NULL AND (hi IS NULL OR lo >= hi)",
    "a row has an interval, a listed version or events": "FROM affected_row WHERE lo IS NULL AND listed IS NULL AND events IS NULL",
    "plain rows have a fix": "FROM affected_row WHERE raw IS NULL AND fix IS NULL",
    "every row is of a record": "FROM affected_row ANTI JOIN advisory USING (advisory_id)",
    "every row is of a package": "FROM affected_row ANTI JOIN package USING (pkg_id)",
    "standing rows are of records that stand": """
        FROM affected_row WHERE last_snapshot IS NULL AND advisory_id NOT IN (SELECT advisory_id FROM advisory WHERE last_snapshot IS NULL)
    """,
    "a record stands in one version at most": """
        FROM (FROM advisory WHERE last_snapshot IS NULL QUALIFY count(*) OVER (PARTITION BY advisory_id) > 1)
    """,
    "a record has one number": "FROM (SELECT feed, record_id FROM advisory GROUP BY ALL HAVING count(DISTINCT advisory_id) > 1)",
    "every record that stands is in a group": """
        FROM advisory ANTI JOIN advisory_group USING (advisory_id) WHERE last_snapshot IS NULL
    """,
    "groups are of records that stand": """
        FROM advisory_group WHERE advisory_id NOT IN (SELECT advisory_id FROM advisory WHERE last_snapshot IS NULL)
            OR group_id NOT IN (SELECT group_id FROM identifier)
    """,
    "a group has one CVE at most, and one name to show": """
        FROM (SELECT group_id FROM identifier GROUP BY group_id
            HAVING count(*) FILTER (id LIKE 'CVE-%') > 1 OR count(*) FILTER (display) <> 1)
    """,
    "packages are named and numbered once": """
        FROM (SELECT pkg_id AS one FROM package GROUP BY pkg_id HAVING count(*) > 1
            UNION ALL SELECT 1 FROM package GROUP BY namespace, name HAVING count(*) > 1)
    """,
    "snapshots are numbered without gaps": """
        FROM (SELECT snapshot_id, row_number() OVER (ORDER BY snapshot_id) AS n FROM snapshot) WHERE snapshot_id <> n
    """,
    "rows are of snapshots of their feed, in order": """
        FROM (
            SELECT first_snapshot, last_snapshot, feed FROM advisory
            UNION ALL SELECT first_snapshot, last_snapshot, feed FROM enrichment
            UNION ALL SELECT first_snapshot, last_snapshot, feed FROM end_of_life
            UNION ALL SELECT DISTINCT a.first_snapshot, a.last_snapshot, d.feed
                FROM affected_row a JOIN (SELECT DISTINCT advisory_id, feed FROM advisory) d USING (advisory_id)
        ) r
        LEFT JOIN snapshot f ON f.snapshot_id = r.first_snapshot LEFT JOIN snapshot l ON l.snapshot_id = r.last_snapshot
        WHERE f.feed IS DISTINCT FROM r.feed
            OR last_snapshot IS NOT NULL AND (l.feed IS DISTINCT FROM r.feed OR last_snapshot < first_snapshot)
    """,
    "rows lie sorted as far as stated": """
        FROM (
            SELECT (pkg_id, lo, hi) < lag((pkg_id, lo, hi)) OVER (ORDER BY rowid) AS is_before
            FROM affected_row WHERE rowid < (SELECT sorted_rows FROM meta) AND lo IS NOT NULL
        ) WHERE is_before
    """,
}
"""What must be true, and SQL for the rows of which it is not."""

_COUNTS = """
WITH present AS (FROM snapshot QUALIFY row_number() OVER (PARTITION BY feed ORDER BY snapshot_id DESC) = 1),
counted AS (
    SELECT s.feed,
        (SELECT struct_pack(r := count(*), w := count(withdrawn)) FROM advisory d WHERE d.feed = s.feed AND last_snapshot IS NULL) AS d,
        (SELECT struct_pack(r := count(*), u := count(*) FILTER (unplaced OR lo IS NULL AND listed IS NULL))
            FROM affected_row JOIN (SELECT DISTINCT advisory_id, feed FROM advisory) o USING (advisory_id)
            WHERE o.feed = s.feed AND last_snapshot IS NULL) AS a,
        (SELECT count(*) FROM enrichment e WHERE e.feed = s.feed AND last_snapshot IS NULL) AS e,
        (SELECT count(*) FROM end_of_life e WHERE e.feed = s.feed AND last_snapshot IS NULL) AS l
    FROM present s
)
SELECT feed, [s.advisories, s.withdrawn, s.affected, s.unkeyed, s.enrichments, s.end_of_life], [d.r, d.w, a.r, a.u, e, l]
FROM present s JOIN counted USING (feed) ORDER BY feed
"""

_COUNTED = ("advisories", "withdrawn", "rows", "unkeyed", "enrichments", "ends of support")

_KEYED = """
SELECT scheme, fix, hi FROM affected_row WHERE fix IS NOT NULL AND hi IS NOT NULL AND NOT unplaced AND raw IS NULL
USING SAMPLE reservoir({count} ROWS) REPEATABLE (1)
"""


def check_database(path: Path) -> tuple[Checked, ...]:
    """All that was checked, with what is wrong. Raises DatabaseError where the file cannot even be opened, or is of another release."""
    with open_database(path, threads=2) as database:
        return tuple(Checked(name, tuple(faults)) for name, faults in _checks(database))


def _checks(database: Database) -> Iterator[tuple[str, Iterator[str]]]:
    yield "the file has the checksum that is kept beside it", _checksum_faults(database.path)
    yield "the counts of the feeds are those of their rows", _count_faults(database)
    for name, rows in _ROW_CHECKS.items():
        yield name, _row_faults(database, rows)
    yield f"keys are those that this release makes (of {KEYS_SAMPLED} rows at most)", _key_faults(database)


def _checksum_faults(path: Path) -> Iterator[str]:
    kept = checksum_file(path)
    try:
        stated = kept.read_text("utf-8").partition(" ")[0]
        actual = checksum(path)
    except (OSError, UnicodeDecodeError) as exc:
        yield f"{kept}: cannot be read: {getattr(exc, 'strerror', None) or exc}"
        return
    if stated != actual:
        yield f"{path}: its SHA-256 is {actual}, {kept.name} says {stated}"


def _count_faults(database: Database) -> Iterator[str]:
    for feed, stated, counted in database.rows(_COUNTS):
        for what, one, other in zip(_COUNTED, stated, counted, strict=True):
            if one != other:
                yield f"{feed}: {one} {what} are stated, {other} there"


def _row_faults(database: Database, rows: str) -> Iterator[str]:
    [(count,)] = database.rows(f"SELECT count(*) {rows}")
    if count:
        examples = database.rows(f"SELECT * {rows} LIMIT {EXAMPLES}")
        yield f"{count} rows, such as {'; '.join(map(str, examples))}"


def _key_faults(database: Database) -> Iterator[str]:
    wrong = [
        f"{scheme} {fix}"
        for scheme, fix, key in database.rows(_KEYED.format(count=KEYS_SAMPLED))
        if _key(SCHEME_BY_NAME[scheme].key, fix) != key
    ]
    if wrong:
        yield f"{len(wrong)} differ, such as {', '.join(wrong[:EXAMPLES])}"


def _key(key: Callable[[str], bytes], version: str) -> bytes | None:
    try:
        return key(version)
    except (InvalidVersion, KeyDeclined):
        return None
