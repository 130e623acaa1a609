"""OpenVEX, as the official schema judges it."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from msgspec.structs import replace

from sbommatch.match.model import FindingStatus, TargetResult, Verdict, VexWord
from sbommatch.reports.openvex import OpenVexReport
from sbommatch.reports.report import Style
from sbommatch.sbom.component import Subject
from sbommatch.statement import Status
from tests.sbommatch.match.made import component, result, target
from tests.sbommatch.reports.made import full_target, hostile_target, scan_report, silenced_target

SUBJECT = "pkg:oci/app@sha256%3Acc?repository_url=registry/app"


def written(shown: TargetResult) -> Any:
    return json.loads(OpenVexReport().write(scan_report(shown), Style()))


def of_subject(shown: TargetResult) -> TargetResult:
    return replace(shown, document=replace(shown.document, subject=Subject(name="app", purl=SUBJECT)))


def statement(read: Any, id_: str) -> Any:
    return next(one for one in read["statements"] if one["vulnerability"]["name"] == id_)


@pytest.mark.parametrize("shown", [full_target(), of_subject(silenced_target()), hostile_target()], ids=["full", "silenced", "hostile"])
def test_it_is_valid(shown: TargetResult, shared_data: Path) -> None:
    schema = json.loads((shared_data / "schemas" / "openvex_json_schema.json").read_bytes())
    Draft202012Validator(schema).validate(written(shown))


def test_a_finding_is_affected_with_what_to_do() -> None:
    said = statement(written(of_subject(full_target())), "CVE-2019-5482")
    assert said["status"] == "affected"
    assert said["action_statement"] == "upgrade openssl 1.1.1d-r2 to 1.1.1d-r3 in layer 1 (Dockerfile:3-4)"
    [product] = said["products"]
    assert (product["@id"], product["identifiers"]) == (SUBJECT, {"purl": SUBJECT})
    curl = "pkg:apk/alpine/curl@7.66.0-r0"
    assert product["subcomponents"] == [{"@id": curl, "identifiers": {"purl": curl}}]


def test_binaries_of_one_source_share_a_statement() -> None:
    said = statement(written(full_target()), "CVE-2019-1551")
    assert [product["@id"] for product in said["products"]] == [
        "pkg:apk/alpine/libcrypto1.1@1.1.1d-r2",
        "pkg:apk/alpine/libssl1.1@1.1.1d-r2",
    ]


@pytest.mark.parametrize(
    ("id_", "status", "justification"),
    [
        ("CVE-1", "not_affected", "vulnerable_code_not_present"),
        ("CVE-3", "affected", None),
        ("CVE-4", "affected", None),
    ],
)
def test_only_a_rule_about_the_package_itself_says_that_it_is_not_affected(id_: str, status: str, justification: str | None) -> None:
    said = statement(written(silenced_target()), id_)
    assert (said["status"], said.get("justification")) == (status, justification)
    assert said["vulnerability"]["aliases"] == [f"GHSA-{id_}"]
    if status == "affected":
        assert said["action_statement"] == "it is fixed in 1.1.1d-r3"
        assert said["status_notes"].startswith("suppressed by ")
    else:
        assert said["impact_statement"]


def test_what_another_package_has_the_verdict_of_is_left_to_that() -> None:
    assert "CVE-2" not in {one["vulnerability"]["name"] for one in written(silenced_target())["statements"]}


def test_what_vex_documents_say_is_passed_on() -> None:
    shown = full_target()
    word = VexWord(
        document="v.json", status=Status.NOT_AFFECTED, justification="component_not_present", impact=None, action=None,
        said_at="2026-01-02T03:04:05.000000Z", counts=True,
    )  # fmt: skip
    decided = replace(shown.findings[2], status=FindingStatus.SUPPRESSED, suppressed_by=("v.json: not_affected",), vex=(word,))
    [said] = written(replace(shown, findings=(decided,)))["statements"]
    assert (said["status"], said["justification"], said["timestamp"]) == ("not_affected", "component_not_present", word.said_at)


def test_what_a_record_clears_is_not_affected() -> None:
    cleared = result(component("pkg:apk/alpine/xen@4.13"), Verdict.CLEARED, cleared=("CVE-2020-0543",))
    said = statement(written(target([cleared])), "CVE-2020-0543")
    assert (said["status"], said["impact_statement"]) == ("not_affected", "a record of the feeds says that it is not affected")


def test_the_document_is_named_by_its_content() -> None:
    one, other = written(full_target()), written(of_subject(full_target()))
    assert one["@id"] != other["@id"]
    assert one["timestamp"] == "2026-08-22T00:00:00Z"
    assert written(target())["statements"] == []
