"""Members of zip and tar archives. Bounded, in memory, never unpacked to disk."""

import struct
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from typing import IO, Any, cast

from sbommatch.errors import FeedError
from sbommatch.problem import Problem, ProblemCode
from sbommatch.supply.packed import UnpackError

FILE_LIMIT_BYTES = 256 << 20
"""One file, unpacked: feeds that are a single document have some tens of megabytes."""

MEMBERS_LIMIT = 2_000_000
"""Members of an archive; all ecosystems of OSV together have some hundred thousand records."""

ARCHIVE_LIMIT_BYTES = 16 << 30
"""All members of an archive, unpacked; twelve whole feeds of OSV have 0.2 GB."""

RATIO_LIMIT = 400
"""Unpacked to packed, of members over `RATIO_FREE_BYTES`; in twelve whole feeds of OSV it stays below 52. Deflate can reach 1,032."""

RATIO_FREE_BYTES = 1 << 20

SMALL_BYTES = 64 << 10
"""Packed members that are inflated in one step, which is twice as fast: not even a lying one can come to more than 66 MB."""

LOCAL_HEADER = struct.Struct("<4s22xHH")
"""Signature, length of the name, length of the extra field (APPNOTE 4.3.7)."""

LOCAL_SIGNATURE = b"PK\x03\x04"
ENCRYPTED = 0x1


Skip = Callable[[str, int, int], bool]
"""Whether a file of that name, CRC-32 and size in bytes need not be read; asked once for each."""


def skip_nothing(_name: str, _crc32: int, _size_bytes: int) -> bool:
    """Every file is read."""
    return False


class _Unreadable(Exception):  # noqa: N818  never leaves this module
    """Why a member cannot be read."""


def members(stream: IO[bytes], where: str, suffixes: tuple[str, ...], skip: Skip = skip_nothing) -> Iterator[tuple[str, bytes | Problem]]:
    """Name and content of each member of a zip archive with one of the suffixes, sorted by name; a problem where there is no content.

    Members to skip, by what the directory says of them, are not even unpacked.

    The bodies are read here and not by `zipfile`, which needs twice the time for thousands of small members. Raises FeedError where
    the directory is broken or over a limit.
    """
    for entry in _directory(stream, where):
        if entry.is_dir() or not entry.filename.endswith(suffixes):
            continue
        if skip(entry.filename, entry.CRC, entry.file_size):
            continue
        try:
            yield entry.filename, _read(stream, entry)
        except _Unreadable as exc:
            yield entry.filename, Problem(ProblemCode.INPUT_UNREADABLE, f"{where}: {entry.filename}", str(exc), loss=True)


def _directory(stream: IO[bytes], where: str) -> list[zipfile.ZipInfo]:
    try:
        with zipfile.ZipFile(stream) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error) as exc:
        raise FeedError(f"{where}: the archive is broken: {exc}; fetch it again") from exc
    if len(entries) > MEMBERS_LIMIT:
        raise FeedError(f"{where}: {len(entries)} members; the limit is {MEMBERS_LIMIT}")
    total = sum(entry.file_size for entry in entries)
    if total > ARCHIVE_LIMIT_BYTES:
        raise FeedError(f"{where}: {total} bytes unpacked; the limit is {ARCHIVE_LIMIT_BYTES}")
    names = [entry.filename for entry in entries]
    if len(set(names)) != len(names):
        raise FeedError(f"{where}: two members of one name: nobody can say which counts")
    return sorted(entries, key=lambda entry: entry.filename)


def _read(stream: IO[bytes], entry: zipfile.ZipInfo) -> bytes:
    """Raises _Unreadable."""
    if entry.file_size > FILE_LIMIT_BYTES:
        raise _Unreadable(f"{entry.file_size} bytes unpacked; the limit is {FILE_LIMIT_BYTES}")
    if entry.file_size > max(RATIO_FREE_BYTES, RATIO_LIMIT * entry.compress_size):
        raise _Unreadable(f"unpacks to {entry.file_size // max(entry.compress_size, 1)} times its size; the limit is {RATIO_LIMIT}")
    if entry.flag_bits & ENCRYPTED:
        raise _Unreadable("it is encrypted")
    stream.seek(max(entry.header_offset, 0))  # a lying directory makes it negative
    header = stream.read(LOCAL_HEADER.size)
    if len(header) < LOCAL_HEADER.size or not header.startswith(LOCAL_SIGNATURE):
        raise _Unreadable("no local header where the directory says")
    _signature, name_length, extra_length = LOCAL_HEADER.unpack(header)
    stream.seek(name_length + extra_length, 1)
    return _inflate(stream.read(entry.compress_size), entry)


def _inflate(packed: bytes, entry: zipfile.ZipInfo) -> bytes:
    from isal import isal_zlib

    damaged = cast("type[Exception]", isal_zlib.IsalError)  # its stub declares an instance
    try:
        if entry.compress_type == zipfile.ZIP_STORED:
            content = packed
        elif entry.compress_type != zipfile.ZIP_DEFLATED:
            raise _Unreadable(f"compression method {entry.compress_type} is not known here")
        elif len(packed) <= SMALL_BYTES:
            content = isal_zlib.decompress(packed, -15)
        else:
            content = isal_zlib.decompressobj(-15).decompress(packed, entry.file_size + 1)
    except damaged as exc:
        raise _Unreadable(f"damaged: {exc}") from exc
    if len(content) != entry.file_size or isal_zlib.crc32(content) != entry.CRC:
        raise _Unreadable("damaged: its size or checksum is not the one stated")
    return bytes(content)


def tar_members(stream: IO[bytes], where: str, suffixes: tuple[str, ...]) -> Iterator[tuple[str, bytes | Problem]]:
    """Name and content of each regular file of a tar with one of the suffixes, in the tar's order; a problem where it is too large.

    The stream is read once, from front to back. Raises FeedError where the tar is broken or over a limit.
    """
    total = 0
    try:
        with tarfile.open(fileobj=stream, mode="r|") as archive:
            for number, entry in enumerate(archive, 1):
                total += entry.size
                if number > MEMBERS_LIMIT or total > ARCHIVE_LIMIT_BYTES:
                    raise FeedError(f"{where}: over {MEMBERS_LIMIT} members or {ARCHIVE_LIMIT_BYTES} bytes unpacked")
                cast(Any, archive).members = []  # or it would keep them all
                name = entry.name.removeprefix("./")
                if not entry.isreg() or not name.endswith(suffixes):
                    continue
                body = archive.extractfile(entry)
                if entry.size > FILE_LIMIT_BYTES or body is None:
                    message = f"{entry.size} bytes; the limit is {FILE_LIMIT_BYTES}"
                    yield name, Problem(ProblemCode.LIMIT_REACHED, f"{where}: {name}", message, loss=True)
                else:
                    yield name, body.read()
    except (tarfile.TarError, UnpackError, OSError, EOFError, ValueError) as exc:
        raise FeedError(f"{where}: the archive is broken: {exc}; fetch it again") from exc
