"""VEX statements applied to findings."""

from collections.abc import Iterable
from typing import Any

import pytest

from sbommatch.match.model import Finding, FindingStatus, TargetResult, Verdict
from sbommatch.match.vex import Statements
from sbommatch.problem import ProblemCode
from sbommatch.statement import Status
from tests.sbommatch.match.made import component, finding, result, target
from tests.sbommatch.vex.made import AFFECTED, openvex, read, statement

A = component("pkg:npm/a@1", ref="a", version="1")
B = component("pkg:npm/b@1", ref="b", version="1")
FIXED = {"status": "fixed"}
INVESTIGATED = {"status": "under_investigation"}


def of(ref: str, *ids: str, **fields: Any) -> Finding:
    return finding(ref=ref, id=ids[0], ids=tuple(sorted(ids)), **fields)


def applied(*documents: dict[str, Any], findings: Iterable[Finding] = (of("a", "CVE-1", "GHSA-1"),), **fields: Any) -> TargetResult:
    """A target of two affected components; documents are `0.json`, `1.json`."""
    results = fields.pop("results", [result(A, Verdict.AFFECTED), result(B, Verdict.AFFECTED)])
    read_ones = [read({"@id": f"urn:{index}", **document}, f"{index}.json") for index, document in enumerate(documents)]
    return Statements(read_ones).applied(target(results, list(findings), **fields))


def one(*statements: dict[str, Any], **fields: Any) -> dict[str, Any]:
    made = openvex(*statements, **fields)
    return made if "@id" in fields else {key: value for key, value in made.items() if key != "@id"}


@pytest.mark.parametrize(
    ("fields", "suppressed_by"),
    [
        ({}, ("0.json: not_affected (vulnerable_code_not_present)",)),
        (FIXED, ("0.json: fixed",)),
        (AFFECTED, ()),
        (INVESTIGATED, ()),
    ],
)
def test_two_statuses_silence_and_two_are_noted(fields: dict[str, Any], suppressed_by: tuple[str, ...]) -> None:
    (found,) = applied(one(statement("CVE-1", "pkg:npm/a", **fields))).findings
    assert found.suppressed_by == suppressed_by
    assert found.status is (FindingStatus.SUPPRESSED if suppressed_by else FindingStatus.OPEN)
    assert [(word.document, word.counts, word.action) for word in found.vex] == [("0.json", True, fields.get("action_statement"))]


@pytest.mark.parametrize(
    ("named", "is_silenced"),
    [
        ("CVE-1", True),
        ("cve-1", True),
        ("GHSA-1", True),
        ({"name": "OTHER-1", "aliases": ["CVE-1"]}, True),
        ({"name": "GHSA-1", "aliases": ["CVE-2"]}, False),
        ("CVE-2", False),
    ],
)
def test_a_vulnerability_is_the_same_by_any_name_but_not_by_one_of_several(named: Any, is_silenced: bool) -> None:
    (found,) = applied(one(statement(named, "pkg:npm/a"))).findings
    assert found.is_cleared is is_silenced


def test_a_word_on_one_cve_of_a_record_does_not_silence_the_others() -> None:
    """RUSTSEC-2020-0014 names eight CVEs, and stands in the group of each."""
    cves = [f"CVE-2020-3586{digit}" for digit in range(6, 10)] + [f"CVE-2020-3587{digit}" for digit in range(4)]
    findings = [of("a", cve, "RUSTSEC-2020-0014") for cve in cves]
    named = {"name": cves[3], "aliases": ["RUSTSEC-2020-0014"]}
    made = applied(one(statement(named, "pkg:npm/a")), findings=findings)
    assert [found.id for found in made.findings if found.status is FindingStatus.SUPPRESSED] == [cves[3]]
    assert made.components[0].verdict is Verdict.AFFECTED
    of_all = applied(one(statement("RUSTSEC-2020-0014", "pkg:npm/a")), findings=findings)
    assert all(found.status is FindingStatus.SUPPRESSED for found in of_all.findings)


def test_other_products_are_not_meant() -> None:
    (found,) = applied(one(statement("CVE-1", "pkg:npm/b", "pkg:npm/a@2"))).findings
    assert (found.status, found.vex) == (FindingStatus.OPEN, ())


@pytest.mark.parametrize(
    ("statements", "status"),
    [
        ([({}, "2024-01-01"), (AFFECTED, "2024-02-01")], Status.AFFECTED),
        ([(AFFECTED, "2024-02-01"), ({}, "2024-03-01")], Status.NOT_AFFECTED),
        ([({}, "2024-02-01"), (INVESTIGATED, "2024-02-01")], Status.UNDER_INVESTIGATION),
        ([(INVESTIGATED, "2024-02-01"), ({}, "2024-02-01")], Status.UNDER_INVESTIGATION),
        ([(AFFECTED, "2024-02-01"), (INVESTIGATED, "2024-02-01")], Status.UNDER_INVESTIGATION),
    ],
)
def test_of_one_document_the_newest_statement_counts_and_of_equals_the_last_that_silences_nothing(
    statements: list[Any], status: Status
) -> None:
    made = applied(one(*(statement("CVE-1", "pkg:npm/a", timestamp=f"{day}T00:00:00Z", **fields) for fields, day in statements)))
    assert [(word.status, word.counts) for word in made.findings[0].vex] == [(status, True)]
    assert not made.problems


