"""Small executables made by code: ELF, PE and Mach-O with named sections, and what linkers put into those."""

import json
import struct
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

BASE = 0x400000
"""The address at which a file's first byte is loaded."""

FIRST_SECTION = 0x400
"""The offset of the first section's body; the others follow at multiples of 16."""

DATA_FLAGS = 0xC0000040


def elf(sections: Mapping[str, bytes], order: str = "<", wide: bool = True, kind: int = 2, headers: bool = True) -> bytes:
    """All in one writable segment; without `headers` as if sstrip had been over it."""
    names = b"\0" + b"".join(name.encode() + b"\0" for name in (*sections, ".shstrtab"))
    bodies, places = _laid_out([*sections.values(), names])
    section = struct.Struct(f"{order}{'IIQQQQIIQQ' if wide else '10I'}")
    table = [section.pack(*[0] * 10)]
    for name, body, place in zip((*sections, ".shstrtab"), (*sections.values(), names), places, strict=True):
        table.append(section.pack(names.index(name.encode() + b"\0"), 1, 0, BASE + place, place, len(body), 0, 0, 1, 0))
    count, sections_at = (len(table), FIRST_SECTION + len(bodies)) if headers else (0, 0)
    whole = FIRST_SECTION + len(bodies)
    if wide:
        segment = struct.pack(f"{order}IIQQQQQQ", 1, 6, 0, BASE, BASE, whole, whole, 0x1000)
    else:
        segment = struct.pack(f"{order}8I", 1, 0, BASE, BASE, whole, whole, 6, 0x1000)
    header = b"\x7fELF" + bytes([2 if wide else 1, 1 if order == "<" else 2, 1]) + bytes(9)
    header += struct.pack(f"{order}HHI", kind, 62, 1)
    size = 64 if wide else 52
    header += struct.pack(f"{order}{'QQQ' if wide else 'III'}I", BASE, size, sections_at, 0)
    header += struct.pack(f"{order}6H", size, len(segment), 1, section.size, count, max(0, count - 1))
    return (header + segment).ljust(FIRST_SECTION, b"\0") + bodies + (b"".join(table) if headers else b"")


def pe(sections: Mapping[str, bytes], wide: bool = True) -> bytes:
    """Every section is initialised data that is written to."""
    bodies, places = _laid_out(list(sections.values()))
    optional = struct.pack("<H22xQ80x", 0x20B, BASE) if wide else struct.pack("<H26xI64x", 0x10B, BASE)
    header = b"MZ".ljust(60, b"\0") + struct.pack("<I", 64)
    header += struct.pack("<4sHHIIIHH", b"PE\0\0", 0x8664, len(sections), 0, 0, 0, len(optional), 0) + optional
    for name, body, place in zip(sections, sections.values(), places, strict=True):
        header += struct.pack("<8sIIIIIIHHI", name.encode(), len(body), place, len(body), place, 0, 0, 0, 0, DATA_FLAGS)
    return header.ljust(FIRST_SECTION, b"\0") + bodies


def macho(sections: Mapping[str, bytes], order: str = "<", wide: bool = True) -> bytes:
    """A `__PAGEZERO` that covers the addresses of all else, then one writable segment."""
    bodies, places = _laid_out(list(sections.values()))
    address = "Q" if wide else "I"
    section = b"".join(
        struct.pack(f"{order}16s16s{address}{address}7I", name.encode(), b"__DATA", BASE + place, len(body), place, 0, 0, 0, 0, 0, 0)
        + (bytes(4) if wide else b"")
        for name, body, place in zip(sections, sections.values(), places, strict=True)
    )
    whole = FIRST_SECTION + len(bodies)
    kind = 0x19 if wide else 0x01

    def segment(name: bytes, start: int, size: int, protection: int, behind: bytes, count: int) -> bytes:
        fields = struct.pack(f"{order}16s4{address}4I", name, start, size, 0, size, protection, protection, count, 0)
        return struct.pack(f"{order}II", kind, 8 + len(fields) + len(behind)) + fields + behind

    commands = struct.pack(f"{order}II8x", 0x1B, 16) + segment(b"__PAGEZERO", 0, 1 << 31, 0, b"", 0)
    commands += segment(b"__DATA", BASE, whole, 3, section, len(sections))
    magic = struct.pack(f"{order}I", 0xFEEDFACF if wide else 0xFEEDFACE)
    header = magic + struct.pack(f"{order}6I", 7, 3, 2, 3, len(commands), 0) + (bytes(4) if wide else b"")
    return (header + commands).ljust(FIRST_SECTION, b"\0") + bodies


