"""Which findings count for the exit code, by the user's word."""

from collections.abc import Iterable
from enum import StrEnum

from msgspec import Struct

from sbommatch.match.model import Finding, FindingStatus, Level


class FailOn(StrEnum):
    """From which severity on a finding makes the run fail; `any` asks for no severity."""

    ANY = "any"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class UnknownSeverity(StrEnum):
    """Whether a finding whose severity nobody states reaches a severity asked for."""

    FAIL = "fail"
    PASS = "pass"  # noqa: S105  no password but a word of the command line


class Hidden(StrEnum):
    """What becomes of packages that a later layer removed."""

    REPORT = "report"
    """Their findings are reported, in a section of their own, and count for nothing."""
    OMIT = "omit"
    """They are left out, as if the document did not know them."""
    FAIL = "fail"
    """Their findings count like all others."""


RANKS = {level: rank for rank, level in enumerate((Level.NONE, Level.NEGLIGIBLE, Level.LOW, Level.MEDIUM, Level.HIGH, Level.CRITICAL))}
"""Levels in ascending order; `unknown` has no place among them."""


class Policy(Struct, frozen=True):
    """What the user asked for."""

    fail_on: FailOn | None = None
    unknown_severity: UnknownSeverity = UnknownSeverity.FAIL
    hidden: Hidden = Hidden.REPORT


def reaching(findings: Iterable[Finding], policy: Policy) -> list[Finding]:
    """The findings that make the run fail: open, of a visible package unless hidden ones count too, at or over the severity asked for."""
    if policy.fail_on is None:
        return []
    return [finding for finding in findings if _counts(finding, policy) and _reaches(finding.severity.level, policy)]


def _counts(finding: Finding, policy: Policy) -> bool:
    return finding.status is FindingStatus.OPEN and (not finding.hidden or policy.hidden is Hidden.FAIL)


def _reaches(level: Level, policy: Policy) -> bool:
    if policy.fail_on is None or policy.fail_on is FailOn.ANY:
        return policy.fail_on is FailOn.ANY
    if level is Level.UNKNOWN:
        return policy.unknown_severity is UnknownSeverity.FAIL
    return RANKS[level] >= RANKS[Level(policy.fail_on)]
