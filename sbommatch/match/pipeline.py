"""From documents to results: what several documents share is asked for once.

components -> identities -> distinct lookups -> one query -> candidates -> resolution -> verdicts and findings
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

from msgspec import Struct
from msgspec.structs import replace

from sbommatch.ecosystems import CPE_NAMESPACE
from sbommatch.match.coordinates import Identifier
from sbommatch.match.coverage import COUNTED_TYPES
from sbommatch.match.covering import Resolved, covered, is_full, owners_of
from sbommatch.match.cpes import with_cpes
from sbommatch.match.distros import parse_distro
from sbommatch.match.model import Identity, TargetResult
from sbommatch.match.resolution import PARTIAL, Met, Resolver
from sbommatch.purl import InvalidPurl, parse_purl
from sbommatch.sbom.component import Component, DistroStatement, Document
from sbommatch.store import queries
from sbommatch.store.model import FeedStatus, Lookup, Record
from sbommatch.store.open import Database

Rows = Mapping[tuple[object, ...], Sequence[Met]]
"""What was met, by the lookups' questions."""


class MatchOptions(Struct, frozen=True):
    """What of matching the user decides."""

    distro: DistroStatement | None = None
    """The distribution of all packages of its kind, whatever the documents say."""
    omit_hidden: bool = False
    """Leaves out the packages that a later layer removed."""


def match_documents(documents: Sequence[Document], db: Database, options: MatchOptions) -> list[TargetResult]:
    """The results, one for each document, in their order. Raises DatabaseError where the database turns out to be damaged."""
    return Matcher(db, options).match(documents)


ANSWERS_KEPT = 100_000
"""Distinct components whose answers are kept from batch to batch: some hundred bytes each, and as much for each finding."""


class Matcher:
    """Matches documents, batch after batch: a component is identified, asked for and judged once, however many documents have it."""

    def __init__(self, db: Database, options: MatchOptions) -> None:
        self._db = db
        self._options = options
        self._feeds = queries.coverage(db)
        self._namespaces = checked_namespaces(self._feeds)
        self._forget()

    def _forget(self) -> None:
        self._identifier = Identifier(self._options.distro)
        self._answers: dict[tuple[int, str], Resolved] = {}

    def match(self, documents: Sequence[Document]) -> list[TargetResult]:
        """The results, one for each document, in their order. Raises DatabaseError where the database turns out to be damaged."""
        if len(self._answers) > ANSWERS_KEPT:
            self._forget()
        identities = [identities_of(document, self._options, self._namespaces, self._identifier) for document in documents]
        asked = {_answered_by(identity): identity for identity in chain.from_iterable(identities)}
        matching = Matching(self._db, self._feeds, [identity for key, identity in asked.items() if key not in self._answers])
        return [
            target_of(document, matching.covered([self._answer(identity, matching) for identity in of_document]), self._options)
            for document, of_document in zip(documents, identities, strict=True)
        ]

    def _answer(self, identity: Identity, matching: "Matching") -> Resolved:
        if not identity.lookups:
            return matching.resolve(identity)
        key = _answered_by(identity)
        known = self._answers.get(key)
        if known is None:
            self._answers[key] = known = matching.resolve(identity)
            return known
        component, (result, findings) = identity.component, known
        if findings and (result.component.ref != component.ref or result.component.visible != component.visible):
            findings = tuple([replace(finding, ref=component.ref, hidden=not component.visible) for finding in findings])
        return replace(result, component=component), findings


def _answered_by(identity: Identity) -> tuple[int, str]:
    """What decides the answer for a component: its lookups, the same ones (they live as long as the answer), and what it is called."""
    return id(identity.lookups), identity.component.name


class Matching:
    """What a database says of some components: all are asked for together, so that what they share is asked for once."""

    def __init__(self, db: Database, feeds: Sequence[FeedStatus], identities: Sequence[Identity]) -> None:
        self._db = db
        self._feeds = feeds
        self._rows = _rows(db, distinct_lookups(identities))
        groups = queries.groups_of(db, {row.advisory_id for met in self._rows.values() for _, row in met if not row.unplaced})
        self._resolver = Resolver(feeds, groups, _unplaceable(db, identities, self._rows), _spoken_of(db, self._rows))

    def resolve(self, identity: Identity) -> Resolved:
        """The verdict and findings of one of them by itself."""
        return self._resolver.resolve(identity, _met(identity, self._rows))

    def covered(self, resolved: list[Resolved]) -> list[Resolved]:
        """Those of one document, as they are where others of the same document deliver them."""
        return _with_covered(self._db, resolved, self._feeds)


