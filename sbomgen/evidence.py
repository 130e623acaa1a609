"""The contract between the core and the catalogers: what a cataloger wants, reads and assembles.

A cataloger works in two stages. `read` turns one file of one layer into facts: it is pure, knows no distribution and builds no PURL, and
its facts are stored in the layer's `LayerScan`.
`assemble` turns the facts that are visible on a view of the image into packages and edges, because evidence spans files and layers.
"""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from types import UnionType
from typing import Any, BinaryIO, Protocol

from msgspec import Struct

from sbomgen.model import Distro, Edge, Package, Problem

HEAD_BYTES = 64
"""The least that `EvidenceFile.head` holds of a longer file: enough for every magic in use."""


class Fact(Struct, frozen=True, array_like=True, omit_defaults=True):
    """The root of every cataloger's facts; stored as a msgpack array: new fields go at the end, and raise the cataloger's version."""


FactType = type[Fact] | type[Distro] | UnionType
"""One struct, or a union of tagged ones; what `msgspec.convert` takes as a type. (os-release's facts are the `Distro`s themselves.)"""


class Wants(Struct, frozen=True):
    """Which files of a layer a cataloger asks for; any one of the conditions suffices. All are compared with the root-relative path."""

    basenames: frozenset[str] = frozenset()
    """Whole file names: `METADATA`."""
    suffixes: frozenset[str] = frozenset()
    """What the name ends in, from its last dot, or one before it: `.list`, `.deps.json`."""
    folders: tuple[str, ...] = ()
    """Regular expressions that must match the whole path of the folder: every file in it is asked for."""
    magic: tuple[bytes, ...] = ()
    """What the body begins with."""


class EvidenceFile(Protocol):
    """One regular file of one layer, as a cataloger's `read` gets it."""

    path: str
    size_bytes: int
    mode: int
    head: bytes
    """The first `HEAD_BYTES` bytes at least, or the whole of a shorter file."""

    def open(self, limit_bytes: int) -> BinaryIO:
        """The body as a seekable stream; raises `EvidenceTooLargeError` beyond `limit_bytes`, `EvidenceUnreadableError` where it fails."""
        ...


class EvidenceTooLargeError(Exception):
    """A body that is longer than the cataloger's limit: the core turns it into a problem with the path."""


class EvidenceUnreadableError(Exception):
    """A body that cannot be read, or not to its end: likewise."""


class VisibleFact(Struct, frozen=True):
    """A fact on a view: the file that showed it, and the layer that wrote that file."""

    path: str
    layer: int
    fact: Any
    """The cataloger's own fact type."""


class ImageView(Protocol):
    """What is visible after folding the layers up to one of them."""

    def facts(self, cataloger: str) -> Iterable[VisibleFact]:
        """The visible facts of a cataloger, by path; facts of one file in the order in which they were read."""
        ...

    def exists(self, path: str) -> bool:
        """Whether something visible stands at the path (links resolved)."""
        ...

    def resolve(self, path: str) -> str | None:
        """The path with every link followed, clamped to the root; None where a link loops or leads nowhere."""
        ...

    def distro_of(self, path: str) -> Distro | None:
        """The distribution of the nearest ancestor folder that has an os-release file."""
        ...

    def root_of(self, path: str) -> str:
        """That ancestor folder: empty for the image's root, and where there is no os-release at all."""
        ...


class Proof(StrEnum):
    """How a cataloger is known to be right; a test holds each one's word against the tests."""

    MANAGER = "real manager run"
    """Its packages are those that the ecosystem's own manager lists in real images or databases."""
    FILES = "real files"
    """It reads files that others made; what should be found in them was settled by other means."""
    FIXTURE = "written fixture only"


class Cataloger(Protocol):
    """One kind of evidence. Add one: a module in `sbomgen/catalogers`, a line in its `CATALOGERS`, a test."""

    name: str
    """Unique, lower case: `apk`, `dpkg`, `python`."""
    version: int
    """Raised whenever `read` yields other facts for the same file: stored facts of another version are not used."""
    title: str
    """For people: what it reads, one line."""
    emits: str
    """For people: the PURL types of what it finds."""
    proof: Proof
    wants: Wants
    fact_type: FactType

    def read(self, file: EvidenceFile) -> Iterator[Fact | Distro | Problem]:
        """The facts of one file. Pure. Bad records become problems (`where` begins with the path), never exceptions."""
        ...

    def assemble(self, view: ImageView) -> Iterator[Package | Edge | Problem]:
        """The packages on a view, from what is visible there, and when all of these have been given, the edges.

        The edges are asked for on the last view alone: they come of a generator that works them out only then.
        """
        ...
