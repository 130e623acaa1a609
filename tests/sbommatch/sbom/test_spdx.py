"""SPDX of every producer."""

import json
from typing import Any

import pytest

from sbommatch.problem import ProblemCode
from sbommatch.sbom.component import ComponentLayer, DistroStatement, Subject
from tests.sbommatch.sbom.made import DIFF_IDS, annotation, described, purl, spdx

ROOT = {"SPDXID": "SPDXRef-Root", "name": "app", "versionInfo": "1", "primaryPackagePurpose": "CONTAINER"}
PACKAGE = {"SPDXID": "SPDXRef-a", "name": "a", "versionInfo": "1.0"}


def test_the_fields_of_a_package() -> None:
    references = [
        {"referenceCategory": "SECURITY", "referenceType": "cpe23Type", "referenceLocator": "cpe:2.3:a:1"},
        {"referenceCategory": "SECURITY", "referenceType": "http://spdx.org/rdf/references/cpe22Type", "referenceLocator": "cpe:/a:2"},
        {**purl("pkg:npm/a@1.0"), "referenceCategory": "SECURITY"},
        purl("pkg:npm/second@1.0"),
    ]
    (component,) = spdx({**PACKAGE, "externalRefs": references}).components
    assert (component.ref, component.type, component.name, component.version) == ("SPDXRef-a", "library", "a", "1.0")
    assert component.purl == "pkg:npm/a@1.0", "apko writes it under SECURITY"
    assert component.cpes == ("cpe:2.3:a:1", "cpe:/a:2")


@pytest.mark.parametrize(
    ("package", "type_"),
    [
        ({"primaryPackagePurpose": "APPLICATION"}, "application"),
        ({"primaryPackagePurpose": "OPERATING-SYSTEM"}, "operating-system"),
        ({"primaryPackagePurpose": "SOURCE"}, "library"),
        ({"SPDXID": "SPDXRef-OperatingSystem-4583"}, "operating-system"),
        ({"SPDXID": "SPDXRef-ContainerImage-b56b"}, "container"),
        ({"SPDXID": "SPDXRef-OperatingSystem-4583", "primaryPackagePurpose": "LIBRARY"}, "library"),
        ({}, "library"),
    ],
)
def test_the_purpose_is_the_type(package: dict[str, str], type_: str) -> None:
    assert spdx({**PACKAGE, **package}).components[0].type == type_


@pytest.mark.parametrize("version", ["", None, "NOASSERTION", "UNKNOWN", "(devel)"])
def test_a_stand_in_is_no_version(version: str | None) -> None:
    assert spdx({**PACKAGE, "versionInfo": version}).components[0].version is None


@pytest.mark.parametrize(
    ("creators", "producer"),
    [
        (["Organization: Anchore, Inc", "Tool: syft-0.57.0", "Tool: other"], "syft 0.57.0"),
        (["Tool: trivy-dev"], "trivy dev"),
        (["Tool: sigs.k8s.io/bom/pkg/spdx"], "sigs.k8s.io/bom/pkg/spdx"),
        (["Tool: Microsoft.SBOMTool-2.0.88"], "Microsoft.SBOMTool 2.0.88"),
        (["Tool: apko (devel)"], "apko (devel)"),
        (["Tool: syft-[not provided]"], "syft"),
        (["Person: Jane"], None),
        (None, None),
    ],
)
def test_the_producer_is_the_first_tool(creators: list[str] | None, producer: str | None) -> None:
    assert spdx(PACKAGE, creationInfo={"creators": creators}).producer == producer


@pytest.mark.parametrize(("creator", "listed"), [("Tool: sbomgen-1.0", ["a"]), ("Tool: Claircore", ["a", "source"])])
def test_the_source_packages_of_sbomgen_are_no_components(creator: str, listed: list[str]) -> None:
    built = related("GENERATED_FROM", "SPDXRef-a", "SPDXRef-source")
    document = spdx(PACKAGE, {"SPDXID": "SPDXRef-source", "name": "source"}, creationInfo={"creators": [creator]}, **built)
    assert [each.name for each in document.components] == listed


def related(kind: str, left: str = "SPDXRef-DOCUMENT", right: str = "SPDXRef-Root") -> dict[str, Any]:
    return {"relationships": [{"spdxElementId": left, "relationshipType": kind, "relatedSpdxElement": right}]}