def fat(*architectures: bytes, wide: bool = False) -> bytes:
    """Mach-O files of several architectures in one."""
    start = 0x100
    table, bodies = b"", b""
    for body in architectures:
        place = struct.pack(">QQ4x4x" if wide else ">III", *(start + len(bodies), len(body), 0)[: 2 if wide else 3])
        table += struct.pack(">II", 7, 3) + place
        bodies += body
    return (struct.pack(">II", 0xCAFEBABF if wide else 0xCAFEBABE, len(architectures)) + table).ljust(start, b"\0") + bodies


def go_inline(version: str, modules: str = "") -> bytes:
    """Go's build information since 1.18."""
    return b"\xff Go buildinf:\x08\x02".ljust(32, b"\0") + _counted(version.encode()) + _counted(framed(modules))


def go_pointers(version: str, modules: str = "", order: str = "<", size: int = 8, address: int = BASE + FIRST_SECTION) -> bytes:
    """Go's build information before 1.18, as it is at an address."""
    word = f"{order}2{'Q' if size == 8 else 'I'}"
    strings = [version.encode(), framed(modules)]
    at = address + 32 + 4 * size
    table = struct.pack(word, at, len(strings[0])) + struct.pack(word, at + len(strings[0]), len(strings[1]))
    header = b"\xff Go buildinf:" + bytes([size, int(order == ">")]) + struct.pack(word, address + 32, address + 32 + 2 * size)
    return header.ljust(32, b"\0") + table + b"".join(strings)


def framed(modules: str) -> bytes:
    """Lines between the marks that cmd/go puts around them; nothing where there are none."""
    return (
        b"0w\xaf\x0c\x92t\x08\x02A\xe1\xc1\x07\xe6\xd6\x18\xe6" + modules.encode() + b"\xf92C1\x86\x18 r\x00\x82B\x10A\x16\xd8\xf2"
        if modules
        else b""
    )


def audit_list(packages: Sequence[Mapping[str, Any]]) -> bytes:
    """What cargo-auditable writes."""
    return zlib.compress(json.dumps({"packages": packages, "format": 1}).encode())


def package_note(text: str, order: str = "<", owner: bytes = b"FDO\0", kind: int = 0xCAFE1A7E) -> bytes:
    """A note behind another one, as linkers lay them out."""
    return _note(b"GNU\0", b"12345", 3, order) + _note(owner, text.encode() + b"\0", kind, order)


def _note(owner: bytes, text: bytes, kind: int, order: str) -> bytes:
    return struct.pack(f"{order}III", len(owner), len(text), kind) + owner + text + bytes(-len(text) % 4)


def _counted(text: bytes) -> bytes:
    count, length = b"", len(text)
    while length > 0x7F:
        count, length = count + bytes([length & 0x7F | 0x80]), length >> 7
    return count + bytes([length]) + text


def _laid_out(bodies: Sequence[bytes]) -> tuple[bytes, list[int]]:
    """The bodies one after the other, and where each begins in the file."""
    whole, places = b"", []
    for body in bodies:
        places.append(FIRST_SECTION + len(whole))
        whole += body + bytes(-len(body) % 16)
    return whole, places
