"""A segment being written: extracts are numbered, gathered, and appended to the tables that `documents` will name."""

import secrets
from array import array
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from sbommatch.archive.archive import Archive
from sbommatch.archive.model import INDEX_FORMAT, Coordinate, Extract
from sbommatch.archive.tables import BLOBS, COORDINATES, OCCURRENCES, Cells, append
from sbommatch.versions.scheme import KEY_FORMAT

DOCUMENTS_AT_ONCE = 10_000
OCCURRENCES_AT_ONCE = 4_000_000
BLOB_BYTES_AT_ONCE = 96 << 20
"""Of an addition, whichever is reached first: it is held in memory, some 300 MB with its coordinates."""

INDEXED_BY = f"{INDEX_FORMAT}.{KEY_FORMAT}"
"""The rules by which this release makes lookups and keys."""

SEGMENT_BITS = 52
"""Random bits of a segment's number: among 10^5 segments two share one with a chance of one in a million; JSON readers keep it exact."""

Row = dict[str, Any]
"""Of `documents`, by the names of the columns."""


def draw_segment() -> int:
    """A number for a new segment."""
    return secrets.randbits(SEGMENT_BITS)


class SegmentWriter:
    """Gathers extracts, and writes all of them but their rows of `documents`."""

    def __init__(self, archive: Archive) -> None:
        self.segment = draw_segment()
        self._path = archive.path
        self._numbers: dict[bytes, int] = {}
        self._of_process: dict[int, list[Coordinate | int]] = {}
        """By process and its numbers: the coordinate until a document of ours has it, then our number."""
        self._documents = 0
        self._clear()

    def _clear(self) -> None:
        self._rows: list[Row] = []
        self._fresh: list[tuple[int, Coordinate]] = []
        self._occurrences: dict[str, array[int]] = {name: array("i") for name in ("document", "position", "coordinate")}
        self._flags: dict[str, bytearray] = {"hidden": bytearray(), "counted": bytearray()}
        self._owners: dict[int, int] = {}
        self._blobs: list[tuple[int, str, bytes]] = []
        self._blob_bytes = 0

    def learn(self, process: int, fresh: Iterable[Coordinate]) -> None:
        """Takes note of a process's coordinates; every extract's, in their order, whether the extract is taken or not."""
        self._of_process.setdefault(process, []).extend(fresh)

    def take(self, process: int, extract: Extract, stated: Mapping[str, Any]) -> None:
        """Gathers a document. `stated`: columns of its row that are not its own; without `blob` its content is stored too."""
        number = self._documents
        self._documents += 1
        positions = array("i", extract.positions)
        first = len(self._occurrences["position"])
        self._occurrences["document"].extend(array("i", [number]) * len(positions))
        self._occurrences["position"].extend(positions)
        self._occurrences["coordinate"].extend(self._ours(process, array("i", extract.coordinates)))
        self._flags["hidden"] += extract.hidden
        self._flags["counted"] += extract.counted
        self._owners.update((first + index, owner) for index, owner in extract.owners.items())
        if "blob" not in stated:
            self._blobs.append((number, extract.facts.sha256, extract.blob))
            self._blob_bytes += len(extract.blob)
        row = {
            "blob_segment": self.segment,
            "blob": number,
            **stated,
            "segment": self.segment,
            "document": number,
            "components": len(positions),
            "indexed_by": INDEXED_BY,
        }
        self._rows.append({**msgspec.structs.asdict(extract.facts), **row})

    def _ours(self, process: int, theirs: "array[int]") -> "array[int]":
        numbers = self._of_process[process]
        ours = array("i")
        for their in theirs:
            known = numbers[their]
            if not isinstance(known, int):
                known = numbers[their] = self._number(known)
            ours.append(known)
        return ours

    def _number(self, coordinate: Coordinate) -> int:
        number = self._numbers.get(coordinate.coordinate_id)
        if number is None:
            number = self._numbers[coordinate.coordinate_id] = len(self._numbers)
            self._fresh.append((number, coordinate))
        return number

    @property
    def is_full(self) -> bool:
        """Whether it is time to write."""
        return (
            len(self._rows) >= DOCUMENTS_AT_ONCE
            or len(self._occurrences["position"]) >= OCCURRENCES_AT_ONCE
            or self._blob_bytes >= BLOB_BYTES_AT_ONCE
        )

    def write(self) -> list[Row]:
        """Writes what was gathered, and gives the rows of `documents` that make it count. Raises UsageError where it cannot."""
        if self._fresh:
            append(COORDINATES, self._path, self.segment, _coordinate_cells(self._fresh))
        if rows := len(self._occurrences["position"]):
            flags: dict[str, Cells] = {name: list(map(bool, values)) for name, values in self._flags.items()}
            owners = [self._owners.get(row) for row in range(rows)] if self._owners else [None] * rows
            append(OCCURRENCES, self._path, self.segment, {**self._occurrences, **flags, "owner": owners})
        if self._blobs:
            numbers, digests, blobs = zip(*self._blobs, strict=True)
            append(BLOBS, self._path, self.segment, {"blob": array("i", numbers), "sha256": digests, "content": blobs})
        written = self._rows
        self._clear()
        return written


def _coordinate_cells(coordinates: Iterable[tuple[int, Coordinate]]) -> dict[str, Cells]:
    """Numbered coordinates as columns of the table."""
    rows = [
        (number, one.coordinate_id, one.package, one.reason, one.cpe_reason, place, *msgspec.structs.astuple(lookup))
        for number, one in coordinates
        for place, lookup in enumerate(one.lookups)
    ]
    names = [name for name, _, _ in COORDINATES.columns if name != "segment"]
    cells: dict[str, Cells] = dict(zip(names, zip(*rows, strict=True), strict=True))
    return {**cells, "coordinate": array("i", cells["coordinate"]), "lookup": array("i", cells["lookup"])}
