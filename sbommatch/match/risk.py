"""A figure to sort findings by: how likely a flaw is used against somebody soon, times how bad that is.

    risk = 100 · min(1, threat · severity · emphasis), rounded to two decimals

- threat: 1 where CISA lists the vulnerability as exploited (KEV), else the EPSS score; without either there is no figure.
- severity: the mean of what the level stands for (negligible 0.5, low 3, medium 5, high 7.5, critical 9, none 0; unknown counts as medium)
  and the mean of the CVSS base scores, where there are any, divided by 10.
- emphasis: 1.1 where KEV knows of ransomware, 1.05 for all else in KEV, else 1.

It is Grype's formula, so that the figures can be compared.
"""

from sbommatch.advisory import Epss, Kev
from sbommatch.match.model import FindingSeverity, Level

LEVEL_SCORES = {
    Level.NONE: 0.0,
    Level.NEGLIGIBLE: 0.5,
    Level.LOW: 3.0,
    Level.MEDIUM: 5.0,
    Level.HIGH: 7.5,
    Level.CRITICAL: 9.0,
    Level.UNKNOWN: 5.0,
}
"""On the scale of CVSS, 0 to 10."""

KEV_EMPHASIS = 1.05
RANSOMWARE_EMPHASIS = 1.1


def risk_of(severity: FindingSeverity, kev: Kev | None, epss: Epss | None) -> float | None:
    """0 to 100; None where nobody says how likely it is."""
    if kev is None and epss is None:
        return None
    threat = 1.0 if kev else epss.score if epss else 0.0
    emphasis = 1.0 if kev is None else RANSOMWARE_EMPHASIS if kev.ransomware else KEV_EMPHASIS
    scores = [cvss.score for cvss in severity.cvss]
    level = LEVEL_SCORES[severity.level]
    weight = (level + sum(scores) / len(scores)) / 2 if scores else level
    return round(100 * min(1.0, threat * weight / 10 * emphasis), 2)
