"""Snapshots in every form that a user may have them in."""

import gzip
import json
import zipfile
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from sbommatch.errors import DigestError, FeedError, UsageError
from sbommatch.problem import Problem
from sbommatch.supply import snapshot as snapshots
from sbommatch.supply.snapshot import open_snapshot, parse_date, read_files, snapshot_digest

SUFFIXES = (".json",)


def files_of(path: Path) -> dict[str, bytes]:
    """Content by place."""
    found = list(read_files(open_snapshot("osv-pypi", path), SUFFIXES))
    return {file.where: b"" if isinstance(file, Problem) else file.content for file in found}


def digest_of(path: Path) -> str:
    found = read_files(open_snapshot("osv-pypi", path), SUFFIXES)
    return snapshot_digest((file.name, sha256(file.content).hexdigest()) for file in found if not isinstance(file, Problem))


def write_zip(path: Path, files: Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def write_manifest(folder: Path, digests: Mapping[str, str], feed: str = "osv-pypi", captured_at: str = "2026-08-21T06:00:00Z") -> Path:
    files = [{"path": path, "sha256": digest, "url": f"https://example.org/{path}"} for path, digest in digests.items()]
    folder.joinpath("snapshot.json").write_text(json.dumps({"feed": feed, "captured_at": captured_at, "files": files}))
    return folder


def test_a_zip_is_its_members(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "all.zip", {"B.json": b"2", "A.json": b"1", "notes.txt": b"x"})
    assert files_of(path) == {"all.zip: A.json": b"1", "all.zip: B.json": b"2"}


def test_a_file_is_itself(tmp_path: Path) -> None:
    path = tmp_path / "main.json"
    path.write_bytes(b"{}")
    assert files_of(path) == {"main.json": b"{}"}


def test_files_are_known_by_their_first_bytes(tmp_path: Path) -> None:
    packed = tmp_path / "main"
    packed.write_bytes(gzip.compress(b"{}"))
    archive = write_zip(tmp_path / "feed.bin", {"A.json": b"1"})
    assert files_of(packed) == {"main": b"{}"}
    assert files_of(archive) == {"feed.bin: A.json": b"1"}


def test_a_folder_is_its_files_sorted(tmp_path: Path) -> None:
    (tmp_path / "v3.11").mkdir()
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "x.json").write_bytes(b"hidden")
    (tmp_path / "v3.11" / "main.json").write_bytes(b"1")
    (tmp_path / "v3.11" / "community.json.gz").write_bytes(gzip.compress(b"2"))
    (tmp_path / "modified_id.csv").write_bytes(b"3")
    write_zip(tmp_path / "all.zip", {"A.json": b"4"})
    assert files_of(tmp_path) == {"all.zip: A.json": b"4", "v3.11/community.json.gz": b"2", "v3.11/main.json": b"1"}


def test_the_digest_does_not_depend_on_the_archives_name_or_order(tmp_path: Path) -> None:
    one = write_zip(tmp_path / "all.zip", {"A.json": b"1", "B.json": b"2"})
    other = write_zip(tmp_path / "PyPI.zip", {"B.json": b"2", "A.json": b"1"})
    assert digest_of(one) == digest_of(other)
    assert digest_of(one) != digest_of(write_zip(tmp_path / "more.zip", {"A.json": b"1", "B.json": b"3"}))
    assert digest_of(one) != digest_of(write_zip(tmp_path / "less.zip", {"A.json": b"1", "C.json": b"2"}))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-08-21", datetime(2026, 8, 21, tzinfo=UTC)),
        ("2026-08-21T06:28:40Z", datetime(2026, 8, 21, 6, 28, 40, tzinfo=UTC)),
        ("2026-08-21T06:28:40.123456Z", datetime(2026, 8, 21, 6, 28, 40, 123456, tzinfo=UTC)),
        ("2026-08-21T06:28:40.123456789Z", datetime(2026, 8, 21, 6, 28, 40, 123456, tzinfo=UTC)),
        ("2026-08-21 06:28+02:00", datetime(2026, 8, 21, 4, 28, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
        ("0001-01-01T00:00:00+05:00", None),
        ("2026-13-01", None),
        ("20260821", None),
        ("2026-W34", None),
        ("", None),
        ("2026-08-21\n", None),
    ],
)
def test_dates_are_rfc_3339_or_a_day(text: str, expected: datetime | None) -> None:
    assert parse_date(text) == expected


def test_a_snapshot_folder_states_its_date_and_origin(tmp_path: Path) -> None:
    (tmp_path / "A.json").write_bytes(b"1")
    (tmp_path / "not-listed.json").write_bytes(b"2")
    write_manifest(tmp_path, {"A.json": sha256(b"1").hexdigest()})
    snapshot = open_snapshot("osv-pypi", tmp_path)
    assert snapshot.captured_at == datetime(2026, 8, 21, 6, tzinfo=UTC)
    assert snapshot.url == "https://example.org/A.json"
    assert files_of(tmp_path) == {"A.json": b"1"}


def test_a_date_given_by_the_user_comes_first(tmp_path: Path) -> None:
    (tmp_path / "A.json").write_bytes(b"1")
    write_manifest(tmp_path, {"A.json": "sha256:" + sha256(b"1").hexdigest()})
    given = datetime(2025, 1, 1, tzinfo=UTC)
    assert open_snapshot("osv-pypi", tmp_path, given).captured_at == given


