"""What changed between two states."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sbommatch.advisory import Enrichment, Epss, Kev, Severity
from sbommatch.store.build import BuildOptions, update
from sbommatch.store.diff import Change, Difference, Kind, What, changed_names, difference
from sbommatch.store.open import Database, end_of_day, open_database
from sbommatch.supply.sources import sources_of
from tests.sbommatch.store.made import Said, below, osv, saying, write_zip

VECTOR = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"
OLD, NEW = "2026-03-01", "2026-03-02"


def loaded(folder: Path, day: str, records: Iterable[Mapping[str, Any]], feed: str = "osv-pypi") -> None:
    (folder / day).mkdir(exist_ok=True)
    path = write_zip(folder / day / f"{feed}.zip", records)
    update(sources_of([f"{feed}={path}@{day}"]), folder / "pointer.json", BuildOptions(accept_shrink=True))


@contextmanager
def both(folder: Path) -> Iterator[tuple[Database, Database]]:
    pointer = folder / "pointer.json"
    with open_database(pointer, as_of=end_of_day(OLD)) as old, open_database(pointer, as_of=end_of_day(NEW)) as new:
        yield old, new


def differing(folder: Path, before: Iterable[Mapping[str, Any]], after: Iterable[Mapping[str, Any]]) -> Difference:
    loaded(folder, OLD, before)
    loaded(folder, NEW, after)
    with both(folder) as states:
        return difference(*states)


def shown(changes: Iterable[Change]) -> list[tuple[Kind, str, str | None, tuple[What, ...]]]:
    return [(change.kind, change.record, change.name, change.what) for change in changes]


BASE = osv("A-1", "alpha", events=below("2.0"))


@pytest.mark.parametrize(
    ("after", "kind", "what"),
    [
        (osv("A-1", "alpha", events=below("2.1")), Kind.MATCHING, (What.FIX, What.RANGE, What.VERSIONS)),
        ({**BASE, "withdrawn": "2026-03-02T00:00:00Z"}, Kind.MATCHING, (What.TEXT, What.WITHDRAWN)),
        (osv("A-1", "alpha", events=below("2.0.0")), Kind.METADATA, (What.FIX, What.RANGE)),
        ({**BASE, "aliases": ["CVE-2024-0001"]}, Kind.METADATA, (What.NAMES,)),
        ({**BASE, "severity": [{"type": "CVSS_V3", "score": VECTOR}]}, Kind.METADATA, (What.SEVERITY,)),
        ({**BASE, "summary": "words"}, Kind.METADATA, (What.TEXT,)),
    ],
)
def test_of_a_record_that_stays_it_says_what_changed(tmp_path: Path, after: dict[str, Any], kind: Kind, what: tuple[What, ...]) -> None:
    assert shown(differing(tmp_path, [BASE], [after]).changes) == [(kind, "A-1", "alpha", what)]


def test_when_a_record_was_modified_is_no_change(tmp_path: Path) -> None:
    assert differing(tmp_path, [BASE], [{**BASE, "modified": "2026-03-02T00:00:00Z"}]).changes == ()


def test_the_order_in_which_a_record_lists_is_no_change(tmp_path: Path) -> None:
    def record(*names: str) -> dict[str, Any]:
        return {**BASE, "affected": [osv("", name, events=below("1.0"))["affected"][0] for name in names]}

    assert differing(tmp_path, [record("a", "b")], [record("b", "a")]).changes == ()


def test_what_comes_and_goes_is_told_by_package_with_its_ranges(tmp_path: Path) -> None:
    two = {**BASE, "affected": [*BASE["affected"], osv("", "beta", events=below("1.0"))["affected"][0]]}
    found = differing(tmp_path, [BASE, osv("B-1", "gamma", versions=["1.0"])], [two, osv("C-1", "gamma", events=below("1.0"))])
    assert shown(found.changes) == [
        (Kind.ADDED, "A-1", "beta", ()), (Kind.REMOVED, "B-1", "gamma", ()), (Kind.ADDED, "C-1", "gamma", ())
    ]  # fmt: skip
    assert [[row.range for row in change.before] for change in found.changes] == [[], ["=1.0"], []]
    assert [[(row.range, row.fix) for row in change.after] for change in found.changes] == [[("<1.0", "1.0")], [], [("<1.0", "1.0")]]
    (feed,) = found.feeds
    assert (feed.added, feed.removed, feed.matching, feed.metadata) == (2, 1, 0, 0)
    assert (feed.captured_before, feed.captured_after) == ("2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z")


def test_a_record_without_packages_changes_too(tmp_path: Path) -> None:
    bare = {"id": "A-1", "modified": "2026-03-01T00:00:00Z", "affected": []}
    assert shown(differing(tmp_path, [bare, BASE | {"id": "B-1"}], [bare | {"summary": "x"}, BASE | {"id": "B-1"}]).changes) == [
        (Kind.METADATA, "A-1", None, (What.TEXT,))
    ]


def test_two_databases_differ_by_their_feeds(tmp_path: Path) -> None:
    for folder, feed, record in (("one", "osv-pypi", BASE), ("two", "osv-go", osv("GO-1", "example.org/m", "Go", events=below("1.0.0")))):
        (tmp_path / folder).mkdir()
        loaded(tmp_path / folder, OLD, [record], feed)
    with open_database(tmp_path / "one/pointer.json") as one, open_database(tmp_path / "two/pointer.json") as two:
        found = difference(one, two)
        assert [(feed.name, feed.before is None, feed.after is None, feed.covers_gained, feed.covers_lost) for feed in found.feeds] == [
            ("osv-go", True, False, ("golang",), ()),
            ("osv-pypi", False, True, (), ("pypi",)),
        ]
        assert changed_names(one, two) == {("golang", "example.org/m"), ("pypi", "alpha")}
        assert difference(one, one).changes == ()


def names(folder: Path, before: Iterable[Mapping[str, Any]], after: Iterable[Mapping[str, Any]]) -> set[str]:
    loaded(folder, OLD, before)
    loaded(folder, NEW, after)
    with both(folder) as states:
        return {name for _, name in changed_names(*states)}


CVE: dict[str, Any] = {"aliases": ["CVE-2024-0001"]}
OTHERS = [osv("B-1", "beta", events=below("1.0"), **CVE), osv("C-1", "gamma", events=below("1.0"))]


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (osv("A-1", "alpha", events=below("2.1"), **CVE), {"alpha"}),
        (osv("A-1", "alpha", events=below("2.0"), severity=[{"type": "CVSS_V3", "score": VECTOR}], **CVE), {"alpha", "beta"}),
        (osv("A-1", "alpha", events=below("2.0"), aliases=["CVE-2024-0001", "GHSA-a"]), {"alpha", "beta"}),
        (osv("A-1", "alpha", events=below("2.0"), summary="words", **CVE), {"alpha"}),
        (osv("A-2", "delta", events=below("2.0"), **CVE), {"alpha", "beta", "delta"}),
    ],
)
def test_names_are_those_of_the_groups_that_a_change_touches(tmp_path: Path, after: dict[str, Any], expected: set[str]) -> None:
    assert names(tmp_path, [osv("A-1", "alpha", events=below("2.0"), **CVE), *OTHERS], [after, *OTHERS]) == expected


def test_what_is_said_of_identifiers_changes_by_identifier(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def enrichment(identifier: str, **fields: Any) -> Enrichment:
        return Enrichment(id=identifier, feed="kev", **fields)

    high = (Severity("label", "high", "x"),)
    before = [enrichment("CVE-1", kev=Kev("2024-01-01")), enrichment("CVE-2", severities=high), enrichment("CVE-3", epss=Epss(0.1))]
    after = [
        enrichment("CVE-1", kev=Kev("2024-01-02")),
        enrichment("CVE-3", epss=Epss(0.2)),
        enrichment("CVE-2024-0001", kev=Kev("2024-01-01")),
    ]
    loaded(tmp_path, OLD, [osv("A-1", "alpha", events=below("2.0"), **CVE)])
    for day, parts in ((OLD, before), (NEW, after)):
        saying(monkeypatch, "kev", Said(*parts))
        (tmp_path / f"{day}.json").write_bytes(day.encode())
        update(sources_of([f"kev={tmp_path}/{day}.json@{day}"]), tmp_path / "pointer.json", BuildOptions(accept_shrink=True))
    with both(tmp_path) as states:
        found = difference(*states)
        assert [(one.kind, one.id, one.what) for one in found.identifiers] == [
            (Kind.METADATA, "CVE-1", (What.KEV,)),
            (Kind.REMOVED, "CVE-2", (What.SEVERITY,)),
            (Kind.ADDED, "CVE-2024-0001", (What.KEV,)),
        ]
        assert [(feed.name, feed.identifiers, feed.epss) for feed in found.feeds] == [("kev", 3, 1), ("osv-pypi", 0, 0)]
        assert changed_names(*states, found) == {("pypi", "alpha")}
