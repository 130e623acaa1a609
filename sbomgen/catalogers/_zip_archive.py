"""Zip archives, read member by member from a seekable stream (PKWARE APPNOTE 6.3.10), as `java.util.zip.ZipFile` reads them.

A reader of our own, because most of the members of a jar are classes that nobody asks for: it walks the central directory without an object
for each, in a quarter of the time that `zipfile` takes, takes the last of two members of one name as the JVM does, and bounds what it takes
before it takes it. Bytes before the archive (a shell script) and after it are passed over.
"""

import io
import struct
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, BinaryIO, cast

from msgspec import Struct

from sbomgen.catalogers._fields import text_of
from sbomgen.errors import UnreadableError

DIRECTORY_LIMIT_BYTES = 64 << 20
"""Of one central directory: some 600,000 members; the largest jars have 60,000."""

NAME_LIMIT_BYTES = 1024
"""Of one member's name; longer ones are no path on any system, and are not looked at."""

MEMBERS_LIMIT = 20_000
"""Of those that are asked for in one archive: the largest jars have 3,000 jars and poms."""

RATIO_LIMIT = 100
"""Inflated to compressed size of a large member: jars in jars reach 10, deflate's own limit is 1,032."""

RATIO_FREE_BYTES = 16 << 20
"""A member below this size may have any ratio: it does no harm."""

MEMORY_BYTES = 4 << 20
"""A larger inflated member goes to an unlinked temporary file."""

CHUNK_BYTES = 1 << 18
"""Read and inflated at a time."""

_END = struct.Struct("<4s4H2LH")
_END_MAGIC = b"PK\5\6"
_END_REACH_BYTES = _END.size + 0xFFFF
"""How far before the archive's end its end record may begin: a comment of up to 64 KiB follows it."""

_LOCATOR = struct.Struct("<4sLQL")
_LOCATOR_MAGIC = b"PK\6\7"
_END64 = struct.Struct("<4sQ2H2L4Q")
_END64_MAGIC = b"PK\6\6"
_ENTRY = struct.Struct("<4s4x2H8x2L3H8xL")
_ENTRY_MAGIC = b"PK\1\2"
_LOCAL = struct.Struct("<4s22x2H")
_LOCAL_MAGIC = b"PK\3\4"
_ZIP64_EXTRA = 1
_SATURATED = 0xFFFFFFFF
"""In a field of 32 bits: the value stands in the zip64 extra field."""

_ENCRYPTED = 1
_STORED, _DEFLATED = 0, 8
"""The only methods that `java.util.zip` and Yarn know."""


class ArchiveError(Exception):
    """An archive or a member that cannot be read; the message says why."""


class ArchiveLimitError(ArchiveError):
    """A limit of ours stands before it."""


class Member(Struct, frozen=True):
    """A member as the central directory states it."""

    name: str
    offset: int
    """Of its local header, from the stream's start."""
    compressed_bytes: int
    size_bytes: int
    method: int
    encrypted: bool


