"""`Bom` → CycloneDX, JSON and XML."""

import re
from collections import Counter
from collections.abc import Iterable

import msgspec

from sbomgen.documents import _cyclonedx_model as cdx
from sbomgen.documents import _cyclonedx_versions as versions
from sbomgen.documents._values import is_cpe
from sbomgen.documents.content import content_uuid
from sbomgen.documents.conversion._facts import checksums, owners, related, utc_time
from sbomgen.documents.conversion._losses import Losses
from sbomgen.documents.escape import clean, clean_lines
from sbomgen.documents.licences import licence_expression, licence_id
from sbomgen.sbom.bom import CONTAINERS, Bom, Component, Identity, Party, Relation, RelationKind
from sbomgen.sbom.properties import CONTAINED_BY, FURTHER_CPE, LABEL, OWNED_BY

_KINDS = {
    "1.4": frozenset({"application", "container", "device", "file", "firmware", "framework", "library", "operating-system"}),
    "1.5": frozenset({"data", "device-driver", "machine-learning-model", "platform"}),
    "1.6": frozenset({"cryptographic-asset"}),
}
"""Types of components, by the version that brought them."""
_REFERENCES = frozenset({
    "advisories", "bom", "build-meta", "build-system", "chat", "distribution", "documentation", "issue-tracker", "license", "mailing-list",
    "other", "release-notes", "social", "support", "vcs", "website",
})  # fmt: skip
"""Types of external references that 1.4 and all later versions know."""
_AGGREGATES = frozenset(
    {"complete", "incomplete", "incomplete_first_party_only", "incomplete_third_party_only", "unknown", "not_specified"}
)
_PHASES = frozenset({"design", "pre-build", "build", "post-build", "operations", "discovery", "decommission"})
_FIELDS_OF_1_6 = frozenset({"omniborId", "swhid"})
_FIELDS = frozenset({"group", "name", "version", "purl", "cpe", "swid", "hash"}) | _FIELDS_OF_1_6
_TECHNIQUES = frozenset({
    "source-code-analysis", "binary-analysis", "manifest-analysis", "ast-fingerprint", "hash-comparison", "instrumentation",
    "dynamic-analysis", "filename", "attestation", "other",
})  # fmt: skip
"""What an identity may be of, and how it may be found."""
_URL_PART = r"(?:[^\s<>\"{}|\\^`\[\]%#]|%[0-9A-Fa-f]{2})*"
_URL = re.compile(rf"(?!$)(?:[A-Za-z][A-Za-z0-9+.-]*:|(?![^/?#]*:)){_URL_PART}(?:#{_URL_PART})?")
"""An IRI or a relative one (RFC 3987): `git@host:path` is neither."""
_LICENCE_REFERENCE = re.compile(r"LicenseRef-[A-Za-z0-9.-]+")
_EMAIL = re.compile(r"[^\s@<>()]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*")
VERSION_LIMIT_CHARACTERS = 1_024


def cyclonedx_json(bom: Bom, version: str, tool_version: str, losses: Losses) -> bytes:
    """The document, indented."""
    return msgspec.json.format(msgspec.json.encode(_named(bom, version, tool_version, losses)), indent=2) + b"\n"


def cyclonedx_xml(bom: Bom, version: str, tool_version: str, losses: Losses) -> bytes:
    """The document, indented."""
    from sbomgen.documents._cyclonedx_xml import bom_xml

    return bom_xml(_named(bom, version, tool_version, losses))


def _named(bom: Bom, version: str, tool_version: str, losses: Losses) -> cdx.Bom:
    written = _Writer(bom, version, tool_version, losses).bom()
    return msgspec.structs.replace(written, serial_number=f"urn:uuid:{content_uuid(msgspec.json.encode(written))}")


