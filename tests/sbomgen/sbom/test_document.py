import pytest

from sbomgen.errors import UnreadableError
from sbomgen.sbom import document
from sbomgen.sbom.document import MAX_JSON_DEPTH, document_of, read_document
from sbomgen.sbom.xml import MAX_DEPTH
from sbomgen.sbom.yaml import yaml_tree

RDF = (
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://spdx.org/rdf/terms#">'
    "<SpdxDocument><specVersion>SPDX-2.3</specVersion></SpdxDocument></rdf:RDF>"
)
CDX_XML = '<?xml version="1.0"?>\n<bom xmlns="http://cyclonedx.org/schema/bom/1.5"><components>%s</components></bom>'


@pytest.mark.parametrize(
    ("text", "form", "version"),
    [
        ('{"bomFormat": "CycloneDX", "specVersion": "1.6"}', "cyclonedx-json", "1.6"),
        ('\ufeff  {"bomFormat": "CycloneDX"}', "cyclonedx-json", ""),
        (CDX_XML % "", "cyclonedx-xml", "1.5"),
        ('{"spdxVersion": "SPDX-2.3"}', "spdx-json", "2.3"),
        ("# a comment\nSPDXVersion: SPDX-2.2\n", "spdx-tag-value", "2.2"),
        ("SPDXID: SPDXRef-DOCUMENT\nspdxVersion: SPDX-2.3\n", "spdx-yaml", "2.3"),
        ("<Document><SPDXID>SPDXRef-DOCUMENT</SPDXID><spdxVersion>SPDX-2.3</spdxVersion></Document>", "spdx-xml", "2.3"),
        (
            RDF,
            "spdx-rdf",
            "2.3",
        ),
        ('{"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld", "@graph": []}', "spdx3-json", "3.0.1"),
    ],
)
def test_what_a_document_is_is_found_by_looking(text: str, form: str, version: str) -> None:
    read = document_of(text.encode(), "x")
    assert (read.format, read.version) == (form, version)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b'{"bomFormat": "CycloneDX",\n  "components": [}\n', "x: line 2, column 18: "),
        (b'{"bomFormat": "CycloneDX",\n  "components": [\n', "x: line 2, column "),
        (b'{"bomFormat": "Other"}', "no SBOM"),
        (b"plain text", "no SBOM"),
        (b"", "no SBOM"),
        (b"SPDXVersion: SPDX-2.3\nDocumentName: \xff\n", "x: line 2: is no UTF-8"),
        (b"<bom>\n<a></b></bom>", "x: line 2, column 6: mismatched tag"),
        (b'<!DOCTYPE a [\n<!ENTITY b "c">]><a>&b;</a>', "x: line 2: declares the entity 'b'"),
        (b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>', "declares the entity"),
    ],
)
def test_what_is_broken_is_named_by_its_place(text: bytes, said: str) -> None:
    with pytest.raises(UnreadableError) as caught:
        document_of(text, "x")
    assert said in str(caught.value)


def test_depth_and_size_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    def nested(depth: int) -> bytes:
        return b'{"bomFormat": "CycloneDX", "x": %s%s}' % (b"[" * depth, b"]" * depth)

    document_of(nested(MAX_JSON_DEPTH - 1), "x")
    for depth in (MAX_JSON_DEPTH + 1, 100_000):
        with pytest.raises(UnreadableError, match="deep"):
            document_of(nested(depth), "x")
    with pytest.raises(UnreadableError, match="deep"):
        document_of((CDX_XML % ("<a>" * MAX_DEPTH + "</a>" * MAX_DEPTH)).encode(), "x")
    monkeypatch.setattr(document, "MAX_DOCUMENT_BYTES", 10)
    with pytest.raises(UnreadableError, match="larger than 10 bytes"):
        document_of(b"SPDXVersion: SPDX-2.3", "x")


def test_a_missing_file_is_told_as_such() -> None:
    with pytest.raises(UnreadableError, match="no such file"):
        read_document("/nowhere/sbom.json")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"a: &b [1]\nc: *b\n", "x: line 2: an alias"),
        (b"a: 1\nb: [\n", "x: line 3"),
        (b"[" * 200 + b"]" * 200, "deep"),
        (b"a: !!python/object/apply:os.system [ls]\n", "could not determine a constructor"),
    ],
)
def test_yaml_of_strangers_is_what_json_could_say(text: bytes, said: str) -> None:
    with pytest.raises(UnreadableError) as caught:
        yaml_tree(text, "x")
    assert said in str(caught.value)


def test_dates_in_yaml_stay_texts() -> None:
    assert yaml_tree(b"created: 2024-01-02T03:04:05Z\nfilesAnalyzed: false\n", "x") == {
        "created": "2024-01-02T03:04:05Z",
        "filesAnalyzed": False,
    }
