"""The full result of each document of a match: components and findings as `scan` of that document alone gives them.

Refs, paths and layers are read back from the stored documents; what was resolved once is put to each component.
"""

from array import array
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from msgspec.structs import replace

from sbommatch.archive.documents import StoredDocument, contents
from sbommatch.archive.matching import ArchiveMatch
from sbommatch.match.advice import advised
from sbommatch.match.coverage import COUNTED_TYPES
from sbommatch.match.covering import Resolved
from sbommatch.match.model import Identity, TargetResult
from sbommatch.match.pipeline import MatchOptions, target_of
from sbommatch.sbom.component import Component
from sbommatch.sbom.read import read_document

DOCUMENTS_AT_ONCE = 64
"""Documents that are held, with their results, at a time."""

Places = dict[tuple[int, int], tuple["array[int]", "array[int]"]]
"""Segment and number of a document -> positions and classes of its occurrences."""


def targets(match: ArchiveMatch, stored: Sequence[StoredDocument]) -> Iterator[tuple[StoredDocument, TargetResult]]:
    """The results of these documents, in their order. Raises ArchiveError where a document is not what was stored."""
    found = contents(match.reader, stored)
    for first in range(0, len(stored), DOCUMENTS_AT_ONCE):
        some = stored[first : first + DOCUMENTS_AT_ONCE]
        places = _places(match, some)
        identities = _identities(match, places)
        matched = [_target(match, one, data, places, identities) for one, data in islice(found, len(some))]
        yield from zip(some, advised(matched, match.database), strict=True)


def _target(match: ArchiveMatch, one: StoredDocument, data: bytes, places: Places, identities: Mapping[int, Identity]) -> TargetResult:
    document = read_document(data, one.path)
    positions, classes = places.get((one.segment, one.document), (array("i"), array("i")))
    resolved = [
        _of(document.components[position], match.resolve(number, identities[number]))
        for position, number in zip(positions, classes, strict=True)
        if identities[number].lookups or document.components[position].type in COUNTED_TYPES
    ]
    return target_of(document, match.covered(resolved), MatchOptions())


def _of(component: Component, resolved: Resolved) -> Resolved:
    """What was resolved of its class, as a component's own."""
    result, findings = resolved
    own = tuple(replace(finding, ref=component.ref, hidden=not component.visible) for finding in findings)
    return replace(result, component=component), own


_PLACES = """
SELECT o.segment, o.document, o.position, p.class
FROM all_occurrences o
JOIN (SELECT unnest($1::BIGINT[]) AS segment, unnest($2::INTEGER[]) AS document) w USING (segment, document)
JOIN place p ON p.segment = o.segment AND p.coordinate = o.coordinate
ORDER BY o.segment, o.document, o.position
"""


def _places(match: ArchiveMatch, some: Sequence[StoredDocument]) -> Places:
    places: Places = {}
    rows = match.reader.rows(_PLACES, [[one.segment for one in some], [one.document for one in some]])
    for segment, document, position, number in rows:
        positions, classes = places.setdefault((segment, document), (array("i"), array("i")))
        positions.append(position)
        classes.append(number)
    return places


def _identities(match: ArchiveMatch, places: Places) -> dict[int, Identity]:
    numbers = sorted({number for _, classes in places.values() for number in classes})
    return dict(match.identities("SELECT unnest($1::INTEGER[]) AS class", [numbers]))
