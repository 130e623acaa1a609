import io
import struct
from typing import BinaryIO, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbomgen.catalogers import _executables
from sbomgen.catalogers._executables import (
    CARGO_AUDITABLE,
    EXECUTABLE_LIMIT_BYTES,
    FAT_LIMIT,
    GO_BUILD_INFO,
    HEADERS_LIMIT_BYTES,
    PACKAGE_NOTE,
    SECTIONS_LIMIT,
    Bytes,
    Executable,
    bytes_of,
    executable_of,
)
from sbomgen.catalogers.elf_note import ElfNoteCataloger
from sbomgen.catalogers.golang import GolangCataloger
from sbomgen.catalogers.rust import RustCataloger
from sbomgen.evidence import EvidenceTooLargeError
from tests.support.evidence import MemoryFile, read_all
from tests.support.executables import BASE, FIRST_SECTION, audit_list, elf, fat, go_inline, go_pointers, macho, package_note, pe

SECTIONS = {GO_BUILD_INFO: b"go", CARGO_AUDITABLE: b"crates", PACKAGE_NOTE: b"note", ".text": b"code"}
MACHO_SECTIONS = {"__text": b"code", "__go_buildinfo": b"go", CARGO_AUDITABLE: b"crates"}
FORMS = {
    "elf64": elf(SECTIONS),
    "elf32": elf(SECTIONS, wide=False),
    "elf64 big-endian": elf(SECTIONS, ">"),
    "elf32 big-endian": elf(SECTIONS, ">", wide=False),
    "shared object": elf(SECTIONS, kind=3),
    "pe32+": pe({".data": b"go", CARGO_AUDITABLE: b"crates"}),
    "pe32": pe({".data": b"go", CARGO_AUDITABLE: b"crates"}, wide=False),
    "mach-o 64": macho(MACHO_SECTIONS),
    "mach-o 32": macho(MACHO_SECTIONS, wide=False),
    "mach-o 64 big-endian": macho(MACHO_SECTIONS, ">"),
    "mach-o 32 big-endian": macho(MACHO_SECTIONS, ">", wide=False),
    "fat": fat(macho(MACHO_SECTIONS), b"another"),
    "fat 64": fat(macho(MACHO_SECTIONS), b"another", wide=True),
}
NO_EXECUTABLES = {
    "empty": b"\x7fELF",
    "text": b"MZ is how this text begins, and it goes on for more than the sixty-four bytes of a header: no executable",
    "object file": elf(SECTIONS, kind=1),
    "core dump": elf(SECTIONS, kind=4),
    "unknown class": elf(SECTIONS)[:4] + b"\7" + elf(SECTIONS)[5:],
    "unknown order": elf(SECTIONS)[:5] + b"\7" + elf(SECTIONS)[6:],
    "end before the sections": elf(SECTIONS)[:-1],
    "size of a section header": elf(SECTIONS)[:58] + b"\1\0" + elf(SECTIONS)[60:],
    "size of a segment header": elf(SECTIONS)[:54] + b"\1\0" + elf(SECTIONS)[56:],
    "class file": b"\xca\xfe\xba\xbe\0\0\0\x34" + bytes(200),
    "fat, but of something else": fat(b"x" * 100),
    "fat without architectures": fat(),
    "cut off mach-o": macho(MACHO_SECTIONS)[:100],
    "pe with a wrong signature": pe(SECTIONS)[:64] + b"NE" + pe(SECTIONS)[66:],
    "cut off pe": pe(SECTIONS)[:200],
}


def headers_of(body: bytes) -> Executable | None:
    return executable_of(MemoryFile("a", body))


def section_of(body: bytes, name: str) -> bytes:
    file = MemoryFile("a", body)
    executable = executable_of(file)
    assert executable
    region = executable.sections[name]
    with file.open(EXECUTABLE_LIMIT_BYTES) as stream:
        return bytes_of(file, stream).at(region.offset, region.size_bytes)


@pytest.mark.parametrize("form", FORMS)
def test_a_section_is_found_by_its_name_in_every_form(form: str) -> None:
    assert section_of(FORMS[form], CARGO_AUDITABLE) == b"crates"
    if "pe" not in form:
        assert section_of(FORMS[form], GO_BUILD_INFO) == b"go"


@pytest.mark.parametrize("form", FORMS)
def test_an_address_is_found_in_every_form(form: str) -> None:
    file = MemoryFile("a", FORMS[form])
    executable = executable_of(file)
    assert executable
    assert executable.data
    assert executable.located(0) is None
    first = executable.located(BASE + FIRST_SECTION)
    assert first
    with file.open(EXECUTABLE_LIMIT_BYTES) as stream:
        assert bytes_of(file, stream).at(first.offset, 2) == b"co" if "mach" in form or "fat" in form else b"go"


