r"""An index from the SHA-1 of jars to their Maven coordinates, for jars that do not say what they are.

The file: magic, number of entries (64 bits), length of the texts (64 bits), CRC-32 of all that follows; then the entries, sorted, 20 bytes
of digest and 32 bits of where its text begins; then the texts, `GROUP\tARTIFACT\tVERSION\n`. Numbers are big-endian. It is mapped into
memory, and a look-up reads some twenty entries of it.
"""

import csv
import mmap
import re
import struct
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, Self

from msgspec import Struct

from sbomgen.errors import UnreadableError

COLUMNS = ("sha1", "group", "artifact", "version")

FIELD_LIMIT_CHARS = 500
"""Of a group, artifact or version; the longest of Maven Central have some 150."""

TEXTS_LIMIT_BYTES = (1 << 32) - 1
"""What 32 bits can point into: some 80 million jars, five times Maven Central."""

BUCKETS = 64
"""Temporary files that rows are sorted in, one after the other: memory holds a 64th of them."""

_MAGIC = b"SBOMJIX1"
_HEAD = struct.Struct(">8sQQL")
_ENTRY = struct.Struct(">20sL")
_ROW_HEAD = struct.Struct(">20sH")
_SHA1 = re.compile(r"[0-9a-fA-F]{40}")
_CHUNK_BYTES = 1 << 20


class Built(Struct, frozen=True):
    """What became of the rows of a CSV."""

    entries: int
    duplicates: int
    """Rows with a SHA-1 that an earlier one has."""
    refused: int
    first_refused: int | None
    """1-based line of the first refused row."""


class JavaIndex:
    """An index that was built. Raises `UnreadableError` for what is none, or is damaged; close it after use."""

    def __init__(self, path: Path) -> None:
        try:
            with path.open("rb") as file:
                self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as exc:
            raise UnreadableError(f"{path}: the Java index cannot be read: {exc}") from exc
        try:
            self._entries, self._texts = self._checked(path)
        except UnreadableError:
            self.close()
            raise

    def __enter__(self) -> Self:
        """The index itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Closes it."""
        self.close()

    def close(self) -> None:
        """Lets go of the file."""
        self._map.close()

    def find(self, sha1: str) -> tuple[str, str, str] | None:
        """Group, artifact and version of the jar with this SHA-1 (hexadecimal); None where it is not known."""
        wanted, low, high = bytes.fromhex(sha1), 0, self._entries
        while low < high:
            middle = (low + high) // 2
            digest, offset = _ENTRY.unpack_from(self._map, _HEAD.size + middle * _ENTRY.size)
            if digest == wanted:
                start = self._texts + offset
                group, artifact, version = self._map[start : self._map.find(b"\n", start)].decode().split("\t")
                return group, artifact, version
            low, high = (middle + 1, high) if digest < wanted else (low, middle)
        return None

    def _checked(self, path: Path) -> tuple[int, int]:
        """The number of entries, and where the texts begin."""
        if len(self._map) < _HEAD.size or self._map[: len(_MAGIC)] != _MAGIC:
            raise UnreadableError(f"{path}: is no Java index; `sbomgen java-index build` makes one of a CSV")
        _, entries, texts_bytes, stated = _HEAD.unpack_from(self._map)
        texts = _HEAD.size + entries * _ENTRY.size
        pieces = (self._map[at : at + _CHUNK_BYTES] for at in range(_HEAD.size, len(self._map), _CHUNK_BYTES))
        if texts + texts_bytes != len(self._map) or _checksum(pieces) != stated:
            raise UnreadableError(f"{path}: the Java index is damaged or cut short; build it again")
        return entries, texts


def build_index(rows: Iterable[str], target: BinaryIO) -> Built:
    """Writes the index of a CSV (`sha1,group,artifact,version`, with or without that head) into a seekable file.

    Of several rows with one SHA-1 the first counts. Rows that are none are left out and counted. Raises `UnreadableError` where the texts
    are too long for an index.
    """
    with ExitStack() as stack:
        buckets = [stack.enter_context(tempfile.TemporaryFile(prefix="sbomgen-")) for _ in range(BUCKETS)]
        texts = stack.enter_context(tempfile.TemporaryFile(prefix="sbomgen-"))
        total, refused, first_refused = _fill(rows, buckets)
        target.seek(_HEAD.size)
        entries = 0
        for bucket in buckets:
            for digest, text in _sorted(bucket):
                if texts.tell() + len(text) > TEXTS_LIMIT_BYTES:
                    raise UnreadableError(f"the coordinates have more than {TEXTS_LIMIT_BYTES:,} bytes: build it of fewer rows")
                target.write(_ENTRY.pack(digest, texts.tell()))
                texts.write(text)
                entries += 1
        texts_bytes = texts.tell()
        texts.seek(0)
        target.writelines(_pieces(texts))
    target.flush()
    target.seek(_HEAD.size)
    checksum = _checksum(_pieces(target))
    target.seek(0)
    target.write(_HEAD.pack(_MAGIC, entries, texts_bytes, checksum))
    return Built(entries, total - entries, refused, first_refused)


def _fill(rows: Iterable[str], buckets: Sequence[BinaryIO]) -> tuple[int, int, int | None]:
    """Lays each row into the bucket of its digest; how many there were, how many were refused, and the line of the first such."""
    total, refused, first_refused = 0, 0, None
    reader = csv.reader(rows)
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return total, refused, first_refused
        except csv.Error:
            row = ["?"]
        fields = [field.strip() for field in row]
        if _is_row(fields):
            digest, text = bytes.fromhex(fields[0]), "\t".join(fields[1:]).encode() + b"\n"
            buckets[digest[0] * BUCKETS // 256].write(_ROW_HEAD.pack(digest, len(text)) + text)
            total += 1
        elif any(fields) and not (reader.line_num == 1 and tuple(field.lower() for field in fields) == COLUMNS):
            refused += 1
            first_refused = first_refused or reader.line_num


def _is_row(fields: list[str]) -> bool:
    texts_fit = all(0 < len(field) <= FIELD_LIMIT_CHARS and field.isprintable() for field in fields[1:])
    return len(fields) == len(COLUMNS) and _SHA1.fullmatch(fields[0]) is not None and texts_fit


def _sorted(bucket: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    """Digest and text of the rows of a bucket by digest, of several with one digest the first."""
    bucket.seek(0)
    found: dict[bytes, bytes] = {}
    while head := bucket.read(_ROW_HEAD.size):
        digest, size_bytes = _ROW_HEAD.unpack(head)
        found.setdefault(digest, bucket.read(size_bytes))
    return iter(sorted(found.items()))


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(_CHUNK_BYTES):
        yield piece


def _checksum(pieces: Iterable[bytes]) -> int:
    from isal import isal_zlib

    checksum = 0
    for piece in pieces:
        checksum = isal_zlib.crc32(piece, checksum)
    return checksum
