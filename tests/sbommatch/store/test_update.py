"""Updating: one file that answers as of every snapshot as a database of that snapshot alone would."""

import random
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbommatch.errors import DatabaseError, FeedError, UsageError
from sbommatch.formats.osv import OsvFormat
from sbommatch.store.build import BuildOptions, BuildResult, build, update
from sbommatch.store.open import end_of_day, open_database
from sbommatch.store.queries import candidates, coverage, groups_of, history, search, status
from sbommatch.store.subset import Subset, subset_of
from sbommatch.supply.sources import sources_of
from tests.sbommatch.store.made import below, lookup, osv, write_zip

Records = Iterable[Mapping[str, Any] | bytes]


def said(pointer: Path, day: str | None = None) -> dict[str, Any]:
    """All that a database says, as it is or as of a day, without its numbers."""
    with open_database(pointer, as_of=end_of_day(day) if day else None) as database:
        rows = database.rows(
            "SELECT d.feed, d.record_id, p.namespace, p.name, a.* EXCLUDE (pkg_id, advisory_id, first_snapshot, last_snapshot) "
            "FROM affected a JOIN package p USING (pkg_id) JOIN advisory d USING (advisory_id) "
            "WHERE a.last_snapshot IS NULL AND d.last_snapshot IS NULL ORDER BY ALL"
        )
        heads = database.rows(
            "SELECT * EXCLUDE (advisory_id, file, file_crc32, file_bytes, git_ranges, unordered, first_snapshot, last_snapshot) "
            "FROM advisory WHERE last_snapshot IS NULL ORDER BY feed, record_id"
        )
        numbers = dict(database.rows("SELECT advisory_id, feed || ' ' || record_id FROM advisory WHERE last_snapshot IS NULL"))
        groups = groups_of(database, numbers)
        named = {numbers[number]: [(group.display, group.ids) for group in of_record] for number, of_record in groups.items()}
        feeds = [msgspec.structs.replace(feed, loaded_at="") for feed in coverage(database)]
        return {"rows": rows, "heads": heads, "groups": named, "feeds": feeds}


def zipped(folder: Path, name: str, records: Records) -> Path:
    (folder / name).mkdir(exist_ok=True)
    return write_zip(folder / name / "all.zip", records)


def made(folder: Path, day: str, *records: Mapping[str, Any] | bytes, **options: Any) -> BuildResult:
    """A database of PyPI's feed as of a day, or an update of it; `accept_shrink` unless said otherwise, since these feeds are small."""
    source = f"osv-pypi={zipped(folder, day, records)}@{day}"
    return update(sources_of([source]), folder / "pointer.json", BuildOptions(**{"accept_shrink": True} | options))


def fresh(folder: Path, day: str, *records: Mapping[str, Any] | bytes, **options: Any) -> dict[str, Any]:
    """What a new database of these records says."""
    build(sources_of([f"osv-pypi={zipped(folder, 'fresh', records)}@{day}"]), folder / "fresh.json", BuildOptions(**options))
    return said(folder / "fresh.json")


A = osv("A-1", "alpha", events=below("2.0"), aliases=["CVE-2024-0001"])
B = osv("B-1", "beta", events=below("1.0"))
C = osv("C-1", "gamma", events=below("3.0"), aliases=["CVE-2024-0001"])


def record_sets() -> st.SearchStrategy[list[dict[str, Any]]]:
    """Small feeds over the same few names, so that records come, go, change and join."""
    names = st.sampled_from(["R-1", "R-2", "R-3", "R-4", "R-5", "CVE-2024-0001", "CVE-2024-0002"])
    others = st.lists(st.sampled_from(["CVE-2024-0001", "CVE-2024-0002", "GHSA-a", "GHSA-b", "R-1", "R-2"]), max_size=3, unique=True)
    record = st.builds(
        lambda name, package, fix, aliases, withdrawn, listed: osv(
            name, package, events=below(fix), aliases=aliases, withdrawn=withdrawn, versions=listed
        ),
        names, st.sampled_from(["p", "q", "r"]), st.sampled_from(["1.0", "2.0", "none"]), others,
        st.sampled_from([None, "2026-01-01T00:00:00Z"]), st.lists(st.sampled_from(["1.5", "3.0", "x"]), max_size=2),
    )  # fmt: skip
    return st.lists(record, min_size=1, max_size=5, unique_by=lambda one: one["id"])


