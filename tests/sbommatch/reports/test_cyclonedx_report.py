"""CycloneDX, as its own library and schemas judge it."""

import json
from typing import Any

import pytest
from cyclonedx.model.bom import Bom
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from msgspec.structs import replace

from sbommatch.advisory import Epss, Kev
from sbommatch.match.model import Level, TargetResult, VexWord
from sbommatch.reports.cyclonedx_json import MAX_LINKS, CycloneDxReport, link_to
from sbommatch.reports.report import Style
from sbommatch.statement import Status
from sbommatch.store.model import Told
from tests.sbommatch.match.made import component, document, finding, result, target
from tests.sbommatch.reports.made import HOSTILE_TOLD, TOLD, full_target, hostile_target, scan_report, silenced_target

VALIDATOR = JsonStrictValidator(SchemaVersion.V1_6)
LINK = "urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/2"


def written(*targets: TargetResult) -> Any:
    text = CycloneDxReport().write(scan_report(*targets, told=TOLD | HOSTILE_TOLD), Style()).decode()
    assert VALIDATOR.validate_str(text) is None
    read = json.loads(text)
    Bom.from_json(read)  # type: ignore[attr-defined]  # the library's decorator makes it
    return read


def vulnerability(read: Any, id_: str) -> Any:
    return next(one for one in read["vulnerabilities"] if one["id"] == id_)


@pytest.mark.parametrize(
    "shown", [full_target(), silenced_target(), hostile_target(), target()], ids=["full", "silenced", "hostile", "empty"]
)
def test_the_library_reads_it(shown: TargetResult) -> None:
    written(shown)


def test_every_level_is_a_severity() -> None:
    components = [component(None, ref=level.value) for level in Level]
    found = [finding(level, ref=level.value, id=level.value) for level in Level]
    read = written(target([result(one) for one in components], found))
    severities = {one["id"]: one["ratings"][0]["severity"] for one in read["vulnerabilities"]}
    assert severities == {level.value: level.value for level in Level} | {"negligible": "info"}


def test_a_vulnerability_has_ratings_remedy_and_what_is_known_of_it() -> None:
    shown = full_target()
    known = replace(shown.findings[2], kev=Kev("2021-11-03"), epss=Epss(0.5), risk=51.2, ids=("CVE-2019-5482", "GHSA-1"))
    one = vulnerability(written(replace(shown, findings=(known,))), "CVE-2019-5482")
    assert one["source"] == {"name": "NVD", "url": "https://nvd.nist.gov/vuln/detail/CVE-2019-5482"}
    assert one["references"] == [{"id": "GHSA-1", "source": {"name": "GitHub", "url": "https://github.com/advisories/GHSA-1"}}]
    assert one["ratings"] == [
        {"source": {"name": "osv-pypi"}, "severity": "high", "method": "other"},
        {"source": {"name": "osv-pypi"}, "score": 7.5, "method": "CVSSv31", "vector": "CVSS:3.1/AV:N"},
    ]
    assert one["recommendation"] == "upgrade openssl 1.1.1d-r2 to 1.1.1d-r3 in layer 1 (Dockerfile:3-4)"
    assert one["advisories"] == [{"url": "https://curl.se/docs/CVE-2019-5482.html"}]
    properties = {entry["name"]: entry["value"] for entry in one["properties"]}
    assert properties["sbommatch:kev:added"] == "2021-11-03"
    assert (properties["sbommatch:epss"], properties["sbommatch:risk"]) == ("0.5", "51.2")


def test_components_have_their_layer_and_upgrade() -> None:
    read = written(full_target())
    curl = next(one for one in read["components"] if one["name"] == "curl")
    properties = {entry["name"]: entry["value"] for entry in curl["properties"]}
    assert properties["sbomgen:layer:index"] == "1"
    assert properties["sbomgen:layer:dockerfile"] == "Dockerfile:3-4"
    assert properties["sbommatch:upgrade"] == "openssl 1.1.1d-r3"
    assert {one["name"] for one in read["components"]} == {"curl", "jinja2", "libcrypto1.1", "libssl1.1"}


