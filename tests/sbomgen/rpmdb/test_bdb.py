from contextlib import suppress
from struct import pack

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbomgen.rpmdb import bdb as module
from sbomgen.rpmdb import read_database
from sbomgen.rpmdb.bdb import PAGE_SIZES, VERSIONS
from sbomgen.rpmdb.blobs import DAMAGES_LIMIT, Blob, Damage, RpmdbError
from tests.sbomgen.rpmdb.encoders import bdb

LONG = bytes(range(256)) * 20
BLOBS = {1: b"short", 2: LONG, 7: LONG[:486], 300: b"x" * 487}


def read(body: bytes) -> tuple[dict[int, bytes], list[Damage]]:
    found = list(read_database(body))
    return {one.number: one.body for one in found if isinstance(one, Blob)}, [one for one in found if isinstance(one, Damage)]


def spoilt(body: bytes, offset: int, by: bytes) -> bytes:
    return body[:offset] + by + body[offset + len(by) :]


@pytest.mark.parametrize("page_bytes", PAGE_SIZES)
@pytest.mark.parametrize("order", ["<", ">"])
def test_headers_in_a_page_and_on_chains_of_pages_are_read_in_either_byte_order(order: str, page_bytes: int) -> None:
    assert read(bdb(BLOBS, order, page_bytes)) == (BLOBS, [])


def test_an_empty_database_has_no_headers() -> None:
    assert read(bdb({})) == ({}, [])


@pytest.mark.parametrize("version", [6, 7, 8, 9, 10, 11])
def test_formats_since_libdb_3_are_known(version: int) -> None:
    body = spoilt(bdb(BLOBS), 16, pack("<I", version))
    if version in VERSIONS:
        assert read(body) == (BLOBS, [])
    else:
        with pytest.raises(RpmdbError, match=f"format {version}"):
            read(body)


@pytest.mark.parametrize(
    ("offset", "by", "word"),
    [
        (20, pack("<I", 513), "513"),
        (20, pack("<I", 0), "pages of 0"),
        (20, pack("<I", 1 << 31), "pages of"),
        (24, b"\1", "encrypted"),
        (25, b"\x09", "not known"),
        (26, b"\1", "checksummed"),
    ],
)
def test_a_first_page_that_makes_no_sense_is_refused(offset: int, by: bytes, word: str) -> None:
    with pytest.raises(RpmdbError, match=word):
        read(spoilt(bdb(BLOBS), offset, by))


def test_a_file_that_ends_in_its_first_page_is_refused() -> None:
    with pytest.raises(RpmdbError, match="ends within"):
        read(bdb(BLOBS)[:71])


def test_a_truncated_file_loses_only_what_is_cut_off() -> None:
    body = bdb({1: b"short", 2: LONG})
    blobs, damages = read(body[: 6 * 512])
    assert blobs == {1: b"short"}
    assert [damage.where for damage in damages] == ["page 3: header 2", ""]


LAST = bdb({1: b"short", 2: LONG, 3: b"next"})
CHAIN = 4 * 512
"""The first overflow page."""


@pytest.mark.parametrize(
    ("offset", "by", "word"),
    [
        (CHAIN + 16, pack("<I", 4), "belongs to another"),
        (CHAIN + 16, pack("<I", 0), "lacks"),
        (CHAIN + 16, pack("<I", 9999), "is not in the file"),
        (CHAIN + 16, pack("<I", 3), "no overflow page"),
        (CHAIN + 22, pack("<H", 0), "no overflow page"),
        (CHAIN + 22, pack("<H", 0xFFFF), "no overflow page"),
        (CHAIN + 25, b"\x0d", "page"),
        (4 * 512 - 5 - 12 + 8, pack("<I", 1 << 30), "no header has more"),
        (4 * 512 - 5 - 12 + 8, pack("<I", 100), "no overflow page"),
        (4 * 512 - 5 - 12, b"\x02", "does not use"),
        (4 * 512 - 5, b"\x03", "no header's number"),
        (3 * 512 + 26, pack("<H", 0xFFFF), "no header's number"),
        (3 * 512 + 26, pack("<H", 3), "no header's number"),
        (3 * 512 + 28, pack("<H", 510), "does not use"),
    ],
)
def test_a_damaged_place_costs_only_its_header(offset: int, by: bytes, word: str) -> None:
    blobs, damages = read(spoilt(LAST, offset, by))
    assert {1: b"short", 3: b"next"}.items() <= blobs.items()
    assert 2 not in blobs
    assert any(word in damage.message for damage in damages)


def test_a_page_that_claims_more_items_than_it_has_is_passed_over() -> None:
    blobs, _ = read(spoilt(LAST, 2 * 512 + 20, pack("<H", 0xFFFF)))
    assert blobs == {2: LONG, 3: b"next"}


def test_a_database_with_damage_all_over_is_given_up() -> None:
    body = bytearray(bdb(dict.fromkeys(range(1, DAMAGES_LIMIT + 50), b"x")))
    for page in range(2, len(body) // 512):
        body[page * 512 + 512 - 5] = 9
    _, damages = read(bytes(body))
    assert len(damages) == DAMAGES_LIMIT + 1
    assert "the rest is not read" in damages[-1].message


def test_no_value_is_longer_than_a_header_can_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BLOB_LIMIT_BYTES", len(LONG) - 1)
    assert read(bdb({1: b"short", 2: LONG}))[0] == {1: b"short"}


@given(changes=st.lists(st.tuples(st.integers(0, len(LAST) - 1), st.integers(0, 255)), max_size=8))
@settings(max_examples=100, deadline=None)
def test_no_change_makes_the_reader_raise_anything_else(changes: list[tuple[int, int]]) -> None:
    body = bytearray(LAST)
    for offset, byte in changes:
        body[offset] = byte
    with suppress(RpmdbError):
        assert sum(len(blob) for blob in read(bytes(body))[0].values()) <= len(body)
