"""From documents to results: what several documents share is asked for once.

components -> identities -> distinct lookups -> one query -> candidates -> resolution -> verdicts and findings
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

from msgspec import Struct

from sbommatch.match.coordinates import identify
from sbommatch.match.coverage import COUNTED_TYPES
from sbommatch.match.distros import parse_distro
from sbommatch.match.model import Identity, TargetResult
from sbommatch.match.resolution import Resolver
from sbommatch.purl import InvalidPurl, parse_purl
from sbommatch.sbom.component import Component, DistroStatement, Document
from sbommatch.store import queries
from sbommatch.store.model import Candidate, Lookup, Record
from sbommatch.store.open import Database


class MatchOptions(Struct, frozen=True):
    """What of matching the user decides."""

    distro: DistroStatement | None = None
    """The distribution of all packages of its kind, whatever the documents say."""
    omit_hidden: bool = False
    """Leaves out the packages that a later layer removed."""


def match_documents(documents: Sequence[Document], db: Database, options: MatchOptions) -> list[TargetResult]:
    """The results, one for each document, in their order. Raises DatabaseError where the database turns out to be damaged."""
    identities = [identities_of(document, options) for document in documents]
    lookups = distinct_lookups(identity for of_document in identities for identity in of_document)
    rows = _by_coordinate(queries.candidates(db, lookups))
    groups = queries.groups_of(db, {row.advisory_id for met in rows.values() for row in met if not row.unplaced})
    resolver = Resolver(queries.coverage(db), groups, _unplaceable(db, rows, lookups))
    return [_resolve(document, of_document, rows, resolver, options) for document, of_document in zip(documents, identities, strict=True)]


def identities_of(document: Document, options: MatchOptions) -> list[Identity]:
    """The identities of a document's packages: of all that coverage counts, and of any other component that a feed can be asked for."""
    found = []
    for component in document.components:
        if component.visible or not options.omit_hidden:
            identity = identify(component, document.distros, options.distro)
            if identity.lookups or component.type in COUNTED_TYPES:
                found.append(identity)
    return found


def distinct_lookups(identities: Iterable[Identity]) -> list[Lookup]:
    """Every question once."""
    lookups = chain.from_iterable(identity.lookups for identity in identities)
    return list({(lookup.coordinate_id, lookup.namespace, lookup.name): lookup for lookup in lookups}.values())


def _by_coordinate(candidates: Iterable[Candidate]) -> dict[bytes, list[Candidate]]:
    rows: dict[bytes, list[Candidate]] = {}
    for candidate in candidates:
        rows.setdefault(candidate.coordinate_id, []).append(candidate)
    return rows


def _unplaceable(db: Database, rows: Mapping[bytes, Sequence[Candidate]], lookups: Iterable[Lookup]) -> frozenset[bytes]:
    """The coordinates of which no record could be checked: what they met cannot be placed, and there is no other record of theirs."""
    suspects = {coordinate_id for coordinate_id, met in rows.items() if all(row.unplaced for row in met)}
    asked = [lookup for lookup in lookups if lookup.coordinate_id in suspects]
    return frozenset(suspects - {lookup.coordinate_id for lookup in asked if _has_placed(queries.records_of(db, lookup))})


def _has_placed(records: Iterable[Record]) -> bool:
    return any(not record.unplaced and not record.withdrawn for record in records)


def _resolve(
    document: Document, identities: Sequence[Identity], rows: Mapping[bytes, Sequence[Candidate]], resolver: Resolver, options: MatchOptions
) -> TargetResult:
    met = [rows.get(identity.lookups[0].coordinate_id, ()) if identity.lookups else () for identity in identities]
    resolved = [resolver.resolve(identity, candidates) for identity, candidates in zip(identities, met, strict=True)]
    findings = chain.from_iterable(findings for _, findings in resolved)
    distro_from, distro = distro_of(document, options)
    return TargetResult(
        document=document,
        distro_from=distro_from,
        distro_id=distro.id if distro else None,
        distro_version=distro.version if distro else None,
        components=tuple(sorted((result for result, _ in resolved), key=lambda result: result.component.ref)),
        findings=tuple(sorted(findings, key=lambda finding: (finding.ref, finding.id))),
        problems=document.problems,
    )


def distro_of(document: Document, options: MatchOptions) -> tuple[str, DistroStatement | None]:
    """The distribution that a report names for a document, and who states it: the user, an operating-system component, a package's PURL."""
    if options.distro:
        return "option", options.distro
    if document.distros:
        return "os_component", document.distros[0]
    stated = next(filter(None, map(_distro_in_purl, document.components)), None)
    return ("purl", stated) if stated else ("none", None)


def _distro_in_purl(component: Component) -> DistroStatement | None:
    if component.purl is None or "distro=" not in component.purl:
        return None
    try:
        purl = parse_purl(component.purl)
    except InvalidPurl:
        return None
    return parse_distro(purl.qualifiers.get("distro", ""), purl.namespace)
