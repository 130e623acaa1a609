import re
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings

from sbomgen.documents import WriteOptions
from sbomgen.documents._spdx_facts import HIDDEN, OWNED_BY
from sbomgen.documents.spdx3 import Spdx3Json
from sbomgen.inventory import Inventory
from sbomgen.model import Package, Problem, ProblemCode
from tests.support.hostile import HOSTILE_INVENTORIES
from tests.support.inventories import alpine_inventory, apk, digest, image, inventory, large_inventory, nested_inventory, tracked
from tests.support.spdx import against_shapes

Check = Callable[[bytes], None]


def document(whole: Inventory, **options: Any) -> bytes:
    return Spdx3Json().write(whole, WriteOptions(tool_version="1.0", **{"all_layers": True, **options}))


def written(whole: Inventory, **options: Any) -> list[Any]:
    """The elements, named by what stands behind the `#`."""
    text = re.sub(r"urn:uuid:[0-9a-f-]{36}#", "#", document(whole, **options).decode())
    graph: list[Any] = msgspec.json.decode(text)["@graph"]
    return graph


def elements(graph: list[Any], type_: str) -> dict[str, Any]:
    return {element["spdxId"]: element for element in graph if element["type"] == type_}


def packages(graph: list[Any]) -> dict[str, Any]:
    """By name, without source packages."""
    found = elements(graph, "software_Package").values()
    return {package["name"]: package for package in found if package["software_primaryPurpose"] != "source"}


def related(graph: list[Any], kind: str) -> dict[str, list[str]]:
    found = elements(graph, "Relationship").items()
    return {name: relationship["to"] for name, relationship in found if relationship["relationshipType"] == kind}


def annotation(graph: list[Any], subject: str) -> Any:
    (found,) = (each for each in elements(graph, "Annotation").values() if each["subject"] == subject)
    assert found["contentType"] == "application/json"
    return msgspec.json.decode(found["statement"])


@pytest.fixture(scope="session")
def valid(shared_data: Path) -> Check:
    """Validation by the JSON schema of the standard. jsonschema takes minutes for it, jsonschema-rs milliseconds."""
    validator = jsonschema_rs.Draft202012Validator(msgspec.json.decode((shared_data / "schemas" / "spdx-3.0.1-schema.json").read_bytes()))
    return lambda text: validator.validate(msgspec.json.decode(text))


@pytest.fixture(scope="session")
def conforms(shared_data: Path) -> Check:
    """Validation by the SHACL shapes of the standard."""

    def check(text: bytes) -> None:
        assert against_shapes(text, shared_data / "schemas") == []

    return check


@pytest.mark.parametrize("all_layers", [False, True])
@pytest.mark.parametrize("whole", [alpine_inventory(), inventory(), inventory(distro=None), large_inventory(20), nested_inventory()])
def test_documents_are_valid_by_the_schema(whole: Inventory, all_layers: bool, valid: Check) -> None:
    valid(document(whole, all_layers=all_layers))


def test_the_validator_finds_what_is_wrong(valid: Check) -> None:
    with pytest.raises(jsonschema_rs.ValidationError):
        valid(document(alpine_inventory()).replace(b'"software_Package"', b'"software_Parcel"'))


@pytest.mark.parametrize("whole", [alpine_inventory(), nested_inventory()])
def test_documents_conform_to_the_shapes(whole: Inventory, conforms: Check) -> None:
    conforms(document(whole))


def test_the_shapes_find_what_is_wrong(conforms: Check) -> None:
    with pytest.raises(AssertionError, match="RelationshipType"):
        conforms(document(inventory()).replace(b'"relationshipType": "contains"', b'"relationshipType": "holds"'))


def test_the_head_says_what_made_it_and_when() -> None:
    info = written(alpine_inventory(), timestamp="2024-09-06T12:05:36Z")[0]
    assert info == {
        "type": "CreationInfo", "@id": "_:creationInfo", "specVersion": "3.0.1", "created": "2024-09-06T12:05:36Z",
        "createdBy": ["#Agent-sbomgen"], "createdUsing": ["#Tool-sbomgen"],
    }  # fmt: skip
    assert written(alpine_inventory())[0]["created"] == "1970-01-01T00:00:00Z"


def test_elements_are_named_by_the_content_and_each_once() -> None:
    names = set(re.findall(r"urn:uuid:([0-9a-f-]{36})#", document(alpine_inventory()).decode()))
    assert {uuid.UUID(name).version for name in names} == {5}
    assert len(names) == 1
    assert names != set(re.findall(r"urn:uuid:([0-9a-f-]{36})#", document(inventory()).decode()))
    identifiers = [element["spdxId"] for element in written(alpine_inventory())[1:]]
    assert len(set(identifiers)) == len(identifiers)


