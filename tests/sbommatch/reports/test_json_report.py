"""The report for programs."""

import msgspec

from sbommatch.problem import Problem, ProblemCode
from sbommatch.reports.json_report import JsonReport
from sbommatch.reports.report import Exit, Style
from tests.sbommatch.match.made import component, document, result, target
from tests.sbommatch.reports.made import full_target, scan_report
from tests.sbommatch.reports.schemas import check

SCHEMA = "report-1.schema.json"


def test_a_full_report_is_valid_and_has_nothing_that_the_schema_does_not_know() -> None:
    report = check(JsonReport().write(scan_report(full_target(), exit=Exit(1, ("findings of any severity: 3",))), Style()), SCHEMA)
    assert list(report) == ["schema", "tool", "evaluated_on", "database", "targets", "problems", "exit"]
    (shown,) = report["targets"]
    assert [component["ref"] for component in shown["components"]] == sorted(component["ref"] for component in shown["components"])
    assert shown["coverage"] == {"affected": 4, "cleared": 0, "no_match": 0, "not_checked": {"no_feed": 1}}
    assert shown["distro"] == {"id": "alpine", "version": "3.11.3", "from": "os_component"}
    assert [layer["index"] for layer in shown["layers"]] == [0, 1]
    curl = next(finding for finding in shown["findings"] if finding["id"] == "CVE-2019-5482")
    assert (curl["feed"], curl["record"], curl["severity"]["level"]) == ("alpine-secdb", "CVE-2019-1551", "high")
    assert [also["record"] for also in curl["match"]["also"]] == ["CVE-2019-1551"]
    assert (curl["kev"], curl["epss"], curl["risk"], curl["vex"]) == (None, None, None, [])
    (word,) = next(finding for finding in shown["findings"] if finding["id"] == "CVE-2020-28493")["vex"]
    assert (word["status"], word["action"], word["counts"]) == ("affected", "turn it off", True)


def test_an_empty_report_is_valid() -> None:
    check(JsonReport().write(scan_report(), Style()), SCHEMA)
    check(JsonReport().write(scan_report(target()), Style()), SCHEMA)


def test_the_same_report_gives_the_same_bytes_whatever_the_order() -> None:
    shown = full_target()
    shuffled = msgspec.structs.replace(shown, components=shown.components[::-1], findings=shown.findings[::-1])
    written = JsonReport().write(scan_report(shown), Style())
    assert JsonReport().write(scan_report(shuffled), Style()) == written
    assert JsonReport().write(scan_report(shown), Style(colour=True, width=80)) == written


def test_a_path_that_is_no_utf8_is_written_readably() -> None:
    problem = Problem(ProblemCode.BAD_COMPONENT, "caf\udce9.json: components[0]", "no name", loss=True)
    odd = target(document=document(path="caf\udce9.json"), problems=(problem,))
    report = check(JsonReport().write(scan_report(odd), Style()), SCHEMA)
    assert report["targets"][0]["document"]["path"] == "caf\\xe9.json"
    assert report["problems"][0]["where"] == "caf\\xe9.json: components[0]"


def test_what_the_document_does_not_state_is_null() -> None:
    report = check(JsonReport().write(scan_report(target([result(component(None))])), Style()), SCHEMA)
    (shown,) = report["targets"][0]["components"]
    assert (shown["purl"], shown["version"], shown["layer"], shown["reason"]) == (None, None, None, None)
