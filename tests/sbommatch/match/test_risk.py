"""The risk score."""

import pytest

from sbommatch.advisory import Epss, Kev
from sbommatch.match.model import CvssScore, FindingSeverity, Level
from sbommatch.match.risk import risk_of

KEV = Kev("2024-01-01")
RANSOMWARE = Kev("2024-01-01", None, ransomware=True)


@pytest.mark.parametrize(
    ("level", "scores", "kev", "epss", "risk"),
    [
        (Level.CRITICAL, (), None, None, None),
        (Level.HIGH, (), None, Epss(0.5), 37.5),
        (Level.HIGH, (8.5,), None, Epss(0.5), 40.0),
        (Level.HIGH, (8.0, 9.0), None, Epss(0.5), 40.0),
        (Level.MEDIUM, (), KEV, Epss(0.01), 52.5),
        (Level.MEDIUM, (), RANSOMWARE, None, 55.0),
        (Level.UNKNOWN, (), KEV, None, 52.5),
        (Level.CRITICAL, (10.0,), RANSOMWARE, None, 100.0),
        (Level.NONE, (), None, Epss(0.9), 0.0),
    ],
)
def test_risk_is_likelihood_times_severity(
    level: Level, scores: tuple[float, ...], kev: Kev | None, epss: Epss | None, risk: float | None
) -> None:
    cvss = tuple(CvssScore("3.1", f"CVSS:3.1/{score}", score, "nvd") for score in scores)
    assert risk_of(FindingSeverity(level, None, cvss), kev, epss) == risk
