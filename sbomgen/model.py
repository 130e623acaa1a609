"""The types that the stages of sbomgen hand to one another: problems, packages, edges, history.

They are msgspec structs, not dataclasses: some of them cross a file boundary, and a hundred dataclasses would cost every start more than
reading a small image.
Paths are relative to the image's root, without a leading slash, decoded as UTF-8 with surrogateescape.
"""

from collections.abc import Sequence
from enum import StrEnum

from msgspec import Struct


class ProblemCode(StrEnum):
    """What kind of thing went wrong; the `message` of the problem says the rest."""

    ARCHIVE_ENTRY_SKIPPED = "archive_entry_skipped"
    ATTESTATION_UNREADABLE = "attestation_unreadable"
    BAD_RECORD = "bad_record"
    CONFIG_INCONSISTENT = "config_inconsistent"
    EVIDENCE_UNREADABLE = "evidence_unreadable"
    LAYER_NOT_READ = "layer_not_read"
    LIMIT_REACHED = "limit_reached"
    LINK_UNRESOLVED = "link_unresolved"
    NO_DISTRIBUTION = "no_distribution"


class Problem(Struct, frozen=True, order=True):
    """Something that could not be read: a *loss* leaves the inventory incomplete (exit 5), a *note* does not."""

    code: ProblemCode
    where: str
    """Image, layer, path, line: as precise as known, e.g. `layer 3 sha256:ab…: var/lib/dpkg/status: line 4120`."""
    message: str
    loss: bool


class Distro(Struct, frozen=True):
    """A distribution as an os-release file states it."""

    id: str
    """`ID`, lower case, e.g. `debian`; `linux` where the file has none, as the standard says."""
    version_id: str | None = None
    """`VERSION_ID`, e.g. `12`, `3.20.3`; None for rolling releases."""
    name: str | None = None
    """`PRETTY_NAME`, else `NAME`."""
    codename: str | None = None
    id_like: tuple[str, ...] = ()


class SourcePackage(Struct, frozen=True):
    """The source package that a binary package was built from, as the package database states it."""

    name: str
    version: str | None = None
    """None where the database names no version (apk's origin)."""


class Hash(Struct, frozen=True, order=True):
    """A checksum that the package database states for the package."""

    algorithm: str
    """In CycloneDX's spelling: `SHA-1`, `SHA-256`, `MD5`."""
    value: str
    """Lower-case hexadecimal."""


class Technique(StrEnum):
    """How a package was recognised, in CycloneDX's words."""

    MANIFEST_ANALYSIS = "manifest-analysis"
    BINARY_ANALYSIS = "binary-analysis"
    FILENAME = "filename"
    HASH_COMPARISON = "hash-comparison"


class DeliveredFile(Struct, frozen=True):
    """The one file that a package is, and stays when it is installed: an archive or an executable; in the words of BSI TR-03183-2."""

    name: str
    """Without its folder."""
    executable: bool | None
    """It comprises code that a computer executes, itself or through a runtime (3.2.6); None where that is not known."""
    archive: bool
    structured: bool = True
    """What it is made of can still be told (8.1.6): archives, and executables that state what was compiled in."""


class Package(Struct, frozen=True, kw_only=True):
    """One installed package as a cataloger sees it on one view of the image."""

    type: str
    """PURL type: `apk`, `deb`, `pypi`."""
    name: str
    """As the package database spells it, the PURL normalises; with its scope, path or group: `@angular/core`, `org.slf4j:slf4j-api`."""
    slot_name: str | None = None
    """What `slot` says instead of the name where one package may be spelt in several ways: PyPI's normalised name."""
    raw_version: str
    """As the database has it, an rpm's as `[EPOCH:]VERSION-RELEASE`; empty where there is none, as in Go's main modules."""
    arch: str | None = None
    root: str = ""
    """Where it is installed: for OS packages the root of the distribution (empty, or the path of a chroot); for Python the site folder."""
    distro: Distro | None = None
    source: SourcePackage | None = None
    licences: tuple[str, ...] = ()
    """Declared texts, unchanged; each an SPDX expression or not."""
    hashes: tuple[Hash, ...] = ()
    cpes: tuple[str, ...] = ()
    """CPE 2.3 names (`cpe:2.3:a:…`), the most telling first."""
    supplier: str | None = None
    """Maintainer or author, as stated."""
    homepage: str | None = None
    description: str | None = None
    """One line."""
    qualifiers: tuple[tuple[str, str], ...] = ()
    """Further qualifiers of the PURL, where the type has them: `rpmmod`, `classifier`."""
    owned_files: Sequence[str] = ()
    """Files the package database says it delivers, root-relative, as listed (links not resolved)."""
    evidence: tuple[str, ...] = ()
    """Paths of the files that show it, the most telling first."""
    file: DeliveredFile | None = None
    """None for packages of several files, and for what was shaded or compiled into one."""
    technique: Technique = Technique.MANIFEST_ANALYSIS
    """How it is known what they show."""

    @property
    def slot(self) -> str:
        """What stays the same over an upgrade: `TYPE|ROOT|NAME|ARCH`."""
        return f"{self.type}|{self.root}|{self.slot_name or self.name}|{self.arch or ''}"


class EdgeKind(StrEnum):
    """How two packages of one view belong together."""

    DEPENDS_ON = "depends_on"
    OWNED_BY = "owned_by"
    """`from` is delivered by the file list of the OS package `to`."""
    CONTAINS = "contains"
    """`to` lies in the file that `from` is, or was shaded, copied or compiled into it."""


class Edge(Struct, frozen=True, order=True):
    """A relation between two slots of the same view."""

    kind: EdgeKind
    from_slot: str
    to_slot: str
    from_version: str = ""
    """The one that is meant of several versions in a slot, as in pnpm's store; empty: each of them."""
    to_version: str = ""
    """Likewise; empty: the first of them."""


class EventKind(StrEnum):
    """What a layer did to a package's slot."""

    INTRODUCED = "introduced"
    UPGRADED = "upgraded"
    DOWNGRADED = "downgraded"
    REMOVED = "removed"
    REINTRODUCED = "reintroduced"


class PackageEvent(Struct, frozen=True):
    """One step in a package's history."""

    kind: EventKind
    layer: int
    version: str
    """The version after the step; for `removed` the version that went."""
    from_version: str | None = None
    """The version before it, of an upgrade or downgrade."""


class EvidencePath(Struct, frozen=True, order=True):
    """A file that shows a package, and the layer that last wrote it."""

    path: str
    layer: int


class TrackedPackage(Struct, frozen=True, kw_only=True):
    """A package with its history over the layers: the unit that documents describe."""

    ref: str
    """Identifier within the document: the PURL, and for packages of a folder of their own a digest of that folder."""
    purl: str
    package: Package
    cataloger: str
    visible: bool
    """False: a later layer removed it; its bytes still ship."""
    layer: int
    """0-based layer in which the slot last took the version it has (or had) now."""
    paths: tuple[EvidencePath, ...]
    events: tuple[PackageEvent, ...]
    """Oldest first; never empty."""
