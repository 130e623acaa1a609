"""Executables by their headers: ELF (32 and 64 bits, both byte orders), PE and Mach-O, of several architectures too.

Only as much of a body is read as it takes to find a section by its name or an address in the file, however large it is. Sources: the ELF
specification (gABI 4), Microsoft's "PE Format", Apple's mach-o/loader.h and mach-o/fat.h. What breaks their rules, or goes beyond the
limits here, is no executable: it is passed over, as a loader would refuse it.
"""

import struct
from collections.abc import Callable, Iterator
from typing import BinaryIO
from weakref import WeakKeyDictionary

from msgspec import Struct

from sbomgen.evidence import EvidenceFile
from sbomgen.model import DeliveredFile

GO_BUILD_INFO = ".go.buildinfo"
CARGO_AUDITABLE = ".dep-v0"
PACKAGE_NOTE = ".note.package"

ELF_MAGIC = b"\x7fELF"
PE_MAGIC = b"MZ"
MACHO_MAGIC = (b"\xfe\xed\xfa\xce", b"\xce\xfa\xed\xfe", b"\xfe\xed\xfa\xcf", b"\xcf\xfa\xed\xfe")
FAT_MAGIC = (b"\xca\xfe\xba\xbe", b"\xca\xfe\xba\xbf")
EXECUTABLE_MAGIC = (ELF_MAGIC, PE_MAGIC, *MACHO_MAGIC, *FAT_MAGIC)

EXECUTABLE_LIMIT_BYTES = 4 << 30
"""The largest known are CUDA's libraries, of some 2 GiB; nothing but headers is read of them."""

SECTIONS_LIMIT = 4096
"""Sections, segments or load commands of one executable; linked ones have some 30, with debug information 100."""

HEADERS_LIMIT_BYTES = 1 << 20
"""Of the section names, or of all load commands together; some KiB in real ones."""

FAT_LIMIT = 30
"""Architectures in one file, some 5 in real ones. Java's class files have the same magic, and then a version, which is 45 at least."""

_NAMES = {name.encode(): name for name in (GO_BUILD_INFO, CARGO_AUDITABLE, PACKAGE_NOTE)} | {b"__go_buildinfo": GO_BUILD_INFO}
"""The sections that somebody asks for: the others are not kept. Mach-O's name for the first is another."""

_ELF_LOADED = {2, 3}
"""ET_EXEC and ET_DYN: what is loaded. Object files and kernel modules (ET_REL) are parts of something else."""
_ELF_NO_BITS, _ELF_LOAD, _ELF_EXECUTE, _ELF_WRITE = 8, 1, 1, 2
_PE_DATA, _PE_ALIGNMENT = 0xC0000040, 0xF00000
"""Initialised data that is read and written; the bits that say its alignment."""
_MACHO_SEGMENT, _MACHO_SEGMENT_64, _MACHO_DATA = 0x01, 0x19, 3
_PACKED_HEAD_BYTES = 1024
"""UPX writes its mark right behind the program headers."""


class Region(Struct, frozen=True):
    """A part of the file, and the address at which it is loaded."""

    address: int
    offset: int
    """In the file; it may lie outside a damaged one."""
    size_bytes: int
    """In the file."""


class Executable(Struct, frozen=True):
    """What the headers say."""

    sections: dict[str, Region] = {}
    """The named sections that are there: `GO_BUILD_INFO`, `CARGO_AUDITABLE`, `PACKAGE_NOTE`."""
    segments: tuple[Region, ...] = ()
    """What is loaded: only read where something is to be looked for in it."""
    data: Region | None = None
    """The first initialised data that is written to."""
    big_endian: bool = False
    packed: bool = False
    """By UPX: nothing of what it holds can be seen."""

    def located(self, address: int) -> Region | None:
        """What is loaded from an address on, to the end of its segment."""
        for segment in self.segments:
            skipped = address - segment.address
            if 0 <= skipped < segment.size_bytes:
                return Region(address, segment.offset + skipped, segment.size_bytes - skipped)
        return None


class Bytes:
    """A body, or a part of it, that is read by offset."""

    def __init__(self, stream: BinaryIO, size_bytes: int, start: int = 0) -> None:
        self.size_bytes = size_bytes
        self._stream = stream
        self._start = start

    def at(self, offset: int, size_bytes: int) -> bytes:
        """As many bytes from an offset on, fewer at the end; none outside."""
        if not 0 <= offset < self.size_bytes or size_bytes <= 0:
            return b""
        self._stream.seek(self._start + offset)
        return self._stream.read(min(size_bytes, self.size_bytes - offset))


_Read = Callable[[Bytes, bytes], Executable | None]

