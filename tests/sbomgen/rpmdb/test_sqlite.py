from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import Random
from struct import pack

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbomgen.rpmdb import read_database
from sbomgen.rpmdb import sqlite as module
from sbomgen.rpmdb.blobs import DAMAGES_LIMIT, Blob, Damage, RpmdbError
from sbomgen.rpmdb.sqlite import PAGE_SIZES, Tree, merge
from sbomgen.rpmdb.wal import read_log
from tests.sbomgen.rpmdb.encoders import RpmdbSqlite, wal


def blobs(numbers: range, seed: int = 1) -> dict[int, bytes]:
    """Of all lengths: within a page, of some pages, of many."""
    random = Random(seed)
    return {number: random.randbytes(random.choice((3, 200, 471, 480, 700, 5000))) for number in numbers}


def read(body: bytes) -> tuple[dict[int, bytes], list[Damage], Tree]:
    found = list(read_database(body))
    (tree,) = [one for one in found if isinstance(one, Tree)]
    return {one.number: one.body for one in found if isinstance(one, Blob)}, [one for one in found if isinstance(one, Damage)], tree


def together(body: bytes, log: bytes) -> dict[int, bytes]:
    """What the database and its log say together; no damage."""
    own, _, tree = read(body)
    pages = read_log(log)
    if pages is None:
        return own
    rows: dict[int, bytes] = {}
    for row in merge(tree, pages.pages):
        assert not isinstance(row, Damage), row
        rows.update({row.number: row.body} if isinstance(row, Blob) else {row: own[row]})
    return rows


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Forty headers in a tree of three levels."""
    with RpmdbSqlite(tmp_path_factory.mktemp("sound")) as database:
        database.create()
        database.put(blobs(range(1, 41)))
        database.checkpoint()
        return database.body


@pytest.mark.parametrize("page_bytes", PAGE_SIZES)
def test_rows_of_all_lengths_are_read_from_pages_of_all_sizes(page_bytes: int, tmp_path: Path) -> None:
    with RpmdbSqlite(tmp_path, page_bytes) as database:
        database.create()
        database.put(blobs(range(1, 120)))
        database.run("DELETE FROM Packages WHERE hnum % 3 = 0")
        database.checkpoint()
        assert read(database.body)[:2] == (database.rows(), [])


def test_a_row_number_may_need_nine_bytes(tmp_path: Path) -> None:
    rows = {1 << 7: b"a", 1 << 14: b"b", 1 << 56: b"c", (1 << 63) - 1: b"d"}
    with RpmdbSqlite(tmp_path) as database:
        database.create()
        database.put(rows)
        database.checkpoint()
        assert read(database.body)[0] == rows


def test_a_database_without_the_table_has_a_tree_without_a_root(tmp_path: Path) -> None:
    with RpmdbSqlite(tmp_path) as database:
        database.run("CREATE TABLE packages_of_others (a, b)")
        database.run("CREATE VIEW Packages AS SELECT 1")
        database.checkpoint()
        assert read(database.body)[2].root == 0


def test_what_the_log_adds_changes_and_removes_is_so(tmp_path: Path) -> None:
    with RpmdbSqlite(tmp_path) as database:
        database.create()
        database.put(blobs(range(1, 60)))
        database.checkpoint()
        body = database.body
        database.put(blobs(range(50, 90), seed=2))
        database.run("DELETE FROM Packages WHERE hnum BETWEEN 10 AND 30")
        assert together(body, database.log) == database.rows()
        assert together(body, b"") == blobs(range(1, 60))


@pytest.mark.parametrize("seed", range(6))
def test_any_history_reads_as_sqlite_has_it(seed: int, tmp_path: Path) -> None:
    """Trees grow, shrink and are balanced anew; pages go from table to table through the list of free ones. No number is used again."""
    random = Random(seed)
    with RpmdbSqlite(tmp_path) as database:
        database.create()
        following = 1
        for _ in range(30):
            count = random.randrange(1, 30)
            database.put(blobs(range(following, following + count), seed=following))
            following += count
            start = random.randrange(following)
            database.run("DELETE FROM Packages WHERE hnum BETWEEN ? AND ?", (start, start + random.randrange(30)))
            if not random.randrange(5):
                database.run("VACUUM")
            if not random.randrange(4):
                database.checkpoint()
            assert together(database.body, database.log) == database.rows()


def test_a_database_that_is_all_in_its_log_is_read(tmp_path: Path) -> None:
    with RpmdbSqlite(tmp_path) as database:
        body = database.body
        database.create()
        database.put(blobs(range(1, 20)))
        assert read(body)[2].root == 0
        assert together(body, database.log) == database.rows()


def test_a_header_rewritten_in_place_stays_the_package_it_is(tmp_path: Path) -> None:
    with RpmdbSqlite(tmp_path) as database:
        database.create()
        database.put({1: b"a" * 3000, 2: b"b"})
        database.checkpoint()
        body = database.body
        database.run("UPDATE Packages SET blob = ? WHERE hnum = 1", (b"a" * 2900 + b"x" * 100,))
        assert together(body, database.log) == {1: b"a" * 3000, 2: b"b"}


def test_a_transaction_without_its_end_does_not_count(tmp_path: Path) -> None:
    with RpmdbSqlite(tmp_path) as database:
        database.create()
        database.put({1: b"a"})
        before = database.log
        database.run("INSERT INTO Packages VALUES (2, ?)", (b"b",))
        body, log = database.body, database.log
    assert together(body, log) == {1: b"a", 2: b"b"}
    assert together(body, log[:-1]) == {1: b"a"}
    assert together(body, log[:-200] + bytes(200)) == {1: b"a"}
    assert together(body, before) == {1: b"a"}


def test_frames_of_an_older_log_do_not_count(tmp_path: Path) -> None:
    with RpmdbSqlite(tmp_path) as database:
        database.create()
        database.put(blobs(range(1, 40)))
        database.checkpoint()
        database.run("DELETE FROM Packages WHERE hnum > 5")
        database.checkpoint()
        database.put({99: b"z"})
        assert len(database.log) > 20_000
        assert together(database.body, database.log) == database.rows()


def test_pages_of_indexes_and_behind_the_end_are_not_kept(tmp_path: Path) -> None:
    with RpmdbSqlite(tmp_path) as database:
        database.create()
        database.put(blobs(range(1, 300)))
        log = read_log(database.log)
        assert log is not None
        assert {page[0] for number, page in log.pages.items() if number > 1} <= {0, 5, 13}
        assert 2 < len(log.pages) < len(database.log) // 536
        database.run("DELETE FROM Packages")
        database.run("DELETE FROM Name")
        database.run("VACUUM")
        log = read_log(database.log)
        assert log is not None
        assert max(log.pages) < 20


@pytest.mark.parametrize(
    ("offset", "by", "word"),
    [(0, b"x", "no write-ahead log"), (4, b"x", "no write-ahead log"), (8, b"x", "no write-ahead log"), (13, b"x", "checksum")],
)
def test_what_is_no_log_is_refused(offset: int, by: bytes, word: str, tmp_path: Path) -> None:
    with RpmdbSqlite(tmp_path) as database:
        database.create()
        log = database.log
    with pytest.raises(RpmdbError, match=word):
        read_log(log[:offset] + by + log[offset + 1 :])
    with pytest.raises(RpmdbError, match="ends within"):
        read_log(log[:31])


@pytest.mark.parametrize("order", ["<", ">"])
def test_checksums_take_the_words_in_either_byte_order(order: str) -> None:
    frames = [(2, 0, leaf()), (2, 2, leaf(HEADER)), (2, 0, leaf())]
    log = read_log(wal(order, frames))
    assert log is not None
    assert log.pages == {2: leaf(HEADER)}


def test_a_log_without_a_whole_transaction_is_none() -> None:
    assert read_log(wal("<", [(2, 0, leaf())])) is None
    assert read_log(wal("<", [])) is None


def test_a_log_of_another_page_size_does_not_belong_to_the_database(sound: bytes, tmp_path: Path) -> None:
    with RpmdbSqlite(tmp_path, 4096) as database:
        database.create()
        log = read_log(database.log)
    assert log is not None
    with pytest.raises(RpmdbError, match="another size"):
        list(merge(read(sound)[2], log.pages))


@pytest.mark.parametrize(
    ("offset", "by", "word"),
    [
        (16, b"\0\0", "pages of 0"),
        (16, b"\2\1", "pages of 513"),
        (20, b"\xff", "255 of them reserved"),
        (59, b"\2", "UTF-16"),
    ],
)
def test_a_file_header_that_makes_no_sense_is_refused(sound: bytes, offset: int, by: bytes, word: str) -> None:
    with pytest.raises(RpmdbError, match=word):
        read(sound[:offset] + by + sound[offset + len(by) :])
    with pytest.raises(RpmdbError, match="ends within"):
        read(sound[:99])


def test_a_truncated_file_loses_only_what_is_cut_off(sound: bytes) -> None:
    found, damages, _ = read(sound[: len(sound) // 2])
    assert 5 < len(found) < 40
    assert damages
    assert found.items() <= blobs(range(1, 41)).items()


def _page(sound: bytes, kind: int) -> int:
    """Offset of a page of `Packages` of that kind."""
    return next(page.number - 1 for page in read(sound)[2].pages if bool(page.children) is (kind == 5)) * 512


@pytest.mark.parametrize(
    ("kind", "offset", "by", "word"),
    [
        (13, 0, b"\x0a", "no page of a table"),
        (13, 3, b"\xff\xff", "beyond its end"),
        (13, 8, b"\xff\xff", "beyond its end"),
        (5, 3, b"\xff\xff", "beyond its end"),
        (5, 8, b"\0\0\0\1", "used twice"),
        (5, 8, b"\0\0\0\0", "not in the file"),
        (5, 8, b"\xff\xff\xff\xff", "not in the file"),
    ],
)
def test_a_damaged_page_costs_only_its_rows(sound: bytes, kind: int, offset: int, by: bytes, word: str) -> None:
    start = _page(sound, kind) + offset
    found, damages, _ = read(sound[:start] + by + sound[start + len(by) :])
    assert any(word in damage.message for damage in damages)
    assert found.items() < blobs(range(1, 41)).items()


def leaf(*cells: bytes, pointers: Callable[[list[int]], list[int]] = list) -> bytes:
    """A page with rows."""
    starts, body = [], b""
    for cell in cells:
        body = cell + body
        starts.append(512 - len(body))
    index = b"".join(pack(">H", start) for start in pointers(starts))
    return (pack(">BHHHB", 13, 0, len(index) // 2, 0, 0) + index).ljust(512 - len(body), b"\0") + body


def interior(last: int, *pointers: int, cells: bytes = b"") -> bytes:
    """A page with children: the last, and what the pointers point at among the cells that end the page."""
    index = b"".join(pack(">H", pointer) for pointer in pointers)
    return (pack(">BHHHBI", 5, 0, len(pointers), 0, 0, last) + index).ljust(512 - len(cells), b"\0") + cells


def row(size: bytes, number: int, rest: bytes) -> bytes:
    return size + bytes([number]) + rest


def merged(*pages: bytes, root: int = 1) -> list[Blob | int | Damage]:
    return list(merge(Tree(512, 512, root + 1, ()), dict(enumerate(pages, start=2))))


HEADER = row(b"\x05", 1, b"\x03\x00\x10ab")


def test_a_page_written_by_hand_is_read() -> None:
    assert merged(leaf(HEADER)) == [Blob(1, b"ab")]


@pytest.mark.parametrize(
    ("page", "word"),
    [
        (leaf(HEADER, row(b"\x7f", 2, bytes(127)), row(b"\x7f", 3, bytes(127)), pointers=lambda starts: starts[1:] * 3), "overlap"),
        (leaf(row(b"\xff\xff\xff\xff\x7f", 1, bytes(50))), "no header has more"),
        (leaf(row(b"\x02", 1, b"\x02\x00")), "has no header"),
        (leaf(row(b"\x03", 1, b"\x03\x00\x00")), "has no header"),
        (leaf(row(b"\x00", 1, b"")), "has no header"),
        (leaf(row(b"\x03", 1, b"\x90\x90\x90")), "has no header"),
        (leaf(row(b"\x88\x00", 1, bytes(39) + b"\0\0\0\0")), "lacks"),
        (leaf(row(b"\x88\x00", 1, bytes(39) + b"\0\0\0\2")), "used twice"),
        (leaf(row(b"\x88\x00", 1, bytes(39) + b"\0\0\0\3")), "neither in the log"),
    ],
)
def test_a_row_that_makes_no_sense_is_damage(page: bytes, word: str) -> None:
    (damage,) = merged(page)
    assert isinstance(damage, Damage)
    assert word in damage.message


def test_a_chain_that_goes_on_behind_its_row_is_damage() -> None:
    overflow = b"\0\0\0\4".ljust(512, b"\0")
    found = merged(leaf(row(b"\x84\x00", 1, bytes(39) + b"\0\0\0\3")), overflow, overflow)
    assert [isinstance(one, Damage) for one in found] == [True]


def test_a_tree_deeper_than_sqlite_makes_is_damage() -> None:
    pages = [interior(number) for number in range(3, 2 + module.DEPTH_LIMIT)]
    assert merged(*pages, leaf(HEADER)) == [Blob(1, b"ab")]
    pages.append(interior(2 + module.DEPTH_LIMIT))
    (damage,) = merged(*pages, leaf(HEADER))
    assert isinstance(damage, Damage)
    assert f"{module.DEPTH_LIMIT} levels" in damage.message


def test_only_as_many_columns_as_are_needed_are_looked_at() -> None:
    assert merged(leaf(row(b"\x09", 1, b"\x07\x00\x10\x09\x09\x09\x09ab"))) == [Blob(1, b"ab")]


def test_a_database_with_damage_all_over_is_given_up() -> None:
    cells = bytes(range(1, DAMAGES_LIMIT + 10))
    found = merged(interior(9, *range(512 - len(cells), 508), cells=cells))
    assert len(found) == DAMAGES_LIMIT + 1


def test_without_the_table_in_either_there_is_nothing_to_merge() -> None:
    with pytest.raises(RpmdbError, match="no table Packages"):
        merged(leaf(HEADER), root=-1)


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_no_change_makes_the_reader_raise_anything_else(sound: bytes, data: st.DataObject) -> None:
    body = bytearray(sound)
    starts = [(page.number - 1) * 512 for page in read(sound)[2].pages] + [0, 0]
    for _ in range(data.draw(st.integers(1, 8))):
        body[data.draw(st.sampled_from(starts)) + data.draw(st.integers(0, 150))] = data.draw(st.integers(0, 255))
    with suppress(RpmdbError):
        found, _, tree = read(bytes(body))
        assert sum(len(blob) for blob in found.values()) <= len(body)
        if tree.root:
            assert all(isinstance(row, int | Damage) for row in merge(tree, {tree.root: leaf()}))
