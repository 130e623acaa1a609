"""The comparison vectors of the ecosystems' own test suites, and the table of rows where we answer otherwise.

A row of `deviations.tsv` says what the native tool answers: dpkg 1.21 (`dpkg --compare-versions`), apk-tools 3, packaging 26,
ComparableVersion of Maven 3.9.12, Gem::Version of Ruby 3.1, NuGet 5.8, composer/semver 3.4 with PHP 8.2. `none` stands for what it does not
accept, `warned` before what it answers with a warning.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import Struct

from sbommatch.advisory import Event, EventKind
from sbommatch.versions import SCHEME_BY_NAME
from sbommatch.versions.intervals import contains, place_events
from sbommatch.versions.scheme import InvalidVersion, KeyDeclined, Scheme

DEVIATIONS = Path(__file__).with_name("deviations.tsv")
SIGNS = {-1: "<", 0: "=", 1: ">"}


class Deviation(Struct, frozen=True):
    """A row of the vectors that we do not answer as it stands."""

    scheme: str
    left: str
    vector: str
    """The comparison that the vectors want."""
    right: str
    native: str
    ours: str
    reason: str


def deviations(scheme: str) -> dict[tuple[str, str, str], Deviation]:
    rows = [Deviation(*line.split("\t")) for line in DEVIATIONS.read_text("utf-8").splitlines() if not line.startswith("#")]
    return {(row.left, row.vector, row.right): row for row in rows if row.scheme == scheme}


def vectors(shared_data: Path, scheme: str) -> Iterator[tuple[str, str, str]]:
    for line in (shared_data / "versions" / f"{scheme}.txt").read_text("utf-8").splitlines():
        if not line.startswith("#"):
            left, wanted, right = line.split(" ")
            yield left, wanted, right


def answers(scheme: Scheme, left: str, right: str) -> tuple[str, str]:
    """By `compare` and by keys; `none` where a side is no version, and `declined` where it has no key."""
    try:
        compared = SIGNS[scheme.compare(left, right)]
    except InvalidVersion:
        compared = "none"
    try:
        left_key, right_key = scheme.key(left), scheme.key(right)
    except InvalidVersion:
        return compared, "none"
    except KeyDeclined:
        return compared, "declined"
    return compared, SIGNS[(left_key > right_key) - (left_key < right_key)]


@pytest.mark.parametrize("name", ["apk", "composer", "deb", "gem", "go", "maven", "npm", "nuget", "pypi", "rpm", "semver"])
def test_vectors_are_answered_as_they_stand_or_as_the_table_of_deviations_says(shared_data: Path, name: str) -> None:
    scheme = SCHEME_BY_NAME[name]
    expected = deviations(name)
    wrong: list[str] = []
    met = set()
    for row in vectors(shared_data, name):
        left, wanted, right = row
        compared, keyed = answers(scheme, left, right)
        if row in expected:
            met.add(row)
            wanted = expected[row].ours
        if compared != wanted or keyed not in {compared, "declined"}:
            wrong.append(f"{left} {wanted} {right}: compare says {compared}, keys say {keyed}")
    assert not wrong
    assert met == set(expected), "the table holds no row that is not in the vectors"


def test_we_deviate_with_the_native_tool_or_do_not_accept_what_it_warns_of() -> None:
    """No version that the native tool accepts is ordered otherwise than it does."""
    for line in DEVIATIONS.read_text("utf-8").splitlines():
        if not line.startswith("#"):
            row = Deviation(*line.split("\t"))
            assert row.ours == row.native or (row.ours == "none" and row.native.startswith("warned "))


def test_cargo_answers_the_vectors_of_semver(shared_data: Path) -> None:
    for left, wanted, right in vectors(shared_data, "semver"):
        assert answers(SCHEME_BY_NAME["cargo"], left, right) == (wanted, wanted)


def test_zero_as_introduced_stands_below_every_version(shared_data: Path) -> None:
    checked = 0
    for left, _, right in vectors(shared_data, "osv-zero-sentinel"):
        zero, other = (left, right) if left.endswith(":0") else (right, left)
        name, version = other.split(":", 1)
        assert zero == f"{name}:0"
        scheme = SCHEME_BY_NAME.get(name)
        if scheme is None or version == "legacy":
            continue
        placement = place_events(scheme, [Event(EventKind.INTRODUCED, "0"), Event(EventKind.LAST_AFFECTED, version)])
        assert contains(placement.intervals, scheme.key(version))
        checked += 1
    assert checked
