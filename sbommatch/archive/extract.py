"""From the bytes of a document to what an archive stores of it. Pure but for the memory of what was met before."""

from array import array
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from operator import attrgetter
from typing import Any

import msgspec
from msgspec import Struct

from sbommatch.archive.model import Coordinate, Extract, Facts, Refusal, StoredLookup
from sbommatch.errors import UnreadableError
from sbommatch.match.coordinates import COORDINATE_ID_BYTES, identify, reads_rpmdb
from sbommatch.match.coverage import COUNTED_TYPES
from sbommatch.match.cpes import with_cpes
from sbommatch.match.model import Identity
from sbommatch.match.pipeline import MatchOptions, distro_of
from sbommatch.purl import InvalidPurl, parse_purl
from sbommatch.reports.text import as_text
from sbommatch.sbom.component import Component, DistroStatement, Document
from sbommatch.sbom.read import NoSbomError, read_bytes, read_document
from sbommatch.store.model import Lookup

ZSTD_LEVEL = 3
"""800 MB/s of SBOMs, to an eighteenth of their size; level 9 saves a tenth of that and takes ten times as long."""

COMPONENTS_REMEMBERED = 1_000_000
"""Components whose coordinate a reading process keeps (some 500 bytes each); with more it looks at some again."""

OF_OCCURRENCE = frozenset({"ref", "paths", "layer", "visible", "owned_by"})
"""What of a component has no part in its coordinate."""

_CONTENT: Callable[[Component], Any] = attrgetter(*(name for name in Component.__struct_fields__ if name not in OF_OCCURRENCE))

Context = tuple[tuple[DistroStatement, ...], bool]
"""What else decides which coordinate a component has: the distributions that its document states, and the kind of its producer."""


class Source(Struct, frozen=True):
    """A file, or the bytes of one that is none: a member of an archive, standard input."""

    path: str
    is_from_folder: bool = False
    data: bytes | None = None


class Extractor:
    """Takes documents apart; one for a process, so that what they share is looked at once."""

    def __init__(self) -> None:
        from zstandard import ZstdCompressor

        self._compressor = ZstdCompressor(level=ZSTD_LEVEL)
        self._numbers: dict[bytes, int] = {}
        self._known: dict[Context, dict[object, int | None]] = {}
        self._remembered = 0
        self._fresh: list[Coordinate] = []

    def extract(self, source: Source) -> Extract | Refusal:
        """What is stored of a document, or why it is not. Names that are no UTF-8 are stored as messages show them."""
        try:
            data = source.data if source.data is not None else read_bytes(source.path)
            document = read_document(data, as_text(source.path))
        except UnreadableError as exc:
            is_note = source.is_from_folder and isinstance(exc, NoSbomError)
            return Refusal(message=as_text(str(exc)), is_note=is_note)
        return self._extract(document, data)

    def _extract(self, document: Document, data: bytes) -> Extract:
        positions, numbers = array("i"), array("i")
        for position, number in enumerate(self._coordinates(document)):
            if number is not None:
                positions.append(position)
                numbers.append(number)
        stored = [document.components[position] for position in positions]
        fresh, self._fresh = tuple(self._fresh), []
        return Extract(
            facts=_facts(document, len(data)),
            positions=positions.tobytes(),
            coordinates=numbers.tobytes(),
            hidden=bytes(not component.visible for component in stored),
            counted=bytes(component.type in COUNTED_TYPES for component in stored),
            owners=_owners(document, stored),
            fresh=fresh,
            blob=self._compressor.compress(data),
            problems=document.problems,
        )

    def _coordinates(self, document: Document) -> Iterator[int | None]:
        """The number of each component's coordinate; None of those that nobody can ask for and nobody counts."""
        if self._remembered > COMPONENTS_REMEMBERED:
            self._known.clear()
            self._remembered = 0
        known = self._known.setdefault((document.distros, reads_rpmdb(document.producer)), {})
        for component in document.components:
            content = _CONTENT(component)
            if content not in known:
                known[content] = self._number(component, document)
                self._remembered += 1
            yield known[content]

    def _number(self, component: Component, document: Document) -> int | None:
        own = identify(component, document.distros, None, document.producer)
        by_cpe = with_cpes(own)
        if not own.lookups and by_cpe is None and component.type not in COUNTED_TYPES:
            return None
        coordinate = coordinate_of(own, by_cpe)
        number = self._numbers.get(coordinate.coordinate_id)
        if number is None:
            number = self._numbers[coordinate.coordinate_id] = len(self._numbers)
            self._fresh.append(coordinate)
        return number


