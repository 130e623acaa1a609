"""SPDX XML: SPDX JSON with an element for each value of a list."""

from sbommatch.sbom.read import read_document


def test_a_document() -> None:
    document = read_document(
        b"""<?xml version="1.0" encoding="UTF-8"?>
<Document>
  <packages>
    <SPDXID>SPDXRef-a</SPDXID><name>a</name><versionInfo>1</versionInfo>
    <externalRefs><referenceType>purl</referenceType><referenceLocator>pkg:npm/a@1</referenceLocator></externalRefs>
    <externalRefs><referenceType>cpe23Type</referenceType><referenceLocator>cpe:2.3:a:a</referenceLocator></externalRefs>
    <annotations><annotator>Tool: sbomgen-1</annotator><comment>{"sbomgen:visible": "false"}</comment></annotations>
    <attributionTexts>one</attributionTexts><attributionTexts>two</attributionTexts>
  </packages>
  <packages><SPDXID>SPDXRef-b</SPDXID><name>b</name></packages>
  <SPDXID>SPDXRef-DOCUMENT</SPDXID><spdxVersion>SPDX-2.3</spdxVersion><name>doc</name>
  <creationInfo><creators>Organization: o</creators><creators>Tool: t-1</creators></creationInfo>
  <relationships><spdxElementId>SPDXRef-DOCUMENT</spdxElementId><relationshipType>DESCRIBES</relationshipType>
    <relatedSpdxElement>SPDXRef-b</relatedSpdxElement></relationships>
</Document>""",
        "made",
    )
    assert (document.format, document.spec_version, document.producer, document.subject.name) == ("spdx-xml", "2.3", "t 1", "b")
    (a,) = document.components
    assert (a.ref, a.name, a.version, a.purl, a.cpes, a.visible) == ("SPDXRef-a", "a", "1", "pkg:npm/a@1", ("cpe:2.3:a:a",), False)
    assert not document.problems
