"""Archives for tests, made by the real way in."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sbommatch.archive.add import Added, Meta, add
from sbommatch.archive.archive import Archive, open_archive
from sbommatch.archive.inputs import sources
from sbommatch.archive.model import Extract, Refusal
from sbommatch.archive.reader import Reader, open_reader
from sbommatch.archive.workers import extracts

CONTENT = """
SELECT d.sha256, o.position, o.hidden, o.counted, o.owner, c.coordinate_id, c.package, c.reason, c.lookup, c.namespace, c.name,
    c.raw_version, c.key, d.labels::VARCHAR, d.added_at, b.content
FROM occurrences o JOIN documents d USING (segment, document) JOIN coordinates c USING (segment, coordinate)
JOIN blobs b ON b.segment = d.blob_segment AND b.blob = d.blob
ORDER BY ALL
"""
"""All that an archive knows, without the numbers that differ from segment to segment."""


def silent(_answer: Extract | Refusal) -> None:
    """Says nothing."""


def store(path: Path, *sboms: Path, labels: dict[str, str] | None = None, report: Callable[[Extract | Refusal], None] = silent) -> Added:
    """Adds files and folders to an archive, in this process."""
    with open_archive(path, make=True) as archive:
        return add(archive, extracts(sources([str(sbom) for sbom in sboms]), processes=1), Meta(labels=labels or {}), report)


@contextmanager
def opened(path: Path) -> Iterator[tuple[Archive, Reader]]:
    """An archive and its state."""
    with open_archive(path) as archive, open_reader(archive) as reader:
        yield archive, reader


def ask(path: Path, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
    """All rows of a query."""
    with opened(path) as (_, reader):
        return reader.rows(sql, parameters)
