"""Which findings make a run fail."""

import pytest

from sbommatch.match.model import FindingStatus, Level
from sbommatch.match.policy import FailOn, Hidden, Policy, UnknownSeverity, reaching
from tests.sbommatch.match.made import finding


@pytest.mark.parametrize(
    ("fail_on", "level", "fails"),
    [
        (None, Level.CRITICAL, False),
        (FailOn.ANY, Level.NONE, True),
        (FailOn.ANY, Level.UNKNOWN, True),
        (FailOn.LOW, Level.NEGLIGIBLE, False),
        (FailOn.LOW, Level.LOW, True),
        (FailOn.MEDIUM, Level.LOW, False),
        (FailOn.HIGH, Level.HIGH, True),
        (FailOn.HIGH, Level.CRITICAL, True),
        (FailOn.CRITICAL, Level.HIGH, False),
        (FailOn.CRITICAL, Level.UNKNOWN, True),
    ],
)
def test_a_finding_at_or_over_the_threshold_fails(fail_on: FailOn | None, level: Level, fails: bool) -> None:
    assert bool(reaching([finding(level)], Policy(fail_on))) is fails


@pytest.mark.parametrize(("fail_on", "fails"), [(FailOn.LOW, False), (FailOn.ANY, True)])
def test_unknown_severity_passes_a_threshold_when_asked_but_not_any(fail_on: FailOn, fails: bool) -> None:
    assert bool(reaching([finding(Level.UNKNOWN)], Policy(fail_on, UnknownSeverity.PASS))) is fails


@pytest.mark.parametrize(("hidden", "fails"), [(Hidden.REPORT, False), (Hidden.FAIL, True)])
def test_hidden_packages_count_only_when_asked(hidden: Hidden, fails: bool) -> None:
    assert bool(reaching([finding(hidden=True)], Policy(FailOn.ANY, hidden=hidden))) is fails


def test_suppressed_findings_do_not_count() -> None:
    assert not reaching([finding(status=FindingStatus.SUPPRESSED)], Policy(FailOn.ANY))
