"""Every real document of the formats that are read, and a clear refusal for every other one."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sbommatch.errors import UnreadableError
from sbommatch.problem import ProblemCode
from sbommatch.sbom.component import Document
from sbommatch.sbom.read import read_document
from tests.sbommatch.sbom.real import READ_FORMATS, archived_bytes, as_json, indexed

MORE_THAN_TOP_LEVEL = 45
"""CycloneDX documents with nested components, or components inside metadata.component: the index counts the top level only."""

FEWER_THAN_PACKAGES = 45
"""SPDX documents whose subject has no PURL of an ecosystem and no CPE: the index counts it, and it is no component."""


def nested(components: Any) -> int:
    return sum(1 + nested(each.get("components")) for each in components or ())


def problems_of(document: Document) -> Iterator[str]:
    return (f"{each.where}: {each.message}" for each in document.problems if each.loss)


def test_every_document_is_read_with_all_its_components(shared_data: Path) -> None:
    more, fewer, read = 0, 0, 0
    for row in indexed(shared_data):
        if row.invalid or row.format not in READ_FORMATS:
            continue
        data = row.path.read_bytes()
        document, text = read_document(data, str(row.path)), as_json(data)
        assert document.format == row.format
        assert not list(problems_of(document)), row.path
        assert len({each.ref for each in document.components}) == len(document.components)
        if row.format == "cyclonedx-json":
            assert len(text.get("components") or ()) == row.components
            subject = (text.get("metadata") or {}).get("component") or {}
            assert len(document.components) == nested(text.get("components")) + nested(subject.get("components")), row.path
            more += len(document.components) > row.components
        else:
            check_spdx(document, text, row.components)
            fewer += len(document.components) < row.components
        read += 1
    assert (read, more, fewer) == (1009, MORE_THAN_TOP_LEVEL, FEWER_THAN_PACKAGES)


def check_spdx(document: Document, text: Any, packages: int) -> None:
    """All packages are components, but for one that is the document's subject and nothing to check."""
    assert len(text.get("packages") or ()) == packages
    left_out = packages - len(document.components)
    assert left_out in {0, 1}
    if left_out:
        assert document.components
        assert not document.subject.purl or document.subject.purl.startswith(
            ("pkg:oci/", "pkg:docker/", "pkg:swid/", "pkg:generic/", "pkg:github/")
        )


def test_other_formats_are_recognised_and_refused(shared_data: Path) -> None:
    words = {
        "cyclonedx-xml": "CycloneDX XML",
        "spdx-rdfxml": "SPDX RDF",
        "spdx-tagvalue": "SPDX tag-value",
        "spdx-xml": "SPDX XML",
        "spdx-yaml": "SPDX YAML",
        "spdx2-jsonld": "SPDX JSON-LD",
        "spdx3-jsonld": "SPDX 3 JSON-LD",
        "syft-json": "Syft JSON",
    }
    refused = 0
    for row in indexed(shared_data):
        if row.format in words:
            with pytest.raises(UnreadableError, match=f"reading {words[row.format]} is not built yet; (convert|let|take)"):
                read_document(row.path.read_bytes(), str(row.path))
            refused += 1
    assert refused == 952


def test_invalid_documents_are_read_as_far_as_they_go_or_refused_with_a_reason(shared_data: Path) -> None:
    read, reasons = 0, []
    for row in indexed(shared_data):
        if not row.invalid or row.format not in {*READ_FORMATS, "unparsable"}:
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
    assert (read, len(reasons), len(no_sbom), len(malformed)) == (121, 13, 11, 2)


def test_the_packed_samples_are_read_with_all_their_packages(shared_data: Path) -> None:
    documents = packages = 0
    for name, data in archived_bytes(shared_data):
        document = read_document(data, name)
        listed = len(as_json(data).get("packages") or ())
        assert listed - len(document.components) in {0, 1}, name
        assert {each.code for each in document.problems} <= {ProblemCode.DUPLICATE_REF, ProblemCode.NO_COMPONENTS}, name
        assert not list(problems_of(document))
        documents, packages = documents + 1, packages + listed
    assert (documents, packages > 20_000) == (372, True)
