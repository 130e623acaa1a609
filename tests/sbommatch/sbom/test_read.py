"""Documents from bytes, files, folders and standard input."""

import base64
import errno
import gzip
import hashlib
import io
import json
import os
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from sbommatch.errors import UnreadableError
from sbommatch.problem import Problem, ProblemCode
from sbommatch.sbom import READERS, _lenient, _reader, read
from sbommatch.sbom.component import Document
from sbommatch.sbom.read import NoSbomError, open_documents, read_document

CYCLONEDX = b'{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [{"name": "a", "version": "1"}]}'
SPDX = b'{"SPDXID": "SPDXRef-DOCUMENT", "spdxVersion": "SPDX-2.3", "packages": [{"SPDXID": "SPDXRef-a", "name": "a"}]}'


def test_readers_have_names_of_their_own() -> None:
    assert [reader.format for reader in READERS] == [
        "cyclonedx-json", "cyclonedx-xml", "spdx-json", "spdx-tag-value", "spdx-yaml", "spdx-xml", "spdx-rdf", "spdx3-json", "syft-json",
    ]  # fmt: skip


def test_a_document_knows_its_bytes_and_its_format() -> None:
    for data, name in ((CYCLONEDX, "cyclonedx-json"), (SPDX, "spdx-json")):
        document = read_document(data, "a.json")
        assert (document.path, document.format, document.sha256) == ("a.json", name, hashlib.sha256(data).hexdigest())
        assert document == read_document(data, "a.json")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_tells_the_encoding(encoding: str) -> None:
    data = '{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [{"name": "bücher"}]}'.encode(encoding)
    document = read_document(data, "a.json")
    assert (document.components[0].name, document.sha256) == ("bücher", hashlib.sha256(data).hexdigest())


def test_text_that_is_not_in_the_encoding_of_its_mark_is_refused() -> None:
    with pytest.raises(UnreadableError, match="x: damaged utf-16-le"):
        read_document(b"\xff\xfe{", "x")


def test_a_bad_byte_in_one_name_costs_that_name() -> None:
    document = read_document(CYCLONEDX.replace(b'"a"', b'"a\xff"'), "a.json")
    assert document.components[0].name == "a\ufffd"
    assert [(each.code, each.loss) for each in document.problems] == [(ProblemCode.BAD_RECORD, True)]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"[1, 2]", "a JSON array"),
        (b"[1, 2", "a JSON array"),
        (b'"text"', "a text that begins with"),
        (b"{}", "a JSON object without bomFormat or spdxVersion"),
        (b'{"name": "package", "version": "1"}', "whose first member is 'name'"),
        (b'{"bomFormat": "foo"}', "whose bomFormat is '\"foo\"'"),
        (b'{"bomFormat": 3}', "whose bomFormat is '3'"),
        (b"Not an sbom", "a text that begins with 'Not an sbom'"),
        (b"<!DOCTYPE html><html>", "the root element 'html'"),
        (b"PK\x03\x04...", "a ZIP archive"),
        (b"\x7fELF\x02", "an ELF binary"),
        (b"x\x00y", "binary data"),
        (bytes(257) + b"ustar\x0000", "a tar archive"),
        (b"\x1b]0;evil\x07", r"a text that begins with '\x1b]0;evil\x07'"),
    ],
)
def test_what_is_no_sbom_is_named(data: bytes, words: str) -> None:
    with pytest.raises(NoSbomError) as caught:
        read_document(data, "some.file")
    assert str(caught.value).startswith("some.file: no SBOM, but ")
    assert words in str(caught.value)
    assert str(caught.value).isprintable()
    assert caught.value.exit_code == 3


def test_a_known_format_that_is_not_read_is_refused_by_name_with_what_to_do() -> None:
    with pytest.raises(UnreadableError, match=r"^x: reading Trivy JSON is not built yet; convert it first: `trivy convert") as caught:
        read_document(b'{"SchemaVersion": 2, "ArtifactName": "alpine", "Results": []}', "x")
    assert not isinstance(caught.value, NoSbomError)


STATEMENT = b'{"_type": "https://in-toto.io/Statement/v1", "predicateType": "https://cyclonedx.org/bom", "predicate": ' + CYCLONEDX + b"}"


def envelope(payload: bytes) -> bytes:
    return json.dumps({"payloadType": "application/vnd.in-toto+json", "payload": base64.b64encode(payload).decode()}).encode()


