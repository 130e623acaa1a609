"""The box: what came, what people did about it, how far each target got."""

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from sbommatch.archive.change import ArchiveChange, ChangeKind
from sbommatch.archive.notifications.box import BOX, Box, State, open_box
from sbommatch.archive.notifications.filters import Filter
from sbommatch.errors import ArchiveError, UsageError
from sbommatch.match.model import Level
from tests.sbommatch.archive.notifications.changes import change, ids

ALL = Filter()
TARGET = "webhook x"


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    with open_box(tmp_path) as opened:
        yield opened


def fill(box: Box, *numbers: int) -> None:
    for number in numbers:
        box._insert(change(number))


def listed(box: Box, *states: State, filter_: Filter = ALL) -> list[int]:
    _, found = box.page(filter_, states or tuple(State), 0, 1000)
    return ids([one.change for one in found])


def drained(box: Box, filter_: Filter = ALL, limit: int = 2) -> list[list[int]]:
    box.meet(TARGET)
    batches = []
    while batch := box.next_batch(TARGET, filter_, limit):
        batches.append(ids(batch.changes))
        box.delivered(TARGET, batch.last)
    return batches


def test_what_was_recorded_comes_in_once_and_in_order(box: Box) -> None:
    changes = [change(5), change(3, kind=ChangeKind.KEV), change(9)]
    assert box.last_change() is None
    assert box.take_in(changes[:2]) == {ChangeKind.AFFECTED: 1, ChangeKind.KEV: 1}
    assert box.take_in(changes).total() == 1
    assert box.last_change() == f"{9:032x}"
    assert listed(box) == [9, 3, 5]
    assert box.counts() == {State.UNREAD: 3, State.READ: 0, State.DELETED: 0}


def test_a_change_that_is_found_again_stays_read(box: Box) -> None:
    box.take_in([change(1)])
    box.mark(State.READ, (), ALL)
    assert box.take_in([change(1), change(2)]).total() == 1
    assert listed(box, State.READ) == [1]


def test_an_identifier_that_is_none_is_refused_and_nothing_of_it_comes_in(box: Box) -> None:
    with pytest.raises(ArchiveError, match="identifier"):
        box.take_in([change(1), replace(change(2), change_id="../../etc/passwd")])
    assert listed(box) == []
    assert box.last_change() is None


def test_pages_follow_each_other_newest_first(box: Box) -> None:
    fill(box, *range(7))
    pages = [box.page(ALL, (State.UNREAD,), first, 3) for first in (0, 3, 6, 9)]
    assert [ids([one.change for one in found]) for _, found in pages] == [[6, 5, 4], [3, 2, 1], [0], []]
    assert {total for total, _ in pages} == {7}


def test_marks_go_by_the_beginning_of_an_identifier_or_by_the_filter(box: Box) -> None:
    box._insert(change(0xABCDEF << 104))
    box._insert(change(0xABCDE0 << 104, is_kev=True))
    assert box.mark(State.READ, ["abcdef"], ALL) == 1
    assert box.mark(State.READ, ["abcdef"], ALL) == 0
    assert listed(box, State.UNREAD) == [0xABCDE0 << 104]
    assert box.mark(State.DELETED, (), Filter(only_kev=True)) == 1
    assert listed(box, State.READ) == [0xABCDEF << 104]


@pytest.mark.parametrize("name", ["abcde", "ffffff", "%", "ABCDEF", "000000*"])
def test_a_name_that_is_nobodys_marks_nothing(box: Box, name: str) -> None:
    fill(box, 1, 2)
    with pytest.raises(UsageError, match="no notification has"):
        box.mark(State.READ, ["0" * 31 + "1", name], ALL)
    with pytest.raises(UsageError, match="several"):
        box.mark(State.READ, ["000000"], ALL)
    assert listed(box, State.READ) == []


def test_batches_come_in_order_and_only_once_delivered_do_they_end(box: Box) -> None:
    fill(box, 1, 2, 3)
    box.meet(TARGET)
    first = box.next_batch(TARGET, ALL, 2)
    assert first
    fill(box, 4)
    assert box.next_batch(TARGET, ALL, 200) == first  # the same message under the same identifier, although more is due
    assert box.due(TARGET, ALL) == 4
    box.delivered(TARGET, first.last)
    assert drained(box) == [[3, 4]]
    assert box.due(TARGET, ALL) == 0


def test_a_new_target_gets_what_is_unread_and_then_all_that_comes(box: Box) -> None:
    fill(box, 1, 2, 3)
    box.mark(State.READ, [f"{2:032x}"], ALL)
    box.meet(TARGET)
    fill(box, 4)
    box.mark(State.READ, (), Filter())  # what somebody has read here is still due elsewhere, if it came after
    fill(box, 5)
    assert drained(box) == [[4, 5]]


def test_what_a_filter_passes_over_is_not_due_later(box: Box) -> None:
    fill(box, 1)
    box._insert(change(2, is_kev=True))
    assert drained(box, Filter(only_kev=True)) == [[2]]
    assert drained(box) == []


