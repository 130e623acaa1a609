"""What a database has of a feed, and whether the next snapshot may take its place."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from sbommatch.store.apply import namespaces_of
from sbommatch.store.load import KnownRecord, LoadedFeed
from sbommatch.store.reader import reader_digest
from sbommatch.store.subset import Subset

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SHRINKS_TO = 0.8
"""A feed that keeps less of its records than that lost some on the way: feeds grow, and withdraw where they were wrong."""


class Present(Struct, frozen=True):
    """The newest snapshot of a feed."""

    snapshot_id: int
    sha256: str
    moment: datetime
    """When it was captured, or else loaded; UTC."""
    is_dated: bool
    advisories: int
    enrichments: int
    end_of_life: int
    subset: Subset
    reader: str


class Refusal(Struct, frozen=True):
    """Why a snapshot was not taken in; the old rows stay."""

    feed: str
    why: str


_PRESENT = """
SELECT feed, snapshot_id, sha256, coalesce(captured_at, loaded_at), captured_at IS NOT NULL, advisories, enrichments, end_of_life,
    ecosystems, reader
FROM snapshot QUALIFY row_number() OVER (PARTITION BY feed ORDER BY snapshot_id DESC) = 1
"""

_KNOWN = """
SELECT file, file_crc32, file_bytes, record_id, record_sha256, modified, git_ranges, unordered FROM advisory
WHERE feed = $1 AND last_snapshot IS NULL AND file IS NOT NULL
"""

_RECORDS = "SELECT record_id FROM advisory WHERE feed = $1 AND last_snapshot IS NULL"

_RECORDS_OF = f"""
SELECT count(DISTINCT advisory_id) FROM affected_row JOIN package USING (pkg_id)
WHERE last_snapshot IS NULL AND advisory_id IN (SELECT advisory_id FROM ({_RECORDS.replace("record_id", "advisory_id")}))
    AND (namespace IN (SELECT unnest($2::VARCHAR[])) OR split_part(namespace, ':', 1) IN (SELECT unnest($2::VARCHAR[])))
"""  # noqa: S608  of constants only


def presents(connection: "DuckDBPyConnection") -> dict[str, Present]:
    """By feed."""
    return {
        feed: Present(number, sha256, moment.replace(tzinfo=UTC), dated, records, said, ends, Subset(tuple(ecosystems)), reader)
        for feed, number, sha256, moment, dated, records, said, ends, ecosystems, reader in connection.execute(_PRESENT).fetchall()
    }


def known_files(connection: "DuckDBPyConnection", feed: str, present: Present | None, subset: Subset) -> Mapping[str, KnownRecord]:
    """The files that need not be read again: none where another program, or for another part of the feed, read them."""
    if present is None or present.reader != reader_digest() or present.subset != subset:
        return {}
    return {name: KnownRecord(*columns) for name, *columns in connection.execute(_KNOWN, [feed]).fetchall()}


def gone_records(connection: "DuckDBPyConnection", loaded: LoadedFeed) -> frozenset[str]:
    """Identifiers of the records that stand and that the snapshot does not have."""
    feed = loaded.source.declaration.name
    stood = (record for (record,) in connection.execute(_RECORDS, [feed]).fetchall())
    return frozenset(record for record in stood if record not in loaded.carried and record not in loaded.records)


def is_same(present: Present, loaded: LoadedFeed, subset: Subset) -> bool:
    """Whether the snapshot is the one that stands, or an older copy of it, read alike."""
    is_newer = loaded.captured_at is not None and (not present.is_dated or loaded.captured_at > present.moment)
    return present.sha256 == loaded.sha256 and present.subset == subset and present.reader == reader_digest() and not is_newer


def refused_as_older(present: Present, loaded: LoadedFeed, built_at: datetime) -> str | None:
    """Why the snapshot may not follow the one that stands in time; None where it may."""
    moment = loaded.captured_at or built_at
    if moment >= present.moment:
        return None
    what = "the snapshot is of" if loaded.captured_at else "the snapshot does not state its date, and this machine's clock says"
    return (
        f"{what} {moment:%Y-%m-%dT%H:%M:%SZ}, the one in the database is of {present.moment:%Y-%m-%dT%H:%M:%SZ}: an older state does not "
        "follow a newer one; if a date or a clock was wrong, `FEED=PATH@DATE` states the right one, and `db build` makes a new database"
    )


def refused_as_shrunk(
    connection: "DuckDBPyConnection", present: Present, loaded: LoadedFeed, gone: frozenset[str], subset: Subset
) -> str | None:
    """Why so little of a feed may not take its place; None where it may. What is outside the subset asked for is not missed."""
    feed = loaded.source.declaration.name
    stood = present.advisories
    if subset.ecosystems and subset != present.subset:
        [(stood,)] = connection.execute(_RECORDS_OF, [feed, list(subset.ecosystems)]).fetchall()
    counts = (
        ("advisories", stood, len(loaded.records) + len(loaded.carried)),
        ("enrichments", present.enrichments, len(loaded.enrichments)),
        ("ends of support", 0 if subset.ecosystems else present.end_of_life, len(loaded.end_of_life)),
    )
    faults = [f"{now} {what}, there were {before}" for what, before, now in counts if now < SHRINKS_TO * before]
    lost = {namespace for namespace in namespaces_of(connection, feed) if subset.takes(namespace)} - loaded.namespaces
    if lost:
        lost -= namespaces_of(connection, feed, gone | loaded.records)
    faults += [f"nothing of {namespace} any more" for namespace in sorted(lost)]
    return f"the feed shrank: {'; '.join(faults)}; `--accept-shrink` takes it in all the same" if faults else None
