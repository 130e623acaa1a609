"""Language packages that an OS package delivers: the distribution maintains them, and its feed knows fixes that no version shows.

`python3-requests 2.28.1+dfsg-1+deb12u1` of Debian delivers `requests 2.28.1` with a fix that PyPI has in 2.31.0 only. So the OS package's
verdict *covers* its language twin where

- the document says that it delivers it,
- both have the same upstream version (pip's own copies of other packages, for one, are not what the distribution's feed speaks of),
- and the OS package was checked. A feed that lists open vulnerabilities covers all; one that lists fixes only covers what it speaks of.

The twin then has the verdict of the OS package; what its own ecosystem says of it is listed as suppressed by `covered_by REF`.
"""

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from sbommatch.ecosystems import LANGUAGE_BY_PURL_TYPE
from sbommatch.match.model import ComponentResult, Finding, FindingStatus, Verdict
from sbommatch.store.model import FeedStatus

FULL = "full"

Resolved = tuple[ComponentResult, tuple[Finding, ...]]
"""A component with its findings."""


def owners_of(resolved: Sequence[Resolved]) -> dict[str, ComponentResult]:
    """By the twins' refs the checked OS packages that deliver them in the same version."""
    by_ref = {result.component.ref: result for result, _ in resolved if ":" in _namespace(result)}
    owners = {}
    for result, _ in resolved:
        owner = by_ref.get(result.component.owned_by or "")
        if owner and owner.verdict is not Verdict.NOT_CHECKED and any(owner.feeds) and _is_twin(result, owner):
            owners[result.component.ref] = owner
    return owners


def _namespace(result: ComponentResult) -> str:
    """Of a distribution it has a colon."""
    return result.lookups[0].namespace if result.lookups else ""


def _is_twin(result: ComponentResult, owner: ComponentResult) -> bool:
    language = (result.component.purl or "").removeprefix("pkg:").partition("/")[0]
    version = result.lookups[0].raw_version if result.lookups else result.component.version
    return language in LANGUAGE_BY_PURL_TYPE and bool(version) and is_same_upstream(owner.lookups[-1].raw_version, version or "")


def is_same_upstream(os_version: str, version: str) -> bool:
    """Whether a distribution's version is one of this upstream version.

    >>> is_same_upstream("1:2.28.1+dfsg-1+deb12u1", "2.28.1"), is_same_upstream("2.28.10-1", "2.28.1")
    (True, False)
    """
    os_version = os_version.rpartition(":")[2]
    return os_version.startswith(version) and not os_version[len(version) : len(version) + 1].isalnum()


def covered(
    resolved: Sequence[Resolved],
    owners: Mapping[str, ComponentResult],
    feeds: Sequence[FeedStatus],
    spoken_of: Mapping[str, frozenset[str]],
) -> list[Resolved]:
    """The results with the twins covered.

    `spoken_of`: by the owners' refs what their feeds say anything of, as findings are called; of owners that a full feed speaks for it is
    not asked.
    """
    return [
        _covered(one, owner, is_full=is_full(owner, feeds), spoken_of=spoken_of) if (owner := owners.get(one[0].component.ref)) else one
        for one in resolved
    ]


def is_full(owner: ComponentResult, feeds: Sequence[FeedStatus]) -> bool:
    """Whether a feed that lists open vulnerabilities too speaks for the package."""
    full = {feed.name for feed in feeds if feed.completeness == FULL}
    return any(not full.isdisjoint(names) for names in owner.feeds)


def _covered(twin: Resolved, owner: ComponentResult, *, is_full: bool, spoken_of: Mapping[str, frozenset[str]]) -> Resolved:
    result, findings = twin
    rule = f"covered_by {owner.component.ref}"
    spoken = spoken_of.get(owner.component.ref, frozenset())
    silenced = tuple(_suppressed(one, rule) if is_full or one.id in spoken else one for one in findings)
    if is_full or (findings and all(one.status is FindingStatus.SUPPRESSED for one in silenced)):
        result = replace(result, verdict=owner.verdict, reason=None, covered_by=owner.component.ref)
    return result, silenced


def _suppressed(finding: Finding, rule: str) -> Finding:
    return replace(finding, status=FindingStatus.SUPPRESSED, suppressed_by=(*finding.suppressed_by, rule))
