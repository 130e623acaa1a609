"""Removing and compacting: what counts stays as it is, what does not goes."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from sbommatch.archive import compact as module
from sbommatch.archive import segment
from sbommatch.archive.archive import open_archive
from sbommatch.archive.commits import Commits
from sbommatch.archive.compact import Compacted, compact
from sbommatch.archive.documents import contents, documents, stats
from tests.sbommatch.archive.made import CONTENT, ask, opened, store
from tests.sbommatch.cli.sboms import sbom

SEGMENTS = "SELECT count(DISTINCT segment), count(DISTINCT blob_segment) FROM documents"


ArchiveOf = Callable[[int], Path]


def join(path: Path) -> Compacted:
    with open_archive(path) as archive:
        return compact(archive)


def remove(path: Path, *subjects: str) -> int:
    with opened(path) as (archive, reader), Commits(archive) as commits:
        return commits.remove([one.sha256 for one in documents(reader) if one.path.endswith(subjects)])


def parquet_files(path: Path) -> int:
    return sum("_delta_log" not in file.parts for file in path.rglob("*.parquet"))


def test_segments_become_one_and_say_the_same(archive_of: ArchiveOf) -> None:
    path = archive_of(3)
    before = ask(path, CONTENT)
    done = join(path)
    assert (done.segments_before, done.segments, done.is_swept) == (3, 1, True)
    assert done.freed_bytes > 0
    assert ask(path, CONTENT) == before
    assert ask(path, SEGMENTS) == [(1, 1)]
    assert parquet_files(path) == 4
    again = join(path)
    assert (again.segments_before, again.segments, again.freed_bytes) == (1, 1, 0)


def test_coordinates_are_numbered_once(archive_of: ArchiveOf) -> None:
    path = archive_of(3)
    join(path)
    assert ask(path, "SELECT count(DISTINCT coordinate), count(DISTINCT coordinate_id), max(coordinate) FROM coordinates") == [(5, 5, 4)]


def test_what_is_removed_counts_no_more_and_is_swept(archive_of: ArchiveOf) -> None:
    path = archive_of(4)
    join(path)
    assert remove(path, "0.json", "2.json") == 2
    assert remove(path, "0.json") == 0
    kept = ask(path, CONTENT)
    assert ask(path, "SELECT path[-6:] FROM documents ORDER BY ALL") == [("1.json",), ("3.json",)]
    assert ask(path, "SELECT count(*) FROM occurrences") == [(6,)]
    assert join(path).freed_bytes > 0
    assert ask(path, CONTENT) == kept
    with opened(path) as (_, reader):
        assert sum(file.rows for file in reader.files["occurrences"]) == 6
    assert parquet_files(path) == 4


def test_removed_documents_can_be_added_again(archive_of: ArchiveOf, tmp_path: Path) -> None:
    path = archive_of(2)
    before = [row[:-3] for row in ask(path, CONTENT)]
    remove(path, "0.json", "1.json")
    assert ask(path, "SELECT count(*) FROM occurrences") == [(0,)]
    assert store(path, tmp_path / "0.json", tmp_path / "1.json").added == 2
    assert [row[:-3] for row in ask(path, CONTENT)] == before


def test_an_empty_archive_can_be_compacted(archive_of: ArchiveOf, tmp_path: Path) -> None:
    path = archive_of(2)
    remove(path, "0.json", "1.json")
    assert join(path).segments == 0
    assert parquet_files(path) == 0
    assert store(path, tmp_path / "0.json").added == 1


def test_large_segments_of_blobs_stay_where_they_are(archive_of: ArchiveOf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SMALL_BLOBS_BYTES", 0)
    path = archive_of(3)
    before = ask(path, CONTENT)
    join(path)
    assert ask(path, SEGMENTS) == [(1, 3)]
    assert ask(path, CONTENT) == before
    with opened(path) as (_, reader):
        assert [data for _, data in contents(reader, documents(reader))]


def test_nothing_is_swept_while_others_are_at_work(archive_of: ArchiveOf) -> None:
    path = archive_of(3)
    with open_archive(path):
        done = join(path)
    assert (done.segments, done.is_swept) == (1, False)
    assert parquet_files(path) > 4
    assert join(path).is_swept
    assert parquet_files(path) == 4


def test_what_is_added_and_removed_meanwhile_is_kept_and_gone(
    archive_of: ArchiveOf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = archive_of(3)
    late = sbom(tmp_path / "late.json", "pkg:pypi/late@1")
    replace = Commits.replace

    def meanwhile(self: Commits, rows: list[segment.Row]) -> None:
        def other() -> None:
            store(path, late)
            remove(path, "1.json")

        monkeypatch.undo()
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        replace(self, rows)

    monkeypatch.setattr(Commits, "replace", meanwhile)
    join(path)
    assert ask(path, "SELECT parse_filename(path) FROM documents ORDER BY ALL") == [("0.json",), ("2.json",), ("late.json",)]
    assert ask(path, "SELECT count(*) FROM occurrences") == [(7,)]
    assert [row[0] for row in ask(path, "SELECT DISTINCT package FROM coordinates WHERE package = 'late'")] == ["late"]


def test_rows_of_a_run_that_was_killed_are_swept(archive_of: ArchiveOf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = archive_of(1)
    monkeypatch.setattr(Commits, "add", lambda self, rows: 0)  # as if it had been killed there
    store(path, sbom(tmp_path / "lost.json", "pkg:pypi/lost@1"))
    monkeypatch.undo()
    assert parquet_files(path) == 7
    assert ask(path, "SELECT count(*) FROM coordinates") == [(4,)]
    assert join(path).freed_bytes > 0
    assert parquet_files(path) == 4
    assert ask(path, "SELECT count(*) FROM occurrences") == [(3,)]


def test_lookups_made_by_other_rules_are_made_again(archive_of: ArchiveOf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    path = archive_of(2)
    before = ask(path, CONTENT)
    monkeypatch.setattr(segment, "INDEXED_BY", "0.1")
    store(path, sbom(tmp_path / "old.json", "pkg:pypi/old@1"), labels={"team": "web"})
    monkeypatch.undo()
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1800000000")
    with opened(path) as (_, reader):
        assert stats(reader).indexed_by == {"0.1": 1, segment.INDEXED_BY: 2}
    assert join(path).renewed == 1
    with opened(path) as (_, reader):
        assert stats(reader).indexed_by == {segment.INDEXED_BY: 3}
        [renewed] = [one for one in documents(reader) if one.path.endswith("old.json")]
    assert (renewed.labels, renewed.added_at.year) == ({"team": "web"}, 2023)
    assert [row for row in ask(path, CONTENT) if row[6] != "old" and b"pypi/old" not in row[-1]] == before