@pytest.mark.parametrize("what", NO_EXECUTABLES)
def test_what_is_no_executable_is_passed_over(what: str) -> None:
    assert headers_of(NO_EXECUTABLES[what]) is None


def test_of_sections_without_a_wanted_one_the_segments_are_not_read() -> None:
    assert headers_of(elf({".text": b"code"})) == Executable()


def test_a_section_name_may_be_the_end_of_another() -> None:
    assert section_of(elf({".x.dep-v0": b"another", CARGO_AUDITABLE: b"crates"}), CARGO_AUDITABLE) == b"crates"


def test_a_section_that_is_not_in_the_file_is_none() -> None:
    """`objcopy --only-keep-debug` leaves the names of all sections, and the bodies of a few."""
    body = elf({CARGO_AUDITABLE: b"crates"})
    table = body.rindex(struct.pack("<II", 1, 1))
    assert headers_of(body[: table + 4] + struct.pack("<I", 8) + body[table + 8 :]) == Executable()


def test_an_executable_without_sections_still_has_its_data() -> None:
    executable = headers_of(elf({GO_BUILD_INFO: b"go"}, headers=False))
    assert executable
    assert executable.sections == {}
    assert executable.data
    assert not executable.packed


SSTRIPPED = elf({GO_BUILD_INFO: b"go"}, headers=False)


@pytest.mark.parametrize(
    ("body", "packed"),
    [
        (SSTRIPPED[:236] + b"UPX!" + SSTRIPPED[240:], True),
        (SSTRIPPED, False),
        (elf({GO_BUILD_INFO: b"UPX!"}), False),
        (pe({"UPX0": b"", "UPX1": b"x"}), True),
    ],
)
def test_an_executable_packed_by_upx_is_known_by_its_mark(body: bytes, packed: bool) -> None:
    executable = headers_of(body)
    assert executable
    assert executable.packed is packed


def test_the_same_file_is_read_once() -> None:
    class Counting(MemoryFile):
        opened = 0

        def open(self, limit_bytes: int) -> BinaryIO:
            self.opened += 1
            return super().open(limit_bytes)

    file = Counting("a", FORMS["elf64"])
    assert executable_of(file) is executable_of(file)
    assert file.opened == 1
    unopened = Counting("a", NO_EXECUTABLES["object file"])
    assert executable_of(unopened) is None
    assert unopened.opened == 0


class _Sparse(io.RawIOBase):
    """Zeros, but for a beginning and an end; counts what is read of it."""

    def __init__(self, size_bytes: int, begin: bytes, end: bytes) -> None:
        super().__init__()
        self.read_bytes = 0
        self._size, self._begin, self._end, self._position = size_bytes, begin, end, 0

    def seek(self, offset: int, whence: int = 0) -> int:
        assert whence == 0
        self._position = offset
        return offset

    def read(self, size: int | None = -1) -> bytes:
        assert size is not None
        assert 0 <= size <= HEADERS_LIMIT_BYTES
        start, self._position = self._position, self._position + size
        self.read_bytes += size
        end_at = self._size - len(self._end)
        if start >= end_at:
            return self._end[start - end_at :][:size]
        return self._begin[start : start + size].ljust(size, b"\0")


class _LargeFile(MemoryFile):
    def __init__(self, size_bytes: int, begin: bytes, end: bytes = b"") -> None:
        super().__init__("large", begin)
        self.size_bytes = size_bytes
        self.stream = _Sparse(size_bytes, begin, end)

    def open(self, limit_bytes: int) -> BinaryIO:
        if self.size_bytes > limit_bytes:
            raise EvidenceTooLargeError("large")
        return cast("BinaryIO", self.stream)


def test_of_a_large_body_only_the_headers_are_read() -> None:
    small, size_bytes = elf({".text": b"code"}), 150 << 20
    (table,) = struct.unpack_from("<Q", small, 40)
    end = small[FIRST_SECTION:]
    moved = bytearray(small[:FIRST_SECTION])
    struct.pack_into("<Q", moved, 40, size_bytes - (len(small) - table))
    file = _LargeFile(size_bytes, bytes(moved), end)
    assert executable_of(file) == Executable()
    assert file.stream.read_bytes < 1024


def test_a_body_over_the_limit_is_refused() -> None:
    with pytest.raises(EvidenceTooLargeError):
        executable_of(_LargeFile(EXECUTABLE_LIMIT_BYTES + 1, elf({})))


