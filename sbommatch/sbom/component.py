"""What every SBOM reader yields: a document and its components, as stated; nothing is normalised here but the producers' spellings."""

from msgspec import Struct

from sbommatch.problem import Problem


class DistroStatement(Struct, frozen=True):
    """A distribution as an SBOM names it."""

    id: str
    """Lower case: `debian`, `alpine`, `rhel`."""
    version: str | None = None
    """As stated: `12`, `3.20.3`, `bookworm`."""


class ComponentLayer(Struct, frozen=True):
    """A layer of the image that the document describes."""

    index: int
    diff_id: str
    digest: str | None = None
    created_by: str | None = None
    dockerfile: str | None = None
    origin: str | None = None
    """`base` or `own`."""


class Component(Struct, frozen=True, kw_only=True):
    """One component of a document."""

    ref: str
    """bom-ref or SPDX identifier; where the document has none or repeats it, one is made up from its place (`components[12]`)."""
    type: str
    """CycloneDX's component type; `library` for an SPDX package that states no purpose."""
    name: str
    group: str | None = None
    version: str | None = None
    """None where absent, empty or a stand-in such as `UNKNOWN`, `NOASSERTION`."""
    purl: str | None = None
    cpes: tuple[str, ...] = ()
    source_name: str | None = None
    """Source package, from the producer's own properties; the PURL's `upstream` is read later."""
    source_version: str | None = None
    distro: DistroStatement | None = None
    """Where the component itself states one outside its PURL."""
    visible: bool = True
    layer: int | None = None
    paths: tuple[str, ...] = ()
    owned_by: str | None = None
    """ref of the OS package that delivers it."""


class Subject(Struct, frozen=True, kw_only=True):
    """What the document is about."""

    name: str | None = None
    version: str | None = None
    purl: str | None = None
    config_digest: str | None = None
    platform: str | None = None


class Document(Struct, frozen=True, kw_only=True):
    """One SBOM."""

    path: str
    """As the user named it; `-` for standard input."""
    sha256: str
    """Hexadecimal, of the bytes as read."""
    format: str
    """`cyclonedx-json`, `spdx-json`."""
    spec_version: str | None
    producer: str | None
    """`NAME VERSION` of the first tool named."""
    subject: Subject
    distros: tuple[DistroStatement, ...]
    """Of the components of type operating-system, in document order."""
    layers: tuple[ComponentLayer, ...]
    components: tuple[Component, ...]
    """Every component but the subject itself, in document order, nested ones after their parent."""
    problems: tuple[Problem, ...]
