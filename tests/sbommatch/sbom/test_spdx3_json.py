"""SPDX 3: elements of a graph, in the ways that producers write them."""

import json
from typing import Any

import pytest

from sbommatch.problem import ProblemCode
from sbommatch.sbom.component import Component, Document
from sbommatch.sbom.read import read_document

CONTEXT = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"


def spdx3(*elements: Any, context: Any = CONTEXT) -> Document:
    """A document with these elements, read."""
    return read_document(json.dumps({"@context": context, "@graph": elements}).encode(), "made")


def package(**members: Any) -> Any:
    """An element."""
    return {"type": "software_Package", "spdxId": "urn:a", "name": "a", "software_packageVersion": "1", **members}


def component(**members: Any) -> Component:
    """The one package with these members, read."""
    (only,) = spdx3(package(**members)).components
    return only


def test_the_fields_of_a_package() -> None:
    read = component(
        software_packageUrl="pkg:npm/a@1",
        software_primaryPurpose="operatingSystem",
        software_sourceInfo="built package from: src 1-1",
        externalIdentifier=[{"type": "ExternalIdentifier", "externalIdentifierType": "cpe23", "identifier": "cpe:2.3:a:a"}],
    )
    assert (read.ref, read.type, read.name, read.version) == ("urn:a", "operating-system", "a", "1")
    assert (read.purl, read.cpes, read.source_name) == ("pkg:npm/a@1", ("cpe:2.3:a:a",), "src")


@pytest.mark.parametrize(
    "members",
    [
        {"externalIdentifier": [{"externalIdentifierType": "packageUrl", "identifier": "pkg:npm/a@1"}]},
        {"externalIdentifiers": [{"externalIdentifierType": "purl", "identifier": "pkg:npm/a@1"}]},
        {"externalIdentifier": ["urn:i"]},
        {"software_packageUrl": "pkg:npm/a@1", "externalIdentifier": ["urn:nowhere"]},
    ],
)
def test_a_purl_stands_in_many_places(members: dict[str, Any]) -> None:
    listed = {"type": "ExternalIdentifier", "spdxId": "urn:i", "externalIdentifierType": "purl", "identifier": "pkg:npm/a@1"}
    assert [each.purl for each in spdx3(package(**members), listed).components] == ["pkg:npm/a@1"]


@pytest.mark.parametrize("class_", ["software_Package", "Package", "https://spdx.org/rdf/3.0.1/terms/Software/Package", "software:Package"])
def test_a_class_is_known_by_its_last_word(class_: str) -> None:
    assert component(type=class_).name == "a"


def test_packages_of_other_profiles_are_packages_and_files_are_none() -> None:
    document = spdx3(
        package(type="ai_AIPackage"), package(type="dataset_DatasetPackage", spdxId="urn:d"), package(type="software_File", spdxId="urn:f")
    )
    assert [each.type for each in document.components] == ["machine-learning-model", "data"]


@pytest.mark.parametrize(
    "describing",
    [
        [{"type": "SpdxDocument", "spdxId": "urn:doc", "rootElement": ["urn:app"]}],
        [{"type": "SpdxDocument", "spdxId": "urn:doc", "rootElement": "urn:app"}],
        [
            {"type": "SpdxDocument", "spdxId": "urn:doc", "rootElement": ["urn:bom"]},
            {"type": "software_Sbom", "spdxId": "urn:bom", "rootElement": ["urn:app"]},
        ],
        [
            {"type": "SpdxDocument", "spdxId": "urn:doc"},
            {"type": "Relationship", "from": "urn:doc", "to": ["urn:app"], "relationshipType": "describes"},
        ],
        [
            {"type": "SpdxDocument", "@id": "urn:doc"},
            {"@type": "Relationship", "from": "urn:doc", "to": "urn:app", "relationshipType": "DESCRIBES"},
        ],
    ],
)
def test_the_subject_is_what_the_document_describes(describing: list[Any]) -> None:
    document = spdx3(
        package(), {"type": "software_Package", "spdxId": "urn:app", "name": "app", "software_packageVersion": "2"}, *describing
    )
    assert (document.subject.name, document.subject.version, [each.name for each in document.components]) == ("app", "2", ["a"])


@pytest.mark.parametrize("info", ["_:info", {"specVersion": "3.0.1", "createdUsing": ["urn:t"]}])
def test_version_and_producer_are_the_creation_informations(info: Any) -> None:
    document = spdx3(
        {"type": "CreationInfo", "@id": "_:other", "specVersion": "3.9", "createdUsing": []},
        {"type": "CreationInfo", "@id": "_:info", "specVersion": "3.0.1", "createdUsing": ["urn:t", "urn:none"]},
        {"type": "Tool", "spdxId": "urn:t", "name": "sbomgen-1.2"},
        {"type": "SpdxDocument", "spdxId": "urn:doc", "creationInfo": info},
        package(),
        context=[CONTEXT, {"p": "urn:"}],
    )
    assert (document.format, document.spec_version, document.producer) == ("spdx3-json", "3.0.1", "sbomgen 1.2")


def test_the_version_is_the_contexts_where_nobody_states_it() -> None:
    assert spdx3(package()).spec_version == "3.0.1"


def test_sbomgens_statements_are_annotations() -> None:
    statement = json.dumps({"sbomgen:layer:index": "1", "sbomgen:visible": "false"})
    document = spdx3(
        package(),
        {"type": "Annotation", "subject": "urn:a", "annotationType": "other", "statement": statement},
        {"type": "Annotation", "subject": "urn:a", "statement": "words"},
        {"type": "Annotation", "statement": statement},
    )
    assert [(each.layer, each.visible) for each in document.components] == [(1, False)]
    assert not document.problems


def test_sbomgens_source_packages_are_no_components() -> None:
    source = package(spdxId="urn:s", name="src")
    generates = {"type": "Relationship", "from": "urn:s", "to": ["urn:a"], "relationshipType": "generates"}
    tool, info = {"type": "Tool", "spdxId": "urn:t", "name": "sbomgen-1"}, {"type": "CreationInfo", "createdUsing": ["urn:t"]}
    assert [each.name for each in spdx3(package(), source, generates, tool, info).components] == ["a"]
    assert [each.name for each in spdx3(package(), source, generates).components] == ["a", "src"]


def test_an_element_alone_is_a_document() -> None:
    document = read_document(json.dumps({"@context": CONTEXT, **package()}).encode(), "made")
    assert [each.name for each in document.components] == ["a"]
    person = read_document(json.dumps({"@context": CONTEXT, "type": "Person", "name": "p"}).encode(), "made")
    assert [each.code for each in person.problems] == [ProblemCode.NO_COMPONENTS]


def test_one_wrong_value_costs_that_value_alone() -> None:
    document = spdx3(package(software_packageVersion=1), 7, None, package(spdxId="urn:b", externalIdentifier=[1, "urn:i"]))
    assert [each.version for each in document.components] == ["1", "1"]
    assert [(each.where, each.loss) for each in document.problems] == [
        ("made: @graph[0].software_packageVersion", False),
        ("made: @graph[1]", True),
        ("made: @graph[3].externalIdentifier[0]", False),
    ]