def test_of_two_versions_of_a_document_the_newer_counts() -> None:
    old, new = (one(statement("CVE-1", "pkg:npm/a", **fields), version=version, **{"@id": "urn:same"})
                for fields, version in (({}, 9), (AFFECTED, 10)))  # fmt: skip
    for documents in ((old, new), (new, old)):
        made = applied(*documents)
        assert ([word.status for word in made.findings[0].vex], made.problems) == ([Status.AFFECTED], ())


@pytest.mark.parametrize(
    ("first", "second", "is_silenced", "outcome"),
    [
        ("2024-01-01T00:00:00Z", "2024-02-01T00:00:00Z", False, "the newest counts"),
        ("2024-02-01T00:00:00Z", "2024-01-01T00:00:00Z", True, "the newest counts"),
        ("2024-01-01T00:00:00Z", "2024-01-01T01:00:00+01:00", False, "none is known to be the newest, and nothing is silenced"),
        (None, "2023-01-01T00:00:00Z", False, "none is known to be the newest, and nothing is silenced"),
    ],
)
def test_documents_that_disagree_are_said_and_the_newer_counts(first: str | None, second: str, is_silenced: bool, outcome: str) -> None:
    made = applied(
        one(statement("CVE-1", "pkg:npm/a"), timestamp=first), one(statement("CVE-1", "pkg:npm/a", **AFFECTED), timestamp=second)
    )  # fmt: skip
    (problem,) = made.problems
    assert (problem.code, problem.where, problem.loss) == (ProblemCode.CONTRADICTION, "CVE-1", False)
    assert problem.message.endswith(f": {outcome}")
    assert "0.json says not_affected" in problem.message
    assert "1.json says affected" in problem.message
    assert made.findings[0].is_cleared is is_silenced
    assert {word.document: word.counts for word in made.findings[0].vex} == {"0.json": is_silenced, "1.json": not is_silenced}


def test_documents_that_agree_are_all_named() -> None:
    made = applied(one(statement("CVE-1", "pkg:npm/a")), one(statement("CVE-1", "pkg:npm/a", **FIXED)))
    assert made.findings[0].suppressed_by == ("1.json: fixed", "0.json: not_affected (vulnerable_code_not_present)")
    assert not made.problems


def verdicts(made: TargetResult) -> dict[str, Verdict]:
    return {one.component.ref: one.verdict for one in made.components}


def test_a_component_whose_findings_are_all_cleared_is_cleared() -> None:
    findings = [of("a", "CVE-1"), of("a", "CVE-2"), of("b", "CVE-1"), of("b", "CVE-2")]
    said = one(statement("CVE-1", "pkg:npm/a", "pkg:npm/b"), statement("CVE-2", "pkg:npm/a", **FIXED))
    assert verdicts(applied(said, findings=findings)) == {"a": Verdict.CLEARED, "b": Verdict.AFFECTED}


def test_a_component_whose_findings_a_rule_suppresses_stays_affected() -> None:
    findings = [of("a", "CVE-1"), of("a", "CVE-2", status=FindingStatus.SUPPRESSED, suppressed_by=("kernel_headers",))]
    assert verdicts(applied(one(statement("CVE-1", "pkg:npm/a")), findings=findings))["a"] is Verdict.AFFECTED


@pytest.mark.parametrize(
    ("verdict", "fields", "expected"),
    [
        (Verdict.NO_MATCH, {}, Verdict.CLEARED),
        (Verdict.NO_MATCH, FIXED, Verdict.NO_MATCH),
        (Verdict.NO_MATCH, AFFECTED, Verdict.NO_MATCH),
        (Verdict.NOT_CHECKED, {}, Verdict.NOT_CHECKED),
    ],
)
def test_a_component_without_findings_is_cleared_by_name(verdict: Verdict, fields: dict[str, Any], expected: Verdict) -> None:
    said = one(statement("CVE-1", "pkg:npm/a", **fields))
    assert verdicts(applied(said, findings=[], results=[result(A, verdict)])) == {"a": expected}


def test_a_word_that_a_newer_one_takes_back_clears_nothing() -> None:
    newer = statement("CVE-1", "pkg:npm/a", timestamp="2025-01-01T00:00:00Z", **AFFECTED)
    made = applied(one(statement("CVE-1", "pkg:npm/a"), newer), findings=[], results=[result(A, Verdict.NO_MATCH)])
    assert verdicts(made) == {"a": Verdict.NO_MATCH}


def test_a_twin_has_the_verdict_of_the_package_that_covers_it() -> None:
    results = [result(A, Verdict.AFFECTED), result(B, Verdict.AFFECTED, covered_by="a")]
    findings = [of("a", "CVE-1"), of("b", "CVE-1", status=FindingStatus.SUPPRESSED, suppressed_by=("covered_by a",))]
    made = applied(one(statement("CVE-1", "pkg:npm/a")), findings=findings, results=results)
    assert verdicts(made) == {"a": Verdict.CLEARED, "b": Verdict.CLEARED}


def test_without_statements_nothing_changes() -> None:
    made = target([result(A)], [])
    assert Statements(()).applied(made) is made
