"""SPDX RDF/XML, and the triples under it, with rdflib for a judge."""

from pathlib import Path

import pytest
import rdflib

from sbommatch.errors import UnreadableError
from sbommatch.problem import ProblemCode
from sbommatch.sbom import _reader
from sbommatch.sbom._reader import Problems, Source
from sbommatch.sbom._triples import read_triples
from sbommatch.sbom.component import Document
from sbommatch.sbom.read import read_document
from tests.sbommatch.sbom.real import indexed

HEAD = (
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:rdfs="http://www.w3.org/2000/01/rdf-schema#" '
    'xmlns="http://spdx.org/rdf/terms#" xmlns:spdx="http://spdx.org/rdf/terms#" xml:base="http://x.org/doc">'
)


def rdf(inside: str) -> Document:
    """A document with these nodes, read."""
    return read_document(f"{HEAD}{inside}</rdf:RDF>".encode(), "made")


Triple = tuple[str, str, str]


def triples(data: bytes) -> set[Triple]:
    """Ours, blank nodes by one name."""
    found: set[Triple] = set()
    read_triples(Source("made", "", data, Problems("made")), lambda *triple: found.add(_unnamed(*triple)))
    return found


def _unnamed(*triple: str) -> Triple:
    subject, predicate, object_ = ("_:" if each.startswith("_:") else each for each in triple)
    return subject, predicate, object_


def judged(data: bytes) -> set[Triple]:
    """rdflib's."""
    graph = rdflib.Graph().parse(data=data, format="xml")
    return {_unnamed(*(f"_:{each}" if isinstance(each, rdflib.BNode) else str(each) for each in triple)) for triple in graph}


@pytest.mark.parametrize(
    "inside",
    [
        '<Package rdf:about="#a"><name>a</name><versionInfo> 1 </versionInfo></Package>',
        '<rdf:Description rdf:about="http://y.org/a"><rdf:type rdf:resource="http://spdx.org/rdf/terms#Package"/><name/></rdf:Description>',
        '<Package rdf:ID="a" spdx:name="by attribute"/>',
        '<Package rdf:nodeID="n"><relationship rdf:nodeID="m"/></Package><Relationship rdf:nodeID="m"><name>c</name></Relationship>',
        '<Package rdf:about="#a"><externalRef><ExternalRef><referenceLocator>l</referenceLocator></ExternalRef></externalRef></Package>',
        '<Package rdf:about="#a"><externalRef rdf:parseType="Resource"><referenceLocator>l</referenceLocator></externalRef></Package>',
        '<Package rdf:about="#a"><creationInfo spdx:creator="Tool: t" rdf:resource="#c"/></Package>',
        '<Package rdf:about="#a"><size rdf:datatype="http://www.w3.org/2001/XMLSchema#string">3</size></Package>',
        '<Package rdf:about=""><name xml:lang="en">of the base</name></Package>',
    ],
)
def test_triples_are_those_of_rdflib(inside: str) -> None:
    data = f"{HEAD}{inside}</rdf:RDF>".encode()
    assert triples(data) == judged(data)


@pytest.mark.long
def test_triples_of_real_documents_are_those_of_rdflib(shared_data: Path) -> None:
    compared = 0
    for row in indexed(shared_data):
        data = row.path.read_bytes() if row.format == "spdx-rdfxml" else b""
        if data and b'parseType="Collection"' not in data:  # SPDX's own ontology has some
            assert triples(data) == judged(data), row.path
            compared += 1
    assert compared == 17


DOCUMENT = """
<SpdxDocument rdf:about="#SPDXRef-DOCUMENT">
  <specVersion>SPDX-2.2</specVersion><name>doc</name>
  <creationInfo><CreationInfo><creator>Person: p</creator><creator>Tool: t-1</creator></CreationInfo></creationInfo>
  <relationship><Relationship>
    <relationshipType rdf:resource="http://spdx.org/rdf/terms#relationshipType_describes"/>
    <relatedSpdxElement><Package rdf:about="#SPDXRef-app"><name>app</name></Package></relatedSpdxElement>
  </Relationship></relationship>
</SpdxDocument>
<Package rdf:about="#SPDXRef-a">
  <name>a</name><versionInfo>1</versionInfo><primaryPackagePurpose rdf:resource="http://spdx.org/rdf/terms#purpose_operatingSystem"/>
  <externalRef><ExternalRef><referenceType rdf:resource="http://spdx.org/rdf/references/purl"/>
    <referenceLocator>pkg:npm/a@1</referenceLocator></ExternalRef></externalRef>
  <externalRef><ExternalRef><referenceType rdf:resource="http://spdx.org/rdf/references/cpe23Type"/>
    <referenceLocator>cpe:2.3:a:a</referenceLocator></ExternalRef></externalRef>
  <annotation><Annotation><annotator>Tool: sbomgen-1</annotator>
    <rdfs:comment>{"sbomgen:visible": "false"}</rdfs:comment></Annotation></annotation>
  <relationship><Relationship>
    <relationshipType rdf:resource="http://spdx.org/rdf/terms#relationshipType_other"/><rdfs:comment>ownership-by-file-overlap</rdfs:comment>
    <relatedSpdxElement rdf:resource="#SPDXRef-b"/></Relationship></relationship>
</Package>
<Package rdf:about="#SPDXRef-b"><name>b</name></Package>
"""


def test_a_document() -> None:
    document = rdf(DOCUMENT)
    assert (document.format, document.spec_version, document.producer, document.subject.name) == ("spdx-rdf", "2.2", "t 1", "app")
    a, b = document.components
    assert (a.ref, a.type, a.name, a.version, a.purl) == ("SPDXRef-a", "operating-system", "a", "1", "pkg:npm/a@1")
    assert (a.cpes, a.visible, b.owned_by) == (("cpe:2.3:a:a",), False, "SPDXRef-a")
    assert not document.problems


def test_what_describes_no_software_says_so() -> None:
    assert [each.code for each in rdf("").problems] == [ProblemCode.BAD_RECORD, ProblemCode.BAD_RECORD, ProblemCode.NO_COMPONENTS]


def test_a_graph_with_too_many_triples_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_reader, "MAX_RECORDS", 5)
    with pytest.raises(UnreadableError, match="more than 5 records"):
        rdf(DOCUMENT)