@pytest.mark.parametrize(
    "members",
    [
        {"documentDescribes": ["SPDXRef-Root"]},
        related("DESCRIBES"),
        related("DESCRIBE"),
        related("DESCRIBED_BY", "SPDXRef-Root", "SPDXRef-DOCUMENT"),
        {**related("DESCRIBES"), "documentDescribes": ["SPDXRef-Root"]},
    ],
)
def test_the_one_described_package_is_the_subject_and_no_component(members: dict[str, Any]) -> None:
    document = spdx(PACKAGE, ROOT, **members)
    assert document.subject == Subject(name="app", version="1")
    assert [each.ref for each in document.components] == ["SPDXRef-a"]


@pytest.mark.parametrize(
    ("reference", "listed"),
    [
        (purl("pkg:npm/app@1"), True),
        ({"referenceType": "cpe23Type", "referenceLocator": "cpe:2.3:a:app"}, True),
        (purl("pkg:oci/app@sha256:1"), False),
        (purl("pkg:swid/acme/app@1"), False),
    ],
)
def test_a_subject_that_can_be_checked_is_a_component_too(reference: dict[str, str], listed: bool) -> None:
    document = described({**ROOT, "externalRefs": [reference]}, PACKAGE)
    assert document.subject.name == "app"
    assert (document.components[0].name == "app") is listed


def test_a_subject_that_is_all_there_is_is_a_component_too() -> None:
    assert [each.name for each in described(ROOT).components] == ["app"]


def test_with_several_subjects_the_document_has_none() -> None:
    document = spdx(PACKAGE, ROOT, name="both", documentDescribes=["SPDXRef-a", "SPDXRef-Root"])
    assert document.subject == Subject(name="both")
    assert len(document.components) == 2


def test_the_annotations_of_sbomgen() -> None:
    about_image = {
        "sbomgen:image:config_digest": "sha256:c",
        "sbomgen:image:platform": "linux/arm64",
        "sbomgen:image:layer": [f"{index} {diff_id} - 10 RUN {index}" for index, diff_id in enumerate(DIFF_IDS)],
    }
    about_package = {
        "sbomgen:layer:index": "2",
        "sbomgen:layer:origin": "base",
        "sbomgen:visible": False,
        "sbomgen:history": ["introduced 0 0.9", "upgraded 2 1.0 0.9"],
        "sbomgen:source:name": "src",
        "sbomgen:owned_by": "SPDXRef-os",
        "sbomgen:path": ["usr/lib/a", "usr/lib/b"],
    }
    document = described(
        {**ROOT, "annotations": [annotation("sbomgen-0.1.0", json.dumps(about_image))]},
        {**PACKAGE, "annotations": [annotation("reviewer", "fine"), annotation("sbomgen-0.1.0", json.dumps(about_package))]},
    )
    assert (document.subject.config_digest, document.subject.platform) == ("sha256:c", "linux/arm64")
    assert document.layers[2] == ComponentLayer(2, DIFF_IDS[2], None, "RUN 2", None, "base")
    (component,) = document.components
    assert (component.layer, component.visible, component.owned_by, component.source_name) == (2, False, "SPDXRef-os", "src")
    assert component.paths == ("usr/lib/a", "usr/lib/b")


def test_a_broken_annotation_of_sbomgen_is_a_loss() -> None:
    document = spdx({**PACKAGE, "annotations": [annotation("sbomgen-0.1.0", "{")]})
    assert [(each.where, each.loss) for each in document.problems] == [("made: packages[0].annotations[0].comment", True)]
    assert len(document.components) == 1


@pytest.mark.parametrize("field", ["annotations", "attributionTexts"])
def test_the_statements_of_trivy(field: str) -> None:
    def stated(*texts: str) -> dict[str, Any]:
        return {field: [annotation("trivy-0.59.1", text) for text in texts] if field == "annotations" else list(texts)}

    document = described(
        {**ROOT, **stated("ImageID: sha256:c", *(f"DiffID: {diff_id}" for diff_id in DIFF_IDS), "SchemaVersion: 2")},
        {**PACKAGE, **stated(f"LayerDiffID: {DIFF_IDS[1]}", "PkgType: alpine"), "sourceInfo": "built package from: openssl 1.1.1q-r0"},
    )
    assert document.subject.config_digest == "sha256:c"
    (component,) = document.components
    assert (component.layer, component.source_name, component.source_version) == (1, "openssl", "1.1.1q-r0")