class Archive:
    """The members of a zip archive. Raises `ArchiveError` where the stream holds none."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._size_bytes = stream.seek(0, io.SEEK_END)
        start, size_bytes, stated_start = self._find_directory()
        if size_bytes > DIRECTORY_LIMIT_BYTES:
            raise ArchiveLimitError(f"has a directory of {size_bytes:,} bytes, more than the {DIRECTORY_LIMIT_BYTES:,} that are read")
        self._shift = start - stated_start
        if start < 0 or self._shift < 0:
            raise ArchiveError("is cut short: its directory lies before its beginning")
        self._directory = (start, size_bytes)

    @property
    def is_empty(self) -> bool:
        """Whether it has no members at all."""
        return self._directory[1] == 0

    def members(self, wanted: Callable[[bytes], bool]) -> list[Member]:
        """The members whose lower-case name is wanted, in their order; of several of one name the last. Raises `ArchiveError`."""
        directory, position, found = self._read_at(*self._directory), 0, dict[bytes, Member]()
        unpack, end = _ENTRY.unpack_from, len(directory)
        while position < end:
            try:
                magic, flags, method, packed, size, name_size, extra_size, comment_size, offset = unpack(directory, position)
            except struct.error as exc:
                raise ArchiveError("its directory is cut short") from exc
            if magic != _ENTRY_MAGIC:
                raise ArchiveError(f"its directory is damaged at byte {position:,}")
            name_start = position + _ENTRY.size
            extra_start = name_start + name_size
            name = directory[name_start:extra_start]
            if name_size <= NAME_LIMIT_BYTES and wanted(name.lower()):
                extra = directory[extra_start : extra_start + extra_size]
                size, packed, offset = _widened((size, packed, offset), extra)
                found.pop(name, None)
                if len(found) == MEMBERS_LIMIT:
                    raise ArchiveLimitError(f"has more than {MEMBERS_LIMIT:,} members to read")
                found[name] = Member(text_of(name), offset + self._shift, packed, size, method, bool(flags & _ENCRYPTED))
            position = extra_start + extra_size + comment_size
        return list(found.values())

    def read(self, member: Member, limit_bytes: int) -> bytes:
        """The body of a member. Raises `ArchiveError`, also where it is longer than `limit_bytes`."""
        if member.size_bytes > limit_bytes:
            raise ArchiveLimitError(f"has {member.size_bytes:,} bytes, more than the {limit_bytes:,} that are read of such a member")
        return b"".join(self._pieces(member))

    def open(self, member: Member) -> BinaryIO:
        """The body of a member as a seekable stream: of a stored one in place, of another inflated to memory or to an unlinked file.

        Raises `ArchiveError`; `UnreadableError` where there is no room for the file.
        """
        if member.method == _STORED and not member.encrypted:
            start = self._body_start(member)
            return cast("BinaryIO", io.BufferedReader(_Section(self._stream, start, member.size_bytes)))
        if member.size_bytes > max(RATIO_FREE_BYTES, RATIO_LIMIT * member.compressed_bytes):
            raise ArchiveLimitError(f"inflates more than {RATIO_LIMIT} times, to {member.size_bytes:,} bytes")
        if member.size_bytes <= MEMORY_BYTES:
            return io.BytesIO(b"".join(self._pieces(member)))
        return _in_a_file(self._pieces(member))

    def _pieces(self, member: Member) -> Iterator[bytes]:
        """The body, inflated; exactly as many bytes as the directory states."""
        if member.encrypted:
            raise ArchiveError("is encrypted")
        if member.method not in {_STORED, _DEFLATED}:
            raise ArchiveError(f"is compressed by method {member.method}, which is not deflate")
        start, left = self._body_start(member), member.size_bytes
        packed = self._packed(start, member.compressed_bytes)
        for piece in packed if member.method == _STORED else _inflated(packed):
            left -= len(piece)
            if left < 0:
                break
            yield piece
        if left:
            raise ArchiveError(f"is damaged: it has not the {member.size_bytes:,} bytes that the directory states")

    def _packed(self, start: int, size_bytes: int) -> Iterator[bytes]:
        for position in range(start, start + size_bytes, CHUNK_BYTES):
            yield self._read_at(position, min(CHUNK_BYTES, start + size_bytes - position))

    def _body_start(self, member: Member) -> int:
        """Where the compressed bytes begin: after the local header, whose name and extra field may differ from the directory's."""
        magic, name_size, extra_size = _LOCAL.unpack(self._read_at(member.offset, _LOCAL.size))
        start = member.offset + _LOCAL.size + name_size + extra_size
        stored_sizes_differ = member.method == _STORED and member.size_bytes != member.compressed_bytes
        if magic != _LOCAL_MAGIC or stored_sizes_differ or start + member.compressed_bytes > self._size_bytes:
            raise ArchiveError("is damaged: it is not where the directory says")
        return int(start)

    def _find_directory(self) -> tuple[int, int, int]:
        """Where the directory begins, its size in bytes, and where the end record says that it begins."""
        reach = min(_END_REACH_BYTES, self._size_bytes)
        tail = self._read_at(self._size_bytes - reach, reach)
        found = tail.rfind(_END_MAGIC)
        if found < 0 or len(tail) - found < _END.size:
            raise ArchiveError("is no zip archive, or is cut short: it has no end record")
        end = self._size_bytes - reach + found
        *_, size_bytes, stated_start, _ = _END.unpack_from(tail, found)
        if end >= _LOCATOR.size:
            magic, _, _, _ = _LOCATOR.unpack(self._read_at(end - _LOCATOR.size, _LOCATOR.size))
            if magic == _LOCATOR_MAGIC:
                end -= _LOCATOR.size + _END64.size
                magic, *_, size_bytes, stated_start = _END64.unpack(self._read_at(end, _END64.size))
                if magic != _END64_MAGIC:
                    raise ArchiveError("is damaged: its zip64 end record is not where it should be")
        return end - size_bytes, size_bytes, stated_start

    def _read_at(self, position: int, size_bytes: int) -> bytes:
        if position < 0 or position + size_bytes > self._size_bytes:
            raise ArchiveError("is cut short")
        self._stream.seek(position)
        return self._stream.read(size_bytes)