@given(st.lists(record_sets(), min_size=2, max_size=4))
@settings(max_examples=4)
def test_an_updated_database_says_what_new_ones_of_each_snapshot_say(tmp_path_factory: pytest.TempPathFactory, states: list[Any]) -> None:
    folder = tmp_path_factory.mktemp("states")
    days = [f"2026-03-0{number}" for number in range(1, len(states) + 1)]
    for day, state in zip(days, states, strict=True):
        made(folder, day, *state)
    for day, state in zip(days, states, strict=True):
        assert said(folder / "pointer.json", day) == fresh(folder, day, *state)
    assert said(folder / "pointer.json") == said(folder / "pointer.json", days[-1])


def test_real_feeds_of_two_years_answer_from_one_file(shared_data: Path, tmp_path: Path) -> None:
    feeds = shared_data / "feeds"
    older = [f"osv-{name.lower()}={feeds}/osv-older/{name}/all.zip" for name in ("PyPI", "crates.io")]
    newer = [f"osv-{name.lower()}={feeds}/osv/{name}/all.zip" for name in ("PyPI", "crates.io")]
    build(sources_of(older), tmp_path / "older.json")
    build(sources_of(newer), tmp_path / "newer.json")
    build(sources_of(older), tmp_path / "pointer.json")
    result = update(sources_of(newer), tmp_path / "pointer.json")
    assert (result.refusals, result.unchanged, result.losses) == ((), (), ())
    assert said(tmp_path / "pointer.json") == said(tmp_path / "newer.json")
    assert said(tmp_path / "pointer.json", "2025-06-01") == said(tmp_path / "older.json")
    with open_database(tmp_path / "pointer.json", as_of=end_of_day("2024-12-31")) as database:
        assert [(feed.name, feed.advisories) for feed in coverage(database)] == [("osv-pypi", 2661)]  # crates.io's is of 2025
        assert candidates(database, [lookup("cargo", "rusqlite", "0.22.0")]) == []
    with open_database(tmp_path / "pointer.json") as database:
        assert [one.advisories for one in history(database)["osv-pypi"]] == [2661, 7080]


def test_other_feeds_are_carried_over(tmp_path: Path) -> None:
    made(tmp_path, "2026-03-01", A)
    go = zipped(tmp_path, "go", [osv("GO-1", "example.org/m", "Go", events=below("1.0.0"))])
    result = update(sources_of([f"osv-go={go}@2026-03-02"]), tmp_path / "pointer.json")
    assert [(feed.name, feed.advisories) for feed in result.status.feeds] == [("osv-go", 1), ("osv-pypi", 1)]


def test_where_there_is_nothing_to_update_a_database_is_made(tmp_path: Path) -> None:
    assert made(tmp_path, "2026-03-01", A).status.feeds[0].advisories == 1


def stood(pointer: Path, table: str) -> list[tuple[str, int, int | None]]:
    """(record, first snapshot, last snapshot) of all rows that ever stood."""
    with open_database(pointer) as database:
        if table == "advisory":
            return database.rows("SELECT record_id, first_snapshot, last_snapshot FROM advisory ORDER BY ALL")
        return database.rows(
            "SELECT DISTINCT d.record_id, a.first_snapshot, a.last_snapshot FROM affected_row a "
            "JOIN (SELECT DISTINCT advisory_id, record_id FROM advisory) d USING (advisory_id) ORDER BY ALL"
        )


def test_only_what_changed_is_touched(tmp_path: Path) -> None:
    other_head = {**C, "summary": "now with words", "modified": "2026-03-02T00:00:00Z"}
    made(tmp_path, "2026-03-01", A, B, C, osv("D-1", "delta", events=below("1.0")))
    made(tmp_path, "2026-03-02", osv("A-1", "alpha", events=below("2.1")), B, other_head)
    pointer = tmp_path / "pointer.json"
    assert stood(pointer, "advisory") == [
        ("A-1", 1, 1), ("A-1", 2, None), ("B-1", 1, None), ("C-1", 1, 1), ("C-1", 2, None), ("D-1", 1, 1)
    ]  # fmt: skip
    assert stood(pointer, "affected_row") == [("A-1", 1, 1), ("A-1", 2, None), ("B-1", 1, None), ("C-1", 1, None), ("D-1", 1, 1)]


