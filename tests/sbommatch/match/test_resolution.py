"""From rows to findings and verdicts."""

from collections.abc import Iterable, Mapping, Sequence

import pytest
from msgspec.structs import replace

from sbommatch.advisory import Epss, FixState, Kev, NameKind
from sbommatch.match.model import ChannelFix, ComponentResult, Finding, FindingStatus, Fix, Identity, Level, NotChecked, Verdict
from sbommatch.match.resolution import Met, Resolver
from sbommatch.store.model import Candidate, FeedStatus, Group, RatedSeverity
from tests.sbommatch.match.made import COORDINATE, candidate, component, feed, group, identity, lookup

SECDB = feed()
OSV_ALPINE = feed("osv-alpine", completeness="full")
PARTIAL = feed("extra", completeness="partial")
OPENSSL_1551 = {1: (group("CVE-2019-1551"),)}


def resolved(
    *candidates: Candidate,
    groups: Mapping[int, Sequence[Group]] = OPENSSL_1551,
    feeds: Sequence[FeedStatus] = (SECDB,),
    of: Identity | None = None,
) -> tuple[ComponentResult, tuple[Finding, ...]]:
    asked = of or identity()
    return Resolver(feeds, groups).resolve(asked, met(asked, candidates))


def met(asked: Identity, candidates: Iterable[Candidate]) -> list[Met]:
    """Each row with the lookup of its name."""
    lookups = {(one.namespace, one.name): one for one in reversed(asked.lookups)}
    return [(lookups.get((row.namespace, row.name), asked.lookups[0]), row) for row in candidates]


def test_an_affected_row_is_a_finding() -> None:
    result, (found,) = resolved(candidate("CVE-2019-1551"))
    assert result.verdict is Verdict.AFFECTED
    assert result.reason is None
    assert result.feeds == (("alpine-secdb",),)
    assert (found.id, found.match.record, found.match.range, found.match.version) == (
        "CVE-2019-1551",
        "CVE-2019-1551",
        "<1.1.1d-r3",
        "1.1.1d-r2",
    )
    assert (found.fix.state, found.fix.versions) == (FixState.FIXED, ("1.1.1d-r3",))
    assert found.severity.level is Level.UNKNOWN


def test_no_row_is_no_match_where_a_feed_covers_the_namespace() -> None:
    result, findings = resolved()
    assert (result.verdict, result.reason, findings) == (Verdict.NO_MATCH, None, ())


def test_a_release_that_no_feed_covers_is_not_checked() -> None:
    result, _ = resolved(of=identity(lookup(namespace="alpine:3.9")))
    assert (result.verdict, result.reason) == (Verdict.NOT_CHECKED, NotChecked.NO_FEED)


def test_a_partial_feed_checks_nothing() -> None:
    result, _ = resolved(feeds=[PARTIAL])
    assert (result.verdict, result.reason, result.feeds) == (Verdict.NOT_CHECKED, NotChecked.NO_FEED, ((),))


def test_a_partial_feed_gives_findings() -> None:
    result, findings = resolved(candidate("CVE-2019-1551", feed="extra"), feeds=[PARTIAL])
    assert result.verdict is Verdict.AFFECTED
    assert [found.match.feed for found in findings] == ["extra"]


def test_a_partial_feed_clears_nothing() -> None:
    result, _ = resolved(candidate("CVE-2019-1551", feed="extra", state="not_affected"), feeds=[PARTIAL])
    assert result.verdict is Verdict.NOT_CHECKED


@pytest.mark.parametrize("reason", [NotChecked.NO_DISTRO, NotChecked.NO_VERSION])
def test_a_component_without_lookups_keeps_its_reason(reason: NotChecked) -> None:
    result, _ = resolved(of=Identity(component=component("pkg:deb/debian/curl"), lookups=(), reason=reason))
    assert (result.verdict, result.reason) == (Verdict.NOT_CHECKED, reason)


def test_an_invalid_version_that_a_record_lists_is_affected() -> None:
    of = identity(lookup(key=None), reason=NotChecked.INVALID_VERSION)
    result, _ = resolved(candidate("CVE-2019-1551", rule="listed"), of=of)
    assert (result.verdict, result.reason) == (Verdict.AFFECTED, None)
    result, _ = resolved(of=of)
    assert (result.verdict, result.reason) == (Verdict.NOT_CHECKED, NotChecked.INVALID_VERSION)


