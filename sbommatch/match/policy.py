"""Which findings count for the exit code, and what else makes a run fail, by the user's word."""

from collections.abc import Iterable, Iterator
from datetime import date
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from sbommatch.advisory import FixState
from sbommatch.match.coverage import Coverage, coverage_of
from sbommatch.match.model import Finding, FindingStatus, Level, TargetResult
from sbommatch.store.model import FeedStatus

ONLY_FIXED = "only_fixed"
"""The rule of findings that have no fix, where the user asks for those that have."""

IGNORE_BASE = "ignore_base"
"""The rule of findings in packages that the base image brought in."""

STALE_AFTER_DAYS = 30
"""Of a feed: distributions and registries publish several advisories a day, so that older ones are said aloud. Nothing is refused."""


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
    only_fixed: bool = False
    ignore_base: bool = False
    require_coverage: float | None = None
    """Percent of the counted components that must have been checked."""
    max_age_days: int | None = None
    """Of every feed of the database; one that states no date is older."""


def applied(target: TargetResult, policy: Policy) -> TargetResult:
    """The result with those findings suppressed that the user does not want to count."""
    if not policy.only_fixed and not policy.ignore_base:
        return target
    base_layers = {layer.index for layer in target.document.layers if layer.origin == "base"}
    base_refs = {one.component.ref for one in target.components if one.component.layer in base_layers}

    def rules(finding: Finding) -> Iterator[str]:
        if policy.only_fixed and finding.fix.state is not FixState.FIXED:
            yield ONLY_FIXED
        if policy.ignore_base and finding.ref in base_refs:
            yield IGNORE_BASE

    return replace(target, findings=tuple(_suppressed(finding, tuple(rules(finding))) for finding in target.findings))


def _suppressed(finding: Finding, rules: tuple[str, ...]) -> Finding:
    if not rules:
        return finding
    return replace(finding, status=FindingStatus.SUPPRESSED, suppressed_by=(*finding.suppressed_by, *rules))


def feeds_older(feeds: Iterable[FeedStatus], days: int, today: str) -> list[tuple[str, int | None]]:
    """The feeds whose snapshots are older than so many days, with their age; None where nobody states when one was taken.

    `today`: `YYYY-MM-DD`.
    """
    ages = [(feed.name, _age(feed, today)) for feed in feeds]
    return [(name, age) for name, age in ages if age is None or age > days]


def _age(feed: FeedStatus, today: str) -> int | None:
    return (date.fromisoformat(today) - date.fromisoformat(feed.captured_at[:10])).days if feed.captured_at else None


def failures(target: TargetResult, policy: Policy) -> Iterator[str]:
    """Why the run fails by what was found, or not looked at, in words."""
    if policy.fail_on and (reached := len(reaching(target.findings, policy))):
        threshold = "of any severity" if policy.fail_on is FailOn.ANY else f"of severity {policy.fail_on} or above"
        yield f"findings {threshold}: {reached}"
    if policy.require_coverage is not None and (percent := percent_checked(coverage_of(target))) < policy.require_coverage:
        yield f"components checked: {percent:.4g} %, not {policy.require_coverage:.4g} %"


def percent_checked(coverage: Coverage) -> float:
    """0 to 100; 0 where there is nothing to check: nothing was checked then."""
    return 100 * coverage.checked / coverage.counted if coverage.counted else 0.0


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
