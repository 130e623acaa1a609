"""SARIF, as the official schema and GitHub's rules judge it."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from jsonschema import Draft7Validator
from msgspec.structs import replace

from sbommatch.advisory import Epss, Kev
from sbommatch.match.model import CvssScore, FindingSeverity, FindingStatus, Level, TargetResult
from sbommatch.reports import sarif
from sbommatch.reports.report import Style
from sbommatch.reports.sarif import MAX_TEXT, SarifReport, security_severity
from sbommatch.store.model import Told
from tests.sbommatch.match.made import component, document, finding, result, target
from tests.sbommatch.reports.made import HOSTILE_TOLD, TOLD, full_target, hostile_target, scan_report, silenced_target


def written(*targets: TargetResult, told: dict[str, Told] | None = None) -> Any:
    return json.loads(SarifReport().write(scan_report(*targets, told=told or TOLD | HOSTILE_TOLD), Style()))


def result_of(read: Any, id_: str) -> Any:
    return next(one for one in read["runs"][0]["results"] if one["ruleId"] == id_)


def rule_of(read: Any, id_: str) -> Any:
    return next(one for one in read["runs"][0]["tool"]["driver"]["rules"] if one["id"] == id_)


@pytest.fixture(scope="module")
def validator(shared_data: Path) -> Draft7Validator:
    return Draft7Validator(json.loads((shared_data / "schemas" / "sarif-schema-2.1.0.json").read_bytes()))


@pytest.mark.parametrize(
    "shown", [full_target(), silenced_target(), hostile_target(), target()], ids=["full", "silenced", "hostile", "empty"]
)
def test_it_is_valid(shown: TargetResult, validator: Draft7Validator) -> None:
    validator.validate(written(shown))


def test_results_point_to_their_rules() -> None:
    run = written(silenced_target())["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    assert [rules[one["ruleIndex"]]["id"] for one in run["results"]] == [one["ruleId"] for one in run["results"]]
    assert len({rule["id"] for rule in rules}) == len(rules)


def test_a_result_names_file_layer_package_and_the_line_of_the_dockerfile() -> None:
    one = result_of(written(full_target()), "CVE-2019-5482")
    [location] = one["locations"]
    assert location["physicalLocation"] == {"artifactLocation": {"uri": "lib/apk/db/installed"}, "region": {"startLine": 1}}
    assert [place["kind"] for place in location["logicalLocations"]] == ["package", "layer"]
    assert location["logicalLocations"][1]["fullyQualifiedName"] == "sha256:" + "b" * 64
    [related] = one["relatedLocations"]
    assert related["physicalLocation"] == {"artifactLocation": {"uri": "Dockerfile"}, "region": {"startLine": 3, "endLine": 4}}
    assert one["message"]["text"] == (
        "curl 7.66.0-r0 is affected by CVE-2019-5482 (high): upgrade openssl 1.1.1d-r2 to 1.1.1d-r3 in layer 1 (Dockerfile:3-4). "
        "It came in by [this instruction](1)."
    )


def test_a_package_without_files_is_placed_in_the_sbom() -> None:
    shown = target([result(component(None, ref="r"))], [finding()], document=document(path="/in/böm #1.json"))
    [one] = written(shown)["runs"][0]["results"]
    uri = one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert (uri, unquote(uri)) == ("in/b%C3%B6m%20%231.json", "in/böm #1.json")


def test_what_is_suppressed_says_why() -> None:
    one = result_of(written(silenced_target()), "CVE-1")
    assert one["suppressions"] == [
        {
            "kind": "external",
            "status": "accepted",
            "justification": "kernel_headers: is built from the kernel's source and has none of its code",
        }
    ]
    assert "suppressions" not in result_of(written(silenced_target()), "CVE-2019-5482")


@pytest.mark.parametrize(
    ("level", "score", "expected"),
    [
        (Level.CRITICAL, 9.8, 9.8),
        (Level.CRITICAL, None, 9.0),
        (Level.HIGH, 9.8, 8.9),
        (Level.MEDIUM, 2.0, 4.0),
        (Level.LOW, 9.8, 3.9),
        (Level.NEGLIGIBLE, 9.8, 0.1),
        (Level.NONE, None, 0.0),
        (Level.UNKNOWN, 9.8, None),
    ],
)
def test_githubs_number_is_of_the_level_that_counts(level: Level, score: float | None, expected: float | None) -> None:
    cvss = () if score is None else (CvssScore("3.1", "CVSS:3.1/AV:N", score, "nvd"),)
    shown = target([result(component(None, ref="r"))], [finding(severity=FindingSeverity(level, "nvd", cvss))])
    properties = written(shown)["runs"][0]["tool"]["driver"]["rules"][0]["properties"]
    assert properties.get("security-severity") == (None if expected is None else f"{expected:.1f}")
    assert security_severity(level, score) == expected


def test_a_rule_tells_what_it_is_and_what_to_do() -> None:
    shown = full_target()
    known = replace(shown.findings[2], kev=Kev("2021-11-03", None, True), epss=Epss(0.5), risk=51.2)
    rule = rule_of(written(replace(shown, findings=(known,))), "CVE-2019-5482")
    assert rule["shortDescription"]["text"] == "CVE-2019-5482: Heap buffer overflow in TFTP"
    assert rule["helpUri"] == "https://nvd.nist.gov/vuln/detail/CVE-2019-5482"
    assert "security" in rule["properties"]["tags"]
    assert "- **Exploitation**: KEV, ransomware; EPSS 50 %" in rule["help"]["markdown"]
    row = "| `curl` | `7.66.0-r0` | `1.1.1d-r3` | 1 own `Dockerfile:3-4` `apk add curl && rm -rf /var/cache` | upgrade openssl"
    assert row in rule["help"]["markdown"]
    assert "javascript:" not in rule["help"]["markdown"]


def test_nothing_of_strangers_is_markup_in_help_or_a_link_in_a_message() -> None:
    read = written(hostile_target())
    for rule in read["runs"][0]["tool"]["driver"]["rules"]:
        outside_code = "".join(rule["help"]["markdown"].split("`")[::2])
        assert "<script" not in outside_code.replace("\\<", "")
    for one in read["runs"][0]["results"]:
        assert "](" not in one["message"]["text"].replace("\\]", "").replace("[this instruction](1)", "")


def test_fingerprints_outlive_the_version_and_tell_places_apart() -> None:
    def prints(*components: Any) -> list[str]:
        shown = target([result(one) for one in components], [finding(ref=one.ref) for one in components])
        return [one["partialFingerprints"]["primaryLocationLineHash"] for one in written(shown)["runs"][0]["results"]]

    old, new = (component("pkg:npm/a@1", ref="r", version=version, paths=("a/package.json",)) for version in ("1", "2"))
    elsewhere = component("pkg:npm/a@1", ref="s", version="1", paths=("b/package.json",))
    assert prints(old) == prints(new)
    assert len(set(prints(old, elsewhere))) == 2


def test_more_results_than_github_takes_are_several_runs(monkeypatch: pytest.MonkeyPatch, validator: Draft7Validator) -> None:
    monkeypatch.setattr(sarif, "MAX_RESULTS", 2)
    read = written(full_target())
    validator.validate(read)
    assert [len(run["results"]) for run in read["runs"]] == [2, 2]
    assert [run["automationDetails"]["id"] for run in read["runs"]] == ["sbommatch/registry/app/", "sbommatch/registry/app/2/"]


def test_long_words_are_cut() -> None:
    rule = rule_of(written(full_target(), told={"CVE-2019-5482": Told("x" * 5000, ())}), "CVE-2019-5482")
    assert len(rule["shortDescription"]["text"]) == len(rule["fullDescription"]["text"]) == MAX_TEXT


@pytest.mark.parametrize("stated", ["", "Dockerfile", "a:0-0", "a:99999999999999999999", "a:5-2", "\x00:1"])
def test_a_line_that_cannot_be_is_none(stated: str, validator: Draft7Validator) -> None:
    shown = full_target()
    layers = tuple(replace(layer, dockerfile=stated) for layer in shown.document.layers)
    validator.validate(written(replace(shown, document=replace(shown.document, layers=layers))))


def test_every_finding_is_there() -> None:
    shown = silenced_target()
    results = written(shown)["runs"][0]["results"]
    assert len(results) == len(shown.findings)
    assert sum("suppressions" in one for one in results) == sum(one.status is FindingStatus.SUPPRESSED for one in shown.findings)
