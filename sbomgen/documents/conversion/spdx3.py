"""`Bom` → SPDX 3.0.1, JSON-LD."""

import msgspec

from sbomgen.documents import _spdx3_model as spdx3
from sbomgen.documents import _spdx_facts as facts
from sbomgen.documents._spdx3_elements import DATA_LICENSE, PROFILES, ElementsBuilder, iri_of
from sbomgen.documents.content import named_by_content, short_digest
from sbomgen.documents.conversion._facts import (
    Licences,
    actor_of,
    addresses,
    checksums,
    completeness,
    full_name,
    identifier_of,
    identifiers,
    owners,
    related,
    sbom_type,
    source_infos,
    statements,
    utc_time,
)
from sbomgen.documents.conversion._losses import Losses
from sbomgen.sbom.bom import Bom, Component, Hash, Party, RelationKind
from sbomgen.sbom.spdx3 import ALGORITHMS

_PURPOSES = {"operating-system": "operatingSystem", "data": "data", "device-driver": "deviceDriver", "machine-learning-model": "model",
             "platform": "platform"}  # fmt: skip
_SAME = frozenset({"application", "container", "device", "file", "firmware", "framework", "library", "source"})
_SPELLINGS = {ours: theirs for theirs, ours in ALGORITHMS.items()}
_COMPLETENESS = {"complete": "complete", "incomplete": "incomplete"}
_RELATIONS = {RelationKind.CONTAINS: "contains", RelationKind.DEPENDS_ON: "dependsOn", RelationKind.OWNED_BY: "other"}


def spdx3_json(bom: Bom, version: str, tool_version: str, losses: Losses) -> bytes:
    """The document, indented."""
    graph = _Writer(bom, version, tool_version, losses).graph()
    return msgspec.json.format(named_by_content(msgspec.json.encode(graph)), indent=2) + b"\n"


