"""Why, and why not."""

from typing import Any

import pytest

from sbommatch.advisory import FixState, State
from sbommatch.match.explanation import ExplainedComponent, ExplainedStatement, Outcome, Why, elsewhere, explained_records, is_meant
from sbommatch.match.model import ComponentResult, NotChecked, Verdict
from sbommatch.purl import parse_purl
from sbommatch.statement import Status
from sbommatch.store.model import FoundRecord, Record
from tests.sbommatch.match.made import component, finding, group, lookup, result

MIDDLE = lookup(key=b"m", arch="x86_64")
GROUPS = {1: (group("CVE-2019-1551", "GHSA-x"),)}
FINDING = finding()


def row(**fields: Any) -> Record:
    defaults: dict[str, Any] = {
        "advisory_id": 1,
        "feed": "alpine-secdb",
        "record": "CVE-2019-1551",
        "namespace": "alpine:3.11",
        "name": "openssl",
        "name_kind": "source",
        "scheme": "apk",
        "state": State.AFFECTED,
        "fix_state": FixState.FIXED,
        "fix": "1.1.1d-r3",
        "raw": "<1.1.1d-r3",
        "rule": None,
        "lo": b"",
        "hi": b"z",
        "listed": None,
        "unplaced": False,
        "withdrawn": None,
        "met": True,
    }
    return Record(**defaults | fields)


@pytest.mark.parametrize(
    ("one", "outcome", "comparison"),
    [
        (row(), Outcome.AFFECTED, "1.1.1d-r2 is in <1.1.1d-r3"),
        (row(withdrawn="2021-01-01T00:00:00Z"), Outcome.WITHDRAWN, "1.1.1d-r2 is in <1.1.1d-r3"),
        (row(state=State.NOT_AFFECTED), Outcome.CLEARED, "1.1.1d-r2 is in <1.1.1d-r3"),
        (row(unplaced=True), Outcome.UNPLACED, "1.1.1d-r2 is in <1.1.1d-r3"),
        (row(record="CVE-2000-0001"), Outcome.CLOSED, "1.1.1d-r2 is in <1.1.1d-r3"),
        (row(met=False, hi=b"c"), Outcome.FIXED, "1.1.1d-r2 >= 1.1.1d-r3"),
        (row(met=False, hi=b"m"), Outcome.FIXED, "1.1.1d-r2 >= 1.1.1d-r3"),
        (row(met=False, hi=b"c", fix=None, fix_state=FixState.UNKNOWN), Outcome.OUTSIDE, "1.1.1d-r2 is not in <1.1.1d-r3"),
        (row(met=False, lo=b"n"), Outcome.BELOW_INTRODUCED, "1.1.1d-r2 is below <1.1.1d-r3"),
        (row(met=False, lo=None, hi=None, listed="1.0"), Outcome.OUTSIDE, "1.1.1d-r2 is not in <1.1.1d-r3"),
        (
            row(applies=False, arch="s390x|ppc64le", module="nodejs:12"),
            Outcome.OTHER_ARCH,
            "<1.1.1d-r3 of s390x|ppc64le, and the package is of x86_64",
        ),
        (
            row(applies=False, arch="x86_64", module="nodejs:12"),
            Outcome.OTHER_MODULE,
            "<1.1.1d-r3 of module nodejs:12, and the package is of no module",
        ),
    ],
)
def test_a_row_is_told_apart(one: Record, outcome: Outcome, comparison: str) -> None:
    (explained,) = explained_records(MIDDLE, [one], GROUPS, [FINDING])
    assert (explained.outcome, explained.rows[0].comparison) == (outcome, comparison)
    assert explained.ids == ("CVE-2019-1551", "GHSA-x")


@pytest.mark.parametrize(
    ("channels", "is_found", "outcome"),
    [
        ((), False, Outcome.OTHER_CHANNEL),
        ((), True, Outcome.AFFECTED),
        (("esm",), False, Outcome.CLOSED),
        (("esm",), True, Outcome.AFFECTED),
    ],
)
def test_a_row_of_another_channel_says_so(channels: tuple[str, ...], is_found: bool, outcome: Outcome) -> None:
    of_channel = row(met=True, channel="esm")
    findings = [finding()] if is_found else []
    (record,) = explained_records(lookup(channels=channels), [of_channel], {}, findings)
    assert record.outcome is outcome


def test_a_version_without_a_key_is_in_or_out_by_comparison() -> None:
    (explained,) = explained_records(lookup(key=None), [row(met=False)], GROUPS, [])
    assert (explained.outcome, explained.rows[0].rule) == (Outcome.OUTSIDE, "compare")


@pytest.mark.parametrize(
    ("one", "rule"),
    [(row(), "interval"), (row(listed="1.0", lo=None, hi=None), "listed"), (row(rule="go_custom_ranges"), "go_custom_ranges")],
)
def test_the_rule_is_named(one: Record, rule: str) -> None:
    (explained,) = explained_records(MIDDLE, [one], GROUPS, [FINDING])
    assert explained.rows[0].rule == rule


def test_of_several_fixes_the_last_one_passed_decides() -> None:
    rows = [row(met=False, hi=b"c", fix="1"), row(met=False, lo=b"d", hi=b"f", fix="2"), row(met=False, lo=b"x", fix="3")]
    (explained,) = explained_records(MIDDLE, rows, GROUPS, [])
    assert [one.fix for one in explained.rows] == ["2", "1", "3"]
    assert explained.outcome is Outcome.FIXED


