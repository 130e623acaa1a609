"""The parts of CycloneDX (ECMA-424, https://cyclonedx.org/docs/1.7/json/) that are written, in the order in which its XML has them.

What a version has no place for is None there; `sbomgen.documents._cyclonedx_versions` says which those are. No record holds one that
holds it, hence gc=False.
"""

from msgspec import Struct, field


class Property(Struct, frozen=True, gc=False):
    """A name and a value."""

    name: str
    value: str


class Hash(Struct, frozen=True, gc=False):
    """A checksum, in lower-case hexadecimal."""

    alg: str
    content: str


class Attachment(Struct, frozen=True, gc=False):
    """A text of several lines."""

    content: str


class License(Struct, frozen=True, gc=False, omit_defaults=True, kw_only=True):
    """A licence by identifier or by name."""

    id: str | None = None
    name: str | None = None
    text: Attachment | None = None
    acknowledgement: str | None = None


class LicenseEntry(Struct, frozen=True, gc=False):
    """A licence in a list of licences."""

    license: License


class ExpressionEntry(Struct, frozen=True, gc=False, omit_defaults=True):
    """An SPDX expression in its place; alone, until 1.7."""

    expression: str
    acknowledgement: str | None = None


class Contact(Struct, frozen=True, gc=False):
    """How to reach somebody."""

    email: str


class Entity(Struct, frozen=True, gc=False, omit_defaults=True):
    """An organisation or person."""

    name: str
    contact: list[Contact] | None = None


class Author(Struct, frozen=True, gc=False, omit_defaults=True):
    """Somebody who made the document."""

    name: str
    email: str | None = None


class ExternalReference(Struct, frozen=True, gc=False):
    """Something that stands elsewhere."""

    type: str
    url: str


class Method(Struct, frozen=True, gc=False, omit_defaults=True):
    """How an identity was found."""

    technique: str
    confidence: float
    value: str | None = None


class Identity(Struct, frozen=True, gc=False, omit_defaults=True, kw_only=True, rename={"concluded_value": "concludedValue"}):
    """Why the component is what it is said to be."""

    field: str
    confidence: float | None = None
    concluded_value: str | None = None
    methods: list[Method] | None = None


class Occurrence(Struct, frozen=True, gc=False, omit_defaults=True):
    """A file that shows the component; the context is the diff_id of the layer that wrote it, if it has one."""

    location: str
    additional_context: str | None = field(name="additionalContext", default=None)


class Evidence(Struct, frozen=True, gc=False, omit_defaults=True):
    """What the component was seen by.

    A list of identities stands in 1.7 only: cyclonedx-go before 0.9.3 (in Syft and Grype of 2024) refuses a whole document of 1.6 for it,
    and later ones take the single object too, which 1.6 calls deprecated.
    """

    identity: Identity | list[Identity] | None = None
    occurrences: list[Occurrence] | None = None


class Swid(Struct, frozen=True, gc=False, omit_defaults=True, kw_only=True):
    """An identifier of the operating system, as Syft writes and reads it."""

    tag_id: str = field(name="tagId")
    name: str
    version: str | None = None


class Pedigree(Struct, frozen=True, gc=False):
    """What the component was made from."""

    ancestors: "list[Component]"


class Component(Struct, frozen=True, gc=False, omit_defaults=True, kw_only=True):
    """The image, its operating system, a package, a source package, or the tool."""

    type: str
    bom_ref: str | None = field(name="bom-ref", default=None)
    supplier: Entity | None = None
    authors: list[Author] | None = None
    author: str | None = None
    publisher: str | None = None
    group: str | None = None
    name: str
    version: str | None = None
    description: str | None = None
    scope: str | None = None
    hashes: list[Hash] | None = None
    licenses: list[LicenseEntry | ExpressionEntry] | None = None
    copyright: str | None = None
    cpe: str | None = None
    purl: str | None = None
    swid: Swid | None = None
    pedigree: Pedigree | None = None
    external_references: list[ExternalReference] | None = field(name="externalReferences", default=None)
    properties: list[Property] | None = None
    components: "list[Component] | None" = None
    evidence: Evidence | None = None


class Lifecycle(Struct, frozen=True, gc=False):
    """When in the life of the image the document was made."""

    phase: str


class Tool(Struct, frozen=True, gc=False):
    """What wrote the document, as versions before 1.5 state it."""

    name: str
    version: str


class Tools(Struct, frozen=True, gc=False):
    """Tools, in their form of components."""

    components: list[Component]


class Metadata(Struct, frozen=True, gc=False, omit_defaults=True, kw_only=True):
    """What the document is about."""

    timestamp: str | None = None
    lifecycles: list[Lifecycle] | None = None
    tools: Tools | list[Tool]
    authors: list[Author] | None = None
    component: Component | None = None
    supplier: Entity | None = None
    properties: list[Property] | None = None


class Dependency(Struct, frozen=True, gc=False):
    """What one component depends on directly."""

    ref: str
    depends_on: list[str] = field(name="dependsOn")


class Composition(Struct, frozen=True, gc=False, omit_defaults=True):
    """How completely it is known what some components are made of, and what some depend on."""

    aggregate: str
    assemblies: list[str] | None = None
    dependencies: list[str] | None = None


class Bom(Struct, frozen=True, gc=False, omit_defaults=True, kw_only=True):
    """The document."""

    schema: str = field(name="$schema")
    bom_format: str = field(name="bomFormat")
    spec_version: str = field(name="specVersion")
    serial_number: str | None = field(name="serialNumber", default=None)
    version: int
    metadata: Metadata
    components: list[Component]
    dependencies: list[Dependency]
    compositions: list[Composition]