@pytest.mark.parametrize(
    ("data", "wrappers"),
    [
        (b'{"sbom": ' + SPDX + b"}", ["GitHub's wrapper"]),
        (STATEMENT, ["an in-toto statement"]),
        (envelope(STATEMENT), ["a DSSE envelope, whose signatures were not checked", "an in-toto statement"]),
        (json.dumps({"predicate": SPDX.decode()}).encode(), ["an in-toto statement"]),
        (b'{"predicate": {"Data": ' + CYCLONEDX + b"}}", ["an in-toto statement", "a predicate"]),
        (envelope(b"SPDXVersion: SPDX-2.3\nPackageName: a\n"), ["a DSSE envelope, whose signatures were not checked"]),
    ],
)
def test_an_sbom_is_taken_out_of_what_is_around_it(data: bytes, wrappers: list[str]) -> None:
    document = read_document(data, "x")
    assert [each.name for each in document.components] == ["a"]
    assert [each.message for each in document.problems] == [f"is wrapped in {wrapper}" for wrapper in wrappers]
    assert document.sha256 == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b'{"payloadType": "x", "payload": "%%%"}', "payload of its DSSE envelope is no base64"),
        (b'{"payloadType": "x", "payload": 7}', "payload of its DSSE envelope is no base64"),
        (b'{"payloadType": "x", "payload": "e30="}', "no SBOM, but a JSON object"),
        (b'{"sbom": 3}', "no SBOM, but a text"),
        (b'{"sbom": ' * 5 + b"{}" + b"}" * 5, "no SBOM, but a JSON object"),
    ],
)
def test_a_wrapper_without_an_sbom_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(UnreadableError, match=words):
        read_document(data, "x")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_is_told_by_its_first_characters(encoding: str) -> None:
    assert read_document(CYCLONEDX.decode().encode(encoding), "x").components[0].name == "a"


@pytest.mark.parametrize(
    "data", [CYCLONEDX[:-20], CYCLONEDX + b"x", CYCLONEDX.replace(b"1.6", b"\x01"), b'{"bomFormat": "CycloneDX", "a": NaN}']
)
def test_malformed_json_says_where(data: bytes) -> None:
    with pytest.raises(UnreadableError, match="malformed JSON"):
        read_document(data, "x")


def test_escaped_control_characters_are_read() -> None:
    assert read_document(CYCLONEDX.replace(b'"a"', b'"a\\u0000\\u001b"'), "x").components[0].name == "a\x00\x1b"


@pytest.mark.parametrize("depth", [100_000, 2_000])
@pytest.mark.parametrize(("opening", "closing"), [(b'{"components":[', b"]}"), (b'{"x":', b"}"), (b"[", b"]")])
def test_deep_nesting_is_refused(opening: bytes, closing: bytes, depth: int) -> None:
    nested = opening * depth + b"1" + closing * depth
    with pytest.raises(UnreadableError, match="nested more deeply"):
        read_document(b'{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [{"components": [' + nested + b"]}]}", "x")


def nested_components(depth: int, innermost: bytes) -> bytes:
    return (
        b'{"bomFormat":"CycloneDX","specVersion":"1.6","components":['
        + b'{"name":"a","components":[' * depth
        + innermost
        + b"]}" * depth
        + b"]}"
    )


def test_fifty_levels_of_components_are_read() -> None:
    assert len(read_document(nested_components(50, b'{"name":"z"}'), "x").components) == 51


def test_a_broken_component_deep_down_costs_what_is_below_the_limit() -> None:
    shallow = read_document(nested_components(10, b'{"name":"z","version":3}'), "x")
    assert (len(shallow.components), [each.loss for each in shallow.problems]) == (11, [False])
    deep = read_document(nested_components(50, b'{"name":"z","version":3}'), "x")
    assert [(each.code, each.loss) for each in deep.problems] == [(ProblemCode.LIMIT_REACHED, True)]
    assert len(deep.components) == _lenient.MAX_SALVAGED_DEPTH // 2 - 1


def test_a_document_over_the_limits_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read, "MAX_DOCUMENT_BYTES", len(CYCLONEDX))
    assert read_document(CYCLONEDX, "x").components
    with pytest.raises(UnreadableError, match="larger than"):
        read_document(CYCLONEDX + b" ", "x")
    monkeypatch.setattr(read, "MAX_OBJECTS", 2)
    assert read_document(CYCLONEDX, "x").components
    monkeypatch.setattr(read, "MAX_OBJECTS", 1)
    with pytest.raises(UnreadableError, match="more than 1 JSON objects"):
        read_document(CYCLONEDX, "x")


