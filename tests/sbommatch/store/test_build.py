"""Building databases from small feeds."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from sbommatch.errors import DatabaseError, DigestError, FeedError, UsageError
from sbommatch.problem import ProblemCode
from sbommatch.store import apply, load, staging
from sbommatch.store.build import BuildOptions, build, database_digest
from sbommatch.store.open import SCHEMA_NUMBER, open_database
from sbommatch.store.queries import search
from sbommatch.supply.declarations import feeds_folder
from sbommatch.supply.sources import sources_of
from sbommatch.versions.scheme import KEY_FORMAT
from tests.sbommatch.store.made import below, build_osv, build_secdb, osv, write_zip

TABLES = ("advisory", "identifier", "advisory_group", "package", "affected")


def advisories(pointer: Path) -> list[dict[str, Any]]:
    """The rows of `advisory` by the names of their columns."""
    with open_database(pointer) as database:
        return database.records("FROM advisory")


def contents(pointer: Path) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables, as they lie."""
    with open_database(pointer) as database:
        return {table: database.rows(f"FROM {table}") for table in TABLES}


@contextmanager
def opened(folder: Path) -> Iterator[Any]:
    with open_database(folder / "pointer.json") as database:
        yield database


def test_the_same_feeds_give_the_same_rows(tmp_path: Path) -> None:
    records = [
        osv(f"X-{number}", f"package-{number % 7}", events=below(f"{number}.1"), aliases=[f"CVE-2024-{number:04}"]) for number in range(50)
    ]
    build_osv(tmp_path, *records)
    first = contents(tmp_path / "pointer.json")
    build_osv(tmp_path, *reversed(records))
    assert contents(tmp_path / "pointer.json") == first


def test_packages_are_numbered_in_order_and_rows_lie_by_package_and_key(tmp_path: Path) -> None:
    build_osv(
        tmp_path, osv("X-1", "zeta", events=below("2.0")), osv("X-2", "alpha", events=below("1.0")), osv("X-0", "zeta", events=below("1.0"))
    )
    rows = contents(tmp_path / "pointer.json")
    assert rows["package"] == [(1, "pypi", "alpha"), (2, "pypi", "zeta")]
    assert [(number, record) for number, _feed, record, *_ in rows["advisory"]] == [(1, "X-0"), (2, "X-1"), (3, "X-2")]
    assert [(pkg_id, advisory_id) for pkg_id, advisory_id, *_ in rows["affected"]] == [(1, 3), (2, 1), (2, 2)]


def test_a_broken_record_is_a_loss_with_its_place_and_the_rest_is_loaded(tmp_path: Path) -> None:
    result = build_osv(tmp_path, osv("X-1", events=below("1.0")), b'{"id": ', osv("X-2", events=below("1.0")))
    assert [(loss.code, loss.where, loss.loss) for loss in result.losses] == [(ProblemCode.BAD_RECORD, "osv-pypi.zip: broken-1.json", True)]
    (feed,) = result.status.feeds
    assert (feed.advisories, feed.refused) == (2, 1)


def test_notes_are_counted(tmp_path: Path) -> None:
    git = {"ranges": [{"type": "GIT", "events": [{"introduced": "0"}]}]}
    result = build_osv(
        tmp_path,
        osv("X-1", events=[("fixed", "1.0"), ("introduced", "0.5")]),
        osv("X-2", events=[("introduced", "0"), ("fixed", "7.2.0-12.1")]),
        osv("X-3", ecosystem="Android"),
        {**osv("X-4"), "affected": [git, git]},
        osv("X-5", withdrawn="2026-01-01T00:00:00Z"),
    )
    (feed,) = result.status.feeds
    assert (feed.advisories, feed.withdrawn, feed.unkeyed, feed.git_ranges, feed.unordered, feed.refused) == (5, 1, 1, 2, 1, 0)
    assert result.notes == {"git_range": 2, "unknown_ecosystem": 1, "unordered_events": 1, "unplaced_bound": 1}
    assert result.losses == ()


def test_losses_beyond_the_limit_are_only_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "LOSSES_LIMIT", 2)
    result = build_osv(tmp_path, osv("X-1", events=below("1.0")), b"1", b"2", b"3")
    assert (len(result.losses), result.status.feeds[0].refused) == (2, 3)


def test_rows_go_to_the_engine_in_portions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "ROWS_AT_ONCE", 2)
    monkeypatch.setattr(staging, "HEADS_AT_ONCE", 2)
    result = build_osv(tmp_path, *(osv(f"X-{number}", events=below("1.0")) for number in range(5)))
    assert result.status.feeds[0].affected == 5


def test_progress_is_told_now_and_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "PROGRESS_RECORDS", 2)
    path = write_zip(tmp_path / "osv-pypi.zip", [osv(f"X-{number}") for number in range(5)])
    told: list[tuple[str, int]] = []
    build(
        sources_of([f"osv-pypi={path}"]),
        tmp_path / "pointer.json",
        BuildOptions(progress=lambda feed, records: told.append((feed, records))),
    )
    assert told == [("osv-pypi", 2), ("osv-pypi", 4)]


