"""SPDX 3.0.1 as JSON-LD.

The image is a package that contains its layers (files), its operating system and packages; a layer contains the packages that it brought
in. Provenance stands in one annotation per package, as in SPDX 2. An element is named by the document's UUID and a word of its own.
"""

from collections.abc import Iterable

import msgspec

from sbomgen.documents import _spdx3_model as spdx3
from sbomgen.documents import _spdx_facts as facts
from sbomgen.documents._peers import OS_TYPES, distro_facts, trivy_family
from sbomgen.documents._spdx3_elements import DATA_LICENSE, PROFILES, ElementsBuilder, iri_of
from sbomgen.documents._subject import subject_of
from sbomgen.documents._values import hash_of_digest, is_cpe, is_media_type, is_url
from sbomgen.documents._writer import WriteOptions, image_time
from sbomgen.documents.content import named_by_content
from sbomgen.documents.escape import clean
from sbomgen.documents.properties import Knowledge, contents_known, layer_facts, listed_packages, relations, without_dependencies
from sbomgen.inventory import Inventory, ReadState, ScannedLayer
from sbomgen.model import Distro, TrackedPackage

_COMPLETENESS = {Knowledge.COMPLETE: "complete", Knowledge.INCOMPLETE: "incomplete", Knowledge.UNKNOWN: "noAssertion"}


class Spdx3Json:
    """Writes SPDX 3 JSON-LD."""

    name = "spdx3-json"
    title = "SPDX 3, JSON-LD"
    versions: tuple[str, ...] = (spdx3.SPEC_VERSION,)
    suffix = ".spdx3.json"

    def losses(self, version: str | None) -> tuple[str, ...]:
        """See `LossyWriter.losses`."""
        return facts.NOT_SAID

    def write(self, inventory: Inventory, options: WriteOptions) -> bytes:
        """The document, indented."""
        return msgspec.json.format(named_by_content(msgspec.json.encode(_Builder(inventory, options).graph())), indent=2) + b"\n"