def test_records_that_matter_most_come_first() -> None:
    rows = [row(met=False, hi=b"c", record="CVE-1"), row(), row(record="CVE-3", withdrawn="2020")]
    assert [record.outcome for record in explained_records(MIDDLE, rows, GROUPS, [FINDING])] == [
        Outcome.AFFECTED,
        Outcome.FIXED,
        Outcome.WITHDRAWN,
    ]


@pytest.mark.parametrize(
    ("findings", "reason", "rows", "answer"),
    [
        ((FINDING,), None, [row()], Verdict.AFFECTED),
        ((), NotChecked.NO_FEED, [], Verdict.NOT_CHECKED),
        ((), None, [row(unplaced=True)], Verdict.NOT_CHECKED),
        ((), None, [row(state=State.NOT_AFFECTED)], Verdict.CLEARED),
        ((), None, [row()], Verdict.CLEARED),
        ((), None, [row(met=False, hi=b"c")], Verdict.NO_MATCH),
        ((), None, [], Verdict.NO_MATCH),
    ],
)
def test_the_answer_is_the_verdict_as_far_as_the_question_goes(
    findings: tuple[Any, ...], reason: NotChecked | None, rows: list[Record], answer: Verdict
) -> None:
    of = result(component(None), Verdict.AFFECTED, reason)
    assert ExplainedComponent(of, findings, explained_records(MIDDLE, rows, GROUPS, findings)).answer is answer


def found(*rows: Record) -> FoundRecord:
    return FoundRecord(
        feed="alpine-secdb",
        record="CVE-2019-1551",
        ids=("CVE-2019-1551",),
        related=(),
        withdrawn=None,
        published=None,
        modified=None,
        summary="",
        links=(),
        severities=(),
        affected=rows,
    )


def asked_as(name: str, namespace: str, ref: str) -> ComponentResult:
    one = lookup(name, namespace)
    return result(component(None, ref=ref), lookups=(one,), feeds=((),))


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ([], (Why.ABSENT, (), (), None)),
        ([asked_as("curl", "alpine:3.11", "c")], (Why.ABSENT, (), (), None)),
        ([asked_as("openssl", "alpine:3.9", "o")], (Why.OTHER_RELEASE, ("o",), ("alpine:3.9",), None)),
        ([asked_as("openssl", "debian:12", "o")], (Why.ABSENT, (), (), None)),
        (
            [result(component("pkg:apk/alpine/openssl@1", ref="o"), Verdict.NOT_CHECKED, NotChecked.NO_DISTRO)],
            (Why.NOT_CHECKED, ("o",), (), NotChecked.NO_DISTRO),
        ),
        ([result(component("pkg:pypi/openssl@1", ref="o"), Verdict.NOT_CHECKED, NotChecked.NO_VERSION)], (Why.ABSENT, (), (), None)),
        (
            [result(component("pkg:apk/alpine/libssl@1?upstream=openssl", ref="o"), Verdict.NOT_CHECKED, NotChecked.NO_DISTRO)],
            (Why.NOT_CHECKED, ("o",), (), NotChecked.NO_DISTRO),
        ),
    ],
)
def test_what_nothing_was_asked_for_as_is_absent_of_another_release_or_not_checked(
    results: list[ComponentResult], expected: tuple[object, ...]
) -> None:
    (package,) = elsewhere([found(row()), found(row())], results)
    assert (package.why, package.refs, package.releases, package.reason) == expected


def test_what_was_asked_for_is_not_elsewhere() -> None:
    assert elsewhere([found(row())], [asked_as("openssl", "alpine:3.11", "o"), asked_as("openssl", "alpine:3.9", "p")]) == ()


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("pkg:pypi/zope-interface", True),
        ("pkg:pypi/Zope.Interface@5.0", True),
        ("pkg:pypi/zope-interface@5.1", False),
        ("pkg:pypi/zope-interface?extra=x", False),
        ("pkg:pypi/zope", False),
        ("pkg:npm/zope-interface", False),
    ],
)
def test_a_purl_means_what_agrees_with_all_that_it_states(asked: str, meant: bool) -> None:
    assert is_meant(component("pkg:pypi/zope.interface@5.0?file_name=x.whl"), parse_purl(asked)) is meant


def test_a_component_without_a_purl_is_meant_by_none() -> None:
    assert not is_meant(component(None), parse_purl("pkg:pypi/thing"))


@pytest.mark.parametrize(
    ("status", "counts", "answer"),
    [
        (Status.NOT_AFFECTED, True, Verdict.CLEARED),
        (Status.NOT_AFFECTED, False, Verdict.NO_MATCH),
        (Status.FIXED, True, Verdict.NO_MATCH),
        (Status.AFFECTED, True, Verdict.NO_MATCH),
    ],
)
def test_a_statement_clears_what_no_record_matches(status: Status, counts: bool, answer: Verdict) -> None:
    said = ExplainedStatement(
        document="v.json", place="statements[0]", status=status, justification=None, impact=None, action=None, said_at=None, means=True,
        counts=counts,
    )  # fmt: skip
    assert ExplainedComponent(result(component("pkg:npm/a@1")), (), (), (said,)).answer is answer
