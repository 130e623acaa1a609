"""CycloneDX XML: what differs from JSON."""

import pytest

from sbommatch.errors import UnreadableError
from sbommatch.problem import ProblemCode
from sbommatch.sbom import _reader
from sbommatch.sbom.component import Component, ComponentLayer, DistroStatement, Document, Subject
from sbommatch.sbom.read import read_document

NAMESPACE = "http://cyclonedx.org/schema/bom/1.6"


def xml(inside: str, namespace: str = NAMESPACE) -> Document:
    """A document with these elements, read."""
    return read_document(f'<?xml version="1.0"?><bom xmlns="{namespace}">{inside}</bom>'.encode(), "made")


def named(name: str) -> str:
    """A document with one component of this name."""
    return f'<bom xmlns="{NAMESPACE}"><components><component><name>{name}</name></component></components></bom>'


def component(inside: str, attributes: str = "") -> Component:
    """The one component with these elements, read."""
    (only,) = xml(f"<components><component {attributes}>{inside}</component></components>").components
    return only


def test_the_bom_link_is_that_of_the_roots_attributes() -> None:
    serial = "3e671687-395b-41f5-a30f-a58921a69b79"
    made = read_document(f'<bom xmlns="{NAMESPACE}" serialNumber="urn:uuid:{serial}" version="2"/>'.encode(), "made")
    assert made.bom_link == f"urn:cdx:{serial}/2"


def test_the_fields_of_a_component() -> None:
    read = component(
        "<group>org.a</group><name>\n  a &amp; b </name><version>1.0</version><purl>pkg:maven/org.a/a@1.0</purl><cpe>cpe:2.3:a:a</cpe>",
        'type="framework" bom-ref="r"',
    )
    assert (read.ref, read.type, read.group, read.name, read.version) == ("r", "framework", "org.a", "a & b", "1.0")
    assert (read.purl, read.purl_from, read.cpes) == ("pkg:maven/org.a/a@1.0", "stated", ("cpe:2.3:a:a",))
    assert component("<name>a</name><version/><purl></purl>").version is None


def test_nested_components_and_those_of_the_subject() -> None:
    document = xml(
        "<metadata><component><name>app</name><components><component><name>part</name></component></components></component></metadata>"
        "<components><component><name>a</name><components><component><name>b</name></component></components></component>"
        "<component><name>c</name></component></components>"
    )
    assert [each.name for each in document.components] == ["part", "a", "b", "c"]
    assert document.components[2].ref == "components[0].components[0]"


def test_what_others_refer_to_the_document_and_its_parts_by() -> None:
    inside = '<dependencies><dependency ref="main"><dependency ref="a"/></dependency><dependency ref="a"/></dependencies>'
    document = read_document(f'<bom xmlns="{NAMESPACE}" serialNumber="urn:uuid:AB" version="2">{inside}</bom>'.encode(), "made")
    assert (document.bom_link, document.dependencies) == ("urn:cdx:ab/2", (("main", ("a",)),))


def test_components_of_a_pedigree_and_elements_of_strangers_are_no_components() -> None:
    document = xml(
        "<components><component><name>a</name><pedigree><ancestors><component><name>ancestor</name></component></ancestors></pedigree>"
        '<x:name xmlns:x="urn:x">stranger</x:name></component><x:component xmlns:x="urn:x"><x:name>no</x:name></x:component></components>'
        "<vulnerabilities><vulnerability><affects><component><name>no</name></component></affects></vulnerability></vulnerabilities>"
    )
    assert [each.name for each in document.components] == ["a"]


def test_properties_and_occurrences_are_read() -> None:
    layer = '<property name="sbomgen:image:layer">0 sha256:a - - RUN x</property>'
    document = xml(
        f'<metadata><component type="container"><name>app</name><properties>{layer}</properties></component></metadata>'
        '<components><component type="operating-system"><name>debian</name><version>12</version></component>'
        "<component><name>b</name><evidence><occurrences><occurrence bom-ref='o'><location>usr/b</location>"
        "<additionalContext>sha256:a</additionalContext></occurrence></occurrences></evidence>"
        '<properties><property name="aquasecurity:trivy:SrcName">src</property>'
        '<property name="sbomgen:visible">false</property></properties>'
        "</component></components>"
    )
    assert document.layers == (ComponentLayer(0, "sha256:a", created_by="RUN x"),)
    assert document.distros == (DistroStatement("debian", "12"),)
    read = document.components[1]
    assert (read.layer, read.paths, read.source_name, read.visible) == (0, ("usr/b",), "src", False)


