"""The parts of CycloneDX 1.6 (ECMA-424, https://cyclonedx.org/docs/1.6/json/) that are written, in the order in which they stand there."""

from msgspec import Struct, field

SCHEMA = "http://cyclonedx.org/schema/bom-1.6.schema.json"


class Property(Struct, frozen=True):
    """A name and a value."""

    name: str
    value: str


class Hash(Struct, frozen=True):
    """A checksum, in lower-case hexadecimal."""

    alg: str
    content: str


class Attachment(Struct, frozen=True):
    """A text of several lines."""

    content: str


class License(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A licence by identifier or by name."""

    id: str | None = None
    name: str | None = None
    text: Attachment | None = None
    acknowledgement: str


class LicenseChoice(Struct, frozen=True, omit_defaults=True):
    """A licence, or an expression with its own acknowledgement."""

    license: License | None = None
    expression: str | None = None
    acknowledgement: str | None = None


class Contact(Struct, frozen=True):
    """How to reach somebody."""

    email: str


class Entity(Struct, frozen=True, omit_defaults=True):
    """An organisation or person."""

    name: str
    contact: list[Contact] | None = None


class ExternalReference(Struct, frozen=True):
    """Something that stands elsewhere."""

    type: str
    url: str


class Method(Struct, frozen=True):
    """How an identity was found."""

    technique: str
    confidence: int
    value: str


class Identity(Struct, frozen=True, rename={"concluded_value": "concludedValue"}):
    """Why the component is what it is said to be."""

    field: str
    confidence: int
    concluded_value: str
    methods: list[Method]


class Occurrence(Struct, frozen=True):
    """A file that shows the component; the context is the diff_id of the layer that wrote it."""

    location: str
    additional_context: str = field(name="additionalContext")


class Evidence(Struct, frozen=True):
    """What the component was seen by.

    The identity is a single object, which 1.6 calls deprecated in favour of an array: cyclonedx-go before 0.9.3 (in Syft and Grype of 2024)
    refuses a whole document for the array, and later ones take both.
    """

    identity: Identity
    occurrences: list[Occurrence]


class Swid(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """An identifier of the operating system, as Syft writes and reads it."""

    tag_id: str = field(name="tagId")
    name: str
    version: str | None = None


class Component(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The image, its operating system, or a package."""

    type: str
    bom_ref: str = field(name="bom-ref")
    supplier: Entity | None = None
    publisher: str | None = None
    group: str | None = None
    name: str
    version: str | None = None
    description: str | None = None
    scope: str | None = None
    hashes: list[Hash] | None = None
    licenses: list[LicenseChoice] | None = None
    purl: str | None = None
    swid: Swid | None = None
    external_references: list[ExternalReference] | None = field(name="externalReferences", default=None)
    properties: list[Property] | None = None
    evidence: Evidence | None = None


class Lifecycle(Struct, frozen=True):
    """When in the life of the image the document was made."""

    phase: str


class Tool(Struct, frozen=True):
    """What wrote the document."""

    type: str
    name: str
    version: str


class Tools(Struct, frozen=True):
    """Tools, in their form of components."""

    components: list[Tool]


class Metadata(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What the document is about."""

    timestamp: str | None = None
    lifecycles: list[Lifecycle]
    tools: Tools
    component: Component
    properties: list[Property] | None = None


class Dependency(Struct, frozen=True):
    """What one component depends on directly."""

    ref: str
    depends_on: list[str] = field(name="dependsOn")


class Composition(Struct, frozen=True):
    """How completely the dependencies of some components are known."""

    aggregate: str
    dependencies: list[str]


class Bom(Struct, frozen=True, omit_defaults=True, kw_only=True):
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
