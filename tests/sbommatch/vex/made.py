"""VEX documents for tests."""

import json
from typing import Any

from sbommatch.statement import VexDocument
from sbommatch.vex.read import read_vex_document

WHEN = "2024-01-01T00:00:00Z"
NOT_AFFECTED = {"status": "not_affected", "justification": "vulnerable_code_not_present"}
AFFECTED = {"status": "affected", "action_statement": "turn TLS off"}


def statement(vulnerability: Any, *products: Any, **fields: Any) -> dict[str, Any]:
    """A statement of OpenVEX, not affected unless a status is given; names and PURLs may be texts."""
    named = {"name": vulnerability} if isinstance(vulnerability, str) else vulnerability
    listed = [{"@id": product} if isinstance(product, str) else product for product in products]
    return {"vulnerability": named, "products": listed} | (fields if "status" in fields else NOT_AFFECTED | fields)


def openvex(*statements: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A document of OpenVEX 0.2.0."""
    head = {"@context": "https://openvex.dev/ns/v0.2.0", "@id": "urn:vex", "author": "A", "timestamp": WHEN, "version": 1}
    return head | {"statements": list(statements)} | fields


def cyclonedx(*vulnerabilities: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A document of CycloneDX."""
    head = {"bomFormat": "CycloneDX", "specVersion": "1.6", "metadata": {"timestamp": WHEN}}
    return head | {"vulnerabilities": list(vulnerabilities)} | fields


def csaf(branches: list[Any], relationships: list[Any], **status: list[str]) -> dict[str, Any]:
    """A document of CSAF with one vulnerability."""
    tracking = {"id": "A-1", "version": "2", "current_release_date": WHEN}
    document = {"csaf_version": "2.0", "publisher": {"name": "Acme"}, "tracking": tracking, "title": "t"}
    tree = {"branches": branches, "relationships": relationships}
    return {"document": document, "product_tree": tree, "vulnerabilities": [{"cve": "CVE-2024-1", "product_status": status}]}


def read(document: Any, path: str = "vex.json") -> VexDocument:
    """The document as it is read."""
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    return read_vex_document(data, path)
