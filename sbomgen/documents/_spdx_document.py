"""Inventory → document of SPDX 2, whatever it is written as.

Provenance stands in one annotation per package: a JSON object with the names that CycloneDX's properties have, and `sbomgen:path` for the
files that show the package. Nothing is asserted that is not known, no checksum is made up, and no identifier is random.
"""

from collections.abc import Iterator
from typing import Any

from sbomgen.documents import _spdx_facts as facts
from sbomgen.documents import _spdx_model as spdx
from sbomgen.documents._peers import OS_TYPES, distro_facts, trivy_family
from sbomgen.documents._spdx_model import NOASSERTION, NONE
from sbomgen.documents._subject import subject_of
from sbomgen.documents._values import hash_of_digest, is_cpe, is_url
from sbomgen.documents._writer import WriteOptions, image_time
from sbomgen.documents.content import NAMESPACE_MARK
from sbomgen.documents.escape import clean
from sbomgen.documents.properties import Knowledge, contents_known, layer_facts, listed_packages, relations, without_dependencies
from sbomgen.inventory import Inventory
from sbomgen.model import Distro, TrackedPackage

DOCUMENT_ID = "SPDXRef-DOCUMENT"
ROOT_ID = "SPDXRef-ContainerImage"
SYSTEM_ID = "SPDXRef-OperatingSystem"
"""Beginnings of identifiers, as Trivy has them: its reader knows the operating system by this one, and 2.2 has no other word for it."""


def spdx_document(inventory: Inventory, options: WriteOptions, version: spdx.Version) -> spdx.Document:
    """The document; its namespace is `NAMESPACE_MARK`."""
    return _Builder(inventory, options, version).document()