def test_a_row_that_says_not_affected_clears() -> None:
    result, findings = resolved(candidate("CVE-2019-1551", state="not_affected"))
    assert (result.verdict, findings) == (Verdict.CLEARED, ())


def test_a_clearing_row_closes_its_group_whoever_speaks_of_it() -> None:
    groups = {1: (group("CVE-2019-1551"),), 2: (group("CVE-2019-1551"),), 3: (group("CVE-2020-1967", number=2),)}
    rows = [
        candidate("CVE-2019-1551", 1, state="not_affected"),
        candidate("ALPINE-CVE-2019-1551", 2, feed="osv-alpine"),
        candidate("CVE-2020-1967", 3),
    ]
    result, findings = resolved(*rows, groups=groups, feeds=[SECDB, OSV_ALPINE])
    assert result.verdict is Verdict.AFFECTED
    assert [found.id for found in findings] == ["CVE-2020-1967"]


def test_records_of_one_group_are_one_finding() -> None:
    merged = group("CVE-2020-28493", "GHSA-g3rq-g295-4j3m", "PYSEC-2021-66")
    rows = [candidate("PYSEC-2021-66", 2, feed="osv-pypi"), candidate("GHSA-g3rq-g295-4j3m", 1, feed="osv-pypi")]
    _, (found,) = resolved(*rows, groups={1: (merged,), 2: (merged,)}, feeds=[feed("osv-pypi", completeness="full")])
    assert found.ids == ("CVE-2020-28493", "GHSA-g3rq-g295-4j3m", "PYSEC-2021-66")
    assert found.match.record == "GHSA-g3rq-g295-4j3m"
    assert [also.record for also in found.also] == ["PYSEC-2021-66"]


def test_a_record_of_several_cves_is_a_finding_for_each() -> None:
    groups = {1: (group("CVE-2019-1551"), group("CVE-2020-1967", number=2))}
    _, findings = resolved(candidate("ASA-1"), groups=groups)
    assert [found.id for found in findings] == ["CVE-2019-1551", "CVE-2020-1967"]


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        (candidate("Z", 1), candidate("A", 1, feed="osv-alpine")),
        (candidate("Z", 1, feed="osv-alpine"), candidate("A", 1, feed="osv-x")),
        (candidate("Z", 1), candidate("A", 1, exact=False)),
        (candidate("A", 1), candidate("Z", 1)),
        (candidate("A", 1), candidate("A", 1, rule="listed", raw="1.1.1d-r2")),
    ],
)
def test_the_best_sourced_record_speaks(better: Candidate, worse: Candidate) -> None:
    feeds = [SECDB, OSV_ALPINE, feed("osv-x", completeness="partial")]
    for rows in ([better, worse], [worse, better]):
        _, (found,) = resolved(*rows, feeds=feeds)
        assert (found.match.feed, found.match.record, found.match.rule) == (better.feed, better.record, better.rule)
        assert len(found.also) == 1


@pytest.mark.parametrize(
    ("rows", "state", "versions"),
    [
        ([candidate("A", fix="2"), candidate("B", fix="1")], FixState.FIXED, ("2",)),
        ([candidate("A", fix=None, fix_state=FixState.UNKNOWN), candidate("B", fix="1")], FixState.FIXED, ("1",)),
        ([candidate("A", fix=None, fix_state=FixState.WONT_FIX), candidate("B", fix="1")], FixState.WONT_FIX, ()),
        ([candidate("A", fix="2"), candidate("A", fix="1", raw="x")], FixState.FIXED, ("1", "2")),
        ([candidate("A", fix=None, fix_state=FixState.UNKNOWN)], FixState.UNKNOWN, ()),
    ],
)
def test_the_fix_is_what_the_best_sourced_record_says_of_one(rows: list[Candidate], state: FixState, versions: tuple[str, ...]) -> None:
    _, (found,) = resolved(*rows)
    assert (found.fix.state, found.fix.versions) == (state, versions)