@pytest.mark.parametrize(
    "tools",
    [
        "<tools><tool><vendor>v</vendor><name>t</name><version>1</version></tool><tool><name>u</name></tool></tools>",
        "<tools><components><component type='application'><name>t</name><version>1</version></component></components></tools>",
        "<tools><services><service><name>t</name><version>1</version></service></services></tools>",
    ],
)
def test_the_producer_is_the_first_tool(tools: str) -> None:
    assert xml(f"<metadata>{tools}</metadata>").producer == "t 1"


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.2", "1.3", "1.4", "1.5", "1.6", "1.7"])
def test_the_version_stands_in_the_namespace(version: str) -> None:
    document = xml("<components><component><name>a</name></component></components>", f"http://cyclonedx.org/schema/bom/{version}")
    assert (document.format, document.spec_version, document.problems) == ("cyclonedx-xml", version, ())


def test_a_prefix_is_as_good_as_a_default_namespace() -> None:
    data = f'<c:bom xmlns:c="{NAMESPACE}"><c:components><c:component type="file"><c:name>a</c:name></c:component></c:components></c:bom>'
    (only,) = read_document(data.encode(), "made").components
    assert (only.name, only.type) == ("a", "file")


def test_an_empty_document_says_so() -> None:
    document = xml("")
    assert (document.subject, [each.code for each in document.problems]) == (Subject(), [ProblemCode.NO_COMPONENTS])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1", "windows-1252"])
def test_the_encoding_is_the_marks_or_the_declarations(encoding: str) -> None:
    declaration = f'<?xml version="1.0" encoding="{encoding.removesuffix("-sig")}"?>'
    assert read_document(f"{declaration}{named('bücher')}".encode(encoding), "x").components[0].name == "bücher"


def test_a_bad_byte_in_one_name_costs_that_name() -> None:
    data = named("a%").encode().replace(b"%", b"\xff")
    document = read_document(data, "x")
    assert document.components[0].name == "a\ufffd"
    assert [(each.code, each.loss) for each in document.problems] == [(ProblemCode.BAD_RECORD, True)]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("<components><component>", r"malformed XML, perhaps cut short: no element found \(line 1, column \d+\)"),
        ("<components></bom>", "malformed XML, perhaps cut short: mismatched tag"),
        ("&nothing;", "malformed XML, perhaps cut short: undefined entity"),
        ("&#27;", "malformed XML, perhaps cut short: reference to invalid character number"),
    ],
)
def test_malformed_xml_says_where(data: str, words: str) -> None:
    with pytest.raises(UnreadableError, match=words):
        read_document(f'<bom xmlns="{NAMESPACE}">{data}'.encode(), "x")


@pytest.mark.parametrize("encoding", ["ebcdic-nowhere", "utf-7", "shift_jis"])
def test_an_encoding_that_nobody_can_read_is_refused(encoding: str) -> None:
    with pytest.raises(UnreadableError, match="x: malformed XML"):
        read_document(f'<?xml version="1.0" encoding="{encoding}"?><bom xmlns="{NAMESPACE}"/>'.encode(), "x")


def bomb(levels: int) -> str:
    """The billion laughs."""
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha"}">' for n in range(levels))
    return f"<!DOCTYPE bom [{entities}]>{named(f'&l{levels - 1};')}"


@pytest.mark.parametrize("levels", [1, 10])
def test_a_document_that_declares_entities_is_refused(levels: int) -> None:
    with pytest.raises(UnreadableError, match="declares the XML entity 'l0', as attacks do"):
        read_document(bomb(levels).encode(), "x")


def test_an_external_entity_is_never_opened_and_what_lacks_its_text_is_a_loss() -> None:
    def read(inside: str, name: str) -> Document:
        return read_document(f"<!DOCTYPE bom [{inside}]>{named(name)}".encode(), "x")

    used = read('<!ENTITY passwd SYSTEM "file:///etc/passwd">', "a&passwd;b")
    assert used.components[0].name == "ab"
    assert [each.loss for each in used.problems] == [False, True]
    declared = read('<!ENTITY % more SYSTEM "http://127.0.0.1/more"> %more;', "a")
    assert (declared.components[0].name, [each.loss for each in declared.problems]) == ("a", [False])


def test_deep_nesting_is_refused_whether_read_or_passed_over() -> None:
    def read(opening: str, closing: str, depth: int) -> Document:
        return xml(opening * depth + closing * depth)

    assert not read("<a>", "</a>", _reader.MAX_DEPTH - 1).components
    for opening, closing in (("<a>", "</a>"), ("<components><component>", "</component></components>")):
        with pytest.raises(UnreadableError, match="nested more deeply"):
            read(opening, closing, _reader.MAX_DEPTH)


def test_a_document_with_too_many_records_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_reader, "MAX_RECORDS", 4)
    assert len(xml("<components><component/><component/></components>").components) == 2
    with pytest.raises(UnreadableError, match="more than 4 records"):
        xml("<components><component/><component/><component/></components>")
