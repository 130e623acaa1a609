"""What a match of an archive comes to, for people: counted in SQL, from the tables that `matching` leaves.

Findings are those of packages that are still there, and that no rule suppresses; the others are counted apart.
"""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from sbommatch.archive.reader import Reader

LEVELS = ("critical", "high", "medium", "low", "negligible", "none", "unknown")
"""As people want to see them, the gravest first."""

TOP = 20
"""Lines of each list."""

EPSS_HIGH = 0.1
"""FIRST's own example of a threshold: a tenth of such vulnerabilities are exploited within 30 days."""


class Levels(Struct, frozen=True):
    """Findings by level; the field names are those of the levels."""

    critical: int
    high: int
    medium: int
    low: int
    negligible: int
    none: int
    unknown: int


class DocumentSummary(Struct, frozen=True, kw_only=True):
    """A document, or all documents with a label."""

    name: str
    """Subject and version, or `team=web`."""
    sha256: str | None
    documents: int
    affected: int
    """Of them."""
    levels: Levels
    kev: int


class PackageSummary(Struct, frozen=True, kw_only=True):
    """A package, in all its versions."""

    namespace: str
    name: str
    versions: int
    documents: int
    vulnerabilities: int
    worst: str
    kev: int
    """Vulnerabilities in KEV."""


class VulnerabilitySummary(Struct, frozen=True, kw_only=True):
    """A vulnerability group."""

    id: str
    level: str
    """The worst that is said of it for any package."""
    kev_added: str | None
    epss: float | None
    documents: int
    packages: int


class Summary(Struct, frozen=True, kw_only=True):
    """The whole."""

    documents: int
    affected_documents: int
    components: int
    coordinates: int
    findings: int
    levels: Levels
    kev: int
    epss_high: int
    """Findings with an EPSS score of at least `EPSS_HIGH`."""
    hidden: int
    """Findings in packages that a later layer removed."""
    suppressed: int
    lossy_documents: int
    """Documents of which a part could not be read when they were added."""
    verdicts: dict[str, int]
    """Counted components by verdict."""
    not_checked: dict[str, int]
    """The same of those that were not checked, by reason."""
    packages: tuple[PackageSummary, ...]
    worst_documents: tuple[DocumentSummary, ...]
    labels: tuple[DocumentSummary, ...]
    vulnerabilities: tuple[VulnerabilitySummary, ...]


def summarise(reader: Reader) -> Summary:
    """Counts. `matching.ArchiveMatch` must have gone before."""
    for statement in _PREPARE:
        reader.execute(statement)
    [(documents, lossy)] = reader.rows(_CHOSEN)
    [(affected,)] = reader.rows("SELECT count(*) FROM per_document WHERE open > 0")
    [(findings, *levels, kev, epss_high)] = reader.rows(_FINDINGS)
    [(hidden, suppressed)] = reader.rows(_APART)
    [(components, coordinates)] = reader.rows("SELECT coalesce(sum(occurrences), 0), count(DISTINCT class) FROM tally")
    return Summary(
        documents=documents,
        affected_documents=affected,
        components=int(components),
        coordinates=coordinates,
        findings=int(findings),
        levels=Levels(*map(int, levels)),
        kev=int(kev),
        epss_high=int(epss_high),
        hidden=int(hidden),
        suppressed=int(suppressed),
        lossy_documents=lossy,
        verdicts={verdict: int(number) for verdict, number in reader.rows(_VERDICTS)},
        not_checked={reason: int(number) for reason, number in reader.rows(_NOT_CHECKED)},
        packages=tuple(_package(row) for row in reader.rows(_PACKAGES)),
        worst_documents=tuple(_document(row) for row in reader.rows(_DOCUMENTS)),
        labels=tuple(_document(row) for row in reader.rows(_LABELS)),
        vulnerabilities=tuple(_vulnerability(row) for row in reader.rows(_VULNERABILITIES)),
    )


def _package(row: Sequence[Any]) -> PackageSummary:
    names = ("namespace", "name", "versions", "documents", "vulnerabilities", "worst", "kev")
    return PackageSummary(**dict(zip(names, row, strict=True)))


def _document(row: Sequence[Any]) -> DocumentSummary:
    name, sha256, documents, affected, *levels, kev = row
    counts = Levels(*map(int, levels))
    return DocumentSummary(name=name, sha256=sha256, documents=documents, affected=affected, levels=counts, kev=int(kev))


def _vulnerability(row: Sequence[Any]) -> VulnerabilitySummary:
    names = ("id", "level", "kev_added", "epss", "documents", "packages")
    return VulnerabilitySummary(**dict(zip(names, row, strict=True)))


_BY_LEVEL = ", ".join(f"count(*) FILTER (level = '{level}') AS \"{level}\"" for level in LEVELS)
_SUM_BY_LEVEL = ", ".join(f'coalesce(sum("{level}"), 0) AS "{level}"' for level in LEVELS)
_RANK = "CASE level " + " ".join(f"WHEN '{level}' THEN {rank}" for rank, level in enumerate(LEVELS)) + " END"
_WORST = ", ".join(f'"{level}" DESC' for level in LEVELS)

