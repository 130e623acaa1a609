"""VEX documents from files and folders."""

import base64
import json
import tarfile
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sbommatch.errors import UnreadableError
from sbommatch.sbom import _reader
from sbommatch.sbom.read import NoSbomError
from sbommatch.statement import SILENCING
from sbommatch.vex import _format
from sbommatch.vex.read import read_vex, read_vex_document
from tests.sbommatch.vex.made import csaf, cyclonedx, openvex, read, statement

OPENVEX = openvex(statement("CVE-2024-1", "pkg:npm/a"))
CYCLONEDX = cyclonedx({"id": "CVE-2024-1", "analysis": {"state": "not_affected"}, "affects": [{"ref": "pkg:npm/a"}]})
CSAF = csaf(
    [{"category": "product_version", "product": {"product_id": "a", "product_identification_helper": {"purl": "pkg:npm/a"}}}], [],
    known_not_affected=["a"],
)  # fmt: skip


def write(path: Path, document: object) -> str:
    path.write_text(json.dumps(document), "utf-8")
    return str(path)


def test_formats_mix_and_are_known_by_their_content(tmp_path: Path) -> None:
    names = [write(tmp_path / f"{index}.txt", document) for index, document in enumerate((OPENVEX, CYCLONEDX, CSAF))]
    found = read_vex(names)
    assert [document.format for document in found.documents] == ["OpenVEX", "CycloneDX", "CSAF"]
    assert {one.status for document in found.documents for one in document.statements} <= SILENCING
    assert not found.problems


def test_a_repository_of_documents_is_read_and_what_is_none_is_noted(tmp_path: Path) -> None:
    folder = tmp_path / "pkg" / "npm" / "a"
    folder.mkdir(parents=True)
    write(folder / "scan.openvex.json", OPENVEX)
    write(folder / "manifest.json", {"ID": "pkg:npm/a", "Sources": []})
    (tmp_path / "index.json").write_text("{", "utf-8")
    found = read_vex([str(tmp_path)])
    assert [document.path for document in found.documents] == [str(folder / "scan.openvex.json")]
    assert sorted(problem.loss for problem in found.problems) == [False, True]


def test_attestations_are_unwrapped() -> None:
    in_toto = {"_type": "https://in-toto.io/Statement/v1", "predicateType": "https://openvex.dev/ns", "predicate": OPENVEX}
    payload = base64.b64encode(json.dumps(in_toto).encode()).decode()
    assert read({"payloadType": "application/vnd.in-toto+json", "payload": payload}).statements == read(OPENVEX).statements


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "no VEX document .* but empty"),
        (b"{}", "no VEX document"),
        (b'{"spdxVersion": "SPDX-2.3"}', "no VEX document"),
        (json.dumps(OPENVEX).encode()[:-5], "malformed JSON"),
        (b'{"@context": "https://openvex.dev/ns", "statements": ' + b"[" * 100_000, "nested|malformed"),
        (b'{"document": {"csaf_version": "2.0"}}', "no CSAF document"),
        (b'{"@context": "https://openvex.dev/ns", "author": "\xff"}', "is no UTF-8|malformed"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]><bom xmlns="http://cyclonedx.org/schema/bom/1.5">&a;</bom>', "declares the XML entity"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_reason(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "vex.json"
    path.write_bytes(data)
    with pytest.raises(UnreadableError, match=message):
        read_vex([str(path)])


def test_a_missing_file_is_named() -> None:
    with pytest.raises(UnreadableError, match=r"nowhere\.json: there is no such file; name a VEX document"):
        read_vex(["nowhere.json"])


def test_products_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_format, "MAX_PRODUCTS", 2)
    one = {"@id": "pkg:npm/a", "subcomponents": [{"@id": "pkg:npm/b"}]}
    read(openvex(statement("CVE-2024-1", one)))
    with pytest.raises(UnreadableError, match="speaks of more than 2 products"):
        read(openvex(statement("CVE-2024-1", one), statement("CVE-2024-2", "pkg:npm/a")))


def test_a_document_that_is_broken_throughout_is_not_read_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_reader, "MAX_PROBLEMS", 2)
    with pytest.raises(UnreadableError, match="too much of it cannot be read"):
        read(openvex(*({"products": 1} for _ in range(4))))


SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=5)


@given(st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2)))
def test_whatever_a_member_holds_a_reader_raises_only_its_own_error(value: object) -> None:
    for whole, member in ((OPENVEX, "statements"), (CYCLONEDX, "vulnerabilities"), (CSAF, "vulnerabilities")):
        for document in ({**whole, member: value}, {**whole, member: [value]}, {**whole, "metadata": value, "product_tree": value}):
            with suppress(UnreadableError):
                read_vex_document(json.dumps(document).encode(), "vex.json")


def test_real_documents_are_read(shared_data: Path) -> None:
    """Of OpenVEX, Chainguard, Red Hat and CycloneDX; what is none are reports, schemas, an SBOM, drafts and notes of deletion."""
    formats: Counter[str] = Counter()
    losses: list[str] = []
    for folder in ("feeds/native/openvex", "feeds/native/fixtures/quay+claircore/rhel/vex", "sboms/CycloneDX+bom-examples/VEX"):
        for path in sorted((shared_data / folder).rglob("*.json")):
            try:
                document = read_vex_document(path.read_bytes(), path.name)
            except NoSbomError:
                formats["none"] += 1
            else:
                formats[document.format] += 1
                losses += [problem.message for problem in document.problems if problem.loss]
    assert formats == {"OpenVEX": 25, "CSAF": 13, "CycloneDX": 22, "none": 18}
    assert set(losses) == {"names no product; it is not applied"}  # vexctl's test.vex.json


def test_a_real_repository_is_read(shared_data: Path, tmp_path: Path) -> None:
    import zstandard

    packed = shared_data / "feeds/native/openvex/aquasecurity+vexhub.tar.zst"
    with (
        packed.open("rb") as stream,
        zstandard.ZstdDecompressor().stream_reader(stream) as unpacked,
        tarfile.open(fileobj=unpacked, mode="r|") as archive,
    ):
        archive.extractall(tmp_path, filter="data")
    found = read_vex([str(tmp_path)])
    assert (len(found.documents), sum(len(document.statements) for document in found.documents)) == (59, 15_304)
    assert not any(problem.loss for problem in found.problems)