def test_a_broken_document_over_the_limit_is_not_read_around(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = CYCLONEDX.replace(b'"1"', b"1")
    assert read_document(broken, "x").components
    monkeypatch.setattr(_lenient, "MAX_SALVAGED_VALUES", 2)
    with pytest.raises(UnreadableError, match="too big to be read around"):
        read_document(broken, "x")


def test_problems_are_counted_beyond_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_reader, "MAX_PROBLEMS", 2)
    document = read_document(
        json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [1, 2, 3, 4, {"name": "a"}]}).encode(), "x"
    )
    assert [each.code for each in document.problems] == [ProblemCode.BAD_COMPONENT, ProblemCode.BAD_COMPONENT, ProblemCode.LIMIT_REACHED]
    assert document.problems[-1] == Problem(ProblemCode.LIMIT_REACHED, "x", "2 more problems are not listed", True)
    assert len(document.components) == 1


def many_components(count: int) -> bytes:
    component = b'{"bom-ref":"r%d","type":"library","name":"n%d","version":"1.%d","purl":"pkg:pypi/n%d@1.%d"}'
    return (
        b'{"bomFormat":"CycloneDX","specVersion":"1.6","components":['
        + b",".join(component % (i, i, i, i, i) for i in range(count))
        + b"]}"
    )


def test_a_hundred_thousand_components() -> None:
    assert len(read_document(many_components(100_000), "x").components) == 100_000


@pytest.mark.long
def test_a_million_components() -> None:
    assert len(read_document(many_components(1_000_000), "x").components) == 1_000_000


IMAGE = json.dumps({
    "bomFormat": "CycloneDX",
    "specVersion": "1.5",
    "metadata": {
        "tools": {"components": [{"name": "t", "version": "1"}]},
        "component": {"name": "i", "properties": [{"name": "sbomgen:image:layer", "value": "0 sha256:a - - RUN x"}]},
    },
    "components": [
        {"type": "operating-system", "name": "debian", "version": "12"},
        {"bom-ref": "b", "name": "b", "properties": [{"name": "sbomgen:layer:index", "value": "0"}], "components": [{"name": "c"}]},
    ],
}).encode()  # fmt: skip
RELATED = json.dumps({
    "spdxVersion": "SPDX-2.3",
    "creationInfo": {"creators": ["Tool: t-1"]},
    "packages": [
        {"SPDXID": "a", "name": "a", "annotations": [{"annotator": "Tool: sbomgen-1", "comment": '{"sbomgen:layer:index": "0"}'}]},
        {"SPDXID": "b", "name": "b", "externalRefs": [{"referenceType": "purl", "referenceLocator": "pkg:npm/b@1"}]},
    ],
    "relationships": [{"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": "a"}],
}).encode()  # fmt: skip
CYCLONEDX_XML = b"""<?xml version="1.0" encoding="UTF-8"?><bom xmlns="http://cyclonedx.org/schema/bom/1.4"><metadata><tools><tool><name>t</name>
</tool></tools></metadata><components><component type="library" bom-ref="a"><name>a</name><components><component><name>b</name></component>
</components><properties><property name="syft:package:type">deb</property></properties></component></components></bom>"""
TAG_VALUE = b"""SPDXVersion: SPDX-2.3
PackageName: a
SPDXID: SPDXRef-a
PackageComment: <text>several
lines</text>
ExternalRef: PACKAGE-MANAGER purl pkg:npm/a@1
Relationship: SPDXRef-DOCUMENT DESCRIBES SPDXRef-a
"""
YAML = b"""spdxVersion: SPDX-2.3
packages: &p
- SPDXID: SPDXRef-a
  name: a
  externalRefs: [{referenceType: purl, referenceLocator: "pkg:npm/a@1"}]
other: *p
"""
RDF = b"""<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:spdx="http://spdx.org/rdf/terms#"><spdx:SpdxDocument
rdf:about="#d"><spdx:describesPackage><spdx:Package rdf:about="#a"><spdx:name>a</spdx:name><spdx:externalRef rdf:parseType="Resource">
<spdx:referenceType rdf:resource="http://spdx.org/rdf/references/purl"/></spdx:externalRef></spdx:Package></spdx:describesPackage>
</spdx:SpdxDocument></rdf:RDF>"""
SPDX_XML = b"""<Document><SPDXID>SPDXRef-DOCUMENT</SPDXID><packages><name>a</name>
<externalRefs><referenceType>purl</referenceType></externalRefs></packages></Document>"""
SPDX_3 = json.dumps({
    "@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld",
    "@graph": [
        {"type": "SpdxDocument", "spdxId": "d", "creationInfo": {"specVersion": "3.0.1", "createdUsing": ["t"]}, "rootElement": ["a"]},
        {"type": "software_Package", "spdxId": "a", "name": "a", "externalIdentifier": ["i", {"externalIdentifierType": "cpe23"}]},
        {"type": "Relationship", "from": "d", "to": ["a"], "relationshipType": "describes"},
    ],
}).encode()  # fmt: skip
SYFT = json.dumps({
    "artifacts": [{"id": "1", "name": "a", "type": "deb", "cpes": ["c", {"cpe": "d"}], "locations": [{"layerID": "sha256:a"}]}],
    "descriptor": {"name": "syft"},
    "source": {"target": {"layers": [{"digest": "sha256:a"}], "config": "e30="}},
}).encode()  # fmt: skip
SEEDS = (CYCLONEDX, SPDX, IMAGE, RELATED, CYCLONEDX_XML, TAG_VALUE, YAML, RDF, SPDX_XML, SPDX_3, SYFT, STATEMENT, envelope(SPDX))
PIECES = (
    b"<",
    b"</",
    b"&x;",
    b"<text>",
    b"\n- ",
    b"*p",
    b"&p ",
    b'="',
    b"",
    b"null",
    b"[]",
    b"{}",
    b'"x"',
    b"1.10",
    b"\x00",
    b"\xff",
    b",",
    b"[[",
    b"\\ud800",
    b'"',
    b"-",
    b"\xed\xa0\x80",
)


