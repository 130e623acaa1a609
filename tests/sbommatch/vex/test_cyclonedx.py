"""CycloneDX as VEX."""

from typing import Any

import pytest

from sbommatch.statement import Status
from tests.sbommatch.vex.made import cyclonedx, read

SERIAL = "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79"


def vulnerability(*affects: Any, **analysis: Any) -> dict[str, Any]:
    return {"id": "CVE-2024-1", "references": [{"id": "GHSA-x"}], "analysis": analysis, "affects": list(affects)}


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("resolved", Status.FIXED),
        ("resolved_with_pedigree", Status.FIXED),
        ("exploitable", Status.AFFECTED),
        ("in_triage", Status.UNDER_INVESTIGATION),
        ("false_positive", Status.NOT_AFFECTED),
        ("not_affected", Status.NOT_AFFECTED),
    ],
)
def test_every_state_is_a_status(state: str, status: Status) -> None:
    (said,) = read(cyclonedx(vulnerability({"ref": "pkg:npm/a@1"}, state=state, justification="code_not_reachable", detail="d"))).statements
    assert (said.status, said.ids, said.justification, said.impact) == (status, ("CVE-2024-1", "GHSA-x"), "code_not_reachable", "d")


def test_a_vulnerability_without_analysis_says_nothing() -> None:
    assert not read(cyclonedx(vulnerability({"ref": "pkg:npm/a@1"}))).statements


def test_a_reference_is_a_purl_a_link_or_a_component_of_the_document() -> None:
    link = "urn:cdx:00000000-0000-0000-0000-000000000000/2#a"
    document = cyclonedx(
        vulnerability({"ref": "pkg:npm/a@1"}, {"ref": link}, {"ref": "inner"}, {"ref": "main"}, {"ref": "gone"}, state="not_affected"),
        serialNumber=SERIAL, version=3,
        metadata={"component": {"bom-ref": "main", "name": "App", "group": "acme", "version": "2"}},
        components=[{"bom-ref": "outer", "name": "o", "components": [{"bom-ref": "inner", "name": "i", "purl": "pkg:npm/i@1"}]}],
    )  # fmt: skip
    purl, linked, inner, main, gone = [product.software for product in read(document).statements[0].products]
    own = f"urn:cdx:{SERIAL.removeprefix('urn:uuid:')}/3"
    assert (purl.purls[0].name, linked.id, inner.purls[0].name, inner.id) == ("a", link, "i", f"{own}#inner")
    assert (main.name, main.version, main.purls) == ("acme/App", "2", ())
    assert (gone.id, gone.purls, gone.name) == (f"{own}#gone", (), None)


def test_versions_narrow_and_have_words_of_their_own() -> None:
    versions = [
        {"version": "2.4", "status": "affected"},
        {"range": "vers:generic/>=1|<2"},
        {"version": "2.5", "status": "unaffected"},
        {"version": "3", "status": "unknown"},
    ]
    document = read(cyclonedx(vulnerability({"ref": "pkg:npm/a", "versions": versions}, state="exploitable")))
    assert {one.status: one.products[0].software.versions for one in document.statements} == {
        Status.AFFECTED: ("2.4", "vers:generic/>=1|<2"),
        Status.NOT_AFFECTED: ("2.5",),
        Status.UNDER_INVESTIGATION: ("3",),
    }


@pytest.mark.parametrize("bad", [{"ref": "pkg:npm/a", "versions": {"version": "1"}}, {"ref": "pkg:npm/a", "versions": [1]}])
def test_a_part_that_cannot_be_read_makes_its_vulnerability_say_nothing(bad: Any) -> None:
    document = read(cyclonedx(vulnerability(bad, state="not_affected")))
    assert not document.statements
    assert any(problem.loss for problem in document.problems)


def test_a_state_that_is_none_is_a_loss() -> None:
    document = read(cyclonedx(vulnerability({"ref": "pkg:npm/a"}, state="fine")))
    assert ([problem.loss for problem in document.problems], document.statements) == ([True], ())


def test_xml_says_what_json_says() -> None:
    xml = f"""<bom xmlns="http://cyclonedx.org/schema/bom/1.5" serialNumber="{SERIAL}" version="1">
      <metadata><timestamp>2024-01-01T00:00:00Z</timestamp></metadata>
      <vulnerabilities><vulnerability><id>CVE-2024-1</id><references><reference><id>GHSA-x</id></reference></references>
        <analysis><state>not_affected</state><justification>code_not_reachable</justification>
          <responses><response>update</response></responses><detail>d</detail></analysis>
        <affects><target><ref>pkg:npm/a@1</ref><versions><version><version>1</version><status>unaffected</status></version></versions></target>
        </affects></vulnerability></vulnerabilities></bom>"""
    versions = [{"version": "1", "status": "unaffected"}]
    said = vulnerability({"ref": "pkg:npm/a@1", "versions": versions}, state="not_affected", justification="code_not_reachable",
                         response=["update"], detail="d")  # fmt: skip
    assert read(xml.encode()).statements == read(cyclonedx(said, serialNumber=SERIAL)).statements
