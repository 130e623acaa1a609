"""The listed versions of real OSV records lie inside the intervals of the same records: feeds and schemes judge each other."""

import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from msgspec import Struct

from sbommatch.advisory import Event, EventKind
from sbommatch.versions import SCHEME_BY_NAME, keys
from sbommatch.versions.intervals import Placement, contains, place_events
from sbommatch.versions.scheme import InvalidVersion

SAMPLE = 12
"""Of so many records of PyPI one is read; the long test reads all."""

OUTSIDE = {
    # The record lists the pre-releases of the two versions that introduced the flaw; its range begins at the releases themselves.
    *(("PYSEC-2023-61", version) for version in ("3.2a1", "3.2b1", "3.2rc1", "4.2a1", "4.2b1", "4.2rc1")),
}
"""Listed versions that the record's own ranges leave out, with the reason; they match as listed."""


class _Range(Struct):
    type: str
    events: list[dict[str, str]]


class _Affected(Struct):
    ranges: list[_Range] = []
    versions: list[str] = []


class _Record(Struct):
    id: str
    affected: list[_Affected] = []


def records(archive: Path, step: int) -> Iterator[_Record]:
    decode = msgspec.json.Decoder(_Record).decode
    with zipfile.ZipFile(archive) as file:
        for name in sorted(file.namelist())[::step]:
            yield decode(file.read(name))


def placements(affected: _Affected, scheme: str) -> list[Placement]:
    return [
        place_events(SCHEME_BY_NAME[scheme], [Event(EventKind(kind), version) for event in one.events for kind, version in event.items()])
        for one in affected.ranges
        if one.type != "GIT"
    ]


def check_listed_versions(archive: Path, step: int) -> Counter[str]:
    key = keys(SCHEME_BY_NAME["pypi"])
    counts: Counter[str] = Counter()
    outside: set[tuple[str, str]] = set()
    for record in records(archive, step):
        for affected in record.affected:
            placed = placements(affected, "pypi")
            intervals = [interval for placement in placed for interval in placement.intervals]
            zones = [zone for placement in placed for zone in placement.unplaced]
            for version in affected.versions if placed else ():
                try:
                    at = key(version)
                except InvalidVersion:
                    counts["legacy"] += 1
                    continue
                where = "inside" if contains(intervals, at) else "open" if contains(zones, at) else "outside"
                counts[where] += 1
                if where == "outside":
                    outside.add((record.id, version))
    assert outside <= OUTSIDE
    return counts


def test_listed_python_versions_lie_inside_their_intervals(shared_data: Path) -> None:
    counts = check_listed_versions(shared_data / "feeds/osv/PyPI/all.zip", SAMPLE)
    assert counts["inside"] > 1000


@pytest.mark.long
def test_all_listed_python_versions_lie_inside_their_intervals(shared_data: Path) -> None:
    counts = check_listed_versions(shared_data / "feeds/osv/PyPI/all.zip", 1)
    assert counts["outside"] == len(OUTSIDE)
    assert counts["inside"] > 100 * (counts["legacy"] + counts["open"])


UNPLACED = {
    "Go": set[str](),
    "crates.io": set[str](),
    "npm": set[str](),
    "Bitnami": {"nightly.2026-03-10.0"},
    "Julia": set[str](),
    "Hex": set[str](),
}
"""Bounds of the feeds that are no versions of their scheme."""


@pytest.mark.parametrize("ecosystem", UNPLACED)
def test_bounds_of_semver_feeds_have_a_place(shared_data: Path, ecosystem: str) -> None:
    scheme = SCHEME_BY_NAME[ecosystem].name
    unplaced: set[str] = set()
    ranges = 0
    for record in records(shared_data / f"feeds/osv/{ecosystem}/all.zip", 1 if ecosystem in {"npm", "Hex"} else SAMPLE):
        for affected in record.affected:
            for placement in placements(affected, scheme):
                ranges += 1
                unplaced.update(zone.bound.version for zone in placement.unplaced)
                assert not placement.declined
    assert unplaced <= UNPLACED[ecosystem]
    assert ranges > 50