class _Writer:
    def __init__(self, bom: Bom, version: str, tool_version: str, losses: Losses) -> None:
        self.source, self.version, self.tool_version, self.losses = bom, version, tool_version, losses
        self.texts = dict(bom.licence_texts)
        self.by_ref = {one.ref: one for one in bom.components}
        self.refs = _refs(bom)
        self.owners = owners(bom)
        self.sources: dict[str, list[Component]] = {}
        for relation in related(bom, RelationKind.GENERATED_FROM):
            self.sources.setdefault(relation.from_ref, []).append(self.by_ref[relation.to_ref])
        self.used_sources = {one.ref for listed in self.sources.values() for one in listed if one.kind == "source"}
        self.inner: dict[str, list[str]] = {}
        self.holders: dict[str, list[str]] = {}
        self._contents()

    def has(self, feature: versions.Feature) -> bool:
        return feature.in_version(self.version)

    def bom(self) -> cdx.Bom:
        source = self.source
        within = {ref for refs in self.inner.values() for ref in refs} | self.used_sources | {source.root}
        components = [self._component(one) for one in source.components if one.ref not in within]
        return cdx.Bom(
            schema=f"http://cyclonedx.org/schema/bom-{self.version}.schema.json",
            bom_format="CycloneDX",
            spec_version=self.version,
            version=1,
            metadata=self._metadata(),
            components=components,
            dependencies=self._dependencies(),
            compositions=self._compositions(),
        )

    def _metadata(self) -> cdx.Metadata:
        source, subject = self.source, self.source.subject
        labels = [pair for pair in subject.properties if pair[0].startswith(LABEL)] if subject else []
        properties = list(dict.fromkeys([*source.properties, *labels]))
        phase = source.phase if source.phase in _PHASES else None
        if source.phase and not (phase and self.has(versions.LIFECYCLES)):
            self.losses.add("the phase of the life cycle")
        return cdx.Metadata(
            timestamp=utc_time(source.timestamp),
            lifecycles=[cdx.Lifecycle(phase)] if phase and self.has(versions.LIFECYCLES) else None,
            tools=self._tools(),
            authors=[cdx.Author(_name(one), _email(one)) for one in source.authors] or None,
            component=self._component(subject) if subject else None,
            supplier=_entity(source.supplier),
            properties=_properties(properties) or None,
        )

    def _tools(self) -> cdx.Tools | list[cdx.Tool]:
        """Those that made the first document, and what converted it."""
        stated = dict.fromkeys([*((tool.name, tool.version) for tool in self.source.tools), ("sbomgen", self.tool_version)])
        if self.has(versions.TOOLS_AS_COMPONENTS):
            return cdx.Tools([cdx.Component(type="application", name=name, version=version) for name, version in stated])
        return [cdx.Tool(name, version or "") for name, version in stated]

    def _component(self, one: Component) -> cdx.Component:
        supplier = _entity(one.supplier)
        group, name = _group_and_name(one)
        cpes = list(filter(is_cpe, one.cpes))
        self._count(one, len(cpes))
        properties = [pair for pair in one.properties if one.ref != self.source.root or not pair[0].startswith(LABEL)]
        properties += [(FURTHER_CPE, cpe) for cpe in cpes[1:]]
        properties += [(OWNED_BY, self.refs[self.owners[one.ref]])] if one.ref in self.owners else []
        properties += [(CONTAINED_BY, self.refs[holder]) for holder in self.holders.get(one.ref, ())]
        if not self.has(versions.EVIDENCE):
            properties += [("sbomgen:path", path.path) for path in one.paths]
        return cdx.Component(
            type=self._kind(one),
            bom_ref=self.refs[one.ref],
            supplier=supplier,
            authors=[cdx.Author(_name(one.originator), _email(one.originator))] if one.originator and self.has(versions.AUTHORS) else None,
            author=_name(one.originator) if one.originator and not self.has(versions.AUTHORS) else None,
            publisher=one.publisher,
            group=group,
            name=name,
            version=_version(one.version),
            description=one.description,
            scope="excluded" if one.excluded else None,
            hashes=[cdx.Hash(found.algorithm, found.value) for found in checksums(one.hashes)] or None,
            licenses=self._licenses(one),
            copyright=one.copyright,
            cpe=cpes[0] if cpes else None,
            purl=one.purl,
            swid=cdx.Swid(tag_id=one.swid.tag_id, name=one.swid.name, version=one.swid.version) if one.swid else None,
            pedigree=self._pedigree(one),
            external_references=self._references(one),
            properties=_properties(properties) or None,
            components=[self._component(self.by_ref[ref]) for ref in self.inner.get(one.ref, ())] or None,
            evidence=self._evidence(one),
        )

    def _count(self, one: Component, cpes: int) -> None:
        """What a component states and CycloneDX, or this version, has no place for."""
        self.losses.add("CPEs that are not of version 2.3", len(one.cpes) - cpes)
        self.losses.add(
            "checksums that are not what their algorithm says, or of another algorithm", len(one.hashes) - len(checksums(one.hashes))
        )
        if one.originator and (one.originator.url or (one.originator.email and not self.has(versions.AUTHORS))):
            self.losses.add("addresses of authors")
        self.losses.add("when components were built", int(one.built is not None))
        if one.supplier and one.supplier.url:
            self.losses.add("sites of suppliers")
        self.losses.add("checksums of external references", sum(len(reference.hashes) for reference in one.references))
        if one.version and len(one.version) > VERSION_LIMIT_CHARACTERS:
            self.losses.add(f"versions of more than {VERSION_LIMIT_CHARACTERS} characters")

    def _kind(self, one: Component) -> str:
        if one.kind == "source":
            return "library"
        if any(one.kind in kinds for since, kinds in _KINDS.items() if self.version >= since):
            return one.kind
        self.losses.add(f"the type of components that are {one.kind}: written as library")
        return "library"

    def _licenses(self, one: Component) -> list[cdx.LicenseEntry | cdx.ExpressionEntry] | None:
        """A list of licences, or one expression alone: until 1.7 the format allows no other."""
        pairs = [*((text, "declared") for text in one.declared), *((text, "concluded") for text in one.concluded)]
        stated = list(dict.fromkeys((part, acknowledgement) for text, acknowledgement in pairs for part in self._parts(text)))
        alone = len(stated) == 1 or self.has(versions.LISTED_EXPRESSIONS)
        return list(dict.fromkeys(self._license(text, acknowledgement, alone) for text, acknowledgement in stated)) or None

    def _parts(self, text: str) -> list[str]:
        """An expression with references is a list again, as SPDX joins it: so they keep their texts."""
        terms = _terms(text)
        return terms if any(term in self.texts for term in terms) else [text]

    def _license(self, text: str, acknowledgement: str, alone: bool) -> cdx.LicenseEntry | cdx.ExpressionEntry:
        said = acknowledgement if self.has(versions.ACKNOWLEDGEMENT) else None
        if said is None and acknowledgement == "concluded":
            self.losses.add("that licences are concluded, not declared")
        text = self.texts.get(text.strip(), text)
        identifier = licence_id(text)
        if identifier is not None:
            return cdx.LicenseEntry(cdx.License(id=identifier, acknowledgement=said))
        referring = licence_expression(_LICENCE_REFERENCE.sub("MIT", text)) is not None
        self.losses.add("texts of licences within expressions", len(set(_LICENCE_REFERENCE.findall(text))) if referring else 0)
        expression = licence_expression(text) or (text.strip() if referring else None)
        if expression is not None and alone:
            return cdx.ExpressionEntry(clean(expression), said)
        first, *more = text.strip().splitlines() or ["-"]
        whole = cdx.Attachment(clean_lines(text.strip())) if more else None
        return cdx.LicenseEntry(cdx.License(name=clean(expression or first.strip()), text=whole, acknowledgement=said))

    def _pedigree(self, one: Component) -> cdx.Pedigree | None:
        ancestors = [cdx.Component(type="library", name=source.name, version=_version(source.version), purl=source.purl)
                     for source in self.sources.get(one.ref, ())]  # fmt: skip
        return cdx.Pedigree(ancestors) if ancestors else None

    def _references(self, one: Component) -> list[cdx.ExternalReference] | None:
        found = []
        for reference in one.references:
            if not _URL.fullmatch(reference.url):
                self.losses.add("external references that are no address")
                continue
            if reference.type not in _REFERENCES:
                self.losses.add(f"the type of external references that are {reference.type}: written as other")
            found.append(cdx.ExternalReference(reference.type if reference.type in _REFERENCES else "other", reference.url))
        return list(dict.fromkeys(found)) or None

    def _evidence(self, one: Component) -> cdx.Evidence | None:
        context = self.has(versions.OCCURRENCE_CONTEXT)
        self.losses.add("the layer of each file of evidence", 0 if context else sum(path.diff_id is not None for path in one.paths))
        identity = self._identity(one)
        occurrences = [cdx.Occurrence(path.path, path.diff_id if context else None) for path in one.paths]
        is_said = (identity or occurrences) and self.has(versions.EVIDENCE)
        return cdx.Evidence(identity, occurrences or None) if is_said else None

    def _identity(self, one: Component) -> cdx.Identity | list[cdx.Identity] | None:
        """A list in 1.7, and in 1.6 where one is needed: see `Evidence`."""
        fields = _FIELDS if self.has(versions.CONCLUDED_VALUE) else _FIELDS - _FIELDS_OF_1_6
        known = [found for found in one.identities if found.field in fields] if self.has(versions.EVIDENCE) else []
        kept = known if self.has(versions.CONCLUDED_VALUE) else known[:1]
        self.losses.add("how components were recognised", len(one.identities) - len(kept))
        written = [self._identified(found, one.purl) for found in kept]
        return written if len(written) > 1 or self.has(versions.LISTED_IDENTITIES) else next(iter(written), None)

    def _identified(self, found: Identity, purl: str | None) -> cdx.Identity:
        methods = [
            cdx.Method(method.technique, _number(method.confidence), method.value)
            for method in found.methods
            if method.technique in _TECHNIQUES
        ]
        concluded = found.concluded if self.has(versions.CONCLUDED_VALUE) else None
        # The PURL stands on the component too.
        unsaid = concluded is None and found.concluded not in {None, purl}
        self.losses.add("how components were recognised", len(found.methods) - len(methods) + unsaid)
        confidence = None if found.confidence is None else _number(found.confidence)
        return cdx.Identity(field=found.field, confidence=confidence, concluded_value=concluded, methods=methods or None)

    def _contents(self) -> None:
        """What other components than images and systems contain stands within them where it stood there, else beside them.

        Why not always within them: see `sbomgen.documents.cyclonedx`.
        """
        for relation in related(self.source, RelationKind.CONTAINS):
            start, end = self.by_ref[relation.from_ref], self.by_ref[relation.to_ref]
            if start.kind in CONTAINERS or start is end or end.ref in self.used_sources:
                continue
            if _stands_within(end, start):
                self.inner.setdefault(start.ref, []).append(end.ref)
            else:
                self.holders.setdefault(end.ref, []).append(start.ref)

    def _dependencies(self) -> list[cdx.Dependency]:
        targets: dict[str, set[str]] = {self.refs[ref]: set() for ref in self.source.independent if ref not in self.used_sources}
        for relation in self.source.relations:
            if relation.to_ref not in self.used_sources and self._is_dependency(relation):
                targets.setdefault(self.refs[relation.from_ref], set()).add(self.refs[relation.to_ref])
        return [cdx.Dependency(ref, sorted(on)) for ref, on in sorted(targets.items())]

    def _is_dependency(self, relation: Relation) -> bool:
        """Whether it stands in the graph: what contains others leads to them, but for those that stand within it."""
        if relation.kind is RelationKind.CONTAINS:
            start, end = self.by_ref[relation.from_ref], self.by_ref[relation.to_ref]
            return start.kind in CONTAINERS or not (start is end or _stands_within(end, start))
        return relation.kind is RelationKind.DEPENDS_ON

    def _compositions(self) -> list[cdx.Composition]:
        stated: dict[str, tuple[set[str], set[str]]] = {}
        for place, known in enumerate((self.source.assembled, self.source.known)):
            for ref, aggregate in known:
                stated.setdefault(aggregate if aggregate in _AGGREGATES else "unknown", (set(), set()))[place].add(self.refs[ref])
        return [cdx.Composition(aggregate, *(sorted(refs) or None for refs in both)) for aggregate, both in sorted(stated.items())]


