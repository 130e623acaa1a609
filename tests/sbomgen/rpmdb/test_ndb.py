from contextlib import suppress
from struct import pack

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbomgen.rpmdb import read_database
from sbomgen.rpmdb.blobs import Blob, Damage, RpmdbError
from sbomgen.rpmdb.ndb import PAGE_BYTES
from tests.sbomgen.rpmdb.encoders import ndb

BLOBS = {1: b"short", 2: bytes(range(256)) * 20, 9: b"", 10: b"x" * 20}
SOUND = ndb(BLOBS)
SECOND_SLOT = 3 * 16
SECOND_BLOB = PAGE_BYTES + 48


def read(body: bytes) -> tuple[dict[int, bytes], list[Damage]]:
    found = list(read_database(body))
    return {one.number: one.body for one in found if isinstance(one, Blob)}, [one for one in found if isinstance(one, Damage)]


def test_headers_are_read() -> None:
    assert read(SOUND) == (BLOBS, [])


@pytest.mark.parametrize(("body", "word"), [(SOUND[: PAGE_BYTES - 1], "ends within"), (b"RpmP\1" + SOUND[5:], "format 1")])
def test_a_first_page_that_makes_no_sense_is_refused(body: bytes, word: str) -> None:
    with pytest.raises(RpmdbError, match=word):
        read(body)


@pytest.mark.parametrize(
    ("offset", "by", "word"),
    [
        (SECOND_SLOT, b"slot", "is damaged"),
        (SECOND_SLOT + 4, pack("<I", 3), "not where its slot says"),
        (SECOND_SLOT + 8, pack("<I", 1), "others'"),
        (SECOND_SLOT + 8, pack("<I", 256), "not where its slot says"),
        (SECOND_SLOT + 8, pack("<I", 0xFFFFFFFF), "ends after"),
        (SECOND_SLOT + 12, pack("<I", 0), "no blocks"),
        (SECOND_SLOT + 12, pack("<I", 1), "no blocks"),
        (SECOND_SLOT + 12, pack("<I", 5), "not where its slot says"),
        (SECOND_BLOB, b"x", "not where its slot says"),
        (SECOND_BLOB + 4, b"\7", "not where its slot says"),
        (SECOND_BLOB + 12, b"\7", "not where its slot says"),
        (SECOND_BLOB + 16, b"x", "checksum"),
    ],
)
def test_a_damaged_place_costs_only_its_header(offset: int, by: bytes, word: str) -> None:
    blobs, damages = read(SOUND[:offset] + by + SOUND[offset + len(by) :])
    assert blobs == {number: blob for number, blob in BLOBS.items() if number != 2}
    assert [word in damage.message for damage in damages] == [True]


def test_more_blocks_than_the_file_has_are_nobody_s() -> None:
    slot = SOUND[SECOND_SLOT : SECOND_SLOT + 16]
    body = SOUND[: PAGE_BYTES - 16 * 20] + slot * 20 + SOUND[PAGE_BYTES:]
    found = list(read_database(body))
    assert sum(len(one.body) for one in found if isinstance(one, Blob)) <= len(SOUND)
    assert any("others'" in one.message for one in found if isinstance(one, Damage))


def test_a_file_that_ends_in_its_slots_is_damaged() -> None:
    _, damages = read(SOUND[:12] + pack("<I", 1 << 20) + SOUND[16:])
    assert any("ends within its 1,048,576 pages" in damage.message for damage in damages)


@given(changes=st.lists(st.tuples(st.integers(0, 200) | st.integers(PAGE_BYTES, len(SOUND) - 1), st.integers(0, 255)), max_size=8))
@settings(max_examples=100, deadline=None)
def test_no_change_makes_the_reader_raise_anything_else(changes: list[tuple[int, int]]) -> None:
    body = bytearray(SOUND)
    for offset, byte in changes:
        body[offset] = byte
    with suppress(RpmdbError):
        read(bytes(body))