def test_a_filter_that_changes_under_way_holds_nothing_up(box: Box) -> None:
    fill(box, 1, 2)
    box._insert(change(3, is_kev=True))
    box.meet(TARGET)
    assert box.next_batch(TARGET, ALL, 2)
    assert drained(box, Filter(only_kev=True)) == [[3]]


def test_contents_of_the_deleted_go_once_every_target_has_them(box: Box) -> None:
    box.meet(TARGET)
    fill(box, 1, 2)
    box.mark(State.DELETED, (), ALL)
    assert listed(box, State.DELETED) == [2, 1]
    assert drained(box) == [[1, 2]]
    assert listed(box, State.DELETED) == []
    assert box.take_in([change(1), change(2)]).total() == 0
    assert box.counts()[State.DELETED] == 2


def test_a_time_to_be_left_alone_ends_with_the_next_delivery(box: Box) -> None:
    fill(box, 1)
    box.meet(TARGET)
    assert box.postponed_until(TARGET) is None
    box.postpone(TARGET, 123.5)
    assert box.postponed_until(TARGET) == 123.5
    drained(box)
    assert box.postponed_until(TARGET) is None


def test_many_take_in_at_once_and_nothing_comes_twice(tmp_path: Path) -> None:
    changes = [change(number) for number in range(50)]
    new = []

    def work() -> None:
        with open_box(tmp_path) as box:
            new.append(box.take_in(changes).total())

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(new) == [0, 0, 0, 0, 0, 50]


def test_a_step_that_is_broken_off_leaves_nothing_of_it(tmp_path: Path) -> None:
    def broken() -> Iterator[ArchiveChange]:
        yield change(1)
        raise KeyboardInterrupt

    with open_box(tmp_path) as box:
        with pytest.raises(KeyboardInterrupt):
            box.take_in(broken())
        assert box.last_change() is None
        assert box.take_in([change(1)]).total() == 1


def test_a_damaged_box_is_told_from_one_of_a_newer_format(tmp_path: Path) -> None:
    (tmp_path / BOX).write_bytes(b"no database at all, but long enough to be looked at" * 20)
    with pytest.raises(ArchiveError, match=r"damaged.*move it away"), open_box(tmp_path):
        pass
    (tmp_path / BOX).unlink()
    connection = sqlite3.connect(tmp_path / BOX)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(ArchiveError, match="format 99 by a newer sbommatch"), open_box(tmp_path):
        pass


def test_a_damaged_row_is_told(tmp_path: Path) -> None:
    with open_box(tmp_path) as box:
        fill(box, 1)
        box._rows("UPDATE notification SET change = '{\"change_id\": 1}'")
    with pytest.raises(ArchiveError, match="damaged"), open_box(tmp_path) as box:
        listed(box)


def test_a_full_disk_is_said_and_loses_nothing(tmp_path: Path) -> None:
    with open_box(tmp_path) as box:
        fill(box, 1)
    with pytest.raises(UsageError, match=r"cannot be written: .*full"), open_box(tmp_path) as box:
        [(pages,)] = box._rows("PRAGMA page_count")
        box._rows(f"PRAGMA max_page_count = {pages}")
        box.take_in([change(number, package="x" * 500) for number in range(100)])
    with open_box(tmp_path) as box:
        assert listed(box) == [1]
        assert box.take_in([change(2)]).total() == 1


LEVELS = st.sampled_from([None, "unknown", *(level.value for level in Level)])
LABELS = st.dictionaries(st.sampled_from(["team", 'o"dd', "$.x", ""]), st.sampled_from(["web", "", "a'b", "0"]), max_size=2)
CHANGES = st.builds(
    change,
    st.integers(0, 9),
    kind=st.sampled_from(list(ChangeKind)),
    severity=LEVELS,
    is_kev=st.booleans(),
    fix=st.sampled_from([None, "1"]),
    labels=LABELS,
)
FILTERS = st.builds(
    Filter,
    labels=LABELS.map(lambda labels: tuple(labels.items())),
    severity=st.sampled_from([None, Level.LOW, Level.CRITICAL]),
    is_unknown_enough=st.booleans(),
    only_kev=st.booleans(),
    only_fixable=st.booleans(),
    kinds=st.lists(st.sampled_from(list(ChangeKind)), max_size=2).map(tuple),
)


@settings(max_examples=20)
@given(st.lists(CHANGES, max_size=6, unique_by=lambda one: one.change_id), FILTERS)
def test_a_filter_is_the_same_in_python_and_in_the_box(
    tmp_path_factory: pytest.TempPathFactory, made: list[ArchiveChange], filter_: Filter
) -> None:
    with open_box(tmp_path_factory.mktemp("box")) as box:
        box.take_in(made)
        wanted = [one for one in made if filter_.takes(one)]
        assert listed(box, filter_=filter_) == ids(wanted)[::-1]
        assert [one for batch in drained(box, filter_) for one in batch] == ids(wanted)