def test_the_document_holds_the_sbom_and_the_sbom_all_else() -> None:
    graph = written(alpine_inventory())
    (sbom,), (whole,) = elements(graph, "software_Sbom").values(), elements(graph, "SpdxDocument").values()
    assert set(sbom["element"]) == {element["spdxId"] for element in graph[1:]} - {sbom["spdxId"], whole["spdxId"]}
    assert set(whole["element"]) == {*sbom["element"], sbom["spdxId"]}
    assert (whole["rootElement"], sbom["rootElement"]) == ([sbom["spdxId"]], ["#ContainerImage"])
    assert sbom["software_sbomType"] == ["analyzed"]
    assert sbom["profileConformance"] == whole["profileConformance"] == ["core", "software", "simpleLicensing"]
    assert elements(graph, "simplelicensing_LicenseExpression")[whole["dataLicense"]]["simplelicensing_licenseExpression"] == "CC0-1.0"


def test_every_reference_leads_to_an_element() -> None:
    graph = written(alpine_inventory())
    known = {element["spdxId"] for element in graph[1:]} | {"NoAssertionElement"}
    mentioned = set(re.findall(r'"(#[^"\\]*|NoAssertionElement)\\?"', msgspec.json.encode(graph).decode()))
    assert mentioned - known == set()


def test_the_image_is_a_container() -> None:
    graph = written(alpine_inventory())
    root = elements(graph, "software_Package")["#ContainerImage"]
    assert (root["software_primaryPurpose"], root["software_packageVersion"]) == ("container", "1.2")
    assert root["verifiedUsing"] == [
        {"type": "Hash", "algorithm": "sha256", "hashValue": digest("manifest").removeprefix("sha256:")}
    ]  # fmt: skip
    assert root["builtTime"] == "2024-09-06T12:05:36Z"
    assert root["software_packageUrl"].startswith("pkg:oci/demo@sha256:")
    assert annotation(graph, "#ContainerImage")["sbomgen:image:config_digest"] == digest("config")


def test_packages_say_what_is_known_of_them() -> None:
    graph = written(alpine_inventory())
    musl = packages(graph)["musl"]
    purl = "pkg:apk/alpine/musl@1.2.5-r1?arch=x86_64&distro=alpine-3.20.3"
    assert {key: value for key, value in musl.items() if key not in ("spdxId", "suppliedBy")} == {
        "type": "software_Package",
        "creationInfo": "_:creationInfo",
        "name": "musl",
        "description": "the musl c library (libc)",
        "externalIdentifier": [{"type": "ExternalIdentifier", "externalIdentifierType": "packageUrl", "identifier": purl}],
        "verifiedUsing": [{"type": "Hash", "algorithm": "sha1", "hashValue": "5c" * 20}],
        "software_primaryPurpose": "library",
        "software_packageVersion": "1.2.5-r1",
        "software_packageUrl": purl,
        "software_homePage": "https://musl.libc.org/",
        "software_sourceInfo": "built package from: musl",
    }
    supplier = elements(graph, "Person")[musl["suppliedBy"]]
    assert supplier["name"] == "Natanael Copa"
    assert [each["identifier"] for each in supplier["externalIdentifier"]] == ["ncopa@alpinelinux.org"]
    assert annotation(graph, musl["spdxId"])["sbomgen:layer:index"] == "0"


def test_cpes_are_external_identifiers() -> None:
    cpes = ("cpe:2.3:a:demo:demo:1:*:*:*:*:*:*:*", "cpe:2.3:a:demo")
    graph = written(inventory([tracked(apk("demo", "1", cpes=cpes), "pkg:apk/alpine/demo@1")]))
    kinds = [each["externalIdentifierType"] for each in packages(graph)["demo"]["externalIdentifier"]]
    assert kinds == ["packageUrl", "cpe23"]


def test_the_author_of_a_languages_package_is_its_originator_and_stands_once() -> None:
    found = [Package(type="pypi", name=name, raw_version="1", supplier="Kim Davies") for name in ("one", "two")]
    graph = written(inventory([tracked(package, f"pkg:pypi/{package.name}@1") for package in found]))
    (author,) = elements(graph, "Organization")
    for name in ("one", "two"):
        assert (packages(graph)[name]["suppliedBy"], packages(graph)[name]["originatedBy"]) == (author, [author])


def test_the_image_contains_layers_system_and_packages() -> None:
    graph = written(alpine_inventory())
    ids = {name: package["spdxId"] for name, package in packages(graph).items()}
    assert related(graph, "contains") == {
        "#Layer-0/contains/brought": [ids["curl"], ids["musl"]],
        "#Layer-1/contains/brought": [ids["libssl3"], ids["py3-idna"], ids["idna"]],
        "#Layer-2/contains/brought": [ids["Jinja2"]],
        "#Layer-3/contains": ["NoAssertionElement"],
        "#ContainerImage/contains/layers": ["#Layer-0", "#Layer-1", "#Layer-2", "#Layer-3"],
        "#ContainerImage/contains": ["#OperatingSystem", ids["idna"], ids["Jinja2"]],
        "#OperatingSystem/contains": [ids["libssl3"], ids["musl"], ids["py3-idna"]],
        "#OperatingSystem/contains/hidden": [ids["curl"]],
    }
    assert elements(graph, "Relationship")["#OperatingSystem/contains/hidden"]["comment"] == HIDDEN
    layer = elements(graph, "software_File")["#Layer-1"]
    assert (layer["name"], layer["comment"]) == (digest("layer 1"), "RUN apk upgrade && apk del curl")
    assert [each["hashValue"] for each in layer["verifiedUsing"]] == [digest("blob 1").removeprefix("sha256:")]
    assert layer["contentType"] == "application/vnd.oci.image.layer.v1.tar+gzip"


