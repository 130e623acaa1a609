"""The classes of SPDX 3.0.1 (https://spdx.github.io/spdx-spec/v3.0.1/) that are written; an element is named by an IRI."""

from msgspec import Struct, field

CONTEXT = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"
SPEC_VERSION = "3.0.1"
CREATION_INFO = "_:creationInfo"
NONE_ELEMENT = "NoneElement"
NO_ASSERTION_ELEMENT = "NoAssertionElement"
"""Stand where there is no element, and where it is not known whether there is one; names of the context."""


def _json_name(name: str) -> str:
    """`software_home_page` → `software_homePage`: the profile keeps its underscore."""
    profile, mark, rest = name.partition("_") if name.startswith(("software_", "simplelicensing_")) else ("", "", name)
    first, *others = rest.rstrip("_").split("_")
    return profile + mark + first + "".join(word.capitalize() for word in others)


class CreationInfo(Struct, frozen=True, tag_field="type", tag="CreationInfo", rename=_json_name):
    """When and by what all elements of the document were made."""

    node_id: str = field(name="@id")
    spec_version: str
    created: str
    created_by: list[str]
    created_using: list[str]


class Hash(Struct, frozen=True, gc=False, tag_field="type", tag="Hash", rename=_json_name):
    """A checksum, in lower-case hexadecimal."""

    algorithm: str
    hash_value: str


class ExternalIdentifier(Struct, frozen=True, gc=False, tag_field="type", tag="ExternalIdentifier", rename=_json_name):
    """An identifier from elsewhere."""

    external_identifier_type: str
    identifier: str


class DictionaryEntry(Struct, frozen=True, gc=False, tag_field="type", tag="DictionaryEntry"):
    """A key and its value."""

    key: str
    value: str


class Element(Struct, frozen=True, gc=False, omit_defaults=True, kw_only=True, tag_field="type", rename=_json_name):
    """What all elements have."""

    spdx_id: str
    creation_info: str
    name: str | None = None
    description: str | None = None
    comment: str | None = None
    external_identifier: list[ExternalIdentifier] | None = None
    verified_using: list[Hash] | None = None


class Tool(Element, frozen=True, gc=False, tag="Tool"):
    """A program that was used."""


class SoftwareAgent(Element, frozen=True, gc=False, tag="SoftwareAgent"):
    """A program that acts: the standard wants an agent for each creation, and nobody else is known."""


class Person(Element, frozen=True, gc=False, tag="Person"):
    """Somebody."""


class Organization(Element, frozen=True, gc=False, tag="Organization"):
    """More than one person."""


class Package(Element, frozen=True, gc=False, omit_defaults=True, kw_only=True, tag="software_Package", rename=_json_name):
    """The image, its operating system, a package, or a source package."""

    built_time: str | None = None
    originated_by: list[str] | None = None
    supplied_by: str | None = None
    software_primary_purpose: str
    software_package_version: str | None = None
    software_package_url: str | None = None
    software_home_page: str | None = None
    software_download_location: str | None = None
    software_copyright_text: str | None = None
    software_source_info: str | None = None


class File(Element, frozen=True, gc=False, omit_defaults=True, kw_only=True, tag="software_File", rename=_json_name):
    """A layer."""

    content_type: str | None = None
    software_primary_purpose: str


class LicenseExpression(
    Element, frozen=True, gc=False, omit_defaults=True, kw_only=True, tag="simplelicensing_LicenseExpression", rename=_json_name
):
    """An SPDX licence expression; `LicenseRef-` in it are mapped to their texts."""

    simplelicensing_license_expression: str
    simplelicensing_license_list_version: str
    simplelicensing_custom_id_to_uri: list[DictionaryEntry] | None = None


class LicensingText(
    Element, frozen=True, gc=False, omit_defaults=True, kw_only=True, tag="simplelicensing_SimpleLicensingText", rename=_json_name
):
    """A licence that is not on the SPDX list, with the text that was declared."""

    simplelicensing_license_text: str


class Relationship(Element, frozen=True, gc=False, omit_defaults=True, kw_only=True, tag="Relationship", rename=_json_name):
    """How an element belongs to others."""

    from_: str
    relationship_type: str
    to: list[str]
    completeness: str | None = None


class Annotation(Element, frozen=True, gc=False, omit_defaults=True, kw_only=True, tag="Annotation", rename=_json_name):
    """A remark on an element."""

    annotation_type: str
    content_type: str
    statement: str
    subject: str


class Sbom(Element, frozen=True, gc=False, omit_defaults=True, kw_only=True, tag="software_Sbom", rename=_json_name):
    """What the image is made of."""

    element: list[str]
    root_element: list[str]
    profile_conformance: list[str]
    software_sbom_type: list[str] | None = None


class SpdxDocument(Element, frozen=True, gc=False, omit_defaults=True, kw_only=True, tag="SpdxDocument", rename=_json_name):
    """All elements that stand in the file."""

    element: list[str]
    root_element: list[str]
    profile_conformance: list[str]
    data_license: str


class Graph(Struct, frozen=True):
    """The file."""

    context: str = field(name="@context")
    graph: list[CreationInfo | Element] = field(name="@graph")
