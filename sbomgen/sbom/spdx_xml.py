"""SPDX 2 as XML: what its JSON says, each member an element, and each of a list's an element of the list's name."""

from typing import Any

from sbomgen.sbom.xml import Element

_LISTS = frozenset({
    "creators", "externalDocumentRefs", "hasExtractedLicensingInfos", "seeAlsos", "annotations", "relationships", "snippets", "reviewers",
    "fileTypes", "licenseInfoFromFiles", "licenseInfoInFiles", "artifactOf", "artifactOfs", "fileContributors", "fileDependencies", "files",
    "documentDescribes", "packages", "checksums", "hasFiles", "externalRefs", "ranges", "licenseInfoInSnippets",
    "packageVerificationCodeExcludedFiles", "attributionTexts", "crossRefs", "revieweds",
})  # fmt: skip
"""Members that are lists in the JSON schemas of 2.2 and 2.3, also where they have one element."""


def spdx_xml_tree(element: Element) -> Any:
    """What the JSON would say. Values are texts: whoever reads knows which of them are `true`."""
    if not element.children:
        return element.text.strip() or None
    members: dict[str, Any] = {}
    for child in element.children:
        value = spdx_xml_tree(child)
        if child.name in _LISTS:
            members.setdefault(child.name, []).extend([] if value is None else [value])
        else:
            members[child.name] = value
    return members
