"""Which of the severities stated for a vulnerability group counts."""

from collections.abc import Sequence

from sbommatch.match.model import CvssScore, FindingSeverity, Level
from sbommatch.store.model import RatedSeverity

SYSTEMS = ("label", "CVSS_V4", "CVSS_V3", "CVSS_V2")
"""In the order of preference."""

CVSS_2 = "2.0"
"""The version of the one vector that does not name its own."""

UNKNOWN = FindingSeverity(Level.UNKNOWN, None, ())


def severity_of(rated: Sequence[RatedSeverity], feeds: Sequence[str]) -> FindingSeverity:
    """The severity that a finding is judged by: the first with a level, in this order.

    1. As the feeds that matched say it, the best-sourced first, for a distribution knows how a flaw bears on its own packages;
       then all others in the order of their names.
    2. Of one source a word, which is its own judgement, before CVSS; a newer CVSS before an older.
    3. The highest score.

    With none, the level is `unknown`, never `low`. All vectors that have a score are kept, the newest CVSS first.
    """
    if not rated:
        return UNKNOWN
    cvss = {CvssScore(_cvss_version(one), one.value, one.score, one.source) for one in rated if one.score is not None}
    vectors = tuple(sorted(cvss, key=lambda score: (-float(score.version), score.source, score.vector)))
    levelled = [one for one in rated if one.level != Level.UNKNOWN]
    if not levelled:
        return FindingSeverity(Level.UNKNOWN, None, vectors)
    best = min(levelled, key=lambda one: (_distance(one.source, feeds), one.source, *_weight(one)))
    return FindingSeverity(Level(best.level), best.source, vectors)


def _distance(source: str, feeds: Sequence[str]) -> int:
    """How far down a source stands among the feeds that matched; OSV's copies name a distribution (`Ubuntu`) as the source of its words."""
    return next((index for index, feed in enumerate(feeds) if feed in {source, f"osv-{source.lower()}"}), len(feeds))


def _weight(rated: RatedSeverity) -> tuple[int, float, str]:
    return SYSTEMS.index(rated.system), -(rated.score or 0.0), rated.value


def _cvss_version(rated: RatedSeverity) -> str:
    """`CVSS:3.0/AV:N/…` says it."""
    prefix = rated.value.partition("/")[0]
    return prefix.removeprefix("CVSS:") if prefix.startswith("CVSS:") else CVSS_2
