"""`Bom` → SPDX 2, JSON and tag-value."""

import re
from collections.abc import Iterator

import msgspec

from sbomgen.documents import _spdx_facts as facts
from sbomgen.documents import _spdx_model as spdx
from sbomgen.documents._spdx_tag_value import tag_value
from sbomgen.documents.content import NAMESPACE_MARK, named_by_content
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
from sbomgen.documents.escape import clean_lines
from sbomgen.sbom.bom import Bom, Component, Party, RelationKind
from sbomgen.sbom.spdx2 import ALGORITHMS, DOCUMENT, KINDS

_VERSIONS = {version.name: version for version in spdx.VERSIONS}
_PURPOSES = {kind: purpose for purpose, kind in KINDS.items() if "-" not in purpose}
_SPELLINGS = {ours: theirs for theirs, ours in ALGORITHMS.items()}
_OF_2_2 = frozenset({"MD5", "SHA-1", "SHA-256", "SHA-384", "SHA-512"})
"""Algorithms that 2.2 knows too."""
_IDENTIFIER = re.compile(r"SPDXRef-[A-Za-z0-9.-]+")
_RELATIONS = {RelationKind.CONTAINS: "CONTAINS", RelationKind.DEPENDS_ON: "DEPENDS_ON", RelationKind.GENERATED_FROM: "GENERATED_FROM",
              RelationKind.OWNED_BY: "OTHER"}  # fmt: skip


def spdx_json(bom: Bom, version: str, tool_version: str, losses: Losses) -> bytes:
    """The document, indented."""
    document = _Writer(bom, version, tool_version, losses).document()
    return msgspec.json.format(named_by_content(msgspec.json.encode(document)), indent=2) + b"\n"


def spdx_tag_value(bom: Bom, version: str, tool_version: str, losses: Losses) -> bytes:
    """The document; in the namespace of its JSON form, which says the same."""
    document = _Writer(bom, version, tool_version, losses).document()
    return named_by_content(tag_value(document).encode(), msgspec.json.encode(document))


