"""The databases beside a pointer."""

import os
from pathlib import Path

import pytest

from sbommatch.errors import DatabaseError, UsageError
from sbommatch.store.files import checksum_file, writing
from sbommatch.store.open import open_database
from sbommatch.store.queries import status
from sbommatch.store.shelf import delete, named, older_than, shelf
from tests.sbommatch.store.made import build_osv, osv


@pytest.fixture
def three(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The pointer to the newest of three databases, built a day apart."""
    for number in range(3):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", str(1_780_000_000 + number * 86_400))
        build_osv(tmp_path, osv(f"X-{number}"))
    return tmp_path / "pointer.json"


def test_they_are_listed_newest_first_and_one_is_current(three: Path) -> None:
    found = shelf(three)
    assert [(one.built_at, one.is_current, one.feeds) for one in found] == [
        ("2026-05-30T20:26:40Z", True, ("osv-pypi",)),
        ("2026-05-29T20:26:40Z", False, ("osv-pypi",)),
        ("2026-05-28T20:26:40Z", False, ("osv-pypi",)),
    ]
    assert all(one.size_bytes == (three.parent / one.file).stat().st_size and one.digest in one.file for one in found)


def test_one_that_cannot_be_opened_is_listed_last(three: Path) -> None:
    newest = shelf(three)[0]
    (three.parent / newest.file).write_bytes(b"x")
    assert [(one.built_at, one.is_current) for one in shelf(three)][-1] == (None, True)


def test_a_digest_is_named_by_its_beginning(three: Path) -> None:
    one = shelf(three)[1]
    assert named(three, one.digest[:8]).name == named(three, one.file).name == one.file
    for wrong in ("", one.digest[:3], "0" * 64):
        with pytest.raises(UsageError, match="db list"):
            named(three, wrong)


def test_deleted_ones_are_gone_with_their_checksums_but_not_for_their_readers(three: Path) -> None:
    old = three.parent / shelf(three)[-1].file
    with open_database(old) as reader:
        assert delete(three, [old, old]) == (old,)
        assert status(reader).feeds[0].advisories == 1
    assert not old.exists()
    assert not checksum_file(old).exists()
    assert len(shelf(three)) == 2


def test_the_current_one_stays(three: Path) -> None:
    files = [three.parent / one.file for one in shelf(three)]
    with pytest.raises(UsageError, match="it is the current database"):
        delete(three, files)
    assert len(shelf(three)) == 3


def test_nothing_is_deleted_while_somebody_writes(three: Path) -> None:
    with writing(three), pytest.raises(DatabaseError, match=f"process {os.getpid()} "):
        delete(three, [])


def test_age_is_counted_in_days(three: Path) -> None:
    found = shelf(three)
    oldest, middle = found[2].file, found[1].file
    assert older_than(found, 1, "2026-05-30") == (oldest,)
    assert older_than(found, 0, "2026-05-30") == (middle, oldest)
    assert older_than(found, 2, "2026-05-30") == ()


def test_where_there_is_nothing_nothing_is_listed(tmp_path: Path) -> None:
    assert shelf(tmp_path / "pointer.json") == ()
    with pytest.raises(DatabaseError, match="cannot be read"):
        shelf(tmp_path / "absent" / "pointer.json")
