"""The records of an archive: what is stored of a document, and what is known of it on the way there."""

from msgspec import Struct

from sbommatch.problem import Problem

INDEX_FORMAT = 1
"""Raised when `sbommatch.match.coordinates` or the readers make other lookups of the same document, so that stored ones are made anew.
A test holds the lookups of known documents against it."""


class Coordinate(Struct, frozen=True, kw_only=True):
    """All that decides the verdict of a component by itself: what is asked for it, or why nothing is."""

    coordinate_id: bytes
    """`sbommatch.match.coordinates.coordinate_id_of` where the lookups are all there is to it, else a hash that takes in the rest."""
    package: str
    """The component's name, by which some rules of resolution go; of languages the name that is asked for."""
    reason: str | None
    """Why the component's own lookups cannot be checked."""
    cpe_reason: str | None
    """The same where it is asked for by its CPEs too."""
    lookups: tuple["StoredLookup", ...]
    """Its own, then those by CPE; without any there is one that only names the component."""


class StoredLookup(Struct, frozen=True, kw_only=True):
    """A row of the table `coordinates`."""

    namespace: str | None
    """Without `scheme` no lookup: the type of the PURL, if any."""
    name: str | None
    name_kind: str | None
    scheme: str | None
    raw_version: str | None
    key: bytes | None
    arch: str | None = None
    module: str | None = None
    channels: str = ""
    """Sorted, a space between."""
    assumes: str = ""
    """Likewise, in their own order."""


class Facts(Struct, frozen=True, kw_only=True):
    """What a document says of itself, as the table `documents` keeps it."""

    path: str
    sha256: str
    format: str
    spec_version: str | None
    producer: str | None
    subject_name: str | None
    subject_version: str | None
    subject_purl: str | None
    config_digest: str | None
    platform: str | None
    distro_from: str
    distro_id: str | None
    distro_version: str | None
    size_bytes: int
    """Of the document, uncompressed."""
    losses: int
    """Parts that could not be read."""


class Extract(Struct, frozen=True, kw_only=True, tag="extract"):
    """A document taken apart, on its way from a reading process. Coordinates are numbered by that process, in the order of its extracts."""

    facts: Facts
    positions: bytes
    """int32 each: of the components within the document that can be asked for, or that coverage counts; ascending."""
    coordinates: bytes
    """int32 each: the number of the coordinate at that position."""
    hidden: bytes
    """A byte each, 0 or 1: in a layer that a later one covers."""
    counted: bytes
    """Likewise: whether coverage counts it."""
    owners: dict[int, int]
    """Index among the positions -> position of the OS package that delivers it."""
    fresh: tuple[Coordinate, ...]
    """Coordinates that the process had not met before, in the order of their numbers."""
    blob: bytes
    """The document, zstd."""
    problems: tuple[Problem, ...]


class Refusal(Struct, frozen=True, kw_only=True, tag="refusal"):
    """A file that is not stored: it cannot be read, or is no SBOM."""

    message: str
    is_note: bool
    """A file of a folder that is no SBOM at all."""