def test_what_syft_states() -> None:
    ownership = {"relationshipType": "OTHER", "comment": "ownership-by-file-overlap: indicates that the parent package claims ownership"}
    document = spdx(
        {**PACKAGE, "sourceInfo": "acquired package info from installed python package manifest file: /usr/a/METADATA, /usr/a/RECORD"},
        {"SPDXID": "SPDXRef-os", "name": "python3-a", "sourceInfo": "acquired package info from DPKG DB: /var/lib/dpkg/status"},
        relationships=[
            {"spdxElementId": "SPDXRef-os", "relatedSpdxElement": "SPDXRef-a", **ownership},
            {"spdxElementId": "SPDXRef-a", "relatedSpdxElement": "SPDXRef-os", "relationshipType": "OTHER", "comment": "evident-by"},
        ],
    )
    first, second = document.components
    assert (first.paths, first.owned_by) == (("/usr/a/METADATA", "/usr/a/RECORD"), "SPDXRef-os")
    assert (second.paths, second.owned_by) == (("/var/lib/dpkg/status",), None)


@pytest.mark.parametrize(
    ("package", "distro"),
    [
        ({"name": "debian", "versionInfo": "12.15", "primaryPackagePurpose": "OPERATING-SYSTEM"}, DistroStatement("debian", "12.15")),
        ({"SPDXID": "SPDXRef-OperatingSystem-1", "name": "alpine", "versionInfo": "3.14.8"}, DistroStatement("alpine", "3.14.8")),
        ({"name": "none", "primaryPackagePurpose": "OPERATING-SYSTEM"}, None),
        (
            {
                "name": "Red Hat Enterprise Linux Server",
                "versionInfo": "8 (Ootpa)",
                "primaryPackagePurpose": "OPERATING-SYSTEM",
                "externalRefs": [
                    {"referenceCategory": "OTHER", "referenceType": "did", "referenceLocator": "rhel"},
                    {"referenceCategory": "OTHER", "referenceType": "version_id", "referenceLocator": "8.6"},
                ],
            },
            DistroStatement("rhel", "8.6"),
        ),
    ],
)
def test_operating_systems_state_the_distribution(package: dict[str, Any], distro: DistroStatement | None) -> None:
    assert spdx({"SPDXID": "SPDXRef-x", **package}).distros == ((distro,) if distro else ())


def test_one_wrong_value_costs_that_value_alone() -> None:
    document = spdx(
        PACKAGE,
        None,
        7,
        {"SPDXID": "SPDXRef-b", "name": "b", "externalRefs": [purl("pkg:npm/b@1"), {"referenceType": 1}]},
        relationships="none",
    )
    assert [(each.name, each.purl) for each in document.components] == [("a", None), ("b", "pkg:npm/b@1")]
    assert [(each.where, each.loss) for each in document.problems] == [
        ("made: packages[2]", True),
        ("made: packages[3].externalRefs[1].referenceType", False),
    ]
    broken = spdx(PACKAGE, relationships=[{"relationshipType": "DESCRIBES", "spdxElementId": 3}, 4])
    assert [(each.where, each.loss) for each in broken.problems] == [
        ("made: relationships[0].spdxElementId", False),
        ("made: relationships[1]", False),
    ]


def test_the_version_of_the_format() -> None:
    assert spdx(PACKAGE, spdxVersion="SPDX-2.1").spec_version == "2.1"
    document = spdx(PACKAGE, spdxVersion="")
    assert (document.spec_version, [each.code for each in document.problems]) == (None, [ProblemCode.BAD_RECORD])
    document = spdx(PACKAGE, spdxVersion="SPDX-3.0")
    assert [each.message for each in document.problems] == ["is '3.0', no version of SPDX 2; read as 2.3"]


def test_a_document_without_packages_says_so() -> None:
    assert [each.code for each in spdx().problems] == [ProblemCode.NO_COMPONENTS]
