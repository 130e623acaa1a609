"""What a reader of SBOMs is: it recognises its format by a few members at the top of a JSON document, and reads it."""

from typing import Protocol

from msgspec import Raw, Struct, field

from sbommatch.problem import Problem, ProblemCode
from sbommatch.sbom.component import Document

MAX_PROBLEMS = 1_000
"""Problems kept of one document; a document with more is broken throughout, and one more problem says how many there were."""


_ABSENT = Raw(b"")


class Head(Struct, frozen=True):
    """The members at the top of a JSON document that tell formats apart, as JSON text; empty where absent."""

    bom_format: Raw = field(name="bomFormat", default=_ABSENT)
    spdx_version: Raw = field(name="spdxVersion", default=_ABSENT)
    spdx_id: Raw = field(name="SPDXID", default=_ABSENT)
    context: Raw = field(name="@context", default=_ABSENT)
    at_type: Raw = field(name="@type", default=_ABSENT)
    artifacts: Raw = _ABSENT
    descriptor: Raw = _ABSENT
    artifact_name: Raw = field(name="ArtifactName", default=_ABSENT)
    predicate_type: Raw = field(name="predicateType", default=_ABSENT)
    payload_type: Raw = field(name="payloadType", default=_ABSENT)
    sbom: Raw = _ABSENT


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
    json: bytes
    """JSON in UTF-8, without a byte order mark."""
    problems: Problems


class Reader(Protocol):
    """A format of SBOM in JSON."""

    format: str
    """As documents name it: `cyclonedx-json`."""

    def recognises(self, head: Head) -> bool:
        """Whether a document that begins so is of this format, whatever its version."""
        ...

    def read(self, source: Source) -> Document:
        """The document. What cannot be read becomes a problem with its place.

        Raises `UnreadableError` for a version that cannot be read, and lets pass what `_lenient.decode` raises for JSON that is malformed.
        """
        ...
