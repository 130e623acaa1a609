"""Puts the tar of a layer together again from the folder it was unpacked into: with tar-split's record, byte by byte.

Docker and containers-storage unpack layers and keep, for each, what the tar had besides the bodies of its files. So the tar that comes out
has the diff_id that the config states, or something was changed: it is verified as any other.

Source: github.com/vbatts/tar-split, tar/storage: a line of JSON for each entry; `type` 2 has bytes of the tar as `payload`, `type` 1 stands
for `size` bytes of the file `name` (`name_raw` where the name is not UTF-8).
"""

import errno
import io
import os
import stat
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import BinaryIO, cast

from msgspec import Struct

from sbomgen.errors import UnreadableError
from sbomgen.image.compression import OUTPUT_BYTES, ByteStream, open_decompressed
from sbomgen.image.oci import decode
from sbomgen.image.tar import MAX_EXTENDED_BYTES

MAX_LINE_BYTES = 4 * MAX_EXTENDED_BYTES
"""Of one entry: a header or extended header, in base64."""

MAX_LINKS = 40
"""Symbolic links followed to a file, as Linux does."""

_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_FILE, _SEGMENT = 1, 2


class _Entry(Struct, frozen=True):
    type: int
    name: str = ""
    name_raw: bytes | None = None
    size: int = 0
    payload: bytes | None = None


def open_layer(record: Path, folder: Path) -> BinaryIO:
    """The tar of a layer, from its record (compressed or not) and the folder with its files. Raises `UnreadableError`; so does reading."""
    try:
        stored = record.open("rb", buffering=0)
    except OSError as exc:
        raise UnreadableError(f"{record}: {exc.strerror}: without it the layer cannot be put together") from exc
    return cast("BinaryIO", _Tar(cast("BinaryIO", stored), folder))


class _Tar(io.RawIOBase):
    """The tar as a stream that is read forward."""

    def __init__(self, stored: BinaryIO, folder: Path) -> None:
        super().__init__()
        self._stored = stored
        self._pieces = _pieces(open_decompressed(stored), folder)
        self._left = memoryview(b"")
        self._failed: UnreadableError | None = None

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # typeshed's Buffer has no length
        """The next bytes; none at the end."""
        filled = 0
        while filled < len(buffer):
            if not self._left:
                self._left = memoryview(self._next_piece())
            if not self._left:
                break
            size = min(len(self._left), len(buffer) - filled)
            buffer[filled : filled + size] = self._left[:size]
            self._left = self._left[size:]
            filled += size
        return filled

    def _next_piece(self) -> bytes:
        """After a failure the same again: who reads on must not take it for the end."""
        if self._failed is not None:
            raise self._failed
        try:
            return next(self._pieces, b"")
        except UnreadableError as exc:
            self._failed = exc
            raise

    def close(self) -> None:
        """The record, and the file that is being read."""
        self._pieces.close()
        self._stored.close()
        super().close()


def _pieces(record: ByteStream, folder: Path) -> Generator[bytes, None, None]:
    """The bytes of the tar, never an empty piece."""
    for line in _lines(record):
        entry = decode(line, _Entry, f"{folder}: the record of its tar")
        if entry.type == _SEGMENT and entry.payload:
            yield entry.payload
        elif entry.type == _FILE and entry.size:
            yield from _body(folder, os.fsdecode(entry.name_raw) if entry.name_raw else entry.name, entry.size)


def _lines(record: ByteStream) -> Iterator[bytes]:
    rest = b""
    while piece := record.read(OUTPUT_BYTES):
        *lines, rest = (rest + piece).split(b"\n")
        yield from filter(None, lines)
        if len(rest) > MAX_LINE_BYTES:
            raise UnreadableError(f"a line of more than {MAX_LINE_BYTES:,} bytes in the record of its tar")
    if rest:
        yield rest


def _body(folder: Path, name: str, size_bytes: int) -> Iterator[bytes]:
    left = size_bytes
    with open_beneath(folder, name) as file:
        while left and (piece := file.read(min(left, OUTPUT_BYTES))):
            left -= len(piece)
            yield piece
    if left:
        raise UnreadableError(f"{folder}: {name}: has {left:,} bytes less than it had in its layer")


def open_beneath(root: Path, name: str) -> BinaryIO:
    """A regular file by its path in a root: links are followed as they would be with that root, and nothing leads out of it."""
    way: list[int] = []  # what was opened, from the root to where the path has led
    try:
        way.append(os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
        left, links = name.split("/")[::-1], 0
        while left:
            part = left.pop()
            link = _go(way, part)
            if link is not None:
                links += 1
                left.extend(link.split("/")[::-1])
            if links > MAX_LINKS:
                raise UnreadableError(f"{root}: {name}: lies behind links that loop")
        if not stat.S_ISREG(os.fstat(way[-1]).st_mode):
            raise UnreadableError(f"{root}: {name}: is no file any more")
        return cast("BinaryIO", open(way.pop(), "rb", buffering=0))  # noqa: PTH123  # a descriptor, for the caller
    except OSError as exc:
        raise UnreadableError(f"{root}: {name}: {exc.strerror}; storage of root or of other users is read as root") from exc
    finally:
        for descriptor in way:
            os.close(descriptor)


def _go(way: list[int], part: str) -> str | None:
    """One step on; the target of a symbolic link instead, with the way back at the root where that is absolute."""
    if part == "..":
        _back(way, len(way) - 1)
    elif part not in {"", "."}:
        try:
            way.append(os.open(part, _OPEN, dir_fd=way[-1]))
        except OSError as exc:
            if exc.errno != errno.ELOOP:
                raise
            link = os.readlink(part, dir_fd=way[-1])
            if link.startswith("/"):
                _back(way, 1)
            return link
    return None


def _back(way: list[int], length: int) -> None:
    """Back towards the root, never above it."""
    while len(way) > max(length, 1):
        os.close(way.pop())
