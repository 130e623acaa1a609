"""Which stated severity counts."""

import pytest

from sbommatch.match.model import Level
from sbommatch.match.severity import severity_of
from sbommatch.store.model import RatedSeverity

GITHUB = RatedSeverity("label", "HIGH", "osv-pypi", None, "high")
V4 = RatedSeverity("CVSS_V4", "CVSS:4.0/AV:N", "osv-pypi", 6.9, "medium")
V31 = RatedSeverity("CVSS_V3", "CVSS:3.1/AV:N", "osv-pypi", 9.8, "critical")
V30 = RatedSeverity("CVSS_V3", "CVSS:3.0/AV:L", "osv-pypi", 5.0, "medium")
V2 = RatedSeverity("CVSS_V2", "AV:N/AC:L", "osv-pypi", 10.0, "high")
UBUNTU = RatedSeverity("label", "low", "Ubuntu", None, "low")
ODD = RatedSeverity("label", "whatever", "osv-pypi", None, "unknown")
GO = RatedSeverity("CVSS_V3", "CVSS:3.1/AV:P", "osv-go", 2.0, "low")


@pytest.mark.parametrize(
    ("rated", "feeds", "level", "source"),
    [
        ((), ("osv-pypi",), Level.UNKNOWN, None),
        ((ODD,), ("osv-pypi",), Level.UNKNOWN, None),
        ((ODD, V31), ("osv-pypi",), Level.CRITICAL, "osv-pypi"),
        ((V31, GITHUB), ("osv-pypi",), Level.HIGH, "osv-pypi"),
        ((V31, V4), ("osv-pypi",), Level.MEDIUM, "osv-pypi"),
        ((V2, V30), ("osv-pypi",), Level.MEDIUM, "osv-pypi"),
        ((V30, V31), ("osv-pypi",), Level.CRITICAL, "osv-pypi"),
        ((GITHUB, UBUNTU), ("osv-ubuntu", "osv-pypi"), Level.LOW, "Ubuntu"),
        ((GITHUB, UBUNTU), ("osv-pypi",), Level.HIGH, "osv-pypi"),
        ((V31, GO), ("alpine-secdb",), Level.LOW, "osv-go"),
    ],
)
def test_the_nearest_word_counts(rated: tuple[RatedSeverity, ...], feeds: tuple[str, ...], level: Level, source: str | None) -> None:
    found = severity_of(rated, feeds)
    assert (found.level, found.source) == (level, source)


def test_all_vectors_with_a_score_are_kept_newest_first() -> None:
    found = severity_of((V2, V30, V31, V4, GITHUB, V31), ("osv-pypi",))
    assert [(score.version, score.score) for score in found.cvss] == [("4.0", 6.9), ("3.1", 9.8), ("3.0", 5.0), ("2.0", 10.0)]


def test_unknown_is_no_level_among_others() -> None:
    assert severity_of((ODD,), ()).level is Level.UNKNOWN
