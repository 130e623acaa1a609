"""The parts of SPDX 2.3 (ISO/IEC 5962, https://spdx.github.io/spdx-spec/v2.3/) that are written, in the order in which they stand there."""

from msgspec import Struct, field

NOASSERTION = "NOASSERTION"


class CreationInfo(Struct, frozen=True, rename="camel"):
    """When and by what the document was made."""

    created: str
    creators: list[str]
    license_list_version: str


class Checksum(Struct, frozen=True, rename="camel"):
    """A checksum, in lower-case hexadecimal."""

    algorithm: str
    checksum_value: str


class ExternalRef(Struct, frozen=True, rename="camel"):
    """An identifier from elsewhere."""

    reference_category: str
    reference_type: str
    reference_locator: str


class Annotation(Struct, frozen=True, rename="camel"):
    """A remark of a tool."""

    annotator: str
    annotation_date: str
    annotation_type: str
    comment: str


class Package(Struct, frozen=True, omit_defaults=True, kw_only=True, rename="camel"):
    """The image, its operating system, or a package."""

    spdx_id: str = field(name="SPDXID")
    name: str
    version_info: str | None = None
    supplier: str
    download_location: str
    files_analyzed: bool
    checksums: list[Checksum] | None = None
    homepage: str | None = None
    source_info: str | None = None
    license_concluded: str
    license_declared: str
    copyright_text: str
    description: str | None = None
    external_refs: list[ExternalRef] | None = None
    primary_package_purpose: str
    annotations: list[Annotation] | None = None


class ExtractedLicense(Struct, frozen=True, rename="camel"):
    """A licence that is not on the SPDX list, with the text that was declared."""

    license_id: str
    extracted_text: str
    name: str


class Relationship(Struct, frozen=True, omit_defaults=True, rename="camel"):
    """How two elements belong together."""

    spdx_element_id: str
    relationship_type: str
    related_spdx_element: str
    comment: str | None = None


class Document(Struct, frozen=True, omit_defaults=True, kw_only=True, rename="camel"):
    """The document."""

    spdx_version: str
    data_license: str
    spdx_id: str = field(name="SPDXID")
    name: str
    document_namespace: str
    creation_info: CreationInfo
    packages: list[Package]
    has_extracted_licensing_infos: list[ExtractedLicense] | None = None
    relationships: list[Relationship]