@pytest.mark.parametrize("records", [[b"{"], [b"<html>404</html>"]])
def test_a_feed_of_which_nothing_can_be_read_is_an_error_and_the_old_database_stays(tmp_path: Path, records: list[bytes]) -> None:
    build_osv(tmp_path, osv("X-1", events=below("1.0")))
    before = {path.name for path in tmp_path.iterdir()}
    with pytest.raises(
        FeedError, match=r"osv-pypi: .*\.zip holds no advisory of the form osv: osv-pypi\.zip: broken-0\.json: no OSV record"
    ):
        build_osv(tmp_path, *records)
    assert {path.name for path in tmp_path.iterdir()} == before
    assert len(contents(tmp_path / "pointer.json")["advisory"]) == 1


def test_a_busted_zip_is_an_error(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "osv-pypi.zip", [osv("X-1")])
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(FeedError, match="the archive is broken") as raised:
        build(sources_of([f"osv-pypi={path}"]), tmp_path / "pointer.json")
    assert raised.value.exit_code == 3
    assert sorted(path.name for path in tmp_path.iterdir()) == [".pointer.json.lock", "osv-pypi.zip"]


def test_a_snapshot_with_a_bad_digest_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    (tmp_path / "feed").mkdir()
    (tmp_path / "feed" / "X-1.json").write_bytes(b'{"id": "X-1"}')
    manifest = '{"feed": "osv-pypi", "captured_at": "2026-01-01", "files": [{"path": "X-1.json", "sha256": "%s"}]}' % ("0" * 64)
    (tmp_path / "feed" / "snapshot.json").write_text(manifest)
    with pytest.raises(DigestError):
        sources_of([f"osv-pypi={tmp_path}/feed"])
    assert [path.name for path in tmp_path.iterdir()] == ["feed"]


def captured(folder: Path, *modified: str, date: str = "", monkeypatch: pytest.MonkeyPatch) -> str | None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(int(datetime(2026, 11, 22, tzinfo=UTC).timestamp())))
    path = write_zip(folder / "all.zip", [{**osv(f"X-{number}"), "modified": text} for number, text in enumerate(modified)])
    return build(sources_of([f"osv-pypi={path}{date}"]), folder / "pointer.json").status.feeds[0].captured_at


def test_without_a_date_it_is_the_newest_modified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    newest = captured(tmp_path, "2025-01-01T00:00:00Z", "2026-07-23T14:34:38.042882Z", "2024-01-01T00:00:00Z", monkeypatch=monkeypatch)
    assert newest == "2026-07-23T14:34:38Z"


def test_a_date_given_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert captured(tmp_path, "2025-01-01T00:00:00Z", date="@2026-08-21", monkeypatch=monkeypatch) == "2026-08-21T00:00:00Z"


def test_a_record_of_next_year_does_not_date_its_feed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert captured(tmp_path, "2027-07-09T15:45:00Z", "2026-07-01T00:00:00Z", monkeypatch=monkeypatch) == "2026-07-01T00:00:00Z"


def test_records_of_the_year_1_leave_the_date_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert captured(tmp_path, "0001-01-01T00:00:00Z", "", "soon", monkeypatch=monkeypatch) is None


def test_built_at_is_source_date_epoch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    assert build_osv(tmp_path, osv("X-1")).status.built_at == "2023-11-14T22:13:20Z"
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    with pytest.raises(UsageError, match="SOURCE_DATE_EPOCH is 'yesterday'"):
        build_osv(tmp_path, osv("X-1"))


def test_the_digest_is_over_schema_key_format_and_sorted_snapshots(tmp_path: Path) -> None:
    result = build_osv(tmp_path, osv("X-1"))
    (feed,) = result.status.feeds
    assert result.status.digest == sha256(f"{SCHEMA_NUMBER}\n{KEY_FORMAT}\n{feed.snapshot}\n".encode()).hexdigest()
    assert database_digest(["b", "a"]) == database_digest(["a", "b"]) != database_digest(["a"])


