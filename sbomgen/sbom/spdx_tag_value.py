"""SPDX 2 as tag-value: what its JSON would say.

A package begins with its name and ends where another package, a file, a snippet or a licence begins; annotations name their subject.
"""

import re
from collections.abc import Iterator
from typing import Any

_LINE = re.compile(r"^[ \t]*([A-Za-z][A-Za-z0-9_]*)[ \t]*:[ \t]*(<text>)?", re.MULTILINE)
_END = "</text>"

_HEAD = {"SPDXVersion": "spdxVersion", "DataLicense": "dataLicense", "DocumentName": "name", "DocumentNamespace": "documentNamespace",
         "DocumentComment": "comment"}  # fmt: skip
_INFO = {"Created": "created", "CreatorComment": "comment", "LicenseListVersion": "licenseListVersion"}
_PACKAGE = {
    "SPDXID": "SPDXID", "PackageVersion": "versionInfo", "PackageFileName": "packageFileName", "PackageSupplier": "supplier",
    "PackageOriginator": "originator", "PackageDownloadLocation": "downloadLocation", "FilesAnalyzed": "filesAnalyzed",
    "PackageHomePage": "homepage", "PackageSourceInfo": "sourceInfo", "PackageLicenseConcluded": "licenseConcluded",
    "PackageLicenseDeclared": "licenseDeclared", "PackageLicenseComments": "licenseComments", "PackageCopyrightText": "copyrightText",
    "PackageSummary": "summary", "PackageDescription": "description", "PackageComment": "comment",
    "PrimaryPackagePurpose": "primaryPackagePurpose", "BuiltDate": "builtDate", "ReleaseDate": "releaseDate",
    "ValidUntilDate": "validUntilDate", "PackageVerificationCode": "packageVerificationCode",
}  # fmt: skip
_LICENCE = {"ExtractedText": "extractedText", "LicenseName": "name", "LicenseComment": "comment"}
_ANNOTATION = {"AnnotationDate": "annotationDate", "AnnotationType": "annotationType", "AnnotationComment": "comment", "SPDXREF": "SPDXREF"}
_BEGINNINGS = {
    "PackageName": ("packages", "name"), "FileName": ("files", "fileName"), "SnippetSPDXID": ("snippets", "SPDXID"),
    "LicenseID": ("hasExtractedLicensingInfos", "licenseId"), "Annotator": ("annotations", "annotator"),
}  # fmt: skip
"""Tags that begin something: the list that it stands in, and what the tag's value is there."""
_PARTS = 3
"""Of a reference (category, type, locator) and of a relationship (element, type, element)."""


def tag_value_tree(text: str) -> dict[str, Any]:
    """The tree; tags that JSON has no member for, or that stand where they mean nothing, are left out."""
    tree: dict[str, Any] = {"creationInfo": {"creators": []}}
    current: tuple[str, dict[str, Any]] = ("", tree)
    package: dict[str, Any] | None = None
    for tag, value in _lines(text):
        if tag in _BEGINNINGS:
            section, member = _BEGINNINGS[tag]
            current = (section, {member: value})
            tree.setdefault(section, []).append(current[1])
            package = current[1] if section == "packages" else package if section == "annotations" else None
            if section == "annotations" and package is not None:
                current[1]["SPDXREF"] = package.get("SPDXID")
        elif tag in _ANNOTATION and current[0] == "annotations":
            current[1][_ANNOTATION[tag]] = value
        elif tag == "Relationship" and len(words := value.split(None, _PARTS - 1)) == _PARTS:
            related = {"spdxElementId": words[0], "relationshipType": words[1], "relatedSpdxElement": words[2]}
            tree.setdefault("relationships", []).append(related)
        elif tag == "RelationshipComment" and tree.get("relationships"):
            tree["relationships"][-1]["comment"] = value
        elif package is not None:
            _package_line(package, tag, value)
        else:
            _other_line(tree, current, tag, value)
    return tree


def _package_line(package: dict[str, Any], tag: str, value: str) -> None:
    if tag in _PACKAGE:
        package.setdefault(_PACKAGE[tag], value)
    elif tag == "ExternalRef" and len(words := value.split(None, _PARTS - 1)) == _PARTS:
        category, kind, locator = words
        reference = {"referenceCategory": category, "referenceType": kind, "referenceLocator": locator}
        package.setdefault("externalRefs", []).append(reference)
    elif tag == "PackageChecksum":
        algorithm, _, digest = value.partition(":")
        package.setdefault("checksums", []).append({"algorithm": algorithm.strip(), "checksumValue": digest.strip()})
    elif tag == "PackageAttributionText":
        package.setdefault("attributionTexts", []).append(value)


def _other_line(tree: dict[str, Any], current: tuple[str, dict[str, Any]], tag: str, value: str) -> None:
    section, element = current
    if section == "hasExtractedLicensingInfos" and tag in _LICENCE:
        element[_LICENCE[tag]] = value
    elif tag == "SPDXID":
        element.setdefault("SPDXID", value)
    elif tag in _HEAD:
        tree.setdefault(_HEAD[tag], value)
    elif tag == "Creator":
        tree["creationInfo"]["creators"].append(value)
    elif tag in _INFO:
        tree["creationInfo"].setdefault(_INFO[tag], value)


def _lines(text: str) -> Iterator[tuple[str, str]]:
    """Tags and values; a `<text>` that nothing closes ends with its line."""
    end = 0
    match = _LINE.search(text)
    while match:
        start = match.end()
        stop = text.find("\n", start)
        stop = len(text) if stop < 0 else stop
        if match[2]:
            # Where the next one is holds for all before it: a file of unclosed texts is still read in one go.
            end = text.find(_END, start) if 0 <= end < start else end
            stop = end if end >= 0 else stop
        yield match[1], text[start:stop].strip()
        match = _LINE.search(text, stop)