class _Writer(ElementsBuilder):
    def __init__(self, bom: Bom, version: str, tool_version: str, losses: Losses) -> None:
        super().__init__()
        self.source, self.version, self.tool_version, self.losses = bom, version, tool_version, losses
        self.licences = Licences(bom)
        self.owners = owners(bom)
        self.source_infos = source_infos(bom)
        self.ids = {one.ref: iri_of(self._identifier(one)) for one in bom.components}

    def _identifier(self, one: Component) -> str:
        is_image = one.ref == self.source.root and one.kind == "container"
        return "ContainerImage" if is_image else identifier_of(one)

    def graph(self) -> spdx3.Graph:
        source = self.source
        authors = list(dict.fromkeys(agent for one in source.authors if (agent := self._party(one))))
        agents = authors or [self.add(spdx3.SoftwareAgent, iri_of("Agent-sbomgen"), name="sbomgen")]
        stated = dict.fromkeys([*((tool.name, tool.version) for tool in source.tools), ("sbomgen", self.tool_version)])
        names = [f"{name}-{version}" if version else name for name, version in stated]
        tools = [self.add(spdx3.Tool, iri_of(f"Tool-{facts.slug(name)}-{short_digest(name)}"), name=name) for name in names]
        for one in source.components:
            self._package(one)
        self._relations()
        self.licence_texts(self.licences.extracted())
        self._collections()
        self.losses.add("the supplier of the SBOM", int(source.supplier is not None))
        created = utc_time(source.timestamp) or facts.NO_TIME
        return spdx3.Graph(spdx3.CONTEXT, [spdx3.CreationInfo(spdx3.CREATION_INFO, self.version, created, agents, tools), *self.elements])

    def _package(self, one: Component) -> None:
        iri = self.ids[one.ref]
        purl, cpes = identifiers(one, self.losses)
        website, location = addresses(one, self.losses)
        originator = self._party(one.originator)
        purls = [spdx3.ExternalIdentifier("packageUrl", purl)] if purl else []
        self.add(
            spdx3.Package,
            iri,
            name=full_name(one) or "unnamed",
            description=one.description,
            external_identifier=[*purls, *(spdx3.ExternalIdentifier("cpe23", cpe) for cpe in cpes)] or None,
            verified_using=self._hashes(one.hashes) or None,
            built_time=utc_time(one.built),
            originated_by=[originator] if originator else None,
            supplied_by=self._party(one.supplier),
            software_primary_purpose=self._purpose(one),
            software_package_version=one.version,
            software_package_url=purl,
            software_home_page=website,
            software_download_location=location,
            software_source_info=self.source_infos.get(one.ref),
            software_copyright_text=one.copyright,
        )
        for number, text in enumerate(statements(self.source, one, self.ids.get(self.owners.get(one.ref, "")))):
            self.annotate(iri, text, f"-{number}" if number else "")
        for kind, texts in (("hasDeclaredLicense", one.declared), ("hasConcludedLicense", one.concluded)):
            expression = self.licences.expression(texts)
            self.relate(iri, kind, [self.expression(expression)] if expression else ())

    def _purpose(self, one: Component) -> str:
        if one.kind in _SAME:
            return one.kind
        if one.kind not in _PURPOSES:
            self.losses.add(f"the type of components that are {one.kind}: written as other")
        return _PURPOSES.get(one.kind, "other")

    def _hashes(self, hashes: tuple[Hash, ...]) -> list[spdx3.Hash]:
        fit = checksums(hashes)
        self.losses.add("checksums that are not what their algorithm says, or of another algorithm", len(hashes) - len(fit))
        return [spdx3.Hash(_SPELLINGS[one.algorithm], one.value) for one in fit]

    def _relations(self) -> None:
        known = completeness(self.source)
        targets: dict[tuple[RelationKind, str], list[str]] = {}
        for relation in sorted(self.source.relations):
            targets.setdefault((relation.kind, relation.from_ref), []).append(relation.to_ref)
        for (kind, ref), refs in targets.items():
            ends = [self.ids[one] for one in refs]
            if kind is RelationKind.GENERATED_FROM:
                continue
            comment = facts.OWNED_BY if kind is RelationKind.OWNED_BY else None
            complete = self._completeness(known.pop((kind, ref), None))
            self.relate(self.ids[ref], _RELATIONS[kind], ends, completeness=complete, comment=comment)
        for (kind, ref), aggregate in known.items():
            complete = self._completeness(aggregate)
            nothing = spdx3.NONE_ELEMENT if complete == "complete" else spdx3.NO_ASSERTION_ELEMENT
            self.relate(self.ids[ref], _RELATIONS[kind], [nothing], "/known", completeness=complete)
        built: dict[str, list[str]] = {}
        for relation in related(self.source, RelationKind.GENERATED_FROM):
            built.setdefault(relation.to_ref, []).append(self.ids[relation.from_ref])
        for ref, ends in built.items():
            self.relate(self.ids[ref], "generates", ends)

    def _completeness(self, aggregate: str | None) -> str | None:
        if aggregate is None:
            return None
        if aggregate not in {*_COMPLETENESS, "unknown"}:
            self.losses.add(f"the completeness {aggregate}")
        return _COMPLETENESS.get(aggregate.partition("_")[0], "noAssertion")

    def _party(self, party: Party | None) -> str | None:
        actor = actor_of(party)
        if actor is not None and actor not in self.agents:
            self.losses.add("sites of people and organisations", int(bool(party and party.url)))
        return self.agent(actor)

    def _collections(self) -> None:
        """The SBOM, and the document that holds it. What is about nothing in particular is about all of its components."""
        source = self.source
        name = source.name or (source.subject.name if source.subject else "") or "unnamed"
        data_licence = self.expression(DATA_LICENSE)
        roots = [self.ids[source.root]] if source.root else [self.ids[one.ref] for one in source.components if one.kind != "source"]
        kind, members = sbom_type(source), [element.spdx_id for element in self.elements]
        if source.phase and kind is None:
            self.losses.add("the phase of the life cycle")
        sbom = self.add(
            spdx3.Sbom, iri_of("SBOM"), name=name, element=members, root_element=roots or members[:1], profile_conformance=PROFILES,
            software_sbom_type=[kind] if kind else None,
        )  # fmt: skip
        self.add(
            spdx3.SpdxDocument, iri_of("Document"), name=name, element=[*members, sbom], root_element=[sbom], profile_conformance=PROFILES,
            data_license=data_licence,
        )  # fmt: skip