@settings(max_examples=400)
@given(st.sampled_from(SEEDS), st.lists(st.tuples(st.floats(0, 1), st.integers(0, 12), st.sampled_from(PIECES)), min_size=1, max_size=4))
def test_damage_raises_nothing_but_unreadable_error(data: bytes, damages: list[tuple[float, int, bytes]]) -> None:
    for place, length, piece in damages:
        start = int(place * len(data))
        data = data[:start] + piece + data[start + length :]
    check_readable_or_refused(data)


@settings(max_examples=300)
@given(st.sampled_from(SEEDS), st.floats(0, 1), st.integers(0, 255))
def test_a_flipped_byte_or_a_cut_raises_nothing_but_unreadable_error(data: bytes, place: float, byte: int) -> None:
    start = int(place * len(data))
    check_readable_or_refused(data[:start])
    check_readable_or_refused(data[:start] + bytes([byte]) + data[start + 1 :])


def check_readable_or_refused(data: bytes) -> None:
    try:
        document = read_document(data, "x")
    except UnreadableError as error:
        assert str(error).startswith("x: ")  # noqa: PT017  both outcomes are right
    else:
        assert len({each.ref for each in document.components}) == len(document.components)


def summary(paths: list[str]) -> list[tuple[str, str]]:
    results = []
    for result in open_documents(paths):
        match result:
            case Document():
                results.append(("document", Path(result.path).name))
            case Problem():
                results.append(("note", Path(result.where).name))
            case UnreadableError():
                results.append(("error", str(result)))
    return results