class _Builder:
    """What the parts of one document need of each other."""

    def __init__(self, inventory: Inventory, options: WriteOptions, version: spdx.Version) -> None:
        self.inventory = inventory
        self.version = version
        self.tool = f"Tool: sbomgen-{options.tool_version}"
        self.options = options
        self.created = options.timestamp or facts.NO_TIME
        self.packages = listed_packages(inventory, options.all_layers)
        self.sources = facts.sources_of(self.packages)
        self.relations = relations(inventory)
        self.ids = {found.ref: f"SPDXRef-{facts.package_identifier(found)}" for found in self.packages}
        self.root_id = f"{ROOT_ID}-{facts.slug(subject_of(inventory).name)}"
        self.system_id = f"{SYSTEM_ID}-{facts.slug(trivy_family(inventory.distro))}" if inventory.distro else None
        self.layer_facts = [layer_facts(layer) for layer in inventory.layers]
        self.licences = facts.DeclaredLicences()

    def document(self) -> spdx.Document:
        packages = [
            self._image(),
            *([self._operating_system(self.inventory.distro)] if self.inventory.distro else ()),
            *map(self._package, self.packages),
            *map(self._source, self.sources),
        ]
        extracted = [spdx.ExtractedLicense(reference, text, name) for reference, name, text in self.licences.extracted()]
        return spdx.Document(
            spdx_version=f"SPDX-{self.version.name}",
            data_license="CC0-1.0",
            spdx_id=DOCUMENT_ID,
            name=subject_of(self.inventory).name,
            document_namespace=NAMESPACE_MARK,
            creation_info=spdx.CreationInfo(self.created, self._creators(), facts.LICENSE_LIST_VERSION, "SBOM Type: Analyzed"),
            packages=packages,
            has_extracted_licensing_infos=extracted or None,
            relationships=list(self._relationships()),
        )

    def _creators(self) -> list[str]:
        actors = (_actor(facts.actor_of(author)) for author in self.options.authors)
        return [self.tool, *(actor for actor in actors if actor)]

    def _stated(self, spdx_id: str, name: str, purpose: str, **stated: Any) -> spdx.Package:
        """A package with what the version demands of each."""
        return spdx.Package(
            spdx_id=spdx_id,
            name=name,
            download_location=NOASSERTION,
            files_analyzed=False,
            license_concluded=self.version.unknown_terms,
            license_declared=stated.pop("license_declared", None) or self.version.unknown_terms,
            copyright_text=self.version.unknown_terms,
            primary_package_purpose=purpose if self.version.purposes else None,
            **stated,
        )

    def _image(self) -> spdx.Package:
        subject = subject_of(self.inventory)
        digest = hash_of_digest(self.inventory.image.manifest_digest or "")
        return self._stated(
            self.root_id,
            subject.name,
            "CONTAINER",
            version_info=subject.version,
            supplier=_actor(facts.actor_of(self.options.supplier or "")),
            checksums=[spdx.Checksum(digest[0].replace("-", ""), digest[1])] if digest else None,
            external_refs=[_purl_ref(subject.purl)] if subject.purl else None,
            built_date=image_time(self.inventory) if self.version.dates else None,
            annotations=[self._annotation(facts.image_statement(self.inventory))],
        )

    def _operating_system(self, distro: Distro) -> spdx.Package:
        """Named as in CycloneDX: Trivy's word here, os-release's in the annotation."""
        return self._stated(
            self.system_id or SYSTEM_ID,
            trivy_family(distro),
            "OPERATING_SYSTEM",
            version_info=clean(distro.version_id) if distro.version_id else None,
            description=clean(distro.name) if distro.name else None,
            annotations=[self._annotation(facts.facts_as_json(distro_facts(distro)))],
        )

    def _package(self, found: TrackedPackage) -> spdx.Package:
        package = found.package
        owner = self.relations.owned_by.get(found.ref)
        statement = facts.package_statement(found, self.ids[owner] if owner else None, self.layer_facts[found.layer])
        return self._stated(
            self.ids[found.ref],
            clean(package.name),
            "LIBRARY",
            version_info=clean(package.raw_version) or None,
            supplier=_actor(facts.supplier_of(package)),
            originator=_actor(facts.originator_of(package)),
            checksums=[spdx.Checksum(*checksum) for checksum in facts.checksums_of(package)] or None,
            homepage=package.homepage if package.homepage and is_url(package.homepage) else None,
            source_info=facts.source_info(package.source) if package.source else None,
            license_declared=self.licences.expression(package.licences),
            description=clean(package.description) if package.description else None,
            external_refs=[_purl_ref(found.purl), *(spdx.ExternalRef("SECURITY", "cpe23Type", cpe) for cpe in package.cpes if is_cpe(cpe))],
            annotations=[self._annotation(statement)],
        )  # fmt: skip

    def _source(self, source: facts.Source) -> spdx.Package:
        """Without a PURL: readers take what has one for installed."""
        version = source.package.version
        return self._stated(
            f"SPDXRef-{source.identifier}", clean(source.package.name), "SOURCE", version_info=clean(version) if version else None
        )

    def _annotation(self, statement: str) -> spdx.Annotation:
        return spdx.Annotation(self.tool, self.created, "OTHER", statement)

    def _relationships(self) -> Iterator[spdx.Relationship]:
        yield spdx.Relationship(DOCUMENT_ID, "DESCRIBES", self.root_id)
        yield from self._contents()
        for ref, targets in self.relations.depends_on.items():
            for target in targets:
                yield spdx.Relationship(self.ids[ref], "DEPENDS_ON", self.ids[target])
        for ref in without_dependencies(self.inventory, self.packages, self.relations):
            yield spdx.Relationship(self.ids[ref], "DEPENDS_ON", NONE, facts.INDEPENDENT)
        for ref, owner in sorted(self.relations.owned_by.items()):
            yield spdx.Relationship(self.ids[ref], "OTHER", self.ids[owner], facts.OWNED_BY)
        for source in self.sources:
            for found in source.built:
                yield spdx.Relationship(self.ids[found.ref], "GENERATED_FROM", f"SPDXRef-{source.identifier}")

    def _contents(self) -> Iterator[spdx.Relationship]:
        """What contains what. Beside known contents NOASSERTION says that there may be others, NONE that there are none (SPDX 2.3, 11)."""
        if self.system_id is not None:
            yield spdx.Relationship(self.root_id, "CONTAINS", self.system_id)
        for found in self.packages:
            container = self.system_id if self.system_id and found.package.type in OS_TYPES else self.root_id
            yield spdx.Relationship(container, "CONTAINS", self.ids[found.ref], None if found.visible else facts.HIDDEN)
        missing = facts.missing_contents(self.inventory)
        for holder, known in zip((self.root_id, self.system_id), contents_known(self.inventory), strict=True):
            if holder is not None:
                complete = known is Knowledge.COMPLETE
                yield spdx.Relationship(holder, "CONTAINS", NONE if complete else NOASSERTION, facts.COMPLETE if complete else missing)
        for ref, contents in self.relations.contains.items():
            for inner in contents:
                yield spdx.Relationship(self.ids[ref], "CONTAINS", self.ids[inner])
            yield spdx.Relationship(self.ids[ref], "CONTAINS", NOASSERTION, facts.missing_parts(self.inventory))


def _actor(actor: facts.Actor | None) -> str | None:
    """The address stands in brackets; where there is none but the name has brackets, empty ones keep those from being taken for it."""
    if actor is None:
        return None
    stated = f" ({actor.email or ''})" if actor.email or "(" in actor.name else ""
    return f"{actor.kind}: {actor.name}{stated}"


def _purl_ref(purl: str) -> spdx.ExternalRef:
    return spdx.ExternalRef("PACKAGE-MANAGER", "purl", clean(purl))
