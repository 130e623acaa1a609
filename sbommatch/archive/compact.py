"""Compaction: many segments become one, lookups that an older release made are made again, and what is dead is swept.

The new segment is written beside the old ones; the commit that makes the rows of `documents` point to it is the switch, and it takes in
what others added or removed meanwhile. Sweeping needs the archive alone; where others are at work, it is left for the next time.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

import msgspec
from msgspec import Struct

from sbommatch.archive.archive import Archive
from sbommatch.archive.commits import Commits
from sbommatch.archive.documents import StoredDocument, contents, documents
from sbommatch.archive.extract import Extractor, Source
from sbommatch.archive.log import UNTOLD_REMOVALS, open_log
from sbommatch.archive.model import Refusal
from sbommatch.archive.reader import Reader, files_of, open_reader
from sbommatch.archive.segment import INDEXED_BY, Row, SegmentWriter, draw_segment
from sbommatch.archive.tables import BLOBS, COORDINATES, LOG_TABLES, OCCURRENCES, TABLES, Table, open_table, write_relation, written
from sbommatch.errors import ArchiveError

OCCURRENCES_AT_ONCE = 8_000_000
"""Rows that are sorted in memory at a time; the segments that have so many together make one file."""

SMALL_BLOBS_BYTES = 64 << 20
"""Segments with fewer bytes of blobs that count are brought together, and those of which less than half counts; others stay."""

BLOBS_AT_ONCE = 2_000
"""Documents whose blobs are copied at a time."""


LOG = "_delta_log"


class Compacted(Struct, frozen=True):
    """What compaction did."""

    segments_before: int
    segments: int
    renewed: int
    """Documents whose lookups were made again."""
    is_swept: bool
    """Whether what is dead was deleted; else others were at work."""
    freed_bytes: int


def compact(archive: Archive) -> Compacted:
    """Compacts an archive. Raises ArchiveError where it cannot be read, UsageError where it cannot be written.

    What is dead goes first: where a full disk ended an addition, that makes the room that the rest needs.
    """
    dead_bytes = _sweep(archive) or 0
    with Commits(archive) as commits:
        with open_reader(archive) as reader:
            before = len(_segments(reader))
            renewed = _renew(archive, reader, commits)
        with open_reader(archive) as reader:
            if len(_segments(reader)) > 1 or _has_removed(reader):
                commits.replace(_merged(archive, reader))
    freed_bytes = _sweep(archive)
    with open_reader(archive) as reader:
        return Compacted(before, len(_segments(reader)), renewed, freed_bytes is not None, dead_bytes + (freed_bytes or 0))


def _segments(reader: Reader) -> set[int]:
    return {segment for (segment,) in reader.rows("SELECT DISTINCT segment FROM documents")}


def _has_removed(reader: Reader) -> bool:
    """Whether a segment that counts has occurrences of documents that are gone."""
    [(components,)] = reader.rows("SELECT coalesce(sum(components), 0) FROM documents")
    return sum(file.rows for file in reader.files[OCCURRENCES.name]) > int(components)


def _renew(archive: Archive, reader: Reader, commits: Commits) -> int:
    """Reads the documents again whose lookups were made by other rules, and says how many those were."""
    stale = [one for one in documents(reader) if one.indexed_by != INDEXED_BY]
    extractor, writer = Extractor(), SegmentWriter(archive)
    for one, data in contents(reader, stale):
        extract = extractor.extract(Source(one.path, data=data))
        if isinstance(extract, Refusal):
            raise ArchiveError(f"{archive.path}: document {one.sha256[:12]} cannot be read any more: {extract.message}")
        writer.learn(0, extract.fresh)
        kept = {name: getattr(one, name) for name in ("labels", "released_at", "added_at", "blob_segment", "blob")}
        writer.take(0, extract, kept)
        if writer.is_full:
            commits.replace(writer.write())
    if rows := writer.write():
        commits.replace(rows)
    return len(stale)


def _merged(archive: Archive, reader: Reader) -> list[Row]:
    """Writes all that counts as one segment, and gives its rows of `documents`."""
    segment = draw_segment()
    stored = sorted(documents(reader), key=lambda one: one.age)
    moved = [(one.segment, one.document, number) for number, one in enumerate(stored)]
    places = zip(*moved, strict=True) if moved else ((), (), ())
    reader.execute(
        "CREATE TEMP TABLE moved AS "
        "SELECT unnest($1::BIGINT[]) AS segment, unnest($2::INTEGER[]) AS document, unnest($3::INTEGER[]) AS number",
        [list(column) for column in places],
    )
    _merge_coordinates(archive, reader, segment)
    _merge_occurrences(archive, reader, segment)
    blobs = _merge_blobs(archive, reader, segment, stored)
    rows = []
    for number, one in enumerate(stored):
        blob_segment, blob = blobs.get(one.sha256, (one.blob_segment, one.blob))
        row = {"segment": segment, "document": number, "blob_segment": blob_segment, "blob": blob}
        rows.append({**msgspec.structs.asdict(one), **row})
    return rows


# A coordinate's first place decides its number: those that were met together stay together, which is what makes the files small.
_RENUMBERED = """
CREATE TEMP TABLE renumbered AS
WITH place AS (
    SELECT c.segment, c.coordinate, any_value(c.coordinate_id) AS coordinate_id
    FROM all_coordinates c SEMI JOIN occurrences USING (segment, coordinate)
    GROUP BY ALL
), first AS (
    SELECT coordinate_id, min({'segment': segment, 'coordinate': coordinate}) AS home FROM place GROUP BY ALL
), numbered AS (
    SELECT coordinate_id, home, (row_number() OVER (ORDER BY home) - 1)::INTEGER AS number FROM first
)
SELECT segment, coordinate, number, home.segment = segment AND home.coordinate = coordinate AS is_home
FROM place JOIN numbered USING (coordinate_id)
"""


def _merge_coordinates(archive: Archive, reader: Reader, segment: int) -> None:
    reader.execute(_RENUMBERED)
    columns = ", ".join(f'c."{name}"' for name, _, _ in COORDINATES.columns[2:])
    write_relation(
        COORDINATES, archive.path,
        reader.relation(
            f"SELECT {segment}::BIGINT AS segment, r.number AS coordinate, {columns} "
            "FROM all_coordinates c JOIN renumbered r USING (segment, coordinate) WHERE r.is_home ORDER BY r.number"
        ),
    )  # fmt: skip


def _merge_occurrences(archive: Archive, reader: Reader, segment: int) -> None:
    for some in _together(reader):
        listed = ", ".join(map(str, some))
        write_relation(
            OCCURRENCES, archive.path,
            reader.relation(
                f"SELECT {segment}::BIGINT AS segment, m.number AS document, o.position, r.number AS coordinate, "
                "o.hidden, o.counted, o.owner "
                "FROM all_occurrences o JOIN moved m USING (segment, document) "
                f"JOIN renumbered r ON r.segment = o.segment AND r.coordinate = o.coordinate WHERE o.segment IN ({listed}) "
                "ORDER BY m.number, o.position"
            ),
        )  # fmt: skip


def _together(reader: Reader) -> Iterator[list[int]]:
    """Segments, in order, by lots that can be sorted at once."""
    rows = reader.rows("SELECT segment, sum(components) FROM documents GROUP BY segment ORDER BY segment")
    some: list[int] = []
    occurrences = 0
    for segment, components in rows:
        some.append(segment)
        occurrences += components
        if occurrences >= OCCURRENCES_AT_ONCE:
            yield some
            some, occurrences = [], 0
    if some:
        yield some


def _merge_blobs(archive: Archive, reader: Reader, segment: int, stored: Sequence[StoredDocument]) -> dict[str, tuple[int, int]]:
    """Copies the blobs of the segments for which that is worth it, and says where which are now, by digest."""
    files = reader.files[BLOBS.name]
    rows, size_bytes, alive = Counter[int](), Counter[int](), Counter(one.blob_segment for one in stored)
    for file in files:
        rows[file.segment or 0] += file.rows
        size_bytes[file.segment or 0] += file.size_bytes
    worn = {one for one in alive if alive[one] * 2 < rows[one]}
    small = {one for one in alive if size_bytes[one] < SMALL_BLOBS_BYTES}
    chosen = worn | (small if len(small) > 1 else set())
    copied = [one for one in stored if one.blob_segment in chosen]
    for first in range(0, len(copied), BLOBS_AT_ONCE):
        some = copied[first : first + BLOBS_AT_ONCE]
        places = [[one.blob_segment for one in some], [one.blob for one in some], list(range(first, first + len(some)))]
        reader.execute(
            "CREATE OR REPLACE TEMP TABLE copied AS "
            "SELECT unnest($1::BIGINT[]) AS segment, unnest($2::INTEGER[]) AS blob, unnest($3::INTEGER[]) AS number",
            places,
        )
        columns = f"{segment}::BIGINT AS segment, c.number AS blob, b.sha256, b.content"
        sql = f"SELECT {columns} FROM all_blobs b JOIN copied c USING (segment, blob) ORDER BY c.number"
        write_relation(BLOBS, archive.path, reader.relation(sql))
    return {one.sha256: (segment, number) for number, one in enumerate(copied)}


def _sweep(archive: Archive) -> int | None:
    """Deletes the rows and files that no document needs, and says how many bytes those had; None where others are at work."""
    with archive.alone() as is_alone:
        if not is_alone:
            return None
        with open_reader(archive) as reader:
            needed = {table.name: {file.segment for file in reader.files[table.name]} for table in TABLES}
            runs: set[int | None] = {run.run for run in open_log(reader)}
            if runs:
                needed |= {table.name: runs for table in LOG_TABLES}
                for segment, blob_segment in reader.rows(UNTOLD_REMOVALS):
                    needed[OCCURRENCES.name].add(segment)
                    needed[COORDINATES.name].add(segment)
                    needed[BLOBS.name].add(blob_segment)
        return sum(_sweep_table(archive, table, needed[table.name]) for table in (*TABLES, *(LOG_TABLES if runs else ())))


def _sweep_table(archive: Archive, table: Table, needed: set[int | None]) -> int:
    """The files are deleted here and not by Delta's vacuum, which goes by the clock."""
    files, _ = files_of(table, archive.path)
    dead = sorted({file.segment for file in files if file.segment is not None} - needed)
    found = open_table(table, archive.path)
    with written(archive.path):
        if dead:
            found.delete(f"segment IN ({', '.join(map(str, dead))})")
        found.create_checkpoint()
        found.cleanup_metadata()
        alive = {file.path for file in files_of(table, archive.path)[0]}
        freed_bytes = 0
        for path in (archive.path / table.name).rglob("*.parquet"):
            if str(path) not in alive and LOG not in path.parts:
                freed_bytes += path.stat().st_size
                path.unlink()
    return freed_bytes