_PREPARE = (
    f"""
    CREATE TEMP TABLE per_class AS
    SELECT class, count(*) AS open, {_BY_LEVEL}, count(*) FILTER (kev_added IS NOT NULL) AS kev,
        count(*) FILTER (epss >= {EPSS_HIGH}) AS epss_high
    FROM found WHERE status = 'open' GROUP BY class
    """,
    f"""
    CREATE TEMP TABLE per_document AS
    SELECT segment, document, sum(open) AS open, {_SUM_BY_LEVEL}, sum(kev) AS kev
    FROM reached JOIN per_class USING (class) WHERE NOT hidden
    GROUP BY segment, document
    """,
)

_CHOSEN = "SELECT count(*), count(*) FILTER (losses > 0) FROM documents SEMI JOIN chosen USING (segment, document)"

_FINDINGS = f"""
SELECT coalesce(sum(open * occurrences), 0), {", ".join(f'coalesce(sum("{level}" * occurrences), 0)' for level in LEVELS)},
    coalesce(sum(kev * occurrences), 0), coalesce(sum(epss_high * occurrences), 0)
FROM per_class JOIN tally USING (class) WHERE NOT hidden
"""

_APART = """
SELECT coalesce(sum(occurrences) FILTER (hidden AND status = 'open'), 0), coalesce(sum(occurrences) FILTER (status = 'suppressed'), 0)
FROM found JOIN tally USING (class)
"""

_VERDICTS = """
SELECT verdict, sum(occurrences) FROM tally JOIN outcome USING (class) WHERE counted GROUP BY verdict ORDER BY verdict
"""

_NOT_CHECKED = """
SELECT reason, sum(occurrences) AS number FROM tally JOIN outcome USING (class) WHERE counted AND reason IS NOT NULL
GROUP BY reason ORDER BY number DESC, reason
"""

_PACKAGES = f"""
WITH met AS (
    SELECT DISTINCT class, namespace, name FROM found WHERE status = 'open'
), named AS (
    SELECT namespace, name, row_number() OVER () AS package FROM (SELECT DISTINCT namespace, name FROM met)
), home AS (
    SELECT DISTINCT n.package, m.segment, m.document
    FROM reached m JOIN met USING (class) JOIN named n USING (namespace, name) WHERE NOT m.hidden
), counted AS (
    SELECT package, count(*) AS documents FROM home GROUP BY package
), said AS (
    SELECT namespace, name, count(DISTINCT version) AS versions, count(DISTINCT id) AS vulnerabilities, min({_RANK}) AS worst,
        count(DISTINCT id) FILTER (kev_added IS NOT NULL) AS kev
    FROM found SEMI JOIN (FROM tally WHERE NOT hidden) USING (class) WHERE status = 'open' GROUP BY namespace, name
)
SELECT namespace, name, versions, documents, vulnerabilities, {list(LEVELS)}[worst + 1], kev
FROM said JOIN named USING (namespace, name) JOIN counted USING (package)
ORDER BY documents DESC, worst, namespace, name LIMIT {TOP}
"""

_DOCUMENTS = f"""
SELECT coalesce(nullif(concat_ws(' ', subject_name, subject_version), ''), path) AS name, sha256, 1, 1,
    {", ".join(f'p."{level}"' for level in LEVELS)}, kev
FROM per_document p JOIN documents d USING (segment, document)
ORDER BY {_WORST}, name, sha256 LIMIT {TOP}
"""

_LABELS = f"""
WITH labelled AS (
    SELECT segment, document, unnest(map_entries(labels)) AS label FROM documents SEMI JOIN chosen USING (segment, document)
)
SELECT label.key || '=' || label.value AS name, NULL, count(*), count(p.document), {_SUM_BY_LEVEL}, coalesce(sum(kev), 0)
FROM labelled LEFT JOIN per_document p USING (segment, document)
GROUP BY label ORDER BY {_WORST}, name LIMIT {TOP}
"""

# Which documents a vulnerability reaches is counted for those alone that can be on the list: several packages of one document share it.
_VULNERABILITIES = f"""
WITH said AS (
    SELECT id, min({_RANK}) AS worst, min(kev_added) AS kev_added, max(epss) AS epss, sum(occurrences) AS occurrences,
        count(DISTINCT (namespace, name)) AS packages
    FROM found JOIN tally USING (class) WHERE status = 'open' AND NOT hidden GROUP BY id
), first AS (
    SELECT * FROM said ORDER BY kev_added IS NULL, worst, epss DESC NULLS LAST, occurrences DESC, id LIMIT {TOP}
), home AS (
    SELECT DISTINCT f.id, m.segment, m.document
    FROM reached m JOIN found f USING (class) SEMI JOIN first USING (id) WHERE NOT m.hidden AND f.status = 'open'
), counted AS (
    SELECT id, count(*) AS documents FROM home GROUP BY id
)
SELECT id, {list(LEVELS)}[worst + 1], kev_added, epss, documents, packages FROM first JOIN counted USING (id)
ORDER BY kev_added IS NULL, worst, epss DESC NULLS LAST, occurrences DESC, id
"""