def test_of_a_record_only_the_rows_that_changed_are_touched(tmp_path: Path) -> None:
    def record(fix: str) -> dict[str, Any]:
        one, other = osv("A-1", "alpha", events=below("1.0")), osv("A-1", "beta", events=below(fix))
        return {**one, "affected": one["affected"] + other["affected"]}

    made(tmp_path, "2026-03-01", record("1.0"))
    made(tmp_path, "2026-03-02", record("2.0"))
    assert stood(tmp_path / "pointer.json", "affected_row") == [("A-1", 1, 1), ("A-1", 1, None), ("A-1", 2, None)]


def test_a_record_that_comes_back_is_the_same_record(tmp_path: Path) -> None:
    for day, records in (("2026-03-01", [A, B]), ("2026-03-02", [B]), ("2026-03-03", [A, B])):
        made(tmp_path, day, *records)
    pointer = tmp_path / "pointer.json"
    assert stood(pointer, "advisory")[:2] == [("A-1", 1, 1), ("A-1", 3, None)]
    with open_database(pointer) as database:
        assert database.rows("SELECT count(DISTINCT advisory_id) FROM advisory WHERE record_id = 'A-1'") == [(1,)]
    assert [bool(said(pointer, day)["groups"].get("osv-pypi A-1")) for day in ("2026-03-01", "2026-03-02", "2026-03-03")] == [
        True,
        False,
        True,
    ]


def test_files_that_did_not_change_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    original = OsvFormat.read

    def watched(self: Any, document: bytes, where: str, context: Any) -> Any:
        read.append(where.rpartition(" ")[2])
        return original(self, document, where, context)

    monkeypatch.setattr(OsvFormat, "read", watched)
    made(tmp_path, "2026-03-01", A, B, b"{")
    read.clear()
    result = made(tmp_path, "2026-03-02", A, osv("B-1", "beta", events=below("1.1")), b"{")
    assert read == ["B-1.json", "broken-2.json"]
    assert (result.status.feeds[0].advisories, result.status.feeds[0].refused) == (2, 1)


def test_another_reader_reads_all_files_again_and_what_it_reads_alike_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def without_a(self: Any, document: bytes, where: str, context: Any) -> Any:
        yield from (part for part in original(self, document, where, context) if getattr(part, "id", "") != "A-1")

    made(tmp_path, "2026-03-01", A, B)
    original = OsvFormat.read
    monkeypatch.setattr(OsvFormat, "read", without_a)
    assert made(tmp_path, "2026-03-01", A, B).unchanged == ("osv-pypi",)
    monkeypatch.setattr("sbommatch.store.present.reader_digest", lambda: "another")
    assert made(tmp_path, "2026-03-01", A, B).status.feeds[0].advisories == 1
    assert stood(tmp_path / "pointer.json", "affected_row") == [("A-1", 1, 1), ("B-1", 1, None)]


def test_a_record_that_moves_to_another_file_is_read_with_all_others(tmp_path: Path) -> None:
    folder = tmp_path / "feed"
    folder.mkdir()
    for name, record in (("a", A), ("b", B)):
        (folder / f"{name}.json").write_bytes(msgspec.json.encode(record))
    build(sources_of([f"osv-pypi={folder}@2026-03-01"]), tmp_path / "pointer.json")
    newer = {**A, "modified": "2026-03-02T00:00:00Z", "affected": osv("A-1", "alpha", events=below("9.0"))["affected"]}
    (folder / "c.json").write_bytes(msgspec.json.encode(newer))
    result = update(sources_of([f"osv-pypi={folder}@2026-03-02"]), tmp_path / "pointer.json")
    assert result.notes == {"duplicate_record": 1}
    build(sources_of([f"osv-pypi={folder}@2026-03-02"]), tmp_path / "fresh.json")
    assert said(tmp_path / "pointer.json") == said(tmp_path / "fresh.json")