def test_file_times_say_nothing(tmp_path: Path) -> None:
    assert open_snapshot("osv-pypi", write_zip(tmp_path / "all.zip", {"A.json": b"1"})).captured_at is None


def test_a_digest_that_differs_refuses_the_whole_snapshot(tmp_path: Path) -> None:
    (tmp_path / "A.json").write_bytes(b"1")
    (tmp_path / "B.json").write_bytes(b"changed")
    write_manifest(tmp_path, {"A.json": sha256(b"1").hexdigest(), "B.json": sha256(b"2").hexdigest()})
    with pytest.raises(DigestError, match=r"B\.json: sha256 is .* snapshot\.json says .* not used") as raised:
        open_snapshot("osv-pypi", tmp_path)
    assert raised.value.exit_code == 6


@pytest.mark.parametrize("path", ["../outside.json", "/etc/passwd", "sub/../../outside.json", "link.json"])
def test_a_manifest_cannot_name_files_outside(tmp_path: Path, path: str) -> None:
    folder = tmp_path / "snapshot"
    folder.mkdir()
    (tmp_path / "outside.json").write_bytes(b"1")
    (folder / "link.json").symlink_to(tmp_path / "outside.json")
    write_manifest(folder, {path: sha256(b"1").hexdigest()})
    with pytest.raises(FeedError, match="is no path inside the folder"):
        open_snapshot("osv-pypi", folder)


def test_a_listed_file_that_is_missing_is_an_error(tmp_path: Path) -> None:
    write_manifest(tmp_path, {"A.json": sha256(b"1").hexdigest()})
    with pytest.raises(FeedError, match=r"A\.json: listed in snapshot\.json and cannot be read: No such file"):
        open_snapshot("osv-pypi", tmp_path)


def test_a_snapshot_of_another_feed_is_wrong_usage(tmp_path: Path) -> None:
    (tmp_path / "A.json").write_bytes(b"1")
    write_manifest(tmp_path, {"A.json": sha256(b"1").hexdigest()}, feed="osv-go")
    with pytest.raises(UsageError, match="a snapshot of osv-go, not of osv-pypi"):
        open_snapshot("osv-pypi", tmp_path)


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        ("{", "cannot be read"),
        ('{"feed": "osv-pypi"}', "captured_at"),
        ('{"feed": "osv-pypi", "captured_at": "soon", "files": [{"path": "A.json", "sha256": "0"}]}', "'soon' is no date"),
        ('{"feed": "osv-pypi", "captured_at": "2026-01-01", "files": []}', "lists no file"),
    ],
)
def test_a_broken_manifest_is_an_error(tmp_path: Path, manifest: str, message: str) -> None:
    (tmp_path / "snapshot.json").write_text(manifest)
    with pytest.raises(FeedError, match=message):
        open_snapshot("osv-pypi", tmp_path)


def test_nothing_to_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match="does not exist"):
        open_snapshot("osv-pypi", tmp_path / "absent")
    with pytest.raises(FeedError, match="holds no file"):
        open_snapshot("osv-pypi", tmp_path)
    (tmp_path / "README.md").write_text("x")
    with pytest.raises(FeedError, match=r"no file of the kind .* but README\.md"):
        files_of(tmp_path)


def test_too_many_files_are_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "FILES_LIMIT", 3)
    for number in range(5):
        (tmp_path / f"{number}.json").touch()
    with pytest.raises(FeedError, match="more than 3 files"):
        open_snapshot("osv-pypi", tmp_path)


def test_a_file_over_the_limit_is_a_loss_and_the_rest_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "FILE_LIMIT_BYTES", 4)
    (tmp_path / "A.json").write_bytes(b"12345")
    (tmp_path / "B.json").write_bytes(b"1234")
    first, second = read_files(open_snapshot("osv-pypi", tmp_path), SUFFIXES)
    assert isinstance(first, Problem)
    assert (first.where, first.loss) == ("A.json", True)
    assert not isinstance(second, Problem)


def test_a_file_that_cannot_be_read_is_a_loss(tmp_path: Path) -> None:
    (tmp_path / "A.json").write_bytes(b"1")
    snapshot = open_snapshot("osv-pypi", tmp_path)
    (tmp_path / "A.json").unlink()
    (problem,) = read_files(snapshot, SUFFIXES)
    assert isinstance(problem, Problem)
    assert (problem.where, problem.message, problem.loss) == ("A.json", "cannot be read: No such file or directory", True)


def test_a_name_that_ends_in_zip_and_is_none_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "all.zip").write_bytes(b"<html>404</html>")
    with pytest.raises(FeedError, match="is no zip archive"):
        files_of(tmp_path / "all.zip")


def test_files_to_skip_are_asked_for_by_their_names_in_the_snapshot(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b"aa")
    write_zip(tmp_path / "all.zip", {"b.json": b"b", "c.json": b"c"})
    asked: dict[str, tuple[int, int]] = {}

    def skip(name: str, crc32: int, size_bytes: int) -> bool:
        asked[name] = crc32, size_bytes
        return name != "all.zip/c.json"

    found = list(read_files(open_snapshot("osv-pypi", tmp_path), SUFFIXES, skip))
    assert [file.name for file in found if not isinstance(file, Problem)] == ["all.zip/c.json"]
    assert asked == {"a.json": (zlib.crc32(b"aa"), 2), "all.zip/b.json": (zlib.crc32(b"b"), 1), "all.zip/c.json": (zlib.crc32(b"c"), 1)}
