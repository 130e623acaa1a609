"""What the log of an archive tells of a vulnerability, a package or a document: when it was first known here, and what became of it."""

import re
from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Struct

from sbommatch.archive.documents import StoredDocument, named
from sbommatch.archive.log import Run
from sbommatch.archive.reader import Reader
from sbommatch.errors import UsageError
from sbommatch.purl import InvalidPurl, parse_purl

IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9]*-[A-Za-z0-9:.-]*[0-9][A-Za-z0-9:.-]*")
"""CVE-2024-1234, GHSA-…, DSA-5000-1: what is no PURL and no document may be one."""


class Event(Struct, frozen=True, kw_only=True):
    """What was found in one run of one vulnerability of one package."""

    at: str
    run: int
    kind: str
    """That of a change, or `known` in the first run that recorded anything."""
    id: str
    package: str
    version: str | None
    severity: str
    documents: int
    cause: str | None
    detail: str | None


class Asked(Struct, frozen=True):
    """What a history is asked of: conditions on the tables `changes` and `standing`, with their parameters."""

    changes: str
    standing: str
    parameters: Mapping[str, object]
    document: StoredDocument | None = None


def asked(reader: Reader, text: str) -> Asked:
    """An identifier of a vulnerability, a PURL with or without a version, or what names a document. Raises UsageError."""
    if text.startswith("pkg:"):
        return _of_purl(text)
    known = reader.rows("SELECT 1 FROM standing WHERE id = $1 OR list_contains(string_split(ids, ' '), $1) LIMIT 1", [text])
    if known or IDENTIFIER.fullmatch(text):
        ids = "SELECT $id UNION SELECT id FROM standing WHERE list_contains(string_split(ids, ' '), $id)"
        return Asked(f"id IN ({ids})", f"s.id IN ({ids})", {"id": text})
    document = named(reader, text)
    coordinates = """
    SELECT coordinate_id FROM coordinates SEMI JOIN (
        SELECT segment, coordinate FROM occurrences WHERE segment = $segment AND document = $document AND NOT hidden
    ) USING (segment, coordinate)
    """
    place = {"segment": document.segment, "document": document.document}
    return Asked("sha256 = $sha256", f"s.coordinate_id IN ({coordinates})", {"sha256": document.sha256, **place}, document)


def _of_purl(text: str) -> Asked:
    try:
        purl = parse_purl(text)
    except InvalidPurl as exc:
        raise UsageError(f"{text}: no PURL: {exc}") from exc
    names = [purl.name, *(f"{purl.namespace}{separator}{purl.name}" for separator in "/:" if purl.namespace)]
    condition = "list_contains($names, {0}package)" + (" AND {0}version = $version" if purl.version else "")
    parameters: dict[str, object] = {"names": names, **({"version": purl.version} if purl.version else {})}
    return Asked(condition.format(""), condition.format("s."), parameters)


def history(reader: Reader, runs: Sequence[Run], of: Asked) -> list[Event]:
    """What was recorded of it, oldest first."""
    rows = reader.records(_CHANGED.format(of.changes), _only(of, of.changes))
    if runs:
        rows = reader.records(_KNOWN.format(of.standing), _only(of, of.standing)) + rows
    return msgspec.convert(rows, list[Event])


def _only(of: Asked, sql: str) -> dict[str, object]:
    return {name: value for name, value in of.parameters.items() if f"${name}" in sql}


_CHANGED = """
SELECT r.at, r.number AS run, kind, id, package, version, level AS severity, count(DISTINCT sha256) AS documents,
    any_value(cause) AS cause, any_value(detail) AS detail
FROM changes c JOIN runs r ON r.run = c.segment
WHERE {}
GROUP BY r.at, r.number, kind, id, package, version, level
ORDER BY run, kind, id, package, version
"""

_KNOWN = """
WITH known AS (SELECT coordinate_id, s.id, level, s.package, s.version FROM standing s WHERE number = 1 AND s.id IS NOT NULL AND {})
SELECT r.at, 1 AS run, 'known' AS kind, k.id, k.package, k.version, k.level AS severity, count(DISTINCT d.sha256) AS documents,
    NULL AS cause, NULL AS detail
FROM known k JOIN runs r ON r.number = 1
LEFT JOIN (
    SELECT DISTINCT coordinate_id, o.segment, o.document
    FROM coordinates SEMI JOIN known USING (coordinate_id) JOIN occurrences o USING (segment, coordinate)
) o USING (coordinate_id)
LEFT JOIN (SELECT d.* FROM documents d SEMI JOIN (SELECT sha256 FROM all_members m JOIN runs f ON f.run = m.segment AND f.number = 1)
    USING (sha256)) d ON d.segment = o.segment AND d.document = o.document
GROUP BY ALL
ORDER BY k.id, k.package, k.version
"""
