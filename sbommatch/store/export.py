"""Rows of a database for other programs: CSV, JSON lines, Parquet."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

from sbommatch.store.open import Database
from sbommatch.store.subset import Subset


class Form(StrEnum):
    """What is written."""

    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"


_WANTED = """
CREATE OR REPLACE TEMP TABLE wanted AS
SELECT pkg_id, p.namespace FROM package p
WHERE len($1::VARCHAR[]) = 0 OR p.namespace IN (SELECT unnest($1::VARCHAR[]))
    OR split_part(p.namespace, ':', 1) IN (SELECT unnest($1::VARCHAR[]))
"""

_EXPORTED = """
CREATE OR REPLACE TEMP TABLE exported AS
SELECT advisory_id FROM advisory WHERE last_snapshot IS NULL AND (len($1::VARCHAR[]) = 0 OR feed IN (SELECT unnest($1::VARCHAR[])))
"""

_ROWS = """
SELECT d.feed, d.record_id AS record, list_sort(i.ids) AS ids, p.namespace, p.name, a.name_kind, a.scheme, a.state, a.raw AS "range",
    a.listed, a.fix_state, a.fix, a.arch, a."module", a.channel, a.unplaced, a.rule, d.withdrawn, d.published, d.modified, d.summary,
    list_sort(list_distinct(list_transform(d.severities, lambda severity: severity."level"))) AS severities,
    s.sha256 AS snapshot, d.record_sha256
FROM affected a JOIN wanted w USING (pkg_id) JOIN package p USING (pkg_id) JOIN exported USING (advisory_id)
    JOIN advisory d USING (advisory_id) JOIN snapshot s ON s.snapshot_id = a.first_snapshot
    LEFT JOIN (SELECT advisory_id, list(DISTINCT id) AS ids FROM advisory_group JOIN identifier USING (group_id) GROUP BY advisory_id) i
        USING (advisory_id)
WHERE a.last_snapshot IS NULL AND d.last_snapshot IS NULL
ORDER BY d.feed, d.record_id, p.namespace, p.name, a.lo, a.hi, a.listed, a.raw, a.arch, a."module", a.channel
"""

_TEXTS = (
    "record",
    "namespace",
    "name",
    "range",
    "listed",
    "fix",
    "arch",
    "module",
    "channel",
    "rule",
    "withdrawn",
    "published",
    "modified",
    "summary",
)

# In CSV lists are texts with blanks between. Text at the beginning of which a spreadsheet would see a formula gets an apostrophe before it
# (OWASP, CSV injection), and control characters become blanks.
_SAFE = """regexp_replace(regexp_replace("{0}", '[[:cntrl:]]', ' ', 'g'), '^[=+@-]', '''\\0') AS "{0}" """

_CSV = f"""
SELECT * REPLACE (
    array_to_string(ids, ' ') AS ids, array_to_string(severities, ' ') AS severities, {", ".join(map(_SAFE.format, _TEXTS))}
)
FROM ({_ROWS})
"""  # noqa: S608  of constants only

_WRITE = {
    Form.CSV: (_CSV, "FORMAT csv, HEADER true"),
    Form.JSONL: (_ROWS, "FORMAT json, ARRAY false"),
    Form.PARQUET: (_ROWS, "FORMAT parquet, COMPRESSION zstd"),
}


def export_rows(database: Database, form: Form, target: Path, feeds: Sequence[str] = (), subset: Subset | None = None) -> None:
    """Writes the rows that stand, one a line, sorted by feed, record and package, of some feeds and namespaces or all.

    Lists are arrays in JSON and Parquet. Raises DatabaseError where the database turns out to be damaged, UsageError where the file
    cannot be written.
    """
    database.rows(_WANTED, [list(subset.ecosystems) if subset else []])
    database.rows(_EXPORTED, [list(feeds)])
    rows, options = _WRITE[form]
    database.copy(rows, target, options)