_KNOWN: WeakKeyDictionary[EvidenceFile, Executable | None] = WeakKeyDictionary()
"""What was read, for as long as the file is at hand: several catalogers ask for the same one."""


def executable_of(file: EvidenceFile) -> Executable | None:
    """The headers of a file; None where it is none. Raises `EvidenceTooLargeError`."""
    try:
        return _KNOWN[file]
    except KeyError:
        known = _KNOWN[file] = _executable(file)
        return known


def delivered_executable(path: str) -> DeliveredFile:
    """What is said of an executable that states what it was made of."""
    return DeliveredFile(path.rpartition("/")[2], executable=True, archive=False)


def bytes_of(file: EvidenceFile, stream: BinaryIO) -> Bytes:
    """What the offsets of the regions count in: the opened body, or its first architecture."""
    start, size_bytes = _slice(file.head) if file.head.startswith(FAT_MAGIC) else (0, file.size_bytes)
    return Bytes(stream, max(0, min(size_bytes, file.size_bytes - start)), start)


def _executable(file: EvidenceFile) -> Executable | None:
    read = _reader(file.head)
    if read is None:
        return None
    try:
        with file.open(EXECUTABLE_LIMIT_BYTES) as stream:
            body = bytes_of(file, stream)
            return read(body, file.head)
    except struct.error:  # a header that the end of the file cuts off
        return None


def _reader(head: bytes) -> _Read | None:
    """Who reads such a body; None where the head shows that there is nothing to find: it need not be opened then."""
    if head.startswith(ELF_MAGIC):
        order = _elf_order(head)
        return _elf if order and struct.unpack_from(f"{order}H", head, 16)[0] in _ELF_LOADED else None
    if head.startswith(FAT_MAGIC):
        return _fat if _slice(head)[1] else None
    return _pe if head.startswith(PE_MAGIC) else _macho


def _elf_order(head: bytes) -> str:
    """The byte order, for `struct`; empty where the head is no ELF header of a known class and order."""
    whole = len(head) >= (64 if head[4:5] == b"\2" else 52) and head[4:5] in {b"\1", b"\2"}
    return {b"\1": "<", b"\2": ">"}.get(head[5:6], "") if whole else ""


def _elf(body: Bytes, head: bytes) -> Executable | None:
    order, wide = _elf_order(head), head[4] == 2
    segments_at, sections_at = struct.unpack_from(f"{order}{'32xQQ' if wide else '28xII'}", head)
    segment_size, segment_count, section_size, section_count, names_index = struct.unpack_from(f"{order}5H", head, 54 if wide else 42)
    section = struct.Struct(f"{order}{'IIQQQQIIQQ' if wide else '10I'}")
    if section_count and (section_size != section.size or section_count > SECTIONS_LIMIT):
        return None
    headers = _whole(body, sections_at, section.size * section_count)
    sections = _elf_sections(body, section, headers, names_index)
    if headers and GO_BUILD_INFO not in sections:
        return Executable(sections, big_endian=order == ">")
    segment = struct.Struct(f"{order}{'IIQQQQQQ' if wide else '8I'}")
    if segment_count and (segment_size != segment.size or segment_count > SECTIONS_LIMIT):
        return None
    loaded = list(_elf_segments(segment.iter_unpack(_whole(body, segments_at, segment.size * segment_count)), wide))
    data = next((region for region, writable in loaded if writable), None)
    packed = not headers and b"UPX!" in body.at(0, _PACKED_HEAD_BYTES)
    return Executable(sections, tuple(region for region, _ in loaded), data, order == ">", packed)


def _elf_sections(body: Bytes, section: struct.Struct, headers: bytes, names_index: int) -> dict[str, Region]:
    if (names_index + 1) * section.size > len(headers):
        return {}
    offset, size_bytes = section.unpack_from(headers, names_index * section.size)[4:6]
    names = body.at(offset, min(size_bytes, HEADERS_LIMIT_BYTES))
    wanted = [name for name in _NAMES if name + b"\0" in names]
    sections: dict[str, Region] = {}
    for start, kind, _, address, offset, size_bytes, *_ in section.iter_unpack(headers) if wanted else ():
        for name in wanted:
            if names.startswith(name + b"\0", start) and kind != _ELF_NO_BITS:
                sections.setdefault(_NAMES[name], Region(address, offset, size_bytes))
    return sections


def _elf_segments(headers: Iterator[tuple[int, ...]], wide: bool) -> Iterator[tuple[Region, bool]]:
    """Each loaded segment, and whether it is written to and not executed."""
    for header in headers:
        if wide:
            kind, flags, offset, address, _, size_bytes, *_ = header
        else:
            kind, offset, address, _, size_bytes, _, flags, _ = header
        if kind == _ELF_LOAD:
            yield Region(address, offset, size_bytes), flags & (_ELF_WRITE | _ELF_EXECUTE) == _ELF_WRITE


