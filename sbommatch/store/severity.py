"""From severities as stated to scores and levels, by FIRST's reference implementation (the `cvss` library)."""

from functools import lru_cache

from sbommatch.advisory import Severity
from sbommatch.store.model import RatedSeverity

LEVEL_BY_WORD = {
    "none": "none",
    "negligible": "negligible", "unimportant": "negligible",
    "low": "low", "minor": "low",
    "medium": "medium", "moderate": "medium",
    "high": "high", "important": "high",
    "critical": "critical",
}  # fmt: skip
"""The words of GitHub, Debian, Ubuntu, Red Hat and SUSE."""

LEVEL_BY_LOWEST_SCORE = ((9.0, "critical"), (7.0, "high"), (4.0, "medium"), (0.1, "low"), (0.0, "none"))
"""CVSS 3.1 section 5 and 4.0 section 6."""

VECTOR_LIMIT = 1000
"""Characters; CVSS 4.0 with all its metrics has some 300."""

UNKNOWN = "unknown"


def rate(severity: Severity) -> RatedSeverity:
    """The severity with its level, and its base score where it has a vector; `unknown` where nobody can tell."""
    score, level = _rate(severity.system, severity.value)
    return RatedSeverity(severity.system, severity.value, severity.source, score, level)


@lru_cache(maxsize=1 << 16)  # records share their vectors: 12,577 have 1,019
def _rate(system: str, value: str) -> tuple[float | None, str]:
    if system == "label":
        return None, LEVEL_BY_WORD.get(value.strip().lower(), UNKNOWN)
    score = _base_score(system, value) if len(value) <= VECTOR_LIMIT else None
    if score is None:
        return None, UNKNOWN
    if system == "CVSS_V2" and score >= 7.0:
        return score, "high"  # NVD's levels for CVSS 2 end there
    return score, next(level for lowest, level in LEVEL_BY_LOWEST_SCORE if score >= lowest)


def _base_score(system: str, vector: str) -> float | None:
    from cvss import CVSS2, CVSS3, CVSS4
    from cvss.exceptions import CVSSError

    calculators = {"CVSS_V2": CVSS2, "CVSS_V3": CVSS3, "CVSS_V4": CVSS4}
    if system not in calculators:
        return None
    try:
        return float(calculators[system](vector).base_score)
    except CVSSError:
        return None
