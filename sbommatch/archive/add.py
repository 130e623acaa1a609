"""Adding documents: what reading processes extract is gathered and written in whole additions.

An addition is some thousand documents. Their coordinates, occurrences and blobs are written first, their rows of `documents` last, in one
commit: before it nothing of them counts, after it everything does.
"""

from collections.abc import Callable, Iterable
from datetime import datetime

from msgspec import Struct

from sbommatch.archive.archive import Archive
from sbommatch.archive.commits import Commits
from sbommatch.archive.model import Extract, Refusal
from sbommatch.archive.segment import SegmentWriter
from sbommatch.archive.workers import Answer
from sbommatch.reports.report import evaluation_moment


class Meta(Struct, frozen=True, kw_only=True):
    """What the user says of the documents added."""

    labels: dict[str, str] = {}
    released_at: datetime | None = None


class Added(Struct):
    """What became of the sources."""

    added: int = 0
    known: int = 0
    """Stored before, or named twice."""
    refused: int = 0
    notes: int = 0
    """Files of folders that are no SBOMs."""
    losses: int = 0
    """Documents of which a part could not be read."""
    bytes_read: int = 0


def add(archive: Archive, answers: Iterable[Answer], meta: Meta, report: Callable[[Extract | Refusal], None]) -> Added:
    """Stores what is extracted, in additions, and says what became of it; `report` sees every answer as it comes.

    Raises UsageError where the archive cannot be written: what was added before stays.
    """
    result = Added()
    with Commits(archive) as commits:
        addition = _Addition(archive, meta, commits)
        for process, answer in answers:
            report(answer)
            if isinstance(answer, Refusal):
                result.notes += answer.is_note
                result.refused += not answer.is_note
                continue
            result.bytes_read += answer.facts.size_bytes
            result.losses += bool(answer.facts.losses)
            addition.take(process, answer)
        addition.commit()
    result.added, result.known = addition.added, addition.known
    return result


class _Addition:
    def __init__(self, archive: Archive, meta: Meta, commits: Commits) -> None:
        self.added = 0
        self.known = 0
        self._commits = commits
        self._writer = SegmentWriter(archive)
        self._stated = {"labels": meta.labels, "released_at": meta.released_at}
        self._digests: set[str] = set()

    def take(self, process: int, extract: Extract) -> None:
        self._writer.learn(process, extract.fresh)
        digest = extract.facts.sha256
        if digest in self._digests or digest in self._commits.digests:
            self.known += 1
            return
        self._digests.add(digest)
        self._writer.take(process, extract, {**self._stated, "added_at": evaluation_moment()})
        if self._writer.is_full:
            self.commit()

    def commit(self) -> None:
        if not self._digests:
            return
        rows = self._writer.write()
        added = self._commits.add(rows)
        self.added += added
        self.known += len(rows) - added
        self._digests.clear()