class _Writer:
    def __init__(self, bom: Bom, version: str, tool_version: str, losses: Losses) -> None:
        self.source, self.version, self.losses = bom, _VERSIONS[version], losses
        self.tool = f"Tool: sbomgen-{tool_version}"
        self.created = utc_time(bom.timestamp) or facts.NO_TIME
        self.licences = Licences(bom)
        self.owners = owners(bom)
        self.source_infos = source_infos(bom)
        self.ids = {one.ref: self._identifier(one) for one in bom.components}

    def _identifier(self, one: Component) -> str:
        """SPDX's own; the image and the system as readers of today know them."""
        if _IDENTIFIER.fullmatch(one.ref):
            return one.ref
        if one.ref == self.source.root and one.kind == "container":
            return f"SPDXRef-ContainerImage-{facts.slug(one.name)}"
        start = "SPDXRef-OperatingSystem" if one.kind == "operating-system" else "SPDXRef"
        return f"{start}-{identifier_of(one)}"

    def document(self) -> spdx.Document:
        source = self.source
        packages = [self._package(one) for one in source.components]
        extracted = [spdx.ExtractedLicense(reference, text, name) for reference, name, text in self.licences.extracted()]
        self._losses()
        return spdx.Document(
            spdx_version=f"SPDX-{self.version.name}",
            data_license="CC0-1.0",
            spdx_id=DOCUMENT,
            name=source.name or (source.subject.name if source.subject else "") or "unnamed",
            document_namespace=NAMESPACE_MARK,
            creation_info=spdx.CreationInfo(self.created, self._creators(), facts.LICENSE_LIST_VERSION, self._comment()),
            packages=packages,
            has_extracted_licensing_infos=extracted or None,
            relationships=list(self._relationships()),
        )

    def _losses(self) -> None:
        """What the document states beside its components, and SPDX 2 has no place for."""
        source = self.source
        self.losses.add("the supplier of the SBOM", int(source.supplier is not None))
        self.losses.add("sites of authors", sum(one.url is not None for one in source.authors))
        if source.phase and not sbom_type(source):
            self.losses.add("the phase of the life cycle")

    def _comment(self) -> str | None:
        kind = sbom_type(self.source)
        return f"SBOM Type: {kind.capitalize()}" if kind else None

    def _creators(self) -> list[str]:
        tools = [f"Tool: {tool.name}{f'-{tool.version}' if tool.version else ''}" for tool in self.source.tools]
        people = [_actor(one) for one in self.source.authors]
        return list(dict.fromkeys([*tools, self.tool, *(one for one in people if one)]))

    def _package(self, one: Component) -> spdx.Package:
        unknown = self.version.unknown_terms
        website, location = addresses(one, self.losses)
        comments = statements(self.source, one, self.ids.get(self.owners.get(one.ref, "")))
        return spdx.Package(
            spdx_id=self.ids[one.ref],
            name=full_name(one) or "unnamed",
            version_info=one.version,
            supplier=_actor(one.supplier),
            originator=_actor(one.originator),
            download_location=location or spdx.NOASSERTION,
            files_analyzed=False,
            checksums=self._checksums(one) or None,
            homepage=website,
            source_info=self.source_infos.get(one.ref),
            license_concluded=self.licences.expression(one.concluded) or unknown,
            license_declared=self.licences.expression(one.declared) or unknown,
            copyright_text=clean_lines(one.copyright) if one.copyright else unknown,
            description=one.description,
            external_refs=self._identifiers(one) or None,
            built_date=self._built(one),
            primary_package_purpose=self._purpose(one),
            annotations=[spdx.Annotation(self.tool, self.created, "OTHER", comment) for comment in comments] or None,
        )

    def _built(self, one: Component) -> str | None:
        built = utc_time(one.built) if self.version.dates else None
        self.losses.add("when components were built", int(built is None and one.built is not None))
        return built

    def _purpose(self, one: Component) -> str | None:
        if not self.version.purposes:
            self.losses.add("what components are for: SPDX 2.2 has no word for it")
            return None
        if one.kind not in _PURPOSES:
            self.losses.add(f"the type of components that are {one.kind}: written as OTHER")
        return _PURPOSES.get(one.kind, "OTHER")

    def _checksums(self, one: Component) -> list[spdx.Checksum]:
        fit = [found for found in checksums(one.hashes) if self.version.purposes or found.algorithm in _OF_2_2]
        self.losses.add("checksums that are not what their algorithm says, or of another algorithm", len(one.hashes) - len(fit))
        return [spdx.Checksum(_SPELLINGS.get(found.algorithm, found.algorithm), found.value) for found in fit]

    def _identifiers(self, one: Component) -> list[spdx.ExternalRef]:
        purl, cpes = identifiers(one, self.losses)
        purls = [spdx.ExternalRef("PACKAGE-MANAGER", "purl", purl)] if purl else []
        return [*purls, *(spdx.ExternalRef("SECURITY", "cpe23Type", cpe) for cpe in cpes)]

    def _relationships(self) -> Iterator[spdx.Relationship]:
        source = self.source
        roots = [source.root] if source.root else [one.ref for one in source.components if one.kind != "source"]
        for described in [self.ids[root] for root in roots] or ["NONE"]:
            yield spdx.Relationship(DOCUMENT, "DESCRIBES", described)
        hidden = {one.ref for one in source.components if one.excluded}
        for kind, name in _RELATIONS.items():
            for relation in related(source, kind):
                comment = facts.OWNED_BY if kind is RelationKind.OWNED_BY else None
                comment = facts.HIDDEN if kind is RelationKind.CONTAINS and relation.to_ref in hidden else comment
                yield spdx.Relationship(self.ids[relation.from_ref], name, self.ids[relation.to_ref], comment)
        for (kind, ref), aggregate in completeness(source).items():
            nothing, why = (spdx.NONE, facts.COMPLETE) if aggregate == "complete" else (spdx.NOASSERTION, _unknown(aggregate))
            yield spdx.Relationship(self.ids[ref], _RELATIONS[kind], nothing, why)


def _unknown(aggregate: str) -> str:
    return f"{aggregate.partition('_')[0]}: by the converted document"


def _actor(party: Party | None) -> str | None:
    """As `sbomgen.documents._spdx_document` writes somebody."""
    actor = actor_of(party)
    if actor is None:
        return None
    return f"{actor.kind}: {actor.name}" + (f" ({actor.email or ''})" if actor.email or "(" in actor.name else "")
