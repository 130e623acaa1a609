"""`sbommatch archive changes` and `archive history`, as people and programs see them."""

from pathlib import Path

import pytest

from tests.sbommatch.archive.test_changes import FLASK, FLASK_OLD, HIGH, JINJA, jinja
from tests.sbommatch.archive.test_matching import library
from tests.sbommatch.archive.world import World
from tests.sbommatch.cli.test_archive import archive
from tests.sbommatch.reports.schemas import check
from tests.support.run import Ran


def ask(world: World, command: str, *arguments: str) -> Ran:
    database: list[str | Path] = ["--db", world.pointer] if command == "changes" else []
    return archive(command, world.archive, *database, *arguments)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Two documents; after the first run jinja2 is known to be affected."""
    made = World(tmp_path)
    made.add("one", [library("j", JINJA), library("f", FLASK)], team="web")
    made.add("two", [library("j", JINJA)])
    made.feed(pypi=[FLASK_OLD])
    return made


def test_the_first_call_says_that_it_only_notes(world: World) -> None:
    first = ask(world, "changes")
    assert (first.code, first.text) == (0, "2 documents, first run: nothing changed\n")
    assert "what stands was noted" in first.stderr
    assert ask(world, "changes", "-q").stderr == ""


def test_changes_are_grouped_for_people_and_whole_for_programs(world: World) -> None:
    ask(world, "changes")
    world.feed(pypi=[FLASK_OLD, jinja(severity=HIGH)])
    shown = check(ask(world, "changes", "-o", "json").stdout, "changes-1.schema.json")
    assert (shown["from"]["run"], shown["to"]["run"], shown["notes"]) == (1, 2, [])
    assert [(one["kind"], one["ref"], one["because"]) for one in shown["changes"]] == [
        ("affected", "j", {"what": "feed", "detail": "osv-pypi: GHSA-1 was added"})
    ] * 2
    again = check(ask(world, "changes", "-o", "json").stdout, "changes-1.schema.json")
    assert again["changes"] == []
    since = ask(world, "changes", "--since", "2020-01-01")
    assert since.code == 2
    assert "knows nothing as of 2020-01-01" in since.stderr
    world.feed(pypi=[FLASK_OLD])
    lines = ask(world, "changes").text.splitlines()
    assert lines[0].endswith(": 2 resolved")
    assert lines[2].split() == ["CHANGE", "ID", "SEVERITY", "KEV", "PACKAGE", "VERSION", "DOCUMENTS", "FIX", "BECAUSE"]
    assert lines[3].split()[:6] == ["resolved", "CVE-2020-28493", "critical", "jinja2", "2.11.1", "2"]
    assert lines[3].endswith("osv-pypi: GHSA-1 was removed")


@pytest.mark.parametrize("since", ["tomorrow", "ffffffffffff"])
def test_what_is_no_moment_is_wrong_usage(world: World, since: str) -> None:
    ran = ask(world, "changes", "--since", since)
    assert (ran.code, ran.stdout) == (2, b"")
    assert "neither a date (2026-08-21)" in ran.stderr


def test_since_takes_a_snapshot_and_records_nothing(world: World) -> None:
    from sbommatch.store.open import open_database
    from sbommatch.store.queries import coverage

    with open_database(world.pointer) as database:
        [feed] = coverage(database)
    world.feed(pypi=[FLASK_OLD, jinja()])
    ran = check(ask(world, "changes", "--since", feed.snapshot[:12], "-o", "json").stdout, "changes-1.schema.json")
    assert {one["because"]["what"] for one in ran["changes"]} == {"document"}  # they were added today
    assert (ran["from"]["run"], ran["to"]["run"]) == (None, None)
    assert ask(world, "history", JINJA).code == 2


@pytest.mark.parametrize("what", ["CVE-2020-28493", "GHSA-1", "pkg:pypi/jinja2", JINJA, "one.json"])
def test_history_tells_since_when_it_is_known_here(world: World, what: str) -> None:
    ask(world, "changes")
    world.feed(pypi=[FLASK_OLD, jinja()])
    ask(world, "changes")
    world.feed(pypi=[FLASK_OLD])
    ask(world, "changes")
    name = str(world.folder / what) if what.endswith(".json") else what
    told = check(ask(world, "history", name, "-o", "json").stdout, "history-1.schema.json")
    kinds = [(one["run"], one["kind"], one["package"], one["documents"]) for one in told["events"]]
    if told["document"]:
        assert kinds == [(1, "known", "flask", 1), (2, "affected", "jinja2", 1), (3, "resolved", "jinja2", 1)]
    else:
        assert kinds == [(2, "affected", "jinja2", 2), (3, "resolved", "jinja2", 2)]
    assert "osv-pypi: GHSA-1 was removed" in ask(world, "history", name).text


def test_history_of_what_was_never_met_says_so(world: World) -> None:
    ran = ask(world, "history", "CVE-1999-1")
    assert ran.code == 2
    assert "nothing was recorded yet; `sbommatch archive changes" in ran.stderr
    ask(world, "changes")
    assert "CVE-1999-1: nothing was ever recorded of it" in ask(world, "history", "CVE-1999-1").text
    assert ask(world, "history", "nobody").code == 2
    assert ask(world, "history", "pkg:pypi").code == 2
    known = check(ask(world, "history", "PYSEC-2019-179", "-o", "json").stdout, "history-1.schema.json")
    assert [(one["kind"], one["documents"]) for one in known["events"]] == [("known", 1)]


def test_the_log_can_be_asked_by_sql(world: World) -> None:
    assert archive("files", world.archive, "changes").text == ""
    ask(world, "changes")
    world.feed(pypi=[FLASK_OLD, jinja()])
    ask(world, "changes")
    asked = archive("sql", world.archive, "SELECT kind, count(*) AS n FROM changes GROUP BY kind", "-o", "csv")
    assert asked.text == "kind,n\naffected,2\n"
    assert archive("files", world.archive, "changes").text.count(".parquet") == 1
