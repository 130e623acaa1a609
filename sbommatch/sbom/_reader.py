"""What a reader of SBOMs is: it recognises its format by how a document begins, and reads it."""

from typing import Protocol

from msgspec import Raw, Struct, field

from sbommatch.errors import UnreadableError
from sbommatch.problem import Problem, ProblemCode
from sbommatch.sbom.component import Document

MAX_PROBLEMS = 1_000
"""Problems kept of one document; a document with more is broken throughout, and one more problem says how many there were."""

MAX_RECORDS = 5_000_000
"""Records (components, references, properties) in a document: each takes 100 to 400 bytes of memory, however short its text is."""

MAX_DEPTH = 500
"""Levels of elements, mappings and sequences, one in the other: real documents have ten. JSON's decoder has a limit of its own."""

_ABSENT = Raw(b"")


class Head(Struct, frozen=True):
    """The members at the top of a JSON document that tell formats apart, as JSON text; empty where absent."""

    bom_format: Raw = field(name="bomFormat", default=_ABSENT)
    spdx_version: Raw = field(name="spdxVersion", default=_ABSENT)
    spdx_id: Raw = field(name="SPDXID", default=_ABSENT)
    context: Raw = field(name="@context", default=_ABSENT)
    at_id: Raw = field(name="@id", default=_ABSENT)
    at_type: Raw = field(name="@type", default=_ABSENT)
    artifacts: Raw = _ABSENT
    descriptor: Raw = _ABSENT
    artifact_name: Raw = field(name="ArtifactName", default=_ABSENT)
    payload_type: Raw = field(name="payloadType", default=_ABSENT)
    payload: Raw = _ABSENT
    predicate: Raw = _ABSENT
    data: Raw = field(name="Data", default=_ABSENT)
    sbom: Raw = _ABSENT
    document: Raw = _ABSENT
    """Of CSAF."""


class Opening(Struct, frozen=True):
    """What a document begins with."""

    beginning: bytes
    """The first 64 KiB, without leading white space: comments and licence texts may stand before what tells."""
    head: Head | None = None
    """Of a JSON object; None for anything else."""

    @property
    def is_xml(self) -> bool:
        """Whether it can be nothing else: no other format begins so."""
        return self.head is None and self.beginning.startswith(b"<")

    @property
    def is_text(self) -> bool:
        """Neither JSON nor XML."""
        return self.head is None and not self.beginning.startswith((b"<", b"{"))


class Problems:
    """The problems of one document, bounded."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._kept: list[Problem] = []
        self._dropped = 0
        self._dropped_loss = False

    def note(self, code: ProblemCode, place: str, message: str) -> None:
        """Something was odd, and nothing is missing for it."""
        self._add(code, place, message, loss=False)

    def loss(self, code: ProblemCode, place: str, message: str) -> None:
        """Something could not be read, and the result lacks it."""
        self._add(code, place, message, loss=True)

    def _add(self, code: ProblemCode, place: str, message: str, *, loss: bool) -> None:
        if len(self._kept) < MAX_PROBLEMS:
            self._kept.append(Problem(code, f"{self._path}: {place}" if place else self._path, message, loss))
        else:
            self._dropped += 1
            self._dropped_loss |= loss

    def all(self) -> tuple[Problem, ...]:
        """In the order they were met; the last one says how many more there were, if there were."""
        if not self._dropped:
            return tuple(self._kept)
        more = Problem(ProblemCode.LIMIT_REACHED, self._path, f"{self._dropped} more problems are not listed", self._dropped_loss)
        return (*self._kept, more)


class Source(Struct, frozen=True):
    """One document on its way into a reader."""

    path: str
    """As the user named it; `-` for standard input."""
    sha256: str
    text: bytes
    """In UTF-8 without a byte order mark, but for XML that declares an encoding of its own."""
    problems: Problems
    is_utf8: bool = False
    """Whether a byte order mark told the encoding: then XML's own declaration no longer holds."""


class Budget:
    """The records that one document may still have."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._left = MAX_RECORDS

    @property
    def spent(self) -> int:
        """How many there were."""
        return MAX_RECORDS - self._left

    def spend(self, records: int = 1) -> None:
        """Counts records. Raises `UnreadableError` when there are too many."""
        self._left -= records
        if self._left < 0:
            raise UnreadableError(f"{self._path}: holds more than {MAX_RECORDS} records")


class Reader(Protocol):
    """A format of SBOM."""

    format: str
    """As documents name it: `cyclonedx-json`."""

    def recognises(self, opening: Opening) -> bool:
        """Whether a document that begins so is of this format, whatever its version."""
        ...

    def read(self, source: Source) -> Document:
        """The document. What cannot be read becomes a problem with its place.

        Raises `UnreadableError` for a version that cannot be read and for malformed markup, and lets pass what `_lenient.decode`
        raises for JSON that is malformed, and `UnicodeDecodeError`.
        """
        ...
