"""Bitnami's versions: SemVer with revisions of the package."""

import pytest

from sbommatch.advisory import Event, EventKind
from sbommatch.versions.bitnami import BitnamiScheme
from sbommatch.versions.intervals import contains, place_events
from sbommatch.versions.scheme import InvalidVersion

from .truths import hold_ascending, hold_same

SCHEME = BitnamiScheme()


@pytest.mark.parametrize(
    "versions",
    [
        "2.6.0-rc1 2.6.0-rc2 2.6.0 2.6.0-1 2.6.0-2 2.6.0-10 2.6.0-10.1 2.6.1-rc1 2.6.1",
        "9.0.35-alpha 9.0.35 9.0.35-3.57.3 9.0.35-3.57.10 9.0.36",
        # Pseudo-versions of Go, and what has letters, are pre-releases.
        "0.0.0-20250806193153-183891f8d535 0.0.0-20250806193240-9b0b5d4f345f 0.0.0 0.0.0-20250806193240 0.16.20220414",
        "2.4.46-10.el8 2.4.46 3.6.5-8-g210218 3.6.5 3.6.5-8",
        "1.8.0 1.8.0-332 1.8.0-333 1.8.1 17.2.0 17.2.0-8",
    ],
)
def test_revisions_stand_above_their_release(versions: str) -> None:
    hold_ascending(SCHEME, versions)


@pytest.mark.parametrize(
    ("left", "right"), [("1.2.3-4", "v1.2.3-04"), ("1.2.3-4", "1.2.3-4.0+build"), ("1.2-4", "1.2.0-4 "), ("1.2.3-rc.1", "1.2.3-rc.01")]
)
def test_spellings_of_one_version_are_the_same(left: str, right: str) -> None:
    hold_same(SCHEME, left, right)


def test_no_revision_is_revision_zero() -> None:
    assert SCHEME.key("1.19.0") == SCHEME.key("1.19.0-0")
    assert SCHEME.compare("1.19.0", "1.19.0-0") == 0


REVISIONS = ("", "-0", "-4", "-333", "-99999999999999999999", "-3.57.3")


def affected(events: list[Event]) -> list[str]:
    placement = place_events(SCHEME, events)
    versions = ("1.2.2-9", "1.2.3-rc1", "1.2.3", "1.2.3-0", "1.2.3-4", "1.2.3-5", "1.2.4-0")
    return [version for version in versions if contains(placement.intervals, SCHEME.key(version))]


INTRODUCED = Event(EventKind.INTRODUCED, "0")


def test_a_fix_without_revision_is_in_every_revision() -> None:
    assert affected([INTRODUCED, Event(EventKind.FIXED, "1.2.3")]) == ["1.2.2-9", "1.2.3-rc1"]
    assert affected([Event(EventKind.INTRODUCED, "1.2.3")]) == ["1.2.3", "1.2.3-0", "1.2.3-4", "1.2.3-5", "1.2.4-0"]


def test_the_last_affected_version_takes_in_its_revisions_unless_it_names_one() -> None:
    last = Event(EventKind.LAST_AFFECTED, "1.2.3")
    assert affected([INTRODUCED, last]) == ["1.2.2-9", "1.2.3-rc1", "1.2.3", "1.2.3-0", "1.2.3-4", "1.2.3-5"]
    last = Event(EventKind.LAST_AFFECTED, "1.2.3-4")
    assert affected([INTRODUCED, last]) == ["1.2.2-9", "1.2.3-rc1", "1.2.3", "1.2.3-0", "1.2.3-4"]
    assert affected([INTRODUCED, Event(EventKind.FIXED, "1.2.3-5")]) == ["1.2.2-9", "1.2.3-rc1", "1.2.3", "1.2.3-0", "1.2.3-4"]


def test_the_end_of_a_version_is_past_all_its_revisions() -> None:
    end = SCHEME.end_of_upstream("1.2.3-4")
    assert end == SCHEME.end_of("1.2.3") == SCHEME.end_of_upstream("1.2.3")
    assert all(SCHEME.key(f"1.2.3{revision}") < end for revision in REVISIONS)
    assert all(SCHEME.key(version) > end for version in ("1.2.3.1", "1.2.4-rc1", "1.2.4-0"))
    assert SCHEME.key("1.2.3-rc1") < SCHEME.end_of("1.2.3-rc1") < SCHEME.key("1.2.3-rc1.0")


@pytest.mark.parametrize("version", ["nightly.2026-03-10.0", "1.2.3-", "1.2.3-4.", "1.x-4", "-4", "1.2.3--4.", "1.2.3-4+", "1.2.3_4"])
def test_what_is_no_version_is_refused(version: str) -> None:
    for refuse in (SCHEME.key, SCHEME.end_of, SCHEME.end_of_upstream, lambda text: SCHEME.compare("1", text)):
        with pytest.raises(InvalidVersion):
            refuse(version)
