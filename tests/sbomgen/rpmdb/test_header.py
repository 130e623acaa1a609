from contextlib import suppress
from struct import pack

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbomgen.rpmdb import header as module
from sbomgen.rpmdb.blobs import RpmdbError
from sbomgen.rpmdb.header import (
    BASENAMES,
    DIR_INDEXES,
    DIRNAMES,
    EPOCH,
    FILE_FLAGS,
    FILE_MODES,
    FILE_STATES,
    GHOST,
    NAME,
    OLD_FILENAMES,
    REQUIRE_NAME,
    SIGNATURE_MD5,
    SUMMARY,
    VERSION,
    parse_header,
)
from tests.sbomgen.rpmdb.encoders import entry, files, header, raw_header

PATHS = ("/usr/bin/a", "/usr/bin", "/var/log/a.log", "/etc/a.conf")


def test_a_header_says_what_its_entries_say() -> None:
    parsed = parse_header(
        header("a", "1.2", "3", {EPOCH: 4, SUMMARY: "what", SIGNATURE_MD5: b"0123456789abcdef", **files("/bin/a", "/bin/b")})
    )
    assert (parsed.name, parsed.version, parsed.release, parsed.epoch, parsed.arch) == (b"a", b"1.2", b"3", 4, b"x86_64")
    assert (parsed.summary, parsed.md5, parsed.files) == (b"what", b"0123456789abcdef", (b"bin/a", b"bin/b"))


def test_what_a_header_does_not_say_is_empty() -> None:
    parsed = parse_header(raw_header([(NAME, *entry("a"))]))
    assert (parsed.version, parsed.epoch, parsed.md5, parsed.requires, parsed.files) == (b"", None, b"", (), ())


def test_an_entry_behind_the_region_takes_the_place_of_one_in_it() -> None:
    assert parse_header(raw_header([(NAME, *entry("a")), (NAME, *entry("b"))])).name == b"b"


def test_of_texts_in_several_languages_the_first_is_meant() -> None:
    assert parse_header(raw_header([(SUMMARY, 9, 2, b"text\0Text\0")])).summary == b"text"


def test_names_stated_twice_are_one() -> None:
    assert parse_header(header(more={REQUIRE_NAME: ["b", "c", "b"]})).requires == (b"b", b"c")


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, (b"usr/bin/a", b"usr/bin", b"var/log/a.log", b"etc/a.conf")),
        ({FILE_FLAGS: [0, 0, GHOST, 1]}, (b"usr/bin/a", b"usr/bin", b"etc/a.conf")),
        ({FILE_STATES: [0, 0, 0, 2]}, (b"usr/bin/a", b"usr/bin", b"var/log/a.log")),
        ({FILE_MODES: [0o100755, 0o040755, 0o100644, 0o120777]}, (b"usr/bin/a", b"var/log/a.log", b"etc/a.conf")),
    ],
)
def test_folders_ghosts_and_files_left_out_are_no_files_of_the_package(more: dict[int, list[int]], expected: tuple[bytes, ...]) -> None:
    assert parse_header(header(more={**files(*PATHS), **more})).files == expected


def test_file_names_of_old_packages_stand_in_one_piece() -> None:
    assert parse_header(header(more={OLD_FILENAMES: ["/bin/a", "/b"]})).files == (b"bin/a", b"b")


def test_a_file_name_with_a_line_end_is_left_out() -> None:
    assert parse_header(header(more=files("/bin/a", "/bin/b\n/etc/passwd"))).files == (b"bin/a",)


@pytest.mark.parametrize(
    "blob",
    [
        b"",
        pack(">2I", 0, 1),
        pack(">2I", 1, 0),
        pack(">2I", 0xFFFFFFFF, 0xFFFFFFFF),
        header()[:-1],
        header() + b"\0",
        raw_header([(NAME, 6, 1, b"no end")]),
        raw_header([(NAME, 4, 1, b"\0\0\0\1")]),
        raw_header([(NAME, 8, 3, b"a\0b\0")]),
        raw_header([(EPOCH, *entry("1"))]),
        raw_header([(EPOCH, 4, 2, b"\0\0\0\1")]),
        raw_header([(SIGNATURE_MD5, 7, 17, bytes(16))]),
        raw_header([(SIGNATURE_MD5, *entry("text"))]),
        raw_header([(BASENAMES, *entry(["a"]))]),
        raw_header([(BASENAMES, *entry(["a"])), (DIRNAMES, *entry(["/"])), (DIR_INDEXES, *entry([1]))]),
        header(more={**files("/a", "/b"), FILE_MODES: [0]}),
        pack(">2I4I", 1, 4, VERSION, 6, 0xFFFFFFFF, 1) + b"abc\0",
    ],
)
def test_a_header_that_makes_no_sense_is_refused(blob: bytes) -> None:
    with pytest.raises(RpmdbError):
        parse_header(blob)


def test_more_entries_than_rpm_takes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ENTRIES_LIMIT", 4)
    with pytest.raises(RpmdbError, match="5 entries"):
        parse_header(header())


def test_more_data_than_rpm_takes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BLOB_LIMIT_BYTES", 10)
    with pytest.raises(RpmdbError, match="rpm takes"):
        parse_header(header())


def test_lists_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LIST_LIMIT", 2)
    with pytest.raises(RpmdbError, match="of 3 elements"):
        parse_header(header(more={REQUIRE_NAME: ["a", "b", "c"]}))


def test_one_long_folder_named_for_each_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATHS_LIMIT_BYTES", 1000)
    folder = "/" + "x" * 100 + "/"
    parse_header(header(more=files(*(f"{folder}{number}" for number in range(9)))))
    with pytest.raises(RpmdbError, match="more than 1,000 bytes"):
        parse_header(header(more=files(*(f"{folder}{number}" for number in range(10)))))


@given(position=st.integers(0, 250), byte=st.integers(0, 255))
@settings(max_examples=200, deadline=None)
def test_no_change_of_a_byte_makes_the_parser_raise_anything_else(position: int, byte: int) -> None:
    blob = bytearray(header(more={EPOCH: 1, REQUIRE_NAME: ["b"], **files(*PATHS)}))
    blob[position % len(blob)] = byte
    with suppress(RpmdbError):
        parse_header(bytes(blob))