@pytest.mark.parametrize(
    ("whole", "of_image", "of_system"),
    [
        (alpine_inventory(), "incomplete", "incomplete"),
        (msgspec.structs.replace(alpine_inventory(), problems=()), "noAssertion", "complete"),
        (inventory(), "noAssertion", "noAssertion"),
    ],
)
def test_relationships_say_how_complete_they_are(whole: Inventory, of_image: str, of_system: str) -> None:
    found = elements(written(whole), "Relationship")
    assert found["#ContainerImage/contains"]["completeness"] == of_image
    assert found["#OperatingSystem/contains"]["completeness"] == of_system
    assert found["#ContainerImage/contains/layers"]["completeness"] == "complete"


def test_a_system_whose_packages_were_all_removed_contains_none() -> None:
    gone = tracked(apk("curl", "1"), "pkg:apk/alpine/curl@1", visible=False)
    graph = written(inventory([gone]), all_layers=False)
    assert related(graph, "contains")["#OperatingSystem/contains"] == ["NoneElement"]
    assert elements(graph, "Relationship")["#OperatingSystem/contains"]["completeness"] == "complete"


def test_packages_depend_are_owned_and_were_built() -> None:
    graph = written(alpine_inventory())
    ids = {name: package["spdxId"] for name, package in packages(graph).items()}
    assert related(graph, "dependsOn") == {
        f"{ids['libssl3']}/dependsOn": [ids["musl"]],
        f"{ids['py3-idna']}/dependsOn": [ids["libssl3"], ids["musl"]],
    }
    assert related(graph, "other") == {f"{ids['idna']}/other": [ids["py3-idna"]]}
    assert elements(graph, "Relationship")[f"{ids['idna']}/other"]["comment"] == OWNED_BY
    assert annotation(graph, ids["idna"])["sbomgen:owned_by"] == ids["py3-idna"]
    assert sorted(related(graph, "generates").values()) == sorted([[ids["musl"]], [ids["libssl3"]]])


def test_an_archive_contains_what_lies_in_it_and_a_package_that_depends_on_none_says_so() -> None:
    graph = written(nested_inventory())
    ids = {name.removeprefix("org.example:"): package["spdxId"] for name, package in packages(graph).items()}
    found = {name: (one["to"], one["completeness"]) for name, one in elements(graph, "Relationship").items() if "#Package-" in one["from"]}
    assert found == {
        f"{ids['core']}/contains": ([ids["io"]], "noAssertion"),
        f"{ids['shop']}/contains": ([ids["core"]], "noAssertion"),
        f"{ids['libc6']}/dependsOn": (["NoneElement"], "complete"),
    }
    lost = written(msgspec.structs.replace(nested_inventory(), problems=(Problem(ProblemCode.BAD_RECORD, "", "", loss=True),)))
    assert related(lost, "dependsOn") == {}
    assert elements(lost, "Relationship")[f"{ids['core']}/contains"]["completeness"] == "incomplete"


def test_declared_licences_are_expressions_and_their_texts_stand_beside() -> None:
    graph = written(alpine_inventory())
    (name,) = related(graph, "hasDeclaredLicense")[f"{packages(graph)['idna']['spdxId']}/hasDeclaredLicense"]
    licence = elements(graph, "simplelicensing_LicenseExpression")[name]
    (entry,) = licence["simplelicensing_customIdToUri"]
    stated = f"BSD-3-Clause AND (MIT AND ISC) AND {entry['key']}"
    assert licence["simplelicensing_licenseExpression"] == stated
    text = elements(graph, "simplelicensing_SimpleLicensingText")[entry["value"]]
    assert text["simplelicensing_licenseText"] == "See the file\nLICENSE.\tWhole text."


def test_what_is_not_known_is_not_said() -> None:
    plain = image(("",), references=(), manifest_digest=None)
    plain = msgspec.structs.replace(plain, layers=tuple(msgspec.structs.replace(layer, media_type=None) for layer in plain.layers))
    graph = written(inventory([tracked(Package(type="generic", name="x", raw_version=""), "pkg:generic/x")], image=plain, distro=None))
    assert packages(graph)["x"].keys() == {
        "type", "spdxId", "creationInfo", "name", "externalIdentifier", "software_primaryPurpose", "software_packageUrl",
    }  # fmt: skip
    assert elements(graph, "software_File")["#Layer-0"].keys() >= {"name", "verifiedUsing"}
    assert "contentType" not in elements(graph, "software_File")["#Layer-0"]
    assert not {"software_packageUrl", "verifiedUsing"} & elements(graph, "software_Package")["#ContainerImage"].keys()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(whole=HOSTILE_INVENTORIES)
def test_whatever_an_image_says_the_document_is_valid(whole: Inventory, valid: Check) -> None:
    valid(document(whole))
    assert b"\x7f" not in document(whole)
