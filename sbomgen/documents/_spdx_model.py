"""The parts of SPDX 2.2 and 2.3 that are written, in the order in which they stand in JSON.

Specifications: https://spdx.github.io/spdx-spec/v2.2.2/ and https://spdx.github.io/spdx-spec/v2.3/ (2.2.1 is ISO/IEC 5962:2021).
"""

from msgspec import Struct, field

NOASSERTION = "NOASSERTION"
NONE = "NONE"


class Version(Struct, frozen=True):
    """What a version of SPDX 2 demands and knows, where the versions differ in what is written."""

    name: str
    unknown_terms: str | None
    """What stands for licences and copyright of which nothing is known: 2.2 demands the fields, in 2.3 their absence says the same."""
    purposes: bool
    """Whether packages have `primaryPackagePurpose`."""
    dates: bool
    """Whether packages have `builtDate`."""


VERSIONS = (Version("2.3", unknown_terms=None, purposes=True, dates=True), Version("2.2", NOASSERTION, purposes=False, dates=False))


class CreationInfo(Struct, frozen=True, gc=False, omit_defaults=True, rename="camel"):
    """When, by what and how the document was made."""

    created: str
    creators: list[str]
    license_list_version: str
    comment: str | None = None


class Checksum(Struct, frozen=True, gc=False, rename="camel"):
    """A checksum, in lower-case hexadecimal."""

    algorithm: str
    checksum_value: str


class ExternalRef(Struct, frozen=True, gc=False, rename="camel"):
    """An identifier from elsewhere."""

    reference_category: str
    reference_type: str
    reference_locator: str


class Annotation(Struct, frozen=True, gc=False, rename="camel"):
    """A remark of a tool."""

    annotator: str
    annotation_date: str
    annotation_type: str
    comment: str


class Package(Struct, frozen=True, gc=False, omit_defaults=True, kw_only=True, rename="camel"):
    """The image, its operating system, a package, or a source package."""

    spdx_id: str = field(name="SPDXID")
    name: str
    version_info: str | None = None
    supplier: str | None = None
    originator: str | None = None
    download_location: str
    files_analyzed: bool
    checksums: list[Checksum] | None = None
    homepage: str | None = None
    source_info: str | None = None
    license_concluded: str | None = None
    license_declared: str | None = None
    copyright_text: str | None = None
    description: str | None = None
    external_refs: list[ExternalRef] | None = None
    primary_package_purpose: str | None = None
    built_date: str | None = None
    annotations: list[Annotation] | None = None


class ExtractedLicense(Struct, frozen=True, gc=False, rename="camel"):
    """A licence that is not on the SPDX list, with the text that was declared."""

    license_id: str
    extracted_text: str
    name: str


class Relationship(Struct, frozen=True, gc=False, omit_defaults=True, rename="camel"):
    """How two elements belong together."""

    spdx_element_id: str
    relationship_type: str
    related_spdx_element: str
    comment: str | None = None


class Document(Struct, frozen=True, gc=False, omit_defaults=True, kw_only=True, rename="camel"):
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
