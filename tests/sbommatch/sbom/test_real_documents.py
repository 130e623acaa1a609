"""Every real document: all is read, and every count that differs from the index has a cause."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from sbommatch.errors import UnreadableError
from sbommatch.problem import ProblemCode
from sbommatch.sbom.component import Component, Document
from sbommatch.sbom.read import NoSbomError, read_document
from tests.sbommatch.sbom.real import FORMATS, archived_bytes, as_json, indexed, listed

NESTED = "nested components, or components inside metadata.component: the index counts the top level only"
SUBJECT = "the one package that the document describes, with no PURL of an ecosystem and no CPE: it is no component"
FOREIGN = "elements of another namespace among the components: the index counts them"
ELEMENTS = "the index counts all elements of @graph, of which packages are components"
ALONE = "a package alone at the top, without @graph: the index counts none"

EXCEPTIONS = {
    ("cyclonedx-json", NESTED): 45,
    ("cyclonedx-xml", NESTED): 39,
    ("cyclonedx-xml", FOREIGN): 5,
    ("spdx-json", SUBJECT): 45,
    ("spdx-rdfxml", SUBJECT): 2,
    ("spdx-tagvalue", SUBJECT): 13,
    ("spdx-yaml", SUBJECT): 3,
    ("spdx3-jsonld", ELEMENTS): 74,
    ("spdx3-jsonld", ALONE): 1,
}
"""How many documents of each format have another count than the index says, by cause."""

NOT_READ = {"spdx+Spdx-Java-Library/TestFiles/BSD-3-Clause.jsonld": "no SBOM, but JSON-LD about something else: a '\"spdx:License\"'"}
"""A licence of SPDX's list; the index calls it a document."""

NO_CONTENT = ("pkg:oci/", "pkg:docker/", "pkg:swid/", "pkg:generic/", "pkg:github/")


def losses_of(document: Document) -> Iterator[str]:
    return (f"{each.where}: {each.message}" for each in document.problems if each.loss)


def cause_of(format_: str, document: Document, in_file: int, in_index: int) -> str | None:
    """Why a document has another count than the index says; a count that nothing explains fails."""
    read = len(document.components)
    if format_ == "spdx3-jsonld" and in_file != in_index:
        return ELEMENTS if in_file < in_index else ALONE
    if format_.startswith("spdx") and read == in_file - 1:
        assert document.components
        assert not document.subject.purl or document.subject.purl.startswith(NO_CONTENT)
        return SUBJECT
    assert read == in_file
    if read == in_index:
        return None
    return NESTED if read > in_index else FOREIGN


def test_every_document_is_read_with_all_its_components(shared_data: Path) -> None:
    causes: Counter[tuple[str, str]] = Counter()
    read: Counter[str] = Counter()
    for row in indexed(shared_data):
        name = row.path.relative_to(shared_data / "sboms").as_posix()
        if row.invalid or name in NOT_READ:
            continue
        data = row.path.read_bytes()
        document = read_document(data, name)
        assert document.format == FORMATS[row.format]
        assert not list(losses_of(document)), name
        assert len({each.ref for each in document.components}) == len(document.components)
        if cause := cause_of(row.format, document, listed(row.format, data), row.components):
            causes[row.format, cause] += 1
        read[row.format] += 1
    assert causes == EXCEPTIONS
    assert read == {
        "cyclonedx-json": 840, "cyclonedx-xml": 619, "spdx-json": 169, "spdx-rdfxml": 16, "spdx-tagvalue": 74, "spdx-xml": 9,
        "spdx-yaml": 14, "spdx3-jsonld": 83, "syft-json": 9,
    }  # fmt: skip


@pytest.mark.parametrize("name", NOT_READ)
def test_what_is_not_read_is_said(shared_data: Path, name: str) -> None:
    with pytest.raises(NoSbomError) as caught:
        read_document((shared_data / "sboms" / name).read_bytes(), "x")
    assert str(caught.value) == f"x: {NOT_READ[name]}"


