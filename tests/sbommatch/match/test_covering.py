"""OS packages that cover the language packages they deliver."""

from typing import Any

import pytest

from sbommatch.match.covering import Resolved, covered, owners_of
from sbommatch.match.model import ComponentResult, FindingStatus, NotChecked, Verdict
from sbommatch.store.model import FeedStatus
from tests.sbommatch.match.made import component, feed, finding, lookup, result

DEBIAN = feed("debian", ("debian:12",), "full")
FIXES = feed("debian", ("debian:12",), "fixes_only")


def owner(verdict: Verdict = Verdict.NO_MATCH, **fields: Any) -> Resolved:
    made = component("pkg:deb/debian/python3-requests@2.28.1%2Bdfsg-1", ref="os")
    lookups = (lookup("requests", "debian:12", "2.28.1+dfsg-1"), lookup("python3-requests", "debian:12", "2.28.1+dfsg-1"))
    defaults: dict[str, Any] = {"lookups": lookups, "feeds": (("debian",), ("debian",))}
    return result(made, verdict, **defaults | fields), ()


def twin(version: str = "2.28.1", *findings: str, owned_by: str | None = "os", purl_type: str = "pypi") -> Resolved:
    made = component(f"pkg:{purl_type}/requests@{version}", ref="twin", owned_by=owned_by)
    found = tuple(finding(ref="twin", id=identifier, ids=(identifier,)) for identifier in findings)
    verdict = Verdict.AFFECTED if found else Verdict.NOT_CHECKED
    reason = None if found else NotChecked.NO_FEED
    return result(made, verdict, reason, lookups=(lookup("requests", "pypi", version),), feeds=((),)), found


def after(*resolved: Resolved, feeds: FeedStatus = DEBIAN, spoken: tuple[str, ...] = ()) -> tuple[ComponentResult, list[FindingStatus]]:
    found = covered(resolved, owners_of(resolved), [feeds], {"os": frozenset(spoken)})
    one, findings = next(one for one in found if one[0].component.ref == "twin")
    return one, [finding.status for finding in findings]


def test_a_full_feed_covers_all_and_its_verdict_counts() -> None:
    for verdict in (Verdict.NO_MATCH, Verdict.CLEARED, Verdict.AFFECTED):
        one, statuses = after(owner(verdict), twin("2.28.1", "CVE-2023-32681"))
        assert (one.verdict, one.reason, one.covered_by, statuses) == (verdict, None, "os", [FindingStatus.SUPPRESSED])


def test_what_no_feed_of_its_own_checks_is_checked_by_its_owner() -> None:
    one, _ = after(owner(), twin())
    assert (one.verdict, one.reason, one.covered_by) == (Verdict.NO_MATCH, None, "os")


def test_a_feed_of_fixes_covers_what_it_speaks_of() -> None:
    one, statuses = after(owner(), twin("2.28.1", "CVE-1", "CVE-2"), feeds=FIXES, spoken=("CVE-1",))
    assert (one.verdict, one.covered_by, statuses) == (Verdict.AFFECTED, None, [FindingStatus.SUPPRESSED, FindingStatus.OPEN])
    one, statuses = after(owner(), twin("2.28.1", "CVE-1"), feeds=FIXES, spoken=("CVE-1",))
    assert (one.verdict, one.covered_by) == (Verdict.NO_MATCH, "os")
    one, _ = after(owner(), twin(), feeds=FIXES)
    assert (one.verdict, one.covered_by) == (Verdict.NOT_CHECKED, None)


def test_the_rule_names_the_owner() -> None:
    resolved = [owner(), twin("2.28.1", "CVE-1")]
    (_, (found,)) = covered(resolved, owners_of(resolved), [DEBIAN], {})[1]
    assert found.suppressed_by == ("covered_by os",)


@pytest.mark.parametrize(
    ("of", "by"),
    [
        (twin("2.31.0", "CVE-1"), owner()),  # upgraded since, or a copy of another version
        (twin("2.28.1", "CVE-1", owned_by=None), owner()),
        (twin("2.28.1", "CVE-1", owned_by="gone"), owner()),
        (twin("2.28.1", "CVE-1", purl_type="generic"), owner()),
        (twin("2.28.1", "CVE-1"), owner(Verdict.NOT_CHECKED, reason=NotChecked.NO_FEED)),
        (twin("2.28.1", "CVE-1"), owner(feeds=((), ()))),
    ],
)
def test_nothing_else_covers(of: Resolved, by: Resolved) -> None:
    one, statuses = after(by, of)
    assert (one, statuses) == (of[0], [FindingStatus.OPEN])
