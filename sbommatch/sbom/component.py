"""What every SBOM reader yields: a document and its components, as stated; nothing is normalised here but the producers' spellings."""

from typing import Literal

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


class Component(Struct, frozen=True, kw_only=True, gc=False):
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
    """As stated, but for types that only one producer knows; else as made: see `purl_from`."""
    purl_from: Literal["stated", "made"] | None = None
    """`made` where the document states none, but what kind of package it is: put together from that, name, version and distribution."""
    package_type: str | None = None
    """The kind of package by the producer's own word for it, as a PURL type."""
    cpes: tuple[str, ...] = ()
    source_name: str | None = None
    """Source package, from the producer's own properties; the PURL's `upstream` is read later."""
    source_version: str | None = None
    module: str | None = None
    """Of an rpm: its modularity label, `nodejs:12:8030020201124152102:229f0a1c`."""
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
    manifest_digest: str | None = None
    references: tuple[str, ...] = ()
    """Of an image, the names it is known by: `ghcr.io/acme/app:1.0`, `ghcr.io/acme/app@sha256:…`."""


class Document(Struct, frozen=True, kw_only=True):
    """One SBOM."""

    path: str
    """As the user named it; `-` for standard input."""
    sha256: str
    """Hexadecimal, of the bytes as read."""
    format: str
    """`cyclonedx-json`, `cyclonedx-xml`, `spdx-json`, `spdx-tag-value`, `spdx-yaml`, `spdx-xml`, `spdx-rdf`, `spdx3-json`, `syft-json`."""
    spec_version: str | None
    producer: str | None
    """`NAME VERSION` of the first tool named."""
    subject: Subject
    distros: tuple[DistroStatement, ...]
    """Of the document itself where its format has a place for that, then of the components of type operating-system, in document order."""
    layers: tuple[ComponentLayer, ...]
    bom_link: str | None = None
    """`urn:cdx:SERIAL/VERSION`, by which other documents refer to this one (CycloneDX's BOM-Link)."""
    subject_ref: str | None = None
    """The subject's bom-ref."""
    dependencies: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """By ref the refs that it depends on, as far as the document states it."""
    components: tuple[Component, ...]
    """Every component but the subject itself, in document order, nested ones after their parent."""
    problems: tuple[Problem, ...]
