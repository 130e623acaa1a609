"""The build information that Go's linker leaves in every executable since 1.13 (debug/buildinfo of Go's standard library).

A header of 32 bytes at an address that 16 divides: the magic, the size of a pointer, flags; then, since Go 1.18, two strings, each behind
its length as a varint; before that, two pointers to Go strings (a pointer and a length). The first is Go's version, the second the
modules.
"""

from collections.abc import Iterator

from msgspec import Struct

from sbomgen.catalogers._executables import GO_BUILD_INFO, Bytes, Executable, Region

MAGIC = b"\xff Go buildinf:"

VERSION_LIMIT_BYTES = 1 << 10
"""Go's version with the experiments that are on."""

MODULES_LIMIT_BYTES = 2 << 20
"""The longest seen, of 2,000 modules, has 250 KiB."""

SEARCH_LIMIT_BYTES = 64 << 20
"""Of data that is searched for the magic; the linker puts it near the beginning."""

_CHUNK_BYTES = 1 << 20
_ALIGNMENT = 16
_HEADER_BYTES = 32
_VARINT_BYTES = 10
_INLINE, _BIG_ENDIAN = 2, 1
_FRAME_BYTES = 16
"""Before and after the modules: marks that cmd/go finds them by."""


class BuildInfoError(Exception):
    """Build information that is there, and cannot be read; the message says why."""


class BuildInfo(Struct, frozen=True):
    """The two strings."""

    go_version: bytes
    """`go1.21.3`, and what a distributor or an experiment adds."""
    modules: bytes
    """Lines: `path`, `mod`, `dep`, `=>` and `build`; empty where Go was told to build without modules."""


def build_info(executable: Executable, body: Bytes) -> BuildInfo | None:
    """What Go's linker wrote; None where it wrote nothing. Raises `BuildInfoError` where that is damaged or beyond the limits."""
    section = executable.sections.get(GO_BUILD_INFO)
    where = section or executable.data
    header = _find(where, body) if where else None
    if header is None:
        if section:
            msg = "the section has no build information"
            raise BuildInfoError(msg)
        return None
    fields = body.at(header, _HEADER_BYTES)
    if len(fields) < _HEADER_BYTES:
        msg = "the file ends in its header"
        raise BuildInfoError(msg)
    version, modules = _inline(body, header) if fields[15] & _INLINE else _pointed_to(executable, body, fields)
    if not version:
        msg = "it has no Go version"
        raise BuildInfoError(msg)
    framed = len(modules) > 2 * _FRAME_BYTES and modules[-_FRAME_BYTES - 1 : -_FRAME_BYTES] == b"\n"
    return BuildInfo(version, modules[_FRAME_BYTES:-_FRAME_BYTES] if framed else b"")


def _find(where: Region, body: Bytes) -> int | None:
    """The offset of the magic in a part of the file."""
    skipped = -where.address % _ALIGNMENT
    end = min(where.size_bytes, SEARCH_LIMIT_BYTES)
    for start in range(skipped, end, _CHUNK_BYTES):
        chunk = body.at(where.offset + start, min(_CHUNK_BYTES, end - start))
        for found in _occurrences(chunk):
            if found % _ALIGNMENT == 0:
                return where.offset + start + found
    return None


def _occurrences(chunk: bytes) -> Iterator[int]:
    found = chunk.find(MAGIC)
    while found >= 0:
        yield found
        found = chunk.find(MAGIC, found + 1)


def _inline(body: Bytes, header: int) -> tuple[bytes, bytes]:
    """Both strings of the form since Go 1.18."""
    version, end = _string(body, header + _HEADER_BYTES, VERSION_LIMIT_BYTES)
    modules, _ = _string(body, end, MODULES_LIMIT_BYTES)
    return version, modules


def _string(body: Bytes, offset: int, limit_bytes: int) -> tuple[bytes, int]:
    """A string behind its length, and where it ends."""
    length, shift = 0, 0
    for byte in body.at(offset, _VARINT_BYTES):
        offset += 1
        length |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return _bounded(body, offset, length, limit_bytes), offset + length
    msg = "the length of a string does not end"
    raise BuildInfoError(msg)


def _pointed_to(executable: Executable, body: Bytes, fields: bytes) -> tuple[bytes, bytes]:
    """Both strings of the form before Go 1.18."""
    size, order = fields[14], "big" if fields[15] & _BIG_ENDIAN else "little"
    if size not in {4, 8}:
        msg = f"pointers of {size} bytes"
        raise BuildInfoError(msg)

    def pointer(raw: bytes, index: int) -> int:
        return int.from_bytes(raw[index * size : (index + 1) * size], "big" if order == "big" else "little")

    def string(index: int, limit_bytes: int) -> bytes:
        place = executable.located(pointer(fields[_FRAME_BYTES:], index))
        raw = body.at(place.offset, min(2 * size, place.size_bytes)) if place else b""
        text = executable.located(pointer(raw, 0)) if len(raw) == 2 * size else None
        return _bounded(body, text.offset, pointer(raw, 1), limit_bytes) if text else b""

    return string(0, VERSION_LIMIT_BYTES), string(1, MODULES_LIMIT_BYTES)


def _bounded(body: Bytes, offset: int, length: int, limit_bytes: int) -> bytes:
    if length > limit_bytes:
        msg = f"a string of {length:,} bytes, more than the {limit_bytes:,} that are read"
        raise BuildInfoError(msg)
    text = body.at(offset, length)
    if len(text) < length:
        msg = "the file ends in it"
        raise BuildInfoError(msg)
    return text