def test_binaries_of_one_source_share_a_vulnerability() -> None:
    one = vulnerability(written(full_target()), "CVE-2019-1551")
    assert [affected["versions"] for affected in one["affects"]] == [[{"version": "1.1.1d-r2", "status": "affected"}]] * 2


@pytest.mark.parametrize(
    ("id_", "state", "justification", "status"),
    [
        ("CVE-1", "not_affected", "code_not_present", "unaffected"),
        ("CVE-2", "false_positive", None, "unaffected"),
        ("CVE-3", "in_triage", None, "affected"),
        ("CVE-4", "in_triage", None, "affected"),
    ],
)
def test_what_is_suppressed_is_analysed(id_: str, state: str, justification: str | None, status: str) -> None:
    one = vulnerability(written(silenced_target()), id_)
    assert (one["analysis"]["state"], one["analysis"].get("justification")) == (state, justification)
    assert one["affects"][0]["versions"][0]["status"] == status
    assert one["analysis"]["detail"]


@pytest.mark.parametrize(
    ("status", "justification", "analysis"),
    [
        (Status.NOT_AFFECTED, "vulnerable_code_not_in_execute_path", {"state": "not_affected", "justification": "code_not_reachable"}),
        (Status.NOT_AFFECTED, "requires_dependency", {"state": "not_affected", "justification": "requires_dependency"}),
        (Status.NOT_AFFECTED, "vulnerable_code_cannot_be_controlled_by_adversary", {"state": "not_affected"}),
        (Status.FIXED, None, {"state": "resolved"}),
        (Status.AFFECTED, None, {"state": "exploitable"}),
        (Status.UNDER_INVESTIGATION, None, {"state": "in_triage"}),
    ],
)
def test_what_vex_documents_say_is_analysed(status: Status, justification: str | None, analysis: dict[str, str]) -> None:
    word = VexWord(document="v.json", status=status, justification=justification, impact="so it is", action=None, said_at=None, counts=True)
    shown = full_target()
    one = vulnerability(written(replace(shown, findings=(replace(shown.findings[2], vex=(word,)),))), "CVE-2019-5482")
    detail = one["analysis"].pop("detail")
    assert one["analysis"] == analysis
    assert detail.endswith("so it is")
    assert (justification or "") in detail or "justification" in analysis


@pytest.mark.parametrize(
    ("ref", "bom_link", "expected"),
    [
        ("pkg:npm/%40a/b@1?x=y", LINK, f"{LINK}#pkg%3Anpm%2F%2540a%2Fb%401%3Fx%3Dy"),
        ("pkg:npm/a@1", None, "pkg:npm/a@1"),
        ("components[12]", LINK, "components[12]"),
        ("a", "urn:cdx:not-a-uuid/1", "a"),
        ("a", "urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/one", "a"),
    ],
)
def test_a_component_of_the_document_is_named_by_bom_link_where_that_is_known(ref: str, bom_link: str | None, expected: str) -> None:
    assert link_to(ref, document(bom_link=bom_link)) == expected


def test_what_is_affected_is_a_component_of_the_document() -> None:
    shown = full_target()
    linked = replace(shown, document=replace(shown.document, bom_link=LINK))
    refs = {affected["ref"] for one in written(linked)["vulnerabilities"] for affected in one["affects"]}
    assert all(ref.startswith(f"{LINK}#") for ref in refs)
    read = written(shown)
    listed = {one["bom-ref"] for one in read["components"]}
    assert {affected["ref"] for one in read["vulnerabilities"] for affected in one["affects"]} <= listed


def test_links_are_of_the_web_and_only_so_many() -> None:
    links = tuple(f"https://example.org/{number}" for number in range(MAX_LINKS + 5))
    text = CycloneDxReport().write(scan_report(full_target(), told={"CVE-2019-5482": Told("", (*links, "file:///etc/passwd"))}), Style())
    assert len(vulnerability(json.loads(text), "CVE-2019-5482")["advisories"]) == MAX_LINKS


def test_each_document_has_its_own_serial_number() -> None:
    lines = CycloneDxReport().write(scan_report(full_target(), silenced_target()), Style()).splitlines()
    assert len({json.loads(line)["serialNumber"] for line in lines}) == 2