def checked_namespaces(feeds: Iterable[FeedStatus]) -> frozenset[str]:
    """The namespaces whose components count as checked."""
    return frozenset(namespace for feed in feeds if feed.completeness != PARTIAL for namespace in feed.covers)


def identities_of(
    document: Document, options: MatchOptions, namespaces: frozenset[str] = frozenset(), identifier: Identifier | None = None
) -> list[Identity]:
    """The identities of a document's packages: of all that coverage counts, and of any other component that a feed can be asked for.

    `namespaces` are those that count as checked: a component that is in none of them is asked for by its CPEs, where feeds speak of CPEs.
    """
    found = []
    identifier = identifier or Identifier(options.distro)
    for component in document.components:
        if component.visible or not options.omit_hidden:
            identity = identifier.identify(component, document.distros, document.producer)
            if component.cpes and needs_cpes(identity.lookups, namespaces):
                identity = with_cpes(identity) or identity
            if identity.lookups or component.type in COUNTED_TYPES:
                found.append(identity)
    return found


def needs_cpes(lookups: Iterable[Lookup], namespaces: frozenset[str]) -> bool:
    """Whether a component with these lookups of its own is to be asked for by its CPEs too; see `identities_of`."""
    return CPE_NAMESPACE in namespaces and not any(lookup.namespace in namespaces for lookup in lookups)


def distinct_lookups(identities: Iterable[Identity]) -> list[Lookup]:
    """Every question once."""
    lookups = chain.from_iterable(identity.lookups for identity in identities)
    return list({lookup.question: lookup for lookup in lookups}.values())


def _rows(db: Database, lookups: Sequence[Lookup]) -> Rows:
    rows: dict[tuple[object, ...], list[Met]] = {}
    for candidate in queries.candidates(db, lookups):
        lookup = lookups[candidate.place]
        rows.setdefault(lookup.question, []).append((lookup, candidate))
    return rows


def _met(identity: Identity, rows: Rows) -> list[Met]:
    return [met for lookup in identity.lookups for met in rows.get(lookup.question, ())]


def _unplaceable(db: Database, identities: Iterable[Identity], rows: Rows) -> frozenset[bytes]:
    """The coordinates of which no record could be checked: what they met cannot be placed, and there is no other record of theirs."""
    unplaced = {question for question, met in rows.items() if any(row.unplaced for _, row in met)}
    suspects = {}
    for identity in identities:
        if any(lookup.question in unplaced for lookup in identity.lookups) and all(row.unplaced for _, row in _met(identity, rows)):
            suspects[identity.lookups[0].coordinate_id] = identity.lookups
    return frozenset(
        coordinate_id for coordinate_id, lookups in suspects.items() if not any(_has_placed(queries.records_of(db, one)) for one in lookups)
    )


def _has_placed(records: Iterable[Record]) -> bool:
    return any(not record.unplaced and not record.withdrawn for record in records)


def _spoken_of(db: Database, rows: Rows) -> dict[tuple[object, ...], frozenset[str]]:
    """What the base speaks of, for the lookups that met rows of channels: those few that need it."""
    asked = [met[0][0] for met in rows.values() if any(row.channel for _, row in met)]
    return dict(zip((lookup.question for lookup in asked), queries.spoken_of(db, asked), strict=True))


def _with_covered(db: Database, resolved: list[Resolved], feeds: Sequence[FeedStatus]) -> list[Resolved]:
    owners = owners_of(resolved)
    if not owners:
        return resolved
    asked = [(owner.component.ref, lookup) for owner in owners.values() if not is_full(owner, feeds) for lookup in owner.lookups]
    spoken_of: dict[str, frozenset[str]] = {}
    for (ref, _), spoken in zip(asked, queries.spoken_of(db, [lookup for _, lookup in asked]), strict=True):
        spoken_of[ref] = spoken_of.get(ref, frozenset()) | spoken
    return covered(resolved, owners, feeds, spoken_of)


def target_of(document: Document, resolved: Sequence[Resolved], options: MatchOptions) -> TargetResult:
    """What was found of a document's components as its result, sorted."""
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
