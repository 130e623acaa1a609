"""How much was checked."""

from sbommatch.match.coverage import coverage_of
from sbommatch.match.model import ComponentResult, NotChecked, Verdict
from tests.sbommatch.match.made import component, result, target


def results() -> tuple[ComponentResult, ...]:
    return (
        result(component(None, ref="1"), Verdict.AFFECTED),
        result(component(None, ref="2", type="application"), Verdict.NO_MATCH),
        result(component(None, ref="3", type="framework"), Verdict.CLEARED),
        result(component(None, ref="4", type="platform"), Verdict.NOT_CHECKED, NotChecked.NO_VERSION),
        result(component(None, ref="5"), Verdict.NOT_CHECKED, NotChecked.NO_FEED),
        result(component(None, ref="6"), Verdict.NOT_CHECKED, NotChecked.NO_FEED),
        result(component(None, ref="7", type="file"), Verdict.AFFECTED),
    )


def test_packages_are_counted_by_verdict_and_reason() -> None:
    coverage = coverage_of(target(results()))
    assert (coverage.affected, coverage.cleared, coverage.no_match) == (1, 1, 1)
    assert coverage.not_checked == {NotChecked.NO_FEED: 2, NotChecked.NO_VERSION: 1}
    assert (coverage.checked, coverage.counted) == (3, 6)