def _stands_within(inner: Component, outer: Component) -> bool:
    """Whether one is nested in the other, in the document that was read."""
    return inner.place.rpartition("/components/")[0] == outer.place


def _number(confidence: float) -> float:
    """A whole number is written as one: 1, not 1.0."""
    return int(confidence) if confidence.is_integer() else confidence


def _terms(expression: str) -> list[str]:
    """What AND joins on the outside of an expression, without brackets around a whole term.

    >>> _terms("(MIT OR ISC) AND LicenseRef-a")
    ['MIT OR ISC', 'LicenseRef-a']
    >>> _terms("MIT OR ISC AND LicenseRef-a")
    ['MIT OR ISC AND LicenseRef-a']
    """
    terms: list[list[str]] = [[]]
    depth = 0
    for word in expression.replace("(", "( ").replace(")", " )").split():
        depth += (word == "(") - (word == ")")
        if depth == 0 and word == "OR":
            return [expression]
        if depth == 0 and word == "AND":
            terms.append([])
        else:
            terms[-1].append(word)
    return [" ".join(term[1:-1] if term[:1] == ["("] else term).replace("( ", "(").replace(" )", ")") for term in terms if term]


def _refs(bom: Bom) -> dict[str, str]:
    """CycloneDX's own refs; of other formats the PURL, if one component alone has it, as ours are named."""
    if bom.format.startswith("cyclonedx"):
        return {one.ref: one.ref for one in bom.components}
    times = Counter(one.purl for one in bom.components)
    return {one.ref: one.purl if one.purl and times[one.purl] == 1 and one.ref != bom.root else _short(one.ref) for one in bom.components}


def _short(ref: str) -> str:
    return ref.rpartition("#")[2].removeprefix("SPDXRef-") or ref


def _group_and_name(one: Component) -> tuple[str | None, str]:
    """Maven's `group:artifact` taken apart."""
    group, colon, artifact = one.name.partition(":")
    is_maven = (one.purl or "").startswith("pkg:maven/") and one.group is None
    return (group, artifact) if is_maven and colon and group and artifact else (one.group, one.name)


def _version(text: str | None) -> str | None:
    return text if text and len(text) <= VERSION_LIMIT_CHARACTERS else None


def _name(party: Party) -> str:
    return party.name or party.email or party.url or ""


def _email(party: Party) -> str | None:
    return party.email if party.email and _EMAIL.fullmatch(party.email) else None


def _entity(party: Party | None) -> cdx.Entity | None:
    if party is None:
        return None
    email = _email(party)
    return cdx.Entity(_name(party), [cdx.Contact(email)] if email else None)


def _properties(pairs: Iterable[tuple[str, str]]) -> list[cdx.Property]:
    return [cdx.Property(name, value) for name, value in pairs]