def test_records_in_parts_are_put_together_again(tmp_path: Path) -> None:
    def secdb(release: str, fix: str) -> None:
        packages = [{"pkg": {"name": "musl", "secfixes": {fix: ["CVE-2019-14697"]}}}]
        (tmp_path / "secdb" / f"{release}.json").write_bytes(msgspec.json.encode({"distroversion": release, "packages": packages}))

    (tmp_path / "secdb").mkdir()
    secdb("v3.10", "1.0-r0")
    secdb("v3.11", "1.0-r1")
    source = f"alpine-secdb={tmp_path}/secdb@2026-03-0"
    build(sources_of([source + "1"]), tmp_path / "pointer.json")
    secdb("v3.11", "1.0-r2")
    update(sources_of([source + "2"]), tmp_path / "pointer.json")
    build(sources_of([source + "2"]), tmp_path / "fresh.json")
    assert said(tmp_path / "pointer.json") == said(tmp_path / "fresh.json")


def test_the_same_snapshot_again_writes_nothing(tmp_path: Path) -> None:
    first = made(tmp_path, "2026-03-01", A)
    before = first.database.stat()
    again = made(tmp_path, "2026-03-01", A)
    assert (again.unchanged, again.database, again.status) == (("osv-pypi",), first.database, first.status)
    after = first.database.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_the_same_files_of_a_later_day_are_a_snapshot_of_that_day(tmp_path: Path) -> None:
    made(tmp_path, "2026-03-01", A)
    later = made(tmp_path, "2026-03-05", A)
    assert later.status.feeds[0].captured_at == "2026-03-05T00:00:00Z"
    assert stood(tmp_path / "pointer.json", "advisory") == [("A-1", 1, None)]


def test_an_older_snapshot_is_refused_with_both_dates_and_the_others_are_taken_in(tmp_path: Path) -> None:
    made(tmp_path, "2026-03-05", A)
    older = zipped(tmp_path, "older", [B])
    go = zipped(tmp_path, "go", [osv("GO-1", "example.org/m", "Go", events=below("1.0.0"))])
    result = update(sources_of([f"osv-pypi={older}@2026-03-04", f"osv-go={go}@2026-03-01"]), tmp_path / "pointer.json")
    (refusal,) = result.refusals
    assert refusal.feed == "osv-pypi"
    assert "2026-03-04T00:00:00Z" in refusal.why
    assert "2026-03-05T00:00:00Z" in refusal.why
    assert [(feed.name, feed.advisories) for feed in result.status.feeds] == [("osv-go", 1), ("osv-pypi", 1)]
    with open_database(tmp_path / "pointer.json") as database:
        assert [found.record for found in search(database, "alpha")] == ["A-1"]
        assert search(database, "beta") == ()


def test_a_clock_that_went_back_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    undated = {**osv("GO-1", "example.org/m", "Go", events=below("1.0.0")), "modified": "0001-01-01T00:00:00Z"}
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1780000000")
    update(sources_of([f"osv-go={zipped(tmp_path, '1', [undated])}"]), tmp_path / "pointer.json")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1770000000")
    changed = {**undated, "summary": "x"}
    result = update(sources_of([f"osv-go={zipped(tmp_path, '2', [changed])}"]), tmp_path / "pointer.json")
    assert "this machine's clock says 2026-02-02T02:40:00Z" in result.refusals[0].why


def many(count: int, **fields: Any) -> list[dict[str, Any]]:
    return [osv(f"M-{number}", f"m{number}", events=below("1.0"), **fields) for number in range(count)]


@pytest.mark.parametrize(("left", "is_refused"), [(8, False), (7, True)])
def test_a_feed_that_shrinks_by_more_than_a_fifth_is_refused(tmp_path: Path, left: int, is_refused: bool) -> None:
    made(tmp_path, "2026-03-01", *many(10))
    result = made(tmp_path, "2026-03-02", *many(left), accept_shrink=False)
    assert [refusal.why.partition(";")[0] for refusal in result.refusals] == (
        ["the feed shrank: 7 advisories, there were 10"] if is_refused else []
    )
    assert result.status.feeds[0].advisories == (10 if is_refused else left)
    assert made(tmp_path, "2026-03-03", *many(left)).status.feeds[0].advisories == left


def ubuntu(number: int, *releases: str) -> dict[str, Any]:
    record = osv(f"USN-{number}", "musl", f"Ubuntu:{releases[0]}", events=below("1.0-1"))
    for release in releases[1:]:
        record["affected"] += osv("", "musl", f"Ubuntu:{release}", events=below("1.0-1"))["affected"]
    return record