def test_the_digest_is_of_the_contents_and_not_of_the_container(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    zipped = write_zip(tmp_path / "all.zip", [osv("X-1"), osv("X-2")])
    renamed = write_zip(tmp_path / "other.zip", [osv("X-2"), osv("X-1")])
    digests = {build(sources_of([f"osv-pypi={path}"]), tmp_path / "pointer.json").status.digest for path in (zipped, renamed)}
    assert len(digests) == 1


def test_one_cve_in_several_documents_is_one_record(tmp_path: Path) -> None:
    for release in ("v3.8", "v3.11"):
        (tmp_path / "secdb" / release).mkdir(parents=True)
        document = '{"distroversion": "%s", "packages": [{"pkg": {"name": "musl", "secfixes": {"1.1-r0": ["CVE-2019-14697 XSA-1"]}}}]}'
        (tmp_path / "secdb" / release / "main.json").write_text(document % release)
    (tmp_path / "secdb" / "v3.11" / "again.json").write_text(document % "v3.11")
    result = build(sources_of([f"alpine-secdb={tmp_path}/secdb"]), tmp_path / "pointer.json")
    (feed,) = result.status.feeds
    assert (feed.advisories, feed.affected, feed.covers) == (1, 2, ("alpine:3.11", "alpine:3.8"))
    (advisory,) = advisories(tmp_path / "pointer.json")
    assert (advisory["record_id"], advisory["related"]) == ("CVE-2019-14697", ["XSA-1"])


def test_of_two_records_of_one_identifier_the_newer_is_the_record(tmp_path: Path) -> None:
    folder = tmp_path / "feed"
    folder.mkdir()
    write_zip(folder / "a.zip", [{**osv("X-1", events=below("2.0")), "modified": "2026-02-02T00:00:00Z"}])
    write_zip(folder / "b.zip", [{**osv("X-1", events=below("1.0")), "modified": "2026-01-01T00:00:00Z"}])
    write_zip(folder / "c.zip", [{**osv("X-1", events=below("3.0")), "modified": "2026-03-03T00:00:00Z"}])
    write_zip(folder / "d.zip", [{**osv("X-1", events=below("3.0")), "modified": "2026-03-03T00:00:00Z"}])
    result = build(sources_of([f"osv-pypi={folder}"]), tmp_path / "pointer.json")
    assert (result.status.feeds[0].advisories, result.status.feeds[0].affected, result.notes) == (1, 1, {"duplicate_record": 2})
    with opened(tmp_path) as database:
        assert database.rows("SELECT fix FROM affected") == [("3.0",)]


def test_a_feed_covers_what_it_declares_and_no_more(tmp_path: Path) -> None:
    result = build_osv(tmp_path, osv("X-1", events=below("1.0")), osv("X-2", ecosystem="npm", events=below("1.0.0")))
    assert result.status.feeds[0].covers == ("pypi",)
    assert result.status.feeds[0].affected == 2


def test_names_that_are_in_no_group_of_a_record_stand_beside_it(tmp_path: Path) -> None:
    build_osv(tmp_path, osv("X-1", aliases=["CVE-2024-0001", "CVE-2024-0002", "GHSA-aaaa-bbbb-cccc"], related=["Y-1"]))
    rows = contents(tmp_path / "pointer.json")
    with opened(tmp_path) as database:
        assert [found.related for found in search(database, "GHSA-aaaa-bbbb-cccc")] == [("Y-1", "GHSA-aaaa-bbbb-cccc")]
    assert [identifier for _group, identifier, display in rows["identifier"] if display] == ["CVE-2024-0001", "CVE-2024-0002"]
    assert rows["advisory_group"] == [(1, 1), (1, 2)]


def test_severities_of_single_packages_are_the_records(tmp_path: Path) -> None:
    record = osv("X-1", severity=[{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"}])
    record["affected"][0]["severity"] = [{"type": "Ubuntu", "score": "medium"}]
    build_osv(tmp_path, record)
    (advisory,) = advisories(tmp_path / "pointer.json")
    assert [(one["system"], one["source"], one["score"], one["level"]) for one in advisory["severities"]] == [
        ("CVSS_V3", "osv-pypi", 7.5, "high"),
        ("label", "Ubuntu", None, "medium"),
    ]


def test_a_clearing_is_a_row(tmp_path: Path) -> None:
    build_secdb(tmp_path, {"db": {"0": ["CVE-2016-0682"]}})
    with opened(tmp_path) as database:
        assert database.rows("SELECT state, fix_state, raw, lo, hi FROM affected") == [("not_affected", "unknown", "0", b"", b"\xff")]


def test_paths_with_quotes_are_paths(tmp_path: Path) -> None:
    folder = tmp_path / 'it\'s "here"'
    folder.mkdir()
    assert build_osv(folder, osv("X-1")).database.parent == folder


def test_an_engine_that_fails_is_a_database_error_and_leaves_no_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apply, "NEW_ROWS", "INSERT INTO affected_row SELECT 1")
    with pytest.raises(DatabaseError, match="the database cannot be written: "):
        build_osv(tmp_path, osv("X-1"))
    assert sorted(path.name for path in tmp_path.iterdir()) == [".pointer.json.lock", "osv-pypi.zip"]


def test_the_demo_snapshots_make_a_database(tmp_path: Path) -> None:
    demo = feeds_folder() / "demo"
    result = build(sources_of([f"osv-pypi={demo}/osv-pypi", f"alpine-secdb={demo}/alpine-secdb"]), tmp_path / "pointer.json")
    assert result.losses == ()
    assert [(feed.name, feed.captured_at, feed.covers) for feed in result.status.feeds] == [
        ("alpine-secdb", "2020-06-08T00:00:00Z", ("alpine:3.11", "alpine:3.8")),
        ("osv-pypi", "2026-07-23T14:34:38Z", ("pypi",)),
    ]
    assert result.status.feeds[1].withdrawn == 1
