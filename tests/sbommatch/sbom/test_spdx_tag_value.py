"""SPDX tag-value, written with and without care."""

import pytest

from sbommatch.errors import UnreadableError
from sbommatch.problem import ProblemCode
from sbommatch.sbom import _reader
from sbommatch.sbom.component import Component, DistroStatement, Document
from sbommatch.sbom.read import read_document

PACKAGE = "PackageName: a\nSPDXID: SPDXRef-a\nPackageVersion: 1.0\n"


def tag_value(*sections: str) -> Document:
    """A document with these lines, read."""
    return read_document("\n".join(("SPDXVersion: SPDX-2.3", "SPDXID: SPDXRef-DOCUMENT", *sections)).encode(), "made")


def package(*lines: str) -> Component:
    """The one package with these lines, read."""
    (only,) = tag_value(PACKAGE, *lines).components
    return only


def test_the_fields_of_a_package() -> None:
    read = package(
        "PrimaryPackagePurpose: OPERATING-SYSTEM",
        "ExternalRef: PACKAGE-MANAGER purl pkg:deb/debian/a@1.0?arch=amd64",
        "ExternalRef: SECURITY cpe23Type cpe:2.3:a:a",
        "ExternalRefComment: nothing",
        "PackageSourceInfo: <text>built package from: src 1.0-1</text>",
    )
    assert (read.ref, read.type, read.name, read.version, read.distro) == (
        "SPDXRef-a",
        "operating-system",
        "a",
        "1.0",
        DistroStatement("a", "1.0"),
    )
    assert (read.purl, read.cpes) == ("pkg:deb/debian/a@1.0?arch=amd64", ("cpe:2.3:a:a",))
    assert (read.source_name, read.source_version) == ("src", "1.0-1")


def test_the_document() -> None:
    document = tag_value(
        "DocumentName: app-sbom",
        "Creator: Organization: o",
        "Creator: Tool: syft-1.2",
        PACKAGE,
        "PackageName: b",
        "SPDXID: SPDXRef-b",
        "Relationship: SPDXRef-DOCUMENT DESCRIBES SPDXRef-b",
    )
    assert (document.format, document.spec_version, document.producer) == ("spdx-tag-value", "2.3", "syft 1.2")
    assert (document.subject.name, [each.name for each in document.components]) == ("b", ["a"])
    assert tag_value("DocumentName: app-sbom", PACKAGE).subject.name == "app-sbom"


def test_a_text_may_hold_lines_that_look_like_tags() -> None:
    document = tag_value(PACKAGE, "PackageComment: <text>see\nPackageName: not this\n\n</text>", "PackageName: b")
    assert [each.name for each in document.components] == ["a", "b"]
    assert not document.problems


def test_a_text_that_is_not_closed_ends_with_its_line_and_is_a_loss() -> None:
    document = tag_value(
        PACKAGE, "PackageComment: <text>see", "PackageName: b", "PackageComment: <text>closed</text>", "FileNotice: <text>"
    )
    assert [each.name for each in document.components] == ["a", "b"]
    assert [(each.where, each.loss) for each in document.problems] == [("made: line 7", True), ("made: line 10", True)]
    assert document.problems[0].message == "PackageComment: <text> is not closed; read to the end of the line"


def test_a_package_ends_where_a_file_begins() -> None:
    document = tag_value(PACKAGE, "FileName: ./a", "SPDXID: SPDXRef-file", "PackageVersion: of nobody", "LicenseID: LicenseRef-1", PACKAGE)
    assert [(each.ref, each.version) for each in document.components] == [("SPDXRef-a", "1.0"), ("packages[1]", "1.0")]
    assert [each.code for each in document.problems] == [ProblemCode.DUPLICATE_REF]


def test_a_package_without_a_name_is_a_package() -> None:
    document = tag_value(
        "SPDXID: SPDXRef-x", "PackageVersion: 2", "PackageName:", "SPDXID: SPDXRef-y", PACKAGE, "SPDXID: SPDXRef-z", "PackageVersion: 3"
    )
    assert [(each.ref, each.name, each.version) for each in document.components] == [
        ("SPDXRef-x", "", "2"),
        ("SPDXRef-y", "", None),
        ("SPDXRef-a", "a", "1.0"),
        ("SPDXRef-z", "", "3"),
    ]
    assert [each.message for each in document.problems] == ["has no name"] * 3


def test_annotations_may_stand_anywhere() -> None:
    statement = '{"sbomgen:layer:index": "1", "sbomgen:visible": false}'
    annotation = f"Annotator: Tool: sbomgen-1\nAnnotationType: OTHER\nAnnotationComment: <text>{statement}</text>"
    assert not package(annotation).visible
    (read,) = tag_value(f"{annotation}\nSPDXREF: SPDXRef-a", PACKAGE).components
    assert (read.layer, read.visible) == (1, False)
    assert package(f"{annotation}\nSPDXREF: SPDXRef-other").visible
    assert tag_value(annotation, "PackageName: without an identifier").components[0].visible


def test_relationships_say_who_delivers_whom() -> None:
    (a, b) = tag_value(
        PACKAGE,
        "PackageName: b",
        "SPDXID: SPDXRef-b",
        "Relationship: SPDXRef-b OTHER SPDXRef-a",
        "RelationshipComment: ownership-by-file-overlap: more",
        "Relationship: SPDXRef-a DEPENDS_ON SPDXRef-b",
        "RelationshipComment: ownership-by-file-overlap: of a relationship that is not read",
        "Relationship: nothing",
    ).components
    assert (a.owned_by, b.owned_by) == ("SPDXRef-b", None)


@pytest.mark.parametrize(
    "line", ["SPDXREF: SPDXRef-a", "AnnotationComment: x", "RelationshipComment: x", "PackageVersion: 2", "ExternalRef: x", ": x"]
)
def test_a_line_without_what_it_belongs_to_is_passed_over(line: str) -> None:
    assert [each.name for each in tag_value(line, PACKAGE, "ExternalRef: PACKAGE-MANAGER purl").components] == ["a"]


def test_spaces_and_line_ends_of_every_kind() -> None:
    document = read_document(b"# by hand\r\n\r\n  SPDXVersion : SPDX-2.2\r\nPackageName:a b \r\n\tPackageVersion:   1\r\n", "made")
    assert [(each.name, each.version) for each in document.components] == [("a b", "1")]


def test_trivy_states_layers_as_attributions() -> None:
    document = tag_value(
        "PackageName: image\nSPDXID: SPDXRef-ContainerImage-1",
        "PackageAttributionText: DiffID: sha256:f\nPackageAttributionText: <text>ImageID: sha256:c</text>",
        f"{PACKAGE}PackageAttributionText: LayerDiffID: sha256:f",
        "Relationship: SPDXRef-DOCUMENT DESCRIBE SPDXRef-ContainerImage-1",
    )
    assert (document.subject.config_digest, document.components[0].layer) == ("sha256:c", 0)


def test_a_document_with_too_many_records_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_reader, "MAX_RECORDS", 2)
    assert len(tag_value(PACKAGE, "PackageName: b").components) == 2
    with pytest.raises(UnreadableError, match="more than 2 records"):
        tag_value(PACKAGE, "PackageName: b", "ExternalRef: PACKAGE-MANAGER purl pkg:npm/b@1")