class _Section(io.RawIOBase):
    """A part of another stream, with a position of its own."""

    def __init__(self, stream: BinaryIO, start: int, size_bytes: int) -> None:
        self._stream = stream
        self._start = start
        self._size_bytes = size_bytes
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        self._position = max(0, offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size_bytes}[whence])
        return self._position

    def readinto(self, buffer: Any, /) -> int:
        wanted = min(len(buffer), max(0, self._size_bytes - self._position))
        self._stream.seek(self._start + self._position)
        piece = self._stream.read(wanted)
        buffer[: len(piece)] = piece
        self._position += len(piece)
        return len(piece)


def _inflated(packed: Iterator[bytes]) -> Iterator[bytes]:
    from isal import igzip_lib

    error = cast("type[Exception]", igzip_lib.IsalError)  # isal's stubs call it an instance
    decoder = igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_DEFLATE)
    for piece in packed:
        left = piece
        while left or not decoder.needs_input:
            try:
                inflated = decoder.decompress(left, CHUNK_BYTES)
            except (error, EOFError, ValueError) as exc:
                raise ArchiveError(f"is damaged: it cannot be inflated ({exc})") from exc
            left = b""
            if inflated:
                yield inflated
            if decoder.eof:
                return


def _widened(narrow: tuple[int, int, int], extra: bytes) -> tuple[int, int, int]:
    """Size, compressed size and offset, each from the zip64 extra field where it does not fit into 32 bits."""
    if _SATURATED not in narrow:
        return narrow
    position = 0
    while position + 4 <= len(extra):
        kind, size = int.from_bytes(extra[position : position + 2], "little"), int.from_bytes(extra[position + 2 : position + 4], "little")
        position += 4
        if kind == _ZIP64_EXTRA:
            wide = [int.from_bytes(extra[at : at + 8], "little") for at in range(position, min(position + size, len(extra)) - 7, 8)]
            stated = iter(wide)
            first, second, third = (next(stated, value) if value == _SATURATED else value for value in narrow)
            return first, second, third
        position += size
    return narrow


def _in_a_file(pieces: Iterator[bytes]) -> BinaryIO:
    """An unlinked file that holds the pieces, at its beginning; the caller closes it."""
    import tempfile

    try:
        with ExitStack() as stack:
            # On a full disk its closing fails too, at what is left in the buffer: that belongs to what is tried.
            file = stack.enter_context(tempfile.TemporaryFile(prefix="sbomgen-"))
            for piece in pieces:
                file.write(piece)
            file.seek(0)
            stack.pop_all()
    except OSError as exc:
        raise UnreadableError(f"no room for a large archive in a temporary file ({exc.strerror}): make room, or set TMPDIR") from exc
    return cast("BinaryIO", file)