def updated_ubuntu(folder: Path, day: str, *records: Mapping[str, Any], **options: Any) -> BuildResult:
    return update(sources_of([f"osv-ubuntu={zipped(folder, day, records)}@{day}"]), folder / "pointer.json", BuildOptions(**options))


def test_a_feed_that_loses_a_namespace_is_refused(tmp_path: Path) -> None:
    records = [ubuntu(number, "22.04:LTS") for number in range(9)]
    updated_ubuntu(tmp_path, "2026-03-01", *records, ubuntu(9, "24.04:LTS"))
    result = updated_ubuntu(tmp_path, "2026-03-02", *records)
    assert "nothing of ubuntu:24.04 any more" in result.refusals[0].why
    assert result.status.feeds[0].covers == ("ubuntu:22.04", "ubuntu:24.04")
    accepted = updated_ubuntu(tmp_path, "2026-03-02", *records, accept_shrink=True)
    assert accepted.status.feeds[0].covers == ("ubuntu:22.04",)


def test_a_namespace_that_a_changed_record_still_has_is_not_lost(tmp_path: Path) -> None:
    updated_ubuntu(tmp_path, "2026-03-01", ubuntu(1, "22.04:LTS"), ubuntu(2, "24.04:LTS"))
    result = updated_ubuntu(tmp_path, "2026-03-02", ubuntu(1, "22.04:LTS", "24.04:LTS"), ubuntu(2, "22.04:LTS"))
    assert result.refusals == ()


def test_a_feed_of_which_nothing_can_be_read_ends_the_update(tmp_path: Path) -> None:
    made(tmp_path, "2026-03-01", A)
    with pytest.raises(FeedError, match="holds no advisory"):
        made(tmp_path, "2026-03-02", b"{")
    assert said(tmp_path / "pointer.json")["heads"][0][1] == "A-1"


def test_a_subset_has_the_packages_of_its_namespaces_only(tmp_path: Path) -> None:
    records = [ubuntu(1, "22.04:LTS", "24.04:LTS"), ubuntu(2, "22.04:LTS")]
    build(
        sources_of([f"osv-ubuntu={zipped(tmp_path, 'u', records)}@2026-03-01"]),
        tmp_path / "pointer.json",
        BuildOptions(subset=subset_of(["ubuntu:24.04", "pypi"])),
    )
    with open_database(tmp_path / "pointer.json") as database:
        (feed,) = coverage(database)
        assert (feed.advisories, feed.affected, feed.covers, feed.ecosystems) == (1, 1, ("ubuntu:24.04",), ("pypi", "ubuntu:24.04"))


def test_a_database_of_a_subset_has_a_digest_of_its_own(tmp_path: Path) -> None:
    source = [f"osv-ubuntu={zipped(tmp_path, 'u', [ubuntu(1, '22.04:LTS')])}@2026-03-01"]
    digests = {
        build(sources_of(source), tmp_path / "p.json", BuildOptions(subset=subset)).status.digest
        for subset in (Subset(), subset_of(["ubuntu"]), subset_of(["ubuntu:22.04"]))
    }
    assert len(digests) == 3


def test_a_narrower_subset_is_no_loss_and_a_wider_one_reads_all_again(tmp_path: Path) -> None:
    records = [ubuntu(number, "22.04:LTS", "24.04:LTS") for number in range(4)] + [ubuntu(number, "22.04:LTS") for number in range(4, 9)]
    updated_ubuntu(tmp_path, "2026-03-01", *records)
    narrow = updated_ubuntu(tmp_path, "2026-03-02", *records, subset=subset_of(["ubuntu:24.04"]))
    assert (narrow.refusals, narrow.status.feeds[0].advisories, narrow.status.feeds[0].covers) == ((), 4, ("ubuntu:24.04",))
    wide = updated_ubuntu(tmp_path, "2026-03-03", *records)
    assert (wide.status.feeds[0].advisories, wide.status.feeds[0].affected) == (9, 13)


@pytest.mark.parametrize("wrong", ["PyPI", "alpine:", "pypi:3", "windows"])
def test_no_ecosystem_is_wrong_usage(wrong: str) -> None:
    with pytest.raises(UsageError, match="is no ecosystem; there are bitnami"):
        subset_of([wrong])


