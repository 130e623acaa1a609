"""CISA's catalog of known exploited vulnerabilities, in JSON or CSV (https://www.cisa.gov/known-exploited-vulnerabilities-catalog).

    {"catalogVersion": "2025.08.25", "vulnerabilities": [{"cveID": "CVE-2025-48384", "dateAdded": "2025-08-25", "dueDate": "2025-09-15",
     "knownRansomwareCampaignUse": "Unknown", …}]}

The CSV has the same columns. `knownRansomwareCampaignUse` is `Known` or `Unknown`, which is not *no*.
"""

import re
from collections.abc import Iterator

import msgspec
from msgspec import Raw, Struct

from sbommatch.advisory import Enrichment, Kev
from sbommatch.formats._format import FeedContext
from sbommatch.formats._tables import rows_of
from sbommatch.problem import Problem, ProblemCode

CVE = re.compile(r"CVE-\d{4}-\d{4,}")
DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


class _Catalog(Struct):
    vulnerabilities: tuple[Raw, ...]


class _Entry(Struct, rename="camel"):
    cve_id: str = msgspec.field(name="cveID")
    date_added: str
    due_date: str | None = None
    known_ransomware_campaign_use: str | None = None


_CATALOG = msgspec.json.Decoder(_Catalog)
_ENTRY = msgspec.json.Decoder(_Entry)


class KevFormat:
    """The format `kev`."""

    name = "kev"
    suffixes: tuple[str, ...] = (".json", ".csv")

    def read(self, document: bytes, where: str, context: FeedContext) -> Iterator[Enrichment | Problem]:
        """One enrichment for each entry of the catalog, in its order; a schema that stands beside it is a note."""
        if not document.lstrip().startswith(b"{"):
            for place, row in rows_of(document, where, ("cveID", "dateAdded")):
                yield row if isinstance(row, Problem) else _from_row(row, place, context)
            return
        try:
            entries = _CATALOG.decode(document).vulnerabilities
        except (ValueError, RecursionError) as exc:
            is_schema = document[:200].find(b'"$schema"') >= 0
            yield Problem(ProblemCode.BAD_RECORD, where, f"no catalog of known exploited vulnerabilities: {exc}", loss=not is_schema)
            return
        for index, raw in enumerate(entries):
            yield _read(raw, f"{where}: vulnerabilities[{index}]", context)


def _from_row(row: dict[str, str], where: str, context: FeedContext) -> Enrichment | Problem:
    return _enrichment(_Entry(row["cveID"], row["dateAdded"], row.get("dueDate"), row.get("knownRansomwareCampaignUse")), where, context)


def _read(raw: Raw, where: str, context: FeedContext) -> Enrichment | Problem:
    try:
        entry = _ENTRY.decode(raw)
    except (ValueError, RecursionError) as exc:
        return Problem(ProblemCode.BAD_RECORD, where, f"no entry: {exc}", loss=True)
    return _enrichment(entry, where, context)


def _enrichment(entry: _Entry, where: str, context: FeedContext) -> Enrichment | Problem:
    if not CVE.fullmatch(entry.cve_id) or not DATE.fullmatch(entry.date_added):
        return Problem(ProblemCode.BAD_RECORD, where, f"{entry.cve_id!r} of {entry.date_added!r}: no CVE, or no date", loss=True)
    due = entry.due_date if entry.due_date and DATE.fullmatch(entry.due_date) else None
    ransomware = True if entry.known_ransomware_campaign_use == "Known" else None
    return Enrichment(id=entry.cve_id, feed=context.feed, kev=Kev(entry.date_added, due, ransomware))
