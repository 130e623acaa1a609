"""How much of a document was checked."""

from collections import Counter
from collections.abc import Sequence

from msgspec import Struct

from sbommatch.match.coordinates import distro_stated
from sbommatch.match.model import ComponentResult, NotChecked, TargetResult, Verdict
from sbommatch.sbom.component import Document

COUNTED_TYPES = frozenset({"library", "application", "framework", "platform"})
"""Components that coverage counts. Files, operating systems, devices, data and keys are no packages that a feed could speak of."""


class Coverage(Struct, frozen=True):
    """Components by verdict; the field names are those of the JSON report."""

    affected: int
    cleared: int
    no_match: int
    not_checked: dict[NotChecked, int]
    """By reason, sorted; reasons that nothing has are absent."""

    @property
    def checked(self) -> int:
        """Components that some feed speaks for."""
        return self.affected + self.cleared + self.no_match

    @property
    def counted(self) -> int:
        """All components that count."""
        return self.checked + sum(self.not_checked.values())


def counted_results(target: TargetResult) -> list[ComponentResult]:
    """The components that coverage counts."""
    return [result for result in target.components if result.component.type in COUNTED_TYPES]


def is_silent(target: TargetResult) -> bool:
    """Whether there are components that count, and none of them was checked."""
    verdicts = (result.verdict for result in target.components if result.component.type in COUNTED_TYPES)
    first = next(verdicts, None)
    return first is Verdict.NOT_CHECKED and all(verdict is Verdict.NOT_CHECKED for verdict in verdicts)


def coverage_of(target: TargetResult) -> Coverage:
    """How many of the counted components have which verdict."""
    results = counted_results(target)
    verdicts = Counter(result.verdict for result in results)
    reasons = Counter(result.reason for result in results if result.reason)
    return Coverage(verdicts[Verdict.AFFECTED], verdicts[Verdict.CLEARED], verdicts[Verdict.NO_MATCH], dict(sorted(reasons.items())))


class Unserved(Struct, frozen=True):
    """What was not checked for one reason, and what it is of."""

    reason: NotChecked
    count: int
    namespaces: tuple[str, ...]
    """Those asked for, else the types of PURLs, where the reason is about them; sorted."""
    distros: tuple[str, ...]
    """Distributions as the document states them, where their feeds are not known or their release is not stated; sorted."""


def unserved(target: TargetResult) -> list[Unserved]:
    """What was not checked, by reason, sorted."""
    by_reason: dict[NotChecked, list[ComponentResult]] = {}
    for result in counted_results(target):
        if result.reason:
            by_reason.setdefault(result.reason, []).append(result)
    return [unserved_for(reason, by_reason[reason], target.document) for reason in sorted(by_reason)]


def unserved_for(reason: NotChecked, results: Sequence[ComponentResult], document: Document) -> Unserved:
    """What these components of a document are of, none of which was checked."""
    namespaces: set[str] = set()
    distros: set[str] = set()
    for result in results:
        if reason in _ABOUT_DISTROS and not result.lookups and (stated := distro_stated(result.component, document.distros)):
            distros.add(f"{stated.id} {stated.version or ''}".rstrip())
        elif reason in _ABOUT_NAMESPACES and result.component.purl:
            namespaces |= {lookup.namespace for lookup in result.lookups} or {result.component.purl.partition(":")[2].partition("/")[0]}
    return Unserved(reason, len(results), tuple(sorted(namespaces)), tuple(sorted(distros)))


_ABOUT_NAMESPACES = frozenset({NotChecked.NO_FEED, NotChecked.NO_SCHEME})
_ABOUT_DISTROS = frozenset({NotChecked.NO_FEED, NotChecked.NO_DISTRO})