def test_more_sections_than_the_limit_make_no_executable() -> None:
    many = bytearray(elf({}))
    struct.pack_into("<H", many, 60, SECTIONS_LIMIT + 1)
    assert executable_of(_LargeFile(1 << 30, bytes(many))) is None
    struct.pack_into("<HHHH", many, 56, 1, 64, 0, 0)
    struct.pack_into("<H", many, 56, SECTIONS_LIMIT + 1)
    assert executable_of(_LargeFile(1 << 30, bytes(many))) is None
    windows = bytearray(pe({}))
    struct.pack_into("<H", windows, 70, SECTIONS_LIMIT + 1)
    assert executable_of(_LargeFile(1 << 30, bytes(windows))) is None
    apple = bytearray(macho({}))
    struct.pack_into("<I", apple, 16, SECTIONS_LIMIT + 1)
    assert executable_of(_LargeFile(1 << 30, bytes(apple))) is None


def test_headers_over_the_limit_make_no_executable() -> None:
    apple = bytearray(macho({}))
    struct.pack_into("<I", apple, 20, HEADERS_LIMIT_BYTES + 1)
    assert executable_of(_LargeFile(1 << 30, bytes(apple))) is None


def test_section_names_behind_the_limit_are_not_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    body = elf({".text": b"", GO_BUILD_INFO: b"go"})
    monkeypatch.setattr(_executables, "HEADERS_LIMIT_BYTES", 10)
    assert headers_of(body) == Executable()


def test_more_architectures_than_the_limit_are_no_fat_file() -> None:
    apple = bytearray(fat(macho(MACHO_SECTIONS)))
    struct.pack_into(">I", apple, 4, FAT_LIMIT)
    assert headers_of(bytes(apple))
    struct.pack_into(">I", apple, 4, FAT_LIMIT + 1)
    assert headers_of(bytes(apple)) is None


@pytest.mark.parametrize(("offset", "size_bytes"), [(-1, 1), (4, 1), (1 << 70, 1), (0, 0), (0, -1)])
def test_nothing_lies_outside_of_a_body(offset: int, size_bytes: int) -> None:
    with io.BytesIO(b"0123rest") as stream:
        assert Bytes(stream, 4).at(offset, size_bytes) == b""
        assert Bytes(stream, 4).at(1, 1 << 70) == b"123"


MODULES = 'path\ta.b/c\nmod\ta.b/c\tv1.0.0\th1:x\ndep\td.e/f\tv2\n=>\tg.h/i\tv3\th1:y\nbuild\t-ldflags="-X main.version=1"\n'
REAL = {
    GO_BUILD_INFO: go_inline("go1.21.3", MODULES),
    CARGO_AUDITABLE: audit_list([{"name": "a", "version": "1.0.0", "dependencies": [0]}]),
    PACKAGE_NOTE: package_note('{"type":"deb","name":"a","version":"1","osCpe":"cpe:/o:a:b:1"}'),
}
TO_DAMAGE = [
    elf(REAL),
    elf(REAL, ">", wide=False),
    elf({**REAL, GO_BUILD_INFO: go_pointers("go1.17", MODULES)}),
    elf({GO_BUILD_INFO: go_pointers("go1.17", MODULES)}, headers=False),
    pe({".data": go_pointers("go1.17", MODULES), CARGO_AUDITABLE: REAL[CARGO_AUDITABLE]}),
    fat(macho({"__go_buildinfo": REAL[GO_BUILD_INFO], CARGO_AUDITABLE: REAL[CARGO_AUDITABLE]})),
]
PLACES = st.one_of(st.integers(0, 0x200), st.integers(FIRST_SECTION, FIRST_SECTION + 0x300), st.integers(-0x300, -1))


@given(
    body=st.sampled_from(TO_DAMAGE),
    flips=st.lists(st.tuples(PLACES, st.sampled_from([0x01, 0x80, 0xFF])), min_size=1, max_size=6),
    end=st.none() | st.integers(0, 2000),
)
@settings(max_examples=300, deadline=None)
def test_no_damage_makes_a_cataloger_raise(body: bytes, flips: list[tuple[int, int]], end: int | None) -> None:
    damaged = bytearray(body)
    for place, mask in flips:
        damaged[place % len(damaged)] ^= mask
    for cataloger in (GolangCataloger(), RustCataloger(), ElfNoteCataloger()):
        _, problems = read_all(cataloger, [MemoryFile("usr/bin/a", bytes(damaged[:end]))])
        assert all(problem.where.startswith("usr/bin/a") for problem in problems)