def test_a_record_that_cannot_be_placed_is_named_beside_the_verdict() -> None:
    result, findings = resolved(
        candidate("PYSEC-2025-194", unplaced=True), candidate("CVE-2019-1551"), groups={1: (group("CVE-2019-1551"),)}
    )
    assert result.verdict is Verdict.AFFECTED
    assert [(unchecked.record, unchecked.reason) for unchecked in result.unchecked] == [("PYSEC-2025-194", NotChecked.UNPLACED_BOUND)]
    assert [found.match.record for found in findings] == ["CVE-2019-1551"]


def test_a_record_that_another_row_settles_was_checked() -> None:
    result, _ = resolved(candidate("CVE-2019-1551", unplaced=True), candidate("CVE-2019-1551"))
    assert result.unchecked == ()


def test_a_component_of_which_no_record_can_be_placed_is_not_checked() -> None:
    rows = [candidate("PYSEC-2025-194", unplaced=True)]
    result, _ = Resolver([SECDB], OPENSSL_1551, frozenset({COORDINATE})).resolve(identity(), met(identity(), rows))
    assert (result.verdict, result.reason) == (Verdict.NOT_CHECKED, NotChecked.UNPLACED_BOUND)
    result, _ = Resolver([SECDB], OPENSSL_1551).resolve(identity(), met(identity(), rows))
    assert (result.verdict, len(result.unchecked)) == (Verdict.NO_MATCH, 1)


def test_severity_comes_with_the_group() -> None:
    rated = RatedSeverity("CVSS_V3", "CVSS:3.1/AV:N", "osv-pypi", 9.8, "critical")
    _, (found,) = resolved(candidate("CVE-2019-1551"), groups={1: (group("CVE-2019-1551", severities=(rated,)),)})
    assert (found.severity.level, found.severity.source) == (Level.CRITICAL, "osv-pypi")


def test_a_finding_of_a_removed_package_is_hidden() -> None:
    _, (found,) = resolved(candidate("CVE-2019-1551"), of=identity(component=component("pkg:apk/alpine/openssl@1", visible=False)))
    assert found.hidden


def test_the_version_shown_is_that_of_the_lookup_that_met_the_row() -> None:
    lookups = (lookup("libssl1.1", version="1", name_kind=NameKind.BINARY), lookup("openssl", version="2"))
    _, (found,) = resolved(candidate("CVE-2019-1551", name="openssl"), of=identity(*lookups))
    assert found.match.version == "2"


PRO = identity(lookup(channels=("esm", "pro")))


@pytest.mark.parametrize(
    ("rows", "of", "found"),
    [
        # A channel of the package's own counts before the base.
        ([candidate("A", state="fixed", channel="pro"), candidate("A", fix=None)], PRO, False),
        ([candidate("A", state="not_affected", channel="pro"), candidate("A")], PRO, False),
        ([candidate("A", channel="pro"), candidate("A", state="fixed", channel="esm")], PRO, True),
        ([candidate("A", channel="pro"), candidate("A", state="not_affected")], PRO, True),
        # Another channel clears nothing, and says that the flaw is there where the base is silent.
        ([candidate("A", state="not_affected", channel="pro"), candidate("A")], None, True),
        ([candidate("A", channel="pro"), candidate("A", state="not_affected")], None, False),
        ([candidate("A", channel="pro")], None, True),
        ([candidate("A", state="not_affected", channel="pro")], None, False),
        # Other builds say nothing of these.
        ([candidate("A", channel="pro:fips")], None, False),
        ([candidate("A", channel="ksplice")], None, False),
    ],
)
def test_a_channel_counts_for_its_own_packages(rows: list[Candidate], of: Identity | None, found: bool) -> None:
    _, findings = resolved(*rows, of=of)
    assert bool(findings) is found


def test_another_channel_says_nothing_of_what_the_base_speaks_of() -> None:
    asked = identity()
    for spoken, found in (("CVE-2019-1551", 0), ("CVE-2000-0001", 1)):
        resolver = Resolver([SECDB], OPENSSL_1551, frozenset(), {asked.lookups[0].question: frozenset({spoken})})
        _, findings = resolver.resolve(asked, met(asked, [candidate("A", channel="esm")]))
        assert len(findings) == found


