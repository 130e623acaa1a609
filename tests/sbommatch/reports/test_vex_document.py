"""OpenVEX from decisions."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from sbommatch.advisory import FixState
from sbommatch.match.ignores import Rule
from sbommatch.match.model import Finding, FindingStatus, Fix, TargetResult, VexWord
from sbommatch.match.vex import Statements
from sbommatch.reports.vex_document import JUSTIFICATION_BY_CYCLONEDX, vex_document
from sbommatch.sbom.component import Subject
from sbommatch.statement import Status
from sbommatch.vex.read import read_vex_document
from tests.sbommatch.match.made import component, document, finding, result, target

NOW = "2026-08-22T10:00:00Z"
A = component("pkg:npm/a@1", ref="a", version="1")
NAMELESS = component(None, ref="nameless")
ACCEPTED = Rule(id="CVE-1", reason="behind a proxy", owner="alice")
JUSTIFIED = Rule(id="CVE-1", reason="never called", justification="vulnerable_code_not_in_execute_path")
RULES = {"x/policy.toml: rule 1": ACCEPTED, "x/policy.toml: rule 2": JUSTIFIED}


def word(status: Status, **fields: Any) -> VexWord:
    defaults: dict[str, Any] = {
        "document": "v.json",
        "justification": None,
        "impact": None,
        "action": None,
        "said_at": None,
        "counts": True,
    }
    return VexWord(status=status, **defaults | fields)


def suppressed(*by: str, **fields: Any) -> Finding:
    return finding(ref="a", id="CVE-1", ids=("CVE-1", "GHSA-1"), status=FindingStatus.SUPPRESSED, suppressed_by=by, **fields)


def of(*findings: Finding, subject: Subject | None = None) -> TargetResult:
    return target([result(A), result(NAMELESS)], findings, document=document(A, subject=subject or Subject()))


def written(*targets: TargetResult) -> Any:
    made = vex_document(targets, RULES.get, "Acme", NOW)
    assert made is not None
    return json.loads(made)


OPEN = finding(ref="a", id="CVE-1", ids=("CVE-1", "GHSA-1"))


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (OPEN, {"status": "affected", "action_statement": "Update openssl to 1.1.1d-r3"}),
        (
            finding(ref="a", id="CVE-1", ids=("CVE-1", "GHSA-1"), fix=Fix(FixState.WONT_FIX, ())),
            {"status": "affected", "action_statement": "No fix is known: won't fix"},
        ),
        (
            suppressed("x/policy.toml: rule 1"),
            {"status": "affected", "action_statement": "Accepted: behind a proxy", "status_notes": "decided by policy.toml, alice"},
        ),
        (
            suppressed("x/policy.toml: rule 1", "x/policy.toml: rule 2"),
            {"status": "not_affected", "justification": "vulnerable_code_not_in_execute_path", "impact_statement": "never called",
             "status_notes": "decided by policy.toml"},
        ),
        (
            suppressed("kernel_headers"),
            {"status": "not_affected", "justification": "vulnerable_code_not_present",
             "impact_statement": "has headers of the kernel, and none of its code"},
        ),
        (
            suppressed("v.json: not_affected", vex=(word(Status.NOT_AFFECTED, justification="code_not_reachable", said_at=NOW),)),
            {"status": "not_affected", "justification": "vulnerable_code_not_in_execute_path", "timestamp": NOW},
        ),
        (
            suppressed("v.json: not_affected", vex=(word(Status.NOT_AFFECTED, justification="requires_configuration", impact="off"),)),
            {"status": "not_affected", "impact_statement": "off; requires_configuration"},
        ),
        (
            suppressed("v.json: not_affected", vex=(word(Status.NOT_AFFECTED),)),
            {"status": "not_affected", "impact_statement": "v.json says so"},
        ),
        (suppressed("v.json: fixed", vex=(word(Status.FIXED, impact="patched"),)), {"status": "fixed", "status_notes": "patched"}),
        (
            finding(ref="a", id="CVE-1", ids=("CVE-1", "GHSA-1"), vex=(word(Status.AFFECTED, action="turn it off"),)),
            {"status": "affected", "action_statement": "turn it off"},
        ),
        (
            finding(ref="a", id="CVE-1", ids=("CVE-1", "GHSA-1"), vex=(word(Status.UNDER_INVESTIGATION),)),
            {"status": "under_investigation"},
        ),
        (
            suppressed("x/policy.toml: rule 2", vex=(word(Status.AFFECTED),)),
            {"status": "not_affected", "justification": "vulnerable_code_not_in_execute_path", "impact_statement": "never called",
             "status_notes": "decided by policy.toml"},
        ),
    ],
)  # fmt: skip
def test_every_decision_is_a_statement(one: Finding, said: dict[str, str]) -> None:
    (statement,) = written(of(one))["statements"]
    assert statement.pop("vulnerability") == {"name": "CVE-1", "aliases": ["GHSA-1"]}
    assert statement.pop("products") == [{"@id": "pkg:npm/a@1", "identifiers": {"purl": "pkg:npm/a@1"}}]
    assert statement == said


def test_the_product_is_what_the_document_describes_and_packages_are_its_parts() -> None:
    image, app = Subject(name="app", manifest_digest="sha256:aa"), Subject(purl="pkg:npm/app@1")
    (statement,) = written(of(OPEN, subject=image), of(OPEN, subject=app), of(OPEN, subject=app))["statements"]
    assert [product["@id"] for product in statement["products"]] == ["pkg:oci/app@sha256%3Aaa", "pkg:npm/app@1"]
    assert [part["@id"] for product in statement["products"] for part in product["subcomponents"]] == ["pkg:npm/a@1"] * 2


def test_a_name_that_several_vulnerabilities_share_is_no_alias() -> None:
    several = [finding(ref="a", id=cve, ids=(cve, "RUSTSEC-2020-0014")) for cve in ("CVE-1", "CVE-2")]
    assert [statement["vulnerability"] for statement in written(of(*several))["statements"]] == [{"name": "CVE-1"}, {"name": "CVE-2"}]


@pytest.mark.parametrize("one", [suppressed("covered_by os"), finding(ref="nameless"), None])
def test_nothing_is_stated_of_what_another_package_covers_or_nothing_identifies(one: Finding | None) -> None:
    assert vex_document([of(*filter(None, (one,)))], RULES.get, "Acme", NOW) is None


def test_the_same_decisions_give_the_same_bytes_whatever_their_order() -> None:
    other = finding(ref="a", id="CVE-2", ids=("CVE-2",))
    assert vex_document([of(OPEN, other)], RULES.get, "Acme", NOW) == vex_document([of(other, OPEN)], RULES.get, "Acme", NOW)


def everything() -> bytes:
    findings = [
        OPEN,
        *(
            finding(ref="a", id=f"CVE-{number}", ids=(f"CVE-{number}",), status=FindingStatus.SUPPRESSED, suppressed_by=by, vex=words)
            for number, by, words in (
                (2, ("x/policy.toml: rule 1",), ()),
                (3, ("x/policy.toml: rule 2",), ()),
                (4, ("v.json: not_affected",), (word(Status.NOT_AFFECTED, said_at=NOW),)),
                (5, ("v.json: fixed",), (word(Status.FIXED),)),
            )
        ),
    ]
    made = vex_document([of(*findings, subject=Subject(name="app", manifest_digest="sha256:aa"))], RULES.get, "Acme", NOW)
    assert made is not None
    return made


def test_a_document_is_valid_by_the_official_schema(shared_data: Path) -> None:
    schema = json.loads((shared_data / "schemas/openvex_json_schema.json").read_bytes())
    Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(json.loads(everything()))


def test_what_is_written_is_read_again_and_decides_the_same() -> None:
    read = read_vex_document(everything(), "own.json")
    assert not read.problems
    findings = [finding(ref="a", id=f"CVE-{number}", ids=(f"CVE-{number}",)) for number in range(1, 6)]
    again = Statements([read]).applied(of(*findings, subject=Subject(name="app", manifest_digest="sha256:aa")))
    assert [one.is_cleared for one in again.findings] == [False, False, True, True, True]
    elsewhere = Statements([read]).applied(of(*findings, subject=Subject(name="app", manifest_digest="sha256:bb")))
    assert not any(one.vex for one in elsewhere.findings)


def test_words_of_cyclonedx_are_openvexs() -> None:
    from sbommatch.match.ignores import JUSTIFICATIONS

    assert set(JUSTIFICATION_BY_CYCLONEDX.values()) <= set(JUSTIFICATIONS)