class _Builder(ElementsBuilder):
    """What the parts of one document need of each other; elements gather in the order in which they are built."""

    def __init__(self, inventory: Inventory, options: WriteOptions) -> None:
        super().__init__()
        self.inventory = inventory
        self.options = options
        self.packages = listed_packages(inventory, options.all_layers)
        self.relations = relations(inventory)
        self.licences = facts.DeclaredLicences()
        self.ids = {found.ref: iri_of(facts.package_identifier(found)) for found in self.packages}
        self.root = iri_of("ContainerImage")
        self.system = iri_of("OperatingSystem") if inventory.distro else None
        self.layers = [iri_of(f"Layer-{layer.layer.index}") for layer in inventory.layers]

    def graph(self) -> spdx3.Graph:
        agent = self.add(spdx3.SoftwareAgent, iri_of("Agent-sbomgen"), name="sbomgen")
        tool = self.add(spdx3.Tool, iri_of("Tool-sbomgen"), name=f"sbomgen-{self.options.tool_version}")
        authors = [author for text in self.options.authors if (author := self.agent(facts.actor_of(text)))]
        self._image()
        self._operating_system(self.inventory.distro)
        self._layers()
        self._packages()
        self._sources()
        self._contents()
        self.licence_texts(self.licences.extracted())
        data_licence = self.expression(DATA_LICENSE)
        self._collections(data_licence)
        created = self.options.timestamp or facts.NO_TIME
        info = spdx3.CreationInfo(spdx3.CREATION_INFO, spdx3.SPEC_VERSION, created, [agent, *authors], [tool])
        return spdx3.Graph(spdx3.CONTEXT, [info, *self.elements])

    def _image(self) -> None:
        subject = subject_of(self.inventory)
        self.add(
            spdx3.Package,
            self.root,
            name=subject.name,
            software_primary_purpose="container",
            software_package_version=subject.version,
            software_package_url=subject.purl,
            external_identifier=_identifiers(subject.purl),
            verified_using=_digest_hash(self.inventory.image.manifest_digest),
            built_time=image_time(self.inventory),
            supplied_by=self.agent(facts.actor_of(self.options.supplier or "")),
        )
        self.annotate(self.root, facts.image_statement(self.inventory))

    def _operating_system(self, distro: Distro | None) -> None:
        """Named as in CycloneDX: Trivy's word here, os-release's in the annotation."""
        if distro is None or self.system is None:
            return
        self.add(
            spdx3.Package,
            self.system,
            name=trivy_family(distro),
            description=clean(distro.name) if distro.name else None,
            software_primary_purpose="operatingSystem",
            software_package_version=clean(distro.version_id) if distro.version_id else None,
        )
        self.annotate(self.system, facts.facts_as_json(distro_facts(distro)))

    def _layers(self) -> None:
        """Each layer is a file as the image has it: compressed, if that form's digest is known."""
        brought: dict[int, list[str]] = {}
        for found in self.packages:
            brought.setdefault(found.layer, []).append(self.ids[found.ref])
        for iri, layer in zip(self.layers, self.inventory.layers, strict=True):
            self._layer(iri, layer)
            if layer.read is ReadState.NOT_READ:
                why = f"not read: {clean(layer.reason or 'the reason is not known')}"
                self.relate(iri, "contains", [spdx3.NO_ASSERTION_ELEMENT], completeness="noAssertion", comment=why)
            self.relate(iri, "contains", brought.get(layer.layer.index, ()), "/brought")
        self.relate(self.root, "contains", self.layers, "/layers", completeness="complete")

    def _layer(self, iri: str, scanned: ScannedLayer) -> None:
        layer = scanned.layer
        self.add(
            spdx3.File,
            iri,
            name=clean(layer.diff_id) if layer.diff_id else f"layer {layer.index}",
            comment=clean(scanned.created_by) or None,
            verified_using=_digest_hash(layer.digest or layer.diff_id),
            content_type=layer.media_type if is_media_type(layer.media_type or "") else None,
            software_primary_purpose="archive",
        )

    def _packages(self) -> None:
        of_layer = [layer_facts(layer) for layer in self.inventory.layers]
        independent = set(without_dependencies(self.inventory, self.packages, self.relations))
        of_image, _ = contents_known(self.inventory)
        parts, why = _COMPLETENESS[of_image], facts.missing_parts(self.inventory)
        for found in self.packages:
            self._package(found, of_layer[found.layer])
            iri = self.ids[found.ref]
            self.relate(iri, "dependsOn", (self.ids[target] for target in self.relations.depends_on.get(found.ref, ())))
            if found.ref in independent:
                self.relate(iri, "dependsOn", [spdx3.NONE_ELEMENT], completeness="complete", comment=facts.INDEPENDENT)
            contents = (self.ids[inner] for inner in self.relations.contains.get(found.ref, ()))
            self.relate(iri, "contains", contents, completeness=parts, comment=why)
            owner = self.relations.owned_by.get(found.ref)
            self.relate(iri, "other", [self.ids[owner]] if owner else (), comment=facts.OWNED_BY)
            expression = self.licences.expression(found.package.licences)
            self.relate(iri, "hasDeclaredLicense", [self.expression(expression)] if expression else ())

    def _package(self, found: TrackedPackage, of_layer: list[tuple[str, str]]) -> None:
        package, iri = found.package, self.ids[found.ref]
        owner = self.relations.owned_by.get(found.ref)
        originator = self.agent(facts.originator_of(package))
        self.add(
            spdx3.Package,
            iri,
            name=clean(package.name),
            description=clean(package.description) if package.description else None,
            external_identifier=_identifiers(found.purl, package.cpes),
            verified_using=[spdx3.Hash(name.lower(), value) for name, value in facts.checksums_of(package)] or None,
            originated_by=[originator] if originator else None,
            supplied_by=self.agent(facts.supplier_of(package)),
            software_primary_purpose="library",
            software_package_version=clean(package.raw_version) or None,
            software_package_url=clean(found.purl),
            software_home_page=package.homepage if package.homepage and is_url(package.homepage) else None,
            software_source_info=facts.source_info(package.source) if package.source else None,
        )
        self.annotate(iri, facts.package_statement(found, self.ids[owner] if owner else None, of_layer))

    def _sources(self) -> None:
        for source in facts.sources_of(self.packages):
            version = source.package.version
            iri = self.add(
                spdx3.Package,
                iri_of(source.identifier),
                name=clean(source.package.name),
                software_primary_purpose="source",
                software_package_version=clean(version) if version else None,
            )
            self.relate(iri, "generates", (self.ids[found.ref] for found in source.built))

    def _contents(self) -> None:
        """The system contains the packages of its kind, the image all else; hidden ones are said apart."""
        visible: dict[str, list[str]] = {self.root: [self.system], self.system: []} if self.system else {self.root: []}
        hidden: dict[str, list[str]] = {}
        for found in self.packages:
            container = self.system if self.system and found.package.type in OS_TYPES else self.root
            (visible if found.visible else hidden).setdefault(container, []).append(self.ids[found.ref])
        missing = facts.missing_contents(self.inventory)
        for (container, contents), known in zip(visible.items(), contents_known(self.inventory), strict=False):
            why = None if known is Knowledge.COMPLETE else missing
            nothing = spdx3.NO_ASSERTION_ELEMENT if why else spdx3.NONE_ELEMENT
            self.relate(container, "contains", contents or [nothing], completeness=_COMPLETENESS[known], comment=why)
        for container, contents in hidden.items():
            self.relate(container, "contains", contents, "/hidden", comment=facts.HIDDEN)

    def _collections(self, data_licence: str) -> None:
        """The SBOM, and the document that holds it."""
        name, members = subject_of(self.inventory).name, [element.spdx_id for element in self.elements]
        sbom = self.add(
            spdx3.Sbom, iri_of("SBOM"), name=name, element=members, root_element=[self.root], profile_conformance=PROFILES,
            software_sbom_type=["analyzed"],
        )  # fmt: skip
        self.add(
            spdx3.SpdxDocument, iri_of("Document"), name=name, element=[*members, sbom], root_element=[sbom], profile_conformance=PROFILES,
            data_license=data_licence,
        )  # fmt: skip


def _identifiers(purl: str | None, cpes: Iterable[str] = ()) -> list[spdx3.ExternalIdentifier] | None:
    purls = [spdx3.ExternalIdentifier("packageUrl", clean(purl))] if purl else []
    return [*purls, *(spdx3.ExternalIdentifier("cpe23", cpe) for cpe in cpes if is_cpe(cpe))] or None


def _digest_hash(digest: str | None) -> list[spdx3.Hash] | None:
    found = hash_of_digest(digest or "")
    return [spdx3.Hash(found[0].replace("-", "").lower(), found[1])] if found else None