def test_files_come_in_the_order_given_and_folders_sorted(tmp_path: Path) -> None:
    for name in ("b.json", "a.cdx.json", "z/deep.json", "ignored.txt", "archive.tar.gz"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(CYCLONEDX)
    (tmp_path / "explicit.txt").write_bytes(CYCLONEDX)
    found = summary([str(tmp_path / "explicit.txt"), str(tmp_path)])
    assert found == [("document", name) for name in ("explicit.txt", "a.cdx.json", "b.json", "deep.json")]


def test_compression_is_told_by_magic(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(gzip.compress(CYCLONEDX[:30]) + gzip.compress(CYCLONEDX[30:]))
    (tmp_path / "b.gz").write_bytes(gzip.compress(CYCLONEDX))
    (tmp_path / "c.zst").write_bytes(zstandard.compress(CYCLONEDX[:30]) + zstandard.compress(CYCLONEDX[30:]))
    documents = [each for each in open_documents([str(tmp_path)]) if isinstance(each, Document)]
    assert len(documents) == 3
    assert {each.sha256 for each in documents} == {hashlib.sha256(CYCLONEDX).hexdigest()}


def test_a_pattern_that_no_shell_expanded_stands_for_its_files(tmp_path: Path) -> None:
    for name in ("b.json", "a.json", "deep/c.json", ".hidden.json", "d[1].json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(CYCLONEDX)
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "folder.json" / "e.json").write_bytes(CYCLONEDX)
    assert summary([f"{tmp_path}/?.json"]) == [("document", "a.json"), ("document", "b.json")]
    assert summary([f"{tmp_path}/**/c.json"]) == [("document", "c.json")]
    assert summary([f"{tmp_path}/folder*"]) == [("document", "e.json")]
    assert summary([f"{tmp_path}/d[1].json"]) == [("document", "d[1].json")]
    assert [kind for kind, _ in summary([f"{tmp_path}/*.xml"])] == ["error"]
    assert read.names_several([f"{tmp_path}/?.json"])
    assert not read.names_several([f"{tmp_path}/d[1].json"])


def test_of_a_folder_all_forms_of_sboms_are_read(tmp_path: Path) -> None:
    forms = {
        "a.xml": CYCLONEDX_XML,
        "b.spdx": TAG_VALUE,
        "c.yml": YAML,
        "d.rdf": RDF,
        "e.spdx.xml": SPDX_XML,
        "f.jsonld": SPDX_3,
        "g.tag": TAG_VALUE,
    }
    for name, data in forms.items():
        (tmp_path / name).write_bytes(data)
    assert summary([str(tmp_path)]) == [("document", name) for name in forms]


def test_a_bomb_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read, "MAX_DOCUMENT_BYTES", 100_000)
    (tmp_path / "a.gz").write_bytes(gzip.compress(bytes(10_000_000)))
    (tmp_path / "b.zst").write_bytes(zstandard.compress(bytes(10_000_000)))
    (tmp_path / "c.json").write_bytes(bytes(100_001))
    assert all("larger than 100000 bytes" in words for _, words in summary([str(tmp_path)]))


def test_damaged_compression_is_unreadable(tmp_path: Path) -> None:
    packed = gzip.compress(CYCLONEDX)
    (tmp_path / "a.gz").write_bytes(packed[:-12])
    (tmp_path / "b.gz").write_bytes(packed[:15] + b"\xff\xff\xff" + packed[18:])
    (tmp_path / "c.zst").write_bytes(zstandard.compress(CYCLONEDX)[:-9])
    (tmp_path / "d.zst").write_bytes(b"\x28\xb5\x2f\xfd" + b"\xff" * 20)
    found = summary([str(tmp_path)])
    assert len(found) == 4
    assert all(kind == "error" for kind, _ in found)


def test_in_a_folder_what_is_no_sbom_is_noted_and_what_is_damaged_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(CYCLONEDX)
    (tmp_path / "b.json").write_bytes(CYCLONEDX[:-5])
    (tmp_path / "package.json").write_bytes(b'{"name": "x"}')
    first, second, third = open_documents([str(tmp_path)])
    assert isinstance(first, Document)
    assert isinstance(second, UnreadableError)
    assert isinstance(third, Problem)
    assert (third.code, third.loss) == (ProblemCode.INPUT_UNREADABLE, False)
    assert third.message.startswith("no SBOM, but a JSON object")
    (named,) = open_documents([str(tmp_path / "package.json")])
    assert isinstance(named, NoSbomError)


def test_missing_files_and_empty_folders_are_errors(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    found = summary([str(tmp_path / "missing.json"), str(tmp_path / "empty"), str(tmp_path / "a\nb")])
    assert [kind for kind, _ in found] == ["error"] * 3
    assert "there is no such file" in found[0][1]
    assert "holds no file" in found[1][1]


def test_a_folder_that_cannot_be_listed_is_an_error_and_the_rest_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "closed").mkdir()
    (tmp_path / "a.json").write_bytes(CYCLONEDX)
    scandir = os.scandir

    def guarded(path: str) -> object:
        if str(path).endswith("closed"):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", guarded)
    assert summary([str(tmp_path)]) == [("error", f"{tmp_path}/closed: Permission denied"), ("document", "a.json")]


def test_a_broken_link_is_an_error_and_a_pipe_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "gone.json").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "pipe.json")
    ((kind, words),) = summary([str(tmp_path)])
    assert (kind, words) == (
        "error",
        f"{tmp_path}/gone.json: there is no such file; name an SBOM, a folder of SBOMs, or - for standard input",
    )


def test_links_to_folders_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(CYCLONEDX)
    (tmp_path / "loop").symlink_to(tmp_path)
    assert len(summary([str(tmp_path)])) == 1


def test_a_minus_is_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(gzip.compress(SPDX))))
    (document,) = open_documents(["-"])
    assert isinstance(document, Document)
    assert (document.path, document.format) == ("-", "spdx-json")
