"""Small documents, made by code."""

import json
from typing import Any

from sbommatch.sbom.component import Component, Document
from sbommatch.sbom.read import read_document

DIFF_IDS = [f"sha256:{digit * 64}" for digit in "fba"]
"""Of three layers, not in sorted order."""


def cyclonedx(*components: Any, **members: Any) -> Document:
    """A CycloneDX document with these components, read."""
    return read_document(json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.6", "components": components, **members}).encode(), "made")


def cyclonedx_component(**members: Any) -> Component:
    """The one component of a CycloneDX document, read."""
    (component,) = cyclonedx({"type": "library", "name": "a", **members}).components
    return component


def stating(*properties: tuple[str, str], **members: Any) -> Component:
    """A CycloneDX component with these properties, read."""
    return cyclonedx_component(properties=[{"name": name, "value": value} for name, value in properties], **members)


def image(*properties: tuple[str, str], **members: Any) -> dict[str, Any]:
    """`metadata` whose subject is an image with these properties."""
    return {
        "component": {
            "type": "container",
            "name": "app",
            "version": "1",
            "properties": [{"name": name, "value": value} for name, value in properties],
            **members,
        }
    }


def spdx(*packages: Any, **members: Any) -> Document:
    """An SPDX document with these packages, read."""
    return read_document(
        json.dumps({"spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT", "packages": packages, **members}).encode(), "made"
    )


def described(*packages: Any, **members: Any) -> Document:
    """An SPDX document that describes the first of these packages, read."""
    return spdx(*packages, documentDescribes=[packages[0]["SPDXID"]], **members)


def purl(locator: str) -> dict[str, str]:
    """An external reference of SPDX."""
    return {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": locator}


def annotation(annotator: str, comment: str) -> dict[str, str]:
    """An annotation of SPDX."""
    return {"annotationDate": "2026-01-01T00:00:00Z", "annotationType": "OTHER", "annotator": f"Tool: {annotator}", "comment": comment}