def coordinate_of(own: Identity, by_cpe: Identity | None) -> Coordinate:
    """The coordinate of a component that is asked for by its own lookups, and where feeds speak of CPEs alone by those too."""
    of_cpes = by_cpe.lookups[len(own.lookups) :] if by_cpe else ()
    component = own.component
    is_of_language = bool(own.lookups) and ":" not in own.lookups[0].namespace
    package = own.lookups[0].name if is_of_language else component.name
    lookups = tuple(map(_stored, (*own.lookups, *of_cpes))) or (_unasked(component),)
    is_plain = not of_cpes and any(package == lookup.name for lookup in own.lookups)
    return Coordinate(
        coordinate_id=own.lookups[0].coordinate_id if is_plain else _salted(own, of_cpes, package, lookups),
        package=package,
        reason=own.reason,
        cpe_reason=by_cpe.reason if by_cpe else own.reason,
        lookups=lookups,
    )


def _salted(own: Identity, of_cpes: Sequence[Lookup], package: str, lookups: Sequence[StoredLookup]) -> bytes:
    ids = [one[0].coordinate_id.hex() if one else "" for one in (own.lookups, of_cpes)]
    named = [lookups[0].namespace, lookups[0].name, lookups[0].raw_version]
    return sha256(msgspec.json.encode([*ids, package, own.reason, named])).digest()[:COORDINATE_ID_BYTES]


def _stored(lookup: Lookup) -> StoredLookup:
    return StoredLookup(
        namespace=lookup.namespace,
        name=lookup.name,
        name_kind=lookup.name_kind.value,
        scheme=lookup.scheme,
        raw_version=lookup.raw_version,
        key=lookup.key,
        arch=lookup.arch,
        module=lookup.module,
        channels=" ".join(lookup.channels),
        assumes=" ".join(lookup.assumes),
    )


def _unasked(component: Component) -> StoredLookup:
    """What names a component that nothing is asked for."""
    try:
        purl = parse_purl(component.purl or "")
    except InvalidPurl:
        return StoredLookup(namespace=None, name=component.name, name_kind=None, scheme=None, raw_version=component.version, key=None)
    name = f"{purl.namespace}/{purl.name}" if purl.namespace else purl.name
    return StoredLookup(
        namespace=purl.type, name=name, name_kind=None, scheme=None, raw_version=purl.version or component.version, key=None
    )


def _facts(document: Document, size_bytes: int) -> Facts:
    subject = document.subject
    distro_from, distro = distro_of(document, MatchOptions())
    return Facts(
        path=document.path,
        sha256=document.sha256,
        format=document.format,
        spec_version=document.spec_version,
        producer=document.producer,
        subject_name=subject.name,
        subject_version=subject.version,
        subject_purl=subject.purl,
        config_digest=subject.config_digest,
        platform=subject.platform,
        distro_from=distro_from,
        distro_id=distro.id if distro else None,
        distro_version=distro.version if distro else None,
        size_bytes=size_bytes,
        losses=sum(problem.loss for problem in document.problems),
    )


def _owners(document: Document, stored: Sequence[Component]) -> dict[int, int]:
    """See `Extract.owners`."""
    if not any(component.owned_by for component in stored):
        return {}
    positions = {component.ref: position for position, component in enumerate(document.components)}
    return {
        index: positions[component.owned_by]
        for index, component in enumerate(stored)
        if component.owned_by is not None and component.owned_by in positions
    }