def test_a_fix_that_only_a_channel_has_is_none_and_is_named() -> None:
    _, (found,) = resolved(candidate("A", fix="1+esm1", channel="esm"))
    assert (found.fix.state, found.fix.versions, found.fix.channels) == (FixState.NOT_FIXED, (), (ChannelFix("esm", ("1+esm1",)),))
    assert found.match.channel == "esm"
    _, (found,) = resolved(candidate("A", fix=None, fix_state=FixState.WONT_FIX), candidate("A", fix="1+esm1", channel="esm"))
    assert (found.fix.state, found.fix.channels) == (FixState.WONT_FIX, (ChannelFix("esm", ("1+esm1",)),))
    _, (found,) = resolved(candidate("A", fix="1+esm1", channel="esm"), of=PRO)
    assert found.fix == Fix(FixState.FIXED, ("1+esm1",))


BOTH = identity(lookup("openssl"), lookup("openssl", name_kind=NameKind.BINARY))


@pytest.mark.parametrize(
    ("source", "binary", "found"),
    [
        ("affected", "affected", True),
        ("affected", "not_affected", False),
        ("not_affected", "affected", True),
        ("not_affected", None, False),
    ],
)
def test_what_a_feed_says_of_the_package_itself_counts_before_its_source(source: str, binary: str | None, found: bool) -> None:
    by_source, by_name = BOTH.lookups
    pairs = [(by_source, candidate("A", state=source)), *([(by_name, candidate("A", state=binary))] if binary else [])]
    _, findings = Resolver([SECDB], OPENSSL_1551).resolve(BOTH, pairs)
    assert bool(findings) is found


@pytest.mark.parametrize(
    ("name", "source", "kind", "rule"),
    [
        ("linux-libc-dev", "linux", NameKind.SOURCE, "kernel_headers"),
        ("linux-headers-6.1.0-18-common", "linux", NameKind.SOURCE, "kernel_headers"),
        ("linux-aws-headers-5.15.0-1001", "linux-aws", NameKind.SOURCE, "kernel_headers"),
        ("kernel-headers", "kernel", NameKind.SOURCE, "kernel_headers"),
        ("kernel-headers", "kernel-headers", NameKind.BINARY, None),
        ("linux-image-6.1.0-18-amd64", "linux", NameKind.SOURCE, None),
        ("linux-headers-x", "openssl", NameKind.SOURCE, None),
        ("libssl3-dbgsym", "openssl", NameKind.SOURCE, "debug_package"),
        ("openssl-debuginfo", "openssl", NameKind.SOURCE, "debug_package"),
        ("openssl-debuginfo", "openssl-debuginfo", NameKind.BINARY, None),
        ("libssl3", "openssl", NameKind.SOURCE, None),
    ],
)
def test_what_has_no_code_of_its_source_is_silenced(name: str, source: str, kind: NameKind, rule: str | None) -> None:
    of = identity(lookup(source, name_kind=kind), component=component(f"pkg:deb/debian/{name}@1"))
    result, (found,) = resolved(candidate("A", name=source), of=of)
    assert result.verdict is Verdict.AFFECTED
    assert found.suppressed_by == ((rule,) if rule else ())
    assert found.status is (FindingStatus.SUPPRESSED if rule else FindingStatus.OPEN)


@pytest.mark.parametrize(
    ("assumes", "row", "rule", "exact"),
    [
        ((), candidate("A"), "interval", True),
        (("derivative_of",), candidate("A"), "derivative_of", False),
        (("epoch_assumed",), candidate("A", rule="compare"), "compare", True),
        (("epoch_assumed",), candidate("A", rule="epoch_assumed", exact=False), "epoch_assumed", False),
        (("epoch_assumed", "module_assumed"), candidate("A", rule="compare"), "module_assumed", False),
        (("cpe",), candidate("A", rule="several_builds"), "cpe", False),
    ],
)
def test_what_was_assumed_is_said(assumes: tuple[str, ...], row: Candidate, rule: str, exact: bool) -> None:
    _, (found,) = resolved(row, of=identity(lookup(assumes=assumes)))
    assert (found.match.rule, found.match.exact) == (rule, exact)


def test_exploitation_comes_with_the_group() -> None:
    known = replace(group("CVE-2019-1551"), kev=Kev("2024-01-01"), epss=Epss(0.5))
    _, (found,) = resolved(candidate("CVE-2019-1551"), groups={1: (known,)})
    assert (found.kev, found.epss, found.risk) == (Kev("2024-01-01"), Epss(0.5), 52.5)
