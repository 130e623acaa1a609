"""The recorded changes of an archive, read back in their order, with the components' own references."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from sbommatch.archive.archive import Archive
from sbommatch.archive.change import ArchiveChange, Because, Cause, ChangeKind
from sbommatch.archive.documents import StoredDocument, contents
from sbommatch.archive.log import has_log, open_log
from sbommatch.archive.reader import Reader, open_reader
from sbommatch.archive.report import SUBJECT
from sbommatch.archive.tables import DOCUMENTS, REMOVED
from sbommatch.sbom.component import Component
from sbommatch.sbom.read import read_document

CHANGES_AT_ONCE = 2_000
"""Changes whose documents are held at once."""


def recorded(archive: Archive, *, after: str | None = None) -> Iterator[ArchiveChange]:
    """The recorded changes after the one of that identifier, oldest first; all where there is none of that identifier, or it is None.

    Raises ArchiveError where the archive or its log cannot be read.
    """
    with open_reader(archive) as reader:
        if open_log(reader):
            reader.execute(_WANTED.format(_LOGGED.format(_CHANGE_ID)), [after])
            reader.execute(_WORDED.format("all_told"))
            yield from wanted_changes(reader)


def want_nothing(reader: Reader) -> None:
    """Makes the table `wanted` of no change."""
    reader.execute(_WANTED.format(f"{_LOGGED.format(_CHANGE_ID)} LIMIT 0"), [None])
    reader.execute(_WORDED.format("all_told"))


def want_found(reader: Reader, at: str, number: int = 0) -> None:
    """Makes the table `wanted` of what a comparison found, from its tables `numbered` and `told`; `number` is that of the run, if any."""
    reader.execute(_WANTED.format(_FOUND), [at, number])
    reader.execute(_WORDED.format("(SELECT 0 AS segment, * FROM told)"))


def wanted_changes(reader: Reader) -> Iterator[ArchiveChange]:
    """What is in the table `wanted`.

    A reference is read from the document; of a document that was removed it is `#` and the component's position.
    """
    first = 1
    page = _PAGE.format(REMOVED.name if has_log(reader.archive) else DOCUMENTS.name)
    while records := reader.records(page, [first, first + CHANGES_AT_ONCE]):
        components = _components(reader, {record["sha256"] for record in records})
        yield from (_change(record, components.get(record["sha256"])) for record in records)
        first += CHANGES_AT_ONCE


class ChangeGroup(Struct, frozen=True, kw_only=True):
    """Changes of one kind, of one vulnerability of one package, with one cause."""

    kind: ChangeKind
    id: str
    severity: str | None
    is_kev: bool
    package: str
    version: str | None
    """One of them."""
    versions: int
    documents: int
    fix: str | None
    detail: str
    """One of them."""
    details: int


def wanted_groups(reader: Reader, limit: int) -> list[ChangeGroup]:
    """What is in the table `wanted`, for people: what is exploited first, then what came, the gravest first."""
    return msgspec.convert(reader.records(_GROUPED, [limit]), list[ChangeGroup])


def wanted_kinds(reader: Reader) -> dict[str, int]:
    """How many changes of each kind the table `wanted` has."""
    return dict(reader.rows("SELECT kind, count(*) FROM worded GROUP BY kind ORDER BY kind"))


def _components(reader: Reader, digests: set[str]) -> Mapping[str, Sequence[Component]]:
    sql = "SELECT * FROM documents WHERE sha256 IN (SELECT unnest($1::VARCHAR[]))"
    stored = msgspec.convert(reader.records(sql, [sorted(digests)]), list[StoredDocument])
    return {one.sha256: read_document(data, one.path).components for one, data in contents(reader, stored)}


def _change(record: dict[str, Any], components: Sequence[Component] | None) -> ArchiveChange:
    component = components[record["position"]] if components and record["position"] < len(components) else None
    return ArchiveChange(
        change_id=record["change_id"],
        at=record["at"],
        kind=ChangeKind(record["kind"]),
        document=record["sha256"],
        ref=component.ref if component else f"#{record['position']}",
        package=record["package"],
        version=record["version"],
        purl=component.purl if component else None,
        id=record["id"],
        record=record["record"],
        because=Because(Cause(record["cause"]), record["detail"]),
        severity=record["level"],
        is_kev=record["is_kev"],
        fix=record["fix"],
        subject=record["subject"] or "",
        labels=record["labels"] or {},
    )


_WANTED = "CREATE OR REPLACE TEMP TABLE wanted AS {}"

_LOGGED = """
SELECT c.* EXCLUDE (place), r.at, r.number, row_number() OVER (ORDER BY r.number, c.place) AS turn
FROM all_changes c JOIN runs r ON r.run = c.segment
WHERE (r.number, c.place) > coalesce(
    (SELECT (number, place) FROM (SELECT *, {} AS change_id FROM changes JOIN runs ON run = segment) WHERE change_id = $1),
    (0, -1)
)
"""

_FOUND = "SELECT 0 AS segment, *, $1::VARCHAR AS at, $2::INTEGER AS number, rowid + 1 AS turn FROM numbered"

_WORDED = "CREATE OR REPLACE TEMP VIEW worded AS FROM {} JOIN wanted USING (segment, told)"

_CHANGE_ID = "sha256(concat_ws(' ', number, kind, sha256, position, id))"
"""The same when a run that was killed is made again."""

_PAGE = f"""
WITH page AS (SELECT *, {_CHANGE_ID} AS change_id FROM worded WHERE turn >= $1 AND turn < $2),
about AS (
    SELECT sha256, {SUBJECT} AS subject, labels, 1 AS rank FROM documents
    UNION ALL SELECT sha256, {SUBJECT}, labels, 2 FROM {{}}
)
SELECT page.*, a.subject, a.labels
FROM page LEFT JOIN (FROM about SEMI JOIN page USING (sha256) QUALIFY row_number() OVER (PARTITION BY sha256 ORDER BY rank) = 1) a
    USING (sha256)
ORDER BY turn
"""

_GROUPED = """
SELECT kind, id, any_value(level) AS severity, bool_or(is_kev) AS is_kev, package, any_value(version) AS version,
    count(DISTINCT version) AS versions, count(DISTINCT sha256) AS documents, any_value(fix) AS fix, any_value(detail) AS detail,
    count(DISTINCT detail) AS details
FROM worded GROUP BY kind, id, package, cause
ORDER BY list_position(['kev', 'affected', 'severity_changed', 'fix_changed', 'resolved'], kind), bool_or(is_kev) DESC,
    list_position(['critical', 'high', 'medium', 'low'], any_value(level)) NULLS LAST, documents DESC, id, package
LIMIT $1
"""
