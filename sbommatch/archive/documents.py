"""The documents of an archive: found, described, read back."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from datetime import datetime

import msgspec
from msgspec import Struct

from sbommatch.archive.model import Facts
from sbommatch.archive.reader import Reader
from sbommatch.archive.tables import RESTORE, TABLES
from sbommatch.errors import ArchiveError, UsageError

Label = tuple[str, str]

DIGEST_BEGINNING = re.compile(r"[0-9a-f]{6,64}")
"""Enough of a digest to name a document by."""

NAMED_LIMIT = 3
"""Documents that a message lists."""

BLOBS_AT_ONCE = 64
"""Documents that are held, packed, while they are read one by one."""


class StoredDocument(Facts, frozen=True, kw_only=True):
    """A row of `documents`."""

    segment: int
    document: int
    blob_segment: int
    blob: int
    labels: dict[str, str]
    released_at: datetime | None
    """UTC, without saying so, as is `added_at`."""
    added_at: datetime
    components: int
    indexed_by: str

    @property
    def age(self) -> tuple[datetime, str]:
        """Sorts documents as they were added, and as they are stored; those of one moment by digest."""
        return self.added_at, self.sha256

    @property
    def subject(self) -> str:
        """What it is about, in words; its path where it says nothing."""
        return " ".join(filter(None, (self.subject_name, self.subject_version))) or self.path


def documents(reader: Reader, labels: Sequence[Label] = ()) -> list[StoredDocument]:
    """The documents with all of these labels, in the order of what they are about."""
    sql = f"SELECT * FROM documents WHERE {with_labels(labels)} ORDER BY subject_name, subject_version, path, sha256"
    return msgspec.convert(reader.records(sql, parameters(labels)), list[StoredDocument])


def with_labels(labels: Sequence[Label]) -> str:
    """The condition on `documents` that takes `parameters`."""
    return " AND ".join(["true", *("labels[?] = ?" for _ in labels)])


def parameters(labels: Sequence[Label]) -> list[str]:
    """Of the condition `with_labels`."""
    return [text for label in labels for text in label]


def named(reader: Reader, name: str) -> StoredDocument:
    """The document of a digest or its beginning, a path, or a subject. Raises UsageError where there is none, or several."""
    condition = "path = $1 OR subject_name = $1 OR concat_ws(' ', subject_name, subject_version) = $1"
    if DIGEST_BEGINNING.fullmatch(name):
        condition += " OR starts_with(sha256, $1)"
    found = msgspec.convert(reader.records(f"SELECT * FROM documents WHERE {condition} ORDER BY sha256", [name]), list[StoredDocument])
    if not found:
        raise UsageError(f"{name}: the archive has no document of that digest, path or subject; `sbommatch archive list` shows them")
    if len(found) > 1:
        others = ", ".join(one.sha256[:12] for one in found[:NAMED_LIMIT])
        raise UsageError(f"{name}: {len(found)} documents are called so: {others}{' …' if len(found) > NAMED_LIMIT else ''}; name a digest")
    return found[0]


def contents(reader: Reader, wanted: Sequence[StoredDocument]) -> Iterator[tuple[StoredDocument, bytes]]:
    """The documents with their bytes. Raises ArchiveError where one is not what was stored."""
    for first in range(0, len(wanted), BLOBS_AT_ONCE):
        some = wanted[first : first + BLOBS_AT_ONCE]
        packed = _packed(reader, some)
        for one in some:
            yield one, _unpacked(one, packed.get((one.blob_segment, one.blob)), reader)


def _packed(reader: Reader, some: Sequence[StoredDocument]) -> dict[tuple[int, int], bytes]:
    """The bounds on `blob` let DuckDB pass over row groups: the join alone does not."""
    found: dict[tuple[int, int], bytes] = {}
    for segment in sorted({one.blob_segment for one in some}):
        numbers = [one.blob for one in some if one.blob_segment == segment]
        sql = "SELECT blob, content FROM all_blobs WHERE segment = $1 AND blob BETWEEN $2 AND $3 AND list_contains($4::INTEGER[], blob)"
        rows = reader.rows(sql, [segment, min(numbers), max(numbers), numbers])
        found.update(((segment, number), content) for number, content in rows)
    return found


def _unpacked(document: StoredDocument, packed: bytes | None, reader: Reader) -> bytes:
    from zstandard import ZstdDecompressor, ZstdError

    where = f"{reader.archive.path}: document {document.sha256[:12]} ({document.path})"
    if packed is None:
        raise ArchiveError(f"{where}: its content is missing; {RESTORE}")
    try:
        data = ZstdDecompressor().decompress(packed, max_output_size=document.size_bytes)
    except ZstdError as exc:
        raise ArchiveError(f"{where}: its content is damaged: {exc}; {RESTORE}") from exc
    if hashlib.sha256(data).hexdigest() != document.sha256:
        raise ArchiveError(f"{where}: its content is not what was stored: the digest is another one; {RESTORE}")
    return data


class StoredComponent(Struct, frozen=True, kw_only=True):
    """A component of a document, as far as the archive knows it without reading the document again."""

    position: int
    package: str
    version: str | None
    hidden: bool
    reason: str | None
    """Why it is not asked for, or its version is none."""
    asked: tuple[tuple[str, str], ...]
    """Namespace and name of each lookup."""


_COMPONENTS = """
SELECT o.position, any_value(c.package) AS package, any_value(c.raw_version) AS version, any_value(o.hidden) AS hidden,
    any_value(c.reason) AS reason, coalesce(list([c.namespace, c.name]) FILTER (c.scheme IS NOT NULL), []) AS asked
FROM all_occurrences o JOIN all_coordinates c USING (segment, coordinate)
WHERE o.segment = $1 AND o.document = $2
GROUP BY o.position ORDER BY o.position
"""


def components(reader: Reader, document: StoredDocument) -> list[StoredComponent]:
    """The components of a document, in its order."""
    return msgspec.convert(reader.records(_COMPONENTS, [document.segment, document.document]), list[StoredComponent])


class Stats(Struct, frozen=True, kw_only=True):
    """How much an archive holds."""

    documents: int
    documents_bytes: int
    """Uncompressed."""
    occurrences: int
    coordinates: int
    segments: int
    indexed_by: dict[str, int]
    """Documents by the rules that made their lookups."""
    tables: dict[str, int]
    """Bytes of each table's files."""
    bytes_per_occurrence: float | None
    """Of all tables but `blobs`."""


_COUNTS = """
SELECT (SELECT count(*) FROM documents), (SELECT coalesce(sum(size_bytes), 0) FROM documents),
    (SELECT coalesce(sum(components), 0) FROM documents), (SELECT count(DISTINCT coordinate_id) FROM coordinates),
    (SELECT count(DISTINCT segment) FROM documents)
"""


def stats(reader: Reader) -> Stats:
    """How much the archive holds."""
    [(number, size_bytes, occurrences, coordinates, segments)] = reader.rows(_COUNTS)
    sizes = {table.name: sum(file.size_bytes for file in reader.files[table.name]) for table in TABLES}
    beside = sum(size for name, size in sizes.items() if name != "blobs")
    return Stats(
        documents=number,
        documents_bytes=int(size_bytes),
        occurrences=int(occurrences),
        coordinates=coordinates,
        segments=segments,
        indexed_by=dict(reader.rows("SELECT indexed_by, count(*) FROM documents GROUP BY ALL ORDER BY ALL")),
        tables=sizes,
        bytes_per_occurrence=round(beside / int(occurrences), 2) if occurrences else None,
    )