def test_invalid_documents_are_read_as_far_as_they_go_or_refused_with_a_reason(shared_data: Path) -> None:
    read, reasons = 0, []
    for row in indexed(shared_data):
        if not row.invalid:
            continue
        try:
            document = read_document(row.path.read_bytes(), "x.json")
        except UnreadableError as error:
            reasons.append(str(error))
        else:
            read += 1
            assert len(document.components) >= row.components - 1
    no_sbom = [reason for reason in reasons if reason.startswith("x.json: no SBOM, but ")]
    malformed = [reason for reason in reasons if reason.startswith("x.json: malformed JSON")]
    assert (read, len(reasons), len(no_sbom), len(malformed)) == (248, 13, 11, 2)


def test_the_packed_samples_are_read_with_all_their_packages(shared_data: Path) -> None:
    documents = packages = made = 0
    for name, data in archived_bytes(shared_data):
        document = read_document(data, name)
        in_file = len(as_json(data).get("packages") or ())
        assert in_file - len(document.components) in {0, 1}, name
        codes = {each.code for each in document.problems}
        assert codes <= {ProblemCode.DUPLICATE_REF, ProblemCode.NO_COMPONENTS, ProblemCode.NO_PURL}, name
        assert (ProblemCode.NO_PURL in codes) <= (document.producer == "tern 2.11.0")
        assert not list(losses_of(document))
        documents, packages = documents + 1, packages + in_file
        made += sum(each.purl_from == "made" for each in document.components)
    assert (documents, packages > 20_000, made) == (372, True, 1456)


def without_place(component: Component) -> tuple[object, ...]:
    """What does not depend on the form; refs made of places do."""
    ref = None if "components[" in component.ref else component.ref
    return (ref, component.type, component.name, component.group, component.version, component.purl, component.cpes, component.paths)


def test_cyclonedx_says_the_same_in_xml_and_in_json(shared_data: Path) -> None:
    """In what cyclonedx-python-lib writes of the same objects, in all versions."""
    folder = shared_data / "sboms" / "CycloneDX+cyclonedx-python-lib"
    pairs = 0
    for path in sorted(folder.rglob("*.xml.bin")):
        twin = path.with_name(path.name.replace(".xml", ".json"))
        if twin.exists():
            xml, json = (read_document(each.read_bytes(), "x") for each in (path, twin))
            assert Counter(map(without_place, xml.components)) == Counter(map(without_place, json.components)), path
            assert (xml.spec_version, xml.producer, xml.subject) == (json.spec_version, json.producer, json.subject), path
            pairs += 1
    assert pairs == 174


@pytest.mark.parametrize(
    "names",
    [
        (
            "SPDXJSONExample-v2.3.spdx.json", "SPDXRdfExample-v2.3.spdx.rdf", "SPDXTagExample-v2.3.spdx", "SPDXXMLExample-v2.3.spdx.xml",
            "SPDXYAMLExample-2.3.spdx.yaml",
        ),
        (
            "SPDXJSONExample-v2.2.spdx.json", "SPDXRdfExample-v2.2.spdx.rdf", "SPDXTagExample-v2.2.spdx", "SPDXXMLExample-v2.2.spdx.xml",
            "SPDXYAMLExample-2.2.spdx.yaml",
        ),
    ],
)  # fmt: skip
def test_spdx_says_the_same_in_all_its_forms(shared_data: Path, names: tuple[str, ...]) -> None:
    folder = shared_data / "sboms" / "spdx+tools-java" / "testResources"
    first, *others = (read_document((folder / name).read_bytes(), name) for name in names)
    assert len(first.components) == 4
    for other in others:
        assert sorted(map(without_place, other.components), key=repr) == sorted(map(without_place, first.components), key=repr)
        assert (other.producer, other.subject.name, other.subject.version) == (first.producer, first.subject.name, first.subject.version)
