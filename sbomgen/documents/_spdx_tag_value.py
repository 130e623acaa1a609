r"""A document of SPDX 2 as tag-value text.

A tag and a value stand on a line; a value of several lines stands between `<text>` and `</text>`, for which the format has no escape:
within values their `<` is written as `\x3c`, as control characters are. Readers strip values, so blanks at an end are written that way too.
"""

import re
from collections.abc import Iterable, Iterator

import msgspec

from sbomgen.documents import _spdx_model as spdx

LINE_LIMIT_BYTES = 60_000
"""Go's reader (spdx/tools-golang, in Trivy and Syft) refuses a whole document for a line over 64 KiB: longer JSON is broken up."""

_UNFIT = re.compile(r"<(?=/?text>)|\A\s|\s\Z")

_PACKAGE_TAGS = (
    ("PackageName", "name"), ("SPDXID", "spdx_id"), ("PackageVersion", "version_info"), ("PackageSupplier", "supplier"),
    ("PackageOriginator", "originator"), ("PackageDownloadLocation", "download_location"), ("PackageHomePage", "homepage"),
    ("PackageLicenseConcluded", "license_concluded"), ("PackageLicenseDeclared", "license_declared"),
    ("PackageCopyrightText", "copyright_text"), ("PrimaryPackagePurpose", "primary_package_purpose"), ("BuiltDate", "built_date"),
)  # fmt: skip
_PACKAGE_TEXT_TAGS = (("PackageSourceInfo", "source_info"), ("PackageDescription", "description"))


def tag_value(document: spdx.Document) -> str:
    """The whole text, parts in the order that the specification has them in."""
    parts = [
        _head(document),
        *map(_package, document.packages),
        *map(_licence, document.has_extracted_licensing_infos or ()),
        _lines(line for relationship in document.relationships for line in _relationship(relationship)),
    ]
    return "\n".join(parts)


def _head(document: spdx.Document) -> str:
    info = document.creation_info
    return _lines([
        _line("SPDXVersion", document.spdx_version),
        _line("DataLicense", document.data_license),
        _line("SPDXID", document.spdx_id),
        _line("DocumentName", document.name),
        _line("DocumentNamespace", document.document_namespace),
        _line("LicenseListVersion", info.license_list_version),
        *(_line("Creator", creator) for creator in info.creators),
        _line("Created", info.created),
        *([_text("CreatorComment", info.comment)] if info.comment else ()),
    ])  # fmt: skip


def _package(package: spdx.Package) -> str:
    lines = [_line(tag, value) for tag, name in _PACKAGE_TAGS if (value := getattr(package, name)) is not None]
    lines.append(f"FilesAnalyzed: {str(package.files_analyzed).lower()}")
    lines.extend(_text(tag, value) for tag, name in _PACKAGE_TEXT_TAGS if (value := getattr(package, name)) is not None)
    lines.extend(f"PackageChecksum: {checksum.algorithm}: {checksum.checksum_value}" for checksum in package.checksums or ())
    lines.extend(
        f"ExternalRef: {ref.reference_category} {ref.reference_type} {ref.reference_locator}" for ref in package.external_refs or ()
    )
    for annotation in package.annotations or ():
        lines.extend(_annotation(package.spdx_id, annotation))
    return _lines(lines)


def _annotation(spdx_id: str, annotation: spdx.Annotation) -> Iterator[str]:
    comment = annotation.comment
    if len(comment.encode()) > LINE_LIMIT_BYTES:
        comment = msgspec.json.format(comment, indent=1)
    yield _line("Annotator", annotation.annotator)
    yield _line("AnnotationDate", annotation.annotation_date)
    yield _line("AnnotationType", annotation.annotation_type)
    yield _line("SPDXREF", spdx_id)
    yield _text("AnnotationComment", comment)


def _licence(licence: spdx.ExtractedLicense) -> str:
    return _lines([
        _line("LicenseID", licence.license_id), _text("ExtractedText", licence.extracted_text), _line("LicenseName", licence.name)
    ])  # fmt: skip


def _relationship(relationship: spdx.Relationship) -> Iterator[str]:
    yield f"Relationship: {relationship.spdx_element_id} {relationship.relationship_type} {relationship.related_spdx_element}"
    if relationship.comment is not None:
        yield _text("RelationshipComment", relationship.comment)


def _line(tag: str, value: str) -> str:
    return f"{tag}: {_fit(value)}"


def _text(tag: str, value: str) -> str:
    return f"{tag}: <text>{_fit(value)}</text>"


def _fit(value: str) -> str:
    return _UNFIT.sub(_escaped, value) if "<" in value or value != value.strip() else value


def _escaped(match: re.Match[str]) -> str:
    return "".join(f"\\x{byte:02x}" for byte in match[0].encode())


def _lines(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