@pytest.mark.parametrize(
    ("ecosystems", "covers", "meets"),
    [
        ([], ["pypi"], True),
        (["pypi"], ["pypi"], True),
        (["npm"], ["pypi"], False),
        (["alpine:3.20"], ["alpine:*"], True),
        (["alpine"], ["alpine:*"], True),
        (["debian:12"], ["alpine:*"], False),
        (["debian:12"], ["debian:11", "debian:12"], True),
        (["npm"], [], True),
        (["cpe"], ["cpe"], True),
    ],
)
def test_a_feed_meets_a_subset_by_what_it_declares(ecosystems: Sequence[str], covers: Sequence[str], meets: bool) -> None:
    assert subset_of(ecosystems).meets(covers) is meets


def test_rows_that_updates_left_unsorted_are_sorted_when_they_are_many(tmp_path: Path) -> None:
    made(tmp_path, "2026-03-01", *many(40))
    pointer = tmp_path / "pointer.json"

    def sorted_rows() -> int:
        with open_database(pointer) as database:
            number: int = database.rows("SELECT sorted_rows FROM meta")[0][0]
            return number

    few = [osv("A-0", "a0", events=below("1.0"))]
    made(tmp_path, "2026-03-02", *many(40), *few)
    assert sorted_rows() == 40
    half = [osv(f"A-{number}", f"a{number}", events=below("1.0")) for number in range(20)]
    made(tmp_path, "2026-03-03", *many(40), *half)
    assert sorted_rows() == 60
    with open_database(pointer) as database:
        order = [row[:1] for row in database.rows("SELECT pkg_id FROM affected_row")]
        assert order == sorted(order)
    assert said(pointer) == fresh(tmp_path, "2026-03-03", *many(40), *half)
    assert said(pointer, "2026-03-01") == fresh(tmp_path, "2026-03-01", *many(40))
    assert not list(tmp_path.glob(".*.sorted"))


def test_a_database_of_another_schema_is_not_updated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made(tmp_path, "2026-03-01", A)
    monkeypatch.setattr("sbommatch.store.open.SCHEMA_NUMBER", 99)
    with pytest.raises(DatabaseError, match="build it again"):
        made(tmp_path, "2026-03-02", A)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-01", datetime.fromisoformat("2026-03-01T23:59:59.999999+00:00")),
        ("2026-03-01T12:00:00+02:00", datetime.fromisoformat("2026-03-01T10:00:00+00:00")),
        ("yesterday", None),
    ],
)
def test_a_day_ends_with_its_last_moment(text: str, moment: datetime | None) -> None:
    assert end_of_day(text) == moment


def test_before_the_first_snapshot_nothing_is_known(tmp_path: Path) -> None:
    made(tmp_path, "2026-03-01", A)
    with pytest.raises(UsageError, match="knows nothing as of 2026-02-28: the first snapshot is of 2026-03-01"):
        said(tmp_path / "pointer.json", "2026-02-28")


def test_the_status_says_as_of_when(tmp_path: Path) -> None:
    made(tmp_path, "2026-03-01", A)
    made(tmp_path, "2026-03-03", A, B)
    with open_database(tmp_path / "pointer.json", as_of=end_of_day("2026-03-02")) as database:
        found = status(database)
    assert (found.as_of, found.feeds[0].captured_at, found.feeds[0].advisories) == ("2026-03-02T23:59:59Z", "2026-03-01T00:00:00Z", 1)


def test_groups_near_a_change_are_those_of_all_records(tmp_path: Path) -> None:
    rng = random.Random(7)

    def feed() -> list[dict[str, Any]]:
        names = [f"CVE-2024-{number:04}" for number in range(60)] + [f"GHSA-{number}" for number in range(60)]
        return [osv(f"R-{number}", f"p{number}", events=below("1.0"), aliases=rng.sample(names, rng.randrange(4))) for number in range(100)]

    first = feed()
    made(tmp_path, "2026-03-01", *first)
    second = [*first[:98], *feed()[98:]]
    made(tmp_path, "2026-03-02", *second)
    assert said(tmp_path / "pointer.json") == fresh(tmp_path, "2026-03-02", *second)
    assert said(tmp_path / "pointer.json", "2026-03-01") == fresh(tmp_path, "2026-03-01", *first)
