"""What `archive changes` tells is what matching everything before and after would tell, with its reason."""

import multiprocessing
import os
import random
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sbommatch.archive import changes as module
from sbommatch.archive import tables
from sbommatch.archive.archive import open_archive
from sbommatch.archive.change import ArchiveChange
from sbommatch.archive.changes import changes_since
from sbommatch.archive.commits import Commits
from sbommatch.archive.compact import compact
from sbommatch.archive.documents import documents
from sbommatch.archive.log import open_log
from sbommatch.archive.matching import Answers
from sbommatch.archive.standing import Known, found_now
from sbommatch.errors import ArchiveError, UsageError
from sbommatch.store.open import open_database
from tests.sbommatch.archive.made import ask, opened
from tests.sbommatch.archive.test_matching import ALPINE, library
from tests.sbommatch.archive.world import World, expected
from tests.sbommatch.match.feeds import below, osv_record

JINJA, FLASK, OPENSSL = "pkg:pypi/jinja2@2.11.1", "pkg:pypi/flask@0.1", "pkg:apk/alpine/openssl@1.1.1d-r2?distro=alpine-3.11.3"
SEED = int(os.environ.get("SBOMPAIR_SEED", "1"))

HIGH = [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]
LOW = [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:L/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N"}]
TWIN = [
    ALPINE,
    library("apk", "pkg:apk/alpine/py3-jinja2@2.11.1-r0?distro=alpine-3.11.3"),
    library("twin", JINJA, properties={"sbomgen:owned_by": "apk"}),
]


def jinja(fixed: str = "2.11.3", **fields: Any) -> dict[str, Any]:
    return osv_record("GHSA-1", "PyPI", "jinja2", below(fixed), aliases=["CVE-2020-28493"], **fields)


FLASK_OLD = osv_record("PYSEC-2019-179", "PyPI", "flask", below("1.0"))


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Two documents; of jinja2 nothing is known yet."""
    made = World(tmp_path)
    made.add("one", [library("j", JINJA), library("f", FLASK), library("h", JINJA, properties={"sbomgen:visible": "false"})], team="web")
    made.add("two", [library("j", JINJA), library("o", OPENSSL)])
    made.feed(pypi=[FLASK_OLD])
    return made


def said(changes: list[ArchiveChange]) -> list[tuple[str, str, str, str]]:
    return [(one.kind.value, one.package, one.id, one.because.what.value) for one in changes]


def test_the_first_run_notes_what_stands_and_tells_nothing(world: World) -> None:
    first = world.changes()
    assert (first.from_, first.to.run, first.to.documents, first.kinds, world.told()) == (None, 1, 2, {}, [])
    again = world.changes()
    assert again.from_ == again.to == first.to  # nothing can have changed, and nothing was recorded
    assert ask(world.archive, "SELECT count(*) FROM documents") == [(2,)]


def test_a_record_that_came_is_told_for_each_component_that_still_ships(world: World) -> None:
    world.changes()
    world.feed(pypi=[FLASK_OLD, jinja(severity=HIGH)])
    found = world.changes()
    assert found.kinds == {"affected": 2}
    one, two = sorted(world.told(), key=lambda change: change.labels.get("team", ""), reverse=True)
    assert (one.kind, one.ref, one.purl, one.package, one.version, one.id, one.record) == (
        "affected", "j", JINJA, "jinja2", "2.11.1", "CVE-2020-28493", "GHSA-1",
    )  # fmt: skip
    assert (one.severity, one.fix, one.is_kev, one.labels, one.at) == ("critical", "2.11.3", False, {"team": "web"}, "2026-01-02T00:00:00Z")
    assert (one.because.what, one.because.detail) == ("feed", "osv-pypi: GHSA-1 was added")
    assert one.document != two.document
    assert one.change_id != two.change_id
    assert world.told(after=world.told()[0].change_id) == world.told()[1:]


@pytest.mark.parametrize(
    ("after", "kind", "detail"),
    [
        (jinja("2.11.4"), "fix_changed", "osv-pypi: GHSA-1 names another fix, has other bounds, meets other versions"),
        (jinja("2.11.0"), "resolved", "osv-pypi: GHSA-1 names another fix, has other bounds, meets other versions"),
        (jinja(severity=LOW), "severity_changed", "osv-pypi: GHSA-1 has another severity"),
        (jinja(withdrawn="2026-01-01T00:00:00Z"), "resolved", "osv-pypi: GHSA-1 was withdrawn, or stands again"),
        (None, "resolved", "osv-pypi: GHSA-1 was removed"),
    ],
)
def test_a_record_that_changed_says_how(world: World, after: dict[str, Any] | None, kind: str, detail: str) -> None:
    world.feed(pypi=[FLASK_OLD, jinja()])
    world.changes()
    world.feed(pypi=[FLASK_OLD, *([after] if after else [])])
    world.changes()
    assert {(one.kind.value, one.because.detail) for one in world.told()} == {(kind, detail)}
    assert len(world.told()) == 2


def test_a_vulnerability_that_gets_another_name_is_no_other_one(world: World) -> None:
    world.feed(pypi=[osv_record("GHSA-1", "PyPI", "jinja2", below("2.11.3"))])
    world.changes()
    world.feed(pypi=[jinja()])
    assert world.changes().kinds == {}
    world.feed(pypi=[FLASK_OLD])
    world.changes()
    assert {(one.kind.value, one.id) for one in world.told()} == {("resolved", "CVE-2020-28493"), ("affected", "PYSEC-2019-179")}


def test_documents_that_came_and_went_are_told(world: World) -> None:
    world.changes()
    world.add("three", [library("f", FLASK)])
    world.remove("one")
    world.changes()
    assert sorted(said(world.told())) == [
        ("affected", "flask", "PYSEC-2019-179", "document"), ("resolved", "flask", "PYSEC-2019-179", "document"),
    ]  # fmt: skip
    gone = next(one for one in world.told() if one.kind == "resolved")
    assert (gone.ref, gone.purl, gone.labels, gone.because.detail) == ("#1", None, {"team": "web"}, "the document was removed")


def test_what_was_removed_and_compacted_is_told_all_the_same(world: World) -> None:
    world.changes()
    world.remove("one")
    with open_archive(world.archive) as archive:
        assert compact(archive).is_swept
    assert world.changes().kinds == {"resolved": 1}
    with open_archive(world.archive) as archive:
        compact(archive)
    assert said(world.told()) == [("resolved", "flask", "PYSEC-2019-179", "document")]
    assert len(ask(world.archive, "SELECT DISTINCT segment FROM all_occurrences")) == 1


def test_a_feed_that_is_gone_resolves_nothing_and_is_new_to_nobody_when_it_is_back(world: World) -> None:
    world.feed(pypi=[FLASK_OLD, jinja()], secdb={"openssl": {"1.1.1d-r3": ["CVE-2019-1551"]}})
    world.changes()
    world.feed(anew=True, pypi=[FLASK_OLD, jinja()])
    found = world.changes()
    assert found.kinds == {}
    assert found.notes == ("1 findings stay as they were, for nobody says anything of them any more: alpine-secdb",)
    world.feed(pypi=[FLASK_OLD, jinja()], secdb={"openssl": {"1.1.1d-r3": ["CVE-2019-1551"]}})
    assert world.changes().kinds == {}
    world.feed(secdb={"openssl": {"1.1.1d-r1": ["CVE-2019-1551"]}})
    world.changes()
    assert said(world.told()) == [("resolved", "openssl", "CVE-2019-1551", "feed")]


def test_other_rules_decide_about_everything_and_are_named(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.feed(pypi=[FLASK_OLD, jinja()])
    monkeypatch.setattr(module, "RULES", "0.0.1 0.1")
    world.changes()
    [(run,)] = [(run,) for run in _runs(world)]
    assert run.rules == "0.0.1 0.1"
    monkeypatch.undo()
    monkeypatch.setattr(module, "found_now", _without_flask)
    world.changes()
    assert said(world.told()) == [("resolved", "flask", "PYSEC-2019-179", "rules")]
    assert world.told()[0].because.detail == "the rules of 0.0.1 0.1 decided otherwise"


def _runs(world: World) -> list[Any]:
    with opened(world.archive) as (_, reader):
        return open_log(reader)


def _without_flask(answers: Answers) -> Known:
    return {key: {id_: one for id_, one in found.items() if one.name != "flask"} for key, found in found_now(answers).items()}


POOL: dict[str, list[dict[str, Any]]] = {
    "twin": TWIN,
    "own": [library("j", JINJA), library("f", FLASK)],
    "again": [library("j", JINJA), library("k", JINJA), library("o", OPENSSL)],
    "hidden": [library("j", JINJA, properties={"sbomgen:visible": "false"}), library("f", "pkg:pypi/flask@0.9")],
    "vendored": [*TWIN[:2], library("f", FLASK, properties={"sbomgen:owned_by": "apk"}), library("g", FLASK)],
    "plain": [ALPINE, library("o", "pkg:apk/alpine/openssl@1.1.1d-r2?distro=alpine-3.11.3"), library("p", TWIN[1]["purl"])],
}


def _drawn(draw: random.Random) -> dict[str, Any]:
    fixes = ["0.5", "1.0", "2.11.2", "2.11.3"]
    names = [
        ("GHSA-1", "jinja2", ["CVE-2020-28493"]),
        ("PYSEC-1", "jinja2", []),
        ("PYSEC-2", "flask", []),
        ("GHSA-4", "flask", ["CVE-2021-4"]),
    ]
    records = [
        osv_record(id_, "PyPI", name, below(draw.choice(fixes)), aliases=aliases, severity=draw.choice([HIGH, LOW]))
        for id_, name, aliases in draw.sample(names, draw.randint(0, 4))
    ]
    fixed = {"openssl": {"1.1.1d-r3": ["CVE-2019-1551"]}, "py3-jinja2": {draw.choice(["2.11.1-r0", "2.11.3-r0"]): ["CVE-2020-1"]}}
    secdb = {name: fixed[name] for name in draw.sample(sorted(fixed), draw.randint(0, 2))}
    padding = osv_record("PYSEC-0", "PyPI", "padding", below("1"))  # a feed is never empty
    return {"pypi": [padding, *records], "secdb": {"padding": {"1-r1": ["CVE-1"]}, **secdb}}


def _live(folder: Path, seed: int, days: int) -> None:
    draw = random.Random(seed)
    world, there = World(folder), set[str]()
    world.feed(**_drawn(draw))
    for name in draw.sample(sorted(POOL), 3):
        world.add(name, POOL[name])
        there.add(name)
    world.changes()
    stood, last = world.standing(), None
    for day in range(days):
        if draw.random() < 0.8:
            world.feed(anew=draw.random() < 0.2, **_drawn(draw))
        for name in draw.sample(sorted(POOL), draw.randint(0, 2)):
            if name in there:
                world.remove(name)
            else:
                world.add(name, POOL[name])
            there ^= {name}
        if draw.random() < 0.3:
            with open_archive(world.archive) as archive:
                compact(archive)
        found = world.changes()
        stands, told = world.standing(), world.told(after=last)
        positions = ask_positions(world) if found.to != found.from_ else []
        assert set(positions) == expected(stood, stands), f"seed {seed}, day {day}"
        assert len(told) == len(positions) == len(set(positions))
        stood, last = stands, told[-1].change_id if told else last


def ask_positions(world: World) -> list[tuple[Any, ...]]:
    """Of the last run."""
    with opened(world.archive) as (_, reader):
        runs = open_log(reader)
        return reader.rows("SELECT kind, sha256, position, id FROM changes WHERE segment = $1", [runs[-1].run])


@pytest.mark.parametrize("seed", range(2))
def test_changes_are_those_between_matches_of_everything(tmp_path: Path, seed: int) -> None:
    _live(tmp_path, SEED + seed, days=4)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(40))
def test_changes_are_those_between_matches_of_everything_for_long(tmp_path: Path, seed: int) -> None:
    _live(tmp_path, SEED + 100 + seed, days=12)


def test_changes_since_a_day_are_answered_by_what_was_known_then(world: World) -> None:
    before = world.standing()
    world.feed(pypi=[jinja()])
    with open_archive(world.archive) as archive, open_database(world.pointer) as database:
        known = datetime(2026, 1, 1, 12, tzinfo=UTC)
        _backdate(world)
        with changes_since(archive, database, known) as found:
            rows = set(found.reader.rows("SELECT kind, sha256, position, id FROM fanned JOIN told USING (told)"))
            assert found.before_state is not None
            assert found.before_state.at == "2026-01-01T12:00:00Z"
        with (
            pytest.raises(UsageError, match="the first snapshot is of 2026-01-01"),
            changes_since(archive, database, datetime(2025, 1, 1, tzinfo=UTC)),
        ):
            pass
    assert rows == expected(before, world.standing())
    assert {kind for kind, *_ in rows} == {"affected", "resolved"}
    assert world.told() == []  # nothing was recorded


def _backdate(world: World) -> None:
    """Documents were there before the feeds."""
    with opened(world.archive) as (archive, reader), Commits(archive) as commits:
        stored = [msgspec.structs.asdict(one) for one in documents(reader)]
        commits.replace([{**one, "added_at": datetime(2025, 1, 1, tzinfo=UTC)} for one in stored])


def test_two_runs_at_once_tell_everything_once(world: World) -> None:
    world.changes()
    world.feed(pypi=[FLASK_OLD, jinja()])
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        kinds = pool.map(_run, [world.folder] * 2)
    assert sorted(kinds, key=len) == [{}, {"affected": 2}]
    assert len({one.change_id for one in world.told()}) == len(world.told()) == 2


def _run(folder: Path) -> dict[str, int]:
    world = World(folder)
    return dict(world.changes().kinds)


@pytest.mark.parametrize("table", ["standing", "members", "told", "changes", "runs"])
def test_a_run_that_ends_early_is_as_if_it_had_not_been(world: World, table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    world.changes()
    world.feed(pypi=[FLASK_OLD, jinja()])

    def cut(real: Callable[..., None]) -> Callable[..., None]:
        def written(into: tables.Table, *rest: Any) -> None:
            if into.name == table:
                raise KeyboardInterrupt
            real(into, *rest)

        return written

    for name in ("append", "write_relation"):
        monkeypatch.setattr(module, name, cut(getattr(tables, name)))
    with pytest.raises(KeyboardInterrupt):
        world.changes()
    monkeypatch.undo()
    assert world.told() == []
    assert world.changes().kinds == {"affected": 2}
    with open_archive(world.archive) as archive:
        assert compact(archive).is_swept
    with opened(world.archive) as (_, reader):
        runs = {run.run for run in open_log(reader)}
        assert {segment for (segment,) in reader.rows("SELECT DISTINCT segment FROM all_standing")} <= runs
    assert len(world.told()) == 2


def test_a_damaged_log_is_named(world: World) -> None:
    world.changes()
    for file in (world.archive / "standing").rglob("*.parquet"):
        file.write_bytes(file.read_bytes()[:-1])
    world.feed(pypi=[FLASK_OLD, jinja()])
    with pytest.raises(ArchiveError, match=r"standing.*cut short or changed"):
        world.changes()


def test_a_clock_that_went_back_changes_no_order(world: World) -> None:
    world.changes()
    world.feed(pypi=[FLASK_OLD, jinja()])
    world.day = 1
    world.changes()
    assert [(run.number, run.at) for run in _runs(world)] == [(1, "2026-01-01T00:00:00Z"), (2, "2026-01-01T00:00:00Z")]
    assert len(world.told()) == 2