def _pe(body: Bytes, head: bytes) -> Executable | None:
    (start,) = struct.unpack_from("<60xI", head)
    signature, count, optional_size = struct.unpack("<4s2xH12xH2x", body.at(start, 24))
    if signature != b"PE\0\0" or count > SECTIONS_LIMIT:
        return None
    optional = body.at(start + 24, min(optional_size, 32))
    wide = optional[:2] == b"\x0b\x02"
    (base,) = struct.unpack_from("<24xQ" if wide else "<28xI", optional) if optional else (0,)
    sections: dict[str, Region] = {}
    loaded: list[Region] = []
    data, packed = None, False
    for name, loaded_size, address, stored_size, offset, flags in struct.iter_unpack(
        "<8sIIII12xI", _whole(body, start + 24 + optional_size, 40 * count)
    ):
        region = Region(base + address, offset, min(loaded_size or stored_size, stored_size))
        loaded.append(region)
        packed |= name.startswith(b"UPX")
        if name.rstrip(b"\0") in _NAMES:
            sections.setdefault(_NAMES[name.rstrip(b"\0")], region)
        if data is None and address and stored_size and flags & ~_PE_ALIGNMENT == _PE_DATA:
            data = region
    return Executable(sections, tuple(loaded), data, packed=packed)


def _slice(head: bytes) -> tuple[int, int]:
    """Offset and size of the first architecture; nothing where there is none, or it is no such file at all."""
    wide = head.startswith(FAT_MAGIC[1])
    header = struct.Struct(">4xI8xQQ" if wide else ">4xI8xII")
    count, offset, size_bytes = header.unpack_from(head) if len(head) >= header.size else (0, 0, 0)
    return (offset, size_bytes) if count <= FAT_LIMIT else (0, 0)


def _fat(body: Bytes, _: bytes) -> Executable | None:
    head = body.at(0, 32)
    return _macho(body, head) if head.startswith(MACHO_MAGIC) else None


def _macho(body: Bytes, head: bytes) -> Executable | None:
    order = "<" if head[3] == MACHO_MAGIC[0][0] else ">"
    wide = MACHO_MAGIC.index(head[:4]) > 1
    count, size_bytes = struct.unpack_from(f"{order}16xII", head)
    if count > SECTIONS_LIMIT or size_bytes > HEADERS_LIMIT_BYTES:
        return None
    sections: dict[str, Region] = {}
    segments: list[Region] = []
    data = None
    for command in _macho_segments(_whole(body, 32 if wide else 28, size_bytes), count, (order, wide)):
        name, address, offset, stored_size, most, first = struct.unpack_from(
            f"{order}{'8x16sQ8xQQII' if wide else '8x16sI4xIIII'}", command
        )
        if name.rstrip(b"\0") == b"__PAGEZERO":
            continue
        segment = Region(address, offset, stored_size)
        segments.append(segment)
        if data is None and address and stored_size and most == first == _MACHO_DATA:
            data = segment
        for found, region in _macho_sections(command, order, wide):
            sections.setdefault(found, region)
    return Executable(sections, tuple(segments), data, order == ">")


def _macho_segments(commands: bytes, count: int, form: tuple[str, bool]) -> Iterator[bytes]:
    """The load commands that are segments, each with the sections behind it."""
    order, wide = form
    header, start = struct.Struct(f"{order}II"), 0
    for _ in range(count):
        kind, size_bytes = header.unpack_from(commands, start)
        if size_bytes < header.size:
            return
        if kind == (_MACHO_SEGMENT_64 if wide else _MACHO_SEGMENT):
            yield commands[start : start + size_bytes]
        start += size_bytes


def _macho_sections(command: bytes, order: str, wide: bool) -> Iterator[tuple[str, Region]]:
    section = struct.Struct(f"{order}{'16s16xQQI28x' if wide else '16s16xIII24x'}")
    sections = command[72 if wide else 56 :]
    for name, address, size_bytes, offset in section.iter_unpack(sections[: len(sections) // section.size * section.size]):
        if name.rstrip(b"\0") in _NAMES:
            yield _NAMES[name.rstrip(b"\0")], Region(address, offset, size_bytes)


def _whole(body: Bytes, offset: int, size_bytes: int) -> bytes:
    """The bytes of a table; raises `struct.error` where the end of the file cuts it off."""
    table = body.at(offset, size_bytes)
    if len(table) < size_bytes:
        raise struct.error
    return table
