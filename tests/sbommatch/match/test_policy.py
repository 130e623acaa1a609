"""Which findings make a run fail."""

import pytest

from sbommatch.advisory import FixState
from sbommatch.match.model import FindingStatus, Fix, Level, NotChecked, Verdict
from sbommatch.match.policy import FailOn, Hidden, Policy, UnknownSeverity, applied, failures, feeds_older, reaching
from sbommatch.sbom.component import ComponentLayer
from tests.sbommatch.match.made import component, document, feed, finding, result, target


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


def test_only_what_has_a_fix_counts_when_asked() -> None:
    findings = [
        finding(),
        finding(fix=Fix(FixState.NOT_FIXED, ())),
        finding(fix=Fix(FixState.UNKNOWN, ()), suppressed_by=("covered_by x",)),
    ]
    found = applied(target(findings=findings), Policy(only_fixed=True)).findings
    assert [one.suppressed_by for one in found] == [(), ("only_fixed",), ("covered_by x", "only_fixed")]
    assert [one.status for one in found] == [FindingStatus.OPEN, FindingStatus.SUPPRESSED, FindingStatus.SUPPRESSED]


def test_what_the_base_brought_in_does_not_count_when_asked() -> None:
    layers = (ComponentLayer(0, "sha256:a", origin="base"), ComponentLayer(1, "sha256:b", origin="own"), ComponentLayer(2, "sha256:c"))
    results = [result(component(None, ref=str(layer), layer=layer)) for layer in (0, 1, 2, None)]
    made = target(results, [finding(ref=one.component.ref) for one in results], document=document(layers=layers))
    found = applied(made, Policy(ignore_base=True)).findings
    assert [one.suppressed_by for one in found] == [("ignore_base",), (), (), ()]
    assert applied(made, Policy()) is made


@pytest.mark.parametrize(("percent", "fails"), [(0, False), (66, False), (67, True), (100, True)])
def test_coverage_can_be_required(percent: float, fails: bool) -> None:
    unchecked = result(component(None, ref="c"), Verdict.NOT_CHECKED, NotChecked.NO_FEED)
    made = target([result(component(None, ref="a")), result(component(None, ref="b"), Verdict.CLEARED), unchecked])
    assert bool(list(failures(made, Policy(require_coverage=percent)))) is fails


def test_an_empty_document_is_not_covered() -> None:
    assert list(failures(target(), Policy(require_coverage=1))) == ["components checked: 0 %, not 1 %"]


def test_feeds_have_an_age() -> None:
    feeds = [
        feed("new", captured_at="2026-08-20T23:59:59Z"),
        feed("old", captured_at="2026-08-01T00:00:00Z"),
        feed("none", captured_at=None),
    ]
    assert feeds_older(feeds, 5, "2026-08-22") == [("old", 21), ("none", None)]
    assert feeds_older(feeds, 21, "2026-08-22") == [("none", None)]
